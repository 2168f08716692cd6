"""A run that version 0.4.0 saved, half-way through, is still a run.

It was made by that version, with

    printf 'step 20\nrate /2\nstep 10\nundo\nstep 5\noptimizer sgd 0.1\nepoch\n'\\
        'fork lr=0.05\nstep 3\nkeep run\nstep 4\nclip norm 1\nepoch\nsave\nquit\n' |
        digit-tui --plain --data sample --side 8 --hidden 8 --epochs 5 --seed 3 --threads 2

and 0.4.0 went on with it, and repeated it, to the sums below.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SAVED = Path(__file__).parent / "run_0_4_0"
ITS_WEIGHTS = "3d7979d2cb299455f137b9a97a87aea098cb7e0281d1581b759e1ee500439018"
WEIGHTS_AT_THE_END = "1fbde3a82412390f808816e5aabfe44074f2f3fa8c6c0c9bff184f7aa210346d"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return shutil.copytree(SAVED, tmp_path / "saved")


def digit_tui(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "digit_tui", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def events_of(*arguments: object) -> list[dict[str, Any]]:
    done = digit_tui("--batch", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def same_bits(versions: dict[str, str]) -> bool:
    """Whether this machine computes as the one did on which the run was made."""
    then = json.loads((SAVED / "run.json").read_text())["versions"]
    return all(versions[name] == then[name] for name in ("numpy", "blas", "machine"))


def test_it_is_gone_on_with_and_repeated(saved: Path, tmp_path: Path) -> None:
    started, restored, *_, ended = events_of("--resume", saved)
    assert (restored["event"], restored["step"]) == ("restored", 64)
    # Versions may be others by now; that is all there is to say about it.
    assert all("results may differ in the last bits" in each for each in restored["complaints"])
    assert (ended["reason"], ended["epochs"], ended["steps"]) == ("finished", 5, 160)

    # On another processor the first half was computed with other last bits: that is said.
    done = digit_tui("--batch", "--json", "--replay", saved, "--run", tmp_path / "again")
    again = json.loads(done.stdout.splitlines()[-1])
    assert (again["reason"], again["steps"]) == ("finished", 160)
    assert again["test_accuracy"] == pytest.approx(ended["test_accuracy"], abs=0.02)
    if same_bits(started["versions"]):
        assert done.returncode == 0, done.stderr
        assert ended["weights_sha256"] == again["weights_sha256"] == WEIGHTS_AT_THE_END


def test_it_is_repeated_up_to_where_it_stands(saved: Path, tmp_path: Path) -> None:
    done = digit_tui("--batch", "--json", "--replay", saved, "--run", tmp_path / "again")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert (events[-1]["steps"], events[-1]["epochs"]) == (64, 2)
    if same_bits(events[0]["versions"]):
        assert done.returncode == 0, done.stderr
        assert events[-1]["weights_sha256"] == ITS_WEIGHTS


@pytest.mark.long
def test_it_is_shown_compared_and_measured(saved: Path) -> None:
    shown = digit_tui("runs", "show", saved)
    assert shown.returncode == 0, shown.stderr
    assert "clip by norm 1" in shown.stdout
    assert "undone" in shown.stdout
    other = shutil.copytree(saved, saved.with_name("other"))
    compared = digit_tui("runs", "compare", saved, other)
    assert compared.returncode == 0, compared.stderr
    assert "All settings are the same." in compared.stdout
    measured = digit_tui("evaluate", saved, "--json")
    assert measured.returncode == 0, measured.stderr
    assert json.loads(measured.stdout)["step"] == 64
