"""The app that replays a saved run."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log2
from typing import Any

from textual.timer import Timer

from digit_tui.run import commands
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import Failed
from digit_tui.session.runner import EventQueue, replay_runner
from digit_tui.training.run_request import RunRequest
from digit_tui.tui.bindings import REPLAY_KEYS
from digit_tui.tui.draw_rate import DEFAULT_RATE, DrawRate
from digit_tui.tui.run_app import RunApp
from digit_tui.tui.screens.meanings import EVERYWHERE, REPLAY, Meaning
from digit_tui.tui.state.player import Player
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.terminal.stdio_capture import StdioCapture

SHOW_SECONDS = 30.0
"""A run is replayed in about this time, unless another speed is chosen."""


class ReplayApp(RunApp):
    """Trains a saved run again to the bit, with all commands that it was given, and shows it."""

    BINDINGS = REPLAY_KEYS
    SHOWS = "replay"

    def __init__(
        self,
        request: RunRequest,
        rate: DrawRate = DEFAULT_RATE,
        stdio: StdioCapture | None = None,
    ) -> None:
        """Make the app.

        Args:
            request: the run to repeat.
            rate: how often it is drawn.
            stdio: what else this process writes to stdout and stderr, for the log.
        """
        super().__init__(request.config, rate, stdio)
        self._request = request
        self._left_at = None if request.replay is None else request.replay.left_at()
        self._set_model()
        self._timer: Timer | None = None
        self.runner = replay_runner(request, EventQueue(wake=lambda: None))
        epochs = max(request.config.epochs or 1, 1)
        self.player = Player(speed=2.0 ** round(log2(max(epochs / SHOW_SECONDS, 0.25))))

    def _set_model(self) -> None:
        """Begin with a model to which nothing has been told."""
        self.model = RunModel(self._request.config)
        self.model.ways = None  # nothing can be done about what has been
        self.model.left_at = self._left_at

    def on_mount(self) -> None:
        self.switch_mode("train")
        self.call_after_refresh(self._begin)
        self.call_after_refresh(self.make_views_soon)

    def _begin(self) -> None:
        with self.nothing_without():
            self.runner.start()
        self._timer = self.set_interval(self._rate.poll_seconds, self.play)

    def play(self) -> None:
        """Show the events that are due."""
        self.player.add(self.runner.drain())
        self._show(self.player.play())

    def _show(self, events: list[Any]) -> None:
        for event in events:
            if isinstance(event, Failed):
                self.leave_at_once(event)
                return
        player = self.player
        if player.finished:
            self.model.replay = "■ replayed"
        elif player.goal is not None:
            self.model.replay = "… repeats up to there"
        elif player.playing:
            self.model.replay = f"↻ {player.speed:g} epochs/s"
        else:
            self.model.replay = f"⏸ replay, {player.speed:g} epochs/s"
        self.ingest(events, urgent=True)  # a person waits for what is replayed

    def action_toggle_play(self) -> None:
        self.player.playing, self.player.goal = not self.player.playing, None
        self.play()

    def action_speed(self, factor: float) -> None:
        self.player.speed = min(max(self.player.speed * factor, 1 / 64), 1024.0)
        self.play()

    def action_scrub(self, epochs: int) -> None:
        """Go some epochs on or back, to the end of one."""
        position = self.player.position if self.player.goal is None else self.player.goal
        start = ceil(position - 1e-6) if epochs < 0 else floor(position + 1e-6)
        self.player.playing = False
        events = self.player.seek(start + epochs)
        self._set_model()
        self.schedule.restart()
        self._show(events)

    @property
    def words_now(self) -> dict[str, str]:
        return {"play": "Stop"} if self.player.playing and not self.player.finished else {}

    @property
    def common_meanings(self) -> list[tuple[str, Sequence[Meaning]]]:
        return [("In a replay", REPLAY), ("On every view", EVERYWHERE)]

    async def action_quit(self) -> None:
        self.stop_run()
        self.exit(return_code=ExitStatus.DONE)

    def stop_run(self) -> None:
        self.runner.send(commands.Stop())

    def leave(self) -> None:
        self.exit(return_code=ExitStatus.SIGNALLED + (self.ended_by or 0))

    def wait_saved(self, seconds: float) -> bool:
        """Return at once: there is nothing to save."""
        return True
