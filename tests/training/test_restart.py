"""The configuration and the folder of a run that follows another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from digit_tui.config import MAX_SEED, ConfigError, RunConfig
from digit_tui.training.restart import next_config, same_images
from digit_tui.training.run_request import RunRequest

BEFORE = RunConfig(
    data="sample",
    preset="classic",
    hidden=(32,),
    optimizer="sgd",
    learning_rate=0.3,
    batch_size=64,
    epochs=3,
    validation=100,
    side=14,
    seed=5,
    threads=2,
)


def test_only_the_seed_is_another_one() -> None:
    assert next_config(BEFORE, {}) == BEFORE.with_(seed=6)
    assert next_config(BEFORE.with_(seed=MAX_SEED), {}).seed == 0


def test_what_is_typed_takes_the_place_of_what_was() -> None:
    wanted = {"hidden": "8,4", "batch-size": "16", "seed": "9", "data": "here"}
    assert next_config(BEFORE, wanted) == BEFORE.with_(
        hidden=(8, 4), batch_size=16, seed=9, data=str(Path("here").absolute())
    )


def test_a_preset_brings_all_its_settings_but_keeps_the_data() -> None:
    after = next_config(BEFORE, {"preset": "record", "batch-size": "16"})
    assert after == RunConfig.from_preset(
        "record", data="sample", validation=100, side=14, threads=2, batch_size=16, seed=6
    )


@pytest.mark.parametrize(("one", "other"), [("standard", "sprint"), ("sprint", "classic")])
def test_the_side_is_the_presets_unless_it_was_chosen(one: str, other: str) -> None:
    before, after = (RunConfig.from_preset(preset) for preset in (one, other))
    following = next_config(before, {"preset": other})
    assert following.side == after.side
    assert not same_images(following, before)
    assert next_config(before.with_(side=20), {"preset": other}).side == 20


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hidden", ""),
        ("hidden", "0"),
        ("hidden", "8;4"),
        ("batch-size", "x"),
        ("batch-size", "0"),
        ("seed", "1.5"),
        ("seed", ""),
        ("preset", "best"),
        ("data", ""),
        ("epochs", "5"),
    ],
)
def test_a_value_that_is_none_is_refused(name: str, text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        next_config(BEFORE, {name: text})
    assert refused.value.option == name.replace("-", "_")


def test_each_run_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    first = RunRequest(BEFORE, tmp_path / "run", processes=1)
    (tmp_path / "run").mkdir()
    assert first.again(BEFORE).folder == tmp_path / "run-2"
    (tmp_path / "run-2").mkdir()
    assert first.again(BEFORE).folder == tmp_path / "run-3"
    assert first.again(BEFORE).processes == 1
    assert RunRequest(BEFORE).again(BEFORE).folder is None
