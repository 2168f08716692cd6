"""A run that is left while it is in trouble: resumed, it is still paused, and its way out leads to
where it did."""

from __future__ import annotations

import json
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from support.undo import NEVER, STOP, end_of, forget_earlier

from digit_tui.cli.runs.listing import table
from digit_tui.cli.runs.show import description as show_lines
from digit_tui.insight.health.rules import findings_of
from digit_tui.run.commands import (
    Resume,
    Save,
    ScaleLearningRate,
    SetLearningRate,
    SetOptimizer,
    Stop,
    Undo,
)
from digit_tui.run.events import (
    Diverged,
    EpochEnded,
    Paused,
    Restored,
    Resumed,
    Spiked,
    StepsDone,
    WentBack,
)
from digit_tui.storage.run_summary import RunSummary
from digit_tui.storage.saved_health import record_of_saved
from digit_tui.storage.saved_run import SavedRun
from digit_tui.tui.screens.resume import description as offered

RUINED = [(50, ScaleLearningRate(100.0)), (50, ScaleLearningRate(1000.0))]


@pytest.fixture(params=[Spiked, Diverged])
def left(request: pytest.FixtureRequest, train: Any, tmp_path: Path) -> Any:
    """The run that was left, paused by itself."""
    script = RUINED if request.param is Spiked else [*RUINED, *[(50, ScaleLearningRate(1e9))] * 3]
    ran = train([*script, STOP], folder=tmp_path, epochs=12, optimizer="sgd", interactive=True)
    assert ran.all(request.param)
    return ran


def test_it_stays_paused_with_the_same_way_back(left: Any, go_on: Any, tmp_path: Path) -> None:
    ran = go_on(tmp_path, [STOP], interactive=True)
    (told,), (again,) = left.all(Paused), ran.all(Paused)
    (trouble,) = left.all(Spiked) + left.all(Diverged)
    assert vars(again) == vars(told) | {"words": trouble.message}
    assert not ran.all(StepsDone)
    third = go_on(tmp_path, [STOP], interactive=True)  # it was left in trouble once more
    assert vars(third.all(Paused)[0]) == vars(again)


def test_lists_and_the_question_at_the_start_tell_of_it(left: Any, tmp_path: Path) -> None:
    (paused,), saved = left.all(Paused), SavedRun.read(tmp_path)
    (trouble,) = left.all(Spiked) + left.all(Diverged)
    summary = RunSummary.of(saved)
    assert table([summary])[1].split()[7] == paused.reason
    (state,) = [line for line in show_lines(summary, 100) if line.startswith("State")]
    assert state.endswith(f"; {trouble.message}")
    assert f"left in trouble: {trouble.message}" in offered(saved)


@pytest.mark.parametrize("forgotten", [False, True])
def test_it_gets_there_though_no_copy_of_that_moment_is_left(
    forgotten: bool, left: Any, train: Any, go_on: Any, tmp_path: Path
) -> None:
    if forgotten:
        forget_earlier(tmp_path)
    ran = go_on(tmp_path, [(NEVER, Undo()), STOP], interactive=True)
    (back,) = ran.all(WentBack)
    assert back.step + back.ahead == 50
    assert back.aim_lineage == ()
    assert len(ran.all(Resumed)) == 1
    assert end_of(ran) == end_of(train(epochs=12, optimizer="sgd"))


def test_who_lowered_the_rate_there_is_taken_back_as_well(
    left: Any, train: Any, go_on: Any, tmp_path: Path
) -> None:
    script = [(NEVER, ScaleLearningRate(0.5)), STOP]
    go_on(tmp_path, script, interactive=True)
    ran = go_on(tmp_path, [(NEVER, Undo()), STOP], interactive=True)
    assert end_of(ran) == end_of(train(epochs=12, optimizer="sgd"))


def test_who_ruins_it_once_more_has_a_way_back_again(
    train: Any, go_on: Any, tmp_path: Path
) -> None:
    bad = [(20, SetLearningRate(1000.0))]
    options = {"epochs": 4, "optimizer": "sgd", "interactive": True}
    first = train([*bad, STOP], folder=tmp_path, **options)
    ran = go_on(tmp_path, [(NEVER, Undo()), *bad, (NEVER, Undo()), STOP], interactive=True)
    assert [back.step + back.ahead for back in ran.all(WentBack)] == [20, 20]
    assert ran.all(Paused)[0].back_to == first.all(Paused)[0].back_to
    assert end_of(ran) == end_of(train(**options | {"interactive": False}))


def test_who_trains_on_and_leaves_is_not_stopped_again(
    train: Any, go_on: Any, tmp_path: Path
) -> None:
    options = {"epochs": 12, "optimizer": "sgd", "interactive": True, "folder": tmp_path}
    (spiked,) = train([*RUINED, (NEVER, Resume()), (80, Stop())], **options).all(Spiked)
    saved = SavedRun.read(tmp_path)
    trouble = saved.history().trouble
    assert trouble is not None
    assert (trouble.trained_on, trouble.words) == (True, spiked.message)
    assert f"trained on in trouble: {spiked.message}" in offered(saved)
    assert RunSummary.of(saved).state_words == "spike"
    assert record_of_saved(saved, saved.checkpoint().state).trouble is None
    ran = go_on(tmp_path, [(85, Stop())], interactive=True)
    assert ran.ended.steps == 85
    assert not ran.all(Paused)


@pytest.mark.parametrize("finished", [False, True])
def test_who_trains_on_and_leaves_gets_back_to_where_it_was_said(
    finished: bool, train: Any, go_on: Any, tmp_path: Path
) -> None:
    """Also after it was left once more, and where all epochs are done."""
    steps = NEVER if finished else 80
    first = train([*RUINED, (NEVER, Resume()), (steps, Stop())], folder=tmp_path, **LEARNS)
    (told, *_) = first.all(Paused)
    assert told.reason == "spike"
    go_on(tmp_path, [(steps + 2, Stop())], interactive=True)
    ran = go_on(tmp_path, [(steps + 4, Undo()), (NEVER, Stop())], interactive=True)
    (back,) = ran.all(WentBack)
    assert back.aim_epoch == told.back_to
    assert back.from_lineage[len(back.aim_lineage) :] == told.undoes


def test_who_trained_on_and_went_back_at_last_left_no_trouble(train: Any, tmp_path: Path) -> None:
    script = [*RUINED, (NEVER, Resume()), (80, Undo()), (60, Stop())]
    ran = train(script, folder=tmp_path, **LEARNS)
    assert (len(ran.all(Spiked)), ran.ended.steps) == (1, 60)
    assert SavedRun.read(tmp_path).history().trouble is None


def forget_the_way_back(folder: Path) -> None:
    """As if it had been killed, or left with an earlier version."""
    journal = folder / "journal.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert any(line.pop("trained_on", None) for line in lines)
    journal.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


LEARNS: dict[str, Any] = {
    "epochs": 12,
    "optimizer": "adam",
    "learning_rate": 0.05,
    "interactive": True,
}


def test_a_trouble_that_was_not_noticed_yet_leads_back_to_what_it_had_learned(
    train: Any, go_on: Any, tmp_path: Path
) -> None:
    """Not to the start, though no copy of that moment is left."""
    first = train([RUINED[0], (52, Stop("interrupted"))], folder=tmp_path, **LEARNS)
    assert not first.all(Spiked)
    forget_earlier(tmp_path)
    ran = go_on(tmp_path, [STOP], interactive=True)
    (paused,) = ran.all(Paused)
    assert paused.reason == "spike"
    best = min(first.all(EpochEnded), key=lambda each: each.test_loss)
    assert paused.back_to == best.epoch == 6


def test_the_way_back_is_what_was_said_though_a_later_moment_was_saved(
    train: Any, go_on: Any, tmp_path: Path
) -> None:
    """Of a rate that was raised step by step: to before the first step, as before it was left."""
    raised = [(step, ScaleLearningRate(3.0)) for step in (26, 34, 42)]
    script = [*raised, (41, Save()), (50, ScaleLearningRate(100.0)), STOP]
    first = train(sorted(script, key=itemgetter(0)), folder=tmp_path, **LEARNS)
    (told,) = first.all(Paused)
    assert told.reason == "spike"
    saved = SavedRun.read(tmp_path)
    assert any(each.state.step == 41 for each in saved.checkpoints())
    (again,) = go_on(tmp_path, [STOP], interactive=True).all(Paused)
    assert (again.back_to, again.undoes) == (told.back_to, told.undoes)


def test_a_spike_is_no_news_to_who_had_trained_on_through_it(
    train: Any, go_on: Any, tmp_path: Path
) -> None:
    train([*RUINED, (NEVER, Resume()), (80, Stop("interrupted"))], folder=tmp_path, **LEARNS)
    ran = go_on(tmp_path, [(82, ScaleLearningRate(1e4)), STOP], interactive=True)
    assert not ran.all(Spiked)
    assert [each.reason for each in ran.all(Paused)] == ["finished"]


@pytest.mark.parametrize("saved", [False, True])
def test_who_had_trained_on_through_it_gets_back_to_what_it_had_learned(
    saved: bool, train: Any, go_on: Any, tmp_path: Path
) -> None:
    """Also where that moment was saved, of which it is not known how the next step went."""
    script = [*[(48, Save())] * saved, *RUINED, (NEVER, Resume()), (80, Stop())]
    first = train(script, folder=tmp_path, **LEARNS)
    best = min(first.all(EpochEnded), key=lambda each: each.test_loss)
    assert best.step == 48
    moments = [each.state.step for each in SavedRun.read(tmp_path).checkpoints()]
    assert (48 in moments) == saved
    forget_the_way_back(tmp_path)
    ran = go_on(tmp_path, [(82, Undo()), STOP], interactive=True)
    (back,) = ran.all(WentBack)
    assert back.step + back.ahead == 48


@pytest.mark.parametrize("left", [Spiked], indirect=True)
def test_it_goes_on_where_nobody_is(left: Any, go_on: Any, tmp_path: Path) -> None:
    """As it was asked to; from then on it is in trouble no more."""
    step = left.ended.steps
    ran = go_on(tmp_path, [(step + 3, Stop())])
    assert ran.all(Restored)[0].step == step
    assert ran.ended.steps == step + 3
    assert SavedRun.read(tmp_path).history().trouble is None


@pytest.mark.parametrize("left", [Spiked], indirect=True)
def test_who_trains_on_after_a_resume_still_gets_back_to_before_it(
    left: Any, train: Any, go_on: Any, tmp_path: Path
) -> None:
    """No moment of the ruined network is taken for a good one."""
    lower = (NEVER, ScaleLearningRate(0.5))
    step = left.ended.steps
    script = [lower, (NEVER, Resume()), (step + 20, Undo()), STOP]
    ran = go_on(tmp_path, script, interactive=True)
    (back,) = ran.all(WentBack)
    assert (back.step + back.ahead, back.aim_lineage) == (50, ())
    assert end_of(ran) == end_of(train(epochs=12, optimizer="sgd"))


def test_what_ails_it_is_known_of_the_folder(left: Any, tmp_path: Path) -> None:
    saved = SavedRun.read(tmp_path)
    record = record_of_saved(saved, saved.checkpoint().state)
    (trouble,) = left.all(Spiked) + left.all(Diverged)
    assert record.trouble is not None
    assert record.trouble[:3] == (trouble.step, trouble.epoch, trouble.message)
    (paused,) = [each for each in left.all(Paused) if each.back_to is not None]
    assert record.trouble.back_to == paused.back_to
    finding = findings_of(record)[0]
    assert (finding.words, finding.remedies) == (trouble.message, ("undo",))


@pytest.mark.parametrize("resumed", [False, True])
def test_a_remedy_is_no_cause(train: Any, go_on: Any, tmp_path: Path, resumed: bool) -> None:
    """Who tries another optimizer against a rate that was too high from the start gets to the start
    and does not train on from there, neither then nor when that is resumed."""
    options = {"epochs": 12, "optimizer": "sgd", "learning_rate": 1000.0}
    remedy = [(NEVER, SetOptimizer("momentum"))]
    undone = [(NEVER, Undo()), (NEVER, Stop())]
    if resumed:
        train([*remedy, (NEVER, Stop())], folder=tmp_path, interactive=True, **options)
        ran = go_on(tmp_path, undone, interactive=True)
    else:
        script = [*remedy, *undone]
        ran = train(script, folder=tmp_path, interactive=True, **options)
    assert not any(each.trains_on for each in ran.all(Paused))
    (back,) = ran.all(WentBack)
    assert (back.step, ran.ended.steps) == (0, 0)
    again = go_on(tmp_path, [(NEVER, Stop())], interactive=True)
    assert [each.reason for each in again.all(Paused)] == ["asked"]
    assert again.ended.steps == 0
