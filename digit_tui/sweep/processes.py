"""Which process it is, so that others on the same machine can tell whether it has ended."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True)
class ProcessId:
    """A process among all that ever ran on any machine."""

    machine: str
    """Which machine, since when it runs, and which numbering of processes; empty if unknown."""
    pid: int
    began: str
    """When, in ticks of the machine: a number is given again."""

    @property
    def text(self) -> str:
        return f"{self.machine}:{self.pid}:{self.began}"

    @classmethod
    def parse(cls, text: object) -> ProcessId | None:
        """The inverse of `text`; None if it is none."""
        parts = str(text).split(":")
        if len(parts) != 3 or not parts[1].isdecimal():
            return None
        return cls(parts[0], int(parts[1]), parts[2])


def this_process() -> ProcessId:
    """This one."""
    return _process(os.getpid())


@lru_cache(maxsize=2)  # asked for at each write
def _process(pid: int) -> ProcessId:
    return ProcessId(_machine(), pid, _began(pid) or "0")


def has_ended(process: ProcessId | None) -> bool:
    """Whether a process certainly has ended; False where that cannot be told from here."""
    if process is None or not process.machine or process.machine != _machine():
        return False
    return _began(process.pid) != process.began


def worker_name() -> str:
    """A name for this process that people can read, such as "alpha:4711"."""
    host = (platform.node() or "localhost").split(".")[0]
    return f"{host}:{os.getpid()}"


@lru_cache(maxsize=1)
def _machine() -> str:
    """Processes with the same value see each other by their numbers."""
    if sys.platform != "linux":
        return ""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}-{os.stat('/proc/self/ns/pid').st_ino:x}"
    except OSError:
        return ""


def _began(pid: int) -> str | None:
    """When a process of this machine began; None if there is none, or it has only to be buried."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else fields[18]
