"""The manual that ships with the program: one topic a file, in Markdown."""

from __future__ import annotations

import re
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
        raise NoSuchTopic(f"the manual has no topic {name!r}; its topics are {', '.join(TOPICS)}")
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
    text = read("glossary").replace("**", "").replace("`", "")
    entries = re.findall(r"^- ([^:]+): (.*(?:\n  .*)*)", text, re.MULTILINE)
    return {word.lower(): " ".join(meaning.split()) for word, meaning in entries}
