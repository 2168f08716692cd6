"""Notices that a network which had learned is no better than guessing again."""

from __future__ import annotations

from math import inf, log

FAST, SLOW = 0.1, 0.01
"""Weight of a step's loss in the moving averages, over about ten steps and about a hundred."""
LEARNED = 0.5
"""A network has learned something once its loss is below this share of the loss of guessing, ..."""
LOST = 0.95
"""... has lost it again when its loss is above this share, ..."""
EXPLODED = 10.0
"""... and one that had learned nothing has exploded above so many times the loss of guessing."""
SETTLED = 30
"""Steps of a new stage whose mean loss says what is usual there."""


class SpikeAlarm:
    """Watches the training loss.

    Attributes:
        guessing: the loss of a network that gives each class the same probability, in nats.
        now: moving average of the last steps' loss.
        best: the lowest moving average over many steps.
        usual: the same of the present stage (see `stage_of`); infinite at its beginning.
        lowest: the lowest moving average over about ten steps, which soon follows a fall.
        armed: whether it rings.
    """

    def __init__(self, classes: int) -> None:
        self.guessing = log(classes)
        self.restart(self.guessing)

    def begin_stage(self, usual: float = inf) -> None:
        """Another loss may be usual from now on; as far as one is known, it is given, in nats."""
        self.usual, self._stage_steps = usual, 0

    def disarm(self) -> None:
        """Do not ring again before the network has learned something."""
        self.armed = False

    def restart(self, loss: float) -> None:
        """Begin anew, with a network whose loss was about this."""
        self.now = self._slow = self.best = self.lowest = min(loss, self.guessing)
        self.usual = self._of_stage = self.now
        self._stage_steps = round(1 / SLOW)
        self.armed = True

    def resume(self, loss: float, lowest: float | None) -> None:
        """Begin anew as `restart`, with a network of a run that is resumed.

        Args:
            loss: of the network, in nats.
            lowest: the lowest of the run's epochs; None if it is unknown.
        """
        self.restart(loss)
        if lowest is None:
            return
        self.best = min(lowest, self.best)
        # A person had trained on through that.
        self.armed = self.best >= LEARNED * self.guessing or loss <= LOST * self.guessing

    def rings(self, loss: float) -> bool:
        """Take in a step's loss, in nats; whether the network is no better than guessing now."""
        self.now += FAST * (loss - self.now)
        self._slow += SLOW * (loss - self._slow)
        self.best = min(self.best, self._slow)
        self._stage_steps += 1
        self._of_stage += max(SLOW, 1 / self._stage_steps) * (loss - self._of_stage)
        if self._stage_steps >= SETTLED:
            self.usual = min(self.usual, self._of_stage)
        self.lowest = min(self.lowest, self.now)
        learned = self.best < LEARNED * self.guessing
        if not self.armed:
            if self.now < LEARNED * self.guessing:
                self.restart(self.now)
            return False
        return self.now > (LOST if learned else EXPLODED) * self.guessing
