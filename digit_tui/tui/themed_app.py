"""An app with themes of its own, which remembers the one that was chosen last."""

from __future__ import annotations

from digit_tui.tui.guided_app import GuidedApp
from digit_tui.tui.last_theme import last_theme, remember_theme
from digit_tui.tui.themes import NO_SHADES, THEMES, VARIABLES


class ThemedApp(GuidedApp):
    """Has the program's themes, and of Textual's those that can shade."""

    _remembers_theme = False  # before there is an instance: the first theme calls the watcher

    def __init__(self) -> None:
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        for name in NO_SHADES:
            self.unregister_theme(name)
        self.theme = THEMES[0].name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return VARIABLES

    def refresh_css(self, animate: bool = True) -> None:
        if self.screen_stack:
            super().refresh_css(animate)
        else:  # Textual would parse all styles, though nothing has one yet, and then once more
            self.stylesheet.set_variables(self.get_css_variables())

    def begin_theme(self, asked: str | None) -> None:
        """Begin with a theme, and remember which one is chosen from now on.

        Args:
            asked: one of the program's own, without "digit-"; None is the last one chosen.
        """
        name = last_theme() if asked is None else f"digit-{asked}"
        if name in self.available_themes:
            self.theme = name
        self._remembers_theme = True

    def watch_theme(self, name: str) -> None:
        if self._remembers_theme:
            remember_theme(name)

    def action_next_theme(self) -> None:
        names = [theme.name for theme in THEMES]
        place = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(place + 1) % len(names)]
