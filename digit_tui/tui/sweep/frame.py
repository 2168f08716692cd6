"""The base class of the views of a sweep."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import cast

from textual.app import ComposeResult

from digit_tui.tui.screens.frame import Frame
from digit_tui.tui.sweep.bindings import SWEEP_FIRST
from digit_tui.tui.sweep.host import SweepHost
from digit_tui.tui.sweep.model import SweepModel
from digit_tui.tui.sweep.widgets import SweepProgress, SweepStatus
from digit_tui.tui.widgets.tab_bar import TabBar


class SweepFrame(Frame):
    """Tabs, the status of the sweep, what a subclass shows, the budget, and keys."""

    @property
    def host(self) -> SweepHost:
        return cast(SweepHost, self.app)  # app.py has it checked

    @property
    def keys_first(self) -> Sequence[str]:
        return SWEEP_FIRST

    def compose_body(self) -> ComposeResult:
        yield SweepStatus()
        yield from self.compose_content()
        yield SweepProgress()

    @abstractmethod
    def compose_content(self) -> ComposeResult:
        """The view's own widgets."""

    @abstractmethod
    def draw(self, model: SweepModel) -> None:
        """Draw them."""

    def redraw(self) -> None:
        if self.is_current and self.ready:
            model = self.host.model
            board = model.board
            about = ["sweep"] if board is None else [board.study, board.storage]
            self.query_one(TabBar).show(*filter(None, about))
            self.query_one(SweepStatus).show(model)
            self.query_one(SweepProgress).show_sweep(model)
            self.draw(model)
