"""The manual that ships with the program: one topic a file, in Markdown."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

CHANGES = "changes"
"""The topic that is kept in CHANGES.md, the usual name of such a file."""

TOPICS = (
    *("start", "views", "keys", "glossary", "options", "optimizers", "undo", "runs", "scripts"),
    *("mistakes", "report", "predict", "draw", "teach", "network", "calibration", "unknown"),
    *("robustness", "committee", "health", "rate", "sweep", "python", "export", "plain"),
    *("config", "files", "statuses", "speed", "data", CHANGES),
)
"""In the order in which they are listed: from a first look to reference."""


class NoSuchTopic(ValueError):
    """What was asked for names no topic, or more than one."""


def topics() -> dict[str, str]:
    """Each topic with its title, in order."""
    return {topic: read(topic).partition("\n")[0].lstrip("# ") for topic in TOPICS}


def find(name: str) -> str:
    """The topic that a name, or the beginning of one, stands for.

    Raises:
        NoSuchTopic: if it stands for none, or for more than one.
    """
    wanted = name.strip().lower()
    fitting = [topic for topic in TOPICS if topic.startswith(wanted)] if wanted else []
    if wanted in fitting:
        return wanted
    if len(fitting) > 1:
        raise NoSuchTopic(f"{name!r} could be {' or '.join(fitting)}")
    if not fitting:
        near = "".join(f"; did you mean {each}?" for each in get_close_matches(wanted, TOPICS, 1))
        topics = f"{' Its' if near else '; its'} topics are {', '.join(TOPICS)}"
        raise NoSuchTopic(f"the manual has no topic {name!r}{near}{topics}")
    return fitting[0]


def read(topic: str) -> str:
    """A topic's text, in Markdown.

    Args:
        topic: one of `TOPICS`.
    """
    name = "CHANGES.md" if topic == CHANGES else f"{topic}.md"
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


@cache
def glossary() -> dict[str, str]:
    """What each word of the glossary means, in plain text; the words in small letters."""
    plain = ((word, entry.replace("**", "").replace("`", "")) for word, entry in _entries())
    return {word: " ".join(entry.split()) for word, entry in plain}


@cache
def glossary_words() -> dict[str, str]:
    """The words of `glossary`, and those that it prints bold within the meaning of another one.

    Returns:
        Each, in small letters, with the word of `glossary` that explains it.
    """
    bold = {
        other.lower(): word
        for word, entry in _entries()
        for other in re.findall(r"\*\*([^*]+)\*\*", entry)
    }
    return bold | {word: word for word in glossary()}


def explained(word: str) -> str | None:
    """The word of `glossary` that explains a word, or one in the plural; None if none does."""
    words, asked = glossary_words(), word.strip().lower()
    forms = (asked, asked.removesuffix("s"), asked.removesuffix("es"))
    return next((words[form] for form in forms if form in words), None)


def _entries() -> list[tuple[str, str]]:
    """Each word of the glossary in small letters, with its meaning in Markdown."""
    found = re.findall(r"^- \*\*([^*]+)\*\*: (.*(?:\n  .*)*)", read("glossary"), re.MULTILINE)
    return [(word.lower(), entry) for word, entry in found]
