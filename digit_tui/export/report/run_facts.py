"""What a run is: the beginning of a report on it, and how to repeat it, which is the end."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from digit_tui.data import counted
from digit_tui.export.markup import element, safe
from digit_tui.export.report.content import Report
from digit_tui.nn.network import parameter_count
from digit_tui.run.command_line import command_line
from digit_tui.run.setting_words import NAMES
from digit_tui.run.settings import OPTIONLESS
from digit_tui.run.teacher_words import distilled_from
from digit_tui.storage.run_summary import choice_words


def facts(values: Mapping[str, str], short: bool = False) -> str:
    """Headings and texts; in columns, where all of them are short."""
    known = {name: value for name, value in values.items() if value}
    rows = (
        f"<div><dt>{safe(name)}</dt><dd>{safe(value)}</dd></div>" for name, value in known.items()
    )
    return element("dl", "\n".join(rows), class_="short" if short else None)


def lead(report: Report) -> str:
    """What it is, in a sentence."""
    run = report.summary
    layers = len(run.network) - 2
    network = f"A neural network with {counted(layers, 'hidden layer')}"
    started = datetime.fromisoformat(run.saved.record["started"])
    if run.imported_from and not run.step:
        return f"{network}, with the weights of {run.imported_from}, not trained here yet."
    trained = f"trained on {counted(run.images, 'image')}, begun on {started:%Y-%m-%d at %H:%M}"
    lost = "" if report.measured is not None else " Its weights were not saved."
    return f"{network}, {trained}, {_state(report)}.{lost}"


def _state(report: Report) -> str:
    """For example "finished after 20 of 20 epochs"."""
    run = report.summary
    epochs = f"{run.epochs:,} of {counted(run.settings.epochs, 'epoch')}"
    match run.saved.state():
        case "running" | "open":
            return f"still in training, at {epochs}"
        case state:
            return f"{state} after {epochs}"


def settings(report: Report) -> str:
    """The run's data, network and settings."""
    run = report.summary
    saved, data = run.saved, run.saved.record["data"]
    held_out = f", {data['validation_images']:,} held out" if data["validation_images"] else ""
    epochs = f"{run.epochs:,} of {counted(run.settings.epochs, 'epoch')}"
    started = datetime.fromisoformat(saved.record["started"])
    classes, side = counted(data["classes"], "class", "classes"), data["side"]
    network = " \N{RIGHTWARDS ARROW} ".join(map(str, run.network))
    choices = run.choices()
    for name in ("data", "commands", "hidden layers"):
        del choices[name]
    for name in (NAMES[field] for field in OPTIONLESS):
        if set(choices[name]) == {"none"}:
            del choices[name]
    del choices["teacher"]  # likewise
    if choices["held out"] == (0, 0):
        del choices["held out"]
    values = {
        "Run": report.name,
        "Started": f"{started:%Y-%m-%d %H:%M:%S %z}",
        "Forked from": _origin(report),
        "Began with": _initial(report),
        "Teacher": _teacher(report),
        "Trained": f"{epochs}, {counted(run.step, 'step')}, in {run.seconds:.1f} s",
        "Data": f"{_data_name(report)}: {run.images:,} training{held_out} and "
        f"{counted(run.test_images, 'test image')} of {classes}, "
        f"{side} \N{MULTIPLICATION SIGN} {side} pixels",
        "Network": f"{network} units, {parameter_count(run.network):,} parameters",
    }
    chosen = {name.capitalize(): choice_words(name, choice) for name, choice in choices.items()}
    return facts(values) + "\n<h3>Settings</h3>\n" + facts(chosen, short=True)


def _data_name(report: Report) -> str:
    """Without the folders that it is in: the command at the end has them."""
    name = Path(report.summary.saved.data).name
    return name or report.summary.saved.data


def _origin(report: Report) -> str:
    forked = report.summary.saved.record.get("forked_from")
    if forked is None:
        return ""
    return f"{Path(forked['run']).name}, at step {forked['step']:,}"


def _initial(report: Report) -> str:
    name = report.summary.saved.began_with
    return "" if name is None else f"the weights of {name}"


def _teacher(report: Report) -> str:
    about = report.summary.saved.teacher_about
    return "" if about is None else distilled_from(about)


def repeating(report: Report) -> str:
    """The command that repeats the run, and what its last bits depend on."""
    run = report.summary
    saved, config = run.saved, run.saved.config
    command = shlex.join(command_line(config.with_(data=saved.data)))
    replay = shlex.join(["digit-tui", "--batch", "--replay", report.name])
    versions = ", ".join(f"{name} {word}" for name, word in saved.record["versions"].items())
    parts = []
    changed = any(entry.kind in ("command", "fork", "went back") for entry in report.log)
    forked = "forked_from" in saved.record
    given = "weights" if saved.began_with is not None else "teacher" if _teacher(report) else ""
    if given:
        what = {
            "weights": "It began with weights that were trained elsewhere. Its folder has them",
            "teacher": "It learned from a teacher beside the labels. Its folder has that",
        }[given]
        parts.append(
            f"<p>{what}, and all commands. Where that is, this repeats the run as it was:</p>"
            f"<pre><code>{safe(replay)}</code></pre>"
        )
    elif changed or forked:
        parts.append(
            "<p>Commands were given while it trained, and its folder has them all. Where that "
            f"is, this repeats the run as it was:</p><pre><code>{safe(replay)}</code></pre>"
            "<p>This begins the same run, without the commands:</p>"
        )
    else:
        parts.append("<p>This trains the same network, with the same data:</p>")
    if not given:
        parts.append(f"<pre><code>{safe(command)}</code></pre>")
    parts.append(
        "<p>It gives the same weights to the last bit with the same versions, on the same kind of "
        "processor, with the same number of threads.</p>"
    )
    values = {"Versions": versions, "Data, SHA-256": saved.record["data"]["sha256"]}
    if run.results is not None:
        values["Weights, SHA-256"] = run.results["weights_sha256"]
    return "\n".join([*parts, facts(values)])
