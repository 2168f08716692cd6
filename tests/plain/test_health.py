"""What a session says of the health of a run."""

from __future__ import annotations

from support.plain import Converse, headless

from digit_tui.data import Dataset
from digit_tui.run import commands

NOTHING = "no check finds anything beyond its limit"
LEARNS = {"hidden": (64, 32), "batch_size": 64, "augment": "none", "optimizer": "adamw"}


def test_no_check_finds_anything(converse: Converse) -> None:
    ended = converse("epoch", "health", "quit", **LEARNS)
    assert ended.status == 0
    place = ended.lines.index("run at epoch 1.00, step 63:")
    assert ended.lines[place + 1 : place + 3] == [
        NOTHING,
        "looked at: 1 epoch, the layers at step 63, 1,000 digits that it is measured on, "
        "2,000 training images",
    ]


def test_before_the_first_step(converse: Converse) -> None:
    ended = converse("health", "quit", **LEARNS)
    assert "no epoch has been trained here yet" in ended.lines
    assert ended.find("^looked at: 0 epochs, the layers at step 0, ")


def test_a_change_that_ruins_the_run_and_what_mends_it(converse: Converse) -> None:
    ended = converse(
        *("epoch", "epoch", "rate *100", "epoch", "health", "undo", "health", "quit"),
        **LEARNS,
        epochs=4,
    )
    assert ended.status == 0
    (high,) = ended.all("^the learning rate is too high")
    assert "since epoch 2.00, step 126" in high
    assert "; likely cause: learning rate 0.001 → 0.1 at step 126; " in high
    assert high.endswith("; undo goes back")
    assert ended.lines[ended.lines.index("run at epoch 3.00, step 189:") + 1] == high
    assert not ended.all("^(?!checked for).*labels")
    assert ended.all("^no check finds anything") == [NOTHING]
    assert ended.lines.index(NOTHING) > ended.lines.index(high)


def test_a_rate_that_is_too_high_from_the_start_and_what_mends_it(converse: Converse) -> None:
    lines = ("epoch", "epoch", "health", "back 1", "rate /100", "epoch", "epoch", "health", "quit")
    ended = converse(*lines, **LEARNS, learning_rate=0.1, epochs=3)
    assert ended.status == 0
    high = ended.lines[ended.lines.index("run at epoch 2.00, step 126:") + 1]
    assert high.startswith("the learning rate is too high")
    assert "; likely cause: the rate of 0.1 from the start; " in high
    assert ended.lines.index(NOTHING) > ended.lines.index(high)


def test_the_fork_too(converse: Converse) -> None:
    ended = converse(
        "epoch", "fork lr=1.0", "step 30", "health", "keep fork", "health", "quit", **LEARNS
    )
    run, fork = ended.all("^(run|fork) at epoch ")[:2]
    assert run.startswith("run")
    assert fork.startswith("fork")
    of_fork = ended.lines[ended.lines.index(fork) + 1]
    assert ended.lines[ended.lines.index(run) + 1] == NOTHING
    assert of_fork.startswith("the learning rate is too high since epoch 1.00, step 63")
    assert "; likely cause: learning rate 0.001 → 1 at step 63; " in of_fork
    # What the fork went through is kept with it.
    assert ended.all("^the learning rate is too high")[1:]


def test_asking_changes_nothing(converse: Converse, sample: Dataset) -> None:
    asked = converse("health", "step 3", "health", "go")
    assert asked.sha256 == headless(sample, (64, commands.Stop())).weights_sha256
