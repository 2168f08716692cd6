"""Whether the network is as sure as it is right."""

from __future__ import annotations

from digit_tui.data import counted
from digit_tui.engine.holdout import PARTS
from digit_tui.export.markup import element, folded, safe, scrolling, table
from digit_tui.export.report.content import Measured
from digit_tui.export.svg_reliability import Reliabilities, reliability_chart, right_in
from digit_tui.insight.calibration import WANTED_ACCURACY, Measures, measure
from digit_tui.insight.calibration_report import worsening
from digit_tui.insight.significance import ends_words
from digit_tui.storage.calibration_file import Calibration

TITLE = "How often the network is right, by how sure it is"


def calibration(measured: Measured) -> str:
    """The reliability diagram and the measures, at a temperature too, if one was fitted."""
    evaluation, known = measured.table.evaluation, measured.calibration
    before = measure(evaluation)
    if before is None:
        return "<p>It cannot be told: the probabilities are no numbers any more.</p>"
    after = None if known is None else measure(evaluation, known.temperature)
    explained = (
        "<p>Of the digits that a well calibrated network is 90% sure of, 90% are right: its points "
        "are on the dotted diagonal. Below it the network is surer than it may be, above it less "
        "sure than it could be. The upright lines are 95% intervals: where a bin has few digits, "
        "they are long.</p>"
    )
    curves = [Reliabilities("as it is", "training", before.reliability)]
    if after is not None:
        curves.append(
            Reliabilities(f"at temperature {after.temperature:.3f}", "monitored", after.reliability)
        )
    figure = element(
        "figure",
        f"<figcaption>{TITLE}</figcaption>" + reliability_chart("reliability", TITLE, curves),
        class_="reliability",
    )
    parts = [
        explained,
        f"<p>{safe(_source(measured, known))}</p>",
        figure,
        _measures(before, after),
    ]
    if after is not None and (worse := worsening(before, after)):
        parts.append(f'<p class="note">{safe(worse)}</p>')
    bins = [_bins(curve) for curve in curves]
    parts.append(folded("The numbers of the points", scrolling("".join(bins), "Bins")))
    return "\n".join(parts)


def _source(measured: Measured, known: Calibration | None) -> str:
    """On which digits it was computed, and where a temperature comes from."""
    on = f"Computed from the answers to the {measured.digits}."
    if known is None:
        return f"{on} No temperature was fitted to this network: digit-tui calibrate does that."
    count = counted(known.held_out, "digit")
    if known.folds:
        source = f"{count} that {known.folds} of {PARTS} folds held out of the training set"
    else:
        source = f"{count} that the run held out"
    same = ""
    if not known.folds and measured.split == "validation":
        same = " Those are the digits shown here, so it looks a little better than it is."
    return (
        f"{on} The temperature that the network's answers are divided by was fitted on {source}; "
        f"it changes how sure the network is, and no answer.{same}"
    )


def _measures(before: Measures, after: Measures | None) -> str:
    rows = [
        ("temperature", "{:.3f}", "temperature"),
        ("ece", "{:.2%}", "expected calibration error"),
        ("nll", "{:.4f}", "negative log-likelihood"),
        ("coverage", "{:.2%}", f"share that is read with {WANTED_ACCURACY:.1%} accuracy"),
    ]
    each = [before] if after is None else [before, after]
    return table(
        "Measures",
        ["measure", "as it is", "at the temperature"][: 1 + len(each)],
        [[words, *(form.format(getattr(one, name)) for one in each)] for name, form, words in rows],
    )


def _bins(curve: Reliabilities) -> str:
    bins, rows = curve.bins, []
    for place, count in reversed(list(enumerate(bins.counts.tolist()))):
        if count:
            low, high = bins.edges[place : place + 2]
            right = right_in(bins, place)
            rows.append(
                [
                    f"{100 * low:.0f} to {100 * high:.0f}%",
                    f"{count:,}",
                    f"{bins.confidence[place]:.1%}",
                    f"{bins.accuracy[place]:.1%}",
                    ends_words(right, count),
                ]
            )
    heads = ("sure", "digits", "mean", "right", "95% interval")
    return table(curve.name.capitalize(), heads, rows)
