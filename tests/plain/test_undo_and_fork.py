"""Sessions that go back, fork, or come into trouble."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from support.plain import Converse, headless
from support.teaching import Keep as KeepDrawings
from support.teaching import drawings_of

from digit_tui.data import Dataset
from digit_tui.plain.exit_report import conclude
from digit_tui.plain.queries import ordered, timeline
from digit_tui.run import commands
from digit_tui.run.commands import AppliedCommand, Teach
from digit_tui.run.events import SnapshotInfo
from digit_tui.session.output import Output
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.run_request import resume_request


def test_going_back(converse: Converse, sample: Dataset) -> None:
    ended = converse(
        *["timeline", "step 2", "optimizer sgd", "step 2", "undo", "timeline"],
        *["rate *2", "step", "timeline", "back 1", "back 9", "status"],
    )
    lines = ended.lines
    assert re.match(r"1  epoch   0\.00  step       0 +\d+\.\d\d%$", lines[2])
    assert ended.find("^back from epoch 0.12 to 0.06")
    assert ended.all(r"^2  epoch   0\.06  step       2 .*  undone: switch to sgd$")
    assert ended.all(r"^2  epoch   0\.06 .*  undone: switch to sgd, then double the rate to 0")
    assert ended.find("^back from epoch 0.09 to 0.00")
    assert ended.find("back: the timeline has rows 1 to 3")
    assert ended.all(r"^paused at epoch 0\.00 of 2, step 0: test")
    assert ended.sha256 == headless(sample, (64, commands.Stop())).weights_sha256


def test_a_row_is_that_of_the_timeline_that_was_shown(converse: Converse) -> None:
    ended = converse(
        *["step 2", "rate *2", "step 2", "timeline", "back 1", "optimizer sgd", "back 2", "quit"]
    )
    assert ended.find("^back from epoch 0.12 to 0.00")
    # By now the beginning with the other optimizer is the second moment.
    assert ended.run.step == 2
    assert ended.run.settings.optimizer == "adam"


def test_snapshots_without_commands_are_in_one_row() -> None:
    snapshots = [SnapshotInfo(step, step / 64, (), 0.9, "", False) for step in range(0, 800, 32)]
    snapshots[5] = replace(snapshots[5], following="then double the learning rate")
    undone = SnapshotInfo(170, 2.66, (AppliedCommand(160, commands.Undo()),), 0.9, "", True)
    listed = timeline([*snapshots, undone], every=False)
    assert [" ".join(line.split()) for line in listed] == [
        "1 epoch 0.00 step 0 90.00%",
        "2 to row 5: 4 snapshots between epochs 0.5 and 2",
        "6 epoch 2.50 step 160 90.00% then double the learning rate",
        "7 epoch 2.66 step 170 90.00% (undone)",
        "8 to row 26: 19 snapshots between epochs 3 and 12",
    ]
    # Those that are folded end before a line of another way.
    lines = timeline([*snapshots, replace(undone, step=330, epoch=5.16)], every=False)
    assert [" ".join(line.split()) for line in lines][3:] == [
        "7 to row 11: 5 snapshots between epochs 3 and 5",
        "12 epoch 5.16 step 330 90.00% (undone)",
        "13 to row 26: 14 snapshots between epochs 5.5 and 12",
    ]
    every = timeline([*snapshots, undone], every=True)
    assert len(every) == 26
    for row, line in enumerate(every, 1):
        snapshot = ordered([undone, *snapshots])[row - 1]
        assert re.match(rf"^ *{row}  epoch +{snapshot.epoch:.2f}  step +{snapshot.step} ", line)


def test_undo_where_all_epochs_are_done(converse: Converse) -> None:
    ended = converse(
        *["wait", "epochs 1", "wait", "undo", "status", "go", "rate *2", "undo", "back 2"],
        *["timeline all", "status"],
    )
    done = "all epochs are done: epochs 10 adds ten, quit leaves"
    state = "all epochs are done at epoch 2.00 of 2, step 64: test "
    place = ended.lines.index("back from epoch 3.00 to 2.00; undone: add 1 epoch")
    assert ended.lines[place + 1] == done
    assert ended.lines[place + 2].startswith(state)  # the answer of status
    assert "All epochs are done: epochs 10 adds ten" in ended.lines
    place = ended.lines.index("undone: double the learning rate")
    assert ended.lines[place + 1] == done
    paused = ended.all(r"^paused at epoch [01]\.\d+ of 2, step \d+: test ")
    assert len(paused) == 2  # it went back to row 2, and the answer of status
    assert ended.find(r" step +64 .*  \(undone\)  then add 1 epoch, then double the rate to 0")


def test_who_went_back_is_told_where_the_way_forward_is(converse: Converse) -> None:
    ended = converse(*["undo", "step 2", "rate *2", "undo", "undo"])
    refused = "Nothing is left to undo"
    assert ended.all(refused) == [
        f"{refused}: timeline lists other moments to go back to",
        f"{refused}: timeline leads to what was undone",
    ]


def test_a_fork(converse: Converse, tmp_path: Path) -> None:
    ended = converse(
        *["step 2", "fork optimizer=sgd,lr=0.1", "rate *2", "epoch", "status", "keep fork"],
        *["status", "epoch"],
    )
    forked = "epoch 0.06: fork with optimizer sgd at rate 0.1"
    remedy = "keep run or keep fork ends it and keeps one"
    told = [f"{forked}; {remedy}", forked]  # as it happened, and in the status
    assert ended.all("fork with") == told
    assert ended.find(f"There is a fork beside the run: {remedy}")
    gap = r"fork: test \d+\.\d\d%, [+-]\d+\.\d\d points \(95% interval .*\); fixed \d+, broke \d+"
    assert ended.find(f"^epoch 1: {gap}")
    assert ended.find(f"^{gap}")
    assert ended.find("^run saved as run; kept the fork$")
    assert ended.all(", sgd, rate ")
    assert ended.run.fork is None
    assert SavedRun.read(tmp_path / "run").record["state"] == "left"
    assert SavedRun.read(tmp_path / "run-fork-2").record["state"] == "finished"


def test_a_fork_that_is_there_at_the_end_is_reported(converse: Converse) -> None:
    ended = converse("fork optimizer=sgd", "epochs 1")
    assert ended.status == 0
    assert ended.find("^Fork           at step 0: optimizer sgd at rate 0.1$")
    assert len(ended.all("^Trained        3 epochs .*finished")) == 2
    assert len(ended.all("^Weights")) == 2


def test_a_person_is_told_how_to_resume_the_fork(converse: Converse, tmp_path: Path) -> None:
    ended = converse("step 2", "fork optimizer=sgd", "step 2", "quit", terminal=True)
    resume = "digit-tui --plain --resume"
    assert ended.lines[-3:] == [
        f"Saved step {ended.run.step} in {tmp_path / 'run'}",
        f"Resume it with: {resume} {tmp_path / 'run'}",
        f"Saved its fork; resume that with: {resume} {tmp_path / 'run-fork-2'}",
    ]


@pytest.mark.parametrize("kept", [(), ("keep run",)])
def test_who_resumes_is_told_of_the_fork_beside(
    kept: tuple[str, ...], converse: Converse, tmp_path: Path
) -> None:
    """Once, and only of one that was there until the end."""
    converse("step 2", "fork optimizer=sgd", "step 2", *kept, "quit")
    told = f"the fork that trained beside it (optimizer sgd at rate 0.1) is kept as {tmp_path}"
    for times in (not kept, 0):
        resumed = converse("step 2", "quit", request=resume_request(tmp_path / "run"))
        assert len(resumed.all(re.escape(told))) == times


@pytest.mark.parametrize("more", [(), ("step 9",), ("step 20", "clip norm 2", "step 9", "undo")])
def test_what_is_undone_and_not_kept_is_told(converse: Converse, more: tuple[str, ...]) -> None:
    """From where the run went back to: what it has trained since is another way."""
    ended = converse("epoch", "clip norm 1", "epoch", "epoch", "undo", *more, "quit", epochs=5)
    told = "Undone and not kept: epochs 1.00 to 3.00"
    assert ended.err.splitlines()[-1] == f"digit-tui: {told}"
    lines: list[str] = []
    assert conclude(ended.run, Output(), lines.append, None, False) == 0
    assert lines[-1] == told


def test_a_loss_that_is_no_number(converse: Converse) -> None:
    ended = converse("step 2", "rate 1e20", "go", "wait", "status", "undo", "quit")
    assert ended.status == 0
    (message,) = ended.all("^(loss|gradient) became ")
    place = ended.lines.index(message)
    assert message.endswith("after learning rate 0.001 → 1e+20")
    assert ended.lines[place + 1] == "paused: undo trains on from when it was still good"
    assert ended.lines[place + 2].startswith("undo leads to epoch 0.")
    assert ended.lines[place + 2].endswith(", rate 0.001; undoes: set the learning rate to 1e+20")
    assert ended.lines[place + 3].startswith("in trouble at epoch 0.")
    assert ended.find("^back from epoch 0.[01]")


def test_a_loss_that_is_no_number_ends_a_run_that_nobody_sees(converse: Converse) -> None:
    ended = converse("rate 1e20")
    assert ended.status == 4
    assert not ended.all("undo goes back")  # nobody could
    assert ended.find("^Trained").endswith("(diverged)")


def test_a_copy_is_taught(converse: Converse, teach_8: Teach) -> None:
    ended = converse("step 2", "teach", "status", "keep fork", "timeline", "quit")
    begun = ended.lines.index("teaching 8 drawings ...")
    assert ended.find("^epoch 0.06: fork with 8 drawings taught; keep run or keep fork ends it")
    assert "fork with" in ended.lines[begun + 1]
    told = r"^fork, at once: 8 drawings \d → \d right \(unseen\); test "
    assert ended.find(told + r".*; fixed \d+, broke \d+")
    assert ended.find("^run saved as .*; kept the fork$")
    assert ended.run.settings.taught == ((teach_8.drawings, 8),)
    before = ended.find("^paused after 2 batches").split("test ")[1].split(",")[0]
    assert before in ended.find("then teach it 8 drawings$")  # not the accuracy since


def test_too_few_drawings(converse: Converse, keep_drawings: KeepDrawings) -> None:
    keep_drawings(drawings_of(), 3)
    ended = converse("teach", "quit")
    assert ended.find(
        "^teach: 5 drawings are needed to teach it, you have 3: "
        "keep 2 more with digit-tui data mine --add FILE --label N$"
    )
