"""The accuracy without the smallest weights, computed on demand."""

from __future__ import annotations

from functools import partial
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray
from textual.message import Message

from digit_tui.insight.pruning import SHARES, Pruned, prune_by_magnitude
from digit_tui.run.events import Evaluated
from digit_tui.tui.drawing.chart import BRAILLE, Curve, Drawing
from digit_tui.tui.terminal.charset import shows
from digit_tui.tui.widgets.chart import Chart

Array = NDArray[Any]


class PruningChart(Chart):
    """A curve over the shares of weights; it grows while a thread computes it."""

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
        self._show_progress()
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
        self._show_progress()
        x = np.array([100 * each.share for each in self._points])
        y = np.array([each.evaluation.accuracy for each in self._points])
        span = 0.0, 100 * SHARES[-1]
        marker = "ascii" if self.app.no_color or not shows(BRAILLE) else "braille"
        self.draw(Drawing([Curve(x, y, "held-out")], span, [], percent=True, marker=marker))

    def _show_progress(self) -> None:
        assert self._evaluated is not None
        split, epoch = self._evaluated.split, self._evaluated.epoch
        title = f"Pruned: {split} accuracy at epoch {epoch:.4g} by % of weights left out"
        count = len(self._points)
        if count < len(SHARES):
            title = f"{title[: title.index(' by')]}, {count} of {len(SHARES)} computed"
        self.border_title = title
