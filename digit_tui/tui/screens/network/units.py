"""The page of units: pictures of a layer, one unit in detail, and how far pruning goes."""

from __future__ import annotations

from typing import Literal

from textual.app import ComposeResult

from digit_tui.tui.screens.network.page import Look, Page
from digit_tui.tui.screens.network.unit_keys import UNIT_KEYS
from digit_tui.tui.state.found_units import FoundUnits
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.state.unit_list import UnitList
from digit_tui.tui.widgets.digit_tiles import DigitTiles
from digit_tui.tui.widgets.mouse import RowChosen, Turned
from digit_tui.tui.widgets.pruning_chart import PruningChart
from digit_tui.tui.widgets.unit_explanation import UnitExplanation
from digit_tui.tui.widgets.unit_tiles import UnitTiles

LEAST = 0.1
"""Share of a layer that is switched off at once."""
Showing = Literal["units", "unit", "pruning"]


class UnitsPage(Page):
    """The units of a layer as pictures; or one of them; or the accuracy after pruning."""

    NAME = "Units"
    SECONDS = 2.0  # other weights change all pictures: 28 KiB at 80x24
    BINDINGS = UNIT_KEYS

    def __init__(self) -> None:
        super().__init__()
        self._layer = 1
        self._list = UnitList()
        self._showing: Showing = "units"
        self._found: FoundUnits | None = None
        self._switched_off: tuple[tuple[int, int], ...] = ()

    def compose(self) -> ComposeResult:
        yield UnitTiles()
        yield UnitExplanation()
        yield PruningChart()

    def on_mount(self) -> None:
        self._show("units")

    @property
    def needs_state(self) -> bool:
        return self._showing == "pruning"

    @property
    def follows(self) -> bool:
        return self._showing != "pruning"  # a share is chosen on a curve that stays

    @property
    def choice(self) -> tuple[int, bool]:
        """The layer, from 1, and whether the curve is shown."""
        return self._layer, self._showing == "pruning"

    def compute(self, look: Look, choice: tuple[int, bool]) -> FoundUnits:
        images, labels = look.dataset.split(look.evaluated.split)
        return FoundUnits.find(look.evaluated, images, labels, choice[0])

    def take(self, look: Look, found: FoundUnits) -> None:
        self._found = found
        if self._showing == "pruning":
            self._compute_curve(look)
        self._layer = min(self._layer, len(found.network.layers))
        self._list.set_units(found.units, self._off)
        self.refresh_bindings()

    def show(self, model: RunModel) -> None:
        if model.settings.switched_off != self._switched_off:
            self._switched_off = model.settings.switched_off
            self.draw()

    def say(self, text: str) -> None:
        self._show("units")
        self.query_one(UnitTiles).say(text)

    def _show(self, what: Showing) -> None:
        self._showing = what
        self.query_one(UnitTiles).display = what == "units"
        self.query_one(UnitExplanation).display = what == "unit"
        self.query_one(PruningChart).display = what == "pruning"
        self.refresh_bindings()

    def draw(self) -> None:
        if self._found is None:
            return
        unit = self._list.chosen
        if self._showing == "units":
            self.query_one(UnitTiles).show(self._found, self._list, self._off)
        elif self._showing == "unit":
            self.query_one(UnitExplanation).show(self._found, unit, unit in self._off)

    @property
    def _off(self) -> set[int]:
        """The units of the layer that are switched off."""
        layer = self._found.layer if self._found is not None else 0
        return {unit for each, unit in self._switched_off if each == layer}

    def offers(self, action: str) -> bool | None:
        if self._found is None:
            return None
        prunes = self._showing == "pruning"
        if action == "back":
            return self._showing != "units" or None
        if action == "open":  # its key does the other thing then
            return not prunes
        if action == "apply_share":
            return prunes and (self.query_one(PruningChart).share is not None or None)
        return action in ("curve", "move") or not prunes or None

    def action_open(self) -> None:
        """Show the chosen unit; if it is shown, go to the chosen digit."""
        explanation = self.query_one(UnitExplanation)
        if self._showing == "units":
            self._list.keep()
            explanation.first()
            self._show("unit")
            self.draw()
        elif explanation.digit is not None:
            self.host.show_digit(explanation.digit)

    def action_back(self) -> None:
        self.query_one(PruningChart).stop()
        self._show("units")
        self.draw()
        self.post_message(self.Changed())

    def action_curve(self) -> None:
        """Show the accuracy after pruning, or the layer again."""
        if self._showing == "pruning":
            self.action_back()
        elif self._found is not None:
            self._show("pruning")
            self.post_message(self.Changed(of_now=True))

    def _compute_curve(self, look: Look) -> None:
        chart, split = self.query_one(PruningChart), look.evaluated.split
        if look.inspected is not None:
            chart.compute(look.inspected, split, *look.dataset.split(split))
        elif self.host.model.replay is not None:
            chart.border_title = "Pruned: a replay has no state to prune"

    def action_apply_share(self) -> None:
        """Prune the run as far as it is chosen on the curve."""
        share = self.query_one(PruningChart).share
        if share is not None:
            self.host.prune(share)
            self.action_back()

    def on_pruning_chart_chosen(self) -> None:
        self.refresh_bindings()

    def action_switch(self) -> None:
        """Switch the chosen unit off, or on again."""
        if self._found is not None:
            self._list.keep()
            unit = self._list.chosen
            self.host.switch_units(self._found.layer, (unit,), on=unit in self._off)

    def action_switch_least(self) -> None:
        """Switch the least important units off, of those that are on."""
        if self._found is not None:
            least = self._list.least_important(LEAST, without=self._off)
            self.host.switch_units(self._found.layer, least, on=False)

    def action_next_order(self) -> None:
        self._list.next_order()
        self._draw_another()

    def action_next_class(self, count: int = 1) -> None:
        self._list.next_class(count)
        self._draw_another()

    def action_next_layer(self, count: int = 1) -> None:
        if self._found is not None:
            self._layer = (self._layer - 1 + count) % len(self._found.network.layers) + 1
            self._show("units")
            self.post_message(self.Changed())

    def action_move(self, count: int, rows: bool = False) -> None:
        """Go to another unit or share; left and right, where a unit is shown, to another digit."""
        if self._showing == "pruning":
            self.query_one(PruningChart).move(count)
        elif self._showing == "unit" and not rows:
            self.query_one(UnitExplanation).move(count)
            self.draw()
        else:
            in_grid = rows and self._showing == "units"
            self._go_on(count * (self.query_one(UnitTiles).across if in_grid else 1))

    def action_page(self, pages: int) -> None:
        self._go_on(pages * self.query_one(UnitTiles).page)

    def _go_on(self, places: int) -> None:
        self._list.go(self._list.row + places)
        self._draw_another()

    def action_go(self, row: int) -> None:
        if row == 0:
            self._list.first()
        else:
            self._list.go(len(self._list.order) - 1)
        self._draw_another()

    def _draw_another(self) -> None:
        """Draw another unit, and the first of its digits."""
        self.query_one(UnitExplanation).first()
        self.draw()

    def on_row_chosen(self, message: RowChosen) -> None:
        """Choose a unit, or open the one that is chosen."""
        if message.row == self._list.row:
            self.action_open()
        else:
            self._go_on(message.row - self._list.row)

    def on_turned(self, message: Turned) -> None:
        if self._found is not None:
            self.action_move(message.rows, True)

    def on_digit_tiles_opened(self, message: DigitTiles.Opened) -> None:
        self.host.show_digit(message.index)
