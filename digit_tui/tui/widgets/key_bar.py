"""The bar of the keys that work now; it takes more lines where the terminal is narrow."""

from __future__ import annotations

from itertools import groupby

from rich.text import Text
from textual.geometry import Size
from textual.widget import Widget


class KeyBar(Widget):
    """Each visible binding as key and description; a click presses the key."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"key-bar--key"}

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._update_bar)

    def _update_bar(self, _: object) -> None:
        """Lay the view out again only if the height changes: it is the slowest part of opening."""
        width, height = self.size
        self.refresh(layout=len(self._lines(width)) != height)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Text:
        return Text("\n").join(self._lines(self.size.width))

    def _lines(self, width: int) -> list[Text]:
        """As few lines as hold all keys."""
        key_style = self.get_component_rich_style("key-bar--key", partial=True)
        lines = [Text()]
        shown = [
            binding
            for _, binding, enabled, _ in self.screen.active_bindings.values()
            if binding.show and enabled
        ]
        # Bindings of a group share a description: "[ ] Rate".
        for _, bindings in groupby(shown, lambda binding: binding.group or binding):
            item = Text()
            for binding in bindings:
                key = Text(self.app.get_key_display(binding), key_style)
                key.apply_meta({"@click": f"app.simulate_key('{binding.key}')"})
                item.append_text(key).append(" ")
            item.append(binding.description)
            if lines[-1] and lines[-1].cell_len + 2 + item.cell_len > width:
                lines.append(Text())
            lines[-1].append_text(Text("  ") if lines[-1] else Text()).append_text(item)
        return lines
