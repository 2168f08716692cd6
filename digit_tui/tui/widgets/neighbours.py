"""The training digits that are nearest to a digit, as the network sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from contextlib import suppress
from functools import partial

from rich.segment import Segment

from digit_tui.data import ink_box, printable
from digit_tui.nn import Network
from digit_tui.tui.drawing.ink import Line, draw
from digit_tui.tui.neighbour_finder import (
    COUNT,
    FoundNeighbours,
    NeighbourFinder,
    NeighbourQuery,
    SearchFailed,
)
from digit_tui.tui.state.drawn_digit import DrawnDigit
from digit_tui.tui.state.selected_digit import SelectedDigit, square
from digit_tui.tui.widgets.canvas import Canvas

MAX_ROWS = 10
"""Of a picture: MNIST's digits are 20 pixels high, two to a row."""
NARROWEST = 8
"""Columns of a picture that has a label and a distance below it."""
PATIENCE_SECONDS = 0.2
"""The neighbours of the digit before stay for so long: the next ones usually come sooner."""


class NeighbourRow(Canvas):
    """The nearest digits side by side, with label and distance; a thread finds them."""

    COMPONENT_CLASSES = {"neighbour-row--true", "neighbour-row--other"}

    def __init__(self) -> None:
        super().__init__()
        self._finder = NeighbourFinder(self._hand_over)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._selected: SelectedDigit | DrawnDigit | None = None
        self._renderer = ""
        self._asked: tuple[Hashable, Network, bool] | None = None
        self._found: FoundNeighbours | None = None
        self._failed: SearchFailed | None = None

    def on_mount(self) -> None:
        self._loop = asyncio.get_running_loop()

    def on_unmount(self) -> None:
        self.close()

    def show(self, selected: SelectedDigit | DrawnDigit, renderer: str, at_once: bool) -> None:
        """Show the digits nearest to one, as soon as they are found.

        Args:
            selected: the digit.
            renderer: one of `RENDERERS`.
            at_once: whether to use the latest network though that takes time from training.
        """
        if not self.display:  # too small
            self.close()
            return
        self._selected, self._renderer = selected, renderer
        key = (selected.key, selected.network, at_once)
        if key != self._asked:
            self._asked, self._failed = key, None
            # After everything else is drawn: it may take a processor for a second.
            self.call_after_refresh(self._ask, selected, key)
        if self._failed is not None:
            self._show_failure(self._failed)
        elif self._found is None:
            self._show_waiting()
        elif self._found.digit == selected.key:
            self._draw(selected, self._found)
        else:
            self.set_timer(PATIENCE_SECONDS, self._clear_outdated)

    def _ask(
        self, selected: SelectedDigit | DrawnDigit, key: tuple[Hashable, Network, bool]
    ) -> None:
        if key == self._asked:  # it is still open, and about the same digit
            _, network, at_once = key
            images = selected.dataset.train_images
            self._finder.ask(
                NeighbourQuery(
                    selected.key, selected.image, network, selected.epoch, images, at_once
                )
            )

    def close(self) -> None:
        """Forget everything, and free the features, which take much memory."""
        self._finder.close()
        self._selected = self._asked = self._found = self._failed = None
        self.clear()

    def _hand_over(self, found: FoundNeighbours | SearchFailed) -> None:
        """Called from the thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: the app has ended
                self._loop.call_soon_threadsafe(partial(self.call_later, self._take, found))

    def _take(self, found: FoundNeighbours | SearchFailed) -> None:
        selected = self._selected
        if selected is None or found.digit != selected.key:
            return
        if isinstance(found, SearchFailed):
            self._found, self._failed = None, found
            self._show_failure(found)
        else:
            self._found, self._failed = found, None
            self._draw(selected, found)

    def _show_failure(self, failed: SearchFailed) -> None:
        reason = printable(f"{type(failed.error).__name__}: {failed.error}".removesuffix(": "))
        self.paint([[Segment("nearest training digits: not found,")], [Segment(reason)]])

    def _show_waiting(self) -> None:
        self.paint([[Segment("finding nearest training digits ...")]])

    def _clear_outdated(self) -> None:
        selected, found = self._selected, self._found
        if selected is not None and found is not None and found.digit != selected.key:
            self._show_waiting()

    def _draw(self, selected: SelectedDigit | DrawnDigit, found: FoundNeighbours) -> None:
        width, height = self.size
        room = width // COUNT
        if room < NARROWEST:  # hidden, or its size comes later, and it is drawn then
            return
        rows = max(min((room - 1) // 2, height - 2, MAX_ROWS), 1)
        _, _, paper, ink = self.colors
        pictures: list[list[Line]] = []
        captions: Line = []
        for index, distance in zip(*found.neighbours, strict=True):
            image = square(selected.dataset.train_images[index], selected.dataset.side)
            gap = Segment(" " * (room - 2 * rows))
            drawn = draw(image[ink_box(image)], 2 * rows, rows, self._renderer, paper, ink)
            pictures.append([[*line, gap] for line in drawn])
            label = int(selected.dataset.train_labels[index])
            style = self.part(f"neighbour-row--{'true' if label == selected.true else 'other'}")
            captions.append(Segment(f"{label:>2}", style))
            captions.append(Segment(f"{f' {distance:.2f}':<{room - 2}}"))
        lines = [[each for picture in pictures for each in picture[row]] for row in range(rows)]
        self.paint([[Segment(title(found.epoch, width))], *lines, captions])


def title(epoch: float, width: int) -> str:
    when = f"as of epoch {round(epoch, 2):g}"
    long = f"nearest training digits by cosine distance, {when}"
    return long if len(long) <= width else f"nearest in training, {when}"
