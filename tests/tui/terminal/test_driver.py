"""Bytes that come from a terminal, and characters that go to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual import events

pytest.importorskip("termios")

from digit_tui.tui.terminal.charset import STAND_INS
from digit_tui.tui.terminal.driver import PASTE_CHARACTERS, PASTE_POLLS, Input, MouseFilter

ESCAPES = st.sampled_from([b"\x1b[", b"\x1b[M", b"\x1b[<", b"\x1b[200~", b"\x1b[48;", b"u", b"t"])
GARBAGE = st.lists(st.one_of(st.binary(max_size=8), ESCAPES), max_size=30)


@given(GARBAGE)
def test_no_bytes_end_it(pieces: list[bytes]) -> None:
    source = Input()
    for piece in pieces:
        for message in source.feed(piece):
            assert not isinstance(message, events.Resize)
    for _ in range(PASTE_POLLS + 1):
        list(source.tick())
        # The escape delay is by the clock: any next byte ends what it waits for.
    list(source.feed(b"\x1b\x1b\x1b"))
    source._parser._timeout_time = 0.0
    list(source.tick())
    assert [message.key for message in source.feed(b"n") if isinstance(message, events.Key)] == [
        "n"
    ]


@given(st.binary(min_size=3, max_size=3), st.integers(0, 6))
def test_mouse_reports_are_blanked_however_they_come(report: bytes, cut: int) -> None:
    data = b"\x1b[M" + report + b"q"
    mouse = MouseFilter()
    if cut >= 3 or b"\x1b" not in report:
        assert mouse.feed(data[:cut]) + mouse.feed(data[cut:]) == b"\x1b[M   q"


def test_a_report_that_does_not_come_whole_takes_no_key() -> None:
    mouse = MouseFilter()
    mouse.feed(b"\x1b[M")
    mouse.reset()
    assert mouse.feed(b"q") == b"q"


def test_a_paste_is_short_and_harmless() -> None:
    text = b"\x1b[200~" + b"a\x07\xc2\x9b" * 10_000 + b"\x1b[201~"
    (paste,) = Input().feed(text)
    assert isinstance(paste, events.Paste)
    assert paste.text.isprintable()
    assert len(paste.text) == PASTE_CHARACTERS


@given(st.characters(exclude_categories=["Cc"]))
def test_a_stand_in_is_as_wide_as_its_character(character: str) -> None:
    for encoding in ("ascii", "iso-8859-1"):
        shown = character.encode(encoding, STAND_INS).decode(encoding)
        assert len(shown) == cell_len(character) or character.isascii()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("▶ training · 1 → 2 ⏸ ✗", "> training | 1 > 2 = x"),
        ("╭─┬╮│█▌▏⠁⣿é漢", "+-++|## .#e??"),
        ("a\udcffz", "a?z"),
    ],
)
def test_stand_ins(text: str, plain: str) -> None:
    assert text.encode("ascii", STAND_INS).decode() == plain
