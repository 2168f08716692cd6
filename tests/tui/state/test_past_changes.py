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
    Fork,
    Keep,
    ScaleLearningRate,
    SetAugmentation,
    SetBatchSize,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    Stop,
    Undo,
)
from digit_tui.session.runner import Loaded
from digit_tui.storage.run_log import log_of
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.run_request import RunRequest, resume_request
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
            kept = models[-1].folder if place else None
            request = resume_request(Path(kept)) if kept is not None else opening
            model = RunModel(request.config)
            model.ingest(Loaded(sample))
            trainer = request.trainer(sample, CommandScript(script), interactive=False)
            for event in trainer.run():
                model.ingest(event)
            models.append(model)
        return models

    return run


def changes(model: RunModel) -> list[tuple[str, str]]:
    """Letter and words of each change in the log."""
    return [(line.mark, line.text) for line in model.log if line.kind == "change"]


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
    assert after.marks == before.marks
    texts = lines(after)
    resuming = next(place for place, text in enumerate(texts) if text.startswith("resuming"))
    assert texts.index(changes(after)[-1][1]) == resuming - 1


def test_screen_and_report_name_them_alike(sessions: Sessions) -> None:
    """What was undone has no letter any more."""
    undone: Script = [(10, SetOptimizer("sgd")), (12, ScaleLearningRate(2.0)), (20, Undo())]
    fork: Script = [(40, Fork((SetLearningRate(0.3),))), (48, Keep(True))]
    script = [*undone, (30, SetClipping(norm=1.0)), *fork, (50, Stop())]
    before, after = sessions(script, [(51, Stop())])
    assert [mark.letter for mark in before.marks] == [*"ABC"]
    assert after.marks == before.marks
    log = log_of(SavedRun.read(Path(str(before.folder))))
    assert [each.mark for each in log if each.kind == "command"] == [*"ABC"]
    (doubled,) = (line for line in before.log if "0.1 → 0.2" in line.text)
    assert doubled.mark == ""


def test_letters_go_on_after_them(sessions: Sessions) -> None:
    script: Script = [(10, ScaleLearningRate(2.0)), (40, SetAugmentation("shift")), (45, Stop())]
    later: Script = [(45, SetAugmentation("none")), (50, ScaleLearningRate(0.5)), (55, Stop())]
    _, after = sessions(script, later)
    assert changes(after) == [
        ("A", "epoch 0.31: set learning rate 0.001 → 0.002"),
        ("B", "epoch 1.25: set augmentation none → shift"),
        ("C", "epoch 1.41: set augmentation shift → none"),
        ("D", "epoch 1.56: set learning rate 0.002 → 0.001"),
    ]
    assert [mark.letter for mark in after.marks] == [*"ABCD"]


@pytest.mark.parametrize("count", [7, 30])
def test_all_have_their_letters(count: int, sessions: Sessions) -> None:
    script: Script = [(1 + step, SetLearningRate(0.001 * (2 + step))) for step in range(count)]
    before, after = sessions([*script, (45, Stop())], [(46, Stop())])
    assert changes(after) == changes(before)
    assert changes(after)[-1][0] == {7: "G", 30: "AD"}[count]
    assert after.marks == before.marks
    assert len(after.marks) == count
