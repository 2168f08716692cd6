"""What a session answers to `rate find`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.plain import CONFIG, Converse, Typed, headless

from digit_tui.data import Dataset
from digit_tui.insight import rate_finder
from digit_tui.plain.run_signals import Interrupted
from digit_tui.plain.session import Session
from digit_tui.run import commands
from digit_tui.run.rate_search import RateSearch
from digit_tui.session.output import Output
from digit_tui.training.run_request import RunRequest

LEARNS = {"hidden": (32,), "augment": "none", "schedule": "constant"}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few steps."""
    monkeypatch.setattr(rate_finder, "FEWEST", 100)
    monkeypatch.setattr(rate_finder, "MOST", 100)


def test_finding_a_rate_changes_nothing(converse: Converse, sample: Dataset) -> None:
    ended = converse("step 3", "rate find", "epoch", "rate f", "quit")
    assert (ended.status, ended.err) == (0, "")
    ended.find(r"^range test at epoch 0\.09, step 3, with adam:$")
    ended.find(r"^range test at epoch 1\.00, step 32, with adam:$")
    found = ended.all(r"^steepest fall at [\d.]+; a tenth of the minimum's: [\d.]+; you are at ")
    assert len({*found}) == 2
    assert len(ended.all(r"^ +rate +loss +smoothed$")) == 2
    assert len(ended.all(r"  steepest fall(,|$)")) == 2
    assert 2 * 12 <= len(ended.all(r"^ +[\d.e-]+ +[\d.]+ +[\d.]+")) <= 2 * 17
    assert ended.sha256 == headless(sample, (32, commands.Stop())).weights_sha256


def test_what_it_says_is_taken_by_the_command_that_it_names(
    converse: Converse, tmp_path: Path
) -> None:
    """The same lines give the same numbers again."""
    first = converse("step", "rate find", "quit", **LEARNS)
    command = first.find("^to take the suggested rate: rate ").removeprefix(
        "to take the suggested rate: "
    )
    request = RunRequest(CONFIG.with_(**LEARNS), tmp_path / "again")
    ended = converse("step", "rate find", command, "undo", "quit", request=request)
    assert ended.find("^to take the suggested rate: ") == f"to take the suggested rate: {command}"
    ended.find(f"set learning rate 0.001 → {command.removeprefix('rate ')}$")
    assert ended.run.settings.learning_rate == 0.001


def test_the_schedule_makes_a_part_of_what_is_set(converse: Converse) -> None:
    ended = converse("step", "rate find", "quit", schedule="onecycle")
    ended.find(r"^a rate that is set is the base rate: the schedule makes 0\.0\d+ of it now ")


def test_beside_a_fork_none_is_looked_for(converse: Converse) -> None:
    ended = converse("step", "fork lr=0.5", "rate find", "keep run", "quit")
    ended.find("^rate: there is a fork beside the run; keep run or keep fork")
    assert ended.status == 2


def test_other_words_are_refused(converse: Converse) -> None:
    ended = converse("rate fond", "rate find 3", "quit")
    assert len(ended.all("^rate: ")) == 2
    assert ended.status == 2


def test_ctrl_c_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    session = Session(
        RunRequest(CONFIG, tmp_path / "run"),
        Typed(["pause", "rate find", "status", "quit"]),
        Output(),
        terminal=True,
        prompt=False,
    )
    yielded = []

    def endless(search: RateSearch) -> Iterator[int]:
        while True:
            yielded.append(search.most)
            if len(yielded) == 3:
                session._inbox.put(Interrupted())
            yield len(yielded)

    monkeypatch.setattr(RateSearch, "steps", endless)
    session.converse()
    assert 3 <= len(yielded) < 10
    assert session.close() == 0
    out = capsys.readouterr().out
    assert "rate: not found to the end\n" in out
