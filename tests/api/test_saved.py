"""Saved runs, opened by the API."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.api import SMALL

from digit_tui import Run, RunError, load_digits, open_run, predict_proba
from digit_tui.data import Dataset
from digit_tui.storage.calibration_file import Calibration, remove_calibration, write_calibration


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
    assert (saved.state, saved.step, saved.epoch) == ("stopped", 8, 2.0)
    assert (saved.config.hidden, saved.settings.augment) == ((8,), "none")
    assert saved.history["step"].tolist() == [4, 8]
    accuracy = saved.evaluate().accuracy
    assert accuracy == saved.history["test_accuracy"][-1]
    assert f"784-8-10, epoch 2 of 3, step 8, test accuracy {accuracy:.2%}, stopped" in repr(saved)
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


def test_it_does_not_train(folder: Path) -> None:
    saved = open_run(folder)
    for name in ("train", "events", "set", "undo", "fork"):
        with pytest.raises(AttributeError, match=rf"no {name}\(\): resume\(\) gives a run"):
            getattr(saved, name)
    with pytest.raises(AttributeError, match=r"'SavedRun' object has no attribute 'traim'"):
        saved.traim  # type: ignore[attr-defined]  # noqa: B018


def test_the_temperature_that_was_fitted_to_it(folder: Path, sample: Dataset) -> None:
    saved, images = open_run(folder), sample.test_images[:50]
    assert saved.temperature is None
    plain = saved.predict_proba(images)
    assert np.array_equal(saved.predict_proba(images, temperature=None), plain)
    fitted = Calibration(8, saved.weights_sha256, 50, 5, 2.0, 0.1, 0.1, 0.1, 0.1, None)
    write_calibration(folder, fitted)
    assert saved.temperature == 2.0
    calm = predict_proba(saved, images, temperature=saved.temperature)
    roots = np.sqrt(plain)  # the softmax at twice the temperature
    assert np.allclose(calm, roots / roots.sum(axis=1, keepdims=True), atol=1e-6)
    write_calibration(folder, replace(fitted, weights_sha256="0" * 64))
    assert saved.temperature is None
    remove_calibration(folder)
    for wrong in (0, np.nan, "2"):
        with pytest.raises(ValueError, match=f"temperature: {wrong!r} is not a number above 0"):
            saved.predict_proba(images, temperature=wrong)  # type: ignore[arg-type]


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
