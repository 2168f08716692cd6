"""`digit-tui manual`, and the texts that it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.text import Text
from support.rarely import endurance

from digit_tui import __version__, manual
from digit_tui.cli import manual as command
from digit_tui.cli.main import cli
from digit_tui.manual import TOPICS, NoSuchTopic, find, glossary, read, topics
from tests.test_import_hygiene import imported_by

WIDTHS = (54, 80, 100)
"""The inside of a dialog in a terminal of 60 columns, a terminal, and the widest."""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["manual", *arguments], prog_name="digit-tui")


# Topics


def test_each_file_is_a_topic_and_begins_with_its_title() -> None:
    here = {file.name for file in files(manual).iterdir() if file.name.endswith(".md")}
    assert here == {"CHANGES.md", *(f"{topic}.md" for topic in TOPICS if topic != "changes")}
    assert list(topics()) == list(TOPICS)
    for topic, title in topics().items():
        assert read(topic).startswith(f"# {title}\n\n")
        assert read(topic).endswith("\n")
        assert len(title) <= 40


def test_topics_that_a_topic_names_are_there() -> None:
    for topic in TOPICS:
        for named in re.findall(r"digit-tui manual ([a-z]+)", read(topic)):
            assert named in TOPICS


def test_the_glossary_is_in_alphabetical_order_and_has_what_hard_words_mean() -> None:
    words = glossary()
    assert list(words) == sorted(words)
    assert {"elastic", "shift", "affine"} <= set(re.findall(r"\w+", words["augmentation"]))
    assert len(words) == read("glossary").count("\n- **")


def test_this_version_has_an_entry_in_the_changes() -> None:
    assert f"\n## {__version__}" in read("changes")


def test_a_beginning_of_a_name_will_do() -> None:
    assert find("optio") == "options"
    assert find("RUNS") == "runs"
    assert [find(topic) for topic in TOPICS] == list(TOPICS)
    with pytest.raises(
        NoSuchTopic, match="'s' could be start or scripts or sweep or statuses or speed"
    ):
        find("s")
    with pytest.raises(NoSuchTopic, match=r"did you mean teach[?] Its topics are"):
        find("teaching")
    for name in ("", " ", "x", "optionsx"):
        with pytest.raises(NoSuchTopic, match=f"no topic .*{', '.join(TOPICS)}"):
            find(name)


# The command


def test_without_a_topic_all_are_listed() -> None:
    done = run()
    assert done.exit_code == 0
    head, empty, *rows = done.stdout.splitlines()
    assert "digit-tui manual TOPIC" in head
    assert not empty
    assert [tuple(row.split(maxsplit=1)) for row in rows] == list(topics().items())
    assert max(map(len, rows)) <= 80


@pytest.mark.parametrize("topic", TOPICS)
def test_in_a_pipe_a_topic_is_the_markdown_as_it_is_written(topic: str) -> None:
    done = run(topic)
    assert (done.exit_code, done.stdout, done.stderr) == (0, read(topic), "")


def test_an_unknown_topic_is_one_line_that_names_them_all() -> None:
    done = run("\x1b[2Jnothing")
    assert (done.exit_code, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.isprintable()
    assert line.startswith("digit-tui: the manual has no topic ")
    assert line.endswith(", ".join(TOPICS))


def test_in_a_pipe_no_interface_is_imported(tmp_path: Path) -> None:
    modules = imported_by(tmp_path, "manual", "keys") | imported_by(tmp_path, "manual")
    assert modules.isdisjoint({"textual", "rich", "markdown_it", "plotext"})


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_is_told() -> None:
    with open("/dev/full", "w") as disk:
        done = subprocess.run(
            [sys.executable, "-m", "digit_tui", "manual", "keys"],
            stdout=disk,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 74
    assert done.stderr == "digit-tui: cannot write to standard output: No space left on device\n"


@pytest.mark.skipif(os.name != "posix", reason="a closed pipe is known by EPIPE")
def test_a_reader_that_went_away_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "digit_tui", "manual", "keys"],
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (141, "")


# On a terminal


@pytest.mark.parametrize("width", [WIDTHS[0], *endurance(*WIDTHS[1:])])
@pytest.mark.parametrize("topic", TOPICS)
def test_laid_out_it_fits_and_nothing_is_cut_off(topic: str, width: int) -> None:
    shown = Text.from_ansi(command.laid_out(read(topic), width)).plain
    assert max(map(len, shown.splitlines())) <= width
    assert "…" not in shown
    assert "\x1b]8;" not in command.laid_out(read(topic), width)  # no link to click on
    for word in re.findall(r"^\| `([^`]{1,20})` \|", read(topic), re.MULTILINE):
        assert word.replace("\\|", "|") in shown


@pytest.mark.parametrize(
    ("term", "encoding", "styled"),
    [
        ("xterm", "utf-8", True),
        ("dumb", "utf-8", False),
        ("xterm", "ascii", False),
    ],
)
def test_a_terminal_gets_styles_if_it_can_show_them(
    term: str, encoding: str, styled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal:
        closed = False

        def __init__(self) -> None:
            self.encoding = encoding

        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert command.draws() is styled


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_a_topic_is_paged_on_a_terminal(tmp_path: Path) -> None:
    """The pager gets what is laid out, with its styles."""
    import pty

    pager = tmp_path / "less"
    got = tmp_path / "got"
    pager.write_text(f"#!/bin/sh\ncat > {got}\n")
    pager.chmod(0o755)
    controller, terminal = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "digit_tui", "manual", "status"],
        stdin=terminal,
        stdout=terminal,
        stderr=subprocess.PIPE,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "70", "PAGER": str(pager)},
        text=True,
        check=False,
        timeout=60,
    )
    os.close(terminal)
    os.close(controller)
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        got.read_text(encoding="utf-8").rstrip() == command.laid_out(read("statuses"), 70).rstrip()
    )
