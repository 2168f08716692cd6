"""`digit-tui data`."""

from __future__ import annotations

import errno
import os
import signal
from typing import Any

import pytest
from support.cli import ESCAPE, run, unsafe


def test_data_lists_what_is_here() -> None:
    result = run("data")
    assert result.exit_code == 0
    here, absent, own = result.stdout.splitlines()
    assert here.startswith("sample")
    assert "4,000 training and 1,000 test" in here
    assert absent.startswith("mnist")
    assert "digit-tui data fetch" in absent
    assert own.startswith("mine    not here")


def test_data_show_draws_digits_with_their_labels(
    sample: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    arguments = ["data", "show", "--data", "sample", "--count", "3", "--index", "5"]
    result = run(*arguments, "--set", "test")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines.pop() == "3 of 1,000; --index 8 shows more"
    assert len(lines) == 2 * (1 + 14 + 1)  # two beside each other, then the third
    assert max(map(len, lines)) <= 80
    captions = [lines[0].split("  "), lines[16].split("  ")]
    found = [[word.strip() for word in caption if word.strip()] for caption in captions]
    labels = [int(label) for label in sample.test_labels[5:8]]
    assert found == [
        ["#5", f"label {labels[0]}", "#6", f"label {labels[1]}"],
        ["#7", f"label {labels[2]}"],
    ]
    for drawing in (lines[1:15], lines[17:31]):
        assert sum(bool(line.strip()) for line in drawing) >= 7  # a digit is 20 of 28 pixels high
    assert run(*arguments).stdout != result.stdout  # the training images


def test_data_show_stops_at_the_last_digit() -> None:
    result = run("data", "show", "--data", "sample", "--index", "3999", "--count", "5")
    assert result.exit_code == 0
    assert result.stdout.count("label") == 1


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        (["--data", "sample", "--index", "4000"], 2, "--index"),
        (["--data", "sample", "--count", "0"], 2, "--count"),
        (["--data", "no-such-folder"], 3, "no-such-folder"),
        (["--data", "mnist"], 3, "data fetch"),
    ],
)
def test_data_show_says_why_it_cannot(arguments: list[str], status: int, word: str) -> None:
    result = run("data", "show", *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert word in result.stderr


def test_fetch_reports_the_disk_as_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), ESCAPE)

    monkeypatch.setattr("digit_tui.cli.data.fetch_mnist", full)
    result = run("data", "fetch")
    assert (result.exit_code, result.stdout) == (74, "")
    assert os.strerror(errno.ENOSPC) in result.stderr
    assert unsafe(result.stderr) == {"\n"}


def test_an_interrupted_fetch_is_ended_by_its_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(progress: Any, **_: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        while True:
            progress("digits", 0, 1)

    monkeypatch.setattr("digit_tui.cli.data.fetch_mnist", endless)
    # Who starts the tests in the background of a script has them ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        result = run("data", "fetch")
    finally:
        signal.signal(signal.SIGINT, before)
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr.startswith("digit-tui: interrupted")
