"""What a full-screen view needs of the app that shows it, whatever it shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol


class Place(NamedTuple):
    """Something that the command palette leads to."""

    title: str
    words: str
    """Other words by which it is found."""
    show: Callable[[], None]


class FrameHost(Protocol):
    """A Textual app with views as tabs."""

    @property
    def tabs(self) -> list[tuple[str, str]]:
        """The mode and the title of each view."""

    @property
    def places(self) -> list[Place]:
        """The views, and their pages."""

    def offers(self, action: str) -> bool:
        """Whether an action makes sense now."""

    @property
    def words_now(self) -> dict[str, str]:
        """What keys do at this moment where that changes, by their ids."""

    def show_view(self, mode: str) -> None:
        """Switch to a view."""
