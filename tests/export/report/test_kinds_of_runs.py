"""Reports on runs of all kinds: undone, forked, held out, pruned, diverged, without weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner
from support.report import charts, facts, rows, section, succeed, words
from support.saved_runs import MakeRun, write_digits

from digit_tui.cli.evaluate_saved import evaluate_saved
from digit_tui.cli.main import cli
from digit_tui.data import load_dataset
from digit_tui.engine.holdout import hold_out
from digit_tui.insight.calibration import measure
from digit_tui.run.commands import (
    Fork,
    Keep,
    OpenTest,
    Prune,
    SetLearningRate,
    SetOptimizer,
    Stop,
    SwitchOff,
    Teach,
    Undo,
)
from digit_tui.storage.calibration_file import read_calibration
from digit_tui.storage.run_files import CHECKPOINTS
from digit_tui.storage.saved_run import SavedRun


def test_what_was_undone_is_told_and_drawn(make_run: MakeRun) -> None:
    script = [(9, SetLearningRate(0.5)), (17, Undo()), (17, SetOptimizer("sgd", 0.02))]
    page = succeed(make_run(script=script, epochs=3))
    told = rows(section(page, "done"))
    assert [(row[0], row[3]) for row in told] == [
        ("", "set the learning rate to 0.5 (undone)"),
        ("", "go back to epoch 1.14, step 9"),
        ("A", "switch to sgd at rate 0.02"),
        ("", "finished after 24 steps"),
    ]
    assert section(page, "done").count('class="undone-row"') == 1
    loss = charts(page)[0]
    assert len([each for each in loss.iter("g") if each.get("class") == "curve undone"]) > 1
    assert [each.text for each in loss.iter("text") if each.get("class") == "letter"] != []
    assert facts(section(page, "run"))["Optimizer"] == "adam \N{RIGHTWARDS ARROW} sgd"
    assert "--replay run" in words(section(page, "repeat"))


def test_a_fork_is_told_by_both(make_run: MakeRun) -> None:
    fork = Fork((SetLearningRate(0.02),))
    folder = make_run(script=[(4, fork), (9, Keep(False))])
    told = words(section(succeed(folder), "done"))
    assert "fork with learning rate 0.02, saved as run-fork-4; it was not kept" in told
    other = succeed(folder.with_name("run-fork-4"))
    assert facts(section(other, "run"))["Forked from"] == "run, at step 4"
    assert str(folder.parent) not in other


def test_held_out_digits_do_not_open_the_test_set(make_run: MakeRun) -> None:
    folder = make_run(script=[(9, Stop())], validation=50)
    page = succeed(folder)
    result = words(section(page, "result"))
    assert "of 50 validation digits are read right" in result
    assert "The test set has not been opened" in result
    assert "test digit" not in page
    assert rows(section(page, "confusion"))[0][5] == str(np.count_nonzero(_held_out(folder) == 0))
    opened = succeed(folder, "--test")
    assert "of 60 test digits are read right" in words(section(opened, "result"))
    assert facts(section(opened, "result"))["Held-out digits"].endswith(" of 50")


def _held_out(folder: Path) -> Any:
    saved = SavedRun.read(folder)
    return hold_out(load_dataset(saved.data, 6), 50).validation_labels


def test_an_opened_test_set_is_what_counts(make_run: MakeRun) -> None:
    page = succeed(make_run(script=[(2, OpenTest()), (9, Stop())], validation=50))
    found = facts(section(page, "result"))
    assert "of 60 test digits are read right" in words(section(page, "result"))
    assert found["Test set"] == "opened at step 2"
    assert "the test set was opened" in words(section(page, "done"))


def test_removed_and_taught(make_run: MakeRun, teach_8: Teach) -> None:
    script = [(3, SwitchOff(1, (0, 5))), (5, Prune(0.3)), (6, teach_8)]
    page = succeed(make_run(script=script, side=28))
    found = facts(section(page, "run"))
    assert found["Units off"].endswith("units 0 and 5 of layer 1")
    assert found["Pruned weights"].endswith("30%")
    assert found["Drawings taught"].endswith("8")
    told = [row[3] for row in rows(section(page, "done"))]
    assert told[:2] == ["switch off units 0 and 5 of layer 1", "prune 30% of the weights"]
    assert told[2] == "teach it 8 drawings"


def test_a_network_that_has_diverged(make_run: MakeRun) -> None:
    folder = make_run(optimizer="sgd", learning_rate=1e30, average=False, script=[(3, Stop())])
    page = succeed(folder)
    assert "The network has diverged" in words(section(page, "result"))
    assert facts(section(page, "result"))["Loss"] == "no number"
    assert "It cannot be told" in words(section(page, "calibration"))
    done = CliRunner().invoke(cli, ["inspect", str(folder), "--json"])
    findings = json.loads(done.stdout)["health"]["findings"]
    assert findings
    assert all(each["words"] in words(section(page, "health")) for each in findings)
    assert "nan" not in words(section(page, "mistakes")).lower()


def test_untrained_and_hardly_trained(make_run: MakeRun) -> None:
    page = succeed(make_run(script=[(2, Stop())]))
    assert "Not one epoch was finished" in words(section(page, "result"))
    assert "there are no curves" in words(section(page, "curves"))
    assert "stopped after 0 of 2 epochs" in page


def test_without_weights_there_is_no_result(make_run: MakeRun) -> None:
    folder = make_run()
    for name in CHECKPOINTS:
        (folder / name).unlink(missing_ok=True)
    page = succeed(folder, told=f"{folder} has no weights yet: the report has no results")
    assert "There is no result" in words(section(page, "result"))
    assert len(charts(page)) == 4
    assert 'id="mistakes"' not in page


def test_many_classes(tmp_path: Path, make_run: MakeRun) -> None:
    data = write_digits(tmp_path / "many", seed=1, classes=47)
    page = succeed(make_run(data=data))
    heat = next(chart for chart in charts(page) if chart.get("class") == "heat")
    told = [row[1:48] for row in rows(section(page, "confusion"))]
    counts = np.array(
        [[0 if cell == "\N{MIDDLE DOT}" else int(cell) for cell in row] for row in told]
    )
    assert counts.shape == (47, 47)
    assert counts.sum() == 60
    assert len(heat.findall("rect")) == np.count_nonzero(counts)
    classes = [row[0] for number in (1, 2, 3) for row in rows(section(page, "confusion"), number)]
    assert classes == [str(each) for each in range(47)]
    assert "47 classes, 6 \N{MULTIPLICATION SIGN} 6 pixels" in facts(section(page, "run"))["Data"]


def test_a_calibrated_network(make_run: MakeRun) -> None:
    folder = make_run(epochs=3, validation=100, learning_rate=0.05)
    plain = succeed(folder, "--test")
    assert "No temperature was fitted" in words(section(plain, "calibration"))
    done = CliRunner().invoke(cli, ["calibrate", str(folder), "--json"])
    assert done.exit_code == 0, done.stderr
    page = succeed(folder, "--test")
    told = {row[0]: row[1:] for row in rows(section(page, "calibration"))}
    calibration = read_calibration(folder)
    assert calibration is not None
    evaluation = evaluate_saved(SavedRun.read(folder), None).evaluation
    for place, temperature in enumerate((1.0, calibration.temperature)):
        found = measure(evaluation, temperature)
        assert found is not None
        assert told["temperature"][place] == f"{temperature:.3f}"
        assert told["expected calibration error"][place] == f"{found.ece:.2%}"
        assert told["negative log-likelihood"][place] == f"{found.nll:.4f}"
        bins = rows(section(page, "calibration"), 1 + place)
        assert sum(int(row[1]) for row in bins) == evaluation.total
    assert "fitted on 100 digits that the run held out" in words(section(page, "calibration"))


def test_the_best_checkpoint(make_run: MakeRun) -> None:
    folder = make_run(epochs=3)
    found = facts(section(succeed(folder, "--best"), "result"))
    assert found["Measured"].startswith("the best checkpoint")
