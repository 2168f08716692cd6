"""Saved runs, opened by the API."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.api import SMALL

from digit_tui import Run, RunError, load_digits, open_run
from digit_tui.data import Dataset


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a run of three epochs of four steps that was left after the second."""
    path = tmp_path_factory.mktemp("runs") / "saved"
    options = SMALL | {"batch_size": 1000, "data": "sample", "folder": path}
    with Run("classic", **options) as run:
        run.train().set(augment="none").train()
    return path


def test_its_facts(folder: Path, sample: Dataset) -> None:
    saved = open_run(folder)
    assert (saved.path, saved.name) == (folder, str(folder))
    assert (saved.state, saved.step, saved.epoch) == ("interrupted", 8, 2.0)
    assert (saved.config.hidden, saved.settings.augment) == ((8,), "none")
    assert saved.history["step"].tolist() == [4, 8]
    accuracy = saved.evaluate().accuracy
    assert accuracy == saved.history["test_accuracy"][-1]
    assert f"784-8-10, epoch 2 of 3, step 8, test accuracy {accuracy:.2%}, inter" in repr(saved)
    assert np.array_equal(saved.predict(sample.test_images), saved.evaluate().predictions)
    assert len(saved.mistakes()) == 1000 - saved.evaluate().correct
    assert any(each.forgotten for each in saved.mistakes("forgotten>0"))
    assert (saved.started.tzinfo is not None, saved.dataset.sha256) == (True, sample.sha256)
    with pytest.raises(ValueError, match="read-only"):
        saved.weights[0].biases[0] = 1


def test_its_best(folder: Path) -> None:
    best = open_run(folder, best=True)
    accuracies = open_run(folder).history["test_accuracy"]
    assert best.evaluate().accuracy == accuracies.max()
    assert best.history.epochs == accuracies.argmax() + 1
    assert "(its best)" in repr(best)


def test_it_is_only_read(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    saved = open_run(folder)
    saved.evaluate()
    saved.mistakes()
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_one_process_trains_it(folder: Path) -> None:
    saved = open_run(folder)
    with saved.resume() as run:
        assert saved.state == "running"
        assert (run.step, run.epoch) == (saved.step, saved.epoch)
        assert run.weights_sha256 == saved.weights_sha256
        assert run.history["epoch"].tolist() == [1, 2]
        assert "784-8-10: epoch 2 of 3, step 8" in repr(run)
        with pytest.raises(RunError, match="another run of this program: close it"):
            saved.resume()
    assert open_run(folder).weights_sha256 == saved.weights_sha256


def test_no_such_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no folder 'nothing', and no run of that name"):
        open_run("nothing")
    with pytest.raises(RunError, match=r"run\.json"):
        open_run(tmp_path)


def test_digits_that_have_changed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = load_digits("sample", 14)
    monkeypatch.setattr("digit_tui.api.saved.load_dataset", lambda *_, **__: other)
    with pytest.raises(RunError, match="is not the dataset that"):
        open_run(folder).evaluate()
