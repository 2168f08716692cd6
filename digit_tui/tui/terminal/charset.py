"""Which characters the terminal can show, and ASCII stand-ins for those that it cannot.

Views draw with the characters they prefer; stand-ins are put in by the encoder of the stream to the
terminal. A stand-in is as wide as its character, so no line shifts.
"""

from __future__ import annotations

import codecs
import os
import sys
import unicodedata

from rich.cells import cell_len

STAND_INS = "digit_tui.stand_ins"
"""Name of the error handler of encodings."""

SYMBOLS = dict(
    zip("→←↑↓▶⏸✓✗■□▸◂▲▼▴▾↻…·×÷±—•●○⏎≤≥🔎", "><^v>=+x#o><^v^v~.|x/~-**o/<>>", strict=True)
)
DOTS = " ..::::###"
"""Stand-ins for Braille by the number of dots."""


def charset() -> str:
    """The encoding of the terminal: Python's, which comes from the locale or from the user.

    In the locales C and POSIX Python assumes UTF-8, which is right where they were not chosen; but
    Python also falls back to C where the chosen locale is not installed.
    """
    if sys.platform == "win32":  # the console takes any character
        return "utf-8"
    encoding = getattr(sys.__stderr__, "encoding", None) or "utf-8"
    chosen = any(os.environ.get(name) for name in ("PYTHONUTF8", "PYTHONIOENCODING"))
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    _, _, named = next((name for name in names if name), "").partition(".")
    if sys.flags.utf8_mode and named and not chosen:
        encoding = named.partition("@")[0]
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return "ascii"


def shows(text: str) -> bool:
    """Whether the terminal can show these characters."""
    if text.isascii():
        return True
    try:
        text.encode(charset())
    except UnicodeEncodeError:
        return False
    return True


PLUS_MINUS = "±" if shows("±") else "+-"
"""A stand-in has the width of its character, and this sign has none of one column."""


def stand_in(character: str) -> str:
    """ASCII for a character, of the same width."""
    width = cell_len(character)
    if character in SYMBOLS:
        plain = SYMBOLS[character]
    elif "\u2500" <= character <= "\u257f":
        plain = _line(unicodedata.name(character))
    elif "\u2580" <= character <= "\u259f":
        plain = _block(unicodedata.name(character))
    elif "\u2800" <= character <= "\u28ff":
        plain = DOTS[(ord(character) - 0x2800).bit_count()]
    else:  # for a letter with accents: without them
        plain = unicodedata.normalize("NFKD", character)[:1]
        plain = plain if plain.isascii() and plain.isprintable() else "?"
    return plain.ljust(width, "?" if plain == "?" else " ")[:width]


def _line(name: str) -> str:
    """A stand-in for a box drawing character, by its name."""
    words = set(name.replace("-", " ").split())
    if not words & {"VERTICAL", "UP", "DOWN"}:
        return "-"
    return "+" if words & {"HORIZONTAL", "LEFT", "RIGHT", "DIAGONAL", "ARC"} else "|"


def _block(name: str) -> str:
    """A stand-in for a block character, by its name: blank if less than half is full."""
    small = ("ONE EIGHTH", "ONE QUARTER", "THREE EIGHTHS", "LIGHT SHADE")
    return " " if any(part in name for part in small) else "#"


def _handle(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(map(stand_in, missing)), error.end


codecs.register_error(STAND_INS, _handle)
