"""The way out of a loss that is no number, and of a spike."""

from __future__ import annotations

from itertools import cycle
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command_script import CommandScript
from support.undo import NEVER, STOP, end_of

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.engine import stepper as step_module
from digit_tui.engine.stepper import NotFinite, Stepper
from digit_tui.run.commands import (
    AddEpochs,
    AppliedCommand,
    Command,
    Prune,
    Resume,
    Save,
    ScaleLearningRate,
    SetAugmentation,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    Stop,
    Undo,
)
from digit_tui.run.events import (
    Diverged,
    EpochEnded,
    Paused,
    Resumed,
    Spiked,
    StepsDone,
    TimelineChanged,
    WentBack,
)
from digit_tui.run.state import RunState
from digit_tui.training import trainer as trainer_module
from digit_tui.training import undo as undo_module
from digit_tui.training.trainer import Trainer


def went_as_told(ran: Any) -> bool:
    """Whether each way back from a trouble was the one that was told when the run paused."""
    told = [(event.back_to, event.undoes) for event in ran.all(Paused) if event.back_to is not None]
    went = [
        (back.aim_epoch, back.from_lineage[len(back.aim_lineage) :]) for back in ran.all(WentBack)
    ]
    return bool(told) and told == went


@pytest.mark.parametrize("rhythm", [1, 2, 3, 7])
def test_a_command_that_comes_does_not_move_the_pause(
    rhythm: int, train: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Orders that end early as somebody waits are as good as whole ones."""
    script: list[tuple[int, Command]] = [(50, SetLearningRate(1000)), STOP]
    options = {"optimizer": "adam", "epochs": 12, "learning_rate": 0.02, "interactive": True}
    expected = train(script, **options)
    monkeypatch.setattr(CommandScript, "waiting", lambda script: next(often))
    often = cycle([*[False] * (rhythm - 1), True])
    ran = train(script, **options)
    for kind in (Spiked, Paused):
        assert [vars(event) for event in ran.all(kind)] == [
            vars(event) for event in expected.all(kind)
        ]
    assert len(ran.all(Spiked)) == 1


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw"])
def test_a_rate_of_1000_is_taken_back(optimizer: str, train: Any) -> None:
    rate = 0.2 if optimizer == "sgd" else 0.02
    options = {"optimizer": optimizer, "epochs": 12, "learning_rate": rate, "interactive": True}
    ran = train([(50, SetLearningRate(1000)), (NEVER, Undo()), STOP], **options)
    troubles = [event for event in ran.events if isinstance(event, Spiked | Diverged)]
    assert len(troubles) == 1
    assert f"learning rate {rate} → 1000" in troubles[0].message
    first, last = ran.all(Paused)
    assert first.reason in ("spike", "diverged")
    assert 50 < first.step < 80
    assert last.reason == "finished"  # it learned on by itself
    (back,) = ran.all(WentBack)
    assert (back.step, back.ahead, back.lineage) == (50, 0, ())
    assert went_as_told(ran)
    assert end_of(ran) == end_of(train([STOP], **options))
    assert ran.ended.test_accuracy > 0.9


@pytest.mark.usefixtures("every_half_epoch")
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_rate_of_1000_is_taken_back_wherever_it_was_set(optimizer: str, train: Any) -> None:
    """Also where a moment was kept after it, before the loss showed what had happened."""
    options = {"optimizer": optimizer, "epochs": 12, "learning_rate": 0.02, "interactive": True}
    expected = end_of(train([STOP], **options))
    went = {}
    for step in range(48, 57):
        script = [(step, SetLearningRate(1000)), (NEVER, Undo()), STOP]
        ran = train(script, **options)
        went[step] = [back.step for back in ran.all(WentBack)]
        if went[step] == [step]:
            assert end_of(ran) == expected
    assert went == {step: [step] for step in range(48, 57)}


def test_what_is_changed_in_the_trouble_does_not_move_the_way_back(train: Any) -> None:
    """Though it makes larger steps still: the trouble came of what was done before.

    The schedule hides the rate at the end, until there are more epochs.
    """
    hidden = [(46, SetLearningRate(50.0)), (NEVER, AddEpochs(6))]
    worse = [(NEVER, SetOptimizer("momentum", 2000.0)), (NEVER, Undo()), (NEVER, Stop())]
    options = {"optimizer": "sgd", "learning_rate": 0.05, "schedule": "cosine", "epochs": 6}
    ran = train([*hidden, *worse], interactive=True, **options)
    first, again = (event for event in ran.all(Paused) if event.reason == "spike")
    assert again.again
    assert again.back_to == first.back_to
    (back,) = ran.all(WentBack)
    assert (back.step, back.lineage) == (46, ())


def test_each_trouble_has_a_way_back_of_its_own(train: Any) -> None:
    """What was learned since an earlier trouble is not lost with the next one."""
    bad = SetLearningRate(1000)
    script = [(40, bad), (NEVER, Undo()), (70, bad), (NEVER, Undo()), STOP]
    ran = train(script, epochs=12, interactive=True)
    assert [back.step for back in ran.all(WentBack)] == [40, 70]
    assert end_of(ran) == end_of(train(epochs=12))


def test_an_undone_command_at_the_same_step_costs_nothing(train: Any) -> None:
    """The snapshot before the bad one is good, though no step was made from it but after that."""
    bad = (48, SetLearningRate(1000))
    script = [bad, (48, Prune(0.2)), (48, Undo()), (NEVER, Undo()), STOP]
    ran = train(script, epochs=12, interactive=True)
    (trouble,) = ran.all(Spiked) + ran.all(Diverged)
    assert " after learning rate 0.01 → 1000" in trouble.message
    assert [back.step for back in ran.all(WentBack)] == [48, 48]
    assert end_of(ran) == end_of(train(epochs=12))


def test_all_changes_at_a_step_are_named(train: Any) -> None:
    script = [(48, SetLearningRate(1000)), (48, SetClipping(norm=0.1)), STOP]
    ran = train(script, epochs=12, interactive=True)
    (trouble,) = ran.all(Spiked) + ran.all(Diverged)
    assert " after learning rate 0.01 → 1000, clipping by norm off → 0.1" in trouble.message


def test_a_change_of_long_ago_is_no_part_of_the_cause(train: Any) -> None:
    script = [(30, ScaleLearningRate(2)), (150, SetLearningRate(1000)), STOP]
    ran = train(script, epochs=24, interactive=True)
    (trouble,) = ran.all(Spiked) + ran.all(Diverged)
    assert " after learning rate 0.02 → 1000" in trouble.message


@pytest.mark.parametrize(("rate", "named"), [(1e20, [1e20]), (1.0, [1000])])
def test_who_raises_the_rate_of_a_run_in_trouble_mends_nothing(
    rate: float, named: list[float], train: Any
) -> None:
    then = [(NEVER, SetLearningRate(rate)), (NEVER, Resume())]
    ran = train([(48, SetLearningRate(1000)), *then, STOP], epochs=12, interactive=True)
    assert len(ran.all(Spiked)) == 1
    assert [each.new for each in ran.trainer._branches.run.last_changes] == named


def test_more_epochs_are_not_to_blame(train: Any) -> None:
    script = [(48, SetLearningRate(1000)), (48, AddEpochs(10)), STOP]
    ran = train(script, epochs=12, interactive=True)
    (trouble,) = ran.all(Spiked) + ran.all(Diverged)
    assert " after learning rate 0.01 → 1000" in trouble.message


@pytest.mark.parametrize("most", [1, 32])
def test_several_commands_at_one_step_are_taken_back_together(
    most: int, train: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a key that was pressed quickly: with the first of them no step was made."""
    monkeypatch.setattr(step_module, "MAX_STEPS", most)
    before = (30, ScaleLearningRate(0.9))
    presses = [(50, ScaleLearningRate(10))] * 6
    ran = train([before, *presses, (NEVER, Undo()), STOP], epochs=12, interactive=True)
    (back,) = ran.all(WentBack)
    (trouble,) = ran.all(Spiked) + ran.all(Diverged)
    assert "after learning rate 0.009 → " in trouble.message  # all of them at the step
    assert (back.step, len(back.lineage)) == (50, 1)
    assert went_as_told(ran)
    assert len(ran.all(Spiked) + ran.all(Diverged)) == 1
    assert end_of(ran) == end_of(train([before], epochs=12))


def test_the_way_back_to_a_finished_run_trains_nothing(train: Any) -> None:
    """The rate was raised when all epochs were done, and more were added then."""
    script = [(96, SetLearningRate(1000)), (96, AddEpochs(10)), (NEVER, Undo()), STOP]
    ran = train(script, epochs=12, interactive=True)
    (trouble,) = [each for each in ran.all(Paused) if each.back_to is not None]
    assert (trouble.back_to, trouble.trains_on) == (12.0, False)
    back = ran.events.index(ran.all(WentBack)[0])
    after = [each for each in ran.events[back:] if isinstance(each, Resumed | Paused)]
    assert [each.reason for each in after if isinstance(each, Paused)] == ["finished"]
    assert not any(isinstance(each, Resumed) for each in after)


@pytest.mark.parametrize("command", [Prune(0.3), SetClipping(1.0), SetAugmentation("affine")])
def test_what_was_done_before_the_rate_was_raised_stays(command: Command, train: Any) -> None:
    """At the same step: the rate is to blame for the trouble."""
    before = (48, command)
    presses = [(48, ScaleLearningRate(10))] * 6
    ran = train([before, *presses, (NEVER, Undo()), STOP], epochs=12, interactive=True)
    (back,) = ran.all(WentBack)
    assert [each.command for each in back.aim_lineage] == [command]
    assert went_as_told(ran)
    assert end_of(ran) == end_of(train([before], epochs=12))


@pytest.mark.parametrize(("soon", "to"), [(100, 46), (1, 48)])
def test_after_the_change_that_did_it_the_same_would_come_again(
    soon: int, to: int, train: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the network was still good some steps after it, at the end of an epoch."""
    monkeypatch.setattr(undo_module, "SOON", soon)
    monkeypatch.setattr(undo_module, "SNAPSHOT_SHARE", 1e9)
    monkeypatch.setattr(undo_module.UndoManager, "_was_healthy", lambda *_: True)
    script = [(46, SetLearningRate(3.0)), (NEVER, Undo()), STOP]
    ran = train(script, epochs=12, interactive=True)
    assert ran.all(Spiked)[0].step == 52
    back = ran.all(WentBack)[0]
    assert back.step + back.ahead == to
    assert len(back.aim_lineage) == (to == 48)


def test_of_a_burst_of_keys_all_are_taken_back(train: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they are told: the network was still good after the first of them."""
    monkeypatch.setattr(undo_module.UndoManager, "_was_healthy", lambda *_: True)
    burst = [(40, ScaleLearningRate(2)), (43, ScaleLearningRate(2)), (46, ScaleLearningRate(100))]
    ran = train([*burst, (NEVER, Undo()), STOP], epochs=12, interactive=True)
    assert "after learning rate 0.01 → 4" in ran.all(Spiked)[0].message
    (back,) = ran.all(WentBack)
    assert (back.step + back.ahead, back.aim_lineage) == (40, ())


def test_a_loss_rises_from_where_it_was_at_the_change(train: Any) -> None:
    """Not from its lowest of long before, when another change had raised it already."""
    raised = [(47, SetLearningRate(1.0)), (160, SetLearningRate(1000)), STOP]
    ran = train(raised, epochs=40, interactive=True)
    (spiked,) = ran.all(Spiked)
    losses = [loss for event in ran.all(StepsDone) for loss in event.losses]
    assert "after learning rate 1 → 1000" in spiked.message
    assert spiked.before > 1.1 * np.mean(losses[37:47])


@pytest.mark.parametrize("times", [1, 2])
def test_a_rate_that_was_lowered_at_the_start_stays_lower(times: int, train: Any) -> None:
    """It was too high from the start, and with half of it the loss rises again."""
    halve = [(NEVER, ScaleLearningRate(0.5))] * times
    again = [*halve, (NEVER, Resume()), (NEVER, Undo())]
    ran = train(
        [(NEVER, Undo()), *again, STOP],
        learning_rate=4_000.0,
        optimizer="adam",
        epochs=12,
        interactive=True,
    )
    troubles = ran.all(Spiked)
    assert len(troubles) == 2
    assert "learning rate" not in troubles[1].message
    first, second = ran.all(WentBack)
    assert (first.aim_lineage, second.step) == ((), 0)
    assert [each.step for each in second.aim_lineage] == [0] * times
    assert ran.all(Paused)[-1].undoes == ()
    assert went_as_told(ran)


def test_who_has_lowered_the_rate_in_a_pause_and_goes_back_is_not_trained_on(train: Any) -> None:
    """What is taken back is no cause: the same would happen again."""
    ran = train(
        [(NEVER, ScaleLearningRate(0.5)), (NEVER, Undo()), STOP],
        learning_rate=4_000.0,
        optimizer="adam",
        epochs=12,
        interactive=True,
    )
    assert len(ran.all(Spiked)) == 1
    (back,) = ran.all(WentBack)
    assert back.from_step > back.step == 0
    assert not ran.all(Resumed)
    assert ran.ended.steps == 0


def test_the_spike_of_a_resumed_run_names_its_cause_and_leads_to_before_it(
    train: Any, go_on: Any, tmp_path: Path
) -> None:
    bad = (40, SetLearningRate(1000))
    train([bad, (40, Stop())], folder=tmp_path / "run", epochs=12)
    ran = go_on(tmp_path / "run", [(NEVER, Undo()), STOP], interactive=True)
    (trouble,) = ran.all(Spiked)
    assert trouble.message.endswith(" after learning rate 0.01 → 1000")
    assert trouble.before < 2.0  # of the epochs before the resume
    assert went_as_told(ran)
    assert end_of(ran) == end_of(train(epochs=12))


def test_what_undo_takes_back_is_told_anew_when_more_is_changed(train: Any) -> None:
    more = [(NEVER, ScaleLearningRate(2.0))] * 2
    script = [(50, SetLearningRate(1000)), *more, (NEVER, Undo()), STOP]
    ran = train(script, epochs=12, interactive=True)
    told = [event for event in ran.all(Paused) if event.reason == "spike"]
    assert [(event.again, len(event.undoes)) for event in told] == [
        (False, 1),
        (True, 2),
        (True, 3),
    ]
    (back,) = ran.all(WentBack)
    assert back.from_lineage[len(back.aim_lineage) :] == told[-1].undoes


def test_a_remedy_in_place_of_the_way_back(train: Any) -> None:
    """Somebody changes a setting instead, and trains on with what is left."""
    script = [(50, SetLearningRate(1000)), (NEVER, SetLearningRate(0.01)), (NEVER, Resume())]
    ran = train([*script, STOP], epochs=12, interactive=True)
    assert len(ran.all(Spiked)) == 1  # known by now
    assert [event.reason for event in ran.all(Paused) if not event.again] == ["spike", "finished"]
    step = ran.all(Spiked)[0].step
    assert end_of(ran) == end_of(train([script[0], (step, script[1][1])], epochs=12))


def test_who_trains_on_and_makes_it_worse_comes_back_to_a_good_moment(train: Any) -> None:
    bad = (40, SetLearningRate(1000))
    on = [(NEVER, Resume()), (70, ScaleLearningRate(2.0)), (75, ScaleLearningRate(2.0))]
    ran = train([bad, *on, (80, Undo()), STOP], epochs=12, interactive=True)
    assert len(ran.all(Spiked)) == 1
    (back,) = ran.all(WentBack)
    assert (back.from_step, back.step, back.lineage) == (80, 40, ())
    assert end_of(ran) == end_of(train(epochs=12))


class Trap(Stepper):
    """Fails at step 20, as long as nothing was changed."""

    def steps(self, state: RunState, most: int) -> Any:
        if state.step == 20 and not state.lineage:
            raise NotFinite("loss", nan)
        return super().steps(state, min(most, 20 - state.step) if state.step < 20 else most)


@pytest.fixture
def trap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_module, "Stepper", Trap)


@pytest.mark.usefixtures("trap", "every_half_epoch")
def test_trouble_without_a_command_goes_back_and_stays_paused(train: Any) -> None:
    ran = train([(NEVER, Undo()), STOP], epochs=4, interactive=True)
    (diverged,) = ran.all(Diverged)
    assert diverged.step == 20
    (back,) = ran.all(WentBack)
    assert 0 < back.step < 20  # where it stood the trouble is next
    assert [event.reason for event in ran.all(Paused)] == ["diverged", "asked"]
    assert not ran.all(Resumed)
    assert ran.ended.steps == back.step
    assert ran.sha256 == train([(back.step, Stop())], epochs=4).sha256


@pytest.mark.usefixtures("trap", "every_half_epoch")
def test_trouble_again_goes_back_further_each_time(train: Any) -> None:
    again = [(NEVER, Undo()), (NEVER, Resume())]
    remedy = SetLearningRate(0.02)
    script = [*again * 4, (NEVER, Undo()), (NEVER, remedy), (NEVER, Resume()), STOP]
    ran = train(script, epochs=4, interactive=True)
    assert [back.step for back in ran.all(WentBack)] == [16, 12, 8, 4, 0]
    assert went_as_told(ran)
    assert ran.ended.reason == "finished"
    assert end_of(ran) == end_of(train([(0, remedy)], epochs=4))


def test_without_moments_in_memory_trouble_goes_back_to_the_beginning(train: Any) -> None:
    ran = train([(5, SetLearningRate(1e30)), (NEVER, Undo())], optimizer="sgd")
    assert len(ran.all(Diverged)) == 1
    assert end_of(ran) == end_of(train(optimizer="sgd"))


def test_nobody_who_is_not_there_is_told_of_a_spike(train: Any) -> None:
    ran = train([(50, SetLearningRate(1000))], epochs=12)
    assert not ran.all(Spiked)
    assert not ran.all(TimelineChanged)


def test_a_trouble_before_its_remedy_comes_again_in_a_resume(
    train: Any, kill: Any, go_on: Any, tmp_path: Path
) -> None:
    script = [(50, SetLearningRate(1000)), (NEVER, SetLearningRate(0.01)), (NEVER, Resume())]
    whole = train([*script, STOP], epochs=12, interactive=True)
    folder = tmp_path / "run"
    script = [(45, Save()), *script]
    kill(
        lambda event: isinstance(event, Resumed), script, folder=folder, interactive=True, epochs=12
    )
    ran = go_on(folder, [(NEVER, Resume()), STOP], interactive=True)
    assert [event.reason for event in ran.all(Paused) if not event.again] == ["spike", "finished"]
    assert ran.trainer.state.lineage == whole.trainer.state.lineage
    assert ran.sha256 == whole.sha256


def test_a_good_command_long_before_a_trouble_stays(
    digits: Dataset, config: RunConfig, train: Any
) -> None:
    """Undo twice: out of the trouble, then the command before it."""
    good = (30, SetOptimizer("adamw"))
    script = [good, (100, SetLearningRate(1000)), (NEVER, Undo()), (104, Undo()), STOP]
    trainer = Trainer(config.with_(epochs=20), digits, CommandScript(script), interactive=True)
    backs = [event for event in trainer.run() if isinstance(event, WentBack)]
    assert [(back.step, back.lineage) for back in backs] == [
        (100, (AppliedCommand(*good),)),
        (30, ()),
    ]
    assert trainer.state.weights_sha256 == train(epochs=20).sha256


def test_a_trouble_after_many_commands_does_not_cost_the_run(train: Any) -> None:
    """Somebody who has steered often, and well, does not begin anew for one wrong turn."""
    often = [(step, ScaleLearningRate(1.01)) for step in range(10, 420, 40)]
    script = [*often, (430, SetLearningRate(1000)), (NEVER, Undo()), STOP]
    (back,) = train(script, epochs=60, interactive=True).all(WentBack)
    assert 300 < back.step <= 430


@pytest.mark.parametrize("resumed", [False, True])
def test_what_was_learned_of_deformed_images_is_not_taken_back(
    resumed: bool, sample: Dataset, train: Any, go_on: Any, tmp_path: Path
) -> None:
    """Their loss is higher: it must not look as bad as the trouble that came long after."""
    deformed, ruined = (63 * 6, SetAugmentation("elastic")), (63 * 9, SetLearningRate(1000))
    away = {"dataset": sample, "interactive": True}
    options = {"data": "sample", "hidden": (32,), "batch_size": 64, "augment": "none"}
    options |= {"epochs": 20, "optimizer": "adamw", "learning_rate": 0.002, **away}
    if resumed:
        first = train([deformed, (ruined[0], Stop())], folder=tmp_path, **options)
        ran = go_on(tmp_path, [ruined, (NEVER, Undo()), (ruined[0], Stop())], **away)
    else:
        ran = first = train([deformed, ruined, (NEVER, Undo()), (ruined[0], Stop())], **options)
    losses = {event.epoch: event.train_loss for event in first.all(EpochEnded)}
    assert losses[9] > 3 * losses[6] > 0.1
    (back,) = ran.all(WentBack)
    assert (back.step, back.lineage) == (ruined[0], (AppliedCommand(*deformed),))
    assert went_as_told(ran)
