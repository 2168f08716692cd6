"""A command of the user's that is run when something has happened."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress

COMMAND_SECONDS = 30.0
"""A command that takes longer is killed."""


def run_command(command: tuple[str, ...], variables: Mapping[str, str]) -> str:
    """Run it, without a shell, and wait for it; returns what went wrong, or "".

    Args:
        command: the program and its arguments.
        variables: added to its environment.
    """
    name = command[0]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **variables},
            start_new_session=True,  # ctrl+c is for the run, and what it starts ends with it
        )
    except (OSError, ValueError) as error:
        return f"--notify: cannot run {name}: {getattr(error, 'strerror', None) or error}"
    try:
        status = process.wait(COMMAND_SECONDS)
    except subprocess.TimeoutExpired:
        _kill(process)
        return f"--notify: {name} took longer than {COMMAND_SECONDS:g} seconds and was killed"
    if status < 0:
        return f"--notify: {name} was ended by signal {-status}"
    return f"--notify: {name} ended with status {status}" if status else ""


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
