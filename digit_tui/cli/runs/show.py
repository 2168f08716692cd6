"""`digit-tui runs show`: settings, commands, results and curves of a saved run."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from textwrap import wrap

from digit_tui.cli.runs.text import aligned, human_size, network_words, print_lines
from digit_tui.cli.saved_runs import read_run
from digit_tui.data import counted
from digit_tui.run.setting_words import NAMES
from digit_tui.run.settings import OPTIONLESS
from digit_tui.run.teacher_words import distilled_from
from digit_tui.run.wording import epoch_words
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import reports_failures
from digit_tui.session.output import Output
from digit_tui.storage.run_files import LEFT
from digit_tui.storage.run_index import size_of
from digit_tui.storage.run_summary import RunSummary, choice_words

LABEL = 15
"""Width of the titles."""

WIDEST = 100
"""Longer lines are hard to read."""


@reports_failures
def show_run(name: str) -> int:
    """Print a run with its curves; returns the exit status.

    Args:
        name: see `find_run`.
    """
    run = RunSummary.of(read_run(name))
    from digit_tui.cli.runs.charts import ChartStyle, NamedCurve, chart

    output, style = Output(), ChartStyle.of_stdout()
    print_lines(output, description(run, min(style.width, WIDEST)))
    for kind, log in (("loss", True), ("accuracy", False)):
        curves = [
            NamedCurve(words, letter, run.curves["epoch"], run.curves[f"{part}_{kind}"])
            for part, words, letter in (
                ("monitored", run.monitored_split, "o"),
                ("train", "train", "*"),
            )
        ]
        title = f"{kind.capitalize()}{', logarithmic' if log else ''}:"
        output.line(f"\n{chart(title, curves, style, log=log, percent=not log)}")
    return output.status or ExitStatus.DONE


def description(run: RunSummary, width: int) -> list[str]:
    """Everything but the curves, in lines.

    Args:
        run: what was saved.
        width: where long lines are wrapped.
    """
    saved = run.saved
    held_out = (
        f", {run.monitored_images:,} validation" if run.monitored_split == "validation" else ""
    )
    images = f"{run.images:,} training{held_out} and {counted(run.test_images, 'test image')}"
    pixels = f"{saved.config.side}x{saved.config.side} pixels"
    choices = run.choices()
    del choices["data"], choices["commands"]  # they have lines of their own
    for name in (NAMES[field] for field in OPTIONLESS):
        if set(choices[name]) == {"none"}:
            del choices[name]
    del choices["teacher"]  # likewise
    settings = ", ".join(f"{name} {choice_words(name, choice)}" for name, choice in choices.items())
    versions = ", ".join(f"{name} {word}" for name, word in saved.record["versions"].items())
    state = f"{run.state_words}, {human_size(size_of(saved.path))} on disk"
    if run.trouble is not None:
        state += f"; {run.trouble.words}"
    if run.aim is not None:
        state += f", on its way back to epoch {epoch_words(run.aim)}"
    paragraphs = {
        "Run": [str(saved.path)],
        "Started": [f"{run.started:%Y-%m-%d %H:%M:%S %z}"],
        "State": [state],
        **origin(run),
        **initial(run),
        **teacher(run),
        "Data": [f"{saved.data}: {images} of {pixels}"],
        "Network": [network_words(run)],
        "Settings": wrap(settings, width - LABEL, break_on_hyphens=False),
        "Versions": wrap(versions, width - LABEL, break_on_hyphens=False),
        "Commands": command_lines(run) or ["none"],
        **forks(run, width - LABEL),
        **results(run),
    }
    return [
        f"{title if first else '':<{LABEL}}{line}".rstrip()
        for title, lines in paragraphs.items()
        for first, line in zip([True, *[False] * len(lines)], lines, strict=False)
    ]


def origin(run: RunSummary) -> dict[str, list[str]]:
    """The run that it was forked from, or repeated, if any, with a title."""
    if run.saved.replay_of is not None:
        return {"Replay of": [run.saved.replay_of]}
    match run.saved.record.get("forked_from"):
        case {"run": str(path), "step": int(step)}:
            return {"Forked from": [f"{path}, at step {step:,}"]}
    return {}


def initial(run: RunSummary) -> dict[str, list[str]]:
    """The file whose weights it began with, if they were imported, with a title."""
    name = run.saved.began_with
    return {} if name is None else {"Began with": [f"the weights of {name}"]}


def teacher(run: RunSummary) -> dict[str, list[str]]:
    """Whom it was distilled from, if it has a teacher, with a title."""
    about = run.saved.teacher_about
    return {} if about is None else {"Teacher": [distilled_from(about)]}


def forks(run: RunSummary, width: int) -> dict[str, list[str]]:
    """What differed in its forks, which of them was kept, and their names; with a title."""
    words = []
    for line in run.forks:
        # Who keeps a fork leaves the run at once: that can only be the last one.
        kept = run.saved.record["state"] == LEFT and line is run.forks[-1]
        changes = line.get("changes", "other settings")
        name = Path(line["run"]).name if "run" in line else "a folder of its own"
        state = "kept" if kept else "not kept"
        words += wrap(f"step {line['step']:,}: {changes}, {state}, saved as {name}", width)
    return {"Forks": words} if words else {}


def results(run: RunSummary) -> dict[str, list[str]]:
    """Its results, with titles."""
    trained = (
        f"{run.epochs} of {counted(run.settings.epochs, 'epoch')}, {counted(run.step, 'step')}"
    )
    lines = {"Trained": trained}
    if run.best is not None:
        epoch, accuracy = run.best
        lines["Best accuracy"] = f"{accuracy:.2%}, at epoch {epoch_words(epoch)}"
    if run.results is not None:
        lines["Trained"] = f"{trained}, in {run.seconds:.1f} s"
        for split, title in (("validation", "Validation"), ("test", "Test accuracy")):
            correct, total = run.results[f"{split}_correct"], run.results[f"{split}_total"]
            if total is not None:
                lines[title] = f"{correct / total:.2%}  ({correct:,} of {total:,})"
        lines["Weights"] = run.results["weights_sha256"]
    elif run.epochs and isfinite(last := run.curves["monitored_accuracy"][-1]):
        lines["Last accuracy"] = f"{last:.2%}, at epoch {run.epochs}"
    if run.monitored_split == "validation":
        opened = "not opened" if run.test_opened is None else f"opened at step {run.test_opened:,}"
        lines["Test set"] = opened
    return {title: [line] for title, line in lines.items()}


def command_lines(run: RunSummary) -> list[str]:
    """The commands with their times; those that were undone are marked."""
    return aligned(
        [
            [f"epoch {each.epoch:.2f}", f"step {each.step:,}", each.words, "undone" * each.undone]
            for each in run.command_records
        ]
    )
