"""What is to be tried, as it is typed and as it is in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from digit_tui.sweep.plan import Plan, held_out_count
from digit_tui.sweep.plan_file import read_plan_file
from digit_tui.sweep.space import (
    Choices,
    Range,
    SpaceError,
    from_json,
    options_of,
    to_json,
)
from digit_tui.sweep.space_text import dimension_words, parse_dimension, read_dimension


@pytest.mark.parametrize(
    ("text", "dimension"),
    [
        ("optimizer=sgd,adam", Choices("optimizer", ("sgd", "adam"))),
        ("lr=1e-4..1e-1:log", Range("lr", 1e-4, 0.1, log=True)),
        ("lr=0.1..0.55:0.2", Range("lr", 0.1, 0.5, step=0.2)),
        ("hidden=64..512", Range("hidden", 64, 512, whole=True)),
        ("hidden=64..500:64", Range("hidden", 64, 448, step=64, whole=True)),
        ("hidden=128|256,128", Choices("hidden", ("128", "256,128"))),
        ("hidden=64,128", Choices("hidden", ("64", "128"))),
        ("average=on,off", Choices("average", (True, False))),
        ("sam=0,0.05", Choices("sam", (None, 0.05))),
        ("clip-norm=off,1", Choices("clip-norm", (None, 1.0))),
        ("augment=none,elastic", Choices("augment", ("none", "elastic"))),
        ("batch-size=16..256:log", Range("batch-size", 16, 256, log=True, whole=True)),
    ],
)
def test_what_is_typed(text: str, dimension: Choices | Range) -> None:
    parsed = parse_dimension(text)
    assert parsed == dimension
    assert from_json(to_json((parsed,))) == (parsed,)
    assert parse_dimension(dimension_words(parsed).replace("default", "off")) == dimension


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("optimiser=sgd", "did you mean optimizer?"),
        ("learning_rate=1,2", "did you mean lr?"),
        ("optimizer=adm", "did you mean adam?"),
        ("seed=1,2", "--seeds N"),
        ("lr", "NAME=VALUES"),
        ("lr=", "NAME=VALUES"),
        ("lr=0..1:log", "begins above 0"),
        ("lr=1..0", "1 is not less than 0"),
        ("lr=1..2:0.1:log", "not both"),
        ("lr=1..2:x", "'x' is not a number"),
        ("lr=nan,1", "not a number"),
        ("lr=1,1", "given twice"),
        ("hidden=64.5..100", "not a whole number"),
        ("hidden=64..100:50", "is no step"),
        ("hidden=a|b", "not a list of widths"),
        ("optimizer=1..2", "is no number"),
        ("average=maybe", "neither on nor off"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_line(text: str, words: str) -> None:
    with pytest.raises(SpaceError, match=words.replace("?", r"\?")) as raised:
        parse_dimension(text)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("tried", "words"),
    [
        (["lr=-1,1"], "lr: -1.0 is not a positive number"),
        (["hidden=1..99999"], "hidden: 99999 is not a whole number from 1"),
        (["clip-norm=off,1", "clip-value=off,1"], "not by both"),
        (["lr=1,2", "lr=3,4"], "given twice"),
        ([], "nothing to try"),
    ],
)
def test_each_value_is_checked_before_anything_starts(tried: list[str], words: str) -> None:
    with pytest.raises(SpaceError, match=words):
        Plan(tuple(map(parse_dimension, tried)), "classic", {"threads": 1})


def test_settings_become_the_options_of_a_run() -> None:
    params = {"hidden": "256,128", "lr": 0.1, "clip-norm": None, "average": False}
    assert options_of(params) == {
        "hidden": (256, 128),
        "learning_rate": 0.1,
        "clip_norm": None,
        "average": False,
    }
    plan = Plan((parse_dimension("hidden=8..16"),), "classic", {"threads": 1, "seed": 5})
    config = plan.config({"hidden": 9}, seed_index=2)
    assert (config.hidden, config.seed, config.learning_rate) == ((9,), 7, 0.005)
    # Another optimizer does not inherit the rate of the preset's, as on the command line.
    assert plan.config({"optimizer": "sgd"}).learning_rate is None


def test_a_grid_has_each_point_once() -> None:
    space = tuple(map(parse_dimension, ("lr=0.1..0.3:0.1", "hidden=8,16", "batch-size=1..3")))
    plan = Plan(space, "classic", {"threads": 1}, sampler="grid")
    assert plan.most_trials == plan.grid_size() == 18
    points = {tuple(plan.grid_point(number).values()) for number in range(18)}
    assert len(points) == 18
    assert {point[2] for point in points} == {1, 2, 3}
    assert plan.with_budget(5, None).most_trials == 5
    with pytest.raises(SpaceError, match="a grid needs a list of values"):
        Plan((parse_dimension("lr=0.1..1:log"),), "classic", {"threads": 1}, sampler="grid")


def test_a_plan_survives_the_storage() -> None:
    plan = Plan(
        tuple(map(parse_dimension, ("hidden=8|16,8", "lr=1e-3..1:log"))),
        "classic",
        {"threads": 1, "data": "sample", "validation": 9},
        trials=7,
        minutes=1.5,
        seeds=2,
    )
    assert Plan.from_json(plan.to_json()) == plan
    assert plan.differs(plan.with_budget(9, None)) is None
    with pytest.raises(SpaceError, match="another version, or damaged"):
        Plan.from_json({"space": 3})


FILE = """\
[space]
optimizer = ["sgd", "adam"]
lr = { low = 1e-4, high = 0.1, log = true }
hidden = [[128], [256, 128]]
batch-size = "32..128:32"

[run]
epochs = 4
[sweep]
trials = 9
"""


def test_a_file_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "space.toml"
    path.write_text(FILE)
    read = read_plan_file(path)
    assert read.space == tuple(
        map(
            parse_dimension,
            (
                "optimizer=sgd,adam",
                "lr=1e-4..1e-1:log",
                "hidden=128|256,128",
                "batch-size=32..128:32",
            ),
        )
    )
    assert (read.run, read.sweep) == ({"epochs": 4}, {"trials": 9})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[spcae]\nlr=[1]", r"no table \[spcae\]; did you mean space"),
        ("[run]\nepoch=1", r"\[run\] has no 'epoch'; did you mean epochs"),
        ("[sweep]\ntrails=1", "did you mean trials"),
        ("[space]\nlr={low=1}", "a low and a high end"),
        ("[space]\nlr={low=1,high=2,logg=true}", "'logg' is not known; did you mean log"),
        ("[space]\nlr=[]", "the list is empty"),
        ("lr = ", "cannot be read as TOML"),
    ],
)
def test_a_bad_file_is_said_with_its_name(content: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "space.toml"
    path.write_text(content)
    with pytest.raises(SpaceError, match=words) as raised:
        read_plan_file(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("value", "words"),
    [({"low": 1, "high": 2, "log": 1}, "true or false"), ([True], "not a number")],
)
def test_values_of_a_file_have_their_types(value: Any, words: str) -> None:
    with pytest.raises(SpaceError, match=words):
        read_dimension("lr", value)


def test_a_sensible_share_is_held_out() -> None:
    assert [held_out_count(images) for images in (60_000, 4_000, 1_000, 10)] == [
        10_000,
        1_000,
        500,
        5,
    ]
