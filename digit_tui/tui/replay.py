"""The terminal interface of a run that is shown again."""

from __future__ import annotations

from math import ceil, floor, log2

from textual.binding import Binding
from textual.timer import Timer

from digit_tui.run import commands
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import Failed
from digit_tui.session.runner import EventQueue, replay_runner
from digit_tui.training.run_request import RunRequest
from digit_tui.tui.job_control import JOB, JobControlApp
from digit_tui.tui.run_app import COMMON
from digit_tui.tui.state.player import Player
from digit_tui.tui.state.run_model import RunModel

FRAME_SECONDS = 0.25
SHOW_SECONDS = 30.0
"""A run is shown in about this time, unless another speed is chosen."""

SPEED = Binding.Group("Speed", compact=True)
SCRUB = Binding.Group("Epoch", compact=True)


class ReplayApp(JobControlApp):
    """A saved run, trained again to the bit, with all that was done to it."""

    BINDINGS = [
        Binding("space", "toggle_play", "Play", id="play", tooltip="Stop, or play on"),
        Binding(
            "left_square_bracket",
            "speed(0.5)",
            "Speed",
            key_display="[",
            group=SPEED,
            id="slower",
            tooltip="Half as fast",
        ),
        Binding(
            "right_square_bracket",
            "speed(2.0)",
            "Speed",
            key_display="]",
            group=SPEED,
            id="faster",
            tooltip="Twice as fast",
        ),
        Binding(
            "comma",
            "scrub(-1)",
            "Epoch",
            key_display=",",
            group=SCRUB,
            id="epoch_back",
            tooltip="An epoch back",
        ),
        Binding(
            "full_stop",
            "scrub(1)",
            "Epoch",
            key_display=".",
            group=SCRUB,
            id="epoch_on",
            tooltip="An epoch on",
        ),
        Binding(
            "less_than_sign",
            "scrub(-10)",
            "Ten back",
            show=False,
            key_display="<",
            id="epochs_back",
            tooltip="Ten epochs back",
        ),
        Binding(
            "greater_than_sign",
            "scrub(10)",
            "Ten on",
            show=False,
            key_display=">",
            id="epochs_on",
            tooltip="Ten epochs on",
        ),
        *COMMON,
        *JOB,
        Binding("q,ctrl+c", "quit", "Quit", key_display="q", id="leave", tooltip="Leave"),
    ]

    def __init__(self, request: RunRequest) -> None:
        """Make the app.

        Args:
            request: the run to repeat.
        """
        super().__init__(request.config)
        self._request = request
        self._timer: Timer | None = None
        self.runner = replay_runner(request, EventQueue(wake=lambda: None))
        epochs = max(request.config.epochs or 1, 1)
        self.player = Player(speed=2.0 ** round(log2(max(epochs / SHOW_SECONDS, 0.25))))

    def on_mount(self) -> None:
        self.switch_mode("train")
        self.call_after_refresh(self._begin)
        self.call_after_refresh(self.make_views)

    def _begin(self) -> None:
        self.runner.start()
        self._timer = self.set_interval(FRAME_SECONDS, self.play)

    def play(self) -> None:
        """Show what is due."""
        self.player.add(self.runner.drain())
        self._show(self.player.play())

    def _show(self, events: list[object]) -> None:
        for event in events:
            if isinstance(event, Failed):
                self.farewell = f"digit-tui: {event.message}"
                self.exit(return_code=event.status)
                return
        player = self.player
        if player.finished:
            self.model.replay = "■ replayed"
        elif player.playing:
            self.model.replay = f"↻ {player.speed:g} epochs/s"
        else:
            self.model.replay = "⏸ replay"
        self.ingest(events, urgent=True)  # type: ignore[arg-type] # a person who plays waits for it

    def action_toggle_play(self) -> None:
        self.player.playing = not self.player.playing
        self.play()

    def action_speed(self, factor: float) -> None:
        self.player.speed = min(max(self.player.speed * factor, 1 / 64), 1024.0)
        self.play()

    def action_scrub(self, epochs: int) -> None:
        """Go some epochs on or back, to the end of one."""
        place = self.player.place
        start = ceil(place - 1e-6) if epochs < 0 else floor(place + 1e-6)
        self.player.playing = False
        events = self.player.seek(start + epochs)
        self.model = RunModel(self._request.config)
        self._drawn = 0.0
        self._show(events)

    async def action_quit(self) -> None:
        self.stop_run()
        self.exit(return_code=ExitStatus.DONE)

    def stop_run(self) -> None:
        self.runner.send(commands.Stop())

    def leave(self) -> None:
        self.exit(return_code=ExitStatus.SIGNALLED + (self.ended_by or 0))

    def wait_saved(self, seconds: float) -> bool:
        """There is nothing to save."""
        return True
