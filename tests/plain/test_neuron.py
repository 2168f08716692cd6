"""What a session answers to `neuron`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.plain import CONFIG, Converse, headless

from digit_tui.data import Dataset
from digit_tui.insight.one_unit import unit_facts
from digit_tui.insight.unit_report import unit_lines
from digit_tui.insight.units import layer_units
from digit_tui.nn import Network
from digit_tui.plain.neuron import answer
from digit_tui.plain.requests import ShowUnit
from digit_tui.run import commands
from digit_tui.run.events import Inspected
from digit_tui.run.settings import Settings
from digit_tui.run.state import RunState, Vectors
from digit_tui.session.run_status import RunStatus
from digit_tui.session.runner import Loaded


def test_looking_at_a_unit_changes_nothing(converse: Converse, sample: Dataset) -> None:
    ended = converse("neuron 1 0", "step 3", "neuron 2 9", "epoch", "neuron 1 7")
    assert ended.status == 0
    first = ended.find(r"^run at epoch 0\.00, step 0, averaged weights: unit 0 of layer 1 of 2$")
    second = ended.find(r"^run at epoch 0\.09, step 3, averaged weights: unit 9 of .*, output$")
    ended.find(r"^run at epoch 1\.00, step 32, averaged weights: unit 7 of layer 1 of 2$")
    for head in (first, second):
        following = ended.lines[ended.lines.index(head) + 1]
        assert following.startswith("Active on ")
        assert "% of 1,000 test digits; importance 0." in following
    assert ended.sha256 == headless(sample, (64, commands.Stop())).weights_sha256


def test_the_digits_are_those_that_are_shown(sample: Dataset) -> None:
    held_out = replace(
        sample,
        validation_images=sample.train_images[:300],
        validation_labels=sample.train_labels[:300],
    )
    run = RunStatus(CONFIG.with_(validation=300))
    run.ingest(Loaded(held_out))
    network = Network((784, 8, 10))
    network.initialize(np.random.default_rng(1))
    latest = Network((784, 8, 10))
    vectors = Vectors(latest.parameters, network.parameters, np.zeros((2, 0), np.float32))
    state = RunState(vectors, Settings.of(CONFIG))
    inspected = {"run": Inspected(40, 1.25, 1e-3, latest, state)}
    lines = answer(ShowUnit(1, 0), inspected, run)
    assert lines[0] == "run at epoch 1.25, step 40, averaged weights: unit 0 of layer 1 of 2"
    assert "of 300 validation digits;" in lines[1]
    units = layer_units(network, *held_out.split("validation"), 1)
    assert lines[1:] == unit_lines(
        unit_facts(network, units, 0), network, held_out.validation_labels, "validation"
    )
    run.shows_test = True
    assert "of 1,000 test digits;" in answer(ShowUnit(1, 0), inspected, run)[1]


def test_the_fork_is_shown_too(converse: Converse) -> None:
    ended = converse("step", "fork lr=0.5", "step", "neuron 1 0", "keep run", "neuron 1 0", "quit")
    assert len(ended.all("^run at epoch .* unit 0 ")) == 2
    assert len(ended.all("^fork at epoch .* unit 0 ")) == 1
    run, fork, kept = ended.all("^Strongest weights out: ")
    assert run == kept != fork


def test_a_run_that_diverged_has_units(converse: Converse) -> None:
    ended = converse("optimizer sgd 1e30", "step 5", "neuron 1 0", "quit")
    assert ended.all("^run at epoch")
    assert not ended.err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("neuron 3 0", "neuron: there are layers 1 to 2"),
        ("neuron 1 8", "neuron: layer 1 has units 0 to 7"),
        ("neuron 0 1", "neuron: '0' is not a whole number from 1 to 1,000,000 (use: neuron L N)"),
        ("neuron 1", "neuron: something is missing (use: neuron L N)"),
        ("neuron 1 2 3", "neuron: '3' is one word too many (use: neuron L N)"),
    ],
)
def test_what_there_is_not(converse: Converse, line: str, words: str) -> None:
    ended = converse(line, "quit")
    assert words in ended.lines
    assert ended.status == 2
