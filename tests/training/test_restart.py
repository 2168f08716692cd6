"""The configuration and the folder of a run that follows another one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from digit_tui.config import MAX_SEED, ConfigError, RunConfig
from digit_tui.run.settings import Settings
from digit_tui.training.restart import NOW, next_config, same_images
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


def following(config: RunConfig, wanted: dict[str, str]) -> RunConfig:
    """What follows a run in which nothing was changed."""
    return next_config(config, wanted, Settings.of(config))


def test_only_the_seed_is_another_one() -> None:
    assert following(BEFORE, {}) == BEFORE.with_(seed=6)
    assert following(BEFORE.with_(seed=MAX_SEED), {}).seed == 0


def test_what_is_typed_takes_the_place_of_what_was() -> None:
    wanted = {"hidden": "8,4", "batch-size": "16", "seed": "9", "data": "here"}
    assert following(BEFORE, wanted) == BEFORE.with_(
        hidden=(8, 4), batch_size=16, seed=9, data=str(Path("here").absolute())
    )


def test_a_preset_brings_all_its_settings_but_keeps_the_data() -> None:
    after = following(BEFORE, {"preset": "record", "batch-size": "16"})
    assert after == RunConfig.from_preset(
        "record", data="sample", validation=100, side=14, threads=2, batch_size=16, seed=6
    )


def test_it_may_have_the_settings_that_the_run_before_has_now() -> None:
    """But for epochs that were added, and what was done to its network."""
    now = replace(
        Settings.of(BEFORE), optimizer="adam", learning_rate=0.1, sam=0.05, epochs=13, pruned=0.5
    )
    after = next_config(BEFORE, {"preset": NOW, "batch-size": "16"}, now)
    changed = {"optimizer": "adam", "learning_rate": 0.1, "sam": 0.05}
    assert after == BEFORE.with_(**changed, batch_size=16, seed=6)


@pytest.mark.parametrize(("one", "other"), [("standard", "sprint"), ("sprint", "classic")])
def test_the_side_is_the_presets_unless_it_was_chosen(one: str, other: str) -> None:
    before, after = (RunConfig.from_preset(preset) for preset in (one, other))
    after_it = following(before, {"preset": other})
    assert after_it.side == after.side
    assert not same_images(after_it, before)
    assert following(before.with_(side=20), {"preset": other}).side == 20


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
        following(BEFORE, {name: text})
    assert refused.value.option == name.replace("-", "_")


def test_each_run_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    first = RunRequest(BEFORE, tmp_path / "run", processes=1)
    (tmp_path / "run").mkdir()
    assert first.again(BEFORE).folder == tmp_path / "run-2"
    (tmp_path / "run-2").mkdir()
    assert first.again(BEFORE).folder == tmp_path / "run-3"
    assert first.again(BEFORE).processes == 1
    assert RunRequest(BEFORE).again(BEFORE).folder is None
