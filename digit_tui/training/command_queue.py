"""The order in which commands take effect."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from digit_tui.run.commands import Command, Fork, Setting
from digit_tui.training.command_source import CommandSource


class CommandQueue:
    """Scheduled commands at their steps, then those that had to wait for them, then new ones.

    Commands are scheduled when a run is repeated, or gets somewhere from a snapshot. New ones that
    would change its course wait until the last scheduled one has taken effect, and the run is where
    it is going; undoing, going elsewhere, pausing, saving and stopping do not.

    Attributes:
        interrupts: whether a new command ends the group of steps under way.
        is_new: whether the last command that it gave was none of the scheduled ones.
    """

    def __init__(
        self, source: CommandSource, scheduled: Iterable[tuple[int, Command]], until: int = 0
    ) -> None:
        """Begin.

        Args:
            source: of new commands.
            scheduled: commands with the steps at which they take effect, in their order.
            until: the step that the run is on its way to.
        """
        self.interrupts = True
        self.is_new = False
        self._source = source
        self._scheduled = deque(scheduled)
        self._waiting: deque[Command] = deque()
        self._until = until  # the step up to which new commands wait

    def schedule(self, scheduled: Sequence[tuple[int, Command]], until: int) -> None:
        """Schedule more commands, before those that are scheduled already.

        Args:
            scheduled: commands with the steps at which they take effect, in their order.
            until: the step that the run is on its way to.
        """
        self._scheduled.extendleft(reversed(scheduled))
        self._until = until

    def due(self, step: int) -> Iterator[Command]:
        """The commands that take effect at a step; ask anew when the step has changed."""
        # What was given up to stop was the first of those that are left: none may come before it.
        self.is_new = False
        while self._is_due(step) and not self.stopping():
            yield self._scheduled.popleft()[1]
        self.is_new = True
        while self._waiting and not self._is_on_its_way(step) and not self.stopping():
            yield self._waiting.popleft()
        for command in self._source.take(step):
            if not self._must_wait(command, step):
                yield command

    def give_up(self) -> list[Command]:
        """Forget what is scheduled, as the run goes elsewhere, and what waits for it: all that."""
        dropped = [*(command for _, command in self._scheduled), *self._waiting]
        self._scheduled.clear()
        self._waiting.clear()
        self._until = 0
        return dropped

    def withdraw(self) -> Command | None:
        """Forget the last command that waits, and return it; None if none does."""
        return self._waiting.pop() if self._waiting else None

    def steps_until_due(self, step: int) -> int:
        """How many steps may be made before `due` must be asked again, at least one."""
        steps = self._source.steps_until_due(step)
        if self._scheduled:
            steps = min(steps, self._scheduled[0][0] - step)
        elif self._waiting:
            steps = min(steps, self._until - step)
        return max(steps, 1)

    def waiting(self) -> bool:
        """Whether a new command came."""
        return self._source.waiting()

    def stopping(self) -> bool:
        """Whether a command to stop came."""
        return self._source.stopping()

    def interrupt(self) -> bool:
        """Whether the group of steps under way should end early, because a command came."""
        return self.interrupts and self._source.waiting()

    def wait(self, step: int) -> Command | None:
        """Wait for the next command while the run is paused; None means to ask `due` again."""
        if self._is_due(step) or (self._waiting and not self._is_on_its_way(step)):
            return None
        command, self.is_new = self._source.wait(step), True
        return None if self._must_wait(command, step) else command

    def _is_due(self, step: int) -> bool:
        return bool(self._scheduled) and self._scheduled[0][0] <= step

    def _is_on_its_way(self, step: int) -> bool:
        return bool(self._scheduled) or step < self._until

    def _must_wait(self, command: Command, step: int) -> bool:
        wait = self._is_on_its_way(step) and isinstance(command, Setting | Fork)
        if wait:
            self._waiting.append(command)
        return wait
