"""Networks that a program gives a run to learn from."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TypeAlias

from digit_tui.api.errors import ConfigError
from digit_tui.api.predicting import HasNetwork
from digit_tui.data import DataError
from digit_tui.nn import Network
from digit_tui.run.teacher import MOST, TEMPERATURE, WEIGHT, Teacher, TeacherMember
from digit_tui.storage.calibration_file import calibration_of
from digit_tui.storage.run_index import find_run
from digit_tui.storage.saved_run import SavedRun

OneTeacher: TypeAlias = str | PathLike[str] | HasNetwork | Network
"""A saved run, opened or by its name; another run, a fork, or a network."""
GivenTeacher: TypeAlias = OneTeacher | list[OneTeacher] | tuple[OneTeacher, ...]
"""One of them or several."""


def given_teacher(
    teacher: GivenTeacher, temperature: float | None, weight: float | None
) -> Teacher:
    """The teacher of a run.

    Raises:
        ConfigError: if temperature or weight are out of range.
        DataError: if the networks cannot teach together.
        RunError: if a saved run cannot be read.
    """
    given = teacher if isinstance(teacher, (list, tuple)) else [teacher]
    members = [_member(each, f"network {at}") for at, each in enumerate(given[: MOST + 1], 1)]
    try:
        return Teacher(
            tuple(members),
            TEMPERATURE if temperature is None else temperature,
            WEIGHT if weight is None else weight,
        )
    except ConfigError as error:
        raise ConfigError(error.option, f"{error.option}: {error}") from error


def _member(given: OneTeacher, name: str) -> TeacherMember:
    if isinstance(given, Network):
        return TeacherMember(name, given.copy())
    if isinstance(given, (str, PathLike)):
        path = find_run(str(given))
        checkpoint = SavedRun.read(path).checkpoint()
        calibration, _ = calibration_of(path, checkpoint.state.weights_sha256)
        fitted = None if calibration is None else calibration.temperature
        return TeacherMember(path.name, checkpoint.network, fitted)
    network = getattr(given, "network", None)
    if not isinstance(network, Network):
        raise DataError(
            f"teacher: {type(given).__name__} is no network: give a saved run or its name, a run, "
            "or a list of these"
        )
    opened = getattr(given, "path", None)  # of a saved run, which knows its temperature too
    source = opened.name if isinstance(opened, Path) else name
    return TeacherMember(source, network.copy(), getattr(given, "temperature", None))
