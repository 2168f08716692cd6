"""The keys that work now, from the bindings; it takes more lines where a terminal is narrow."""

from __future__ import annotations

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
        self._update(self.screen)

    def _update(self, screen: Screen[object]) -> None:
        key_style = self.get_component_rich_style("key-bar--key", partial=True)
        lines = [Text()]
        for _, binding, enabled, _ in screen.active_bindings.values():
            if not binding.show or not enabled:
                continue
            key = self.app.get_key_display(binding)
            word = Text.assemble((key, key_style), f" {binding.description}")
            word.apply_meta({"@click": f"app.simulate_key('{binding.key}')"})
            if lines[-1] and lines[-1].cell_len + 2 + word.cell_len > self.size.width:
                lines.append(Text())
            lines[-1].append_text(Text("  ") if lines[-1] else Text()).append_text(word)
        self.update(Text("\n").join(lines))
