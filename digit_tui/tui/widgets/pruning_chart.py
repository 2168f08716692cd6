"""The accuracy without the smallest weights, computed on demand."""

from __future__ import annotations

from functools import partial
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray
from textual.message import Message

from digit_tui.insight.pruning import SHARES, Pruned, prune_by_magnitude
from digit_tui.run import removal_words
from digit_tui.run.events import Evaluated
from digit_tui.tui.drawing.chart import BRAILLE, Curve, Drawing
from digit_tui.tui.terminal.charset import shows
from digit_tui.tui.widgets.chart import Chart

Array = NDArray[Any]


class PruningChart(Chart):
    """A curve over the shares of weights; it grows while a thread computes it.

    One of the shares can be chosen, by key or mouse.
    """

    class Chosen(Message):
        """Another share was chosen."""

    class Found(Message):
        """One more point of the curve was computed, in the thread."""

        def __init__(self, evaluated: Evaluated, point: Pruned | Exception) -> None:
            """Tell of it.

            Args:
                evaluated: whose curve it is.
                point: the result for one share, or why there is none.
            """
            super().__init__()
            self.evaluated = evaluated
            self.point = point

    def __init__(self) -> None:
        super().__init__("", id="pruning")
        self._evaluated: Evaluated | None = None
        self._points: list[Pruned] = []
        self._stopped = Event()
        self._place: int | None = None
        """Of the chosen share; None until one is chosen."""

    @property
    def share(self) -> float | None:
        """The chosen share of the weights, once its accuracy is known; None if there is none."""
        place = self._place
        return None if place is None or place >= len(self._points) else self._points[place].share

    def move(self, count: int) -> None:
        """Choose another share; the first time, the largest that is known."""
        last = len(self._points) - 1
        self._choose(last if self._place is None else min(max(self._place + count, 0), last))

    def on_chart_pointed(self, message: Chart.Pointed) -> None:
        message.stop()
        if message.epoch is not None and self._points:
            percents = np.array([100 * each.share for each in self._points])
            self._choose(int(np.abs(percents - message.epoch).argmin()))

    def _choose(self, place: int) -> None:
        if place != self._place and self._points:
            self._place = place
            self._draw_curve()
            self.post_message(self.Chosen())

    def compute(self, evaluated: Evaluated, images: Array, labels: Array) -> None:
        """Compute the curve of a network, unless it is that of this one.

        Args:
            evaluated: with the network.
            images: (n, pixels) uint8, of its split.
            labels: (n,)
        """
        if evaluated is self._evaluated:
            return
        self.stop()
        self._evaluated, self._points, self._stopped = evaluated, [], Event()
        self._place = None
        self._entitle(evaluated)
        task = partial(self._prune, evaluated, images, labels, self._stopped)
        self.run_worker(task, thread=True, group="pruning")

    def stop(self) -> None:
        """Compute no more; what is not finished is forgotten."""
        self._stopped.set()
        if len(self._points) < len(SHARES):
            self._evaluated = None

    def on_unmount(self) -> None:
        self.stop()

    def _prune(self, evaluated: Evaluated, images: Array, labels: Array, stopped: Event) -> None:
        """Called in a thread."""
        try:
            for point in prune_by_magnitude(evaluated.network, images, labels):
                if stopped.is_set():
                    return
                self.post_message(self.Found(evaluated, point))
        except Exception as trouble:  # no memory, for example
            self.post_message(self.Found(evaluated, trouble))

    def on_pruning_chart_found(self, message: Found) -> None:
        if message.evaluated is not self._evaluated:
            return  # it was stopped meanwhile
        if isinstance(message.point, Exception):
            self.stop()
            self.border_title = f"Pruned: this cannot be computed: {message.point}"
            return
        self._points.append(message.point)
        self._draw_curve()

    def _draw_curve(self) -> None:
        if self._evaluated is None:
            return
        self._entitle(self._evaluated)
        x = np.array([100 * each.share for each in self._points])
        y = np.array([each.evaluation.accuracy for each in self._points])
        span = 0.0, 100 * SHARES[-1]
        marker = "ascii" if self.app.no_color or not shows(BRAILLE) else "braille"
        chosen = None if self.share is None else 100 * self.share
        curve = Curve(x, y, "held-out")
        self.draw(Drawing([curve], span, [], percent=True, marker=marker, crosshair=chosen))

    def _entitle(self, evaluated: Evaluated) -> None:
        """Say what is seen: the accuracy of the chosen share, or how far the curve is."""
        split, epoch = evaluated.split, f"at epoch {evaluated.epoch:.4g}"
        count, total = len(self._points), len(SHARES)
        if self.share is not None and self._place is not None:
            all_weights = self._points[0].evaluation.accuracy
            accuracy = self._points[self._place].evaluation.accuracy
            self.border_title = (
                f"Pruned {removal_words.share(self.share)}: {split} {accuracy:.2%}, "
                f"with all weights {all_weights:.2%}, {epoch}"
            )
        elif count < total:
            self.border_title = f"Pruned: {split} accuracy {epoch}, {count} of {total} computed"
        else:
            self.border_title = f"Pruned: {split} accuracy {epoch} by % of weights left out"
