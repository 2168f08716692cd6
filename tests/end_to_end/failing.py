"""The program with a fault: `failing.py ...` is `digit-tui ...`, whose key l fails."""

from __future__ import annotations

from digit_tui.cli.main import main
from digit_tui.tui.screens.train import TrainView


def fail(view: TrainView) -> None:
    raise KeyError("log")


TrainView.action_log = fail  # type: ignore[method-assign]
main()
