"""The lines of the log, and numbers to tell of."""

from __future__ import annotations

from collections.abc import Callable

from digit_tui.tui.state.run_model import RunModel

Tell = Callable[..., None]


def lines(model: RunModel) -> list[str]:
    return [line.text for line in model.log]


def counts(model: RunModel) -> list[int]:
    series = (
        model.curves.train_loss,
        model.curves.train_loss_smooth,
        model.curves.gradient_norm,
        model.curves.gradient_norm_smooth,
        model.curves.monitored_loss,
        model.curves.monitored_accuracy,
        model.curves.train_accuracy,
        model.curves.train_accuracy_smooth,
    )
    return [len(each) for each in series]
