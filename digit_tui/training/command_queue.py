"""In which order commands take effect."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from digit_tui.run.commands import Command, Fork, GoBack, Setting, Undo
from digit_tui.training.command_source import CommandSource


class CommandQueue:
    """First what is to be repeated at its step, then what waited for that, then what is new.

    A way that is being repeated is not left before it is at its end: what would steer the run
    waits. Pausing, saving and stopping do not.
    """

    def __init__(self, source: CommandSource, scheduled: Iterable[tuple[int, Command]]) -> None:
        """Make it.

        Args:
            source: of what is new.
            scheduled: what is to be repeated, with the steps, in its order.
        """
        self._source = source
        self._scheduled = deque(scheduled)
        self._waiting: deque[Command] = deque()

    def schedule(self, scheduled: Sequence[tuple[int, Command]]) -> None:
        """Have more to be repeated, before what there is."""
        self._scheduled.extendleft(reversed(scheduled))

    def due(self, step: int) -> Iterator[Command]:
        """What takes effect after so many steps; to be asked anew when the step has changed."""
        while self._is_due(step):
            yield self._scheduled.popleft()[1]
        while self._waiting and not self._scheduled:
            yield self._waiting.popleft()
        for command in self._source.take(step):
            if not self._must_wait(command):
                yield command

    def steps_until_due(self, step: int) -> int:
        """How many steps may be made before `due` must be asked again, at least one."""
        free = self._source.steps_until_due(step)
        if self._scheduled:
            free = min(free, self._scheduled[0][0] - step)
        return max(free, 1)

    def wait(self, step: int) -> Command | None:
        """The next command for a run that is paused; None is to ask `due` again."""
        if self._is_due(step) or (self._waiting and not self._scheduled):
            return None
        command = self._source.wait(step)
        return None if self._must_wait(command) else command

    def _is_due(self, step: int) -> bool:
        return bool(self._scheduled) and self._scheduled[0][0] <= step

    def _must_wait(self, command: Command) -> bool:
        wait = bool(self._scheduled) and isinstance(command, Setting | Undo | GoBack | Fork)
        if wait:
            self._waiting.append(command)
        return wait
