"""The settings in the status line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.model import Tell, lines

from digit_tui.run.events import Paused
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.status_line import quality_line, settings_line, state_line


@pytest.mark.parametrize(
    ("runs", "words"), [(["one"], "teacher one"), (["one", "two"], "2 teachers")]
)
def test_the_teacher_is_named(
    runs: list[str], words: str, model: RunModel, story: Any, tell: Tell
) -> None:
    loaded, started, evaluated = story.opening()
    about = {"runs": runs, "temperature": 4.0, "weight": 0.9}
    tell(loaded, replace(started, teacher=about), evaluated)
    assert settings_line(model).endswith(f" · {words}")
    assert settings_line(model, 22) == "adam · rate 0.001 · …"  # whole settings, or none of it
    names = ", ".join(runs)
    assert any(
        f"distilled from {names} (temperature 4, weight 0.9)" in each for each in lines(model)
    )


def test_settings_that_are_not_read_yet_are_not_told(
    model: RunModel, story: Any, tell: Tell
) -> None:
    assert settings_line(model) == "adam · learning rate 0.001"  # of a new run
    model.resumes = True
    assert settings_line(model) == ""
    tell(*story.opening())
    assert settings_line(model) == "adam · learning rate 0.001"


def test_the_accuracy_on_the_test_set_is_told_once_it_is_shown(
    model: RunModel, story: Any, tell: Tell
) -> None:
    tell(*story.opening())
    model.config = replace(model.config, validation=100)
    assert "test unopened" in state_line(model)
    model.test_opened = 120
    assert state_line(model).endswith("  test opened at step 120")
    model.test_evaluated, model.shows_test = replace(story.evaluated(), split="test"), True
    accuracy = model.test_evaluated.evaluation.accuracy
    assert state_line(model).endswith(f"  test {accuracy:.2%}, opened at step 120")


def test_where_a_run_is_in_trouble_it_says_that_the_accuracy_is_of_averaged_weights(
    model: RunModel, story: Any, tell: Tell
) -> None:
    tell(*story.opening(), *story.epochs(2))
    model.config = replace(model.config, average=True)
    assert quality_line(model).startswith("test accuracy (95% interval ")
    tell(Paused(story.step, story.epoch, "spike"))
    assert quality_line(model).startswith("test with averaged weights (95%: ")
    assert quality_line(model, 62).startswith("test with averaged weights  best ")
    assert state_line(model).endswith("% (averaged)")
    model.config = replace(model.config, average=False)
    assert quality_line(model).startswith("test accuracy (95% interval ")
