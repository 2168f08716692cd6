"""The user's keys: which binding has which, by the bindings' ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from textual.binding import Binding

FIXED = {"leave": ("ctrl+c",)}
"""Keys that a binding keeps, whatever the user gives it."""

Keys = tuple[str, ...]


def default_keys(binding: Binding) -> Keys:
    """The keys that a binding has as it is declared."""
    return tuple(key.strip() for key in binding.key.split(","))


@dataclass(frozen=True)
class Keymap:
    """The keys that are not as they are declared."""

    changed: Mapping[str, Keys] = field(default_factory=dict)
    """By the ids of bindings, as Textual calls keys."""

    def keys(self, binding: Binding) -> Keys:
        """The keys in force of a binding."""
        return self.changed.get(binding.id or "") or default_keys(binding)

    def for_textual(self, bindings: Iterable[Binding]) -> dict[str, str]:
        """What `App.set_keymap` takes.

        Bindings that share a key with one that is changed are named too: Textual would drop them
        together with the old key.

        Args:
            bindings: all there are.
        """
        known = [each for each in bindings if each.id]
        freed = {key for each in known if each.id in self.changed for key in default_keys(each)}
        found: dict[str, str] = {}
        for each in known:
            assert each.id is not None
            if each.id in self.changed or freed & {*default_keys(each)}:
                keys = (*self.keys(each), *FIXED.get(each.id, ()))
                found[each.id] = ",".join(dict.fromkeys(keys))
        return found
