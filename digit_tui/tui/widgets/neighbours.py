"""The training digits that look alike to the network."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

from rich.segment import Segment

from digit_tui.data import ink_box
from digit_tui.nn import Network
from digit_tui.tui.drawing.ink import Line, draw
from digit_tui.tui.look_alikes import COUNT, FoundNeighbours, NeighbourFinder, NeighbourQuery
from digit_tui.tui.state.selected_digit import SelectedDigit, square
from digit_tui.tui.widgets.canvas import Canvas

MAX_ROWS = 10
"""Of a picture: MNIST's digits have 20 pixels."""
PATIENCE_SECONDS = 0.2
"""Those of the digit before stay in sight for so long: usually the next come sooner."""


class NeighbourRow(Canvas):
    """Pictures beside each other, each with its label and its distance; found in a thread."""

    COMPONENT_CLASSES = {"neighbour-row--true", "neighbour-row--other"}

    def __init__(self) -> None:
        super().__init__()
        self._finder = NeighbourFinder(self._hand_over)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._selected: SelectedDigit | None = None
        self._renderer = ""
        self._asked: tuple[int, Network, bool] | None = None
        self._found: FoundNeighbours | None = None

    def on_mount(self) -> None:
        self._loop = asyncio.get_running_loop()

    def on_unmount(self) -> None:
        self.close()

    def show(self, selected: SelectedDigit, renderer: str, at_once: bool) -> None:
        """Show what looks like a digit, as soon as it is known.

        Args:
            selected: the digit.
            renderer: what is drawn with.
            at_once: whether the latest network is worth the time that it takes from training.
        """
        if not self.display:  # too small
            self.close()
            return
        self._selected, self._renderer = selected, renderer
        question = (selected.index, selected.network, at_once)
        if question != self._asked:
            self._asked = question
            # Not before all else is drawn: it may take a processor for a second.
            self.call_after_refresh(self._ask, selected, question)
        if self._found is None:
            self._wait()
        elif self._found.digit == selected.index:
            self._draw(selected, self._found)
        else:
            self.set_timer(PATIENCE_SECONDS, self._lose_patience)

    def _ask(self, selected: SelectedDigit, question: tuple[int, Network, bool]) -> None:
        if question == self._asked:  # it is still open, and about the same digit
            _, network, at_once = question
            images = selected.dataset.train_images
            self._finder.ask(
                NeighbourQuery(
                    selected.index, selected.image, network, selected.epoch, images, at_once
                )
            )

    def close(self) -> None:
        """Forget all, what takes much memory too."""
        self._finder.close()
        self._selected = self._asked = self._found = None
        self.clear()

    def _hand_over(self, found: FoundNeighbours) -> None:
        """Called from the thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody looks any more
                self._loop.call_soon_threadsafe(partial(self.call_later, self._take, found))

    def _take(self, found: FoundNeighbours) -> None:
        selected = self._selected
        if selected is not None and found.digit == selected.index:
            self._found = found
            self._draw(selected, found)

    def _wait(self) -> None:
        self.paint([[Segment("learning look-alikes ...")]])

    def _lose_patience(self) -> None:
        selected, found = self._selected, self._found
        if selected is not None and found is not None and found.digit != selected.index:
            self._wait()

    def _draw(self, selected: SelectedDigit, found: FoundNeighbours) -> None:
        width, height = self.size
        if not width:  # its size comes later, and it is drawn then
            return
        room = width // COUNT
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
