"""A button of a dialog."""

from __future__ import annotations

from rich.text import Text
from textual.binding import Binding
from textual.widgets import Static


class Button(Static):
    """The key of a binding and what it does; a click does it.

    Attributes:
        binding: of the dialog.
    """

    ALLOW_SELECT = False

    def __init__(self, binding: Binding) -> None:
        """Make it.

        Args:
            binding: see the attribute.
        """
        super().__init__()
        self.binding = binding

    def on_mount(self) -> None:
        key = self.app.get_key_display(self.binding)
        self.update(Text.assemble((key, "bold"), f" {self.binding.description}"))

    async def on_click(self) -> None:
        if self.screen.is_current:  # a second click may come when the dialog is closed
            await self.run_action(f"screen.{self.binding.action}")
