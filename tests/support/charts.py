"""A chart of the training view, as rows."""

from __future__ import annotations

import re
from typing import Any

from digit_tui.tui.app import DigitApp
from digit_tui.tui.widgets.chart import Chart

BRAILLE = re.compile("[\u2801-\u28ff]")


def chart(opened: Any, name: str = "loss") -> Chart:
    return opened.app.screen.query_one(f"#{name}", Chart)


def counts(app: DigitApp) -> list[int]:
    model = app.model
    return [
        len(each)
        for each in (
            model.curves.train_loss,
            model.curves.gradient_norm,
            model.curves.monitored_loss,
        )
    ]
