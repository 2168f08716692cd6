"""The dialog that finds a learning rate."""

from __future__ import annotations

from functools import partial
from math import log10
from threading import Event
from time import monotonic, perf_counter

import numpy as np
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.message import Message
from textual.widgets import Static
from textual.worker import get_current_worker

from digit_tui.data import Dataset
from digit_tui.insight.rate_finder import HIGHEST, LOWEST
from digit_tui.run.events import TROUBLES, Inspected
from digit_tui.run.rate_search import FoundRate, RateSearch
from digit_tui.run.rate_words import ROUNDING, ended, loss_words, no_rate, schedule_words, taken
from digit_tui.tui.drawing.chart import BRAILLE, Curve, Drawing, letter
from digit_tui.tui.key_words import key_names
from digit_tui.tui.screens.dialog import Dialog
from digit_tui.tui.screens.train_charts import LINE
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.terminal.charset import shows
from digit_tui.tui.widgets.chart import Chart

SHOW_SECONDS = 0.5
"""So often it is said how far it is."""
DRAWING_SHARE = 0.1
"""Drawing the growing curve takes at most this part of the time: it holds up what is drawn."""
FAR = 8
"""Columns of a long way along the curve."""
SPAN = log10(LOWEST), log10(HIGHEST)


class RateChart(Chart):
    """The loss by learning rate. A click chooses a rate."""

    class Chosen(Message):
        """A rate was clicked on."""

        def __init__(self, rate: float) -> None:
            super().__init__()
            self.rate = rate

    def __init__(self) -> None:
        super().__init__("", id="rates")

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        place = None if offset is None else self._plotted.x_at(offset.x)
        if place is not None:
            self.post_message(self.Chosen(10.0**place))


class Growth(Message):
    """Some more of the curve is known. Sent from the thread."""

    def __init__(self, made: int, most: int, found: FoundRate | Exception, done: bool) -> None:
        """Tell of it.

        Args:
            made: steps that were made.
            most: steps that there are at most.
            found: the curve so far, or why there is none.
            done: whether that is all of it.
        """
        super().__init__()
        self.made, self.most, self.found, self.done = made, most, found, done


class RateDialog(Dialog[float | None]):
    """A range test on a copy of the run, while that goes on; None sets no rate."""

    TITLE = "Learning rate"
    MESSAGE = True
    VERTICAL_BREAKPOINTS = [(0, "-low"), (24, "-high"), (36, "-tall")]
    BINDINGS = [
        Binding("enter", "submit", "Take it", key_display="enter"),
        Binding("escape,q,L", "dismiss(None)", "Cancel", key_display="esc"),
        Binding("left", "move(-1)", show=False),
        Binding("right", "move(1)", show=False),
        Binding("shift+left,pageup", f"move(-{FAR})", show=False),
        Binding("shift+right,pagedown", f"move({FAR})", show=False),
        Binding("s", "go('steepest')", show=False),
        Binding("t", "go('tenth')", show=False),
        Binding("n", "go('present')", show=False),
    ]

    def __init__(self, model: RunModel) -> None:
        """Wait for the state of a run, which must have been asked for.

        Args:
            model: the run; its dataset is read.
        """
        super().__init__()
        assert model.dataset is not None
        self._dataset: Dataset = model.dataset
        self._config = model.config
        self._before = model.inspected
        self._in_trouble = model.state in TROUBLES
        self._stopped = Event()
        self._begun = self._done = self._failed = False
        self._found: FoundRate | None = None
        self._rate: float | None = None
        self._draw_from = 0.0
        """When the growing curve may be drawn again."""

    def compose_content(self) -> ComposeResult:
        yield Static(id="rate-title")
        yield RateChart()
        yield Static(id="rate-marks")

    def on_mount(self) -> None:
        self.tell("The run is asked for its state.")

    def on_unmount(self) -> None:
        self._stopped.set()

    def follow(self, model: RunModel) -> None:
        """Begin when the state of the run has come."""
        inspected = model.inspected
        if self._begun or inspected is None or inspected is self._before or not self.is_mounted:
            return
        self._begun = True
        search = partial(self._search, inspected)
        self.run_worker(search, thread=True, group="rate", description="rate")  # not its repr

    def _search(self, inspected: Inspected) -> None:
        """Called in a thread."""
        made, most, worker = 0, 0, get_current_worker()
        try:
            search, shown = RateSearch(inspected, self._dataset, self._config), monotonic()
            most = search.most
            for made in search.steps():
                if self._stopped.is_set() or worker.is_cancelled:  # the app may be ending
                    return
                if monotonic() - shown > SHOW_SECONDS:
                    shown = monotonic()
                    self.post_message(Growth(made, most, search.found(), False))
            self.post_message(Growth(made, most, search.found(), True))
        except Exception as trouble:  # no memory, for example
            self.post_message(Growth(made, most, trouble, True))

    def on_growth(self, message: Growth) -> None:
        message.stop()
        if isinstance(message.found, Exception):
            self._failed = True
            self.tell(f"This cannot be computed: {message.found}", wrong=True)
            return
        self._found, self._done = message.found, message.done
        if message.done:
            found, suggestion = message.found, message.found.curve.suggestion
            fits = found.fits and not self._in_trouble
            self._rate = taken(suggestion) if suggestion and not fits else found.base
            self._tell_choice()
        else:
            at = message.found.curve.rates[-1]
            self.tell(
                f"Step {message.made} of {message.most}, at rate {at:.2g}; esc gives it up.",
                "A copy is trained: the run goes on, and stays as it is.",
            )
        now = perf_counter()
        if message.done or now >= self._draw_from:
            self._draw()
            drawn = perf_counter()
            self._draw_from = drawn + (drawn - now) / DRAWING_SHARE

    def _draw(self) -> None:
        found = self._found
        if found is None:
            return
        curve = found.curve
        marker = "ascii" if self.app.no_color or not shows(BRAILLE) else "braille"
        curves = [
            Curve(np.log10(curve.rates), curve.losses, "held-out", 1, faint=True),
            Curve(np.log10(curve.smoothed_rates), curve.smoothed, "training"),
        ]
        marks = [("n", found.present), ("t", curve.tenth), ("s", curve.steepest)]
        drawing = Drawing(
            curves,
            SPAN,
            [(log10(rate), name) for name, rate in marks if rate and rate >= LOWEST],
            log=True,
            marker=marker,
            powers=True,
            crosshair=None if self._rate is None else log10(self._rate),
        )
        self.query_one(RateChart).draw(drawing)
        smoothed, faint = letter(marker, 0) or LINE, "." if letter(marker, 1) else LINE
        self.query_one("#rate-title", Static).update(
            f"Loss by learning rate, log: [$training]{smoothed} smoothed[/] "
            f"[$held-out]{faint} each batch[/]"
        )
        words = {"s": "steepest", "t": "minimum/10", "n": "now"}
        scheduled = f" (base rate {found.base:.4g})" if schedule_words(found) else ""
        shown = [
            f"{name} {words[name]} {taken(rate):g}{scheduled if name == 'n' else ''}"
            for name, rate in reversed(marks)
            if rate and (self._done or name == "n")
        ]
        self.query_one("#rate-marks", Static).update("   ".join(shown))

    def _tell_choice(self) -> None:
        found, rate = self._found, self._rate
        if found is None or rate is None:
            return
        loss = found.curve.smoothed_at(rate)
        told = f"{no_rate(found)}; {ended(found)}" if found.curve.reason else ended(found)
        lines = [f"At step {found.step:,}: {told}."]
        fits = found.fits and rate == found.base and not self._in_trouble
        tried = rate <= found.curve.rates[-1] * (1 + ROUNDING)
        known = f"loss {loss_words(loss)}" if tried else "beyond where the test ended"
        chosen = f"Chosen: {rate:.4g} ({known})"
        if rate == found.base:
            chosen += ", as it is: it fits" if fits else ", as it is"
        lines.append(chosen)
        if self._in_trouble:
            undo = key_names(self.app)["undo"]
            lines.append(f"This network is in trouble: esc, then {undo}, is the way back.")
        elif not found.factor:
            lines.append("It is for further epochs, as their base rate: all are done.")
        elif schedule_words(found):
            now = f"{rate * found.factor:.2g}"
            made = f"The schedule makes {now} of this base rate now"
            lines.append(f"{made}; the loss is at {rate:.4g}.")
        self.tell(*lines)

    def _choose(self, rate: float) -> None:
        if self._done and self._found is not None:
            own = rate == self._found.base  # is left as it is, to all its digits
            self._rate = rate if own else taken(min(max(rate, LOWEST), HIGHEST))
            self._draw()
            self._tell_choice()

    def on_rate_chart_chosen(self, message: RateChart.Chosen) -> None:
        message.stop()
        self._choose(message.rate)

    def action_move(self, columns: int) -> None:
        if self._rate is not None:
            self._choose(self._rate * 10.0 ** (columns * self.query_one(RateChart).column_width))

    def action_go(self, where: str) -> None:
        if self._found is not None:
            curve = self._found.curve
            rates = {"steepest": curve.steepest, "tenth": curve.tenth}
            rate = rates.get(where, self._found.base)
            if rate is not None:
                self._choose(rate)

    def action_submit(self) -> None:
        if not self._done and not self._failed:
            self.tell("There is no rate to take yet: it is being measured.")
        if self._done:
            self.dismiss(self._rate)
