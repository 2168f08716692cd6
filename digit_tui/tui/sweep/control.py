"""What the screen of a sweep asks of the sweep."""

from __future__ import annotations

from typing import Any, Protocol

from digit_tui.sweep.board import Board


class SweepControl(Protocol):
    """The workers on this machine, and through the storage those on all others.

    Any method may take long or raise an `OSError` or a `RuntimeError` of the storage: the screen
    calls none of them in its own thread, but for `leave` when a signal ends the program.
    """

    def snapshot(self) -> Board:
        """What is known of the sweep now."""

    def next_event(self, seconds: float) -> dict[str, Any] | None:
        """What happened, if something did in this time; "trouble" has a "message" for people."""

    def pause(self) -> None:
        """Have all workers, on all machines, wait after the epoch under way."""

    def go_on(self) -> None:
        """Have them go on."""

    def stop(self) -> None:
        """Have all workers, on all machines, save their runs and end."""

    def leave(self) -> None:
        """Have the workers on this machine save their runs and end; must not block."""

    def add_worker(self) -> None:
        """One more on this machine."""

    def remove_worker(self) -> None:
        """One less on this machine: its run is saved, and goes on elsewhere."""

    def ended(self) -> bool:
        """Whether no worker is left on this machine, and all that they told was read."""

    def farewell(self) -> str:
        """What is printed when the screen is closed, after `ended`."""
