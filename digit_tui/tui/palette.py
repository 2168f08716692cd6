"""What the command palette (ctrl+p) offers: all that can be done now, in groups, with the keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from digit_tui.config import OPTIMIZERS
from digit_tui.tui.key_words import key_names
from digit_tui.tui.screens.frame import Frame
from digit_tui.tui.screens.frame_host import FrameHost

GROUPS = {
    "Run": (
        *("pause", "batch", "epoch", "epochs", "test", "restart"),
        *("remove_worker", "add_worker", "stop_sweep"),
        *("play", "faster", "slower", "epoch_on", "epoch_back", "epochs_on", "epochs_back"),
    ),
    "Settings": (
        *("double_rate", "halve_rate", "find_rate", "optimizer", "clip", "sam", "augment"),
        *("prune", "apply_share"),
        *(f"optimizer_{name}" for name in OPTIMIZERS),
    ),
    "View": ("whole_log",),
    "Fork and undo": ("undo", "timeline", "fork", "teach", "keep"),
    "Save and export": ("save", "export"),
    "Theme": ("theme",),
    "Program": ("help", "suspend", "break", "quit", "leave"),
}
"""The ids of keys; those that are in none, as the keys of a view, belong to "View"."""
LEFT_OUT = {"palette", "next_view", "previous_view", "add_worker_too"}
"""Keys of which the palette offers something better, or that are what has opened it."""
GROUP_WIDTH, KEY_WIDTH = 16, 7
CALLED_SCORE = 0.5
"""Of a command that is called so in other words."""
MOST = 1e6
"""More than any score of a fuzzy match, which grows with the letters that are typed."""
WORDS = {
    "double_rate": "faster speed learning",
    "halve_rate": "slower learning",
    "find_rate": "lr finder range test suggest learning",
    "undo": "back",
    "timeline": "timeline snapshots history back",
    "fork": "compare copy branch race",
    "teach": "teach it my digits hand drawings fine-tune",
    "keep": "keep compare run copy",
    "augment": "deform overfitting",
    "sam": "sharpness aware minimisation flat minima rho",
    "prune": "sparse magnitude zero weights",
    "restart": "new run again network layers hidden data mnist seed",
    "epochs": "longer more train",
    "export": "html page save mistakes",
    "theme": "colours dark light",
    "pause": "stop resume",
    "wipe": "new empty canvas drawing",
    "keep_drawing": "save label mine own digits",
    "as_drawn": "normalise crop scale centre",
    "whole_log": "log history lines messages",
}
"""Other words that a person may look for, by the ids of keys."""


class Entry(NamedTuple):
    """A line of the palette."""

    group: str
    key: str
    name: str
    called: str
    """What the key bar has for it."""
    words: str
    """Other words by which it is found."""
    run: Callable[[], Any]
    id: str = ""
    """Of its key, if it has one."""

    def begins(self, query: str) -> bool:
        """Whether one of its other words begins so."""
        words = f"{self.called} {self.words}".lower().split()
        return any(word.startswith(query.lower()) for word in words)

    def fit(self, query: str) -> int:
        """How well it fits what is typed, 4 to 0.

        It is the id of its key; the key bar calls it so; the words are in its name; a word begins
        so; or none of these.
        """
        wanted, name = query.strip().lower(), self.name.lower()
        if wanted in (self.id, self.called.lower()):
            return 4 if wanted == self.id else 3
        if re.search(rf"\b{re.escape(wanted)}\b", name):
            return 2
        return int(bool(re.search(rf"\b{re.escape(wanted)}", name)) or self.begins(wanted))


class Commands(Provider):
    """Finds commands by what they do, or by the word that the key bar has for them.

    Whole words come before beginnings of words, and these before letters that are anywhere.
    """

    async def discover(self) -> Hits:
        group = ""
        for entry in self.entries():
            yield DiscoveryHit(
                _line(entry, Content(entry.name), entry.group != group), entry.run, entry.name
            )
            group = entry.group

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for entry in self.entries():
            score = max(matcher.match(entry.name), CALLED_SCORE * entry.begins(query))
            if score > 0:
                score += MOST * entry.fit(query)
                line = _line(entry, matcher.highlight(entry.name), True)
                yield Hit(score, line, entry.run, entry.name)

    def entries(self) -> list[Entry]:
        """All that can be done now, in the order of the groups and of their keys."""
        entries = [*self._of_keys(), *self._without_key()]
        groups = list(GROUPS)
        return sorted(entries, key=lambda entry: groups.index(entry.group))

    def _of_keys(self) -> Iterator[Entry]:
        places = {id: (group, at) for group, ids in GROUPS.items() for at, id in enumerate(ids)}
        found: list[tuple[int, Entry]] = []
        for namespace, binding, enabled, _ in self.screen.active_bindings.values():
            if binding.id is None or binding.id in LEFT_OUT or not enabled:
                continue
            group, at = places.get(binding.id, ("View", 0))
            key = self.app.get_key_display(binding)
            run = partial(self.app.run_action, binding.action, namespace)
            called, words = binding.description, WORDS.get(binding.id, "")
            found.append((at, Entry(group, key, binding.tooltip, called, words, run, binding.id)))
        yield from (entry for _, entry in sorted(found, key=lambda each: each[0]))

    def _without_key(self) -> Iterator[Entry]:
        host = cast(FrameHost, self.app)
        for place in host.places:
            if not isinstance(self.screen, Frame) or place.title != self.screen.TAB:
                title = place.title
                yield Entry("View", "", f"Go to {title}", title, place.words, place.show)
        yield Entry("Theme", "", "Choose one of all themes", "", "", self.app.action_change_theme)
        yield Entry(
            "Program",
            f"{key_names(self.app)['help']} m",
            "Read the manual",
            "Manual",
            "",
            self._open_manual,
        )

    def _open_manual(self) -> None:
        from digit_tui.tui.screens.manual import ManualDialog  # costs nothing before it is opened

        self.app.push_screen(ManualDialog())


def _line(entry: Entry, name: Content, names_group: bool) -> Content:
    group = entry.group if names_group else ""
    return Content.assemble(
        (f"{group:<{GROUP_WIDTH}}", "dim"), (f"{f'{entry.key} ':<{KEY_WIDTH}}", "not bold"), name
    )
