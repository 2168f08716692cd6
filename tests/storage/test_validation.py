"""Files of a run whose content is wrong: one line with the file, the line and the field."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.checkpoints import archive, replace_file, signed
from support.saved_runs import MakeRun, runs

from digit_tui.run.commands import GoBack, SetLearningRate
from digit_tui.storage.checkpoint import read_checkpoint
from digit_tui.storage.errors import RunError
from digit_tui.storage.saved_run import SavedRun


@pytest.fixture
def run(make_run: MakeRun) -> Path:
    return make_run(script=[(3, SetLearningRate(0.02)), (5, GoBack(3, ()))])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"step": 3, "command": "set_learning_rate", "value": "fast"}', "value: 'fast' is not a"),
        (b'{"step": 3, "command": ["set_learning_rate"], "value": 1}', "command: a list is no"),
        (b'{"step": true, "command": "set_batch_size", "value": 8}', "step: true is not a whole"),
        (b'{"step": 3, "command": "set_batch_size", "value": 0}', "value: 0 is not a whole"),
        (b'{"step": 3, "command": "go_back", "to": 1, "course": [7]}', "course.0.command: null"),
        (b'{"event": "checkpoint_saved"}', "step: it is missing"),
        (b'{"event": "epoch_ended", "epoch": 1}', "step: it is missing"),
        (b"[" * 200_000, "it is nested too deeply"),
        (b'{"a":' * 200_000, "it is nested too deeply"),
        (b'{"x": "' + b"y" * (5 << 20) + b'"}', "it is longer than 4,194,304 bytes"),
        (b'{"event": "other", "x": 1e999}', "'x': inf is not a finite number"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_line_of_the_journal(line: bytes, words: str, run: Path) -> None:
    good = (run / "journal.jsonl").read_bytes()
    number = good.count(b"\n") + 1
    (run / "journal.jsonl").write_bytes(good + line + b"\n")
    result = runs("show", run)
    assert (result.exit_code, result.stdout) == (3, "")
    wanted = f"digit-tui: {run / 'journal.jsonl'} is damaged: line {number}: {words}"
    assert result.stderr.startswith(wanted)
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda record: record["config"].update(seed="0"),
            "config.seed: '0' is not a whole number",
        ),
        (lambda record: record["config"].update(hidden=[10**9]), "config.hidden: 1000000000 is"),
        (lambda record: record["config"].update(more=1), "config.more: unknown setting"),
        (lambda record: record["data"].update(classes="4"), "data.classes: '4' is not a whole"),
        (lambda record: record.update(results=[]), "results: a list is not an object"),
        (lambda record: record["results"].update(test_total=0), "results.test_total: 0 is not"),
        (lambda record: record.update(started="0001-01-01T00:00:00+14:00"), "started: '0001-01-0"),
        (lambda record: record.update(versions={"numpy": 2}), "versions.0: 2 is not a text"),
    ],
)
def test_a_record(change: Callable[[Any], Any], words: str, run: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    change(record)
    (run / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunError) as caught:
        SavedRun.read(run)
    start = f"{run / 'run.json'} is damaged, or no record of a run: {words}"
    assert str(caught.value).startswith(start)
    assert runs("show", run).exit_code == 3
    assert runs().exit_code == 3  # a clock of another century hides no other run


def about_of(arrays: dict[str, Any]) -> Any:
    return json.loads(arrays["about"].tobytes())


def told(arrays: dict[str, Any], **values: Any) -> dict[str, Any]:
    text = json.dumps(about_of(arrays) | values).encode()
    return arrays | {"about": np.frombuffer(text, np.uint8)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: told(a, sizes=["36", "8", "4"]), "sizes: it is not [36, 8, 4]"),
        (lambda a: told(a, cursor=10**6), "tally.images: it is not 1000000"),
        (lambda a: told(a, step="7"), "step: '7' is not a whole number"),
        (lambda a: told(a, epoch=-1), "epoch: -1 is not a whole number"),
        (lambda a: told(a, accuracy="high"), "accuracy: 'high' is not a number"),
        (lambda a: told(a, best_accuracy=None), "best_accuracy: null is not a number"),
        (lambda a: told(a, course=[{"step": 10**9}]), "course.0.command: null is no command"),
        (lambda a: told(a, settings={}), "settings.optimizer: it is missing"),
        (lambda a: told(a, settings=about_of(a)["settings"] | {"x": 1}), "settings: there is a"),
        (lambda a: told(a, tally=about_of(a)["tally"] | {"loss": "x"}), "tally.loss: 'x' is not"),
        (lambda a: told(a, slot_steps=10**6), "slot_steps: 1,000,000 is not a whole number"),
        (lambda a: a | {"parameters": a["parameters"][:-1]}, "parameters: its shape is (331,), n"),
        (lambda a: a | {"parameters": a["parameters"].astype("i4")}, "parameters: it has elements"),
        (lambda a: a | {"average": a["average"][None]}, "average: its shape is (1, 332), not"),
        (lambda a: a | {"slots": a["slots"][:1]}, "slots: its shape is (1, 332), not (2, 332)"),
        (lambda a: a | {"history_counts": a["history_counts"] - 70}, "history: the predictions"),
        (lambda a: a | {"history_digits": a["history_digits"] + 1}, "history: the predictions"),
        (lambda a: a | {"history_stride": np.array(0)}, "history: the predictions"),
    ],
)
def test_a_checkpoint_whose_sum_is_right(
    change: Callable[[Any], dict[str, Any]], words: str, run: Path
) -> None:
    path = run / "checkpoint.npz"
    with np.load(path) as file:
        arrays = dict(file)
    replace_file(path, signed(archive(**change(arrays))))
    saved = SavedRun.read(run)
    list(saved.checkpoints())  # the others are used instead
    (complaint,) = saved.complaints
    assert complaint.startswith(f"{path} is no checkpoint of this program: {words}")


def test_a_bomb_is_not_unpacked(run: Path) -> None:
    path = run / "checkpoint.npz"
    with np.load(path) as file:
        arrays = dict(file)
    content = io.BytesIO()
    np.savez_compressed(content, **arrays | {"parameters": np.zeros(1 << 24, np.float32)})
    assert len(content.getvalue()) < 1 << 17
    replace_file(path, signed(content.getvalue()))
    with pytest.raises(RunError, match="about: it is compressed"):
        read_checkpoint(path)
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as file:
        for number in range(1_000):
            file.writestr(f"{number}.npy", b"")
    replace_file(path, signed(many.getvalue()))
    with pytest.raises(RunError, match="directory: it has too many entries"):
        read_checkpoint(path)
    replace_file(path, bytes(8 << 20))
    list((saved := SavedRun.read(run)).checkpoints())
    assert "bytes, at most" in saved.complaints[0]
