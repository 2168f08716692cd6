"""Beginning a sweep, or joining one: what was asked for becomes a plan, a study and workers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import click

from digit_tui.cli.loading import load_and_tell, prepare_pictures
from digit_tui.cli.options import make_config
from digit_tui.config import ConfigError, available_processors, parse_widths
from digit_tui.data import counted
from digit_tui.engine.holdout import hold_out
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import EXPECTED, failure_of, print_failure
from digit_tui.session.output import print_error
from digit_tui.sweep.errors import StudyError, Unavailable
from digit_tui.sweep.plan import DEFAULT_TRIALS, Plan, held_out_count
from digit_tui.sweep.plan_file import PlanFile, read_plan_file
from digit_tui.sweep.space import FIELDS, Space, SpaceError
from digit_tui.sweep.space_text import parse_dimension
from digit_tui.sweep.storages import Place, has_password, place_of, require_optuna

if TYPE_CHECKING:
    from digit_tui.sweep.study import Sweep

P = ParamSpec("P")


@dataclass(frozen=True)
class Asked:
    """What was asked for on the command line."""

    study: str | None
    tried: tuple[str, ...]
    """As --try has them."""
    file: Path | None
    options: Mapping[str, Any]
    """Fields of RunConfig, and the preset; None where nothing was given."""
    sweep: Mapping[str, Any]
    """Options of the sweep that a file may have too; None where nothing was given."""
    runs: Path | None
    patience_seconds: float
    batch: bool
    as_json: bool


def tells_why(command: Callable[P, int]) -> Callable[P, int]:
    """Have a command print why a sweep cannot be, in one line, and return that exit status."""

    @wraps(command)
    def telling(*args: P.args, **kwargs: P.kwargs) -> int:
        try:
            require_optuna()
            return command(*args, **kwargs)
        except SpaceError as error:
            raise click.UsageError(str(error)) from error
        except Unavailable as error:
            print_error(str(error))
            return ExitStatus.USAGE
        except StudyError as error:
            print_error(str(error))
            return ExitStatus.DATA
        except EXPECTED as error:
            return print_failure(failure_of(error))

    return telling


@tells_why
def begin_sweep(asked: Asked) -> int:
    """Begin a sweep, or go on with one; returns the exit status."""
    file = PlanFile() if asked.file is None else read_plan_file(asked.file)
    # The environment may have a 0, and a file anything.
    given = {
        **file.sweep,
        **{key: value for key, value in asked.sweep.items() if value is not None},
    }
    space = space_of(asked.tried, file.space)
    if space:
        sweep = _new(asked, file, space, given)
    elif asked.study is not None:
        sweep = _known(asked.study, asked, given)
    else:
        raise SpaceError(
            "nothing to try: give --try NAME=VALUES, such as --try lr=1e-4..1e-1:log, or --file"
        )
    return _work(
        sweep,
        given.get("workers"),
        asked.patience_seconds,
        given.get("target"),
        asked.batch,
        asked.as_json,
    )


def _new(asked: Asked, file: PlanFile, space: Space, given: Mapping[str, Any]) -> Sweep:
    """A study that tries a space, or the one of its name that tries the same."""
    from digit_tui.sweep.study import Sweep

    name = asked.study or f"{datetime.now():%Y-%m-%d_%H-%M-%S}"
    place = place_of(name, given.get("storage"), asked.runs)
    plan = plan_of(space, {**_run_options(file), **_given(asked.options)}, given)
    return Sweep.create(place, plan, complain=print_error)


def _known(study: str, asked: Asked, given: Mapping[str, Any]) -> Sweep:
    """A study to go on with, by its name alone, perhaps with another budget."""
    from digit_tui.sweep.finding import find_study
    from digit_tui.sweep.study import Sweep

    try:
        place = find_study(study, given.get("storage"), asked.runs)
    except StudyError as error:
        raise SpaceError(f"nothing to try: {error}; a new one needs --try NAME=VALUES") from error
    for key, value in {**asked.options, **given}.items():
        if value is not None and key in {*asked.options, "sampler", "pruner", "seeds"}:
            flag = {"learning_rate": "lr"}.get(key, key).replace("_", "-")
            raise click.UsageError(f"--{flag}: a new sweep needs --try; a study keeps its own")
    known = Sweep.open(place, complain=print_error)
    plan, there = known.plan, len(known.trials())
    known.close()
    trials, minutes = given.get("trials"), given.get("minutes")
    if isinstance(trials, int) and trials < there:
        raise SpaceError(f"--trials {trials}: the study has {there} already; give a larger number")
    if trials is not None or minutes is not None:
        plan = plan.with_budget(trials, minutes)
    return Sweep.create(place, plan, complain=print_error)


@tells_why
def join_sweep(
    study: str,
    storage: str | None,
    runs: Path | None,
    workers: int | None,
    patience_seconds: float,
    target: float | None,
    batch: bool,
    as_json: bool,
) -> int:
    """Work on a study that is there; returns the exit status."""
    from digit_tui.sweep.finding import find_study
    from digit_tui.sweep.study import Sweep, remember

    place = find_study(study, storage, runs)
    sweep = Sweep.open(place, complain=print_error)
    remember(place)
    reason = sweep.end_words()
    if reason == "minutes":
        raise StudyError(
            f"the time of {place.study} is over: digit-tui sweep {place.study} --minutes M gives "
            "it more"
        )
    if reason == "stopped":
        # It was stopped by a person, who now wants it to go on.
        sweep.close()
        sweep = Sweep.create(place, sweep.plan, complain=print_error)
    return _work(sweep, workers, patience_seconds, target, batch, as_json)


def _work(
    sweep: Sweep,
    workers: int | None,
    patience_seconds: float,
    target: float | None,
    batch: bool,
    as_json: bool,
) -> int:
    from digit_tui.cli.sweep.run import run_sweep
    from digit_tui.sweep.crew import workers_for

    _check_storage_is_seen(sweep.place)
    if sweep.done():
        done = counted(len(sweep.trials()), "trial")
        print_error(f"{done} of the study ended before: a larger --trials N goes on with it")
    threads = int(sweep.plan.options.get("threads") or 1)
    processors = available_processors()
    count = workers if workers is not None else workers_for(processors, threads)
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= 256:
        raise SpaceError(f"workers: {count!r} is not a whole number from 1 to 256")
    if target is not None and (isinstance(target, bool) or not 0 <= target <= 1):
        raise SpaceError(f"target: {target!r} is no accuracy from 0 to 1")
    processes = min(threads, max(processors // count, 1))
    if count * processes > processors:
        print_error(f"--workers {count}: more than the {processors} processors that there are")
    try:
        return run_sweep(sweep, count, processes, patience_seconds, target, batch, as_json)
    finally:
        sweep.close()


def _check_storage_is_seen(place: Place) -> None:
    if place.url is not None and has_password(place.url):
        print_error(
            "the password of the database is kept nowhere: give --storage again to go on, or use "
            "PGPASSWORD or ~/.pgpass"
        )


def space_of(tried: tuple[str, ...], from_file: Space) -> Space:
    """What is tried: the options of the command line win over those of the file.

    Raises:
        SpaceError: if one makes no sense.
    """
    try:
        typed = [parse_dimension(text) for text in tried]
    except SpaceError as error:
        raise SpaceError(f"--try {error}") from error
    names = {each.name for each in typed}
    return (*(each for each in from_file if each.name not in names), *typed)


def plan_of(space: Space, options: dict[str, Any], given: Mapping[str, Any]) -> Plan:
    """The plan, with all that depends on the dataset filled in.

    Args:
        space: what is tried.
        options: fields of RunConfig, and the preset.
        given: options of the sweep.

    Raises:
        SpaceError: if it makes no sense.
        DataError: if the dataset cannot be read.
        click.UsageError: if an option is out of its range.
    """
    preset = options.pop("preset", None) or "standard"
    names = {FIELDS[each.name]: each.name for each in space}
    for field, name in names.items():
        if field in options:
            raise SpaceError(f"--{name} and --try {name}: give one of them")
    options.setdefault("threads", 1)
    options = {"data": "auto", **options}
    trials, minutes = given.get("trials"), given.get("minutes")
    if trials is None and minutes is None and given.get("sampler") != "grid":
        trials = DEFAULT_TRIALS

    def planned(**more: Any) -> Plan:
        return Plan(
            space,
            preset,
            {**options, **more},
            given.get("sampler") or "tpe",
            given.get("pruner") or "median",
            given.get("seeds", 1) if given.get("seeds") is not None else 1,
            trials=trials,
            minutes=minutes,
        )

    config = make_config(preset, dict(options))
    plan = planned()  # what makes no sense is said before a dataset is read
    if plan.points == 1 and trials != 1:
        trials = 1
        print_error("each setting has one value: there is one trial; --seeds N repeats it")
    elif plan.sampler != "grid" and trials is not None and plan.points < trials:
        points = f"{plan.points:,} points"
        print_error(
            f"there are {points} for {trials} trials: --sampler grid tries each of them once"
        )
    prepare_pictures(config.data)
    dataset = load_and_tell(config.data, config.side)
    images = len(dataset.train_labels)
    # What auto means may change, or be another on another machine.
    data = dataset.name if config.data == "auto" else config.data
    validation = options.get("validation")
    if validation == 0:
        raise SpaceError("--validation 0: trials are never measured on the test set; hold some out")
    count = held_out_count(images) if validation is None else int(validation)
    held = hold_out(dataset, count)
    whole = planned(data=data, validation=count)
    epochs = config.for_images(len(held.train_labels)).epochs or 1
    from dataclasses import replace

    return replace(whole, data_sha256=held.sha256, epochs=epochs)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _run_options(file: PlanFile) -> dict[str, Any]:
    """The options of the runs in a file, as fields of RunConfig.

    Raises:
        SpaceError: if hidden layers are no widths.
    """
    options: dict[str, Any] = {}
    for key, value in file.run.items():
        if key == "hidden":
            try:
                text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
                value = parse_widths(text)
            except ConfigError as error:
                raise SpaceError(f"hidden: {error}") from error
        if key == "data":
            value = os.path.expanduser(str(value))
        options[FIELDS.get(key, key)] = value
    return options
