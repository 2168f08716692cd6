"""`digit-tui committee`: several saved runs predict together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from shlex import quote
from textwrap import wrap
from typing import Any

import numpy as np

from digit_tui.cli.committee_members import JointEvaluation, Member, evaluate_committee
from digit_tui.cli.runs.compare import WIDTH
from digit_tui.cli.runs.text import print_lines
from digit_tui.data import counted
from digit_tui.insight.committee import Agreement
from digit_tui.insight.significance import (
    Comparison,
    compare,
    gap_words,
    interval_words,
    wilson_interval,
)
from digit_tui.nn import Evaluation
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


def _best_member(found: JointEvaluation) -> int:
    """Its place: that of the most accurate one, the first of equals."""
    return int(np.argmax([each.correct for each in found.evaluations]))


def _against_best(found: JointEvaluation) -> Comparison:
    return compare(found.evaluations[_best_member(found)], found.together)


def _lines(found: JointEvaluation) -> list[str]:
    dataset, together, table = found.dataset, found.together, found.table
    assert table.members is not None
    agreement = Agreement(together.labels, table.members)
    best = found.members[_best_member(found)].letter
    comparison = _against_best(found)
    voted = int(np.count_nonzero(agreement.vote(together.probabilities) == together.labels))
    total = counted(together.total, "test digit")
    lines = [
        *(f"{each.letter}  {each.saved.path}" for each in found.members),
        "",
        *_titled("Data", f"{dataset.name} ({dataset.source})"),
    ]
    for member, evaluation in zip(found.members, found.evaluations, strict=True):
        lines += _titled(member.letter, f"{_accuracy(evaluation)}, {_network_words(member)}")
    lines += [
        *_titled("Committee", f"{_accuracy(together)}, {together.correct:,} of {total}"),
        *_titled(f"Against {best}", f"{gap_words(comparison)}; {comparison.words}"),
        *_titled(
            "",
            f"{best} was chosen as the best by these same digits, which flatters it a little",
        ),
        *_titled(
            "Agreement",
            f"all members name the same class for {np.mean(agreement.unanimous):.2%} of the "
            f"digits; two of them differ on {agreement.disagreement:.2%} on average",
        ),
        *_titled("Vote", f"{voted / together.total:.2%}, if each member had one"),
        *_titled("Mistakes", _mistakes_words(found, agreement)),
    ]
    if table.wrong.any():
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


def _mistakes_words(found: JointEvaluation, agreement: Agreement) -> str:
    table = found.table
    wrong = int(np.count_nonzero(table.wrong))
    if not wrong:
        return "none"
    by_all = int(np.count_nonzero(table.all_wrong))
    same = int(np.count_nonzero(table.all_wrong & agreement.unanimous))
    return f"{wrong:,} remain; {by_all:,} of them every member makes, {same:,} with the same answer"


def _json_values(found: JointEvaluation) -> dict[str, Any]:
    together, table = found.together, found.table
    assert table.members is not None
    agreement = Agreement(together.labels, table.members)
    voted = agreement.vote(together.probabilities) == together.labels
    comparison = _against_best(found)
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
            "letter": found.members[_best_member(found)].letter,
            "difference": comparison.difference,
            "interval": comparison.interval,
            "fixed": comparison.gained,
            "broke": comparison.lost,
            "p_value": comparison.p_value,
        },
        "agreement": float(np.mean(agreement.unanimous)),
        "disagreement": agreement.disagreement,
        "vote_correct": int(np.count_nonzero(voted)),
        "mistakes": np.flatnonzero(table.wrong).tolist(),
        "all_wrong": np.flatnonzero(table.all_wrong).tolist(),
    }


def _measured(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "test_accuracy": evaluation.accuracy,
        "test_correct": evaluation.correct,
        "interval": wilson_interval(evaluation.correct, evaluation.total),
    }
