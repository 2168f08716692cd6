"""`--help` in sections: options and commands that belong together, and examples at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import click

OPTIONS: Mapping[str, tuple[str, ...]] = {
    "Digits": ("data", "validation", "side"),
    "Network": ("preset", "hidden"),
    "Training": (
        *("epochs", "batch_size", "optimizer", "learning_rate", "schedule", "weight_decay"),
        *("clip_norm", "clip_value", "sam", "augment", "elastic", "average", "seed", "threads"),
    ),
    "Distillation": ("teacher", "distill_temperature", "distill_weight"),
    "Saved runs": ("folder", "resume"),
    "Interface": ("plain", "theme", "fps", "notify", "no_tips"),
    "Scripts": ("batch", "as_json", "target_accuracy", "replay", "fork_at", "fork"),
    "Other": ("no_config", "version", "help"),
}
"""The names of the parameters of `digit-tui`, as click has them."""
OF_A_RUN = (*OPTIONS["Digits"], *OPTIONS["Network"], *OPTIONS["Training"])
"""What each command has that makes runs: a section of its own beside what the command adds."""
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "Train": ("lr-find", "sweep", "replay"),
    "Look": ("runs", "evaluate", "mistakes", "committee", "inspect", "calibrate", "report"),
    "Use": ("predict", "draw", "export", "import"),
    "Data": ("data",),
    "Setup": ("config", "completion", "bench", "manual"),
}
EXAMPLES = (
    ("digit-tui", "Train on the screen."),
    ("digit-tui --preset classic --lr 0.01", "With other settings."),
    ("digit-tui --resume last", "Go on with the run used last."),
    ("digit-tui --batch --epochs 20 --json", "For a script."),
    ("digit-tui mistakes last", "What the run used last gets wrong."),
    ("digit-tui manual", "All of this, in words."),
)
FIRST_COLUMN = 24
"""At least, so that the sections are aligned."""
EXAMPLE_COLUMN = 38
WHOLE = 200
"""Characters of a command's first sentence: all of it; it goes on in the next line."""


class SectionedCommand(click.Command):
    """A command whose help has sections; what no section names comes in one of its own."""

    sections: Mapping[str, tuple[str, ...]]
    """The names of its parameters, by the titles of the sections."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = {
            "help" if "--help" in parameter.opts else parameter.name or "": record
            for parameter in self.get_params(ctx)
            if isinstance(parameter, click.Option)
            and (record := parameter.get_help_record(ctx)) is not None
        }
        for title, names in _sections(self.sections, records, "More options"):
            write_rows(formatter, title, [records[name] for name in names], FIRST_COLUMN)


class SectionedGroup(SectionedCommand, click.Group):
    """The program itself: its subcommands have sections too, and examples come at the end."""

    sections = OPTIONS

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        shown = {name: command for name, command in self.commands.items() if not command.hidden}
        for title, names in _sections(COMMANDS, shown, "More commands"):
            rows = [(name, shown[name].get_short_help_str(WHOLE)) for name in names]
            write_rows(formatter, f"{title} (commands)", rows, FIRST_COLUMN)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_rows(formatter, "Examples", EXAMPLES, EXAMPLE_COLUMN)


def _sections(
    sections: Mapping[str, tuple[str, ...]], known: Iterable[str], rest: str
) -> list[tuple[str, list[str]]]:
    """The names that there are, by section; those of no section come last."""
    left = dict.fromkeys(known)
    found = [(title, [name for name in names if name in left]) for title, names in sections.items()]
    for _, names in found:
        for name in names:
            del left[name]
    return [(title, names) for title, names in [*found, (rest, [*left])] if names]


def write_rows(
    formatter: click.HelpFormatter, title: str, rows: Sequence[tuple[str, str]], column: int
) -> None:
    """Write two columns under a title, of which the first is at least so wide."""
    padded = [(f"{rows[0][0]:<{column}}", rows[0][1]), *rows[1:]]
    with formatter.section(title):
        formatter.write_dl(padded, col_max=column)
