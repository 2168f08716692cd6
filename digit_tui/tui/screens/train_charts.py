"""What each chart of the training view shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np
from textual.content import Content

from digit_tui.insight.ticks import label
from digit_tui.tui.drawing.chart import Curve, Drawing, letter
from digit_tui.tui.state.run_model import RunModel

RECENT = 0.25
"""Length of the recent window, as a fraction of what has been trained."""

RUN_COLORS = ("training", "held-out")
"""Theme colours of the training and the held-out curve; they differ in brightness too."""
FORK_COLORS = ("fork-training", "fork-held-out")
"""Those of a fork's curves."""
COLORS = (*RUN_COLORS, *FORK_COLORS)
LINE = "━"
"""A curve in a legend, unless it is drawn with letters."""
ROUNDING = 1e-9
"""A relative difference that is none."""


@dataclass(frozen=True)
class Subject:
    """What a chart is about."""

    id: str
    """Of its widget."""
    name: str
    training: str
    """The field of `Curves` with the points of steps."""
    smoothed: bool = True
    """Whether there are smoothed points too."""
    monitored: str | None = None
    """The field with the points of evaluations, if there are any."""
    percent: bool = False
    """The values are fractions, and near 1; a logarithmic axis has their distance from it."""
    linear: bool = False
    """Its axis is not logarithmic, unless learning rates are far apart."""


RATE = "rate"
FAR_APART = 30.0
"""From this quotient on, rates are told apart by their logarithms: Prodigy's is 1."""
SUBJECTS = (
    Subject("loss", "Loss", "train_loss", monitored="monitored_loss"),
    Subject("accuracy", "Accuracy", "train_accuracy", monitored="monitored_accuracy", percent=True),
    Subject("gradient", "Gradient norm", "gradient_norm"),
    Subject(RATE, "Learning rate", "learning_rate", smoothed=False, linear=True),
    Subject("speed", "Images per second", "images_per_second", linear=True),
)


@dataclass
class ChartOptions:
    """How a person wants the charts."""

    recent: bool = False
    raw: bool = False
    log: bool = True
    marker: str = "braille"
    crosshair: float | None = None
    """The epoch that values are read at."""

    def is_log(self, subject: Subject, model: RunModel) -> bool:
        """Whether the axis of its values is logarithmic."""
        far_apart = subject.id == RATE and model.rates_span >= FAR_APART
        return self.log and (far_apart or not subject.linear)

    def start(self, model: RunModel) -> float:
        """The first epoch that is drawn."""
        return model.epoch * (1 - RECENT) if self.recent else 0.0


def draw_subject(
    subject: Subject, model: RunModel, options: ChartOptions, room: int
) -> tuple[str, Drawing]:
    """The title of a chart, as markup, and what is drawn below it.

    Args:
        subject: what it is about.
        model: the run.
        options: how it is drawn.
        room: for the title, in columns.
    """
    log = options.is_log(subject, model)
    start = options.start(model)
    curves = list(_curves(subject, model, options, start))
    if subject.percent:
        curves = [_without_untrained(curve) for curve in curves]
    shows_error = _shows_error(subject, model, options)
    if shows_error:
        curves = [replace(curve, y=1 - curve.y) for curve in curves]
    if options.crosshair is None:
        title = _title(subject, model, options, room)
    else:
        title = _values_title(subject, model, curves, options, room)
    if shows_error:  # no error at all is drawn, too
        curves = [replace(curve, y=np.maximum(curve.y, _least(model))) for curve in curves]
    end = max([model.epoch, *(curve.x[-1] for curve in curves if len(curve.x))])
    return title, Drawing(
        curves,
        span=(start, end),
        marks=[*model.marks],
        log=log,
        percent=subject.percent,
        marker=options.marker,
        crosshair=options.crosshair,
        least=_least(model) if shows_error else 0.0,
    )


def _curves(
    subject: Subject, model: RunModel, options: ChartOptions, start: float
) -> Iterator[Curve]:
    """What is drawn: undone parts in the back, then the run, then its fork."""
    branches = [(undone.curves, RUN_COLORS, 0, True) for undone in model.undone]
    branches.append((model.curves, RUN_COLORS, 0, False))
    if model.fork is not None:
        branches.append((model.fork_curves, FORK_COLORS, len(RUN_COLORS), False))
    smoothed = subject.smoothed and not options.raw
    for curves, colors, mark, faint in branches:
        name = f"{subject.training}_smooth" if smoothed else subject.training
        x, y = getattr(curves, name).since(start)
        yield Curve(x, y, colors[0], mark, faint)
        if subject.monitored is not None:
            x, y = getattr(curves, subject.monitored).since(start)
            yield Curve(x, y, colors[1], mark + 1, faint)


def _title(subject: Subject, model: RunModel, options: ChartOptions, room: int) -> str:
    """What a chart shows, in as many words as fit."""
    name = _name(subject, model, options)
    scale = ", log" if options.is_log(subject, model) else ""
    points = (", raw" if options.raw else ", smoothed") if subject.smoothed else ""
    legends = _legends(subject, model, options)
    starts = [f"{name} by epoch{scale}{points}", f"{name} by epoch{scale}"]
    starts += [f"{name}{scale}{points}", f"{name}{scale}"]
    # Rather is a legend short than an axis that seems linear.
    choices = [f"{start}{each}" for each in legends for start in starts]
    choices += [f"{name}{each}" for each in legends]
    if model.settings.augment != "none":  # why training may look worse than the test set
        full = legends[0].replace("training[/]", "training, deformed[/]")
        choices = [*(starts[each] + full for each in (0, 2)), *choices]
    return _first_fitting(choices, room)


def _legends(subject: Subject, model: RunModel, options: ChartOptions) -> list[str]:
    """Which curve is which, the longest wording first."""
    key = [f"{_key(options.marker, mark)} " for mark in range(4)]
    split = model.config.monitored_split
    if subject.monitored is None:
        if model.fork is None:
            return [""]
        return [f"  {key[0]}run[/] {key[2]}fork[/]"]
    if model.fork is None:
        names = [("training", split), ("train", _short(split))]
        return [f"  {key[0]}{first}[/] {key[1]}{second}[/]" for first, second in names]
    full = f"  run {key[0]}training[/] {key[1]}{split}[/]  fork {key[2]}training[/] {key[3]}{split}"
    keys = [f"{each.rstrip()}[/]" for each in key]
    return [f"{full}[/]", f"  run {keys[0]} {keys[1]} fork {keys[2]} {keys[3]}"]


def pair_legend(model: RunModel, options: ChartOptions) -> str:
    """Which curves are of training, and which of the monitored split, as markup.

    The titles of the charts may have had room only for which are the run's and which the fork's.
    """
    key = [f"{_key(options.marker, mark)}[/]" for mark in range(4)]
    split = model.config.monitored_split
    return f"training {key[0]} {key[2]}  {split} {key[1]} {key[3]}"


def _key(marker: str, mark: int) -> str:
    """The start of a legend entry: the curve's colour, and its letter if it has one."""
    return f"[${COLORS[mark]}]{letter(marker, mark) or LINE}"


def _values_title(
    subject: Subject, model: RunModel, curves: list[Curve], options: ChartOptions, room: int
) -> str:
    """What a chart shows, and the values of its curves at an epoch, in as many words as fit.

    A curve has none before its first point, nor beyond the present, where an undone one may go on.
    """
    epoch = options.crosshair
    assert epoch is not None
    reached = epoch <= model.epoch * (1 + ROUNDING)
    values = {
        curve.mark: curve.value_at(epoch) if reached else None
        for curve in curves
        if not curve.faint
    }
    long, short = _words(subject, model)
    least = _least(model) if _shows_error(subject, model, options) else 0.0
    forked = subject.monitored is not None and model.fork is not None
    named = {0: "run ", len(RUN_COLORS): " fork "} if forked else {}
    # Curves that are drawn with letters are told apart by them, others by their colours.
    split = {len(RUN_COLORS): "/ "} if forked and letter(options.marker, 0) is None else {}
    name, at = _name(subject, model, options), f"{epoch:.2f}"
    choices = []
    for start, branches, words, marked, figures in (
        (f"{name} at {at}", named, long, True, 3),
        (f"{name} at {at}", named, short, True, 3),
        (f"{name} at {at}", named, short, False, 3),
        (f"{name} {at}", named, short, False, 3),
        (f"{name} {at}", named, short, False, 2),
        (f"{name} at {at}", named, {}, True, 3),
        (f"{name} at {at}", named, {}, False, 3),
        (f"{name} {at}", named, {}, False, 3),
        (f"{name} {at}", named, {}, False, 2),
        (at, named, {}, False, 2),
        (at, split, {}, False, 2),
    ):
        parts = [start, ""]
        for mark, value in values.items():
            drawn_with = letter(options.marker, mark)
            word = f"{words[mark]} " if mark in words else ""
            sign = drawn_with or ""
            if marked or (sign and word):
                sign = f"{sign or LINE} "
            text = f"{sign}{word}{_value_text(value, figures, subject.percent, least)}"
            parts.append(f"{branches.get(mark, '')}[${COLORS[mark]}]{text}[/]")
        choices.append(" ".join(parts))
    return _first_fitting(choices, room)


def _words(subject: Subject, model: RunModel) -> tuple[dict[int, str], dict[int, str]]:
    """What tells the curves of a chart apart, by their marks: in full, and in short."""
    if subject.monitored is None:
        names = {} if model.fork is None else {0: "run", len(RUN_COLORS): "fork"}
        return names, names
    split = model.config.monitored_split
    full = ("training", split) * 2
    return dict(enumerate(full)), dict(enumerate(map(_short, full)))


def _short(name: str) -> str:
    """The name of a split, where there is little room."""
    return {"training": "train", "validation": "valid"}.get(name, name)


def _value_text(value: float | None, figures: int, percent: bool, least: float) -> str:
    if value is None or not isfinite(value):
        return "-"
    if 0 < value < least:
        return f"<{label(float(f'{least:.{figures}g}'), percent)}"
    return label(float(f"{value:.{figures}g}"), percent)


def _name(subject: Subject, model: RunModel, options: ChartOptions) -> str:
    return "Error" if _shows_error(subject, model, options) else subject.name


def _shows_error(subject: Subject, model: RunModel, options: ChartOptions) -> bool:
    """Near 1 accuracies cannot be told apart on a logarithmic axis, error rates near 0 can."""
    return subject.percent and options.is_log(subject, model)


def _first_fitting(choices: list[str], room: int) -> str:
    """The first text, as markup, that fits; else the last."""
    fitting = (each for each in choices if Content.from_markup(each).cell_length <= room)
    return next(fitting, choices[-1])


def _least(model: RunModel) -> float:
    """The error of one training image in an epoch. Averages of none come to less, for ever less."""
    return 1 / len(model.dataset.train_labels) if model.dataset is not None else 0.0


def _without_untrained(curve: Curve) -> Curve:
    """Without the accuracy of the untrained network, which would squeeze the rest of the curve."""
    if len(curve.x) > 2 and curve.x[0] == 0:
        return replace(curve, x=curve.x[1:], y=curve.y[1:])
    return curve
