"""A program for test_kill.py: runs that can be killed at any moment, and Python starts once.

It reads orders from standard input, a JSON line each, lives through each in a forked child, and
answers with a JSON line: whether the child was killed, and what it said. All that is imported is
imported once.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.run.commands import (
    AppliedCommand,
    Command,
    GoBack,
    Resume,
    Save,
    ScaleLearningRate,
    SetAugmentation,
    SetLearningRate,
    SetOptimizer,
    Stop,
    Undo,
)
from digit_tui.run.events import CheckpointSaved, EpochEnded, Refused, RunEnded, SaveFailed
from digit_tui.storage.run_files import RECORD
from digit_tui.storage.saved_run import SavedRun
from digit_tui.storage.start_point import StartPoint
from digit_tui.training.run_request import RunRequest, resume_request

SAVE_EVERY = (7, 16)
"""A save is asked for at multiples of these steps, some of them ends of epochs."""

FIRST = SetOptimizer("momentum", 0.02)
SCRIPT: list[tuple[int, Command]] = [
    (10, FIRST),
    (25, ScaleLearningRate(3.0)),
    (45, Undo()),  # back at 25
    (31, SetAugmentation("none")),
    (60, SetOptimizer("adamw")),
    (
        95,
        GoBack(40, (AppliedCommand(10, FIRST),)),
    ),  # a moment that never was: before it came a command
    (52, SetLearningRate(0.004)),
    (70, Undo()),
    (81, SetOptimizer("rmsprop")),
]
"""What steers the run, each command in its turn as soon as so many steps are made."""

CONFIG = RunConfig(
    data="patterns",
    hidden=(8,),
    batch_size=32,
    epochs=15,
    learning_rate=0.01,
    augment="shift",
    side=6,
)


def patterns() -> Dataset:
    """230 learnable images: a pattern for each of four classes, with noise on top."""
    generator = np.random.default_rng(0)
    bases = generator.integers(0, 200, (4, 36))

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.arange(count, dtype=np.uint8) % 4
        noise = generator.integers(0, 56, (count, 36))
        return (bases[labels] + noise).astype(np.uint8), labels

    return Dataset("patterns", "nowhere", *draw(230), *draw(60), 6, 4)


class Orders:
    """The script's commands that the journal does not have yet, and saves."""

    def __init__(self, done: int, say: Callable[..., None], stands: bool) -> None:
        """Set up a life.

        Args:
            done: how many commands the journal has.
            say: tells the test.
            stands: whether the run was killed where it had just gone back to.
        """
        self._left = SCRIPT[done:]
        self._say = say
        self._stands = stands
        self._begun = False

    def take(self, step: int) -> Iterator[Command]:
        due = any(step % each == 0 for each in SAVE_EVERY)
        if due and self._begun:  # where it goes on it is saved already
            yield Save()
        self._begun = True
        if self._left and self._left[0][0] <= step:
            _, command = self._left.pop(0)
            if isinstance(command, Undo | GoBack):
                self._say("going back")  # saves do not count any more from here on
            yield command

    def steps_until_due(self, step: int) -> int:
        saves = [each - step % each for each in SAVE_EVERY]
        return min(*saves, *(due - step for due, _ in self._left[:1]))

    def waiting(self) -> bool:
        return False

    def stopping(self) -> bool:
        return False

    def wait(self, step: int) -> Command:
        """Somebody who stays has to end the run; it pauses only for that, or where it stands."""
        if self._stands:
            self._stands = False
            return Resume()
        assert not self._left, f"paused at step {step}"
        return Stop()


def live(dataset: Dataset, folder: Path, interactive: bool, say: Callable[..., None]) -> None:
    """Begin the run in a folder, or go on with it, to its end."""
    if (folder / RECORD).exists():
        saved = SavedRun.read(folder)
        done = sum("command" in line for line in saved.lines())
        opening, stands = resume_request(folder), StartPoint.for_resume(saved).stands
    else:
        opening, done, stands = RunRequest(CONFIG, folder), 0, False
    for event in opening.trainer(dataset, Orders(done, say, stands), interactive).run():
        match event:
            case CheckpointSaved(step=step):
                say("saved", step)
            case Refused(message=message) | SaveFailed(message=message):
                raise AssertionError(message)
            case EpochEnded():
                say("epoch", event.epoch, event.test_loss)
            case RunEnded():
                say("ended", event.reason, event.steps, event.weights_sha256)


FILE_CALLS = ("mkdir", "write", "fsync", "replace", "link", "unlink", "ftruncate")
"""Functions of os that change what is on the disk."""


def die_at(last: int) -> None:
    """Be killed in one of the next calls that change files; half of what is written is written."""
    calls = 0

    def call(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == last:
            if function is write:
                descriptor, content = arguments
                write(descriptor, content[: len(content) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    write = os.write
    for name in FILE_CALLS:
        setattr(os, name, partial(call, getattr(os, name)))


def child(order: dict[str, Any], pipe: int) -> None:
    write = os.write  # not one of the calls that are counted
    if order["call"] is not None:
        die_at(order["call"])

    def say(*words: Any) -> None:
        write(pipe, json.dumps(words).encode() + b"\n")

    try:
        live(DIGITS, Path(order["folder"]), order["interactive"], say)
    except BaseException:
        say("failed", traceback.format_exc())
    os._exit(0)


def obey(order: dict[str, Any]) -> dict[str, Any]:
    """Have a child live; kill it after a time."""
    reading, writing = os.pipe()
    process = os.fork()
    if not process:
        os.close(reading)
        child(order, writing)
    os.close(writing)
    said = b""
    end = monotonic() + order["seconds"]
    while (left := end - monotonic()) > 0 and select.select([reading], [], [], left)[0]:
        piece = os.read(reading, 65_536)
        if not piece:
            break
        said += piece
    else:
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    while piece := os.read(reading, 65_536):
        said += piece
    os.close(reading)
    return {
        "killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL,
        "said": [json.loads(line) for line in said.splitlines()],
    }


if __name__ == "__main__":
    DIGITS = patterns()
    for line in sys.stdin:
        print(json.dumps(obey(json.loads(line))), flush=True)
