"""An input that takes its keys in the order in which they are typed."""

from __future__ import annotations

from textual import events
from textual.dom import DOMNode
from textual.widgets import Input


class QuickInput(Input):
    """The app hands keys to it, see `TerminalApp.on_event`.

    All keys that do something while it is focused must be in its own BINDINGS.
    """

    async def handle_now(self, key: events.Key) -> bool:
        """Handle a key at once, if it is one for this line; returns whether it is."""
        if key.is_printable:
            await self._on_key(key)
            return True
        return await act_now(self, key)


async def act_now(node: DOMNode, key: events.Key) -> bool:
    """Do what the bindings of a widget or screen say of a key; returns whether it was done."""
    for binding in node._bindings.key_to_bindings.get(key.key, ()):
        if await node.app.run_action(binding.action, node):
            return True
    return False
