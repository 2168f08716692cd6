"""`--help` in sections."""

from __future__ import annotations

import re

import click
import pytest
from support.cli import run

from digit_tui.cli.main import cli
from digit_tui.cli.sections import COMMANDS, EXAMPLES, OPTIONS, SectionedCommand
from digit_tui.cli.subcommands.import_ import import_
from digit_tui.cli.subcommands.sweep import begin


def test_each_option_and_command_is_in_one_section() -> None:
    named = [name for names in OPTIONS.values() for name in names]
    assert len(named) == len(set(named))
    assert {each.name for each in cli.params} <= set(named)
    commands = [name for names in COMMANDS.values() for name in names]
    assert len(commands) == len(set(commands))
    assert set(cli.commands) <= set(commands)


def test_the_help_fits_into_80_columns_and_leaves_nothing_out() -> None:
    told = run("--help").stdout
    assert max(map(len, told.splitlines())) <= 80
    heads = re.findall(r"^(\S.*):$", told, re.MULTILINE)
    assert heads == [
        *OPTIONS,
        *(
            f"{title} (commands)"
            for title, names in COMMANDS.items()
            if set(names) & set(cli.commands)
        ),
        "Examples",
    ]
    for option in cli.params:
        assert all(name in told for name in option.opts)
    for name in cli.commands:
        assert f"\n  {name} " in told
    assert "..." not in told.partition("(commands)")[2]


@pytest.mark.parametrize("command", [begin, import_], ids=lambda each: str(each.name))
def test_a_command_that_makes_runs_has_sections(command: SectionedCommand) -> None:
    told = run(str(command.name), "--help").stdout
    assert max(map(len, told.splitlines())) <= 80
    heads = re.findall(r"^(\S.*):$", told, re.MULTILINE)
    assert [head for head in heads if head != "Subcommands"] == [*command.sections]
    for option in command.params:
        assert isinstance(option, click.Argument) or all(name in told for name in option.opts)


def test_no_help_of_a_subcommand_is_cut() -> None:
    def check(group: click.Group, *words: str) -> None:
        told = run(*words, "--help").stdout.partition("\nCommands:")[2]
        assert "..." not in told, words
        for name, command in group.commands.items():
            if isinstance(command, click.Group):
                check(command, *words, name)

    check(cli)


def test_the_examples_have_options_that_there_are() -> None:
    for line, _ in EXAMPLES:
        command: click.Command = cli
        for word in line.split()[1:]:
            if isinstance(command, click.Group) and word in command.commands:
                command = command.commands[word]
            elif word.startswith("--"):
                assert word in {name for each in command.params for name in each.opts}
