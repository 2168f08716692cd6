"""The keys that work now, from the bindings; it takes more lines where a terminal is narrow."""

from __future__ import annotations

from itertools import groupby

from rich.text import Text
from textual.screen import Screen
from textual.widgets import Static


class KeyBar(Static):
    """Each binding that is shown, as key and word; a click presses it."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"key-bar--key"}

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._update)

    def on_resize(self) -> None:
        self.call_after_refresh(self._update, self.screen)

    def _update(self, screen: Screen[object]) -> None:
        key_style = self.get_component_rich_style("key-bar--key", partial=True)
        lines = [Text()]
        shown = [
            binding
            for _, binding, enabled, _ in screen.active_bindings.values()
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
            if lines[-1] and lines[-1].cell_len + 2 + word.cell_len > self.size.width:
                lines.append(Text())
            lines[-1].append_text(Text("  ") if lines[-1] else Text()).append_text(word)
        self.update(Text("\n").join(lines))
