"""The app that shows a saved run as it is, to draw digits for its network."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from textual import events, work
from textual.message import Message

from digit_tui.data import printable
from digit_tui.run.commands import Teach
from digit_tui.session.failures import EXPECTED, Failed, failure_of
from digit_tui.session.runner import RunnerEvent
from digit_tui.session.saved_state import events_of_saved
from digit_tui.storage.checkpoint import Checkpoint
from digit_tui.storage.run_index import run_name
from digit_tui.training.run_request import RunRequest
from digit_tui.tui.bindings import SAVED_KEYS, TRAINING_KEYS
from digit_tui.tui.draw_rate import DEFAULT_RATE, DrawRate
from digit_tui.tui.guided_app import keys
from digit_tui.tui.screens.meanings import EVERYWHERE, Meaning
from digit_tui.tui.screens.view import View
from digit_tui.tui.shown_app import ShownApp
from digit_tui.tui.terminal.stdio_capture import StdioCapture

NAME_COLUMNS = 24
"""Of the run's name in the header."""


class SavedApp(ShownApp):
    """Shows all views of a saved run. The run is not trained on."""

    BINDINGS = SAVED_KEYS
    SHOWS = "saved run"

    class Read(Message):
        """The run was read, in the thread."""

        def __init__(self, found: list[RunnerEvent] | Failed) -> None:
            """Tell of it.

            Args:
                found: the events that tell of the run, or why it cannot be shown.
            """
            super().__init__()
            self.found = found

    def __init__(
        self,
        request: RunRequest,
        checkpoint: Checkpoint,
        rate: DrawRate = DEFAULT_RATE,
        stdio: StdioCapture | None = None,
        first: str = "draw",
    ) -> None:
        """Make the app.

        Args:
            request: the run, as one to be repeated.
            checkpoint: of it, which is shown.
            rate: how often it is drawn.
            stdio: what else this process writes to stdout and stderr, for the log.
            first: the mode of the view that is in front at first.
        """
        super().__init__(request.config, rate, stdio)
        self.model.ways = None  # nothing is changed
        self.model.resumes = True  # its settings are known when it is read
        self.model.replay = f"■ saved run {_name(request, checkpoint)}"
        assert request.replay is not None
        self._path = request.replay.path
        self.model.shown_folder = str(self._path)
        self._request = request
        self._checkpoint = checkpoint
        self._first = first

    def on_key(self, event: events.Key) -> None:
        """Say what the keys of a run would need."""
        screen = self.screen
        if not isinstance(screen, View) or event.key in screen.active_bindings:
            return
        steering = {key for each in keys(TRAINING_KEYS) for key in self.keymap.keys(each)}
        if event.key in steering:
            self._refuse("trained")

    def _refuse(self, what: str) -> None:
        """Say what is not done here, and the command that leads to where it is."""
        run = shlex.quote(run_name(self._path))
        self.tell(printable(f"a saved run is not {what} here: digit-tui --resume {run}"))

    def on_mount(self) -> None:
        self.switch_mode(self._first)
        self.call_after_refresh(self._read)
        self.call_after_refresh(self.make_views)

    @work(thread=True)
    def _read(self) -> None:
        """Read the dataset and measure the network, in a thread: it may take seconds."""
        saved = self._request.replay
        assert saved is not None
        try:
            dataset = self._request.load_dataset()
            found: list[RunnerEvent] | Failed = [*events_of_saved(saved, self._checkpoint, dataset)]
        except EXPECTED as error:
            found = failure_of(error, saved.path, "read")
        self.post_message(self.Read(found))

    def on_saved_app_read(self, message: Read) -> None:
        if isinstance(message.found, Failed):
            self.leave_at_once(message.found)
        else:
            self.ingest(message.found, urgent=True)
            self._health_watch.watch(self.model, is_read=True)  # once: nothing changes any more

    @property
    def common_meanings(self) -> list[tuple[str, Sequence[Meaning]]]:
        return [("On every view", EVERYWHERE)]

    def switch_units(self, layer: int, units: tuple[int, ...], on: bool) -> None:
        self._refuse("changed")


def _name(request: RunRequest, checkpoint: Checkpoint) -> str:
    """Of a run's folder, as much of it as fits; and how many drawings it was taught last."""
    assert request.replay is not None
    name = printable(request.replay.path.name)
    if len(name) > NAME_COLUMNS:
        name = f"{name[: NAME_COLUMNS - 1]}…"
    taught = [each.command for each in checkpoint.state.lineage if isinstance(each.command, Teach)]
    return f"{name}, taught {taught[-1].count:,}" if taught else name
