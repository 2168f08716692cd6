"""One unit explained: its picture and numbers, and the digits that excite it most."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container

from digit_tui.data import counted
from digit_tui.tui.state.found_units import FoundUnits
from digit_tui.tui.widgets.exciting_digits import ExcitingDigits
from digit_tui.tui.widgets.unit_details import UnitDetails


class UnitExplanation(Container):
    """The details above, the digits below; one of them is chosen.

    Attributes:
        digits: the digits that excite it most, as indices of the split; as many as fit.
    """

    def __init__(self) -> None:
        super().__init__()
        self.digits: list[int] = []
        self._place = 0  # of the chosen digit

    def compose(self) -> ComposeResult:
        yield UnitDetails()
        yield ExcitingDigits()

    @property
    def digit(self) -> int | None:
        """The chosen digit, as an index of the split; None if nothing excites the unit."""
        return self.digits[self._place] if self.digits else None

    def move(self, count: int) -> None:
        """Choose another digit; it is drawn with the rest."""
        self._place = min(max(self._place + count, 0), max(len(self.digits) - 1, 0))

    def first(self) -> None:
        """Choose the first digit."""
        self._place = 0

    def show(self, found: FoundUnits, unit: int, off: bool) -> None:
        """Draw a unit.

        Args:
            found: what is known of its layer.
            unit: which one.
            off: whether it is switched off.
        """
        facts = found.facts(unit)
        exciting = self.query_one(ExcitingDigits)
        self.digits = found.digits(facts)[: exciting.room]
        self.move(0)  # there may be fewer
        share = f"{found.share(unit):.1%}"
        digits = counted(found.sample, f"{found.evaluated.split} digit")
        about = [
            f"unit {unit} of {found.layer_name}{', off' if off else ''}, over {digits}",
            f"rank {facts.rank:,} of {found.width:,} ({share}), active on {facts.active:.1%}",
        ]
        self.query_one(UnitDetails).show(facts, found.network, about, off)
        exciting.entitle(f"Excite it most, of {digits}: label, activation")
        exciting.show(facts, self.digits, self._place, found.images, found.evaluated.evaluation)
