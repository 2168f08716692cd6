"""`digit-tui import`, from the command line: a run like any other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.cli import Ended, Program, run
from support.networks import Layers, layers_of
from support.saved_runs import write_digits

from digit_tui.export import read_weights
from digit_tui.storage import run_files
from digit_tui.storage.saved_run import SavedRun


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Images of side 6 of four classes."""
    return str(write_digits(tmp_path_factory.mktemp("digits") / "patterns", seed=0))


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_files, "user_state_path", lambda *_, **__: tmp_path / "state")


def network(path: Path, layers: Layers) -> str:
    arrays = {}
    for number, (weights, biases) in enumerate(layers):
        arrays[f"fc{number}.weight"] = np.ascontiguousarray(weights.T)
        arrays[f"fc{number}.bias"] = biases
    from safetensors.numpy import save_file

    save_file(arrays, path)
    return str(path)


@pytest.fixture(scope="module")
def trained(data: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A network that tells the classes apart, from the run `first` beside it."""
    folder = tmp_path_factory.mktemp("trained")
    options = ("--hidden", "8", "--side", "6", "--epochs", "8", "--lr", "0.01", "--augment", "none")
    options += ("--threads", "1", "--batch-size", "16")
    first, path = str(folder / "first"), str(folder / "net.safetensors")
    assert run("--batch", "--data", data, *options, "--run", first).exit_code == 0
    assert run("export", first, path).exit_code == 0
    return path


def results_of_first(program: Program, trained: str) -> dict[str, Any]:
    done = succeed(program("evaluate", str(Path(trained).with_name("first")), "--json"))
    values: dict[str, Any] = json.loads(done.stdout)
    return values


OPTIONS = ("--epochs", "2", "--lr", "0.001", "--threads", "1")


def succeed(done: Ended) -> Ended:
    assert done.exit_code == 0, done.stderr
    return done


def test_it_is_a_run_like_any_other(
    program: Program, trained: str, data: str, tmp_path: Path
) -> None:
    first = results_of_first(program, trained)
    folder = str(tmp_path / "run")
    done = succeed(program("import", trained, "--data", data, "--run", folder, *OPTIONS))
    assert done.stderr == ""
    accuracy = f"{first['test_accuracy']:.2%}"
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert lines["Run"] == folder
    assert f"accuracy  {accuracy}" in done.stdout
    assert f"digit-tui mistakes {folder}\n" in done.stdout
    assert f"digit-tui --resume {folder}\n" in done.stdout

    now = json.loads(succeed(program("evaluate", folder, "--json")).stdout)
    assert {name: now[name] for name in ("step", "test_correct", "test_loss", "confusion")} == {
        "step": 0,
        **{name: first[name] for name in ("test_correct", "test_loss", "confusion")},
    }
    wrong = succeed(program("mistakes", folder, "--json")).stdout.splitlines()
    assert len(wrong) == first["test_total"] - first["test_correct"]
    shown = succeed(program("runs", "show", folder)).stdout
    assert "Began with     the weights of net.safetensors\n" in shown
    assert "0 of 2 epochs, 0 steps" in shown

    page = succeed(program("report", folder, "--html", "-")).stdout
    assert "the weights of net.safetensors" in page
    assert "digit-tui --batch --replay" in page
    assert "digit-tui --batch --data" not in page  # would begin with other weights

    ended = succeed(program("--batch", "--resume", folder, "--json")).stdout.splitlines()[-1]
    again = str(tmp_path / "again")
    replayed = succeed(program("--batch", "--replay", folder, "--run", again, "--json"))
    sums = [json.loads(line) for line in (ended, replayed.stdout.splitlines()[-1])]
    assert [each["epochs"] for each in sums] == [2, 2]
    assert sums[0]["weights_sha256"] == sums[1]["weights_sha256"]
    assert SavedRun.read(Path(again)).began_with == "net.safetensors"


def test_json_and_a_validation_set(program: Program, trained: str, data: str) -> None:
    done = succeed(program("import", trained, "--data", data, "--validation", "30", "--json"))
    values = json.loads(done.stdout)
    assert values["network"] == [36, 8, 4]
    assert values["validation_total"] == 30
    assert "test_accuracy" not in values
    saved = SavedRun.read(Path(values["run"]))
    assert values["name"] == saved.path.name
    assert saved.record["results"]["test_total"] is None  # it stays unseen
    assert saved.record["results"]["weights_sha256"] == values["weights_sha256"]


def test_a_network_for_normalised_pixels(
    program: Program, finished: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    saved, ended = finished
    succeed(program("export", str(saved), str(tmp_path / "net.npz")))
    (weights, biases), *others = read_weights(tmp_path / "net.npz").network.layers
    # What would do the same if it were shown (pixel - 0.1307) / 0.3081.
    first = weights * np.float32(0.3081), biases + np.float32(0.1307) * weights.sum(axis=0)
    path = network(tmp_path / "normalised.safetensors", [first, *others])
    plain = succeed(program("import", path, "--data", "sample", "--json"))
    assert json.loads(plain.stdout)["test_accuracy"] < ended["test_accuracy"]
    assert (
        "with --mean 0.1307 --std 0.3081, as PyTorch's examples normalise MNIST, it would be "
        f"{ended['test_accuracy']:.2%}"
    ) in plain.stderr
    given = ("--mean", "0.1307", "--std", "0.3081")
    done = succeed(program("import", path, "--data", "sample", "--json", *given))
    assert json.loads(done.stdout)["test_accuracy"] == ended["test_accuracy"]
    assert "is now part of the first layer" in done.stderr
    assert "would be" not in done.stderr


def refused(program: Program, *arguments: str) -> tuple[int, str]:
    done = program("import", *arguments)
    assert done.stdout == ""
    *_, last = done.stderr.splitlines()
    assert last.startswith("digit-tui: ")
    return done.exit_code, last


def test_what_does_not_fit(program: Program, data: str, tmp_path: Path) -> None:
    cases: list[tuple[Any, tuple[str, ...], int, str]] = [
        (layers_of(36, 8, 5), (), 3, "it tells 5 classes apart, and"),
        (layers_of(36, 8, 4), ("--side", "28"), 3, "it reads images of side 6, not 28 (--side)"),
        (layers_of(36, 4), (), 3, "it has no hidden layer"),
        (layers_of(35, 8, 4), (), 3, "from a square image on"),
        (layers_of(36, 8, 4), ("--mean", "1"), 2, "--mean and --std need each other"),
        (layers_of(36, 8, 4), ("--mean", "1", "--std", "0"), 2, "the second above 0"),
        (layers_of(36, 8, 4), ("--mean", "nan", "--std", "1"), 2, "finite numbers"),
        (layers_of(36, 8, 4), ("--hidden", "8"), 2, "No such option"),
        (layers_of(36, 8, 4), ("--epochs", "-1"), 2, "--epochs"),
        (layers_of(36, 8, 4), ("--data", str(tmp_path / "none")), 3, "none"),
    ]
    for number, (layers, options, status, words) in enumerate(cases):
        path = network(tmp_path / f"net{number}.safetensors", layers)
        found = refused(program, path, "--data", data, *options)
        assert found[0] == status, found
        assert words in found[1]
    assert refused(program, str(tmp_path / "none.npz"), "--data", data)[0] == 3
    assert not (tmp_path / "state").exists()


def test_a_folder_that_is_taken(program: Program, data: str, tmp_path: Path) -> None:
    path = network(tmp_path / "net.safetensors", layers_of(36, 8, 4))
    folder = tmp_path / "run"
    succeed(program("import", path, "--data", data, "--run", str(folder)))
    before = {each.name: each.read_bytes() for each in folder.iterdir()}
    status, error = refused(program, path, "--data", data, "--run", str(folder))
    assert (status, "holds a run already" in error) == (2, True)
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == before


def test_without_its_weights_a_run_is_not_resumed(
    program: Program, data: str, tmp_path: Path
) -> None:
    path = network(tmp_path / "net.safetensors", layers_of(36, 8, 4))
    folder = tmp_path / "run"
    succeed(program("import", path, "--data", data, "--run", str(folder)))
    (folder / "initial.npz").unlink()
    done = program("--batch", "--resume", str(folder))
    assert (done.exit_code, done.stdout) == (3, "")
    assert "initial.npz is missing: the run cannot be resumed" in done.stderr
    assert done.stderr.count("\n") == 1
    succeed(program("evaluate", str(folder)))
    succeed(program("export", str(folder), str(tmp_path / "again.npz")))
    succeed(program("runs", "rm", str(folder), "--yes"))
    assert not folder.exists()
