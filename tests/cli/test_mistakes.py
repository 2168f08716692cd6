"""`digit-tui mistakes`: its numbers, its selection, what it refuses."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner
from scipy import special, stats
from sklearn import metrics
from support.mistakes import EPOCHS, objects, succeed, tell, train

from digit_tui.cli.main import cli
from digit_tui.cli.mistakes import CSV_COLUMNS
from digit_tui.cli.subcommands import mistakes
from digit_tui.data import Dataset
from digit_tui.insight import selection
from digit_tui.nn import PredictionHistory, scale_pixels
from digit_tui.storage.saved_run import SavedRun


def test_the_numbers_are_those_of_other_programs(trained: Path, sample: Dataset) -> None:
    network = SavedRun.read(trained).checkpoint().network
    inputs = scale_pixels(sample.test_images, np.empty((1000, 784), np.float32)).astype(float)
    for layer in network.layers:
        logits = inputs @ layer.weights + layer.biases
        inputs = np.maximum(logits, 0)
    probabilities = special.softmax(logits, axis=1)
    labels = sample.test_labels
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)

    found = objects(trained, "--sort", "index")
    assert [each["index"] for each in found] == wrong.tolist()
    for each in found:
        row, true = probabilities[each["index"]], each["true"]
        assert true == labels[each["index"]]
        assert each["predicted"] == row.argmax()
        assert each["probabilities"] == pytest.approx(row, rel=1e-3, abs=1e-6)
        assert each["confidence"] == max(each["probabilities"])
        assert each["loss"] == pytest.approx(
            metrics.log_loss([true], [row], labels=range(10)), rel=1e-3, abs=1e-6
        )
        assert each["rank"] == stats.rankdata(-row)[true]
        assert each["margin"] == pytest.approx(row[true] - row.max(), abs=1e-5)
    losses = [each["loss"] for each in objects(trained)]
    assert losses == sorted(losses, reverse=True)


def test_the_history_is_that_of_the_run(trained: Path, sample: Dataset) -> None:
    history = SavedRun.read(trained).checkpoint().state.history
    looks = np.stack([predictions.copy() for _, predictions in history.walk()])
    assert len(looks) == EPOCHS
    for each in objects(trained, "--select", ""):
        right = "".join("x" if x else "." for x in looks[:, each["index"]] == each["true"])
        assert each["learned"] == (right.index("x") + 1 if "x" in right else None)
        assert each["forgotten"] == right.count("x.")
        assert each["since"] == len(right.rstrip(right[-1])) + 1
        steady = len(set(looks[-5:, each["index"]].tolist())) == 1
        wrong = each["predicted"] != each["true"]
        assert each["suspect"] == (wrong and steady and each["confidence"] >= 0.9)
        assert each["unbacked"] is False


def test_csv_says_what_json_says(trained: Path) -> None:
    text = succeed(trained, "--csv", "--select", "")
    lines = text.split("\r\n" if os.linesep == "\n" else "\n")
    assert (len(lines), lines[-1]) == (1002, "")
    rows = list(csv.DictReader(lines[:-1]))
    found = objects(trained, "--select", "")
    assert tuple(rows[0]) == CSV_COLUMNS
    for row, each in zip(rows, found, strict=True):
        assert {name: json.loads(cell or "null") for name, cell in row.items()} == {
            name: value for name, value in each.items() if name != "probabilities"
        }


def test_digits_are_selected_sorted_and_limited(trained: Path) -> None:
    everything = {each["index"]: each for each in objects(trained, "--select", "")}
    assert len(everything) == 1000
    some = objects(trained, "--select", "true=4,9 conf>0.5", "--sort", "confidence")
    assert {each["index"] for each in some} == {
        each["index"]
        for each in everything.values()
        if each["true"] in (4, 9) and each["confidence"] > 0.5
    }
    assert [each["confidence"] for each in some] == sorted(
        (each["confidence"] for each in some), reverse=True
    )
    assert objects(trained, "--limit", "3") == objects(trained)[:3]
    assert "(wrong), by loss; the first 3\n" in succeed(trained, "--limit", "3")
    assert objects(trained, "--select", "wrong right") == []
    assert succeed(trained, "--csv", "--select", "wrong right").strip() == ",".join(CSV_COLUMNS)


def test_the_orders_are_those_of_insight() -> None:
    (sort,) = (option for option in mistakes.params if option.name == "order")
    assert isinstance(sort.type, click.Choice)
    assert list(sort.type.choices) == list(selection.ORDERS)


def test_what_is_no_number_is_null(tmp_path: Path) -> None:
    folder = train(tmp_path / "run", "--optimizer", "sgd", "--lr", "1e30", status=4)
    found = objects(folder, "--select", "")
    assert len(found) == 1000
    assert all(each["learned"] is None for each in found)
    assert any(each["loss"] is None for each in found)
    assert "no number" in succeed(folder)
    assert "no number" in succeed(folder, "--html", "-")


def test_people_get_the_accuracy_and_a_table(trained: Path) -> None:
    found = objects(trained)
    facts, table = succeed(trained).split("\n\n")
    right = 1000 - len(found)
    low, high = stats.binomtest(right, 1000).proportion_ci(method="wilson")
    assert f"Accuracy  {right / 10:.2f}% (95% interval {100 * low:.1f} to {100 * high:.1f}), " in (
        facts
    )
    assert f"{right} of 1,000" in facts
    assert f"Listed    {len(found)} of 1,000 test digits (wrong), by loss" in facts
    assert f"end of epochs 1 to {EPOCHS}" in facts
    count = sum(each["suspect"] for each in found)
    assert f"{count} label{'s' * (count != 1)}, contradicted" in facts
    assert "annotators" not in facts  # the sample is not MNIST's test set
    assert max(map(len, table.splitlines())) <= 80
    head, *rows = re.sub(r"\n {40,}", " ", table).splitlines()  # long histories go on below
    assert head.split() == ["index", "true", "predicted", "confidence", "loss", "history"]
    for row, each in zip(rows, found, strict=True):
        index, true, predicted, confidence, loss, life = row.split(maxsplit=5)
        assert [int(index), int(true), int(predicted)] == [
            each[name] for name in ("index", "true", "predicted")
        ]
        assert (confidence, loss) == (f"{each['confidence']:.2%}", f"{each['loss']:.4f}")
        assert life.endswith("suspect") == each["suspect"]
        assert life.startswith("never learned" if each["learned"] is None else "first learned")


def test_labels_that_nobody_backed_are_marked(trained: Path, full_mnist: Path) -> None:
    data = ["--data", str(full_mnist)]
    found = objects(trained, *data, "--select", "unbacked", "--sort", "index")
    assert len(found) == 15
    assert all(each["unbacked"] for each in found)
    assert (found[0]["index"], found[-1]["index"]) == (947, 9729)
    wrong = objects(trained, *data)
    right = 9_985 - sum(not each["unbacked"] for each in wrong)
    text = succeed(trained, *data)
    words = " ".join(text.split())
    assert re.search(rf"Backed labels [^,]*, {right:,} of 9,985 \(15 not backed\)", words)
    assert words.count("annotators did not back the label") == sum(
        each["unbacked"] for each in wrong
    )


def test_an_evaluation_counts_the_suspects_too(trained: Path) -> None:
    count = sum(each["suspect"] for each in objects(trained))
    assert count > 1
    result = CliRunner().invoke(cli, ["evaluate", str(trained)], prog_name="digit-tui")
    assert f"  {count} label suspects" in result.stdout


def test_the_history_goes_with_the_digits_and_not_with_the_folder(
    trained: Path, tmp_path: Path, sample: Dataset
) -> None:
    same = shutil.copytree(sample.source, tmp_path / "same")
    assert objects(trained, "--data", same) == objects(trained)
    for part in ("images-idx3", "labels-idx1"):
        for name in same.glob(f"train-{part}-ubyte*"):  # to train on what one was tested on
            shutil.copy(next(same.glob(f"t10k-{part}-ubyte*")), name)
    others = objects(trained, "--data", same, "--select", "")
    assert len(others) == 1000
    for each in others:
        assert [each[name] for name in ("learned", "forgotten", "since")] == [None] * 3
        assert each["suspect"] is None
    refused = tell(trained, "--data", same, "--select", "suspect")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--select: suspect needs a history of these digits" in refused.stderr
    assert "History   none of these digits" in succeed(trained, "--data", same)


def test_held_out_digits_have_a_history_of_their_own(tmp_path: Path) -> None:
    folder = train(tmp_path / "run", "--validation", "1000", "--epochs", "1")
    assert all(each["since"] is None for each in objects(folder, "--select", ""))


def test_the_best_checkpoint_has_its_own_history(trained: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(trained, tmp_path / "run")
    shutil.copy(folder / "previous.npz", folder / "best.npz")
    assert f"end of epochs 1 to {EPOCHS}\n" in succeed(folder)
    assert "end of epoch 1\n" in succeed(folder, "--best")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--select", "sure"], 2, "--select: 'sure' is no condition"),
        (["--select", "true=12"], 2, "--select: there is no class 12"),
        (["--sort", "size"], 2, "--sort"),
        (["--limit", "0"], 2, "--limit"),
        (["--json", "--csv"], 2, "one of them"),
        (["--csv", "--html", "x"], 2, "one of them"),
        (["--data", "no-such-folder"], 3, "no-such-folder"),
        (["--best"], 3, "no best.npz"),
        (["--html", "missing/page.html"], 74, "cannot write missing/page.html: No such file"),
        (["--html", "."], 74, "cannot write .: Is a directory"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_said_in_one_line(
    arguments: list[str],
    status: int,
    words: str,
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = shutil.copytree(trained, tmp_path / "run")
    (folder / "best.npz").unlink(missing_ok=True)
    monkeypatch.chdir(tmp_path)
    result = tell("run", *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert words in result.stderr
    if status != 2 or "--select:" in words:  # click's own are made one line by the entry point
        assert result.stderr.count("\n") == 1
    assert os.listdir(tmp_path) == ["run"]


def test_a_run_that_is_none(tmp_path: Path) -> None:
    for name in ("missing", str(tmp_path)):
        result = tell(name)
        assert (result.exit_code, result.stdout) == (3, "")
        assert result.stderr.count("\n") == 1


def test_a_run_without_an_epoch_has_no_history(tmp_path: Path) -> None:
    folder = train(tmp_path / "run", "--epochs", "0")
    history = SavedRun.read(folder).checkpoint().state.history
    assert isinstance(history, PredictionHistory)
    assert ("History   none of these digits" in succeed(folder)) == (len(history) == 0)
