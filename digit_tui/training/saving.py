"""When checkpoints are written beside those that a person asks for."""

from __future__ import annotations

from digit_tui.training.pace import Pace

SAVE_SECONDS = 30.0
"""A checkpoint is written at least this often."""
SAVE_SHARE = 0.02
"""Checkpoints at the ends of epochs take at most this share of the time: quick epochs go without,
and would be trained again, to the bit, in less time than it takes to save them."""


class SaveSchedule:
    """Says when a save is due; used as a context manager it times one.

    Attributes:
        spent: seconds that all saves have taken.
    """

    def __init__(self) -> None:
        self._pace = Pace(SAVE_SHARE)

    @property
    def spent(self) -> float:
        return self._pace.spent

    def due(self, epoch_ended: bool) -> bool:
        """Whether to save now.

        Args:
            epoch_ended: whether an epoch has just ended.
        """
        return (epoch_ended and self._pace.allowed) or self._pace.waited > SAVE_SECONDS

    def __enter__(self) -> None:
        self._pace.__enter__()

    def __exit__(self, *_: object) -> None:
        self._pace.__exit__()
