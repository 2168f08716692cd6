"""`digit-tui evaluate`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.cli import SMALL, Program, run

from digit_tui.data import load_dataset, write_idx


def test_an_interrupted_evaluation_is_ended_by_its_signal(
    finished: tuple[Path, dict[str, Any]], program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("digit_tui.storage.saved_run.SavedRun.read", interrupted)
    ended = program("evaluate", str(finished[0]))
    assert (ended.exit_code, ended.stdout) == (130, "")
    assert "Traceback" not in ended.stderr


def other_digits(folder: Path, classes: int) -> Path:
    """Four IDX files of noise."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for split, count in (("train", 50), ("t10k", 30)):
        images = generator.integers(0, 256, (count, 28, 28), np.uint8)
        write_idx(folder / f"{split}-images-idx3-ubyte.gz", images)
        labels = np.arange(count, dtype=np.uint8) % classes
        write_idx(folder / f"{split}-labels-idx1-ubyte.gz", labels)
    return folder


def test_digits_that_the_network_learned_from_are_not_unseen(
    finished: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    sample = load_dataset("sample")
    images = np.concatenate([sample.train_images[:50], sample.test_images[:10]])
    labels = np.concatenate([sample.train_labels[:50], sample.test_labels[:10]])
    for split in ("train", "t10k"):
        write_idx(tmp_path / f"{split}-images-idx3-ubyte.gz", images.reshape(-1, 28, 28))
        write_idx(tmp_path / f"{split}-labels-idx1-ubyte.gz", labels)
    result = run("evaluate", str(finished[0]), "--data", str(tmp_path), "--json")
    assert result.exit_code == 0
    assert "50 of 60 test digits are among those that the network learned from" in result.stderr
    assert run("evaluate", str(finished[0]), "--data", "sample").stderr == ""


def test_evaluate_finds_what_the_run_found(finished: tuple[Path, dict[str, Any]]) -> None:
    folder, ended = finished
    result = run("evaluate", str(folder), "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert list(found) == [
        "step",
        "epoch",
        "test_accuracy",
        "test_correct",
        "test_total",
        "test_taught",
        "test_loss",
        "confusion",
        "calibration",
        "answered",
    ]
    assert found["calibration"] is None
    assert (found["step"], found["epoch"]) == (ended["steps"], 2.0)
    for name in ("test_accuracy", "test_correct", "test_total"):
        assert found[name] == ended[name]
    confusion = np.array(found["confusion"])
    assert confusion.sum(axis=1).tolist() == [100] * 10
    assert confusion.trace() == ended["test_correct"]
    answered = found["answered"]
    assert list(answered) == ["total", "one", "one_right", "two", "two_right", "refused"]
    assert answered["total"] == ended["test_total"]
    assert answered["one"] + answered["two"] + answered["refused"] == answered["total"]
    assert answered["one_right"] <= answered["one"]


def test_evaluate_for_people(finished: tuple[Path, dict[str, Any]]) -> None:
    folder, ended = finished
    result = run("evaluate", str(folder))
    assert result.exit_code == 0
    assert f"{ended['test_accuracy']:.2%}" in result.stdout
    assert "Confusion" in result.stdout
    assert "sample" in result.stdout
    lines = result.stdout.splitlines()
    assert lines[1] == f"Checkpoint     of epoch 2, step {ended['steps']}"
    assert lines[-4].startswith("Answered       of the test digits, by predict ")
    assert [line.split("%")[1].split(";")[0] for line in lines[-3:]] == [
        " with one class",
        ' with two, such as "2 or 7"',
        ' with "not a digit"',
    ]


def test_evaluate_on_other_digits(finished: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    few = other_digits(tmp_path / "few", classes=3)
    found = json.loads(run("evaluate", str(finished[0]), "--data", str(few), "--json").stdout)
    assert found["test_total"] == 30
    assert np.array(found["confusion"]).shape == (10, 10)
    # Noise, which is compared with the digits of the run and not with noise.
    assert found["answered"]["refused"] == 30
    many = other_digits(tmp_path / "many", classes=11)
    result = run("evaluate", str(finished[0]), "--data", str(many))
    assert result.exit_code == 3
    assert "11 classes" in result.stderr


def test_what_is_answered_is_not_known_without_the_digits_of_the_run(tmp_path: Path) -> None:
    own, folder = other_digits(tmp_path / "own", 10), tmp_path / "run"
    small = ["--batch", "--data", str(own), "--hidden", "4", "--epochs", "1"]
    assert run(*small, "--validation", "20", "--run", str(folder)).exit_code == 0
    assert json.loads(run("evaluate", str(folder), "--json").stdout)["answered"]["total"] == 30
    shutil.rmtree(own)
    result = run("evaluate", str(folder), "--data", "sample")
    assert (result.exit_code, result.stderr) == (0, "")
    said = "Answered       not known without the digits it was trained on: "
    assert result.stdout.splitlines()[-1].startswith(said + str(own))
    found = json.loads(run("evaluate", str(folder), "--data", "sample", "--json").stdout)
    assert (found["answered"], found["test_total"]) == (None, 1000)


def test_evaluate_measures_on_the_digits_the_run_was_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # `auto` was the sample then; meanwhile full MNIST was fetched.
    monkeypatch.setattr("digit_tui.data.sources.user_cache_path", lambda *_, **__: tmp_path)
    auto = ["auto" if word == "sample" else word for word in SMALL]
    ran = run(*auto, "--json", "--run", str(tmp_path / "run"))
    ended = json.loads(ran.stdout.splitlines()[-1])
    assert ended["test_total"] == 1000
    other_digits(tmp_path / "mnist", classes=10)
    found = json.loads(run("evaluate", str(tmp_path / "run"), "--json").stdout)
    assert (found["test_total"], found["test_correct"]) == (1000, ended["test_correct"])


@pytest.mark.parametrize("damage", ["run.json", "checkpoint.npz", "both", "folder", "truncated"])
def test_evaluate_refuses_what_is_damaged(
    damage: str, finished: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    if damage != "folder":
        folder.mkdir()
        checkpoint = (finished[0] / "checkpoint.npz").read_bytes()
        if damage in ("run.json", "truncated"):
            cut = len(checkpoint) // 2 if damage == "truncated" else len(checkpoint)
            (folder / "checkpoint.npz").write_bytes(checkpoint[:cut])
        if damage in ("checkpoint.npz", "truncated"):
            (folder / "run.json").write_bytes((finished[0] / "run.json").read_bytes())
    result = run("evaluate", str(folder), "--json")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("digit-tui: ")
    assert result.stderr.count("\n") == 1
    assert str(folder) in result.stderr


def test_evaluate_takes_the_checkpoint_before_a_damaged_one(
    finished: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished[0], folder)
    (folder / "checkpoint.npz").write_bytes(b"damaged")
    result = run("evaluate", str(folder), "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["step"] > 0
    assert result.stderr == (
        f"digit-tui: {folder / 'checkpoint.npz'} is damaged: its checksum is wrong\n"
    )


def test_evaluate_takes_the_best_checkpoint_if_asked(
    finished: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished[0], folder)
    shutil.copy(folder / "previous.npz", folder / "best.npz")
    last, best = (
        json.loads(run("evaluate", str(folder), "--json", *option).stdout)
        for option in ([], ["--best"])
    )
    assert (last["step"], best["step"]) == (finished[1]["steps"], finished[1]["steps"] // 2)
    (folder / "best.npz").unlink()
    result = run("evaluate", str(folder), "--best")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.count("\n") == 1
    assert "best.npz" in result.stderr


def test_evaluate_says_nothing_that_is_no_json(tmp_path: Path) -> None:
    # The weights of a run that diverged are finite; what they make of digits may not be.
    folder = tmp_path / "run"
    assert run(*SMALL, "--optimizer", "sgd", "--lr", "1e30", "--run", str(folder)).exit_code == 4
    result = run("evaluate", str(folder), "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
    assert found["test_total"] == 1000


@pytest.mark.parametrize("subcommand", ["evaluate", "mistakes"])
def test_a_dataset_that_has_changed_since_is_said(subcommand: str, tmp_path: Path) -> None:
    data, folder = other_digits(tmp_path / "own", 10), tmp_path / "run"
    small = ["--batch", "--data", str(data), "--hidden", "4", "--epochs", "1"]
    assert run(*small, "--run", str(folder)).exit_code == 0
    assert run(subcommand, str(folder)).stderr == ""
    write_idx(data / "t10k-labels-idx1-ubyte.gz", np.zeros(30, np.uint8))
    result = run(subcommand, str(folder))
    assert result.exit_code == 0
    assert result.stderr.startswith(f"digit-tui: {data} is not the dataset that {folder} was ")
    assert result.stderr.endswith(": it has changed since, and is measured as it is now\n")
    asked = run(subcommand, str(folder), "--data", str(data))  # that is what was asked for
    assert (asked.exit_code, asked.stderr) == (0, "")
