"""What a session answers to `corrupt`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.plain import CONFIG, Converse, Typed, headless

from digit_tui.data import Dataset
from digit_tui.insight import robustness
from digit_tui.insight.robustness import NAMES
from digit_tui.plain.robustness import answer
from digit_tui.plain.run_signals import Interrupted
from digit_tui.plain.session import Session
from digit_tui.run import commands
from digit_tui.session.output import Output
from digit_tui.session.run_status import RunStatus
from digit_tui.training.run_request import RunRequest


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only some digits are measured."""
    monkeypatch.setattr(robustness, "MOST", 50)


def test_measuring_changes_nothing(converse: Converse, sample: Dataset) -> None:
    ended = converse("step 3", "corrupt", "epoch", "corrupt")
    assert (ended.status, ended.err) == (0, "")
    ended.find(r"^run at epoch 0\.\d\d, step \d: right, in % of 50 test digits,$")
    ended.find(r"^run at epoch 1\.00, step 32: right, in % of 50 test digits,$")
    for name in NAMES:
        assert len(ended.all(rf"^{name} +\d+\.00 ")) == 2
    assert len(ended.all(r"^mean corruption error \d+\.\d\d%$")) == 2
    assert ended.sha256 == headless(sample, (64, commands.Stop())).weights_sha256


def test_a_fork_is_compared_with_its_run(converse: Converse) -> None:
    ended = converse("step", "fork lr=0.5", "epoch", "corrupt", "quit")
    ended.find(r"^run at epoch 1\.00, step 32: ")
    ended.find(r"^fork at epoch 1\.00, step 32: ")
    alone, fork = ended.all("^mean corruption error ")
    own = alone.removeprefix("mean corruption error ")
    assert f", run {own}; relative to it " in fork


def test_before_the_first_evaluation() -> None:
    assert list(answer(RunStatus(CONFIG))) == [["not evaluated yet"]]


def test_ctrl_c_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = Typed(["pause", "corrupt", "status", "quit"])
    request = RunRequest(CONFIG, tmp_path / "run")
    session = Session(request, lines, Output(), terminal=True, prompt=False)
    yielded = []

    def endless(run: RunStatus) -> Iterator[None]:
        while True:
            yielded.append(run.state)
            if len(yielded) == 3:
                session._inbox.put(Interrupted())
            yield None

    monkeypatch.setattr("digit_tui.plain.robustness.answer", endless)
    session.converse()
    assert 3 <= len(yielded) < 10
    assert session.close() == 0
    out = capsys.readouterr().out
    assert "corrupt: not measured to the end\n" in out
    assert "ctrl+c again saves and leaves, go continues training\n" in out
