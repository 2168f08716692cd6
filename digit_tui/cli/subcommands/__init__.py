"""The subcommands, a file each: their arguments. What they do is imported when they are called."""

from __future__ import annotations

import click

from digit_tui.cli.subcommands.bench import bench
from digit_tui.cli.subcommands.calibrate import calibrate
from digit_tui.cli.subcommands.committee import committee
from digit_tui.cli.subcommands.completion import completion
from digit_tui.cli.subcommands.config import config
from digit_tui.cli.subcommands.data import data
from digit_tui.cli.subcommands.draw import draw
from digit_tui.cli.subcommands.evaluate import evaluate
from digit_tui.cli.subcommands.export import export
from digit_tui.cli.subcommands.import_ import import_
from digit_tui.cli.subcommands.inspect import inspect
from digit_tui.cli.subcommands.lr_find import lr_find
from digit_tui.cli.subcommands.manual import manual
from digit_tui.cli.subcommands.mistakes import mistakes
from digit_tui.cli.subcommands.predict import predict
from digit_tui.cli.subcommands.replay import replay
from digit_tui.cli.subcommands.report import report
from digit_tui.cli.subcommands.runs import runs
from digit_tui.cli.subcommands.sweep import sweep

SUBCOMMANDS: tuple[click.Command, ...] = (
    evaluate,
    mistakes,
    committee,
    report,
    predict,
    draw,
    replay,
    calibrate,
    export,
    import_,
    inspect,
    lr_find,
    sweep,
    bench,
    data,
    runs,
    config,
    completion,
    manual,
)
