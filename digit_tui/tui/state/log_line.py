"""A line of the log of a run."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from digit_tui.run.events import (
    BranchEvent,
    Diverged,
    Event,
    Forked,
    ForkEnded,
    Refused,
    SaveFailed,
    SettingChanged,
    Spiked,
    WentBack,
)

LOG_LINES = 1_000
"""Older lines of the log are dropped."""
Kind = Literal["note", "epoch", "change", "trouble"]
KINDS: dict[type[Event], Kind] = {
    **dict.fromkeys((SettingChanged, WentBack, Forked, ForkEnded), "change"),
    **dict.fromkeys((Refused, Diverged, Spiked, SaveFailed, BranchEvent), "trouble"),
}
"""How the log highlights events that are not mere notes."""


@dataclass
class LogLine:
    """One line of the log."""

    kind: Kind
    text: str
    mark: str = ""
    """The letter of its mark on the charts, while what it tells of is in force."""
    events: list[SettingChanged] = field(default_factory=list)
    """The changes of settings that it tells of."""
    earlier: deque[str] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    """Texts of epochs that it has replaced, oldest first."""

    def replace(self, text: str) -> None:
        """Say this, and keep what it said."""
        self.earlier.append(self.text)
        self.text = text

    def goes_on(self, event: SettingChanged) -> bool:
        """Whether it tells of a further change too: of the same command, or a quick key press."""
        return any(
            each.step == event.step
            and each.effect is event.effect is None  # an effect is that of one command
            and (each.setting == event.setting or each.settings == event.settings)
            for each in self.events
        )
