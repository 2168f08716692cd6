"""The real program in terminals, which are closed in the end, and between pipes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from support.plain_program import Piped
from support.terminal import Terminal


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    """Starts the program in a terminal; ended with the test."""
    started: list[Terminal] = []

    def start(*arguments: str, **settings: Any) -> Terminal:
        started.append(Terminal(*arguments, **settings))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def training(
    terminal: Callable[..., Terminal], tmp_path: Path
) -> Callable[..., tuple[Terminal, Path]]:
    """Starts a run that goes on until it is told to stop; it and the folder of the run."""

    def start(wait: bool = True, threads: str = "1", **settings: Any) -> tuple[Terminal, Path]:
        folder = tmp_path / "run"
        options = {"--preset": "classic", "--hidden": "16", "--epochs": "100000"}
        options["--threads"] = threads
        options |= {"--data": "sample", "--run": str(folder)}
        arguments = [word for pair in options.items() for word in pair]
        program = terminal(*arguments, **settings)
        if wait:
            program.until(r"▶ training .* step [1-9]")
        return program, folder

    return start


@pytest.fixture
def piped(tmp_path: Path) -> Iterator[Callable[..., Piped]]:
    """Starts the program with pipes; ended with the test."""
    started: list[Piped] = []

    def start(*arguments: str, **settings: str) -> Piped:
        started.append(Piped(tmp_path, *arguments, **settings))
        return started[-1]

    yield start
    for each in started:
        with contextlib.suppress(BrokenPipeError), each.process as process:  # closes the pipes
            process.kill()


@pytest.fixture
def training_in(
    terminal: Callable[..., Terminal], tmp_path: Path
) -> Callable[..., tuple[Terminal, Path]]:
    """Starts runs in a kind of terminal, which go on until told to stop; each and its folder."""
    folders = [tmp_path / f"run-{number}" for number in range(9)]

    def start(
        waiting: str = "▶ training .* step [1-9]", more: Sequence[str] = (), **settings: Any
    ) -> tuple[Terminal, Path]:
        folder = folders.pop(0)
        settings = {"NO_COLOR": "", "COLORTERM": "", "SSH_TTY": "", "SSH_CONNECTION": ""} | settings
        words = "--preset classic --hidden 16 --epochs 100000 --threads 1 --data sample --run"
        program = terminal(*words.split(), str(folder), *more, **settings)
        program.until(waiting)
        return program, folder

    return start
