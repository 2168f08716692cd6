"""`digit-tui report` on small runs, and a reader of its page."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

from click.testing import CliRunner, Result

from digit_tui.cli.main import cli

SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)


def tell(folder: Path | str, *arguments: str | Path) -> Result:
    words = ["report", str(folder), *map(str, arguments)]
    result = CliRunner().invoke(cli, words, prog_name="digit-tui")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def succeed(folder: Path | str, *arguments: str | Path, told: str = "") -> str:
    """The page; `told` is in what is said on stderr, where nothing else may be."""
    result = tell(folder, "--html", "-", *arguments)
    assert result.exit_code == 0, result.stderr
    assert (told in result.stderr) if told else not result.stderr, result.stderr
    return result.stdout_bytes.decode("ascii")


def section(page: str, name: str) -> str:
    """The markup of a section."""
    found = re.search(rf'<section id="{name}">(.*?)</section>', page, re.DOTALL)
    assert found is not None, name
    return found.group(1)


def words(markup: str) -> str:
    """What a person reads there."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def rows(markup: str, number: int = 0) -> list[list[str]]:
    """The cells of the body of a table."""
    body = re.findall(r"<tbody>(.*?)</tbody>", markup, re.DOTALL)[number]
    return [
        [words(cell) for cell in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.DOTALL)]
        for row in re.findall(r"<tr.*?>(.*?)</tr>", body, re.DOTALL)
    ]


def facts(markup: str) -> dict[str, str]:
    """Headings and their texts."""
    found = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", markup, re.DOTALL)
    return {words(name): words(value) for name, value in found}


def charts(page: str) -> list[ElementTree.Element]:
    """The charts, each of which must be well-formed XML."""
    return [ElementTree.fromstring(unescape_names(each)) for each in SVG.findall(page)]


def unescape_names(markup: str) -> str:
    """HTML's names of characters, other than those that XML has, must not be used."""
    assert not re.search(r"&(?!amp;|lt;|gt;|quot;|#)", markup)
    return markup
