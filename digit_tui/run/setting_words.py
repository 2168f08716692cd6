"""Settings, their changes and the commands that change them in words, for all front ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from digit_tui.data import counted
from digit_tui.nn import RULES
from digit_tui.run import commands, removal_words
from digit_tui.run.commands import Setting
from digit_tui.run.events import SettingChanged
from digit_tui.run.settings import Settings, scheduled_rate

NAMES = {
    "optimizer": "optimizer",
    "learning_rate": "learning rate",
    "weight_decay": "weight decay",
    "clip_norm": "clipping by norm",
    "clip_value": "clipping by value",
    "sam": "sam",
    "augment": "augmentation",
    "batch_size": "batch size",
    "epochs": "epochs",
    "switched_off": "units off",
    "pruned": "pruned weights",
    "taught": "drawings taught",
}
"""The fields of Settings in words."""
SMALL_SHARE = 0.1
"""Of a learning rate: what a person sets has little effect, and that is told."""
NEARLY_ZERO = 1e-4
"""Share of a learning rate of which one does not want to read the digits."""


def field_value(name: str, value: Any) -> str:
    """The value of a field of Settings in words."""
    if name == "switched_off":
        return removal_words.units(value)
    if name == "sam":
        return setting_value(value or None)
    if name == "taught":
        return str(sum(count for _, count in value) or "none")
    return removal_words.share(value) if name == "pruned" else setting_value(value)


def taught_words(taught: Sequence[tuple[str, int]]) -> str:
    """For example "12 drawings taught"."""
    return f"{counted(sum(count for _, count in taught), 'drawing')} taught"


def setting_value(value: Any) -> str:
    """A setting's value in words: numbers with four digits, None as "off"."""
    if value is None:
        return "off"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def setting_change(change: SettingChanged) -> str:
    """A changed setting, for example "learning rate 0.001 → 0.002"."""
    if change.setting == "switched_off":
        return removal_words.units_changed(change.old, change.new)
    if change.setting == "taught":
        return taught_words(change.new[len(change.old) :])
    old, new = (field_value(change.setting, value) for value in (change.old, change.new))
    return f"{NAMES[change.setting]} {old} → {new}"


def setting_set(change: SettingChanged) -> str:
    """A changed setting and its effect, if that is known; else for example "set epochs 2 → 3"."""
    if change.effect is None:
        return f"set {setting_change(change)}"
    effect = removal_words.effect(change.effect)
    if change.lesson is not None:  # in few words: what was forgotten is to fit a row too
        return f"{change.lesson.short_words}; {effect}"
    return f"{setting_change(change)}: {effect}"


def settings_changed(changes: Sequence[SettingChanged], schedule: str) -> str:
    """The line for what one command changed.

    Args:
        changes: at one step.
        schedule: of the run's learning rate.
    """
    if len(changes) == 1 and changes[0].effect is not None:
        return f"epoch {changes[0].epoch:.2f}: {setting_set(changes[0])}"
    words = ", ".join(f"{setting_change(each)}{_by_schedule(schedule, each)}" for each in changes)
    return f"epoch {changes[0].epoch:.2f}: set {words}"


def command_words(command: Setting, rate: float | None = None) -> str:
    """What a command that changes a setting does, for example "double the learning rate".

    Args:
        command: the command.
        rate: the learning rate before it, where what it becomes is to be told too.
    """
    match command:
        case commands.SetOptimizer(name, rate):
            return f"switch to {name}" + (f" at rate {rate:.4g}" if rate is not None else "")
        case commands.SetLearningRate(value):
            return f"set the learning rate to {value:.4g}"
        case commands.ScaleLearningRate(factor):
            what, to = "the learning rate", ""
            if rate is not None:  # the number has to fit, too
                what, to = "the rate", f" to {setting_value(rate * factor)}"
            if factor in (2.0, 0.5):
                return f"{'double' if factor == 2 else 'halve'} {what}{to}"
            if factor < 1:
                return f"divide {what} by {1 / factor:.4g}{to}"
            return f"multiply {what} by {factor:.4g}{to}"
        case commands.SetClipping(norm, value):
            if norm is not None:
                return f"clip by norm {norm:.4g}"
            return "stop clipping" if value is None else f"clip by value {value:.4g}"
        case commands.SetSam(rho):
            return f"set sam to {rho:.4g}" if rho else "stop sam"
        case commands.SetAugmentation(name):
            return "stop augmenting" if name == "none" else f"augment: {name}"
        case commands.SetBatchSize(value):
            return f"set the batch size to {value}"
        case commands.AddEpochs(count):
            return f"add {counted(count, 'epoch')}"
        case commands.SwitchOff(layer, units):
            return f"switch off {removal_words.units((layer, unit) for unit in units)}"
        case commands.SwitchOn(layer, units):
            return f"switch on {removal_words.units((layer, unit) for unit in units)}"
        case commands.Prune(share):
            return f"prune {removal_words.share(share)} of the weights" if share else "stop pruning"
        case commands.Teach(_, count):
            return f"teach it {counted(count, 'drawing')}"


def setting_words(command: Setting) -> str:
    """What a command sets, for example "learning rate × 2"."""
    match command:
        case commands.SetOptimizer(name, rate):
            return f"optimizer {name}" + (f" at rate {rate:.4g}" if rate is not None else "")
        case commands.SetLearningRate(value):
            return f"learning rate {value:.4g}"
        case commands.ScaleLearningRate(factor):
            return f"learning rate {f'× {factor:.4g}' if factor >= 1 else f'÷ {1 / factor:.4g}'}"
        case commands.SetClipping(norm, value):
            if norm is not None:
                return f"clipping by norm {norm:.4g}"
            return "no clipping" if value is None else f"clipping by value {value:.4g}"
        case commands.SetSam(rho):
            return f"sam {rho:.4g}" if rho else "no sam"
        case commands.SetAugmentation(name):
            return f"augmentation {name}"
        case commands.SetBatchSize(value):
            return f"batch size {value}"
        case commands.AddEpochs(count):
            return f"{counted(count, 'epoch')} more"
        case commands.SwitchOff(layer, units):
            return f"{removal_words.units((layer, unit) for unit in units)} off"
        case commands.SwitchOn(layer, units):
            return f"{removal_words.units((layer, unit) for unit in units)} on"
        case commands.Prune(share):
            return f"{removal_words.share(share)} of the weights pruned" if share else "no pruning"
        case commands.Teach(drawings, count):
            return taught_words([(drawings, count)])


def _by_schedule(schedule: str, change: SettingChanged) -> str:
    """What a schedule makes of a change: little of the rate that was set, or more with epochs."""
    base = change.settings.learning_rate
    left = scheduled_rate(change.settings, schedule, change.epoch)
    if change.setting == "epochs":
        before = scheduled_rate(replace(change.settings, epochs=change.old), schedule, change.epoch)
        rises = left > (1 + SMALL_SHARE) * before
        return f" ({schedule}: rate rises to {left:.2g} of {base:.4g})" if rises else ""
    if change.setting != "learning_rate" or left >= SMALL_SHARE * base:
        return ""
    words = "nearly 0" if 0 < left < NEARLY_ZERO * base else f"{left:.2g}"
    return f" ({words} by the schedule)"


def settings_words(
    settings: Settings, learning_rate: float | None, rate_factor: float | None = None
) -> list[str]:
    """The settings in short, e.g. ["adamw", "rate 0.00199 of 0.002", "clip norm 1", "elastic"].

    Args:
        settings: the settings in force.
        learning_rate: now, after the schedule; None before the first step.
        rate_factor: what the optimizer multiplied it by, if it finds such a factor.
    """
    rate = setting_value(settings.learning_rate)
    if learning_rate is not None and setting_value(learning_rate) != rate:
        rate = f"{setting_value(learning_rate)} of {rate}"
    words = [settings.optimizer, f"rate {rate}"]
    finds = RULES[settings.optimizer].step_size is not None
    if finds and learning_rate is not None and rate_factor is not None:
        words.append(f"step size {learning_rate * rate_factor:.3g}")
    # First what was done to the network itself: where there is no room the last ones are left out.
    if settings.taught:
        words.append(taught_words(settings.taught))
    words += removal_words.removed(settings.switched_off, settings.pruned)
    if settings.clip_norm is not None:
        words.append(f"clip norm {setting_value(settings.clip_norm)}")
    elif settings.clip_value is not None:
        words.append(f"clip value {setting_value(settings.clip_value)}")
    if settings.sam:
        words.append(f"sam {setting_value(settings.sam)}")
    if settings.augment != "none":
        words.append(settings.augment)
    return words


def rate_words(
    settings: Settings, learning_rate: float | None, falls: bool, further: float | None = None
) -> list[str]:
    """The learning rate in words, the fullest first.

    Args:
        settings: the settings in force.
        learning_rate: now, after the schedule; None before the first step.
        falls: whether the schedule lowers it now.
        further: when all epochs are done, the rate with which further ones would begin.
    """
    base = setting_value(settings.learning_rate)
    now = base if learning_rate is None else setting_value(learning_rate)
    if now == base:
        return [f"learning rate {base}", f"rate {base}"]
    if learning_rate and learning_rate < NEARLY_ZERO * settings.learning_rate:
        now = "nearly 0"
    if further is not None:
        then = f"{further:.2g}"
        return [
            f"learning rate {now}, further epochs begin at {then} of {base}",
            f"rate {now}, further epochs begin at {then}",
            f"further epochs at {then}",
        ]
    way = f"falling from {base}" if falls else f"rising to {base}"
    return [
        f"learning rate {now}, {way} by the schedule",
        f"learning rate {now}, {way}",
        f"rate {now}, {way}",
        f"rate {now} of {base}",
        f"rate {now}",
    ]
