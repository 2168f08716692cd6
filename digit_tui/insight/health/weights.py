"""Rules on the weights, units and gradients of the layers; most need an inspection."""

from __future__ import annotations

from math import isfinite, sqrt
from typing import NamedTuple

from digit_tui.insight.health.finding import (
    HARMED,
    LOST,
    NOTE,
    Finding,
    change_words,
    not_before,
    start_of,
)
from digit_tui.insight.health.first_rate import begin_again
from digit_tui.insight.health.loss import raises
from digit_tui.insight.health.record import Inspection, Record, SettingChange
from digit_tui.insight.layers import LayerFacts, share_words

DEAD = 0.4
"""Share of dead units that is told. Runs of the presets have up to 0.21 (record, in its second
layer), RMSProp at twice its rate more, and learns well; runs that too high a rate has hurt have
0.44 and more."""
ALL_DEAD = 0.999
AT_ONCE = 0.2
"""So many more of a layer's units are dead from one look to the next if something killed them."""
SMALL = 0.2
"""Deviation of the weights, as a multiple of the initial one. All presets stay above 0.99; weights
that begin at a thousandth and are rescued by Adam have 0.15 to 0.19 in some layer after two
epochs, and the network is the worse for it."""
VANISHING = 1e-3
"""Gradient norm of a layer over that of the output. Presets stay between 0.2 and 5, even when they
have converged; weights of a thousandth give 4e-5."""
EXPLODING = 30.0
"""Mean gradient norm over an epoch. Presets have up to 1.8, plain training up to 2.5; a hundred
times the rate 46 and more."""
STILL = 1e-5
"""Update ratio below which nothing changes: a hundredth of the healthy 1e-3."""
SCHEDULED_AWAY = 0.1
"""Of the base rate: below this the schedule means the steps to be small."""
CONVERGED = 0.05
"""Training loss below which small updates are no trouble, in nats."""
STEERING = (
    *("learning_rate", "optimizer", "clip_norm", "clip_value", "batch_size", "pruned", "taught"),
)
"""Settings that can hurt units and gradients."""


def layer_name(number: int, count: int) -> str:
    """For example "layer 1", or "the output layer"; layers are counted from 1."""
    return "the output layer" if number == count else f"layer {number}"


def relative_deviation(layer: LayerFacts) -> float:
    """Deviation of the weights over that of He et al. (2015, arXiv:1502.01852)."""
    return layer.weight_deviation / sqrt(2 / layer.shape[0])


def not_finite(record: Record) -> Finding | None:
    """Weights that are NaN or infinite."""
    seen = record.inspected
    if seen is None or _is_finite(seen):
        return None
    first = record.first_seen(lambda each: not _is_finite(each))
    change = record.last_suspect(first.step, *STEERING)
    return Finding(
        "not finite",
        LOST,
        first.epoch,
        first.step,
        "the weights are no numbers",
        "NaN or infinite",
        change_words(change),
        ("undo",) if change else begin_again(record),
    )


def small_weights(record: Record) -> Finding | None:
    """Weights so small that the signal fades from layer to layer."""
    seen = record.inspected
    if seen is None or record.learned:
        return None
    ratios = [relative_deviation(layer) for layer in seen.layers]
    if not min(ratios) < SMALL:
        return None
    number = ratios.index(min(ratios)) + 1
    first = record.first_seen(lambda each: min(map(relative_deviation, each.layers)) < SMALL)
    return Finding(
        "small weights",
        LOST,
        first.epoch,
        first.step,
        f"the weights of {layer_name(number, len(ratios))} are too small",
        f"their spread is {min(ratios):.2g} of what keeps the signal from fading",
        "the weights that it began with" if first.epoch < 1 else "",
        ("timeline",) if record.has_learned_by(first.step) else ("restart",),
    )


def dead_units(record: Record) -> Finding | None:
    """Units of a hidden layer that are 0 on every digit of the monitored split.

    Of several layers it is told of the one that died last of a known cause, if there is one, else
    of the worst; of all others only how they are.
    """
    seen = record.inspected
    if seen is None:
        return None
    dead = [_dead_layer(record, place) for place in range(len(seen.layers) - 1)]
    found = [each for each in dead if each.share >= DEAD]
    if not found:
        return None
    # Of layers that are all dead the first is the one that matters.
    all_dead = next((each for each in found if each.share >= ALL_DEAD), None)
    told = all_dead or max(found, key=lambda each: (each.caused_at, each.share))
    units = seen.layers[told.place].shape[1]
    share = "all" if told.share == 1 else share_words(told.share)
    others = [
        f"; so is {share_words(each.share)} of layer {each.place + 1} since epoch "
        f"{each.first.epoch:.2f}"
        for each in found
        if each is not told and all_dead is None
    ]
    return Finding(
        "dead units",
        HARMED if all_dead is None else LOST,
        told.first.epoch,
        told.first.step,
        f"{share} of layer {told.place + 1} is dead",
        f"{round(told.share * units)} of {units} units are 0 on every {record.monitored_split} "
        f"digit, and learn nothing{''.join(others)}",
        change_words(told.change),
        _against_death(record, told.change),
    )


class _DeadLayer(NamedTuple):
    place: int
    """Of the layer, from 0."""
    share: float
    """Of its units that are dead."""
    first: Inspection
    """Since when it is so."""
    change: SettingChange | None
    """The likely cause."""

    @property
    def caused_at(self) -> int:
        """The step of its cause; -1 if none is known."""
        return -1 if self.change is None else self.change.step


def _dead_layer(record: Record, place: int) -> _DeadLayer:
    *earlier, first = record.inspections
    share = first.layers[place].dead
    limit = ALL_DEAD if share >= ALL_DEAD else DEAD
    for each in reversed(earlier):
        before, after = each.layers[place].dead, first.layers[place].dead
        if before < limit or after - before > AT_ONCE:
            break
        first = each
    return _DeadLayer(place, share, first, _suspect_of(record, first))


def _suspect_of(record: Record, first: Inspection) -> SettingChange | None:
    """The change that probably brought about what was first seen at a look at the layers.

    Of those since the look before it is the one after which the loss rose most. Where it rose after
    none, it is the last one of all; but if nobody had looked before, and the run is in no trouble,
    it may have been so before any of them, and none is blamed.
    """
    before = [each.step for each in record.inspections if each.step < first.step]
    suspects = record.suspects(first.step, *STEERING)
    since = [each for each in suspects if not before or each.step >= before[-1]]
    known = before or record.trouble is not None
    last = suspects[-1] if suspects and known else None
    return record.most_harmful(since, first.step) or last


def _against_death(record: Record, change: SettingChange | None) -> tuple[str, ...]:
    """What helps against dead units. Begun anew with the same settings it would go the same way."""
    if change is not None:
        return ("undo", "halve_rate") if raises(change) else ("undo",)
    again = begin_again(record)
    return ("halve_rate", *again) if again == ("restart",) and record.learned else again


def vanishing_gradients(record: Record) -> Finding | None:
    """A gradient that fades on its way from the output to the inputs."""
    seen = record.inspected
    if seen is None:
        return None
    share, number = _least_gradient(seen)
    if not 0 < share < VANISHING:
        return None
    first = record.first_seen(lambda each: 0 < _least_gradient(each)[0] < VANISHING)
    change = _suspect_of(record, first)
    return Finding(
        "vanishing gradients",
        HARMED if record.learned else LOST,
        first.epoch,
        first.step,
        f"the gradient vanishes toward layer {number}",
        f"its norm there is {share:.1g} of the output layer's",
        change_words(change),
        ("undo",) if change else begin_again(record),
    )


def exploding_gradients(record: Record) -> Finding | None:
    """A gradient that is far larger than any that trains."""
    last = record.last
    if last is None or not last.gradient_norm > EXPLODING:
        return None
    first = last
    for each in reversed(record.epochs[:-1]):
        if not each.gradient_norm > EXPLODING:
            break
        first = each
    change = record.last_suspect(first.step, *STEERING)
    return Finding(
        "exploding gradients",
        HARMED if record.learned else LOST,
        *not_before(change, start_of(record, first)),
        "the gradient explodes",
        f"its mean norm is {last.gradient_norm:.3g}; 0.1 to 3 is usual",
        change_words(change),
        (*(["undo"] if change else []), "clip" if record.clips else "clip_norm"),
    )


def _is_finite(inspection: Inspection) -> bool:
    return all(isfinite(layer.weight_mean) for layer in inspection.layers)


def _largest_update(inspection: Inspection) -> float:
    return max(layer.update_ratio for layer in inspection.layers)


def _least_gradient(inspection: Inspection) -> tuple[float, int]:
    """The smallest gradient norm of a hidden layer, over the output layer's; and which layer."""
    *hidden, output = (layer.gradient_norm for layer in inspection.layers)
    if not hidden or not output > 0:
        return float("nan"), 0
    return min(hidden) / output, hidden.index(min(hidden)) + 1


def still_weights(record: Record) -> Finding | None:
    """Steps that change nothing, though there is something to learn and no schedule wants it."""
    seen, last = record.inspected, record.last
    if seen is None or last is None or not last.train_loss > CONVERGED:
        return None
    if seen.learning_rate < SCHEDULED_AWAY * record.learning_rate:
        return None
    largest = _largest_update(seen)
    if not largest < STILL:
        return None
    first = record.first_seen(lambda each: _largest_update(each) < STILL)
    change = record.last_change(first.step, "learning_rate", "clip_norm", "clip_value")
    return Finding(
        "still weights",
        NOTE if record.learned else HARMED,
        first.epoch,
        first.step,
        "the steps hardly change the weights",
        f"the largest update ratio is {largest:.1g}; near 0.001 is healthy",
        change_words(change),
        ("undo", "double_rate") if change else ("double_rate",),
    )
