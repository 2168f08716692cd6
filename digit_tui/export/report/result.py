"""How well the network of a run reads: the first section of a report on it."""

from __future__ import annotations

from math import isfinite

from digit_tui.data import counted, in_nats
from digit_tui.export.markup import element, safe
from digit_tui.export.report.content import Measured, Report
from digit_tui.export.report.run_facts import facts
from digit_tui.insight.significance import ends_words, interval_words
from digit_tui.insight.suspects import accuracy_without
from digit_tui.run.wording import epoch_words


def result(report: Report) -> str:
    """The accuracy with its interval, and what else is known of it."""
    measured = report.measured
    if measured is None:
        return (
            '<p class="note">There is no result: no weights of this run were saved, so that '
            "nothing can be measured.</p>"
        )
    evaluation = measured.table.evaluation
    wrong = evaluation.total - evaluation.correct
    headline = (
        f"<strong>{evaluation.accuracy:.2%}</strong>"
        f"<span>of {safe(measured.digits)} are read right: {evaluation.correct:,} are, "
        f"{wrong:,} are not.<br>95% interval: {ends_words(evaluation.correct, evaluation.total)}%"
        "</span>"
    )
    parts = [
        element("div", headline, class_="result"),
        *(f'<p class="note">{safe(note)}</p>' for note in notes(report, measured)),
        "<p>Another set of so many digits of the same kind would give a somewhat other number. "
        "The interval (Wilson, 1927) is where the accuracy on all such digits probably is; two "
        "networks whose intervals overlap widely may be equally good.</p>",
        facts(_more(report, measured)),
    ]
    return "\n".join(parts)


def notes(report: Report, measured: Measured) -> list[str]:
    """What a reader must know of the measuring so as not to be misled."""
    found = list(measured.notes)
    if measured.split == "validation":
        found.append(
            "These are digits that were held out of the training set. The test set has not been "
            "opened in this run, and was not read for this report either."
        )
    if not isfinite(measured.table.evaluation.loss):
        found.append("The network has diverged: what it puts out is no number any more.")
    elif not measured.step and report.summary.imported_from:
        found.append(
            f"It is as it came, with the weights of {report.summary.imported_from}: the run has "
            "made no step yet."
        )
    elif not measured.step:
        found.append("The network has not been trained: it guesses.")
    elif measured.epoch < 1:
        found.append("Not one epoch was finished: the network has hardly been trained.")
    return found


def _more(report: Report, measured: Measured) -> dict[str, str]:
    run, evaluation = report.summary, measured.table.evaluation
    which = "the best checkpoint" if measured.best else "the last checkpoint"
    weights = " (averaged weights)" if measured.averaged else ""
    values = {
        "Measured": f"{which}{weights}, epoch {epoch_words(measured.epoch)}, "
        f"step {measured.step:,}",
        "Loss": f"{in_nats(evaluation.loss)} (mean cross-entropy, in nats)"
        if isfinite(evaluation.loss)
        else "no number",
    }
    if measured.validation is not None:
        held_out = measured.validation
        values["Held-out digits"] = (
            f"{interval_words(held_out.correct, held_out.total)}, "
            f"{held_out.correct:,} of {held_out.total:,}"
        )
    if run.test_opened is not None:
        values["Test set"] = f"opened at step {run.test_opened:,}"
    if run.best is not None:
        epoch, accuracy = run.best
        values["Best in training"] = (
            f"{accuracy:.2%} of the {run.monitored_split} digits, at epoch {epoch_words(epoch)}"
        )
    correct, total = accuracy_without(evaluation, measured.table.unbacked)
    if total < evaluation.total:
        values["Backed labels"] = (
            f"{interval_words(correct, total)}, without "
            f"{counted(evaluation.total - total, 'digit')} whose label annotators did not back"
        )
    return values
