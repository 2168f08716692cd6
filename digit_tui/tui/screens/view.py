"""The base class of all views of a run.

Views are drawn by hand and not by reactive attributes, because people watch a run over SSH, where
what counts is the number of bytes sent (at most 20 KiB/s at 80x24 while training):

- A reactive attribute that changes marks its whole widget as dirty, and Textual sends a dirty
  widget whole. Our widgets draw lines, compare them with those drawn before, and refresh only the
  rows that differ (see widgets/canvas.py, and `Chart` and `ConfusionMatrix`).
- Taking in events and drawing are separate. The app gives events to the model at once (`ingest`);
  `DrawSchedule` decides when the view on screen draws the model. `View.show` draws the cheap and
  urgent part, text; `View.draw` the costly one, charts, lists and pictures. So no event is lost
  when there is no time to draw, and a resize or a redraw never adds a data point.
- Textual compares the old and the new value of a reactive attribute with `!=`, which arrays do not
  support; what views draw is mostly arrays.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import cast

from textual.app import ComposeResult

from digit_tui.run.events import TROUBLES, Evaluated
from digit_tui.tui.screens.frame import Frame
from digit_tui.tui.screens.view_host import ViewHost
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.progress_line import ProgressLine
from digit_tui.tui.widgets.status_line import StatusLine
from digit_tui.tui.widgets.tab_bar import TabBar, run_words

WAYS_OUT = ("undo", "pause")
"""The keys that matter first when the network has lost what it knew, by their ids."""


class View(Frame):
    """A full-screen view: tabs and status above, its own content, progress and keys below."""

    drawn_evaluation: Evaluated | None = None
    """The evaluation that was drawn last."""

    @property
    def host(self) -> ViewHost:
        return cast(ViewHost, self.app)  # run_app.py has it checked

    @property
    def keys_first(self) -> Sequence[str]:
        keys = super().keys_first
        return (*WAYS_OUT, *keys) if self.host.model.state in TROUBLES else keys

    def compose_body(self) -> ComposeResult:
        yield StatusLine()
        yield from self.compose_content()
        yield ProgressLine()

    @abstractmethod
    def compose_content(self) -> ComposeResult:
        """The view's own widgets."""

    @abstractmethod
    def draw(self, model: RunModel) -> None:
        """Draw what is costly: charts, lists and pictures. Called at most twice a second."""

    def show(self, model: RunModel) -> None:
        """Draw what should never lag behind: the state and the progress of the run."""
        self.query_one(TabBar).show(*run_words(model))
        self.query_one(StatusLine).show(model)
        self.query_one(ProgressLine).show(model)

    def redraw(self) -> None:
        if self.is_current and self.ready:
            model = self.host.model
            self.show(model)
            self.draw(model)
            self.drawn_evaluation = model.shown
