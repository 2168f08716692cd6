"""keys.toml: reads the user's keys, and says what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

from textual.binding import Binding
from textual.keys import Keys as TextualKeys
from textual.keys import _character_to_key

from digit_tui.storage.toml_file import TomlError, line_of, near, parse_toml, read_toml_text
from digit_tui.tui.app import DigitApp
from digit_tui.tui.committee.app import CommitteeApp
from digit_tui.tui.guided_app import GuidedApp, keys
from digit_tui.tui.key_words import key_sign
from digit_tui.tui.keymap import Keymap, default_keys
from digit_tui.tui.replay import ReplayApp
from digit_tui.tui.saved import SavedApp
from digit_tui.tui.screens.view import View

APPS: tuple[type[GuidedApp], ...] = (DigitApp, ReplayApp, SavedApp, CommitteeApp)
KEPT = {"break": "ctrl+c", "suspend": "ctrl+z"}
"""Bindings that always have their keys."""
RESERVED = {
    "ctrl+c": "pauses, saves and leaves",
    "ctrl+z": "suspends",
    "ctrl+q": "leaves",
    "ctrl+i": "is tab to a terminal",
    "ctrl+m": "is enter to a terminal",
}
"""Keys that nothing else can have."""
MODIFIERS = ("ctrl", "alt", "shift")
NAMED = {
    each.value for each in TextualKeys if "+" not in each.value and not each.value.startswith("<")
}
"""Keys that type no character."""


def read_keys(path: Path) -> Keymap:
    """The user's keys; of a file that is not there, none is changed.

    Raises:
        TomlError: if the file cannot be used; it says where and why, in a line.
    """
    text = read_toml_text(path)
    if text is None:
        return Keymap()
    known = all_bindings()
    changed: dict[str, tuple[str, ...]] = {}
    lines: dict[str, int] = {}
    for id, value in parse_toml(path, text).items():
        lines[id] = line_of(text, id)
        try:
            changed[id] = _keys_of(id, value, known)
        except ValueError as error:
            raise TomlError(f"{path}, line {lines[id]}: {error}") from None
    keymap = Keymap(changed)
    for first, second, key in _clashes(keymap):
        line = max(lines[each.id] for each in (first, second) if each.id in lines)
        raise TomlError(
            f"{path}, line {line}: {key_sign(key)} would be both "
            f"{first.id} ({_what(first)}) and {second.id} ({_what(second)})"
        )
    return keymap


def all_bindings() -> dict[str, Binding]:
    """All that have an id, in the order of the manual."""
    found: dict[str, Binding] = {}
    for app in APPS:
        for _, bindings in app.key_groups():
            for each in bindings:
                if each.id is not None:
                    found.setdefault(each.id, each)
    return found


def _keys_of(id: str, value: Any, known: Mapping[str, Binding]) -> tuple[str, ...]:
    """The keys that a person gives a binding, as Textual calls them.

    Raises:
        ValueError: if there is no such binding, or no such key.
    """
    if id not in known:
        raise ValueError(f"no key has the id {id!r}{near(id, known)} (see digit-tui config keys)")
    if id in KEPT:
        raise ValueError(f"{id} always has {KEPT[id]}")
    given = value if isinstance(value, list) else [value]
    if not given or not all(isinstance(each, str) for each in given):
        raise ValueError(f'{id} takes a key, such as "u", or a list of keys')
    found = tuple(dict.fromkeys(_key(each) for each in given))
    for key, text in zip(found, given, strict=False):
        always = known[id].priority and not any(map(_types, default_keys(known[id])))
        if always and _types(key):
            raise ValueError(
                f"{id} works while text is typed, so it cannot have {text!r}: "
                "take a key with ctrl, or one such as f2"
            )
    return found


def _key(text: str) -> str:
    """A key as Textual calls it.

    Raises:
        ValueError: if there is none.
    """
    *modifiers, last = text.split("+") if text not in ("", "+") else [text]
    if text.endswith("++"):
        *modifiers, last = *text[:-2].split("+"), "+"
    modifiers = sorted({each.lower() for each in modifiers})
    wrong = next((each for each in modifiers if each not in MODIFIERS), None)
    if wrong is not None:
        raise ValueError(f"{text!r} is not a key: {wrong!r} is none of {', '.join(MODIFIERS)}")
    if len(last) == 1 and last.isprintable():
        if "shift" in modifiers:
            raise ValueError(f"{text!r}: with shift a letter is a capital; write {last.upper()!r}")
        name = _character_to_key(last.lower() if "ctrl" in modifiers else last)
    else:
        name = {"esc": "escape", "return": "enter", "del": "delete"}.get(last.lower(), last.lower())
        if name not in NAMED and name not in CHARACTERS:
            raise ValueError(f"{text!r} is not a key{near(last, [*NAMED, *CHARACTERS])}")
    key = "+".join([*modifiers, name])
    if key in RESERVED:
        raise ValueError(f"{key} {RESERVED[key]}, and cannot be another key")
    return key


CHARACTERS = {
    _character_to_key(chr(code)): chr(code) for code in range(0x21, 0x7F) if not chr(code).isalnum()
}
"""What Textual's names of characters stand for."""


def _types(key: str) -> bool:
    """Whether a key is a character in a line that is typed in."""
    return (
        "ctrl+" not in key
        and "alt+" not in key
        and (len(key) == 1 or key == "space" or key in CHARACTERS)
    )


def _what(binding: Binding) -> str:
    text = str(binding.tooltip)
    return text[:1].lower() + text[1:]


def _clashes(keymap: Keymap) -> Iterator[tuple[Binding, Binding, str]]:
    """Two bindings in one place that have a key in common now, but had none as declared."""
    for bindings in _places():
        for first, second in combinations(bindings, 2):
            if first.id == second.id or {*default_keys(first)} & {*default_keys(second)}:
                continue
            both = {*keymap.keys(first)} & {*keymap.keys(second)}
            for key in sorted(both):
                yield first, second, key


def _places() -> Iterator[list[Binding]]:
    """What is bound at the same time: the keys of an app, a view and a page of it."""
    for app in APPS:
        everywhere = keys([*View.BINDINGS, *app.BINDINGS])
        for view in app.VIEWS.values():
            (_, own), *pages = view.parts()
            for page in [bindings for _, bindings in pages] or [()]:
                yield [*everywhere, *keys(own), *keys(page)]
