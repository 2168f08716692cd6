"""Two lines that say what is running and how it stands."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from digit_tui.data import printable
from digit_tui.training.describe import setting_value
from digit_tui.tui.model import RunModel

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
    """Data, network and the settings in force."""
    settings = model.settings
    parts = [model.dataset.name if model.dataset else printable(model.config.data)]
    if model.network:
        parts.append("-".join(map(str, model.network)))
    rate = setting_value(settings.learning_rate)
    if model.learning_rate is not None and setting_value(model.learning_rate) != rate:
        rate = f"{setting_value(model.learning_rate)} of {rate}"
    parts += [settings.optimizer, f"rate {rate}"]
    if settings.clip_norm is not None:
        parts.append(f"clip norm {setting_value(settings.clip_norm)}")
    elif settings.clip_value is not None:
        parts.append(f"clip value {setting_value(settings.clip_value)}")
    if settings.augment != "none":
        parts.append(settings.augment)
    return Text(" · ".join(parts))


def state_line(model: RunModel) -> Text:
    """What it is doing, where it stands, how well and how fast."""
    if model.state == "loading":
        return Text(STATES[model.state])
    parts = [
        STATES[model.state] if model.replay is None else model.replay,
        f"epoch {model.epoch:.2f}/{model.settings.epochs}",
        f"step {model.step:,}",
    ]
    if model.evaluation is not None:
        parts.append(f"test {model.evaluation.accuracy:.2%}")
    if model.images_per_second:
        parts.append(f"{model.images_per_second:,.0f} images/s")
    if model.save_trouble is not None:
        parts.insert(1, "✗ not saved")
    return Text("  ".join(parts))


class StatusLine(Static):
    """The two lines."""

    def __init__(self) -> None:
        super().__init__()
        self._shown = Text()

    def show(self, model: RunModel) -> None:
        self.set_class(model.state in ("diverged", "spike"), "-trouble")
        text = Text("\n").join([settings_line(model), state_line(model)])
        if text != self._shown:  # each update is sent to the terminal
            self._shown = text
            self.update(text)
