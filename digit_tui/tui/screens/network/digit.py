"""The page of one digit on its way through the network: what each layer makes of it, and why."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from digit_tui.data import Dataset
from digit_tui.insight.digit_table import DigitTable
from digit_tui.insight.path import (
    Contributions,
    activations,
    contributions,
    probabilities_without,
)
from digit_tui.insight.selection import highest_first
from digit_tui.tui.drawing.ink import default_renderer
from digit_tui.tui.screens.network.page import Look, Page
from digit_tui.tui.state.selected_digit import SelectedDigit
from digit_tui.tui.widgets.deciding_units import DecidingUnits
from digit_tui.tui.widgets.heading import Heading
from digit_tui.tui.widgets.layer_outputs import LayerOutputs
from digit_tui.tui.widgets.logit_difference import LogitDifference
from digit_tui.tui.widgets.mouse import RowChosen, Turned
from digit_tui.tui.widgets.pictures import DigitPicture

MOST = 32
"""Units that are listed, and left out one after the other."""
DIGIT = Binding.Group("Digit", compact=True)


class DigitChoice(NamedTuple):
    """What is chosen on the page."""

    digit: int | None
    """Of the split; None for the hardest."""
    layer: int | None
    """Hidden, counted from 1; None for the last one."""


class FoundPath(NamedTuple):
    """One digit, and what a network makes of it."""

    selected: SelectedDigit
    order: NDArray[np.intp]
    """The mistakes, the hardest first; all digits if there is none."""
    outputs: list[NDArray[np.floating]]
    """Of each layer, (width,)."""
    layer: int
    """Whose units decide, counted from 1; 0 if there is no hidden layer."""
    contributions: Contributions | None
    without: list[NDArray[np.floating]]
    """(classes,) the probabilities without the most deciding unit, the two most, and so on."""


class DigitPage(Page):
    """A digit, the outputs of all layers for it, and the units that decided."""

    NAME = "Digit"
    BINDINGS = [
        Binding("enter", "open", "Why", id="digit_open", tooltip="Explain the digit in Mistakes"),
        Binding(
            "left", "move(-1)", "Digit", group=DIGIT, id="harder", tooltip="Go to a harder digit"
        ),
        Binding(
            "right",
            "move(1)",
            "Digit",
            group=DIGIT,
            id="easier",
            tooltip="Go to the next hardest digit",
        ),
        Binding(
            "home",
            "hardest",
            "Hardest",
            show=False,
            id="hardest",
            tooltip="Go to the hardest digit",
        ),
        Binding("up", "layer(-1)", "Layer", show=False, id="path_up", tooltip="Go a layer up"),
        Binding("down", "layer(1)", "Layer", show=False, id="path_down", tooltip="Go a layer down"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._choice = DigitChoice(None, None)
        self._found: FoundPath | None = None
        self._of: tuple[Dataset, str] | None = None
        """Which digits the chosen one is of."""

    def compose(self) -> ComposeResult:
        yield Static("The network is looked at ...")
        with Horizontal():
            with Vertical(id="digit-seen"):
                yield DigitPicture()
                yield LogitDifference()
            with Vertical():
                yield Heading()
                yield LayerOutputs()
                yield DecidingUnits()

    def on_mount(self) -> None:
        self.query_one(Horizontal).display = False

    @property
    def choice(self) -> DigitChoice:
        return self._choice

    def choose(self, digit: int) -> None:
        """Show a digit of the split."""
        self._of = None
        self._choice = self._choice._replace(digit=digit)
        self.post_message(self.Changed())

    def compute(self, look: Look, choice: DigitChoice) -> FoundPath:
        evaluated, network = look.evaluated, look.evaluated.network
        table = DigitTable(evaluated.evaluation, evaluated.history)
        listed = np.flatnonzero(table.wrong) if table.wrong.any() else np.arange(len(table))
        order = listed[highest_first(evaluated.evaluation.losses[listed])]
        # Another run may have fewer digits, or layers.
        known = choice.digit is not None and choice.digit < len(table)
        digit = choice.digit if known and choice.digit is not None else int(order[0])
        selected = SelectedDigit(look.dataset, look.images, table, network, evaluated.epoch, digit)
        outputs = activations(network, selected.image)
        hidden = len(network.layers) - 1
        layer = hidden if choice.layer is None else min(choice.layer, hidden)
        if not layer:
            return FoundPath(selected, order, outputs, layer, None, [])
        parts = contributions(network, selected.image, layer, selected.predicted, selected.rival)
        deciding = parts.deciding(MOST)
        without = [
            probabilities_without(network, selected.image, layer, deciding[: count + 1])
            for count in range(len(deciding))
        ]
        return FoundPath(selected, order, outputs, layer, parts, without)

    def take(self, look: Look, found: FoundPath) -> None:
        if self._of is not None and self._of != look.digits:
            self._choice = DigitChoice(None, None)
            self._of = None
            self.post_message(self.Changed())
            return
        self._of, self._found = look.digits, found
        if self._choice.digit is None:  # it stays while others become harder
            self._choice = self._choice._replace(digit=found.selected.index)
        self._show_instead(None)

    def say(self, text: str) -> None:
        self._found = None
        self._show_instead(text)

    def draw(self) -> None:
        found, outputs = self._found, self.query_one(LayerOutputs)
        if found is None or not outputs.size:  # it has no size when it was hidden a moment ago
            return
        selected, renderer = found.selected, default_renderer(self.app)
        heading = self.query_one(Heading)
        heading.say(selected.heading(heading.size.width))
        self.query_one(DigitPicture).show(selected.square, renderer)
        outputs.show(found.outputs, found.layer, selected, renderer)
        units = self.query_one(DecidingUnits)
        if found.contributions is None:
            units.say("There is no hidden layer whose units could decide.")
            self.query_one(LogitDifference).clear()
        else:
            units.show(found.contributions, found.without, selected, found.layer)
            self.query_one(LogitDifference).show(found.contributions, selected)

    def action_move(self, places: int) -> None:
        """Go on in the order of hardness; a digit that is not in it comes before the first."""
        if self._found is None:
            return
        order = self._found.order
        at = np.flatnonzero(order == self._choice.digit)
        place = (int(at[0]) if len(at) else -1) + places
        self.choose(int(order[min(max(place, 0), len(order) - 1)]))

    def action_hardest(self) -> None:
        if self._found is not None:
            self.choose(int(self._found.order[0]))

    def on_turned(self, message: Turned) -> None:
        self.action_move(message.rows)

    def action_layer(self, layers: int) -> None:
        if self._found is not None:
            self._choose_layer(self._found.layer + layers)

    def on_row_chosen(self, message: RowChosen) -> None:
        self._choose_layer(message.row + 1)

    def _choose_layer(self, layer: int) -> None:
        hidden = 0 if self._found is None else len(self._found.outputs) - 1
        if 1 <= layer <= hidden:
            self._choice = self._choice._replace(layer=layer)
            self.post_message(self.Changed())

    def action_open(self) -> None:
        if self._found is not None:
            self.host.show_digit(self._found.selected.index)
