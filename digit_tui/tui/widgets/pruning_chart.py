"""The accuracy without the smallest weights, computed on demand."""

from __future__ import annotations

from functools import partial
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray
from textual.message import Message

from digit_tui.run import removal_words
from digit_tui.run.events import Inspected
from digit_tui.run.pruning import SHARES, Pruned, prune_by_magnitude
from digit_tui.tui.drawing.chart import BRAILLE, Curve, Drawing
from digit_tui.tui.terminal.charset import shows
from digit_tui.tui.widgets.chart import Chart

Array = NDArray[Any]

LITTLE = 0.005
"""Accuracy that may be lost for fewer weights: the share that is chosen first loses no more."""


class PruningChart(Chart):
    """A curve over the shares of weights; it grows while a thread computes it.

    One of the shares can be chosen, by key or mouse.
    """

    class Chosen(Message):
        """Another share was chosen."""

    class Found(Message):
        """One more point of the curve was computed, in the thread."""

        def __init__(self, inspected: Inspected, point: Pruned | Exception) -> None:
            """Tell of it.

            Args:
                inspected: whose curve it is.
                point: the result for one share, or why there is none.
            """
            super().__init__()
            self.inspected = inspected
            self.point = point

    def __init__(self) -> None:
        super().__init__("Pruned: the run is asked for its state", id="pruning")
        self._inspected: Inspected | None = None
        self._split = "test"
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
        """Choose another share; the first time, the largest of those known that costs little."""
        last = len(self._points) - 1
        place = self._cheap() if self._place is None else self._place + count
        self._choose(min(max(place, 0), last))

    def _cheap(self) -> int:
        """The place of the last share before the accuracy falls by more than a little."""
        accuracies = [each.evaluation.accuracy for each in self._points]
        costs = (place for place, each in enumerate(accuracies) if accuracies[0] - each > LITTLE)
        return next(costs, len(accuracies)) - 1

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

    def compute(self, inspected: Inspected, split: str, images: Array, labels: Array) -> None:
        """Compute the curve of a run's network, unless it is that of this one.

        Args:
            inspected: the state of the run.
            split: which digits it is tried on.
            images: (n, pixels) uint8, of that split.
            labels: (n,)
        """
        if inspected is self._inspected and split == self._split:
            return
        self.stop()
        self._inspected, self._points, self._stopped = inspected, [], Event()
        self._split, self._place = split, None
        self._entitle(inspected)
        task = partial(self._prune, inspected, images, labels, self._stopped)
        self.run_worker(task, thread=True, group="pruning", description="pruning")

    def stop(self) -> None:
        """Compute no more; what is not finished is forgotten."""
        self._stopped.set()
        if len(self._points) < len(SHARES):
            self._inspected = None

    def on_unmount(self) -> None:
        self.stop()

    def _prune(self, inspected: Inspected, images: Array, labels: Array, stopped: Event) -> None:
        """Called in a thread."""
        try:
            for point in prune_by_magnitude(inspected, images, labels):
                if stopped.is_set():
                    return
                self.post_message(self.Found(inspected, point))
        except Exception as trouble:  # no memory, for example
            self.post_message(self.Found(inspected, trouble))

    def on_pruning_chart_found(self, message: Found) -> None:
        if message.inspected is not self._inspected:
            return  # it was stopped meanwhile
        if isinstance(message.point, Exception):
            self.stop()
            self.border_title = f"Pruned: this cannot be computed: {message.point}"
            return
        self._points.append(message.point)
        self._draw_curve()

    def _draw_curve(self) -> None:
        if self._inspected is None:
            return
        self._entitle(self._inspected)
        x = np.array([100 * each.share for each in self._points])
        y = np.array([each.evaluation.accuracy for each in self._points])
        span = 0.0, 100 * SHARES[-1]
        marker = "ascii" if self.app.no_color or not shows(BRAILLE) else "braille"
        chosen = None if self.share is None else 100 * self.share
        curve = Curve(x, y, "held-out")
        # From 0 to 1 from the start, or while there are few points a digit would look like a cliff.
        self.draw(
            Drawing(
                [curve], span, [], percent=True, bounds=(0.0, 1.0), marker=marker, crosshair=chosen
            )
        )

    def _entitle(self, inspected: Inspected) -> None:
        """Say what is seen: the accuracy of the chosen share, or how far the curve is."""
        split, epoch = self._split, f"at epoch {inspected.epoch:.4g}"
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
