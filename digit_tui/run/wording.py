"""Events in words, for all front ends."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from itertools import groupby
from math import isnan
from pathlib import Path

from digit_tui.data import Dataset, a_digit, counted, in_nats
from digit_tui.run.commands import Lineage, ScaleLearningRate, SetLearningRate, SetOptimizer
from digit_tui.run.events import (
    BranchEvent,
    CheckpointSaved,
    Diverged,
    Effect,
    EpochEnded,
    Evaluated,
    Event,
    Forked,
    ForkEnded,
    Paused,
    Refused,
    Restored,
    Resumed,
    RunStarted,
    SaveFailed,
    SettingChanged,
    SnapshotInfo,
    Spiked,
    Teaching,
    Warned,
    WentBack,
    WorkerLost,
)
from digit_tui.run.lineage import shared_length
from digit_tui.run.remedies import (
    ALL_DONE,
    HELD_OUT,
    KEEP_FIRST,
    LEAVE,
    SAME_SETTINGS,
    SAVE_AGAIN,
    SPIKE,
    TROUBLE,
    Ways,
    with_remedy,
)
from digit_tui.run.setting_words import (
    command_words,
    setting_change,
    setting_set,
    settings_changed,
)
from digit_tui.run.teacher_words import distilled_from

RESUMED = "training resumed"
ROW = 78
"""Columns of the log in a terminal of 80: of a longer line a person may see the beginning only."""
FEW = 2
"""Drawings of unknown classes that are named one by one."""
RECENT = 1_000
"""Steps for which a change may have caused trouble, and is named."""
RATE_SETTINGS = (SetLearningRate, ScaleLearningRate, SetOptimizer)
"""Commands that set the learning rate."""
PAUSES = {
    "asked": "paused",
    "batch": "paused after one batch",
    "epoch": "paused after one epoch",
}
"""The line for each pause that the user asked for, by its reason."""


def epoch_words(epoch: float) -> str:
    """A position in epochs: "12", or "12.40" between two."""
    return f"{epoch:.0f}" if epoch == round(epoch) else f"{epoch:.2f}"


def _went_back(event: WentBack) -> str:
    way = "forward" if event.aim_epoch > event.from_aim_epoch else "back"
    text = f"{way} from epoch {event.from_aim_epoch:.2f} to {event.aim_epoch:.2f}"
    stays = event.step + event.ahead == event.from_step
    kept = shared_length(event.from_aim_lineage, event.aim_lineage)
    undone, again = event.from_aim_lineage[kept:], event.aim_lineage[kept:]
    if undone and not again:
        told = _undone(undone, "undone: ", f"{text}; ")
        text = told if stays else f"{text}; {told}"
    elif again:
        told = _undone(again, "again: ", f"{text}; ")
        text = told if stays else f"{text}; {told}"
    if event.ahead:
        text += f"; repeating {counted(event.ahead, 'step')}"
    return text


def _undone(commands: Lineage, head: str, before: str = "") -> str:
    """As many of these commands as fit in a row after a text, at least the last one.

    For example "undone: switch to sgd, double the learning rate 3 times", or "undone: add 1 epoch
    and 3 other changes".
    """
    names = [command_words(each.command) for each in commands]
    runs = [(name, len([*same])) for name, same in groupby(names)]
    long = [name if count == 1 else f"{name} {count} times" for name, count in runs]
    short = [each.replace("the learning rate", "the rate") for each in long]
    for at in range(len(runs)):
        left = sum(count for _, count in runs[:at])
        others = f" and {counted(left, 'other change')}" if left else ""
        more = f" and {left} more" if left else ""
        for shown, rest in ((long, others), (short, others), (short, more)):
            words = f"{head}{', '.join(shown[at:])}{rest}"
            if len(f"{before}{words}") <= ROW:
                return words
    return words


def divergence(what: str, value: float, step: int, changes: Sequence[SettingChanged]) -> str:
    """For example "loss became NaN at step 1,204, 14 steps after learning rate 0.4 → 0.8"."""
    number = "NaN" if isnan(value) else "infinite"
    return f"{what} became {number} at step {step + 1:,}" + _after(step + 1, changes)


def spike(before: float, value: float, step: int, changes: Sequence[SettingChanged]) -> str:
    """For example "loss rose from 0.05 to 4.1, 14 steps after optimizer adam → sgd"."""
    after = _after(step, changes) or f" by step {step:,}"
    return f"loss rose from {before:.3g} to {value:.3g}{after}"


def _after(step: int, changes: Sequence[SettingChanged]) -> str:
    """How long after changes at one step, if that is not long ago."""
    if not changes or step - changes[-1].step > RECENT:
        return ""
    steps = step - changes[-1].step
    return f", {counted(steps, 'step')} after {', '.join(map(setting_change, changes))}"


def loaded(dataset: Dataset) -> list[str]:
    """A dataset, for example "sample: 4,000 training and 1,000 test images", and its notes."""
    train, test = len(dataset.train_labels), len(dataset.test_labels)
    held_out = dataset.validation_labels
    validation = "" if held_out is None else f", {len(held_out):,} validation"
    counts = f"{train:,} training{validation} and {counted(test, 'test image')}"
    return [f"{dataset.name}: {counts}", *dataset.notes]


def line_for(event: Event, ways: Ways | None = None, schedule: str = "constant") -> str | None:
    """An event as one line of a log or transcript; None if it gets no line.

    A front end that words an event differently, or leaves it out, handles that event itself before
    it calls this.

    Args:
        event: what happened.
        ways: how the front end is asked for what can be done about it.
        schedule: of the run's learning rate, see `nn.SCHEDULES`.
    """
    match event:
        case RunStarted(parameters=parameters, teacher=about):
            teacher = "" if about is None else f", distilled from {distilled_from(about)}"
            return f"training {parameters:,} parameters{teacher}"
        case Restored(epoch=epoch, step=step, ahead=ahead, aim_epoch=aim):
            way = f"; repeating what led to epoch {aim:.2f}" if ahead else ""
            return f"resuming at epoch {epoch:.2f}, step {step:,}{way}"
        case EpochEnded(epoch=epoch, monitored=(split, loss, accuracy)):
            return f"epoch {epoch}: {split} {accuracy:.2%}, loss {in_nats(loss)}"
        case SettingChanged():
            return settings_changed([event], schedule)
        case WentBack():
            return _went_back(event)
        case Paused(reason=reason):
            return PAUSES.get(reason)
        case Resumed():
            return RESUMED
        case Refused(message=message, remedy=remedy):
            return with_remedy(message, remedy, ways)
        case Diverged(message=message) | Spiked(message=message) | Warned(message=message):
            return message
        case Teaching():
            return _teaching(event)
        case Forked(epoch=epoch, changes=changes):
            text = f"epoch {epoch:.2f}: fork with {', '.join(changes)}"
            return with_remedy(text, KEEP_FIRST, ways)
        case ForkEnded(kept=kept, left=left, reason=reason):
            other = "run" if kept == "fork" else "fork"
            where = f", saved as {Path(left).name}" if left else ""
            if reason == "diverged":
                return f"{other} diverged{where}; kept the {kept}"
            # What could be cut off at the end of a line is not the name.
            ended = f"{other} saved as {Path(left).name}" if left else f"{other} ended"
            return f"{ended}; kept the {kept}"
        case CheckpointSaved(step=step, path=path):
            return f"saved step {step:,} in {Path(path).name}"
        case SaveFailed(message=message):
            return not_saved(message, ways)
        case WorkerLost():
            return worker_lost(event)
        case BranchEvent(Diverged() as diverged, branch):
            return f"{branch}: {diverged.message}"
        case BranchEvent(SettingChanged(effect=Effect()) as change, branch):
            return f"{branch}, at once: {setting_set(change)}"
        case BranchEvent(SaveFailed() as failed):
            return line_for(failed, ways)
        case _:
            return None


def _teaching(event: Teaching) -> str:
    """For example "teaching 13 of 14 drawings (the network knows 0 to 9, #13 is a 20) ..."."""
    drawings = counted(event.count, "drawing")
    if not event.unknown:
        return f"teaching {drawings} ..."
    others = [f"#{number} is {a_digit(label)}" for number, label in event.unknown]
    if len(others) > FEW:
        others = [*others[:FEW], f"{len(others) - FEW} more are none of them"]
    reasons = ", ".join([f"the network knows 0 to {event.classes - 1}", *others])
    return f"teaching {event.count - len(event.unknown)} of {drawings} ({reasons}) ..."


def test_opened(event: Evaluated, ways: Ways | None) -> str:
    """An evaluation of the test set, in a run that is monitored with the validation set."""
    evaluation = event.evaluation
    loss = in_nats(evaluation.loss)
    text = f"epoch {event.epoch:.2f}: test set {evaluation.accuracy:.2%}, loss {loss}"
    return with_remedy(text, HELD_OUT, ways)


def worker_lost(event: WorkerLost) -> str:
    """For example "worker process 4711 was killed by signal 9; its work is done again"."""
    who = "" if event.pid is None else f"worker process {event.pid} "
    if event.processes > 1:
        return f"{who}{event.reason}; its work is done again"
    return f"{who}{event.reason}; one process trains on"


def not_saved(message: str, ways: Ways | None = None) -> str:
    """A failed save, for example "not saved: No space left on device: /runs/one"."""
    return with_remedy(f"not saved: {message}", SAVE_AGAIN, ways)


def all_done(ways: Ways | None) -> str:
    """That all epochs are done, and what the user can do."""
    return with_remedy("all epochs are done", f"{ALL_DONE}, {LEAVE}", ways)


def after_trouble(event: Paused, ways: Ways | None) -> list[str]:
    """What the user can do after a divergence or a spike, and what going back would undo.

    Args:
        event: the pause that followed.
        ways: those of the front end.
    """
    remedies = SPIKE if event.reason == "spike" else TROUBLE
    remedy = remedies[2 * (event.back_to == 0) + event.trains_on]
    advice = with_remedy("paused", remedy, ways)
    told = [event.words, advice] if event.words else [advice]
    if event.back_to is None:
        return told
    undo = None if ways is None else ways.get("undo")
    there = f"{f'{undo} leads to' if undo else 'that is'} epoch {event.back_to:.2f}"
    if not event.undoes:
        return [*told, with_remedy(f"{there}, with the same settings", SAME_SETTINGS, ways)]
    if any(isinstance(each.command, RATE_SETTINGS) for each in event.undoes):
        there += f", rate {event.back_rate:.4g}"
    return [*told, _undone(event.undoes, f"{there}; undoes: ")]


def snapshot_words(snapshot: SnapshotInfo, step: bool = True) -> str:
    """A snapshot's epoch, step and accuracy, and the commands that followed it.

    Args:
        snapshot: the snapshot.
        step: whether its step is said.
    """
    accuracy = "" if snapshot.accuracy is None else f"{snapshot.accuracy:.2%}"
    lowest = snapshot.lowest_loss
    return (
        f"epoch {snapshot.epoch:>6.2f}  "
        + (f"step {snapshot.step:>7,}  " if step else "")
        + f"{accuracy:>7}"
        + ("  (undone)" if snapshot.undone else "")
        + ("" if lowest is None else f"  lowest loss, {lowest:.4f}")
        + (f"  {snapshot.following}" if snapshot.following else "")
    )


def duration(seconds: float) -> str:
    """For example "4:02"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def time_left(seconds: float) -> str:
    """A remaining time, for example "4:02 left"."""
    return f"{duration(seconds)} left"


def kept(run: str | None, fork: str | None = None) -> list[str]:
    """Where the run is that another one follows, for example "run before kept as NAME".

    Args:
        run: by what name it can be resumed; None if nothing was saved.
        fork: the same of its fork, if it has one.
    """
    if run is None:
        return ["the run before had not started training: nothing of it is kept"]
    return [f"run before kept as {run}", *([] if fork is None else [f"its fork kept as {fork}"])]


def fork_beside(name: str, changes: str) -> str:
    """A run is resumed without the fork that trained beside it when it was left."""
    return f"the fork that trained beside it ({changes}) is kept as {name}"


def farewell(
    run: str | None,
    step: int,
    done: bool,
    program: str = "digit-tui",
    fork: str | None = None,
    lost: Sequence[str] = (),
) -> list[str]:
    """The last lines of a front end: where the run was saved, and how to resume it.

    Args:
        run: by what name it can be resumed; None if nothing was saved.
        step: the last step that was saved.
        done: whether all epochs are done.
        program: the command line that resumes a run with --resume.
        fork: by what name its fork can be resumed, if one trained beside it at the end.
        lost: what is not kept, or not there yet, in words.
    """
    if run is None:
        return ["This run was not saved: it had not started training."]
    lines = [f"Saved step {step:,} in {run}"]
    again = "Open it again" if done else "Resume it"
    lines.append(f"{again} with: {program} --resume {shlex.quote(run)}")
    if fork is not None and done:
        lines.append(f"Saved its fork as {fork}")
    elif fork is not None:
        lines.append(f"Saved its fork; resume that with: {program} --resume {shlex.quote(fork)}")
    return [*lines, *lost]


def not_kept(back: float, left: float) -> str:
    """What is lost of a run that went back.

    Args:
        back: the epoch that it went back to.
        left: the epoch from where it did.
    """
    return f"Undone and not kept: epochs {back:.2f} to {left:.2f}"


def on_its_way(aim: float) -> str:
    """A run was left before it was back at the epoch to which it was going."""
    return f"It was not back at epoch {aim:.2f} yet: resumed, it repeats the rest of the way"
