"""What is removed from a network, in a checkpoint: read as it was written, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.checkpoints import archive, signed

from digit_tui.run.commands import Prune, Stop, SwitchOff
from digit_tui.storage.checkpoint import read_checkpoint
from digit_tui.storage.errors import RunError

pytestmark = pytest.mark.usefixtures("saved_when_asked")

OFF, PRUNED = (3, SwitchOff(1, (2, 5))), (5, Prune(0.4))
Arrays = dict[str, Any]


@pytest.mark.parametrize("average", [True, False])
@pytest.mark.parametrize("script", [[OFF], [PRUNED], [OFF, PRUNED]], ids=str)
def test_it_is_read_as_it_was_written(
    script: list[Any], average: bool, train: Any, tmp_path: Path
) -> None:
    ran = train([*script, (11, Stop())], folder=tmp_path, average=average)
    written = ran.trainer.state.removed
    state = read_checkpoint(tmp_path / "checkpoint.npz").state
    assert state.settings == ran.trainer.state.settings
    for name in ("pruned", "mask", "values", "average"):
        one, other = getattr(written, name), getattr(state.removed, name)
        assert (one is None) == (other is None)
        if one is not None:
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)


def test_where_nothing_is_removed_a_checkpoint_is_that_of_earlier_versions(
    train: Any, tmp_path: Path
) -> None:
    train([*[OFF, PRUNED], (7, Stop())], folder=tmp_path / "removed")
    train([(11, Stop())], folder=tmp_path / "whole")
    names = {}
    for name in ("removed", "whole"):
        with np.load(tmp_path / name / "checkpoint.npz") as file:
            names[name] = set(file.files)
            settings = json.loads(file["about"].tobytes())["settings"]
            assert ("pruned" in settings) == ("switched_off" in settings) == (name == "removed")
    assert names["removed"] - names["whole"] == {"pruned", "removed", "removed_average"}
    assert read_checkpoint(tmp_path / "whole" / "checkpoint.npz").state.removed is None


def other_settings(**changes: Any) -> Callable[[Arrays], None]:
    def change(arrays: Arrays) -> None:
        about = json.loads(arrays["about"].tobytes())
        about["settings"] |= changes
        arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)

    return change


def without(name: str) -> Callable[[Arrays], None]:
    return lambda arrays: arrays.pop(name)


def shorter(name: str) -> Callable[[Arrays], None]:
    return lambda arrays: arrays.update({name: arrays[name][:-1]})


def not_zero(name: str) -> Callable[[Arrays], None]:
    return lambda arrays: arrays.update({name: np.ones_like(arrays[name])})


def bits(change: Callable[[np.ndarray], Any]) -> Callable[[Arrays], None]:
    def changed(arrays: Arrays) -> None:
        found = np.unpackbits(arrays["pruned"])
        change(found)
        arrays["pruned"] = np.packbits(found)

    return changed


def move_to_a_bias(found: np.ndarray) -> None:
    found[np.flatnonzero(found)[0]] = 0
    found[36 * 8] = 1


def add_one(found: np.ndarray) -> None:
    found[np.flatnonzero(found[: 36 * 8] == 0)[0]] = 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without("removed"), "removed: it is missing"),
        (without("removed_average"), "removed_average: it is missing"),
        (without("pruned"), "pruned: it is missing"),
        (shorter("removed"), "removed: its shape is"),
        (shorter("removed_average"), "removed_average: its shape is"),
        (shorter("pruned"), "pruned: its shape is"),
        (not_zero("parameters"), "removed: a parameter that is removed is not 0"),
        (not_zero("average"), "removed: a parameter that is removed is not 0"),
        (not_zero("slots"), "removed: a parameter that is removed is not 0"),
        (bits(move_to_a_bias), "pruned: a bias is pruned"),
        (bits(add_one), "weights are pruned, not 128"),
        (other_settings(pruned=0), "pruned: the settings say that there is none"),
        (other_settings(pruned=0.5), "weights are pruned, not 160"),
        (other_settings(pruned=1), "settings.pruned: 1 is not a number from 0 to 0.99"),
        (other_settings(switched_off=[[1, 2]]), "removed_average: its shape is"),
        (other_settings(switched_off=[[1, 8]]), "layer 1 has no unit 8"),
        (other_settings(switched_off=[[2, 0]]), "layer 2 is none of the hidden ones"),
        (other_settings(switched_off=[[1, 5], [1, 2]]), "its units are not in their order"),
        (other_settings(switched_off=[[1, n] for n in range(8)]), "all units of layer 1"),
        (other_settings(switched_off=[], pruned=0), "the settings say that there is none"),
    ],
)
def test_one_that_does_not_fit_is_refused_in_a_line(
    change: Callable[[Arrays], None], words: str, train: Any, tmp_path: Path
) -> None:
    train([OFF, PRUNED, (11, Stop())], folder=tmp_path)
    path = tmp_path / "checkpoint.npz"
    with np.load(path) as file:
        arrays = dict(file)
    change(arrays)
    path.unlink()
    path.write_bytes(signed(archive(**arrays)))
    with pytest.raises(RunError) as caught:
        read_checkpoint(path)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300 + len(str(path))
