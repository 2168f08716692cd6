"""The app that shows a committee: its members, and what they get wrong together."""

from __future__ import annotations

from collections.abc import Sequence

from digit_tui.nn import PredictionHistory
from digit_tui.run.events import Evaluated
from digit_tui.session.committee import JointEvaluation
from digit_tui.session.runner import Loaded
from digit_tui.tui.committee.bindings import COMMITTEE_KEYS
from digit_tui.tui.committee.digits import CommitteeConfusion, CommitteeMistakes
from digit_tui.tui.committee.meanings import EVERYWHERE, MEANINGS
from digit_tui.tui.committee.members import MembersView
from digit_tui.tui.draw_rate import DEFAULT_RATE
from digit_tui.tui.screens.meanings import Meaning
from digit_tui.tui.shown_app import ShownApp
from digit_tui.tui.terminal.stdio_capture import StdioCapture


class CommitteeApp(ShownApp):
    """Shows a committee, of which nothing changes any more.

    Attributes:
        committee: and its members, evaluated.
        chosen: the place of the chosen member.
        opens: the place of the member that is to be shown next; None if the app is left for good.
    """

    BINDINGS = COMMITTEE_KEYS
    SHOWS = "committee"
    MEANINGS = MEANINGS
    VIEWS = {
        "members": MembersView,
        "mistakes": CommitteeMistakes,
        "confusion": CommitteeConfusion,
    }
    MODES = {**VIEWS}

    def __init__(
        self,
        committee: JointEvaluation,
        stdio: StdioCapture | None = None,
        chosen: int = 0,
        trouble: str = "",
    ) -> None:
        """Make the app.

        Args:
            committee: and its members, evaluated.
            stdio: what else this process writes to stdout and stderr, to be told.
            chosen: the place of the member that is chosen at first.
            trouble: what is told at first.
        """
        first = committee.members[0]
        super().__init__(first.saved.config, DEFAULT_RATE, stdio)
        self.committee = committee
        self.chosen = chosen
        self.opens: int | None = None
        self._trouble = trouble
        self.model.ways = None  # nothing is changed
        self.model.ingest(Loaded(committee.dataset))
        # The views of digits need the evaluation alone: nothing here looks into a network.
        evaluated = Evaluated(
            step=0,
            epoch=0.0,
            evaluation=committee.together,
            seconds=0.0,
            network=first.network,
            history=PredictionHistory(),
        )
        self.model.evaluated = evaluated

    def on_mount(self) -> None:
        self.switch_mode("members")
        self.call_after_refresh(self.make_views)
        if self._trouble:
            self.tell(self._trouble)

    @property
    def common_meanings(self) -> list[tuple[str, Sequence[Meaning]]]:
        return [("On every view", EVERYWHERE)]

    @property
    def circumstances(self) -> str:
        names = ", ".join(each.saved.path.name for each in self.committee.members)
        return f"{type(self.screen).__name__}, committee of {names}"

    def open_member(self) -> None:
        """Show the run of the chosen member; then this comes back."""
        self.opens = self.chosen
        self.exit()
