"""What the run does, how good it is, and with which settings."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from digit_tui.insight.significance import ends_words
from digit_tui.run.events import TROUBLES
from digit_tui.run.setting_words import rate_words, settings_words
from digit_tui.run.wording import epoch_words
from digit_tui.tui.drawing.figure import ROWS, figure, is_drawn
from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.terminal.charset import shows
from digit_tui.tui.widgets.canvas import Canvas

STATES = {
    "loading": "… loading",
    "training": "▶ training",
    "paused": "⏸ paused",
    "finished": "✓ finished",
    "diverged": "✗ diverged",
    "spike": "✗ loss spike",
    "ended": "■ ended",
}
BARS = "▁▂▃▄▅▆▇█"
TREND = 8
"""Evaluations in the trend."""
LEAST_SPAN = 0.002
"""Difference between the lowest and the highest bar of a trend, at least."""
SEPARATOR = " · "
FIRST_SETTINGS = 2
"""The optimizer and its rate."""
LARGE_FROM = 70
"""Columns from which there is room for the large figure."""


def settings_line(model: RunModel, width: int = 1_000) -> str:
    """The settings in force, in the words that fit; "" while they are not known.

    Of what does not fit in any words whole settings are left out, the last first.
    """
    lines = _settings_lines(model)
    text = next((each for each in lines if len(each) <= width), lines[-1])
    parts = text.split(SEPARATOR)
    while len(parts) > FIRST_SETTINGS and len(text) > width:
        parts.pop()
        text = SEPARATOR.join([*parts, "…"])
    return text


def _settings_lines(model: RunModel) -> list[str]:
    """All settings in force, in the fullest words first."""
    if model.resumes and model.state == "loading":
        return [""]
    optimizer, _, *others = settings_words(model.settings, model.learning_rate, model.rate_factor)
    others += filter(None, [model.teacher])
    rates = rate_words(model.settings, model.learning_rate, model.rate_falls, model.further_rate)
    return [SEPARATOR.join([optimizer, rate, *others]) for rate in rates]


def _state_words(model: RunModel) -> str:
    if model.teaching:
        return "… teaching"
    if model.repeats_to is not None and model.state in ("training", "paused"):
        words = f"repeating to epoch {model.repeats_to:.2f}"
        return f"↻ {words}" if model.state == "training" else f"⏸ paused, {words}"
    return STATES[model.state]


def state_line(model: RunModel, width: int = 1_000, accuracy: bool = True) -> str:
    """State, epoch and step, accuracy and speed.

    Args:
        model: the run.
        width: columns; what matters less is left out if it does not fit.
        accuracy: whether to say it.
    """
    if model.state == "loading":
        return STATES[model.state]
    step = f"step {model.step:,}"
    parts = [
        _state_words(model) if model.replay is None else model.replay,
        f"epoch {model.epoch:.2f}/{model.settings.epochs}",
        step,
    ]
    if model.fork is not None:
        parts.insert(1, "+ fork")
    if model.measured is not None and accuracy:
        correct, total = model.measured
        averaged = model.config.average and model.state in TROUBLES  # which it hardly shows
        weights = " (averaged)" if averaged else ""
        parts.append(f"{model.config.monitored_split} {correct / total:.2%}{weights}")
    if model.config.validation:
        parts.append(_test_words(model))
    if model.save_trouble is not None:
        parts.insert(1, "✗ not saved")
    if model.going and model.images_per_second:
        parts.append(f"{model.images_per_second:,.0f} images/s")
        if cell_len("  ".join(parts)) > width:
            parts.pop()
    if cell_len("  ".join(parts)) > width:
        parts.remove(step)
    return "  ".join(parts)


def _test_words(model: RunModel) -> str:
    """Whether the test set was opened, and how the network reads it if it is shown."""
    opened, shown = model.test_opened, model.test_evaluated
    if opened is None:
        return "test unopened"
    if shown is None or not model.shows_test:
        return f"test opened at step {opened:,}"
    return f"test {shown.evaluation.accuracy:.2%}, opened at step {opened:,}"


def quality_line(model: RunModel, width: int = 1_000, figure: bool = False) -> str:
    """Which accuracy it is, its best and its interval, and where it tends to.

    Args:
        model: the run.
        width: columns; what matters less is left out if it does not fit.
        figure: whether to say the accuracy itself.
    """
    measured, series = model.measured, model.curves.monitored_accuracy
    split = model.config.monitored_split
    if measured is None or not len(series):
        return f"{split} accuracy: not measured yet"
    interval = ends_words(*measured)
    told = f" {measured[0] / measured[1]:.2%}" if figure else ""
    if not series.x[-1]:
        return f"{split} accuracy{told} before training (95%: {interval})"
    if model.config.average and model.state in TROUBLES:  # which it hardly shows
        split += " with averaged weights"
        named = [f"{split}{told} (95%: {interval})", f"{split}{told}"]
    else:
        named = [
            f"{split} accuracy{told} (95% interval {interval})",
            f"{split} accuracy{told} (95%: {interval})",
            f"{split}{told} (95%: {interval})",
            f"{split}{told}",
        ]
    # Stand-ins for bars are all alike. What was right by chance, before training, is no result.
    others = [trend(series.y[series.x > 0][-TREND:].tolist())] if shows(BARS) else []
    if model.best is not None:
        epoch, accuracy = model.best
        others.insert(0, f"best {accuracy:.2%} at epoch {epoch_words(epoch)}")
    lines = ["  ".join([each, *others]) for each in named]
    return next((line for line in lines if len(line) <= width), lines[-1])


def trend(values: list[float]) -> str:
    """A bar for each accuracy, from the lowest to the highest; small differences stay small."""
    middle = (min(values) + max(values)) / 2
    span = max(max(values) - min(values), LEAST_SPAN)
    places = [(each - middle) / span + 0.5 for each in values]
    return "".join(BARS[round(each * (len(BARS) - 1))] for each in places)


def _whole_line(model: RunModel, width: int) -> str:
    """The state, and the settings if they fit; they matter more than the speed."""
    settings = _settings_lines(model)[-1]
    state = state_line(model, width - len(settings) - 2)
    if len(state) + 2 + len(settings) > width:
        return state_line(model, width)
    return f"{state}  {settings_line(model, width - len(state) - 2)}"


class StatusLine(Canvas):
    """One line; or three, with the accuracy large beside them."""

    COMPONENT_CLASSES = {"status-line--large"}

    def show(self, model: RunModel) -> None:
        self.set_class(model.state in TROUBLES, "-trouble")
        width, height = self.size
        if height < ROWS or width < LARGE_FROM:
            self.paint([fit(_whole_line(model, width), width)])
            return
        measured = model.measured
        text = "-" if measured is None else f"{measured[0] / measured[1]:.2%}"
        drawn = is_drawn()
        style = self.part("status-line--large")
        large = figure(self.app.console, text, style) if drawn else [[Segment("")]] * ROWS
        room = width - large[0][0].cell_length - 2
        lines = [
            state_line(model, room, accuracy=False),
            quality_line(model, room, figure=not drawn),
            settings_line(model, room),
        ]
        pairs = zip(lines, large, strict=True)
        self.paint([[*fit(line, room), Segment("  "), *each] for line, each in pairs])


def fit(text: str, width: int, style: Style | None = None) -> Line:
    """A text cut off, or filled up, to a width."""
    line = Text(text, no_wrap=True)
    line.truncate(max(width, 1), overflow="ellipsis", pad=True)
    return [Segment(line.plain, style)]
