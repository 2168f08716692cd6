"""Telling a person that a run has ended: when, and how."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.workers import alive, wait_until

from digit_tui.run.events import Diverged, EpochEnded, Paused, RunEnded, RunStarted, StepsDone
from digit_tui.session import notifier as notifier_module
from digit_tui.session import notify_command
from digit_tui.session.failures import Failed
from digit_tui.session.notifier import LOOKS_SECONDS, Notifier
from digit_tui.session.notify_choice import WAYS, Notify
from digit_tui.session.notify_command import run_command
from digit_tui.session.notify_terminal import BELL, notification


def started() -> Any:
    return RunStarted({}, {}, (), 0, {}, "/runs/first", settings=None)  # type: ignore[arg-type]


def steps(seconds: float = LOOKS_SECONDS) -> Any:
    none = np.zeros(0)
    return StepsDone(1, 0.1, none, none, none, none, 0.1, 1, seconds)  # type: ignore[arg-type]


def epoch(accuracy: float, number: int = 3) -> Any:
    return EpochEnded(number, 9, 0.1, "sgd", 0.1, 0.9, 0.1, accuracy, 1.0, 0.0, 1.0, 1.0)


def ended(reason: str) -> Any:
    made = RunEnded.__new__(RunEnded)
    for name, value in {"reason": reason, "epochs": 3}.items():
        object.__setattr__(made, name, value)
    return made


def rings(*events: Any, target: float | None = None, alone: bool = False) -> int:
    """How often a bell rings for some events."""
    notifier = Notifier(Notify("bell"), target, alone)
    for event in events:
        notifier.see(event)
    told = notifier.drain()
    assert all(each.terminal == BELL and not each.trouble for each in told)
    return len(told)


FINISHED = Paused(9, 3.0, "finished")
BROKEN = Diverged(9, 2.5, "loss", float("nan"), "the loss is NaN")


def test_each_end_is_told_once() -> None:
    assert rings(started(), steps(), FINISHED, ended("finished")) == 1
    assert rings(started(), steps(), FINISHED, steps(), FINISHED) == 2
    assert rings(started(), steps(), BROKEN, ended("diverged"), alone=True) == 1
    assert rings(started(), steps(), ended("finished")) == 1
    assert rings(started(), steps(), Paused(9, 3.0, "asked")) == 0
    # Who leaves is there; a script's run may be ended by another.
    assert rings(started(), steps(), ended("stopped")) == 0
    assert rings(started(), steps(), ended("interrupted"), alone=True) == 1


def test_a_run_that_was_done_before_is_not_told() -> None:
    assert rings(started(), FINISHED, ended("finished")) == 0
    notifier = Notifier(Notify("bell"))
    notifier.see(steps(), repeated=True)
    notifier.see(FINISHED)
    assert notifier.drain() == []


def test_no_bell_for_who_has_hardly_looked_away() -> None:
    assert rings(started(), steps(LOOKS_SECONDS - 0.1), FINISHED) == 0
    assert rings(started(), *[steps(LOOKS_SECONDS / 4)] * 4, FINISHED) == 1


def test_the_target_is_told_the_first_time() -> None:
    assert rings(started(), steps(), epoch(0.8), epoch(0.91), epoch(0.95), target=0.9) == 1
    assert rings(started(), steps(), epoch(0.8), target=0.9) == 0
    assert rings(started(), steps(), epoch(0.91)) == 0


def test_without_a_wish_nothing_is_told() -> None:
    for notify in (None, Notify("none")):
        notifier = Notifier(notify)
        for event in (started(), steps(), FINISHED):
            notifier.see(event)
        assert notifier.finish() == []


def test_a_command_is_told_what_happened(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = (
        "import os, sys; names = ['EVENT', 'RUN', 'ACCURACY', 'MESSAGE']; open(sys.argv[1], 'a')"
        ".write('|'.join(os.environ['DIGIT_TUI_' + name] for name in names) + '\\n'); "
        "print('dropped'); sys.exit(3)"
    )
    notifier = Notifier(Notify("x", (sys.executable, "-c", code, str(out))), alone=True)
    for event in (started(), steps(0.1), epoch(0.975), FINISHED):
        notifier.see(event)
    (told,) = notifier.finish()
    assert told.terminal == ""
    assert told.trouble == f"--notify: {sys.executable} ended with status 3"
    message = "digit-tui: run first has ended after 3 epochs, 97.50% (test)"
    assert out.read_text() == f"ended|/runs/first|0.975|{message}\n"
    out.unlink()
    notifier.see(Failed(74, "the disk is full"))
    assert len(notifier.finish()) == 1
    assert out.read_text().startswith("failed|/runs/first|0.975|digit-tui: run first cannot go on")


def test_a_command_that_hangs_is_killed_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify_command, "COMMAND_SECONDS", 0.3)
    pid = tmp_path / "pid"
    trouble = run_command(("sh", "-c", f"sleep 60 & echo $! > {pid}; wait"), {})
    assert trouble == "--notify: sh took longer than 0.3 seconds and was killed"
    wait_until(lambda: not alive(int(pid.read_text())))


def test_what_a_command_may_do_wrong() -> None:
    assert run_command(("true",), {}) == ""
    assert run_command(("sh", "-c", "kill -9 $$"), {}) == "--notify: sh was ended by signal 9"
    assert run_command(("no-such-program",), {}).startswith("--notify: cannot run no-such-program")


def test_the_ways() -> None:
    for way in WAYS:
        assert Notify.parse(f" {way} ") == Notify(way)
    assert Notify.parse("sh -c 'a b'").command == ("sh", "-c", "a b")
    for text in ("", "  ", "'", "no-such-program-x y"):
        with pytest.raises(ValueError, match=r"\w"):
            Notify.parse(text)


OSC_9 = "\x1b]9;done; 98%\x1b\\"
OSC_777 = "\x1b]777;notify;digit-tui;done, 98%\x1b\\"


@pytest.mark.parametrize(
    ("environment", "sent"),
    [
        ({"TERM_PROGRAM": "iTerm.app"}, OSC_9),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, OSC_9),  # over SSH
        ({"TERM": "xterm-kitty"}, OSC_9),
        ({"TERM": "xterm-ghostty"}, OSC_9),
        ({"TERM_PROGRAM": "WezTerm"}, OSC_9),
        ({"TERM": "foot-extra"}, OSC_777),
        ({"TERM": "xterm-256color"}, BELL),
        ({"TERM_PROGRAM": "Apple_Terminal"}, BELL),
        ({"TERM": "linux"}, BELL),
        ({}, BELL),
        ({"TERM_PROGRAM": "iTerm.app", "STY": "1.x"}, BELL),
    ],
)
def test_only_terminals_that_are_known_get_a_notification(
    environment: dict[str, str], sent: str
) -> None:
    assert notification("done; 98%", environment) == sent


@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        ("on|xterm-kitty kitty(0.35)", BELL + "\x1bPtmux;\x1b" + OSC_9[:-2] + "\x1b\x1b\\\x1b\\"),
        ("all|foot foot(1.16)", "\x1bPtmux;\x1b" + OSC_777[:-2] + "\x1b\x1b\\\x1b\\"),
        ("off|xterm-kitty", BELL),
        ("all|xterm-256color ", BELL),
        ("", BELL),
    ],
)
def test_tmux_passes_it_on_only_where_it_may(answer: str, sent: str) -> None:
    asked = []

    def ask(pane: str) -> str:
        asked.append(pane)
        return answer

    environment = {"TMUX": "/tmp/x,1,0", "TMUX_PANE": "%3", "TERM_PROGRAM": "tmux"}
    assert notification("done; 98%", environment, ask) == sent
    assert asked == ["%3"]


def test_no_text_reaches_the_terminal_as_a_control_sequence() -> None:
    sent = notification("a\x1b]0;owned\x07\x9bb\n" + "x" * 999, {"TERM": "xterm-kitty"})
    inner = sent.removeprefix("\x1b]9;").removesuffix("\x1b\\")
    assert inner.isprintable()
    assert len(inner) == 200


def test_stderr_gets_it_only_as_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    for is_terminal in (False, True):
        stream = SimpleNamespace(
            isatty=lambda is_terminal=is_terminal: is_terminal,
            write=written.append,
            flush=lambda: None,
        )
        monkeypatch.setattr(notifier_module.sys, "stderr", stream)
        notifier_module.send_to_terminal(BELL)
    assert written == [BELL]
    monkeypatch.setattr(notifier_module.sys, "stderr", None)
    notifier_module.send_to_terminal(BELL)
