"""Whether the screen has ever been explained to this user."""

from __future__ import annotations

from contextlib import suppress

from digit_tui.storage.run_files import tips_seen


def is_first_start() -> bool:
    """Whether nobody has pressed a key yet while the tips were on screen."""
    with suppress(OSError):
        return not tips_seen().exists()
    return False


def remember_tips() -> None:
    """Never show them again; where nothing can be written, they come again."""
    with suppress(OSError):
        path = tips_seen()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
