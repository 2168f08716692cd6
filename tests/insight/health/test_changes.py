"""Changes of the learning rate in a row are told as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from support.health import diagnose

from digit_tui.data import Dataset
from digit_tui.insight.health.finding import change_words
from digit_tui.insight.health.first_rate import usual_rate
from digit_tui.insight.health.loss import Guessing, guessing, ruined_by
from digit_tui.insight.health.rate import high_rate, in_trouble
from digit_tui.insight.health.record import Inspection, Trouble
from digit_tui.insight.health.rules import findings_of
from digit_tui.run.commands import (
    AddEpochs,
    Command,
    ScaleLearningRate,
    SetAugmentation,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
)
from digit_tui.run.health_words import health_line

STEPS = 63
UP, DOWN = ScaleLearningRate(2.0), ScaleLearningRate(0.5)


def words(sample: Dataset, *script: tuple[int, Command], epochs: int = 1) -> list[str]:
    """The changes of a run, in words."""
    record = diagnose(sample, script, look=False, epochs=epochs).last
    return [change_words(each) for each in record.changes_by(record.step)]


def at(steps: Iterable[int], command: Command = UP) -> list[tuple[int, Command]]:
    return [(step, command) for step in steps]


def test_seven_keys_in_a_row(sample: Dataset) -> None:
    assert words(sample, *at(range(10, 24, 2))) == ["learning rate 0.001 → 0.128 at steps 10 to 22"]
    assert words(sample, *at([10] * 3)) == ["learning rate 0.001 → 0.008 at step 10"]


def test_up_and_down_are_two(sample: Dataset) -> None:
    assert words(sample, *at([10, 12]), *at([14, 16], DOWN)) == [
        "learning rate 0.001 → 0.004 at steps 10 to 12",
        "learning rate 0.004 → 0.001 at steps 14 to 16",
    ]


def test_changes_at_one_step_are_a_cause_together(sample: Dataset) -> None:
    script = [(10, AddEpochs(1)), (10, SetOptimizer("sgd")), (10, SetLearningRate(30.0))]
    (*_, worst) = diagnose(sample, script, look=False).findings
    assert worst[0].cause.startswith("optimizer adamw → sgd, learning rate ")
    assert worst[0].cause.endswith(" → 30 at step 10")


def test_a_rate_that_was_lowered_is_no_cause(sample: Dataset) -> None:
    """Of a rate that ruined all the last step before it was lowered was the end already."""
    ruined = diagnose(sample, [(10, SetLearningRate(100.0)), (40, DOWN)], epochs=3)
    for finding in ruined.findings[-1]:
        assert "→ 50" not in finding.cause
    assert any(each.cause == "learning rate 0.001 → 100 at step 10" for each in ruined.findings[-1])


@pytest.mark.parametrize("step", [0, 40])
def test_a_rate_that_was_too_high_from_the_start_is_named_also_when_it_is_lowered(
    sample: Dataset, step: int
) -> None:
    ruined = diagnose(sample, [(step, DOWN)], learning_rate=100.0, epochs=2)
    named = [each for each in ruined.findings[-1] if each.cause == "the rate of 100 from the start"]
    assert named
    assert {each.remedies for each in named} == {("slower_start",)}


def test_a_rate_that_is_no_more_is_told_as_past(sample: Dataset) -> None:
    script = [(10, SetLearningRate(100.0)), (STEPS + 10, SetLearningRate(0.001))]
    record = diagnose(sample, script, epochs=3, look=False).last
    found = high_rate(record)
    assert found is not None
    assert found.words == "the learning rate was too high"
    assert "100, 100,000 times the 0.001 that it began with" in found.evidence
    record = diagnose(sample, script, learning_rate=0.004, epochs=3, look=False).last
    told = high_rate(record)
    assert told is not None
    assert "100, 25,000 times the 0.004 that it began with" in told.evidence
    for rate, optimizer in ((1e-6, "adamw"), (5.0, "adamw"), (0.002, "sgd")):
        begun = replace(record, changes=(), learning_rate=rate, optimizer=optimizer)
        assert usual_rate(begun, "adamw") == (0.001, "that is usual for adamw")


@pytest.mark.parametrize("other", [SetAugmentation("elastic"), SetOptimizer("sgd"), AddEpochs(1)])
def test_with_another_change_between_them_they_are_not_one(sample: Dataset, other: Command) -> None:
    found = words(sample, (10, UP), (12, other), (14, UP))
    assert found[0] == "learning rate 0.001 → 0.002 at step 10"
    assert len(found) >= 3


@pytest.mark.parametrize(
    ("batch_size", "apart", "count"),
    [(16, 240, 1), (16, 260, 2), (250, 190, 1), (250, 210, 2)],
)
def test_nor_with_an_epoch_between_them_and_many_steps(
    sample: Dataset, batch_size: int, apart: int, count: int
) -> None:
    """An epoch has 250 steps, or 16."""
    script = [(10, UP), (10 + apart, UP)]
    options = {"batch_size": batch_size, "epochs": 2 if batch_size == 16 else 14}
    record = diagnose(sample, script, look=False, hidden=(8,), **options).last
    assert len(record.changes_by(record.step)) == count


def test_those_after_a_step_are_not_told_of_it(sample: Dataset) -> None:
    record = diagnose(sample, at([10, 12, 14]), look=False, epochs=1).last
    change = record.last_change(12, "learning_rate")
    assert change_words(change) == "learning rate 0.001 → 0.004 at steps 10 to 12"
    assert replace(record, changes=()).last_change(12, "learning_rate") is None


def test_a_rate_that_was_doubled_to_ruin_is_named_from_where_it_began(sample: Dataset) -> None:
    script = at(range(STEPS + 10, STEPS + 24, 2))
    ran = diagnose(sample, script, look=False, epochs=3)
    found = {each.rule: each for each in ran.findings[1]}
    assert set(found) == {"high rate", "relapse"}
    for each in found.values():
        assert each.cause == "learning rate 0.001 → 0.128 at steps 73 to 85"
        assert each.since_step == 85


@pytest.mark.parametrize(
    ("steps", "back_to", "cause"),
    [
        ([10, 12, 14], 10, "learning rate 0.001 → 0.008 at steps 10 to 14"),
        ([10, 12, 14], 12, "learning rate 0.002 → 0.008 at steps 12 to 14"),
        ([10, 12, 14], 14, ""),
        ([14], 14, ""),
    ],
)
def test_a_spike_that_names_the_last_of_them(
    sample: Dataset, steps: list[int], back_to: int, cause: str
) -> None:
    """Those are told that undo takes back."""
    record = diagnose(sample, at(steps), look=False, epochs=1).last
    words = f"loss rose from 0.5 to 3, 6 steps after {record.changes[-1].words}"
    (epoch,) = (each.epoch for each in record.changes if each.step == back_to)
    found = in_trouble(replace(record, trouble=Trouble(20, 0.3, words, epoch)))
    assert found is not None
    assert found.cause == cause


def test_what_undo_does_not_take_back_out_of_a_trouble_is_told(sample: Dataset) -> None:
    """Then the same comes again with the same rate, and what died of it stays dead."""
    ran = diagnose(sample, [(70, SetOptimizer("sgd", 30.0))], epochs=2)
    for back_to, of_trouble, of_units in ((1.0, "undo", "undo"), (1.8, "halve_rate", "timeline")):
        trouble = Trouble(ran.last.step, 1.9, "the loss has risen", back_to)
        found = {each.rule: each for each in findings_of(replace(ran.last, trouble=trouble))}
        assert found["trouble"].remedies[-1] == of_trouble
        assert found["dead units"].remedies[0] == of_units


def test_undo_is_advised_only_where_it_takes_back_the_cause(sample: Dataset) -> None:
    ruin = [(10, SetOptimizer("sgd", 30.0))]
    first = diagnose(sample, ruin, look=False).findings[-1][0]
    assert first.remedies[0] == "undo"
    later = diagnose(sample, [*ruin, (20, SetAugmentation("shift"))], look=False).findings[-1][0]
    assert later.cause == first.cause
    assert "undo" not in later.remedies
    assert later.remedies[0] == "timeline"


def test_what_was_there_at_the_first_look_may_be_older(sample: Dataset) -> None:
    record = diagnose(sample, [(130, SetOptimizer("sgd", 30.0))], epochs=3).last
    assert len(record.inspections) > 1
    for looks, ending in ((record.inspections, ""), (record.inspections[-1:], " or before")):
        found = findings_of(replace(record, inspections=looks))
        (dead,) = (each for each in found if each.rule == "dead units")
        assert f"since epoch {dead.since_epoch:.4g}{ending} (" in health_line([dead], None, 200)


def test_undo_is_not_advised_where_much_was_learned_since(sample: Dataset) -> None:
    record = diagnose(sample, [(70, SetOptimizer("sgd", 30.0))], epochs=2).last
    before, last = record.epochs
    for epochs, loss, advised in ((2.0, 9.0, True), (20.0, 0.1, True), (20.0, 9.0, False)):
        facts = (before._replace(loss=loss), last)
        finding = findings_of(replace(record, epoch=epochs, epochs=facts))[0]
        assert finding.cause.startswith("optimizer")
        assert ("undo" in finding.remedies) == advised
        assert "timeline" not in finding.remedies


def test_nobody_begins_again_with_a_rate_that_was_too_low(sample: Dataset) -> None:
    ran = diagnose(sample, optimizer="sgd", learning_rate=1e-5, epochs=2)
    assert guessing(ran.last) is not None
    assert [each.rule for each in ran.findings[-1]] == ["low rate"]
    assert ran.findings[-1][0].remedies == ("double_rate",)


def test_a_trouble_of_the_first_rate_has_one_way(sample: Dataset) -> None:
    """The same key as beside the state of the run."""
    record = diagnose(sample, optimizer="sgd", learning_rate=30.0, epochs=1).last
    record = replace(record, trouble=Trouble(record.step, 1.0, "the loss has risen"))
    assert findings_of(record)[0].remedies == ("undo_then_rate",)


def test_no_setting_is_advised_when_all_epochs_are_done(sample: Dataset) -> None:
    record = diagnose(sample, epochs=1, look=False).last
    record = replace(record, trouble=Trouble(record.step, 1.0, "the loss has risen"))
    for finished, advised in ((False, ("undo", "halve_rate")), (True, ("undo",))):
        assert findings_of(replace(record, finished=finished))[0].remedies == advised


def test_what_is_set_where_a_run_stands_in_trouble_has_done_nothing_yet(sample: Dataset) -> None:
    """Nor would half of it bring back what is lost."""
    ran = diagnose(sample, at([130, 140], ScaleLearningRate(64.0)), epochs=3)
    step = 160
    inspections = [each._replace(step=step) for each in ran.last.inspections[-1:]]
    assert max(each.dead for each in inspections[0].layers[:-1]) > 0.4
    known = [each for each in ran.last.changes if each.step <= 140]
    raised = known[-1]._replace(step=step, epoch=2.5, old=4.096, new=32.0, words="learning rate X")
    record = replace(
        ran.last,
        step=step,
        learning_rate=32.0,
        inspections=tuple(inspections),
        changes=(*known, raised),
        trouble=Trouble(step, 2.5, "the loss has risen"),
    )
    found = findings_of(record)
    dead = next(each for each in found if each.rule == "dead units")
    assert dead.cause == "learning rate 0.001 → 4.096 at steps 130 to 140"
    assert [each.rule for each in found if "halve_rate" in each.remedies] == []


@pytest.mark.parametrize(("factor", "advised"), [(2.0, True), (8.0, False)])
def test_half_a_rate_is_advised_where_that_takes_its_cause_back(
    sample: Dataset, factor: float, advised: bool
) -> None:
    """And where the network has not lost what it knew."""
    ran = diagnose(sample, [(70, ScaleLearningRate(factor))], epochs=2)
    (change,) = ran.last.changes
    record = replace(ran.last, inspections=(_with_large_updates(ran.last.inspections[-1]),))
    assert findings_of(record)[0].remedies == (("undo", "halve_rate") if advised else ("undo",))
    words = f"loss rose from 0.1 to 9 at step 90, after {change.words}"
    in_trouble = replace(record, trouble=Trouble(90, 1.4, words))
    assert {each.remedies for each in findings_of(in_trouble)[:2]} == {("undo",)}


def test_who_turns_the_rate_in_a_trouble_is_told_what_it_is_for(sample: Dataset) -> None:
    """What led there did not have it: one finding tells of it."""
    ran = diagnose(sample, [(70, ScaleLearningRate(8.0))], epochs=2)
    (change,) = ran.last.changes
    step, epoch = ran.last.step, ran.last.epoch
    words = "learning rate 0.008 → 0.064"
    turned = change._replace(step=step, epoch=epoch, old=0.008, new=0.064, words=words)
    record = replace(
        ran.last,
        learning_rate=0.064,
        changes=(change, turned),
        inspections=(_with_large_updates(ran.last.inspections[-1]),),
        trouble=Trouble(step, epoch, f"loss rose after {change.words}"),
    )
    found = {each.rule: each for each in findings_of(record)}
    assert found["trouble"].evidence == "no step was made with the rate of 0.064 yet"
    assert "high rate" not in found


def test_of_changes_in_a_row_the_first_may_be_the_cause(sample: Dataset) -> None:
    """Nobody is advised to halve a rate that is four times what did no harm."""
    ran = diagnose(sample, at([70, 80, 100], ScaleLearningRate(2.0)), epochs=2)
    seen = ran.last.inspections[-1]
    dead = [each._replace(dead=0.7) for each in seen.layers]
    look = seen._replace(step=90, layers=(*dead[:-1], seen.layers[-1]))
    well = look._replace(step=63, layers=tuple(each._replace(dead=0.0) for each in seen.layers))
    (finding,) = (
        each
        for each in findings_of(replace(ran.last, inspections=(well, look)))
        if each.rule == "dead units"
    )
    assert finding.cause == "learning rate 0.001 → 0.004 at steps 70 to 80"
    assert finding.remedies == ("timeline",)


def test_what_may_have_been_dead_before_a_change_is_not_blamed_on_it(sample: Dataset) -> None:
    """If nobody had looked before, and the loss did not rise after it."""
    ran = diagnose(sample, [(70, SetOptimizer("momentum"))], epochs=3)
    seen = ran.last.inspections[-1]
    dead = [each._replace(dead=0.5) for each in seen.layers]
    look = seen._replace(layers=(*dead[:-1], seen.layers[-1]))
    well = look._replace(step=63, layers=tuple(each._replace(dead=0.0) for each in seen.layers))
    causes = []
    for looks in ((look,), (well, look)):
        found = findings_of(replace(ran.last, inspections=looks))
        (finding,) = (each for each in found if each.rule == "dead units")
        causes.append((finding.cause, "undo" in finding.remedies))
    words = "optimizer adamw → momentum, learning rate 0.001 → 0.05 at step 70"
    assert causes == [("", False), (words, True)]


@pytest.mark.parametrize("looked_between", [False, True])
def test_units_died_of_the_change_after_which_the_loss_rose(
    sample: Dataset, looked_between: bool
) -> None:
    """Not of a later one that mended it, if nobody had looked at the layers in between."""
    script = [(130, ScaleLearningRate(64.0)), (260, SetOptimizer("adam", 0.001))]
    ran = diagnose(sample, script, epochs=6)
    since = 126 if looked_between else 315
    looks = tuple(each for each in ran.last.inspections if each.step >= since)
    assert looks[0].step == since
    (dead,) = (
        each
        for each in findings_of(replace(ran.last, inspections=looks))
        if each.rule == "dead units"
    )
    assert dead.cause == "learning rate 0.001 → 0.064 at step 130"
    assert dead.remedies == ("timeline",)  # and no lower rate: it is as low as before


def test_weights_that_have_exploded_are_told_of_a_network_that_had_learned(
    sample: Dataset,
) -> None:
    ran = diagnose(sample, [(70, ScaleLearningRate(64.0))], epochs=2)
    best = ran.last.epochs[0]._replace(loss=0.1)
    for times, told in ((20.0, False), (1e12, True)):
        seen = ran.last.inspections[-1]
        layers = tuple(
            each._replace(weight_deviation=times * 0.05, update_ratio=float("nan"))
            for each in seen.layers
        )
        record = replace(ran.last, epochs=(best, best._replace(epoch=2, step=ran.last.step)))
        found = findings_of(replace(record, inspections=(seen._replace(layers=layers),)))
        high = [each for each in found if each.rule == "high rate"]
        assert bool(high) == told
        if told:
            assert "the weights of a layer have grown to " in high[0].evidence


def test_a_layer_is_all_dead_since_all_of_it_is(sample: Dataset) -> None:
    seen = diagnose(sample, epochs=1).last
    look = seen.inspections[-1]
    shares = {40: 0.1, 50: 0.6, 60: 1.0, 63: 1.0}
    looks = tuple(
        look._replace(step=step, layers=(look.layers[0]._replace(dead=share), *look.layers[1:]))
        for step, share in shares.items()
    )
    (dead,) = findings_of(replace(seen, inspections=looks))
    assert (dead.words, dead.since_step) == ("all of layer 1 is dead", 60)
    (dead,) = findings_of(replace(seen, inspections=looks[:2]))
    assert (dead.words, dead.since_step) == ("60% of layer 1 is dead", 50)


def test_what_was_changed_after_a_network_was_lost_did_not_ruin_it(sample: Dataset) -> None:
    record = diagnose(sample, at([70, 80, 100], ScaleLearningRate(8.0)), epochs=2, look=False).last
    for step, words in ((90, "0.001 → 0.064"), (110, "0.001 → 0.512")):
        change = ruined_by(record, Guessing(1.4, step, 126))
        assert change is not None
        assert change.words == f"learning rate {words}"


def _with_large_updates(seen: Inspection) -> Inspection:
    return seen._replace(layers=tuple(each._replace(update_ratio=9.0) for each in seen.layers))


def test_each_layer_died_when_it_died(sample: Dataset) -> None:
    """Of what a change killed it is the cause, and of what was dead before it is not."""
    ran = diagnose(sample, [(70, ScaleLearningRate(8.0))], epochs=3)
    seen = ran.last.inspections[-1]

    def look(step: int, *dead: float) -> Inspection:
        shares = (*dead, seen.layers[-1].dead)
        layers = zip(seen.layers, shares, strict=True)
        return seen._replace(
            step=step,
            epoch=step / STEPS,
            layers=tuple(each._replace(dead=share) for each, share in layers),
        )

    for looks, words, since, evidence, cause in (
        (
            [look(30, 0.6, 0.45), look(60, 0.65, 0.5), look(90, 0.75, 0.9)],
            *("90% of layer 2 is dead", 90, "; so is 75% of layer 1 since epoch 0.48", True),
        ),
        (
            [look(30, 0.3, 0.3), look(90, 0.9, 0.95)],
            *("95% of layer 2 is dead", 90, "; so is 90% of layer 1 since epoch 1.43", True),
        ),
        (
            [look(30, 0.9, 0.5), look(60, 0.9, 0.5), look(90, 0.95, 0.55)],
            *("95% of layer 1 is dead", 30, "; so is 55% of layer 2 since epoch 0.48", False),
        ),
        ([look(60, 0.9, 0.5), look(90, 0.9, 1.0)], "all of layer 2 is dead", 90, "", True),
    ):
        found = findings_of(replace(ran.last, inspections=tuple(looks)))
        (dead,) = (each for each in found if each.rule == "dead units")
        assert (dead.words, dead.since_step) == (words, since)
        assert dead.evidence.endswith(f"and learn nothing{evidence}")
        assert dead.cause == ("learning rate 0.001 → 0.008 at step 70" if cause else "")


def test_what_helps_a_run_that_is_done_takes_effect_in_further_epochs(sample: Dataset) -> None:
    options = {"optimizer": "sgd", "learning_rate": 0.1, "clip_norm": 1e-3}
    record = diagnose(sample, epochs=2, look=False, **options).last
    for finished, ways in ((False, ("clip",)), (True, ("clip", "epochs"))):
        found = findings_of(replace(record, finished=finished))
        (clipped,) = (each for each in found if each.rule == "clips always")
        assert clipped.remedies == ways


def test_a_limit_is_not_to_blame_where_the_rate_made_the_gradients_large(sample: Dataset) -> None:
    clipped, raised = (70, SetClipping(1.0)), (130, ScaleLearningRate(64.0))
    record = diagnose(sample, [clipped, raised], epochs=4, look=False).last
    grown = record.epochs[-1]._replace(gradient_norm=17.0, clip_rate=1.0)
    record = replace(record, epochs=(*record.epochs[:-1], grown))
    (finding,) = (each for each in findings_of(record) if each.rule == "clips always")
    assert finding.cause == "learning rate 0.001 → 0.064 at step 130"
    assert "clip" not in finding.remedies


def test_undo_is_not_advised_where_it_takes_back_more_epochs_only(sample: Dataset) -> None:
    raised = [(70, ScaleLearningRate(16.0)), (70, AddEpochs(2))]
    for script, way in ((raised[:1], "undo"), (raised, "timeline")):
        record = diagnose(sample, script, epochs=3, look=False).last
        before = record.epochs[0]._replace(loss=0.1, accuracy=0.99)
        record = replace(record, epochs=(before, *record.epochs[1:]))
        (finding,) = (each for each in findings_of(record) if each.rule == "set back")
        assert finding.cause == "learning rate 0.001 → 0.016 at step 70"
        assert finding.remedies[0] == way


def test_when_something_began_is_known_as_far_as_anybody_looked(sample: Dataset) -> None:
    record = diagnose(sample, [(130, SetOptimizer("sgd", 30.0))], epochs=3).last
    last = record.inspections[-1]
    for epoch, before in ((last.epoch - 1, False), (last.epoch - 2.5, True)):
        healthy = [each._replace(dead=0.0) for each in last.layers]
        earlier = last._replace(step=100, epoch=epoch, layers=tuple(healthy))
        found = findings_of(replace(record, inspections=(earlier, last)))
        (dead,) = (each for each in found if each.rule == "dead units")
        assert dead.or_before == before
