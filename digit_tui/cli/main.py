"""The command line: parse, validate, start a front end, which is imported only then."""

from __future__ import annotations

import re
import signal
import sys
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

import digit_tui
from digit_tui.cli.completion_types import RUN_NAME
from digit_tui.cli.config_file import config_in_force
from digit_tui.cli.config_source import NO_CONFIG, keys_path, stronger
from digit_tui.cli.options import (
    FPS,
    NO_TIPS,
    NOTIFY,
    THEME,
    Changes,
    make_config,
    run_options,
    warn_of_threads,
)
from digit_tui.cli.saved_runs import saved_request
from digit_tui.cli.sections import SectionedGroup
from digit_tui.cli.subcommands import SUBCOMMANDS
from digit_tui.cli.terminal import require_terminal
from digit_tui.cli.usage_errors import hint, name_in_errors
from digit_tui.config import ConfigError, flag_of
from digit_tui.session.exit_status import ExitStatus

if TYPE_CHECKING:
    from digit_tui.session.notify_choice import Notify
    from digit_tui.training.run_request import RunRequest


@click.group(
    cls=SectionedGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "DIGIT_TUI"},
)
@click.version_option(digit_tui.__version__, prog_name="digit-tui")
@run_options
@click.option(
    "--run",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    envvar="DIGIT_TUI_RUN",
    help="Folder to save the run in (a new one in the state directory).",
)
@click.option(
    "--teacher",
    metavar="RUN",
    type=RUN_NAME,
    multiple=True,
    help="Learn from this saved run too (distillation); given several times, from a committee.",
)
@click.option(
    "--distill-temperature",
    metavar="X",
    type=float,
    help="With --teacher: what the logits of both are divided by (2).",
)
@click.option(
    "--distill-weight",
    metavar="X",
    type=float,
    help="With --teacher: its share of the loss, 0 to 1; the labels have the rest (0.5).",
)
@click.option(
    "--resume",
    metavar="RUN",
    type=RUN_NAME,
    help="Continue a run (last: the one used last), bit for bit as if it had not stopped.",
)
@click.option(
    "--replay",
    metavar="RUN",
    type=RUN_NAME,
    help="With --batch: repeat a run, with all its commands, from its journal.",
)
@click.option(
    "--fork-at",
    metavar="STEP",
    type=click.IntRange(0),
    help="With --batch: train a copy beside the run from this step on.",
)
@click.option(
    "--fork",
    metavar="CHANGES",
    type=Changes(),
    help="Settings of the copy that differ, such as optimizer=sgd,lr=0.1.",
)
@FPS
@THEME
@NO_TIPS
@NOTIFY
@NO_CONFIG
@click.option("--batch", is_flag=True, help="Train without a screen.")
@click.option(
    "--plain",
    is_flag=True,
    help="Steer the training with typed commands: for screen readers, simple terminals, pipes.",
)
@click.option(
    "--json", "as_json", is_flag=True, envvar="DIGIT_TUI_JSON", help="With --batch: JSON Lines."
)
@click.option(
    "--target-accuracy",
    type=click.FloatRange(0, 1),
    metavar="X",
    help="With --batch: exit status 5 if the final test accuracy is lower.",
)
@click.pass_context
def cli(
    context: click.Context,
    /,
    preset: str,
    folder: Path | None,
    teacher: tuple[str, ...],
    distill_temperature: float | None,
    distill_weight: float | None,
    resume: str | None,
    replay: str | None,
    fork_at: int | None,
    fork: tuple[Any, ...] | None,
    fps: float | None,
    theme: str | None,
    no_tips: bool,
    notify: Notify | None,
    batch: bool,
    plain: bool,
    as_json: bool,
    target_accuracy: float | None,
    **options: Any,
) -> None:
    """Train a handwritten-digit classifier in your terminal.

    Without --batch it opens the terminal interface: watch a network learn, steer it, and look at
    every digit that it gets wrong. With --plain you type commands instead: help lists them. Each
    option can also be set in the environment, as DIGIT_TUI_ and its name: DIGIT_TUI_BATCH_SIZE=64,
    or in config.toml (digit-tui config shows what is in force, and from where).
    """
    if context.invoked_subcommand is not None:
        return
    config_file = config_in_force(context)
    if config_file is not None:
        config_file.require()
    if target_accuracy is not None and isnan(target_accuracy):  # it passes click's range
        raise click.UsageError("--target-accuracy: nan is not an accuracy")
    if (fork_at is None) != (fork is None):
        raise click.UsageError("--fork-at and --fork need each other")
    if batch and plain:
        # The command line wins over the environment.
        batch, plain = (_on_command_line(context, name) for name in ("batch", "plain"))
        if batch == plain:
            raise click.UsageError("--batch or --plain, not both")
    if not batch:
        for flag, value in {
            "--json": as_json or None,
            "--target-accuracy": target_accuracy,
            "--replay": replay,
            "--fork": fork,
        }.items():
            if value is not None:
                watch = "; to watch, use digit-tui replay RUN" if flag == "--replay" else ""
                raise click.UsageError(f"{flag} needs --batch{watch}")
    if not batch and not plain:
        require_terminal()
    for name in ("fps", "theme", "no_tips"):
        if (batch or plain) and _on_command_line(context, name):
            raise click.UsageError(f"--{flag_of(name)} is for the terminal interface only")
    # A saved run is checked only against options of the command line, not of the environment.
    written = {
        name: value
        for name, value in {"preset": preset, **options}.items()
        if _on_command_line(context, name)
    }
    saved = resume or replay
    distilling = ("teacher", "distill_temperature", "distill_weight")
    for name in distilling:
        if _on_command_line(context, name) and (saved is not None or not teacher):
            flag = "--resume" if resume else "--replay"
            own = f"is not for {flag}: the run keeps what it began with"
            raise click.UsageError(f"--{flag_of(name)} {own if saved else 'needs --teacher'}")
    if saved is not None:
        if resume and (replay or _on_command_line(context, "folder")):
            other = "--replay" if replay else "--run"
            raise click.UsageError(f"--resume continues a run in its own folder, without {other}")
        request = saved_request(saved, "--resume" if resume else "--replay", folder, written)
    else:
        from digit_tui.training.run_request import RunRequest

        config = make_config(preset, stronger(context, options))
        request = RunRequest(config, folder)
        if teacher:
            from digit_tui.cli.teacher import read_teacher

            numbers = distill_temperature, distill_weight
            request = replace(request, teacher=read_teacher(teacher, *numbers, config))
        if "elastic" in written and config.augment != "elastic":
            unused = f"--elastic {config.elastic:g} is not used: --augment is {config.augment}"
            click.echo(f"digit-tui: {unused}", err=True)
        if request.config.epochs == 0:
            click.echo("digit-tui: --epochs 0: nothing is trained, only measured", err=True)
    if _on_command_line(context, "threads"):
        warn_of_threads(request.processes or request.config.threads)
    if fork_at is not None:
        request = _with_fork(request, fork_at, fork or ())
    from digit_tui.cli.loading import prepare_pictures

    prepare_pictures(request.config.data)
    if batch:
        from digit_tui.batch import run_batch

        sys.exit(run_batch(request, as_json, target_accuracy, notify))
    if "data" in written:
        written["data"] = request.config.data  # a folder in full
    # To go on with the last run is offered to who names none, nor a teacher.
    asked = written if folder is None and resume is None and not teacher else None
    if plain:
        from digit_tui.plain import run_plain

        sys.exit(run_plain(request, asked, notify))
    from digit_tui.tui import run_tui

    sys.exit(run_tui(request, asked, fps, not no_tips, theme, keys_path(context), notify))


def _on_command_line(context: click.Context, name: str) -> bool:
    """Whether an option was given there, not in the environment or by default."""
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _with_fork(request: RunRequest, step: int, changes: tuple[Any, ...]) -> RunRequest:
    """Have a run forked at a step.

    Raises:
        click.UsageError: if a change does not suit the run.
    """
    from digit_tui.run.commands import Fork
    from digit_tui.run.setting_ranges import check_changes

    try:
        check_changes(changes, request.config)
    except ConfigError as error:
        raise click.UsageError(f"--fork: {flag_of(error.option)}: {error}") from error
    return replace(request, fork=(step, Fork(changes)))


for command in SUBCOMMANDS:
    cli.add_command(command)
name_in_errors(cli)


def main() -> None:
    """The entry point of `digit-tui` and `python -m digit_tui`."""
    try:
        sys.exit(cli.main(prog_name="digit-tui", standalone_mode=False))
    except click.ClickException as error:
        # One line, where click would print three, in the words of a person.
        message = " ".join(error.format_message().split()) + hint(error)
        message = re.sub("a valid integer( range)?", "a whole number", message)
        message = re.sub("a valid float( range)?", "a number", message)
        context = getattr(error, "ctx", None)
        command = "digit-tui" if context is None else context.command_path
        see = getattr(error, "see", f"{command} --help")
        click.echo(f"digit-tui: {message} (see {see})", err=True)
        sys.exit(error.exit_code)
    except OSError as error:  # --help to a full disk or a closed pipe
        closed = isinstance(error, BrokenPipeError)
        if not closed:
            click.echo(f"digit-tui: cannot write: {error.strerror}", err=True)
        sys.exit(ExitStatus.CLOSED_PIPE if closed else ExitStatus.DISK)
    except click.Abort:
        sys.exit(ExitStatus.SIGNALLED + signal.SIGINT)
