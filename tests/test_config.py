from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_tui.config import (
    AUGMENTATIONS,
    OPTIMIZERS,
    PRESETS,
    SCHEDULES,
    ConfigError,
    RunConfig,
    default_threads,
)

RATES = st.none() | st.floats(1e-12, 1e12)


@st.composite
def configs(draw: st.DrawFn) -> RunConfig:
    clip = draw(st.sampled_from(["clip_norm", "clip_value"]))
    return RunConfig(
        data=draw(st.text()),
        preset=draw(st.sampled_from(list(PRESETS))),
        hidden=tuple(draw(st.lists(st.integers(1, 16_384), min_size=1, max_size=20))),
        optimizer=draw(st.sampled_from(OPTIMIZERS)),
        learning_rate=draw(RATES),
        schedule=draw(st.sampled_from(SCHEDULES)),
        batch_size=draw(st.integers(1, 65_536)),
        epochs=draw(st.integers(0, 1_000_000)),
        weight_decay=draw(st.floats(0, 1e6)),
        augment=draw(st.sampled_from(AUGMENTATIONS)),
        average=draw(st.booleans()),
        side=draw(st.sampled_from([28]) | st.integers(2, 128)),
        elastic=draw(st.sampled_from([None, 1.0]) | st.floats(0.01, 128)),
        seed=draw(st.integers(0, 2**63 - 1)),
        threads=draw(st.integers(1, 256)),
        **{clip: draw(RATES)},
    )


@given(configs())
def test_a_config_survives_json(config: RunConfig) -> None:
    assert RunConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize("side", [14, 28, 56])
def test_a_run_of_before_there_was_elastic_moves_points_by_a_pixel(side: int) -> None:
    values = RunConfig(side=side).to_json()
    values.pop("elastic", None)
    assert RunConfig.from_json(values).elastic_pixels == 1


def test_elastic_is_in_proportion_to_the_side() -> None:
    assert [RunConfig(side=side).elastic_pixels for side in (14, 28, 56)] == [0.5, 1, 2]
    assert "elastic" not in RunConfig(side=28).to_json()  # earlier versions can read it


IMPOSSIBLE: list[tuple[str, Any]] = [
    ("preset", "best"),
    ("optimizer", "tiger"),
    ("optimizer", "Adam"),
    ("schedule", ""),
    ("augment", "flip"),
    ("hidden", ()),
    ("hidden", (0,)),
    ("hidden", (10, -1)),
    ("hidden", (16_385,)),
    ("hidden", (2.5,)),
    ("hidden", (4,) * 21),
    ("learning_rate", 0.0),
    ("learning_rate", -0.1),
    ("learning_rate", math.nan),
    ("learning_rate", math.inf),
    ("clip_norm", 0.0),
    ("clip_norm", math.nan),
    ("clip_value", -1.0),
    ("weight_decay", -1e-9),
    ("weight_decay", math.nan),
    ("batch_size", 0),
    ("batch_size", 65_537),
    ("batch_size", 12.5),
    ("epochs", -1),
    ("epochs", 1_000_001),
    ("side", 1),
    ("side", 129),
    ("elastic", 0.0),
    ("elastic", 129.0),
    ("elastic", "far"),
    ("seed", -1),
    ("seed", 2**63),
    ("threads", 0),
    ("threads", 257),
]


@pytest.mark.parametrize(("option", "value"), IMPOSSIBLE)
def test_an_impossible_value_is_refused_by_its_options_name(option: str, value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        RunConfig(**{option: value})
    assert caught.value.option == option
    assert "\n" not in str(caught.value)


def test_clipping_is_by_norm_or_by_value() -> None:
    with pytest.raises(ConfigError, match="not by both"):
        RunConfig(clip_norm=1, clip_value=1)


def test_a_changed_config_is_checked_as_a_new_one() -> None:
    config = RunConfig()
    with pytest.raises(ConfigError):
        config.with_(batch_size=0)
    assert config.with_(batch_size=7).batch_size == 7
    assert config.batch_size == 128


@pytest.mark.parametrize("option", RunConfig().to_json())
def test_json_must_name_every_setting(option: str) -> None:
    values = RunConfig().to_json()
    del values[option]
    with pytest.raises(ConfigError, match="missing") as caught:
        RunConfig.from_json(values)
    assert caught.value.option == option


def test_json_must_name_no_other_setting() -> None:
    with pytest.raises(ConfigError, match="unknown setting 'dropout'"):
        RunConfig.from_json(RunConfig().to_json() | {"dropout": 0.5})


WRONG_TYPES = [
    (option, wrong)
    for option in RunConfig().to_json()
    for wrong in ([], {}, "x", [None])
    if (option, wrong) != ("data", "x")
]


@pytest.mark.parametrize(("option", "wrong"), WRONG_TYPES, ids=repr)
def test_json_of_a_wrong_type_is_refused(option: str, wrong: Any) -> None:
    with pytest.raises(ConfigError):
        RunConfig.from_json(RunConfig().to_json() | {option: wrong})


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_are_possible_and_know_their_name(preset: str) -> None:
    config = RunConfig.from_preset(preset)
    assert config.preset == preset
    assert config.threads == default_threads()


def test_the_presets_promise_what_the_documentation_says() -> None:
    classic, standard = RunConfig.from_preset("classic"), RunConfig.from_preset("standard")
    assert classic.hidden == (128,)
    assert classic.augment == "none"
    assert standard.augment == "elastic"
    with pytest.raises(ConfigError, match="classic, sprint, standard, record"):
        RunConfig.from_preset("fast")


def test_an_option_beside_a_preset_wins_unless_it_was_not_given() -> None:
    config = RunConfig.from_preset("classic", epochs=3, hidden=None, average=False, threads=2)
    assert config.epochs == 3
    assert config.hidden == (128,)
    assert config.average is False
    assert config.threads == 2


def test_a_presets_learning_rate_belongs_to_its_optimizer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRESETS["classic"], "optimizer", "adam")
    monkeypatch.setitem(PRESETS["classic"], "learning_rate", 0.25)
    assert RunConfig.from_preset("classic").learning_rate == 0.25
    assert RunConfig.from_preset("classic", optimizer="adam").learning_rate == 0.25
    assert RunConfig.from_preset("classic", optimizer="sgd").learning_rate is None
    assert RunConfig.from_preset("classic", optimizer="sgd", learning_rate=1).learning_rate == 1
