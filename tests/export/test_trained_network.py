"""Which weights of a run are exported, and what is known of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.runs import Train

from digit_tui.export.trained_network import TrainedNetwork
from digit_tui.storage.calibration_file import Calibration, write_calibration
from digit_tui.storage.errors import RunError
from digit_tui.storage.saved_run import SavedRun


def test_which_weights(train: Train, tmp_path: Path) -> None:
    train(folder=tmp_path / "with")
    train(folder=tmp_path / "without", average=False)
    averaged, plain = (SavedRun.read(tmp_path / name) for name in ("with", "without"))
    checkpoint = averaged.checkpoint()
    state = checkpoint.state
    assert state.average is not None
    latest, _ = TrainedNetwork.of(averaged, checkpoint, average=False)
    for average in (None, True):
        chosen, _ = TrainedNetwork.of(averaged, checkpoint, average)
        assert np.array_equal(chosen.network.parameters, state.average)
        assert (chosen.averaged, latest.averaged) == (True, False)
    assert np.array_equal(latest.network.parameters, state.parameters)
    assert latest.accuracy is None  # nobody measured these
    with pytest.raises(RunError, match="keeps no average"):
        TrainedNetwork.of(plain, plain.checkpoint(), average=True)
    sha256 = state.weights_sha256
    write_calibration(averaged.path, Calibration(16, sha256, 30, 0, 1.5, 0, 0, 0, 0, None))
    chosen, complaint = TrainedNetwork.of(averaged, checkpoint, average=False)
    assert (chosen.temperature, "is left out" in complaint) == (None, True)


def test_a_network_that_diverged(train: Train, tmp_path: Path) -> None:
    train(folder=tmp_path / "run")
    saved = SavedRun.read(tmp_path / "run")
    checkpoint = saved.checkpoint()
    assert checkpoint.state.average is not None
    checkpoint.state.average[3] = np.nan
    with pytest.raises(RunError, match=r"diverged.*--best"):
        TrainedNetwork.of(saved, checkpoint)
