"""The digits that a network gets wrong, and what is known of each."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Protocol, overload

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import counted
from digit_tui.export.digit_records import digit_records, shown
from digit_tui.export.png import grey_png
from digit_tui.insight.digit_table import DigitTable
from digit_tui.insight.selection import ORDERS, SelectionError, parse_selection, select

PICTURES = 40
"""A notebook shows at most so many."""


@dataclass(frozen=True)
class Mistake:
    """One digit and what the network made of it. See `digit-tui manual mistakes`."""

    index: int
    """Of the digit in its split."""
    true: int
    predicted: int
    confidence: float | None
    """Probability of the predicted class; None, as other numbers, if the network had diverged."""
    loss: float | None
    """In nats."""
    margin: float | None
    """Probability of the true class less the highest other one."""
    learned: int | None
    """The epoch in which it was first right; None if it never was, or nothing is known."""
    forgotten: int | None
    """How often it was right at the end of an epoch and wrong at the next."""
    suspect: bool | None
    """Whether the network contradicts the label confidently and steadily; None if its history is
    not known."""


class Mistakes(Sequence[Mistake]):
    """Digits in a list, the worst first.

    `pandas.DataFrame(mistakes)` is a table of them.

    Attributes:
        images: (n, side, side) uint8, their pictures, 0 background to 255 ink.
        total: of how many digits they were selected.
        split: test or validation.
    """

    def __init__(
        self,
        table: DigitTable,
        images: NDArray[np.uint8],
        side: int,
        split: str,
        selection: str,
        order: str,
    ) -> None:
        """Select them.

        Args:
            table: what is known of n digits.
            images: (n, side * side) of these.
            side: of the images.
            split: that they are from.
            selection: which ones, see `insight.selection.parse_selection`.
            order: one of ORDERS.

        Raises:
            ValueError: if there is no such order, or the selection cannot be understood.
        """
        if order not in ORDERS:
            raise ValueError(f"order {order!r} is none of {', '.join(ORDERS)}")
        try:
            chosen = parse_selection(selection, table.evaluation.probabilities.shape[1])
        except SelectionError as error:
            raise ValueError(str(error)) from error
        indices = select(table, chosen, order)
        names = [field.name for field in fields(Mistake)]
        records = digit_records(table, indices)
        self._items = [Mistake(**{name: each[name] for name in names}) for each in records]
        self._what = str(chosen) or "all"
        self.images: NDArray[np.uint8] = images[indices].reshape(-1, side, side)
        self.total = len(table)
        self.split = split

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, place: int) -> Mistake: ...
    @overload
    def __getitem__(self, place: slice) -> list[Mistake]: ...
    def __getitem__(self, place: int | slice) -> Mistake | list[Mistake]:
        return self._items[place]

    def __repr__(self) -> str:
        """Such as <Mistakes: 28 of 1,000 test digits (wrong)>."""
        of = counted(self.total, f"{self.split} digit")
        return f"<Mistakes: {len(self):,} of {of} ({self._what})>"

    def _repr_html_(self) -> str:
        """The first pictures, each with its true class, what was predicted, and how surely."""
        pictures = "".join(map(_figure, self._items[:PICTURES], self.images[:PICTURES]))
        more = len(self) - PICTURES
        rest = f"<p>and {more:,} more</p>" if more > 0 else ""
        said = repr(self).strip("<>")
        return f"<p>{said}</p><div>{pictures}</div>{rest}"


def _figure(mistake: Mistake, image: NDArray[np.uint8]) -> str:
    source = b64encode(grey_png(255 - image)).decode("ascii")  # ink is black on any background
    words = f"{mistake.true} read as {mistake.predicted}"
    sure = shown("confidence", mistake.confidence)
    return (
        '<figure style="display:inline-block;margin:4px;text-align:center;font-size:smaller">'
        f'<img alt="{words}" src="data:image/png;base64,{source}" width="56" height="56" '
        'style="image-rendering:pixelated">'
        f'<figcaption title="digit {mistake.index}, {sure}">'
        f"{mistake.true} &rarr; {mistake.predicted}</figcaption></figure>"
    )


class HasMistakes(Protocol):
    """A run, its fork, or a saved run."""

    def mistakes(self, select: str = "wrong", order: str = "loss") -> Mistakes:
        """The digits that it gets wrong."""


def mistakes(run: HasMistakes, select: str = "wrong", order: str = "loss") -> Mistakes:
    """The digits that a run gets wrong, the worst first.

    Args:
        run: a run, a fork or a saved run.
        select: which digits: "wrong", or for example "true=4 pred=9 conf>0.9"; see
            `digit-tui manual mistakes`.
        order: loss, confidence, index, forgotten, broken or fixed.

    Raises:
        ValueError: if there is no such order, or the selection cannot be understood.
    """
    return run.mistakes(select, order)
