"""`digit-tui mistakes` on small runs, and a reader of its page."""

from __future__ import annotations

import json
import struct
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from digit_tui.cli.main import cli
from digit_tui.training import saving

SMALL = ["--batch", "--data", "sample", "--preset", "classic", "--hidden", "16", "--threads", "1"]
EPOCHS = 8
UNSAFE = {*map(chr, range(32)), *map(chr, range(127, 160)), "\u202e"} - {"\n"}


def train(folder: Path, *options: str, status: int = 0) -> Path:
    words = [*SMALL, "--epochs", str(EPOCHS), *options, "--run", str(folder)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(saving, "SAVE_SHARE", 0.0)  # only what has cost nothing so far
        result = CliRunner().invoke(cli, words, prog_name="digit-tui")
    assert result.exit_code == status, result.stderr
    return folder


def tell(folder: Path | str, *arguments: str | Path) -> Result:
    words = ["mistakes", str(folder), *map(str, arguments)]
    result = CliRunner().invoke(cli, words, prog_name="digit-tui")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def succeed(folder: Path | str, *arguments: str | Path) -> str:
    result = tell(folder, *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout_bytes.decode()


def objects(folder: Path | str, *arguments: str | Path) -> list[dict[str, Any]]:
    def refuse(word: str) -> None:
        pytest.fail(f"{word} is no JSON")

    lines = succeed(folder, "--json", *arguments).splitlines()
    return [json.loads(line, parse_constant=refuse) for line in lines]


class Page(HTMLParser):
    """Reads a page, and checks that what is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def text_of(self, tag: str) -> str:
        return "".join(text for name, text in self.texts if name == tag)


def pixels(png: bytes) -> np.ndarray:
    """The grey levels of a PNG file without filters, each of whose sums is checked."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, place = {}, 8
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        name, content = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        (total,) = struct.unpack_from(">I", png, place + 8 + length)
        assert total == zlib.crc32(name + content)
        chunks[name] = content
        place += 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, *kind = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert kind == [8, 0, 0, 0, 0]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, 1 + width)
    assert not rows[:, 0].any()
    return rows[:, 1:]
