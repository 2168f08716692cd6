"""`digit-tui committee`: several saved runs predict together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from textwrap import wrap
from typing import Any

import numpy as np

from digit_tui.cli.committee_members import evaluate_committee
from digit_tui.cli.runs.compare import WIDTH
from digit_tui.cli.runs.text import print_lines
from digit_tui.data import counted
from digit_tui.insight.significance import interval_words, wilson_interval
from digit_tui.nn import Evaluation
from digit_tui.session.committee import JointEvaluation, Member
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import reports_failures
from digit_tui.session.output import Output
from digit_tui.storage.run_index import run_name

MARGIN = 15
"""Columns of the titles."""


@reports_failures
def measure_committee(names: Sequence[str], data: str | None, best: bool, as_json: bool) -> int:
    """Print how well a committee does, beside its members; returns the exit status.

    Args:
        names: two runs or more; see `find_run`.
        data: as --data; None is the dataset that the runs were trained on.
        best: use the checkpoints with the best accuracy instead of the last.
        as_json: print one JSON object instead of lines.
    """
    found = evaluate_committee(names, data, best)
    output = Output()
    if as_json:
        output.line(json.dumps(_json_values(found), allow_nan=False))
    else:
        print_lines(output, _lines(found))
    return output.status or ExitStatus.DONE


@reports_failures
def show_committee(
    names: Sequence[str],
    data: str | None,
    best: bool,
    fps: float | None,
    theme: str | None,
    keys: Path | None,
) -> int:
    """Show a committee on the screen; returns the exit status.

    Args:
        names: two runs or more; see `find_run`.
        data: as --data; None is the dataset that the runs were trained on.
        best: use the checkpoints with the best accuracy instead of the last.
        fps: as --fps.
        theme: as --theme.
        keys: file with the user's keys, or None.
    """
    from digit_tui.tui.committee import run_committee_app

    return run_committee_app(evaluate_committee(names, data, best), best, fps, theme, keys)


def _lines(found: JointEvaluation) -> list[str]:
    dataset, together = found.dataset, found.together
    total = counted(together.total, "test digit")
    lines = [
        *(f"{each.letter}  {each.saved.path}" for each in found.members),
        "",
        *_titled("Data", f"{dataset.name} ({dataset.source})"),
    ]
    for member, evaluation in zip(found.members, found.evaluations, strict=True):
        lines += _titled(member.letter, f"{_accuracy(evaluation)}, {_network_words(member)}")
    lines += _titled("Committee", f"{_accuracy(together)}, {together.correct:,} of {total}")
    for title, sentences in found.findings:
        for number, sentence in enumerate(sentences):
            lines += _titled("" if number else title, sentence)
    if found.table.wrong.any():
        names = " --with ".join(quote(run_name(each.saved.path)) for each in found.members)
        lines.append(f"{'':<{MARGIN}}digit-tui mistakes {names}")
    return lines


def _titled(title: str, text: str) -> list[str]:
    """A text beside its title, in lines of 80 columns; words are not broken."""
    rows = wrap(text, WIDTH - MARGIN, break_long_words=False, break_on_hyphens=False)
    return [f"{'' if number else title:<{MARGIN}}{row}" for number, row in enumerate(rows)]


def _accuracy(evaluation: Evaluation) -> str:
    return interval_words(evaluation.correct, evaluation.total)


def _network_words(member: Member) -> str:
    """For example "784-128-10 at step 11,725, temperature 1.31"."""
    widths = "-".join(map(str, member.checkpoint.sizes))
    words = f"{widths} at step {member.checkpoint.state.step:,}"
    return words if member.temperature is None else f"{words}, temperature {member.temperature:.4g}"


def _json_values(found: JointEvaluation) -> dict[str, Any]:
    together, table, comparison = found.together, found.table, found.against_best
    return {
        "data": found.dataset.name,
        "members": [
            {
                "letter": member.letter,
                "run": str(member.saved.path),
                "step": member.checkpoint.state.step,
                "network": list(member.checkpoint.sizes),
                "temperature": member.temperature,
                **_measured(evaluation),
            }
            for member, evaluation in zip(found.members, found.evaluations, strict=True)
        ],
        **_measured(together),
        "test_total": together.total,
        "test_loss": together.loss,
        "against_best": {
            "letter": found.members[found.best].letter,
            "difference": comparison.difference,
            "interval": comparison.interval,
            "fixed": comparison.gained,
            "broke": comparison.lost,
            "p_value": comparison.p_value,
        },
        "agreement": float(np.mean(found.agreement.unanimous)),
        "disagreement": found.agreement.disagreement,
        "vote_correct": found.vote_correct,
        "mistakes": np.flatnonzero(table.wrong).tolist(),
        "all_wrong": np.flatnonzero(table.all_wrong).tolist(),
    }


def _measured(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "test_accuracy": evaluation.accuracy,
        "test_correct": evaluation.correct,
        "interval": wilson_interval(evaluation.correct, evaluation.total),
    }
