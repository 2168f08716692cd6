"""The digits that a committee gets wrong, and its confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding, BindingType

from digit_tui.data import counted
from digit_tui.insight.digit_table import DigitTable
from digit_tui.run.events import Evaluated
from digit_tui.tui.committee.frame import CommitteeView
from digit_tui.tui.screens.confusion import ConfusionView
from digit_tui.tui.screens.mistakes import MistakesView
from digit_tui.tui.state.comparison import Baseline, PredictionPair

OF_ONE_NETWORK = ("explain", "inside", "pixels", "export")
"""What the list of digits can do for one network, by the ids of its keys."""
OF_A_RUN = ("baseline", "mark")
"""What the matrix can do for a run that changes, by the ids of its keys."""


def _without(bindings: Sequence[BindingType], ids: Sequence[str]) -> list[BindingType]:
    return [each for each in bindings if isinstance(each, Binding) and each.id not in ids]


class CommitteeMistakes(CommitteeView, MistakesView):
    """What is wrong together, and which class each member names."""

    @classmethod
    def parts(cls) -> list[tuple[str, Sequence[BindingType]]]:
        return [(cls.TAB, _without(MistakesView.BINDINGS, OF_ONE_NETWORK))]

    def _table_of(self, evaluated: Evaluated) -> DigitTable:
        return self.host.committee.table

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in OF_ONE_NETWORK:
            return False
        return super().check_action(action, parameters)


class CommitteeConfusion(CommitteeView, ConfusionView):
    """What a committee takes for what, also against its best member."""

    BINDINGS = [
        Binding(
            "d",
            "next_baseline",
            "Against best",
            id="against",
            tooltip="Show the change against its best member",
        )
    ]

    @classmethod
    def parts(cls) -> list[tuple[str, Sequence[BindingType]]]:
        return [(cls.TAB, [*_without(ConfusionView.BINDINGS, OF_A_RUN), *cls.BINDINGS])]

    @property
    def _baselines(self) -> list[Baseline]:
        return ["nothing", "member"]

    def _pair_of(
        self, evaluated: Evaluated, fork: Evaluated | None, run: str | None
    ) -> PredictionPair | str | None:
        if self._baseline != "member":
            return None
        committee = self.host.committee
        letter = committee.members[committee.best].letter
        return PredictionPair(
            f"against {letter}",
            (letter, "committee"),
            (f"by {letter}", "by the committee"),
            committee.evaluations[committee.best].predictions,
            evaluated.evaluation.predictions,
        )

    def _title_text(self, evaluated: Evaluated) -> str:
        digits, columns = counted(evaluated.evaluation.total, "test digit"), "columns: predicted"
        if not isinstance(self._pair, PredictionPair):
            return f"{'% of the true digit' if self._share else 'Counts'}, {digits}, {columns}"
        what = "Percentage points" if self._share else "Change"
        return f"{what} {self._pair.text}, {digits}, {columns}"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return False if action == "mark" else super().check_action(action, parameters)
