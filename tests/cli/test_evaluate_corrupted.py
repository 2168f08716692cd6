"""`digit-tui evaluate --corrupt`."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.cli import SMALL, Program, run

from digit_tui.cli import evaluate_corrupted
from digit_tui.data import Dataset, write_idx
from digit_tui.insight.corruptions import CORRUPTIONS, corrupt
from digit_tui.nn import evaluate
from digit_tui.storage.saved_run import SavedRun


@pytest.fixture
def few(sample: Dataset, tmp_path: Path) -> Path:
    """A folder with 80 digits of the sample."""
    folder = tmp_path / "few"
    folder.mkdir()
    for split, images, labels in (
        ("train", sample.train_images, sample.train_labels),
        ("t10k", sample.test_images, sample.test_labels),
    ):
        write_idx(folder / f"{split}-images-idx3-ubyte.gz", images[:80].reshape(-1, 28, 28))
        write_idx(folder / f"{split}-labels-idx1-ubyte.gz", labels[:80])
    return folder


def test_all_numbers_are_those_of_the_network(
    finished: tuple[Path, dict[str, Any]], few: Path, sample: Dataset
) -> None:
    folder, ended = finished
    result = run("evaluate", str(folder), "--corrupt", "--data", str(few), "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert (found["step"], found["test_total"], found["against"]) == (ended["steps"], 80, None)
    network = SavedRun.read(folder).checkpoint().network
    errors = []
    for corruption, told in zip(CORRUPTIONS, found["corruptions"], strict=True):
        assert told["corruption"] == corruption.name
        assert tuple(told["levels"]) == corruption.levels
        for strength, correct in enumerate(told["correct"]):
            images = corrupt(sample.test_images[:80], 28, corruption, strength)
            assert evaluate(network, images, sample.test_labels[:80]).correct == correct
        accuracy = np.mean(told["correct"][1:]) / 80
        assert told["mean_accuracy"] == pytest.approx(accuracy)
        errors.append(1 - accuracy)
    assert found["mean_corruption_error"] == pytest.approx(np.mean(errors))


def test_two_runs_for_people_and_for_programs(
    finished: tuple[Path, dict[str, Any]], few: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    assert run(*SMALL, "--hidden", "8", "--seed", "9", "--run", str(other)).exit_code == 0
    asked = ["evaluate", str(finished[0]), "--corrupt", "--data", str(few), "--against"]
    found = json.loads(run(*asked, str(other), "--json").stdout)
    reverse = ["evaluate", str(other), "--corrupt", "--data", str(few), "--json"]
    alone = json.loads(run(*reverse).stdout)
    relative = found["against"].pop("relative_corruption_error")
    assert alone.pop("against") is None
    assert found["against"] == alone
    result = run(*asked, str(other))
    assert (result.exit_code, result.stderr) == (0, "")
    assert all(len(line) <= 80 for line in result.stdout.splitlines()[2:])
    assert "Right, in % of 80 test digits" in result.stdout
    last = result.stdout.splitlines()[-1]
    assert last == (
        f"mean corruption error {found['mean_corruption_error']:.2%}, "
        f"other {alone['mean_corruption_error']:.2%}; relative to it {relative:.1%}"
    )


def test_what_cannot_be_compared(
    finished: tuple[Path, dict[str, Any]], few: Path, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    assert run(*SMALL, "--side", "14", "--run", str(small)).exit_code == 0
    asked = ["evaluate", str(finished[0]), "--corrupt", "--data", str(few), "--against"]
    result = run(*asked, str(small))
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        f"digit-tui: {small} reads images of 14 pixels a side, not of 28: they cannot be compared\n"
    )
    result = run(*asked, str(tmp_path / "nowhere"))
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.count("\n") == 1


def test_against_needs_corrupt(program: Program) -> None:
    ended = program("evaluate", "last", "--against", "last")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert (
        ended.stderr
        == "digit-tui: --against is for --corrupt only (see digit-tui evaluate --help)\n"
    )


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("seconds", [0.0, 1e9])
def test_progress_is_shown_after_a_second_and_taken_away(
    seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(evaluate_corrupted, "QUIET_SECONDS", seconds - 1)

    def interrupted() -> None:
        with evaluate_corrupted._progress() as show:
            show(9)
            show(10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    written = terminal.getvalue()
    if seconds:
        assert written == ""
    else:
        line = "10 of 50 measured"
        assert written == f"9 of 50 measured\r{line}\r{' ' * len(line)}\r"


def test_an_interrupted_one_ends_by_its_signal(
    finished: tuple[Path, dict[str, Any]], program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(evaluate_corrupted, "measure", interrupted)
    ended = program("evaluate", str(finished[0]), "--corrupt")
    assert (ended.exit_code, ended.stdout) == (130, "")
    assert "Traceback" not in ended.stderr
