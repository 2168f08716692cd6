"""Whole sessions: what lines do to a run, what is printed, how it ends."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from support.plain import Converse, headless

from digit_tui.data import Dataset
from digit_tui.run import commands
from digit_tui.storage.run_writer import RunWriter
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.run_request import resume_request


def test_what_is_steered_by_lines_is_what_is_computed(converse: Converse, sample: Dataset) -> None:
    ended = converse(
        *["optimizer sgd", "rate *2"],  # there at the start: before the first step
        *["step 3", "opt mom", "rate /2"],
        *["epoch", "augment none", "step", "clip norm 1", "status", "mistakes", "save"],
        *["go", "wait", "epochs 1", "wait"],
    )
    script = [
        *[(0, commands.SetOptimizer("sgd")), (0, commands.ScaleLearningRate(2.0))],
        *[(3, commands.SetOptimizer("momentum")), (3, commands.ScaleLearningRate(0.5))],
        *[(32, commands.SetAugmentation("none")), (33, commands.SetClipping(norm=1.0))],
        *[(64, commands.AddEpochs(1)), (96, commands.Stop())],
    ]
    alone = headless(sample, *script)
    assert ended.status == 0
    assert ended.run.ended is not None
    assert ended.run.ended.steps == alone.steps == 96
    assert ended.sha256 == alone.weights_sha256
    assert ended.find("^Weights").split() == ["Weights", alone.weights_sha256]
    assert ended.sha256 != headless(sample, (64, commands.Stop())).weights_sha256


def test_without_a_line_it_trains_to_its_end_and_reports(
    converse: Converse, sample: Dataset, tmp_path: Path
) -> None:
    ended = converse()
    assert ended.status == 0
    assert ended.sha256 == headless(sample, (64, commands.Stop())).weights_sha256
    accuracy = SavedRun.read(tmp_path / "run").record["results"]["test_accuracy"]
    assert ended.lines[0] == "sample: 4,000 training and 1,000 test images"
    assert ended.lines[1] == "training 6,370 parameters"
    assert [line.split(":")[0] for line in ended.lines[2:4]] == ["epoch 1", "epoch 2"]
    assert ended.lines[4].startswith(f"Test accuracy  {accuracy:.2%}")
    assert ended.find("^Trained").endswith("(finished)")
    assert ended.lines[-1].split() == ["Run", str(tmp_path / "run")]


def test_an_optimizer_from_a_pipe_is_that_of_the_whole_run(
    converse: Converse, sample: Dataset
) -> None:
    ended = converse("optimizer sgd")
    assert ended.find("optimizer adam").startswith("epoch 0.00: set optimizer adam → sgd")
    assert (
        ended.sha256
        == headless(sample, (0, commands.SetOptimizer("sgd")), (64, commands.Stop())).weights_sha256
    )


def test_steps_in_a_row_leave_one_line(converse: Converse) -> None:
    ended = converse("step", "step 4", "step 2", "quit")
    assert [re.sub(": .*", "", line) for line in ended.all("^paused")] == [
        "paused after one batch at epoch 0.03 of 2, step 1",
        "paused after 4 batches at epoch 0.16 of 2, step 5",
        "paused after 2 batches at epoch 0.22 of 2, step 7",
    ]
    assert all(
        re.search(r": batch loss \d\.\d{4}; test \d+\.\d\d%, loss \d\.\d{4}$", line)
        for line in ended.all("^paused")
    )


def test_steps_end_where_the_run_does(converse: Converse) -> None:
    ended = converse("step 1000", "step", epochs=1)
    assert ended.run.step == 32
    assert len(ended.all("All epochs are done")) == 1
    assert ended.status == 2  # of the last line
    assert ended.run.all_done


def test_what_is_said_already_is_said(converse: Converse) -> None:
    ended = converse("pause", "pause", "augment shift", "go", "go", "quit", epochs=100_000)
    paused, again = ended.all("^paused")
    assert paused == again
    assert paused.startswith("paused at epoch 0.00 of 100000, step 0: test ")
    assert ended.all("nothing changes: the setting has that value already")
    assert ended.all("^training resumed$")
    assert len(ended.all("^training at epoch")) == 1


def test_wrong_lines_change_nothing(converse: Converse, sample: Dataset, tmp_path: Path) -> None:
    wrong = ["fly", "rate fast", "optimizer tiger", "keep fork", "rate 1e30", "rate *1e30", "undo"]
    ended = converse(*wrong, "fork augment=flip", "back 7", "digit 1000", "fork augment=shift")
    assert ended.status == 2
    assert (
        ended.sha256
        == headless(
            sample, (0, commands.SetLearningRate(1e30)), (0, commands.Undo()), (64, commands.Stop())
        ).weights_sha256
    )
    assert ended.sha256 == headless(sample, (64, commands.Stop())).weights_sha256
    for words in (
        "there is no command 'fly'",
        "There is no fork to choose from: fork starts one",
        "is not a positive number up to 1e[+]30",
        "No fork: augmentation: 'flip' is none of",
        "back: the timeline has rows 1 to",
        "digit: there are 1,000 test digits, counted from 0",
        "No fork: it would do the same as the run; fork with another value",
    ):
        assert len(ended.all(words)) == 1, words
    assert ended.err == ""


def test_saving(converse: Converse, tmp_path: Path) -> None:
    ended = converse("step 2", "save", "status", "quit")
    assert ended.all("^saved step 2 in run$") == ["saved step 2 in run"] * 2
    assert SavedRun.read(tmp_path / "run").checkpoint().state.step == 2
    assert ended.find("^Trained").endswith("(stopped)")


def test_a_disk_that_refuses(
    converse: Converse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RunWriter, "save", refuse)
    ended = converse("step", "save", "save", "status")
    words = f"not saved: No space left on device: {tmp_path / 'run'}"
    assert ended.status == 74
    told = [line for line in ended.lines if line.startswith(words)]
    assert 3 <= len(told) <= 4  # each save that was asked for, and the status
    assert told.count(f"{words}; save tries again now") >= 2
    assert ended.err == f"digit-tui: {words}\n"


def test_waiting_for_an_epoch(converse: Converse) -> None:
    ended = converse("wait 3", "pause", "quit", epochs=100_000)
    assert ended.run.epoch >= 3
    (standing,) = ended.all("^training at epoch .* of 100000, step ")
    assert float(standing.split()[3]) >= 3


def test_remarks_and_empty_lines_are_nothing(converse: Converse) -> None:
    ended = converse("# pause", "", "   ")
    assert ended.status == 0
    assert not ended.all("paused")


def test_going_on_with_a_run(converse: Converse, sample: Dataset, tmp_path: Path) -> None:
    assert converse("step 5", "optimizer sgd", "quit").status == 0
    ended = converse("status", request=resume_request(tmp_path / "run"))
    assert ended.find("^resuming at epoch 0.16, step 5$")
    alone = headless(sample, (5, commands.SetOptimizer("sgd")), (64, commands.Stop()))
    assert ended.sha256 == alone.weights_sha256


def test_a_run_that_is_done_is_done(converse: Converse, tmp_path: Path) -> None:
    assert converse().status == 0
    lines = "status", "go", "epochs 1", "wait"
    ended = converse(*lines, request=resume_request(tmp_path / "run"))
    assert ended.status == 2
    assert ended.find("^all epochs are done at epoch 2.00 of 2, step 64: test ")
    assert ended.find("All epochs are done")
    assert ended.run.epoch == 3


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        ({"data": "no/such/place"}, 3, "no such folder"),
        ({}, 2, "holds a run already"),
    ],
    ids=["data", "run"],
)
def test_what_cannot_begin_says_why(
    options: Any, status: int, words: str, converse: Converse, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{}")
    ended = converse("status", **options)
    assert ended.status == status
    assert words in ended.err
    assert ended.err.count("\n") == 1


def test_a_fault_of_our_own_is_told(converse: Converse, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("by\x1b design")

    monkeypatch.setattr("digit_tui.training.run_request.Trainer", fail)
    ended = converse("status")
    assert ended.status == 1
    assert "digit-tui: RuntimeError: by? design\n" in ended.err
    assert "Traceback" in ended.err


def test_the_end_of_what_is_typed_saves_and_leaves(converse: Converse, tmp_path: Path) -> None:
    ended = converse("step 2", terminal=True, epochs=100_000)
    assert ended.status == 0
    assert ended.lines[0] == "type help for the commands, quit to save and leave"
    assert ended.lines[-2:] == [
        f"Saved step {ended.run.step:,} in {tmp_path / 'run'}",
        f"Resume it with: digit-tui --plain --resume {tmp_path / 'run'}",
    ]
    assert SavedRun.read(tmp_path / "run").checkpoint().state.step == ended.run.step


def test_at_a_terminal_wrong_lines_are_no_failure(converse: Converse) -> None:
    assert converse("fly", "rate fast", "quit", terminal=True).status == 0


def test_somebody_who_types_does_not_wait(converse: Converse) -> None:
    ended = converse("wait", "step 1000000", "epoch", "quit", terminal=True, epochs=1_000_000)
    assert ended.status == 0
    assert ended.run.step < 100_000
    # What is asked for next may be looked at when the epoch is over already.
    assert ended.all(r"^training to the end of the epoch$|^paused .*epoch \d+\.00 of ")


def test_the_help_fits_a_terminal_of_80_columns(converse: Converse) -> None:
    ended = converse("help", "quit")
    assert ended.find("^restart ")
    assert max(map(len, ended.all("^ |: "))) <= 80


def test_a_setting_when_all_epochs_are_done(converse: Converse) -> None:
    later = "settings take effect in further epochs: epochs 10 adds ten"
    ended = converse("wait", "optimizer sgd", "prune 10%", "epochs 1", "rate *2", "quit", epochs=1)
    place = ended.lines.index(later)
    assert "set learning rate" in ended.lines[place - 1]
    assert ended.lines.count(later) == 1
