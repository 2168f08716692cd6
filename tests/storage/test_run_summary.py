"""What a run's files say of it: results, commands and their epochs, settings that differ."""

from __future__ import annotations

from typing import Any

import pytest
from support.saved_runs import MakeRun

from digit_tui.run.commands import (
    AppliedCommand,
    SetBatchSize,
    SetLearningRate,
    SetOptimizer,
    Stop,
    Undo,
)
from digit_tui.run.lineage import position
from digit_tui.storage.command_records import CommandRecord, command_records_of
from digit_tui.storage.run_summary import RunSummary, choice_words, differing_settings
from digit_tui.storage.saved_run import SavedRun


def test_epochs_that_were_undone_do_not_count(make_run: MakeRun) -> None:
    script = [(3, SetLearningRate(0.02)), (12, Undo()), (13, Stop())]
    path = make_run(script=script)
    # It went back to step 3, before the end of the first epoch, and has come to step 13 again.
    facts = RunSummary.of(SavedRun.read(path))
    assert (facts.epochs, facts.step, len(facts.curves["monitored_loss"])) == (1, 13, 1)


def command(step: int, value: float) -> dict[str, Any]:
    return {"step": step, "command": "set_learning_rate", "value": value}


def back(step: int, to: int, *lineage: dict[str, Any]) -> dict[str, Any]:
    return {"step": step, "command": "go_back", "to": to, "course": list(lineage)}


def told(*lines: dict[str, Any]) -> list[tuple[int, str, bool]]:
    found = command_records_of(lines, batch_size=10, images=100)
    return [(each.step, each.words, each.undone) for each in found]


def test_commands_before_a_way_back_are_undone() -> None:
    one, two, three = command(5, 0.1), command(7, 0.2), command(6, 0.3)
    assert told(one, two, back(9, 6, one), three) == [
        (5, "set the learning rate to 0.1", False),
        (7, "set the learning rate to 0.2", True),
        (9, "go back to step 6", False),
        (6, "set the learning rate to 0.3", False),
    ]


def test_commands_that_were_taken_back_and_then_done_again_are_not_undone() -> None:
    one, two = command(5, 0.1), command(7, 0.2)
    # It went back, and then forward to where it had been.
    assert [undone for *_, undone in told(one, two, back(9, 5), back(5, 8, one, two))] == 4 * [
        False
    ]
    # The same command was given again, at the same step.
    assert [undone for *_, undone in told(one, back(9, 3), one)] == [True, False, False]


def test_a_forward_command_after_the_way_back_is_at_its_own_epoch() -> None:
    assert command_records_of([command(25, 0.1)], batch_size=10, images=100) == [
        CommandRecord(25, 2.5, "set the learning rate to 0.1", False)
    ]


@pytest.mark.parametrize(
    ("step", "sizes", "epoch"),
    [
        (0, [], 0),
        (3, [], 0.96),  # batches of 32, 32, 32 and 4
        (4, [], 1),
        (9, [], 2.32),
        (400_000, [], 100_000),
        (4, [(4, 50)], 1),
        (5, [(4, 50)], 1.5),
        (6, [(4, 50)], 2),
        (4, [(1, 50)], 1.5),  # 32, 50, 18, then 50
        (7, [(1, 50), (3, 1000), (5, 20)], 3.4),
        (2, [(0, 100), (5, 7)], 2),
    ],
)
def test_the_epoch_of_a_step(step: int, sizes: list[tuple[int, int]], epoch: float) -> None:
    lineage = tuple(AppliedCommand(at, SetBatchSize(size)) for at, size in sizes)
    assert position(step, lineage, batch_size=32, images=100) == pytest.approx(epoch)


def test_settings_that_differ(make_run: MakeRun) -> None:
    one = make_run("one")
    two = make_run("two", [(4, SetOptimizer("sgd", 0.5))], seed=3, hidden=(5, 6), average=False)
    found = differing_settings([RunSummary.of(SavedRun.read(path)) for path in (one, two)])
    assert found == {
        "hidden layers": ["8", "5,6"],
        "averaging": ["on", "off"],
        "seed": ["0", "3"],
        "optimizer": ["adam", "adam → sgd"],
        "learning rate": ["0.01", "0.01 → 0.5"],
        "commands": ["0", "1"],
    }
    assert differing_settings([RunSummary.of(SavedRun.read(one))] * 2) == {}
    assert choice_words("clipping by norm", (None, 1.5)) == "off → 1.5"
    assert choice_words("sam", (0.0, 0.05)) == "off → 0.05"
