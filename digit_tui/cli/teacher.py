"""The teacher that `--teacher` names."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from digit_tui.cli.committee_members import open_members
from digit_tui.cli.saved_runs import read_run
from digit_tui.config import ConfigError, RunConfig, flag_of
from digit_tui.data import DataError
from digit_tui.run.teacher import TEMPERATURE, WEIGHT, Teacher, TeacherMember, check_distillation
from digit_tui.session.failures import failure_of, print_failure
from digit_tui.session.output import print_error
from digit_tui.storage.calibration_file import calibration_of
from digit_tui.storage.checkpoint import Checkpoint
from digit_tui.storage.errors import RunError
from digit_tui.storage.saved_run import SavedRun


def read_teacher(
    names: Sequence[str], temperature: float | None, weight: float | None, config: RunConfig
) -> Teacher:
    """The teacher made of saved runs; ends the program if one cannot be read.

    Args:
        names: one run or more; see `find_run`.
        temperature: T; None is the usual one.
        weight: a, likewise.
        config: of the run that is to be distilled.

    Raises:
        click.UsageError: if a number is out of its range, or a run is named twice.
    """
    temperature = TEMPERATURE if temperature is None else temperature
    weight = WEIGHT if weight is None else weight
    try:
        check_distillation(temperature, weight)
    except ConfigError as error:
        raise click.UsageError(f"--{flag_of(error.option)}: {error}") from error
    members = []
    try:
        for saved, checkpoint, fitted in _open(names):
            if saved.config.validation != config.validation and config.validation:
                print_error(
                    f"--validation {config.validation}: the teacher {saved.path.name} was trained "
                    "on digits that are held out now, and makes them look too easy"
                )
            members.append(TeacherMember(saved.path.name, checkpoint.network, fitted))
        return Teacher(tuple(members), temperature, weight)
    except (DataError, RunError) as error:
        sys.exit(print_failure(failure_of(error)))


def _open(names: Sequence[str]) -> list[tuple[SavedRun, Checkpoint, float | None]]:
    """Saved runs with their last checkpoints, and the temperatures that were fitted to these."""
    if len(names) > 1:
        members = open_members(names, best=False)
        return [(each.saved, each.checkpoint, each.temperature) for each in members]
    saved = read_run(names[0])
    checkpoint = saved.checkpoint()
    calibration, complaint = calibration_of(saved.path, checkpoint.state.weights_sha256)
    for each in (*saved.complaints, *filter(None, [complaint])):
        print_error(each)
    return [(saved, checkpoint, None if calibration is None else calibration.temperature)]
