"""The README's tables say what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from digit_tui.cli.main import cli
from digit_tui.cli.mistakes import CSV_COLUMNS
from digit_tui.cli.subcommands import mistakes
from digit_tui.insight.selection import NUMBERS, ORDERS, SETS, STATES
from digit_tui.tui.app import DigitApp
from digit_tui.tui.replay import ReplayApp

README = Path(__file__).parents[1] / "README.md"
ROW = re.compile(r"^\| (?P<first>.*?) \| (?P<second>.*?) ?\|$", re.MULTILINE)


def table(start: str, first: str) -> list[tuple[str, str]]:
    """The rows of the table after the heading `start` whose first column is called `first`."""
    text = README.read_text(encoding="utf-8")
    found = re.search(rf"^(#+ )?{re.escape(start)}:?$", text, re.MULTILINE)
    assert found is not None, f"no heading {start!r}"
    body = text[text.index(f"| {first} |", found.end()) :].split("\n\n", 1)[0]
    _, _, *rows = ROW.findall(body.replace(r"\|", "\N{BROKEN BAR}"))
    return [(left, right) for left, right in rows]


GROUPS = dict(DigitApp.key_groups()) | {"Replay": ReplayApp.key_groups()[0][1]}


@pytest.mark.parametrize("title", GROUPS)
def test_the_keys(title: str) -> None:
    display = DigitApp.get_key_display
    app = DigitApp.__new__(DigitApp)
    wanted = [(f"`{display(app, binding)}`", binding.tooltip) for binding in GROUPS[title]]
    assert table(title, "key") == wanted


def test_the_options() -> None:
    named = {
        word for left, _ in table("Options", "option") for word in re.findall(r"--[a-z-]+", left)
    }
    options = [option for option in cli.params if isinstance(option, click.Option)]
    known = {name for option in options for name in (*option.opts, *option.secondary_opts)}
    assert named == known | {"--help"}


def test_choices_are_named() -> None:
    rows = dict(table("Options", "option"))
    for option in cli.params:
        if isinstance(option.type, click.Choice):
            (meaning,) = [right for left, right in rows.items() if f"`{option.opts[0]}`" in left]
            assert all(f"`{choice}`" in meaning for choice in option.type.choices)


def test_the_options_of_mistakes() -> None:
    rows = dict(table("The digits that a run gets wrong", "option"))
    named = {word for left in rows for word in re.findall(r"--[a-z-]+", left)}
    options = [option for option in mistakes.params if isinstance(option, click.Option)]
    assert named == {name for option in options for name in option.opts}
    words = re.findall("`([a-z]+)", rows["`--select`"])
    assert set(words) == {*SETS, *NUMBERS, *STATES}
    assert re.findall("`([a-z]+)`", rows["`--sort`"]) == [*ORDERS, "loss"]
    columns = re.findall("`([a-z]+)`", rows["`--json`"])
    assert [name for name in columns if name != "probabilities"] == list(CSV_COLUMNS)
