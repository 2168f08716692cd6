"""The keys that work now, from the bindings; it takes more lines where a terminal is narrow."""

from __future__ import annotations

from itertools import groupby

from rich.text import Text
from textual.geometry import Size
from textual.widget import Widget


class KeyBar(Widget):
    """Each binding that is shown, as key and word; a click presses it."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"key-bar--key"}

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._draw_anew)

    def _draw_anew(self, _: object) -> None:
        """The layout of a whole view takes longer than all else when a view opens."""
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
        # Bindings of a group share a word: "[ ] Rate".
        for _, bindings in groupby(shown, lambda binding: binding.group or binding):
            word = Text()
            for binding in bindings:
                key = Text(self.app.get_key_display(binding), key_style)
                key.apply_meta({"@click": f"app.simulate_key('{binding.key}')"})
                word.append_text(key).append(" ")
            word.append(binding.description)
            if lines[-1] and lines[-1].cell_len + 2 + word.cell_len > width:
                lines.append(Text())
            lines[-1].append_text(Text("  ") if lines[-1] else Text()).append_text(word)
        return lines
