"""Notices that a network which had learned is no better than guessing any more."""

from __future__ import annotations

from math import log

FAST, SLOW = 0.1, 0.01
"""How much a step's loss counts in the means: a memory of about ten steps, and of a hundred."""
LEARNED = 0.5
"""A network has learned something once its loss is below this share of guessing's, ..."""
LOST = 0.95
"""... has lost it when it is above this one, ..."""
EXPLODED = 10.0
"""... and never had a chance if it is above so many times that."""


class SpikeAlarm:
    """Watches the training loss.

    Attributes:
        guessing: the loss of a network that gives each class the same probability, in nats.
        now: mean loss of the last steps.
        best: the lowest mean of many steps.
    """

    def __init__(self, classes: int) -> None:
        self.guessing = log(classes)
        self.now = self._slow = self.best = self.guessing
        self._armed = True

    def disarm(self) -> None:
        """Take what was noticed as known, until the network has learned something again."""
        self._armed = False

    def restart(self, loss: float) -> None:
        """Begin anew, for a network whose loss was about this."""
        self.now = self._slow = self.best = min(loss, self.guessing)
        self._armed = True

    def rings(self, loss: float) -> bool:
        """Learn of a step's loss, in nats; whether the network is lost."""
        self.now += FAST * (loss - self.now)
        self._slow += SLOW * (loss - self._slow)
        self.best = min(self.best, self._slow)
        learned = self.best < LEARNED * self.guessing
        if not self._armed:
            if self.now < LEARNED * self.guessing:
                self.restart(self.now)
            return False
        return self.now > (LOST if learned else EXPLODED) * self.guessing
