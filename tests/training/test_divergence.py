from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.command_script import CommandScript

from digit_tui.run.commands import Resume, SetLearningRate, StepBatch, Stop
from digit_tui.run.events import Diverged, Evaluated, Paused, StepsDone
from digit_tui.training.trainer import Trainer

PAUSED = 10**9
"""A step that is never reached: a script's command with it waits until the run is paused."""


def state_of(trainer: Trainer) -> tuple[Any, ...]:
    state = trainer.state
    return (
        state.weights_sha256,
        state.slots.tobytes(),
        state.step,
        state.slot_steps,
        state.epoch,
        state.cursor,
        vars(state.tally).copy(),
        state.settings,
    )


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_a_rate_far_too_high_diverges_and_pauses(optimizer: str, train: Any) -> None:
    options = {"optimizer": optimizer, "learning_rate": 1e30}
    ran = train([(PAUSED, Stop(reason="diverged"))], **options)
    (diverged,) = ran.all(Diverged)
    assert diverged.what in ("loss", "gradient")
    assert not np.isfinite(diverged.value)
    assert f"step {diverged.step + 1}" in diverged.message
    assert ran.ended.reason == "diverged"
    assert ran.ended.steps == diverged.step
    told = ran.all(StepsDone)
    assert told[-1].step == diverged.step  # the good steps are told, the bad one is not
    assert all(np.isfinite(event.losses).all() for event in told)
    kinds = [type(event) for event in ran.events]
    after = kinds[kinds.index(Diverged) :]
    assert after[1:3] == [Paused, Evaluated]
    assert [event.reason for event in ran.all(Paused)] == ["diverged"]


def test_the_bad_step_is_not_made(digits: Any, config: Any) -> None:
    trainer = Trainer(config, digits, CommandScript([(4, Stop())]))
    events = trainer.run()
    seen = None
    for event in events:
        if isinstance(event, Evaluated) and seen is None:
            trainer.state.parameters[3] = np.nan
            seen = state_of(trainer)
        elif isinstance(event, Diverged):
            assert state_of(trainer) == seen
            assert (event.step, event.epoch, event.what) == (0, 0, "loss")
            break
    else:
        pytest.fail("it trained on")
    assert isinstance(next(events), Paused)


def test_a_diverged_run_can_be_asked_again(train: Any) -> None:
    commands = [Resume(), StepBatch(), SetLearningRate(1e-3), Resume(), Stop()]
    script = [(PAUSED, command) for command in commands]
    ran = train(script, optimizer="sgd", learning_rate=1e30)
    assert len(ran.all(Diverged)) == 4  # it does not go on from weights that are lost
    assert {event.step for event in ran.all(Diverged)} == {1}
    assert ran.ended.reason == "stopped"


def test_a_divergence_names_the_change_before_it(train: Any) -> None:
    ran = train([(3, SetLearningRate(1e30)), (PAUSED, Stop())], optimizer="sgd")
    assert "after learning rate 0.01 → 1e+30" in ran.all(Diverged)[0].message


@pytest.mark.parametrize("option", ["clip_norm", "clip_value"])
def test_clipping_cannot_hide_a_gradient_that_is_no_number(
    option: str, digits: Any, config: Any
) -> None:
    script = CommandScript([(PAUSED, Stop(reason="diverged"))])
    trainer = Trainer(config.with_(**{option: 0.1}), digits, script)
    trainer.state.parameters[:] = np.nan
    events = list(trainer.run())
    assert [event.step for event in events if isinstance(event, Diverged)] == [0]
    assert events[-1].reason == "diverged"
