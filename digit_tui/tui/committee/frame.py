"""What the views of a committee have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, cast

from rich.segment import Segment
from textual.app import ComposeResult

from digit_tui.data import counted
from digit_tui.insight.significance import gap_words, interval_words
from digit_tui.session.committee import JointEvaluation
from digit_tui.tui.committee.bindings import COMMITTEE_FIRST
from digit_tui.tui.drawing.figure import ROWS, figure, is_drawn
from digit_tui.tui.screens.view import View
from digit_tui.tui.screens.view_host import ViewHost
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.canvas import Canvas
from digit_tui.tui.widgets.status_line import LARGE_FROM, fit
from digit_tui.tui.widgets.tab_bar import TabBar


class CommitteeHost(ViewHost, Protocol):
    """A Textual app with a committee to show."""

    committee: JointEvaluation
    chosen: int
    """The place of the chosen member."""

    def open_member(self) -> None:
        """Show the run of the chosen member."""


class CommitteeStatus(Canvas):
    """How good the committee is: one line; or three, with the accuracy large beside them."""

    COMPONENT_CLASSES = {"committee-status--large"}

    def show(self, committee: JointEvaluation) -> None:
        """Draw it."""
        together, best = committee.together, committee.members[committee.best].letter
        accuracy = f"{together.accuracy:.2%}"
        members = f"committee of {len(committee.members)}"
        quality = f"test accuracy {interval_words(together.correct, together.total)}"
        width, height = self.size
        if height < ROWS or width < LARGE_FROM:
            words = [f"{members}  {quality}", f"{members}  test {accuracy}"]
            text = next((each for each in words if len(each) <= width), words[-1])
            self.paint([fit(text, width)])
            return
        style = self.part("committee-status--large")
        drawn = is_drawn()
        large = figure(self.app.console, accuracy, style) if drawn else [[Segment("")]] * ROWS
        room = width - large[0][0].cell_length - 2
        right = f"{together.correct:,} of {counted(together.total, 'test digit')} right"
        gap = f"{gap_words(committee.against_best)} against {best}"
        fuller = f"{gap}, its best member"
        lines = [f"{members}  {right}", quality, fuller if len(fuller) <= room else gap]
        pairs = zip(lines, large, strict=True)
        self.paint([[*fit(line, room), Segment("  "), *each] for line, each in pairs])


class CommitteeView(View):
    """A view with the quality of a committee in place of the state of a run."""

    @property
    def host(self) -> CommitteeHost:
        return cast(CommitteeHost, self.app)  # app.py has it checked

    @property
    def keys_first(self) -> Sequence[str]:
        return COMMITTEE_FIRST

    def compose_body(self) -> ComposeResult:
        yield CommitteeStatus()
        yield from self.compose_content()

    def show(self, model: RunModel) -> None:
        committee = self.host.committee
        about = [committee.dataset.name, counted(len(committee.members), "member")]
        self.query_one(TabBar).show(*about)
        self.query_one(CommitteeStatus).show(committee)
