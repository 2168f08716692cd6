"""Two lines: dataset, network and settings; state, progress and speed."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text
from textual.widgets import Static

from digit_tui.data import printable
from digit_tui.run.wording import settings_words
from digit_tui.tui.state.run_model import RunModel

STATES = {
    "loading": "… loading",
    "training": "▶ training",
    "paused": "⏸ paused",
    "finished": "✓ finished",
    "diverged": "✗ diverged",
    "spike": "✗ loss spike",
    "ended": "■ ended",
}


def settings_line(model: RunModel) -> Text:
    """Dataset, network and the settings in force."""
    settings = model.settings
    parts = [model.dataset.name if model.dataset else printable(model.config.data)]
    if model.network:
        parts.append("-".join(map(str, model.network)))
    parts += settings_words(settings, model.learning_rate)
    return Text(" · ".join(parts))


def state_line(model: RunModel, width: int = 1_000) -> Text:
    """State, epoch and step, accuracy and speed.

    Args:
        model: the run.
        width: columns; what matters less is left out if it does not fit.
    """
    if model.state == "loading":
        return Text(STATES[model.state])
    step = f"step {model.step:,}"
    parts = [
        STATES[model.state] if model.replay is None else model.replay,
        f"epoch {model.epoch:.2f}/{model.settings.epochs}",
        step,
    ]
    if model.evaluation is not None:
        parts.append(f"{model.config.monitored_split} {model.evaluation.accuracy:.2%}")
    if model.config.validation:
        opened = model.test_opened
        parts.append("test unopened" if opened is None else f"test opened at step {opened:,}")
    if model.save_trouble is not None:
        parts.insert(1, "✗ not saved")
    if model.images_per_second:
        parts.append(f"{model.images_per_second:,.0f} images/s")
        if cell_len("  ".join(parts)) > width:
            parts.pop()
    if cell_len("  ".join(parts)) > width:
        parts.remove(step)
    return Text("  ".join(parts))


class StatusLine(Static):
    """The two lines."""

    def __init__(self) -> None:
        super().__init__()
        self._shown = Text()

    def show(self, model: RunModel) -> None:
        self.set_class(model.state in ("diverged", "spike"), "-trouble")
        text = Text("\n").join([settings_line(model), state_line(model, self.size.width)])
        if text != self._shown:  # each update is sent to the terminal
            self._shown = text
            self.update(text, layout=False)  # its height is fixed
