"""Text made fit to show: from outside (paths, messages of servers and of the system), counts."""

from __future__ import annotations

import errno
import re

# C0, DEL and C1 drive the terminal; the bidi controls reorder what a person reads; the line
# separators break a one-line message; lone surrogates (undecodable file names) break print().
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)

LARGE = 10_000.0
"""A loss from which its first digits say enough."""


def printable(text: str) -> str:
    """`text` with each character that is unsafe in a terminal replaced by `?`."""
    return _UNSAFE.sub("?", text)


def a_digit(label: int) -> str:
    """For example "a 3", "an 8"."""
    return f"{'an' if label in (8, 11, 18) else 'a'} {label}"


def counted(count: int, one: str, many: str = "") -> str:
    """A number of things, for example "1 label" or "1,234 labels".

    Args:
        count: how many.
        one: what one of them is called.
        many: what any other number is called, if not by adding an s.
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def in_nats(loss: float, places: int = 4) -> str:
    """A loss, for example "0.0951"; of one that has exploded not all of its digits.

    Args:
        loss: it.
        places: after the point.
    """
    return f"{loss:.{places}f}" if not abs(loss) >= LARGE else f"{loss:.3g}"


def reason_of(error: BaseException) -> str:
    """Why the system refused something, in a few words."""
    if getattr(error, "errno", None) == errno.EFBIG:  # the disk may have room
        return "the limit for the size of a file is reached (see ulimit -f)"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
