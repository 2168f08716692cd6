"""Lines in and out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from digit_tui.plain.lines import EndOfInput, Line, LineReader, Transcript, wrapped
from digit_tui.session.output import Output


def read_all(chunks: Iterable[bytes]) -> list[str]:
    """What comes of bytes in a pipe."""
    reading, writing = os.pipe()
    for chunk in chunks:
        os.write(writing, chunk)
    os.close(writing)
    inbox: SimpleQueue[Line | EndOfInput] = SimpleQueue()
    lines = []
    with open(reading, encoding="utf-8") as stream:
        reader = LineReader(stream)
        reader.start(inbox.put)
        while True:
            assert inbox.empty()  # nothing comes before it is wanted
            reader.more()
            item = inbox.get(timeout=10)
            if isinstance(item, EndOfInput):
                return lines
            lines.append(item.text)


def test_lines_come_when_they_are_wanted() -> None:
    assert read_all([b"one\ntw", b"o\r\n\nlast"]) == ["one", "two\r", "", "last"]
    assert read_all([]) == []
    assert read_all(["\ufeffone\n".encode(), b"\xff\n"]) == ["one", "\ufffd"]


def test_what_has_no_end_is_cut() -> None:
    assert [len(line) for line in read_all([b"x" * 60_000, b"y"])] == [60_001]


@pytest.mark.parametrize("stream", [None, "closed"])
def test_no_standard_input_is_the_end(stream: Any, tmp_path: Path) -> None:
    if stream is not None:
        (tmp_path / "file").touch()
        stream = open(tmp_path / "file")  # noqa: SIM115
        stream.close()
    inbox: SimpleQueue[Line | EndOfInput] = SimpleQueue()
    reader = LineReader(stream)
    reader.start(inbox.put)
    reader.more()
    assert inbox.get(timeout=10) == EndOfInput()


def test_a_prompt_stands_in_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    transcript = Transcript(Output(), prompt=True)
    transcript.prompt()
    transcript.prompt()
    transcript.record("news\x1b[2J")
    transcript.write("more")
    transcript.prompt()
    transcript.line_entered()
    transcript.write("an answer")
    assert capsys.readouterr().out == "> \nnews?[2J\nmore\n> an answer\n"
    assert list(transcript.log) == ["news\x1b[2J"]


def test_a_terminal_does_not_break_a_line_within_a_word() -> None:
    line = "fork optimizer=NAME,lr=X,clip-norm=X trains a copy beside the run"
    for columns in (40, 50, len(line) - 1):
        lines = wrapped(line, columns)
        assert all(len(each) <= columns for each in lines)
        assert " ".join(each.strip() for each in lines) == line
    assert wrapped(line, len(line)) == [line]
