"""The options that make a RunConfig, in every command that takes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import click
from click.shell_completion import CompletionItem

from digit_tui.cli.completion_types import DATA_NAME, complete_changes
from digit_tui.config import (
    AUGMENTATIONS,
    OPTIMIZERS,
    PRESETS,
    SCHEDULES,
    ConfigError,
    RunConfig,
    absolute_data,
    available_processors,
    flag_of,
    parse_widths,
)
from digit_tui.session.notify_choice import WAYS, Notify


class Widths(click.ParamType[tuple[int, ...]]):
    """Hidden layer widths such as 256,128."""

    name = "widths"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return parse_widths(value)
        except ConfigError as error:
            self.fail(str(error), param, ctx)


class Changes(click.ParamType[tuple[Any, ...]]):
    """The settings that a fork changes, such as optimizer=sgd,lr=0.1."""

    name = "changes"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Any, ...]:
        from digit_tui.run.settings import parse_changes

        if isinstance(value, tuple):
            return value
        try:
            return parse_changes(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return complete_changes(incomplete)


class NotifyType(click.ParamType[Notify]):
    """How to tell that a run has ended: bell, terminal, none, or a command."""

    name = "how"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Notify:
        if isinstance(value, Notify):
            return value
        try:
            return Notify.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(way) for way in WAYS if way.startswith(incomplete)]


RUN_FIELDS = tuple(each.name for each in fields(RunConfig))
"""Options of a run, as click names them."""


OFF = "off"
"""What has no effect: for a number."""


class OrOff(click.types.FloatParamType):
    """A number, or off."""

    def __init__(self, off: float | None) -> None:
        """Make it.

        Args:
            off: what the field of RunConfig has for it.
        """
        self.off = off

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return self.off if value == OFF else super().convert(value, param, ctx)


RUN_OPTIONS: list[Callable[[Any], Any]] = [
    click.option(
        "--data",
        metavar="NAME|DIR",
        type=DATA_NAME,
        help="Digits to train on: auto, sample, mnist, mine (your drawings), or a folder of IDX "
        "files or of pictures (auto: full MNIST if it was fetched, else the bundled sample).",
    ),
    click.option(
        "--preset",
        type=click.Choice(list(PRESETS)),
        default="standard",
        show_default=True,
        metavar="NAME",
        help=f"Named settings: {', '.join(PRESETS)}; any option given beside it wins.",
    ),
    click.option(
        "--hidden", type=Widths(), metavar="WIDTHS", help="Hidden layer widths, such as 256,128."
    ),
    click.option(
        "--optimizer",
        type=click.Choice(OPTIMIZERS),
        metavar="NAME",
        help=f"Update rule: {', '.join(OPTIMIZERS)}.",
    ),
    click.option(
        "--lr",
        "learning_rate",
        type=float,
        metavar="X",
        envvar="DIGIT_TUI_LR",
        help="Learning rate (the preset's, or each optimizer's own).",
    ),
    click.option(
        "--schedule",
        type=click.Choice(SCHEDULES),
        metavar="NAME",
        help=f"Of the learning rate: {', '.join(SCHEDULES)} (cosine).",
    ),
    click.option("--batch-size", type=int, metavar="N", help="Images per step (128)."),
    click.option("--epochs", type=int, metavar="N", help="Passes over all training images."),
    click.option(
        "--weight-decay",
        type=float,
        metavar="X",
        help="Weight decay (the preset's; 0 with another optimizer than the preset's).",
    ),
    click.option(
        "--clip-norm",
        type=OrOff(None),
        metavar="X",
        help="Clip the gradient by its global norm (off).",
    ),
    click.option(
        "--clip-value",
        type=OrOff(None),
        metavar="X",
        help="Clip the gradient element by element (off).",
    ),
    click.option(
        "--sam",
        type=OrOff(0.0),
        metavar="RHO",
        help="Take the gradient where the loss is highest within RHO of the weights (off).",
    ),
    click.option(
        "--augment",
        type=click.Choice(AUGMENTATIONS),
        metavar="NAME",
        help=f"Deform the training images: {', '.join(AUGMENTATIONS)} (the preset's).",
    ),
    click.option(
        "--elastic",
        type=float,
        metavar="X",
        help="How far elastic deformation moves the points of an image, in pixels (side / 28).",
    ),
    click.option(
        "--average/--no-average", default=None, help="Evaluate an average of the weights (on)."
    ),
    click.option(
        "--validation",
        type=int,
        metavar="N",
        help="Hold out N training images to monitor the run with; the test set stays unseen (0).",
    ),
    click.option(
        "--side",
        type=int,
        metavar="N",
        help="Side of the images in pixels, resampled by area (28).",
    ),
    click.option("--seed", type=int, metavar="N", help="Seed of all random numbers (0)."),
    click.option(
        "--threads",
        type=int,
        metavar="N",
        help="Processors to train on (those available, at most 4).",
    ),
]
"""The options that make a RunConfig, in both front ends."""


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add RUN_OPTIONS to a command."""
    for option in reversed(RUN_OPTIONS):
        command = option(command)
    return command


META = "digit_tui.config_file"
"""Where click's context has config.toml."""


def _with_config(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Have a subcommand that begins with what config.toml says refuse one that cannot be used."""
    file = context.meta.get(META)
    if context.parent is not None and file is not None and not context.resilient_parsing:
        file.require()
    return value


THEMES = ("dark", "light", "contrast", "contrast-light")
FPS = click.option(
    "--fps",
    type=click.FloatRange(0.1, 30),
    metavar="X",
    envvar="DIGIT_TUI_FPS",
    help="How often charts are drawn per second (2, or less where drawing takes too long).",
)
"""For the terminal interface only."""


NO_TIPS = click.option(
    "--no-tips",
    is_flag=True,
    envvar="DIGIT_TUI_NO_TIPS",
    help="Do not say at the first start what is seen and which keys to try.",
)
"""For the terminal interface only."""


THEME = click.option(
    "--theme",
    type=click.Choice(THEMES),
    callback=_with_config,
    metavar="NAME",
    envvar="DIGIT_TUI_THEME",
    help=f"Colours: {', '.join(THEMES)} (those last chosen with T or ctrl+p; at first dark).",
)
"""For the terminal interface only."""


NOTIFY = click.option(
    "--notify",
    type=NotifyType(),
    metavar="HOW",
    envvar="DIGIT_TUI_NOTIFY",
    help="When a run ends, diverges or meets its target: bell, terminal (a notification), none, "
    "or a command to run (none).",
)
"""In every front end."""


def make_config(preset: str, options: dict[str, Any]) -> RunConfig:
    """The configuration that the options ask for.

    Raises:
        click.UsageError: if one is out of its range.
    """
    try:
        if options.get("data") is not None:
            options["data"] = absolute_data(options["data"])
        return RunConfig.from_preset(preset, **options)
    except ConfigError as error:
        raise click.UsageError(f"--{flag_of(error.option)}: {error}") from error


def warn_of_threads(threads: int) -> None:
    """Say in a line that there are fewer processors, if that is so; the run trains on."""
    processors = available_processors()
    if threads > processors:
        from digit_tui.data import counted

        few = counted(processors, "processor")
        message = f"--threads {threads}: this process may use {few}; more threads make training"
        click.echo(f"digit-tui: {message} slower, not quicker", err=True)
