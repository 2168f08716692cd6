"""Random input, weighted to what people press: keys that do something, often in one write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from textual.binding import Binding
from textual.keys import _character_to_key

from digit_tui.tui.run_app import RunApp

NAMED = {
    "space": b" ",
    "enter": b"\r",
    "escape": b"\x1b",
    "tab": b"\t",
    "shift+tab": b"\x1b[Z",
    "up": b"\x1b[A",
    "down": b"\x1b[B",
    "right": b"\x1b[C",
    "left": b"\x1b[D",
    "shift+up": b"\x1b[1;2A",
    "shift+down": b"\x1b[1;2B",
    "shift+right": b"\x1b[1;2C",
    "shift+left": b"\x1b[1;2D",
    "home": b"\x1b[H",
    "end": b"\x1b[F",
    "pageup": b"\x1b[5~",
    "pagedown": b"\x1b[6~",
    "backspace": b"\x7f",
    "delete": b"\x1b[3~",
}
"""Names of keys, and what they send."""
CHARACTERS = {_character_to_key(character): character for character in map(chr, range(33, 127))}
OTHERS = [b"\x1b[1;5H", b"\x1b[1;5F", b"\x1b[1;2A", b"\x1b[1;2C", b"\x1b[Z", b"\x7f", b"\x1b[3~"]
OTHERS += [b"\x01", b"\x05", b"\x0b", b"\x15", b"\x17", b"\x18", b"\x19", b"\x1bf", b"\x1b[15~"]
"""Keys of Textual's widgets: with control and shift, and those that edit a line."""
WORDS = b"theme dark key pause go on with momentum learn rate axes why undo fork nothing".split()
"""For the palette."""
FILTERS = [b"true=4 pred=9", b"conf>0.9", b"wrong", b"right suspect", b"index=12", b"true=", b"x"]
OPENERS = [
    b"\x10",
    b"o",
    b"U",
    b"f",
    b"r",
    b"k",
    b"?",
    b"?m",
    b"?m\r",
    b"/",
    b"\t/",
    b"\t\r",
    b"\x10the\r",
]
"""What opens something on top of a view."""


def key_bytes(name: str) -> bytes:
    """What a terminal sends for a key."""
    if name.startswith("ctrl+"):
        return bytes([ord(name[-1]) & 0x1F])
    if name in NAMED:
        return NAMED[name]
    return CHARACTERS[name].encode()


def bound_keys(app: type[RunApp]) -> list[bytes]:
    """What the keys of all bindings send."""
    bindings: list[Binding] = [each for _, group in app.key_groups() for each in group]
    return [key_bytes(key.strip()) for each in bindings for key in each.key.split(",")]


def storm(random: Random, app: type[RunApp], size: int) -> Iterator[bytes]:
    """Pieces of input, each of which belongs together; `size` bytes in all."""
    bound = bound_keys(app)
    moves = [*NAMED.values()]

    def some(keys: list[bytes], most: int) -> bytes:
        return b"".join(random.choices(keys, k=random.randint(1, most)))

    def mouse() -> bytes:
        button = random.choice([0, 0, 0, 2, 35, 35, 64, 65])
        x, y = random.randint(1, 90), random.randint(1, 30)
        report = b"\x1b[<%d;%d;%d" % (button, x, y)
        return (report + b"M" + report + b"m") * random.choice([1, 1, 2, 3])

    def paste() -> bytes:
        return b"\x1b[200~" + random.choice([*FILTERS, b"q\n" * 50, b"a" * 80]) + b"\x1b[201~"

    def opened() -> bytes:
        text = random.choice([*WORDS, *FILTERS, b""])
        return random.choice(OPENERS) + text + some([*moves, *OTHERS], 4)

    kinds: list[tuple[int, Callable[[], bytes]]] = [
        (8, lambda: some(bound, 3)),
        (4, lambda: some(moves, 6)),
        (6, opened),
        (3, lambda: b"\x1b"),
        (2, lambda: random.choice(moves) * random.randint(2, 20)),
        (2, mouse),
        (1, lambda: some(OTHERS, 3)),
        (1, paste),
        (1, lambda: bytes(random.choices(range(32, 127), k=random.randint(1, 8)))),
        (1, lambda: random.randbytes(random.randint(1, 6))),
    ]
    weights, makers = zip(*kinds, strict=True)
    while size > 0:
        (make,) = random.choices(makers, weights)
        piece = make()
        size -= len(piece)
        yield piece
