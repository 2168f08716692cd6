"""The history of a run, read from its journal."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.journal import rows_of

from digit_tui.run.commands import (
    AppliedCommand,
    Lineage,
    SetAugmentation,
    SetClipping,
    SetLearningRate,
    Stop,
    Undo,
)
from digit_tui.run.events import EpochEnded
from digit_tui.storage.errors import RunError
from digit_tui.storage.history import History
from digit_tui.storage.journal import (
    JournalFile,
    Line,
    command_line,
    go_back_line,
)
from digit_tui.storage.run_writer import ForkedFrom, RunWriter
from digit_tui.storage.saved_run import SavedRun

pytestmark = pytest.mark.usefixtures("saved_when_asked")


def test_the_history_of_a_run(train: Any, tmp_path: Path) -> None:
    script = [(3, SetLearningRate(0.02)), (3, SetAugmentation("shift")), (9, SetClipping(norm=1))]
    ran = train(script, folder=tmp_path)
    history = SavedRun.read(tmp_path).history()
    # What changed nothing has not steered it.
    assert (
        [tuple(applied) for applied in history.lineage]
        == [script[0], script[2]]
        == [tuple(applied) for applied in ran.trainer.state.lineage]
    )
    assert history.end == history.step == 16
    assert [(line["epoch"], line["step"]) for line in history.epochs] == [(1, 8), (2, 16)]
    assert [line["test_accuracy"] for line in history.epochs] == [
        event.test_accuracy for event in ran.all(EpochEnded)
    ]
    names = [line.get("event") or line["command"] for line in SavedRun.read(tmp_path).lines()]
    assert names == [
        *["set_learning_rate", "epoch_ended", "set_clipping", "epoch_ended"],
        *["checkpoint_saved", "ended"],
    ]


def test_what_was_undone_is_not_in_force_but_stays_in_the_journal(
    train: Any, tmp_path: Path
) -> None:
    script = [(3, SetLearningRate(0.5)), (9, SetLearningRate(0.1)), (12, Undo()), (14, Undo())]
    ran = train([*script, (20, Stop())], folder=tmp_path, epochs=3, interactive=True)
    saved = SavedRun.read(tmp_path)
    assert saved.history().lineage == ran.trainer.state.lineage == ()
    assert [line["command"] for line in saved.lines() if "command" in line] == [
        *["set_learning_rate", "set_learning_rate", "go_back", "go_back"],
    ]
    told = [line for line in saved.lines() if line.get("event") == "epoch_ended"]
    assert [line["step"] for line in told] == [8, 8, 16]
    assert saved.history().epochs == told[1:]  # the first of them was learned anew, otherwise


@pytest.mark.parametrize(
    ("line", "end", "reached"),
    [
        ({"event": "checkpoint_saved", "step": 4}, 9, 4),  # it repeats
        ({"event": "resumed", "step": 4}, 9, 4),
        ({"event": "ended", "step": 9}, 9, 9),
        ({"event": "epoch_ended", "step": 10, "epoch": 2}, 10, None),  # it was there
        (command_line((AppliedCommand(9, SetLearningRate(0.1)),)), 9, None),
        (go_back_line(4, 2, ()), 2, 2),  # elsewhere
    ],
)
def test_a_run_is_on_its_way_until_a_line_tells_that_it_was_there(
    line: Line, end: int, reached: int | None
) -> None:
    """`reached` is None where it is on no way any more."""
    history = History.of(
        [{"event": "epoch_ended", "step": 12, "epoch": 1}, go_back_line(12, 9, ())]
    )
    assert (history.aim, history.end, history.reached) == ((9, ()), 9, 9)
    history.add(line)
    assert history.end == end
    assert (None if history.aim is None else history.reached) == reached


def test_a_history_that_is_no_history_is_damage(train: Any, tmp_path: Path) -> None:
    train(folder=tmp_path)
    for line in (
        {"command": "dance", "step": 3},
        {"command": "go_back", "step": 3},
        {"command": "go_back", "step": 3, "to": 1, "course": [{}]},
        {"event": "epoch_ended", "epoch": 1},
        {"event": "epoch_ended", "step": 8},
        {"event": "resumed"},
        {"event": "resumed", "step": "8"},
        {"event": "checkpoint_saved", "step": None},
        {"command": "go_back", "step": 3, "to": "1", "course": []},
    ):
        (tmp_path / "journal.jsonl").write_text(json.dumps(line) + "\n")
        with pytest.raises(RunError, match=r"journal\.jsonl is damaged"):
            SavedRun.read(tmp_path).history()


class SnapshotInfo(NamedTuple):
    """A moment of the model below."""

    step: int = 0
    lineage: Lineage = ()
    epochs: tuple[str, ...] = ()
    """The results of the epochs on the way to it, by a name."""


class Model:
    """A run with epochs of four steps, simply: the way to every moment that ever was."""

    def __init__(self) -> None:
        self.way = [SnapshotInfo()]
        """All moments on the way to where it stands, this one last."""
        self.ways = [self.way]
        self.left: list[SnapshotInfo] = []
        """Where it went back."""
        self.ahead: list[SnapshotInfo] = []
        """What the journal knows of, but is made again after a crash."""
        self.lines: list[Line] = []

    @property
    def here(self) -> SnapshotInfo:
        return self.way[-1]

    def train(self, steps: int) -> None:
        for _ in range(steps):
            step, lineage, epochs = self.here
            if self.ahead:
                self._arrive(self.ahead.pop(0))
            else:
                # The same way leads to the same results.
                ended = (f"{step + 1} by {lineage}",) if step % 4 == 3 else ()
                self._arrive(SnapshotInfo(step + 1, lineage, epochs + ended))

    def _arrive(self, there: SnapshotInfo) -> None:
        if len(there.epochs) > len(self.here.epochs):
            number, name = len(there.epochs), there.epochs[-1]
            line = {"event": "epoch_ended", "epoch": number, "step": there.step, "name": name}
            self.lines.append(line)
        self.way = [*self.way, there]
        self.ways.append(self.way)

    def steer(self, value: int) -> None:
        self.train(len(self.ahead))  # until then it is held back
        step, lineage, epochs = self.here
        lineage = (*lineage, AppliedCommand(step, SetLearningRate(value)))
        self.lines.append(command_line(lineage))
        self._arrive(SnapshotInfo(step, lineage, epochs))

    def go_back(self, choice: int) -> None:
        self.train(len(self.ahead))
        self.left.append(self.here)
        self.way = self.ways[choice % len(self.ways)]
        there = self.here
        self.lines.append(go_back_line(self.left[-1].step, there.step, there.lineage))

    def save(self, _: int) -> None:
        self.lines.append({"event": "checkpoint_saved", "step": self.here.step})

    def crash(self, choice: int) -> None:
        """It is killed, and goes on from a checkpoint on the way; the rest comes again."""
        place = 1 + choice % len(self.way)
        self.ahead = [*self.way[place:], *self.ahead]
        self.way = self.way[:place]
        self.lines.append({"event": "resumed", "step": self.here.step})


DOES = st.lists(
    st.one_of(
        st.tuples(st.just(Model.train), st.integers(1, 9)),
        st.tuples(st.just(Model.steer), st.integers(1, 3)),
        st.tuples(st.just(Model.go_back), st.integers(0, 1_000)),
        st.tuples(st.just(Model.crash), st.integers(0, 1_000)),
        st.tuples(st.just(Model.save), st.just(0)),
    ),
    max_size=30,
)


@given(DOES)
def test_the_history_is_that_of_a_simple_model(does: list[tuple[Any, int]]) -> None:
    model = Model()
    for do, value in does:
        do(model, value)
        history = History.of(json.loads(json.dumps(model.lines)))
        known = (model.ahead or model.way)[-1].lineage
        assert history.lineage == known
        assert [line["name"] for line in history.epochs] == list(model.here.epochs)
        assert history.step <= model.here.step  # not every step is told of ...
        assert history.end >= max([0, *(applied.step for applied in known)])
    model.save(0)
    assert History.of(model.lines).step == model.here.step  # ... but saves are


@given(DOES)
def test_a_run_goes_on_from_no_moment_that_was_undone(does: list[tuple[Any, int]]) -> None:
    model = Model()
    for do, value in does:
        do(model, value)
    history = History.of(model.lines)
    way = {(moment.step, moment.lineage) for moment in (*model.way, *model.ahead)}
    for step, lineage, _ in {moment for each in model.ways for moment in each}:
        if history.on_lineage(
            step, lineage, history.go_back_count - 1
        ):  # saved before it went back
            assert (step, lineage) in way
    for moment in model.way:  # saved since it went back last
        assert history.on_lineage(moment.step, moment.lineage, history.go_back_count)


FIGURES = {"optimizer": "adam"} | dict.fromkeys(
    [
        *("learning_rate", "train_loss", "train_accuracy", "test_loss", "test_accuracy"),
        *("gradient_norm", "clip_rate", "seconds", "images_per_second"),
    ],
    0.5,
)


def test_a_fork_knows_its_past(config: Any, digits: Any, tmp_path: Path) -> None:
    lines: list[Line] = [
        {"event": "epoch_ended", "epoch": 1, "step": 8, **FIGURES},
        {"step": 8, "command": "set_learning_rate", "value": 0.5},  # at the end of the epoch
        {"event": "epoch_ended", "epoch": 2, "step": 16, **FIGURES},
        {"event": "test_opened", "step": 16},
    ]
    past = History.of(lines)
    parent = RunWriter(tmp_path / "parent")
    parent.path.mkdir()
    with closing(JournalFile(parent.path / "journal.jsonl")) as journal:
        for line in lines:
            journal.append(line)
    folder = RunWriter(tmp_path)
    folder.begin(config, digits.summary(), ForkedFrom(parent, 16))
    folder.close()
    history = SavedRun.read(tmp_path).history()
    assert (history.step, history.lineage, history.epochs) == (16, past.lineage, past.epochs)
    assert history.test_opened == 16
    assert SavedRun.read(tmp_path).record["forked_from"] == {"run": str(parent.path), "step": 16}
    assert [row["epoch"] for row in rows_of(tmp_path)] == ["1", "2"]
    history.go_back(8, ())
    assert history.epochs == past.epochs[:1]
