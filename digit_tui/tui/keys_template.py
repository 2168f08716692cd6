"""`digit-tui config keys`: all keys, as a keys.toml to begin with."""

from __future__ import annotations

import json
from pathlib import Path

from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.output import Output, print_error
from digit_tui.storage.toml_file import TomlError
from digit_tui.tui.app import DigitApp
from digit_tui.tui.committee.app import CommitteeApp
from digit_tui.tui.keymap import FIXED, Keymap
from digit_tui.tui.keys_file import CHARACTERS, KEPT, read_keys
from digit_tui.tui.replay import ReplayApp
from digit_tui.tui.screens.help import Group

HEAD = """\
# The keys of digit-tui. To change one, take the # away and write another key, or a list of keys:
#     undo = "ctrl+u"
#     pause = ["space", "f5"]
# Keys are characters ("u", "U", "?"), names (enter, tab, f5, pageup, left), and those with ctrl+ or
# alt+ before them. What is not named here keeps its key.
"""
WIDTH = 36
"""Columns of an id with its keys."""


def print_keys(path: Path | None) -> int:
    """Print the keys in force; returns the exit status.

    Args:
        path: of the user's keys.toml; None if it is left out.
    """
    try:
        keymap = Keymap() if path is None else read_keys(path)
    except TomlError as error:
        print_error(str(error))
        return ExitStatus.USAGE
    output = Output()
    output.line(template(keymap))
    return output.status or ExitStatus.DONE


def template(keymap: Keymap) -> str:
    """All keys by the place where they work, those that the user has changed without #."""
    lines = [HEAD.rstrip()]
    seen: set[str] = set()
    groups: list[Group] = [
        *DigitApp.key_groups(),
        ("Replay", ReplayApp.key_groups()[0][1]),
        *((f"Committee: {title}", bindings) for title, bindings in CommitteeApp.key_groups()),
    ]
    for title, bindings in groups:
        new = [each for each in bindings if each.id and each.id not in (*seen, *KEPT)]
        if new:
            lines += ["", f"# {title}", ""]
        for each in new:
            assert each.id is not None
            seen.add(each.id)
            keys = [key for key in keymap.keys(each) if key not in FIXED.get(each.id, ())]
            mark = "" if each.id in keymap.changed else "# "
            keys = [CHARACTERS.get(key, key) for key in keys]
            value = json.dumps(keys[0] if len(keys) == 1 else keys, ensure_ascii=False)
            lines.append(f"{f'{mark}{each.id} = {value}':<{WIDTH}}  # {each.tooltip}")
    return "\n".join(lines)
