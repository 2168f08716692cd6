"""How keys are called in the texts of the interface, where `{undo}` stands for the key of an id."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import App
from textual.binding import Binding
from textual.keys import format_key

from digit_tui.tui.terminal.charset import shows

WORDS = {"enter": "enter", "escape": "esc"}
"""Of keys whose sign on the key bar does not read well in a sentence."""


class IdsThemselves(dict[str, str]):
    """Where no app knows the keys, their ids stand for them."""

    def __missing__(self, id: str) -> str:
        return id


def key_sign(key: str) -> str:
    """A key as the key bar shows it: by its name where the terminal cannot show its sign.

    A stand-in would name another key.

    Args:
        key: as Textual calls it, such as "ctrl+p" or "question_mark".
    """
    *modifiers, last = key.split("+") if key != "+" else [key]
    sign = format_key(last)
    return "+".join([*modifiers, sign if shows(sign) else last])


def key_word(binding: Binding) -> str:
    """The key of a binding in a sentence."""
    first = binding.key.partition(",")[0].strip()
    return WORDS.get(first) or binding.key_display or key_sign(first)


def key_names(app: App[object]) -> Mapping[str, str]:
    """The keys in force of an app, by their ids."""
    names: Mapping[str, str] = getattr(app, "key_names", IdsThemselves())
    return names


def with_keys(app: App[object], text: str) -> str:
    """A text with the keys in force: "{undo} goes back" as "u goes back"."""
    return text.format_map(key_names(app))
