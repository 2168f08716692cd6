"""How often the screen of a run is drawn, and how often events are fetched for it."""

from __future__ import annotations

from dataclasses import dataclass

ANY_SHARE = 1e9
"""A share that no drawing exceeds."""


@dataclass(frozen=True)
class DrawRate:
    """Limits on drawing beside training."""

    seconds: float = 0.5
    """Charts are drawn at most this often while training."""
    share: float = 0.0125
    """The most of the time that drawing charts may take: training waits for it where processors
    are few. A drawing takes some 20 ms at 80x24, or twice that while all processors train."""
    poll_seconds: float = 0.25
    """Events are fetched at least this often."""

    @classmethod
    def of(cls, fps: float | None) -> DrawRate:
        """The rate that a person asked for, whatever it costs.

        Args:
            fps: drawings in a second; None for the default.
        """
        if fps is None:
            return cls()
        # What is drawn more often must be fetched more often.
        return cls(1 / fps, ANY_SHARE, min(cls.poll_seconds, 1 / fps))


DEFAULT_RATE = DrawRate()
