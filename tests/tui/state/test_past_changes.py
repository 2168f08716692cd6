"""Changes of settings before a run was resumed: marked and logged as when they were made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.command_script import CommandScript
from support.model import lines

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.run.commands import (
    AddEpochs,
    Command,
    ScaleLearningRate,
    SetAugmentation,
    SetBatchSize,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    Stop,
)
from digit_tui.session.runner import Loaded
from digit_tui.training.run_request import RunRequest, resume_request
from digit_tui.tui.state.log_line import LogLine
from digit_tui.tui.state.run_model import RunModel

Script = list[tuple[int, Command]]
Sessions = Callable[..., list[RunModel]]


@pytest.fixture
def sessions(sample: Dataset, tmp_path: Path) -> Sessions:
    """What the screen knows at the end of each session of a run of 32 steps an epoch."""

    def run(*scripts: Script) -> list[RunModel]:
        opening = RunRequest(
            RunConfig(data="sample", hidden=(4,), batch_size=125, augment="none", epochs=3),
            tmp_path / "run",
        )
        models = []
        for place, script in enumerate(scripts):
            request = resume_request(tmp_path / "run") if place else opening
            model = RunModel(request.config)
            model.ingest(Loaded(sample))
            trainer = request.trainer(sample, CommandScript(script), interactive=False)
            for event in trainer.run():
                model.ingest(event)
            models.append(model)
        return models

    return run


def changes(model: RunModel) -> list[LogLine]:
    return [line for line in model.log if line.kind == "change"]


@pytest.mark.parametrize(
    "script",
    [
        [(10, ScaleLearningRate(2.0)), (40, SetLearningRate(0.01))],
        [(10, SetOptimizer("sgd")), (10, SetClipping(norm=1.0)), (32, SetAugmentation("shift"))],
        [(10, ScaleLearningRate(2.0)), (10, ScaleLearningRate(2.0)), (12, ScaleLearningRate(0.5))],
        [(10, ScaleLearningRate(2.0)), (10, ScaleLearningRate(0.5)), (12, SetLearningRate(0.3))],
        [(5, SetBatchSize(50)), (9, AddEpochs(1)), (41, SetBatchSize(500)), (43, AddEpochs(1))],
    ],
)
def test_they_are_told_as_they_were(script: Script, sessions: Sessions) -> None:
    before, after = sessions([*script, (45, Stop())], [(46, Stop())])
    assert changes(after) == changes(before) != []
    assert after.curves.marks == before.curves.marks
    texts = lines(after)
    resuming = next(place for place, text in enumerate(texts) if text.startswith("resuming"))
    assert texts.index(changes(after)[-1].text) == resuming - 1


def test_letters_go_on_after_them(sessions: Sessions) -> None:
    script: Script = [(10, ScaleLearningRate(2.0)), (40, SetAugmentation("shift")), (45, Stop())]
    later: Script = [(45, SetAugmentation("none")), (50, ScaleLearningRate(0.5)), (55, Stop())]
    _, after = sessions(script, later)
    assert [(line.mark, line.text) for line in changes(after)] == [
        ("A", "epoch 0.31: set learning rate 0.001 → 0.002"),
        ("B", "epoch 1.25: set augmentation none → shift"),
        ("C", "epoch 1.41: set augmentation shift → none"),
        ("D", "epoch 1.56: set learning rate 0.002 → 0.001"),
    ]
    assert [mark.letter for mark in after.curves.marks] == [*"ABCD"]


@pytest.mark.parametrize(("count", "folded"), [(6, 0), (7, 2), (30, 25)])
def test_of_many_the_earlier_ones_are_one_line(count: int, folded: int, sessions: Sessions) -> None:
    script: Script = [(1 + step, SetLearningRate(0.001 * (2 + step))) for step in range(count)]
    before, after = sessions([*script, (45, Stop())], [(46, Stop())])
    told = changes(after)
    if folded:
        assert told.pop(0) == LogLine("change", f"{folded} earlier changes of settings")
    assert told == changes(before)[folded:]
    assert after.curves.marks == before.curves.marks
    assert len(after.curves.marks) == count
