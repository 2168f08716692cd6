"""What a session answers to questions about digits and about what happened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.plain import CONFIG, Converse

from digit_tui.data import Dataset
from digit_tui.nn import Network
from digit_tui.run.teacher import Teacher, TeacherMember
from digit_tui.training.run_request import RunRequest


def test_looking_at_digits(converse: Converse, sample: Dataset) -> None:
    ended = converse("step 40", "mistakes 3", "mistakes 1 draw", "digit 7", "confusion", "quit")
    assert ended.run.evaluated is not None
    evaluation = ended.run.evaluated.evaluation
    wrong = evaluation.total - evaluation.correct
    when = "test digits wrong at epoch 1.25, the"
    assert ended.find(f"^{wrong} of 1,000 {when} 3 with the highest loss:$")
    losses = np.where(evaluation.predictions == evaluation.labels, -1, evaluation.losses)
    worst = int(losses.argmax())
    true, seen = evaluation.labels[worst], evaluation.predictions[worst]
    listed = ended.all(r"^digit \d+: is \d, taken for \d \(\d+\.\d%; \d: \d+\.\d%\), loss \d")
    assert listed[0].startswith(f"digit {worst}: is {true}, taken for {seen} (")
    assert listed[0] == listed[3]
    place = ended.lines.index(listed[0], ended.lines.index(listed[2]))
    drawing = ended.lines[place + 1 : place + 15]
    assert any(set(line) & set("#%@") for line in drawing)
    assert all(len(line) <= 28 and line == line.rstrip() for line in drawing)
    assert ended.all("^digit 7: is ")
    assert ended.find(r"^taken for: \d \d+\.\d%, \d \d+\.\d%, \d \d+\.\d%$")
    assert len(ended.all("^Most confused")) == 2  # asked for, and in the report


def test_what_there_is_against_a_label_is_told(
    converse: Converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digit_tui.insight.suspects.is_mnist_test", lambda labels: True)
    monkeypatch.setattr("digit_tui.insight.suspects.UNBACKED", (7, 8))
    ended = converse("digit 7", "digit 9", "mistakes 1000", "quit")
    assert len(ended.all("^label: annotators did not back the label$")) == 1
    marked = ended.all("; label: annotators did not back the label$")
    assert {line.split(":")[0] for line in marked} <= {"digit 7", "digit 8"}
    assert ended.run.evaluated is not None
    evaluation = ended.run.evaluated.evaluation
    wrong = evaluation.predictions != evaluation.labels
    assert len(marked) == np.count_nonzero(wrong[[7, 8]]) > 0


def test_all_mistakes_may_be_fewer_than_asked_for(converse: Converse) -> None:
    ended = converse("mistakes 1000000", "quit")
    assert ended.run.evaluated is not None
    wrong = ended.run.evaluated.evaluation.total - ended.run.evaluated.evaluation.correct
    assert ended.find(f"^{wrong} of 1,000 test digits wrong at epoch 0.00, all of them:$")
    assert len(ended.all("^digit ")) == wrong


def test_units_that_are_off_and_pruned_weights(converse: Converse) -> None:
    ended = converse(
        *["status", "step 20", "off 1 2", "off 1 2", "off 1 8", "prune 0.3", "status", "step 5"],
        *["on 1 2", "undo", "timeline", "quit"],
    )
    test = r"test \d+\.\d\d% → \d+\.\d\d%; fixed \d+, broke \d+: "
    off = ended.find(rf"^epoch 0\.62: unit 2 of layer 1 off: {test}")
    ended.find("^nothing changes: the setting has that value already$")
    ended.find("^units off: layer 1 has no unit 8, only 0 to 7$")
    ended.find(rf"^epoch 0\.62: pruned weights none → 30%: {test}")
    first, second = ended.all("^sample, 784-8-10, ")
    assert "off" not in first
    assert "pruned" not in first
    assert second.endswith(", 1 unit off, 30% pruned, shift")
    ended.find(rf"^epoch 0\.78: unit 2 of layer 1 on: {test}")
    ended.find("(^|; )undone: switch on unit 2 of layer 1$")
    # The snapshot has the accuracy before the command, though its step has another one by now.
    before = off.split("test ")[1].split(" ")[0]
    ended.find(rf"^\d  epoch +0\.62  step +20 +{before}  then switch off unit 2 of layer 1$")


def test_the_log_repeats_what_happened(converse: Converse) -> None:
    ended = converse("rate *2", "status", "step", "log 2", "log", "quit")
    told = [line for line in ended.lines if line.startswith(("epoch 0.00:", "paused after"))]
    change, paused = told[:2]
    assert told == [change, paused] * 3
    assert len(ended.all("^training 6,370 parameters$")) == 2  # told, and in the longer log


def test_the_teacher_is_named(converse: Converse, tmp_path: Path) -> None:
    network = Network((784, 3, 10))
    network.initialize(np.random.default_rng(0))
    teacher = Teacher((TeacherMember("one", network),))
    request = RunRequest(CONFIG, tmp_path / "run", teacher=teacher)
    ended = converse("step 2", "status", "quit", request=request)
    (status,) = ended.all("^sample, 784-8-10, ")
    assert status.endswith(", shift, teacher one")
    ended.find(r"distilled from one \(temperature 2, weight 0\.5\)")
