"""What ails a run, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.health import SMALL, diagnose

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.insight.health.finding import HARMED, Finding
from digit_tui.insight.health.rules import RULES
from digit_tui.plain import narrator
from digit_tui.run.commands import ScaleLearningRate
from digit_tui.run.health_words import LINE, finding_parts, health_line, health_lines
from digit_tui.run.remedies import HEALTH
from digit_tui.tui import bindings

DEAD = Finding(
    rule="dead units",
    severity=HARMED,
    since_epoch=2.5,
    since_step=1_200,
    words="41% of layer 1 is dead",
    evidence="26 of 64 units are 0 on every test digit, and learn nothing",
    cause="learning rate 0.002 → 0.004 at step 1,150",
    remedies=("undo", "halve_rate"),
)


def test_all_that_is_known() -> None:
    assert "; ".join(finding_parts(DEAD, bindings.WAYS)) == (
        "41% of layer 1 is dead since epoch 2.50, step 1,200: 26 of 64 units are 0 on every test "
        "digit, and learn nothing; likely cause: learning rate 0.002 → 0.004 at step 1,150; "
        "u goes back, [ halves the learning rate"
    )
    assert finding_parts(DEAD, narrator.WAYS)[-1] == (
        "undo goes back, rate /2 halves the learning rate"
    )
    assert finding_parts(DEAD, None)[-1].endswith("at step 1,150")


def test_a_trouble_says_when_it_was_in_its_own_words() -> None:
    words = "loss rose from 0.251 to 15.8, 1 step after learning rate 0.512 → 1.024"
    spike = Finding("trouble", HARMED, 2.5, 1_200, words, "", "", ("undo", "halve_rate"))
    assert finding_parts(spike, None) == [words]
    assert health_line([spike], bindings.WAYS, 100) == f"{words}: u goes back"
    assert health_line([spike], bindings.WAYS, 80) == (
        "loss rose from 0.251 to 15.8: u goes back, [ halves the learning rate"
    )


def test_who_is_told_to_stop_is_told_how() -> None:
    done = DEAD._replace(remedies=("stop",))
    assert finding_parts(done, bindings.WAYS)[-1] == "q saves and leaves"
    assert finding_parts(done, narrator.WAYS)[-1] == "quit saves and leaves"


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (
            200,
            "41% of layer 1 is dead since epoch 2.5 (learning rate 0.002 → 0.004 at step 1,150): "
            "u goes back, [ halves the learning rate",
        ),
        (
            100,
            "41% of layer 1 is dead since epoch 2.5 (learning rate 0.002 → 0.004 at step 1,150): "
            "u goes back",
        ),
        (LINE, "41% of layer 1 is dead since epoch 2.5: u goes back"),
        (40, "41% of layer 1 is dead: u goes back"),
        (10, "41% of layer 1 is dead"),
    ],
)
def test_the_longest_form_that_fits(width: int, line: str) -> None:
    assert health_line([DEAD], bindings.WAYS, width) == line


def test_no_check_finds_anything(sample: Dataset) -> None:
    record = diagnose(sample, epochs=1).last
    assert health_line([], bindings.WAYS) == ""
    assert health_lines(record, [], bindings.WAYS) == [
        "no check finds anything beyond its limit",
        "looked at: 1 epoch, the layers at step 63, 1,000 digits that it is measured on, "
        "2,000 training images",
        f"checked for: {', '.join(rule.name for rule in RULES)} (the manual explains each: health)",
    ]


def test_of_a_long_run_the_best_epoch_and_the_last_are_looked_at(sample: Dataset) -> None:
    record = diagnose(sample, epochs=1, look=False).last
    (epoch,) = record.epochs
    late = [epoch._replace(epoch=number, step=63 * number) for number in range(701, 1201)]
    told = health_lines(replace(record, epochs=(epoch, *late)), [], bindings.WAYS)[1]
    assert told.startswith("looked at: the best epoch and the last 500, ")


def test_every_finding_of_a_ruined_run_has_a_line_that_fits(sample: Dataset) -> None:
    ran = diagnose(sample, [(63, ScaleLearningRate(100.0))], config=RunConfig(**SMALL))
    for findings in ran.findings:
        for finding in findings:
            assert set(finding.remedies) <= set(HEALTH)
            assert len(health_line([finding], bindings.WAYS)) <= LINE
    assert ran.findings[-1]
