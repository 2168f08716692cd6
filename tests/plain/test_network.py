"""What a session answers to questions about what is inside the network."""

from __future__ import annotations

import pytest
from support.plain import Converse, headless

from digit_tui.data import Dataset
from digit_tui.run import commands


def test_the_layers_of_the_run_that_trains(converse: Converse) -> None:
    ended = converse("step 3", "network", "quit")
    assert ended.status == 0
    head = ended.find(r"^run at epoch 0\.\d\d, step 3: ")
    assert head.endswith(": 784-8-10, 6,370 parameters")
    first, last = ended.all(r"^ +[12] +\d")
    assert first.split()[:3] == ["1", "784-8", "6,280"]
    assert last.split()[:3] == ["2", "8-10", "90"]
    assert first.count("%") == 2
    assert last.split()[7:9] == ["-", "-"]
    assert ended.find("^An update ratio near 0.001 is healthy")
    assert all(len(line) <= 80 for line in (first, last))


def test_looking_changes_nothing(converse: Converse, sample: Dataset) -> None:
    looked = converse("network", "step 3", "network check", "network 1", "go")
    assert looked.sha256 == headless(sample, (64, commands.Stop())).weights_sha256


def test_the_distributions_in_a_layer(converse: Converse) -> None:
    ended = converse("network 2", "quit")
    heads = ended.all("^Layer 2, ")
    assert [head.split(",")[1].split()[0] for head in heads] == [
        "weights",
        "gradients",
        "activations",
    ]
    start = ended.lines.index(heads[0]) + 1
    rows = ended.lines[start : ended.lines.index(heads[1])]
    assert sum(int(row.split()[3].replace(",", "")) for row in rows) == 80
    assert not ended.all("^An update ratio")


def test_a_layer_that_is_not_there(converse: Converse) -> None:
    ended = converse("network 3", "quit")
    assert ended.find("^network: there are layers 1 to 2$")
    assert ended.status == 2


def test_the_gradient_is_checked(converse: Converse) -> None:
    ended = converse("step 2", "network check", "quit")
    assert ended.find(r"^Gradient check: it is right \(relative errors of a right one: below 1e-6")
    assert len(ended.all(r"^ +[12] +50 ")) == 2


def test_the_fork_is_shown_too(converse: Converse) -> None:
    ended = converse("step", "fork lr=0.5", "network", "keep run", "network", "quit")
    assert len(ended.all("^run at epoch")) == 2
    assert len(ended.all("^fork at epoch")) == 1
    rows = [line.split() for line in ended.all(r"^ +1 +784-8 ")]
    assert len(rows) == 3
    assert float(rows[1][6]) > 10 * float(rows[0][6])  # the fork would change its weights more


@pytest.mark.parametrize("line", ["network", "network 1", "network check"])
def test_a_run_that_diverged_can_be_looked_into(converse: Converse, line: str) -> None:
    ended = converse("optimizer sgd 1e30", "step 5", line, "quit")
    assert ended.run.network
    assert ended.all("^run at epoch")
    assert not ended.err


def test_after_the_last_epoch(converse: Converse) -> None:
    ended = converse("wait", "network", "quit", epochs=1, schedule="cosine")
    assert ended.find("^The learning rate is 0: the next step would change nothing.$")
