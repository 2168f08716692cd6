"""What makes a terminal notify a person: control sequences, where they are known to work.

OSC 9 (of iTerm2) has a text, OSC 777 (of rxvt-unicode) a title and a text. A terminal that knows
neither may print them, so that they are sent to those only that document them; any other has its
bell rung, which most terminals and tmux can be told to show.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping

BELL = "\a"
OSC_9 = ("iterm", "wezterm", "ghostty", "kitty", "warp")
"""Names of terminals, in small letters; a part of what they call themselves."""
OSC_777 = ("foot",)
LONGEST = 200
"""Characters of a text."""
QUERY = "#{allow-passthrough}|#{client_termname} #{client_termtype}"
QUERY_SECONDS = 1.0


def ask_tmux(pane: str) -> str:
    """What tmux answers to `QUERY`; "" if it does not."""
    try:
        done = subprocess.run(
            ["tmux", "display-message", "-p", *(["-t", pane] if pane else []), QUERY],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=QUERY_SECONDS,
            check=False,
        )
        return done.stdout.decode("utf-8", "replace").strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def notification(
    text: str, environment: Mapping[str, str], ask: Callable[[str], str] = ask_tmux
) -> str:
    """What to send to the terminal.

    Args:
        text: for the person, in a line.
        environment: of this process, which says what terminal it is.
        ask: asks tmux, by the pane, whether it passes sequences on, and to what.
    """
    safe = "".join(each if each.isprintable() else " " for each in text)[:LONGEST]
    if environment.get("TMUX"):
        passes, _, terminal = ask(environment.get("TMUX_PANE", "")).partition("|")
        sequence = _sequence(terminal, safe)
        if passes not in ("on", "all", "1") or not sequence:
            return BELL
        # tmux passes nothing on from a window that is not in sight, unless told "all".
        escaped = sequence.replace("\x1b", "\x1b\x1b")
        return f"{BELL * (passes != 'all')}\x1bPtmux;{escaped}\x1b\\"
    if environment.get("STY"):  # GNU screen takes the sequences for its own
        return BELL
    names = ("TERM_PROGRAM", "LC_TERMINAL", "TERM")  # SSH passes on the last one or two
    return _sequence(" ".join(environment.get(name, "") for name in names), safe) or BELL


def _sequence(terminal: str, text: str) -> str:
    """For a terminal, by what it calls itself; "" if none is known to work."""
    words = terminal.lower().replace("-", " ").split()
    if any(word.startswith(OSC_9) for word in words):
        return f"\x1b]9;{text}\x1b\\"
    if any(word.startswith(OSC_777) for word in words):
        return f"\x1b]777;notify;digit-tui;{text.replace(';', ',')}\x1b\\"
    return ""
