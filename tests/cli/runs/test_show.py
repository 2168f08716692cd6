"""`digit-tui runs show`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.saved_runs import MakeRun, edit, succeed

from digit_tui.run.commands import (
    AddEpochs,
    Fork,
    Keep,
    Prune,
    SetLearningRate,
    SetOptimizer,
    Stop,
    SwitchOff,
    Undo,
)


def test_show_tells_settings_commands_and_results(make_run: MakeRun) -> None:
    path = make_run(
        script=[
            (4, SetOptimizer("sgd", 0.1)),
            (6, SetLearningRate(0.2)),
            (10, Undo()),
            (8, AddEpochs(2)),
        ],
    )
    text = succeed("show", "run")
    facts = {line[:15].strip(): line[15:] for line in text.splitlines() if line[:1].isalpha()}
    assert facts["Run"] == str(path)
    assert facts["State"].startswith("finished, ")
    assert facts["Network"] == "36-8-4"
    assert "230 training and 60 test images of 6x6 pixels" in facts["Data"]
    words = " ".join(line[15:].strip() for line in text.split("Commands")[0].splitlines())
    assert "optimizer adam → sgd, learning rate 0.01 → 0.1, weight decay 0, " in words
    assert "epochs 2 → 4" in words
    assert f"numpy {np.__version__}" in words
    lines = [line[15:] for line in text.splitlines() if " step " in line[:40]]
    assert [" ".join(line.split()) for line in lines] == [
        "epoch 0.56 step 4 switch to sgd at rate 0.1",
        "epoch 0.83 step 6 set the learning rate to 0.2 undone",
        "epoch 1.28 step 10 go back to step 6",
        "epoch 1.00 step 8 add 2 epochs",
    ]
    assert facts["Trained"].startswith("4 of 4 epochs, 32 steps, in ")
    record = json.loads((path / "run.json").read_text())["results"]
    assert facts["Weights"] == record["weights_sha256"]
    assert facts["Test accuracy"].endswith(f"({record['test_correct']} of 60)")
    assert "Loss, logarithmic:   o test   * train\n" in text
    assert "Accuracy:   o test   * train\n" in text


def test_show_tells_what_is_removed_if_something_is(make_run: MakeRun) -> None:
    make_run("a")
    assert "units off" not in succeed("show", "a")
    make_run("b", script=[(4, SwitchOff(1, (2,))), (5, Prune(0.3))])
    text = " ".join(succeed("show", "b").split())
    assert "units off none → unit 2 of layer 1, pruned weights none → 30%" in text
    assert "step 4 switch off unit 2 of layer 1" in text
    assert "step 5 prune 30% of the weights" in text


def test_show_reads_a_run_elsewhere_that_has_just_begun(make_run: MakeRun, tmp_path: Path) -> None:
    path = make_run(tmp_path / "elsewhere", [(5, Stop())])
    edit(path, state="running")  # it was killed, or goes on: the results are of an earlier end
    text = succeed("show", path)
    assert "State          interrupted" in text
    assert "Trained        0 of 2 epochs, 5 steps\n" in text
    assert "Test accuracy" not in text
    assert "Commands       none\n" in text
    assert text.count("No points yet.") == 2


def test_show_tells_the_last_accuracy_of_a_run_that_was_killed(make_run: MakeRun) -> None:
    path = make_run("killed")
    assert "Last accuracy" not in succeed("show", "killed")  # it is that of the results
    correct = json.loads((path / "run.json").read_text())["results"]["test_correct"]
    edit(path, state="running")
    assert f"Last accuracy  {correct / 60:.2%}, at epoch 2\n" in succeed("show", "killed")


def test_show_of_an_earlier_version_tells_the_time_of_all_sessions(make_run: MakeRun) -> None:
    """Its results have the time since the last resume, and what was not training in it."""
    path = make_run()
    journal, record = path / "journal.jsonl", json.loads((path / "run.json").read_text())
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    long = [line | {"seconds": 240.5} if "seconds" in line else line for line in lines]
    journal.write_text("".join(json.dumps(line) + "\n" for line in long))
    for noted, shown in ((34.2, "481.0"), (500.0, "500.0")):
        edit(path, results=record["results"] | {"seconds": noted})
        assert f"2 of 2 epochs, 16 steps, in {shown} s\n" in succeed("show", path)


@pytest.mark.parametrize("kept", [False, True])
def test_show_tells_of_forks(make_run: MakeRun, kept: bool) -> None:
    fork = Fork((SetLearningRate(0.02),))
    make_run(script=[(4, fork), (6, Keep(kept)), (7, Stop())])
    text = succeed("show", "run")
    state = "kept" if kept else "not kept"
    assert f"Forks          step 4: learning rate 0.02, {state}, saved as run-fork-4\n" in text
    assert "Forks" not in succeed("show", "run-fork-4")
