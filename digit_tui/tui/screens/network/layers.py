"""The page of layers: a row of numbers for each, how they came to be, and histograms."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.widgets import Static

from digit_tui.insight.histograms import BINS, Histogram, LayerHistograms
from digit_tui.insight.layer_report import verdict
from digit_tui.insight.layers import LayerFacts
from digit_tui.nn.gradient_check import LayerCheck
from digit_tui.run.commands import Lineage
from digit_tui.run.inspection import check_of, histograms_of
from digit_tui.tui.drawing.chart import BRAILLE, Curve, Drawing
from digit_tui.tui.screens.network.page import Look, Page
from digit_tui.tui.terminal.charset import shows
from digit_tui.tui.widgets.chart import Chart
from digit_tui.tui.widgets.layer_table import LayerTable, Moment
from digit_tui.tui.widgets.mouse import RowChosen, Turned

MOMENTS = 200
"""So many looks are remembered."""
SUBJECTS = ("weights", "gradients", "activations")
"""What there are histograms of."""


class FoundLayers(NamedTuple):
    """What there is to see of a network's layers."""

    layers: list[LayerFacts]
    chosen: LayerHistograms
    """Of the chosen layer."""
    checks: list[LayerCheck] | None
    """Of the gradient, if it was to be checked."""


class Choice(NamedTuple):
    """What is chosen on the page."""

    layer: int
    """From 0."""
    check: bool
    """Whether to check the gradient."""


class LayersPage(Page):
    """A table of layers; below it the distributions of the chosen one."""

    NAME = "Layers"
    WEIGHTS = "latest"
    BINDINGS = [
        Binding(
            "h",
            "next_subject",
            "Histogram",
            id="histogram",
            tooltip="Show weights, gradients or activations",
        ),
        Binding(
            "g",
            "check",
            "Gradient check",
            id="gradient_check",
            tooltip="Compare the gradient with differences",
        ),
        Binding("l", "log", "Log", id="log_counts", tooltip="Use logarithmic or linear counts"),
        Binding("up", "move(-1)", "Layer", show=False, id="layer_up", tooltip="Go a layer up"),
        Binding("down", "move(1)", "Layer", show=False, id="layer_down", tooltip="Go a layer down"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._layer = 0
        self._subject = 0
        self._log = False
        self._check = False
        self._checked: Lineage | None = None
        """The commands that led to the network whose verdict is shown."""
        self._past: deque[Moment] = deque(maxlen=MOMENTS)
        self._found: FoundLayers | None = None

    def compose(self) -> ComposeResult:
        yield Static("The run is asked for its state.")
        yield LayerTable()
        with Horizontal():
            for subject in SUBJECTS:
                yield Chart("", id=subject)

    def on_mount(self) -> None:
        self._show_subject()

    @property
    def needs_state(self) -> bool:
        return True

    @property
    def choice(self) -> Choice:
        return Choice(self._layer, self._check)

    def epoch_of(self, look: Look) -> float | None:
        return None if look.inspected is None else look.inspected.epoch

    def compute(self, look: Look, choice: Choice) -> FoundLayers | None:
        if look.inspected is None:
            return None
        layers = self.host.inspector.layers(look.inspected, look.dataset)
        layer = min(choice.layer, len(layers.facts) - 1)
        images, _ = look.dataset.split(look.dataset.monitored_split)
        return FoundLayers(
            layers.facts,
            histograms_of(look.inspected, images, layers.step, layer + 1, BINS),
            check_of(look.inspected, look.dataset) if choice.check else None,
        )

    def take(self, look: Look, found: FoundLayers | None) -> None:
        self._found = found
        if found is None or look.inspected is None:
            self.say("A replay has no state to look at.")
            return
        if found.checks is not None:
            self._check, self._checked = False, look.inspected.state.lineage
            self.say(check_words(found.checks, look.inspected.epoch))
        elif not self._check and look.inspected.state.lineage != self._checked:
            self._checked = None
            self.query_one(Static).display = False
        at = look.inspected
        while self._past and not (
            self._past[-1].led_to(at.step, at.state.lineage)
            and len(self._past[-1].layers) == len(found.layers)
        ):
            self._past.pop()  # the run went back, or it is another one
        self._past.append(Moment(at.step, at.state.lineage, at.epoch, found.layers))
        self._layer = min(self._layer, len(found.layers) - 1)

    def say(self, text: str) -> None:
        message = self.query_one(Static)
        message.display = True
        message.update(text)

    def draw(self) -> None:
        if self._found is None or not self._past:
            return
        self.query_one(LayerTable).show(self._past, self._layer)
        for subject, histogram in zip(SUBJECTS, self._found.chosen, strict=True):
            chart = self.query_one(f"#{subject}", Chart)
            if chart.display:
                chart.border_title = self._title(subject, histogram)
                chart.draw(self._drawing(histogram))

    def _title(self, subject: str, histogram: Histogram) -> str:
        last = self._layer == len(self._past[-1].layers) - 1
        layer = "the output" if last else f"layer {self._layer + 1}"
        title = f"{subject.capitalize()} of {layer}"
        if histogram.not_finite:
            title += f", {histogram.not_finite:,} not finite"
        return title + (", log counts" if self._log else "")

    def _drawing(self, histogram: Histogram) -> Drawing:
        """A line from bar to bar: plotext's own bars cannot be compared where they are narrow."""
        x = np.repeat(histogram.edges, 2)[1:-1]
        y = np.repeat(histogram.counts + self._log, 2).astype(float)
        marker = "ascii" if self.app.no_color or not shows(BRAILLE) else "braille"
        span = float(histogram.edges[0]), float(histogram.edges[-1])
        return Drawing([Curve(x, y, "training")], span, [], self._log, marker=marker)

    @property
    def _wide(self) -> bool:
        """Whether there is room for all histograms."""
        return self.screen.has_class("-wide")

    def _show_subject(self) -> None:
        """Where there is room for one histogram only, that of the chosen subject."""
        for place, subject in enumerate(SUBJECTS):
            self.query_one(f"#{subject}", Chart).display = self._wide or place == self._subject
        self.draw()

    def on_resize(self) -> None:
        self._show_subject()
        self.refresh_bindings()

    def offers(self, action: str) -> bool | None:
        return action != "next_subject" or not self._wide or None

    def action_move(self, layers: int) -> None:
        if self._found is not None:
            self._choose(self._layer + layers)

    def on_row_chosen(self, message: RowChosen) -> None:
        self._choose(message.row)

    def on_turned(self, message: Turned) -> None:
        self.action_move(message.rows)

    def _choose(self, layer: int) -> None:
        count = 0 if self._found is None else len(self._found.layers)
        self._layer = min(max(layer, 0), max(count - 1, 0))
        self._draw_table()
        self.post_message(self.Changed())

    def _draw_table(self) -> None:
        if self._past:
            self.query_one(LayerTable).show(self._past, self._layer)

    def action_next_subject(self) -> None:
        self._subject = (self._subject + 1) % len(SUBJECTS)
        self._show_subject()

    def action_check(self) -> None:
        self._check = True
        self.say("checking the gradient ...")
        self.post_message(self.Changed())

    def action_log(self) -> None:
        self._log = not self._log
        self.draw()


def check_words(checks: Sequence[LayerCheck], epoch: float) -> str:
    """What came of a check, for example "gradient check at epoch 3.00: it is right; ..."."""
    errors = ", ".join(f"{each.largest_error:.0e}" for each in checks)
    count = sum(each.checked for each in checks)
    return (
        f"gradient check at epoch {epoch:.2f}: {verdict(checks)}; {count} weights, "
        f"largest error by layer {errors}"
    )
