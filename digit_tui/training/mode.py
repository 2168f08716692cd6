"""What a trainer is doing: one value, which commands and events change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from digit_tui.run.events import TROUBLES


@dataclass(frozen=True)
class Mode:
    """Running, paused, or about to end the run."""

    kind: Literal["running", "paused", "stopping"]
    until: Literal["batch", "epoch"] | None = None
    """While running: when to pause; None trains on."""
    reason: str = ""
    """Why it is paused (see the event `Paused`) or stopping (see the command `Stop`)."""

    @property
    def running(self) -> bool:
        return self.kind == "running"

    @property
    def paused(self) -> bool:
        return self.kind == "paused"

    @property
    def stopping(self) -> bool:
        return self.kind == "stopping"

    @property
    def in_trouble(self) -> bool:
        """Whether it is paused because the network diverged or forgot what it had learned."""
        return self.paused and self.reason in TROUBLES


RUNNING = Mode("running")
UNTIL_BATCH = Mode("running", until="batch")
UNTIL_EPOCH = Mode("running", until="epoch")


def paused(reason: str) -> Mode:
    return Mode("paused", reason=reason)


def stopping(reason: str) -> Mode:
    return Mode("stopping", reason=reason)
