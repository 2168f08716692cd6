"""`digit-tui inspect`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.cli import SMALL, run
from support.saved_runs import MakeRun, write_digits

from digit_tui.data import Dataset, load_dataset
from digit_tui.insight.histograms import layer_histograms
from digit_tui.insight.next_step import BATCH
from digit_tui.run.commands import Inspect, SetLearningRate, Stop
from digit_tui.run.events import Inspected
from digit_tui.run.inspection import facts_of, step_of
from digit_tui.session.saved_state import look_into
from digit_tui.storage.saved_run import SavedRun


def found_in(*arguments: str | Path) -> dict[str, Any]:
    """What --json prints; a number that is not finite is no JSON."""
    result = run("inspect", *map(str, arguments), "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    (line,) = result.stdout.splitlines()
    found: dict[str, Any] = json.loads(line, parse_constant=lambda word: pytest.fail(word))
    return found


def test_the_layers_of_a_saved_run(finished: tuple[Path, dict[str, Any]], sample: Dataset) -> None:
    folder, ended = finished
    found = found_in(folder)
    assert list(found) == [
        *("step", "epoch", "learning_rate", "layers", "health", "gradient_check", "unit")
    ]
    assert (found["step"], found["epoch"]) == (ended["steps"], 2.0)
    assert found["gradient_check"] is found["unit"] is None
    state = SavedRun.read(folder).checkpoint().state
    first, last = found["layers"]
    weights = state.parameters[: 784 * 4].astype(np.float64)
    assert (first["layer"], first["shape"], first["parameters"]) == (1, [784, 4], 3_140)
    assert first["weight_mean"] == pytest.approx(weights.mean())
    assert first["weight_deviation"] == pytest.approx(weights.std())
    hidden = sample.test_images / 255 @ weights.reshape(784, 4) + state.parameters[3_136:3_140]
    assert first["activation_mean"] == pytest.approx(
        np.where(hidden > 0, hidden, 0).mean(), rel=1e-5
    )
    assert first["dead"] == np.mean(hidden.max(axis=0) <= 0)
    assert first["saturated"] == np.mean(hidden.min(axis=0) > 0)
    assert (last["dead"], last["saturated"]) == (0, 0)
    assert sum(first["histograms"]["weights"]["counts"]) == 3_136
    assert sum(last["histograms"]["activations"]["counts"]) == 10_000


def test_a_checkpoint_is_looked_into_like_the_run_that_saved_it(
    make_run: MakeRun, digits_folder: Path, train: Any
) -> None:
    """In the middle of an epoch, with a schedule, a setting that was changed, and slots."""
    digits = load_dataset(str(digits_folder), 6)
    options: dict[str, Any] = {"schedule": "cosine", "epochs": 4, "weight_decay": 0.1}
    folder = make_run("run", [(5, SetLearningRate(0.02)), (11, Stop())], **options)
    ran = train(
        [(5, SetLearningRate(0.02)), (11, Inspect()), (11, Stop())],
        dataset=digits,
        **{"hidden": (8,), "batch_size": 32, "optimizer": "adam", "augment": "none"},
        **{"threads": 1, "learning_rate": 0.01},
        **options,
    )
    (alive,) = ran.all(Inspected)
    saved = look_into(SavedRun.read(folder).checkpoint())
    assert (saved.step, saved.epoch) == (alive.step, alive.epoch) == (11, 1 + 96 / 230)
    assert saved.learning_rate == alive.learning_rate < 0.02
    np.testing.assert_array_equal(saved.network.parameters, alive.network.parameters)
    step = step_of(saved, digits)
    assert facts_of(saved, digits, step) == facts_of(alive, digits, step_of(alive, digits))
    layers = found_in(folder)["layers"]
    assert [each["update_ratio"] for each in layers] == [
        pytest.approx(each.update_ratio, rel=1e-5) for each in facts_of(saved, digits, step)
    ]


def test_a_table_for_people(finished: tuple[Path, dict[str, Any]]) -> None:
    folder, ended = finished
    result = run("inspect", str(folder))
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["Run", str(folder)]
    assert lines[1].startswith("Data      sample (")
    assert lines[2] == f"Step      {ended['steps']}, epoch 2.00"
    assert lines[3] == "Network   784-4-10, 3,190 parameters"
    assert lines[4].startswith("Settings  ")
    assert lines[7].split() == [
        *("layer", "shape", "meters", "mean", "spread"),
        *("norm", "ratio", "units", "rated", "output"),
    ]
    assert [line.split()[:3] for line in lines[8:10]] == [
        ["1", "784-4", "3,140"],
        ["2", "4-10", "50"],
    ]
    assert lines[13] == "Health"
    assert lines[14].startswith("it underfits: when all epochs are done, ")
    assert lines[15].startswith("looked at: 2 epochs, the layers at step 64, ")
    resumed = f"digit-tui --plain --resume {folder}"
    assert lines[16] == f"what helps are lines of: {resumed}; on the screen they are keys"
    assert len(lines) == 17
    assert max(map(len, lines[5:12])) <= 80


def test_one_layer(finished: tuple[Path, dict[str, Any]]) -> None:
    folder = finished[0]
    first, last = found_in(folder, "--layer", "2")["layers"]
    assert first["histograms"] is None
    state = SavedRun.read(folder).checkpoint()
    sample = load_dataset("sample")
    looked = look_into(state)
    gradient = step_of(looked, sample).gradient
    wanted = layer_histograms(looked.network, sample.test_images, gradient, 2)
    for name, each in wanted._asdict().items():
        assert last["histograms"][name]["counts"] == each.counts.tolist()
        assert last["histograms"][name]["edges"] == pytest.approx(each.edges.tolist(), rel=1e-5)
    lines = run("inspect", str(folder), "--layer", "2").stdout.splitlines()
    assert sum(line.startswith("Layer 2, ") for line in lines) == 3


def test_one_unit(finished: tuple[Path, dict[str, Any]], sample: Dataset) -> None:
    folder = finished[0]
    found = found_in(folder, "--layer", "1", "--unit", "2")["unit"]
    inspected = look_into(SavedRun.read(folder).checkpoint())
    weights, biases = inspected.evaluated_network.layers[0]
    assert not np.array_equal(weights, inspected.network.layers[0].weights)
    hidden = np.maximum(sample.test_images / 255 @ weights.astype(np.float64) + biases, 0)[:, 2]
    assert (found["layer"], found["unit"]) == (1, 2)
    assert found["active"] == pytest.approx(np.mean(hidden > 0))
    means = [hidden[sample.test_labels == each].mean() for each in range(10)]
    assert found["class_means"] == pytest.approx(means, rel=1e-4)
    assert found["exciting"] == (-hidden).argsort(kind="stable")[:9].tolist()
    assert found["picture"] == weights[:, 2].reshape(28, 28).tolist()
    text = run("inspect", str(folder), "--layer", "1", "--unit", "2").stdout.splitlines()
    start = text.index("Unit 2 of layer 1 of 2, averaged weights")
    assert text[start + 1].startswith(f"Active on {np.mean(hidden > 0):.1%} of 1,000 test digits; ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--layer", "1", "--unit", "4"], "--unit 4: layer 1 has units 0 to 3"),
        (["--unit", "0"], "--unit 0: which --layer is it of?"),
        (["--layer", "3"], "--layer 3: the network has layers 1 to 2"),
        (["--layer", "0"], "0 is not in the range x>=1"),
    ],
)
def test_a_layer_that_is_not_there(
    finished: tuple[Path, dict[str, Any]], options: list[str], message: str
) -> None:
    result = run("inspect", str(finished[0]), *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_the_gradient_is_checked_when_asked(finished: tuple[Path, dict[str, Any]]) -> None:
    found = found_in(finished[0], "--gradient-check")["gradient_check"]
    assert [each["layer"] for each in found] == [1, 2]
    assert all(each["passed"] and each["checked"] == 50 for each in found)
    assert all(0 <= each["largest_error"] < 1e-6 for each in found)
    text = run("inspect", str(finished[0]), "--gradient-check").stdout
    assert "Gradient check: it is right" in text


def test_other_digits(make_run: MakeRun, tmp_path: Path) -> None:
    folder = make_run()
    other = write_digits(tmp_path / "other", seed=3)
    own, others = found_in(folder)["layers"], found_in(folder, "--data", other)["layers"]
    for mine, theirs in zip(own, others, strict=True):
        assert mine["weight_mean"] == theirs["weight_mean"]
        assert mine["gradient_norm"] != theirs["gradient_norm"]
        assert mine["activation_mean"] != theirs["activation_mean"]
    many = write_digits(tmp_path / "many", seed=4, classes=11)
    result = run("inspect", str(folder), "--data", str(many))
    assert (result.exit_code, result.stdout) == (3, "")
    assert "11 classes" in result.stderr


def test_the_digits_that_are_held_out_are_not_those_of_the_gradient(
    digits_folder: Path, tmp_path: Path
) -> None:
    assert len(load_dataset(str(digits_folder), 6).train_labels) < BATCH  # each of them counts
    folder = tmp_path / "run"
    small = ["--batch", "--data", str(digits_folder), "--side", "6", "--preset", "classic"]
    options = ["--hidden", "8", "--epochs", "2", "--validation", "100", "--run", str(folder)]
    assert run(*small, *options).exit_code == 0
    held, all_of_them = found_in(folder), found_in(folder, "--data", digits_folder)
    assert held["epoch"] == all_of_them["epoch"] == 2
    for mine, theirs in zip(held["layers"], all_of_them["layers"], strict=True):
        assert mine["gradient_norm"] != theirs["gradient_norm"]


def test_the_best_checkpoint(finished: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished[0], folder)
    shutil.copy(folder / "previous.npz", folder / "best.npz")
    last, best = found_in(folder), found_in(folder, "--best")
    assert last["step"] == finished[1]["steps"]
    assert best["step"] == finished[1]["steps"] // 2
    # What came after the checkpoint is another moment.
    assert last["health"]["looked_at"].startswith("2 epochs, the layers at step 64")
    assert best["health"]["looked_at"].startswith("1 epoch, the layers at step 32")


def test_a_run_that_diverged(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert run(*SMALL, "--optimizer", "sgd", "--lr", "1e30", "--run", str(folder)).exit_code == 4
    for options in ([], ["--gradient-check"], ["--layer", "1"], ["--layer", "1", "--unit", "0"]):
        assert len(found_in(folder, *options)["layers"]) == 2
        result = run("inspect", str(folder), *options)
        assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize("name", ["nothing", "damaged"])
def test_what_cannot_be_read_is_said_in_a_line(
    finished: tuple[Path, dict[str, Any]], tmp_path: Path, name: str
) -> None:
    folder = tmp_path / name
    if name == "damaged":
        shutil.copytree(finished[0], folder)
        for file in folder.glob("*.npz"):
            file.write_bytes(b"no archive")
    result = run("inspect", str(folder), "--json")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("digit-tui: ")
    assert str(folder) in result.stderr


def test_the_last_run(make_run: MakeRun) -> None:
    make_run("2026-01-01_00-00-00")
    result = run("inspect", "last", "--json")
    assert json.loads(result.stdout)["step"] == 16
    assert result.stderr == "digit-tui: last is 2026-01-01_00-00-00\n"
