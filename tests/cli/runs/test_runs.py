"""The `digit-tui runs` commands, on small runs that were really trained."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from math import comb
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result

from digit_tui.cli.evaluate_saved import SavedEvaluation
from digit_tui.cli.main import cli
from digit_tui.cli.runs import charts, remove
from digit_tui.cli.runs.charts import ChartStyle, NamedCurve, chart
from digit_tui.cli.runs.compare import Candidate, verdict
from digit_tui.cli.runs.listing import table
from digit_tui.cli.runs.text import human_size
from digit_tui.config import RunConfig
from digit_tui.data import load_dataset, write_idx
from digit_tui.nn import Evaluation, PredictionHistory, evaluate
from digit_tui.run.commands import (
    AddEpochs,
    AppliedCommand,
    Command,
    SetBatchSize,
    SetLearningRate,
    SetOptimizer,
    Stop,
    Undo,
)
from digit_tui.storage import run_files, run_index
from digit_tui.storage.command_records import CommandRecord, command_records_of, position
from digit_tui.storage.errors import RunError
from digit_tui.storage.lock import LOCK, Lock
from digit_tui.storage.run_index import find_run, size_of
from digit_tui.storage.run_summary import RunSummary, choice_words, differing_settings
from digit_tui.storage.run_writer import RunWriter
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.command_source import CommandScript
from digit_tui.training.trainer import Trainer

Make = Callable[..., Path]

UNSAFE = {*map(chr, range(32)), *map(chr, range(127, 160)), "\u202e"} - {"\n"}


def write_digits(folder: Path, seed: int, classes: int = 4) -> Path:
    """IDX files of 6x6 images: a pattern for each class, with noise on top."""
    generator = np.random.default_rng(seed)
    patterns = generator.integers(0, 200, (classes, 6, 6))
    folder.mkdir()
    for split, count in (("train", 230), ("t10k", 60)):
        labels = generator.integers(0, classes, count).astype(np.uint8)
        images = patterns[labels] + generator.integers(0, 56, (count, 6, 6))
        write_idx(folder / f"{split}-images-idx3-ubyte", images.astype(np.uint8))
        write_idx(folder / f"{split}-labels-idx1-ubyte", labels)
    return folder


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_digits(tmp_path_factory.mktemp("digits") / "patterns", seed=0)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for runs."""
    monkeypatch.setattr(run_files, "user_state_path", lambda *_, **__: tmp_path / "state")
    folder = run_files.runs_folder()
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def make(digits: Path, state: Path) -> Make:
    """Trains a run for two epochs of eight steps, or what a script says."""

    def train(
        path: str | Path = "run",
        script: Sequence[tuple[int, Command]] = (),
        data: Path = digits,
        **options: Any,
    ) -> Path:
        values: dict[str, Any] = {"hidden": (8,), "batch_size": 32, "epochs": 2, "side": 6}
        values |= {"optimizer": "adam", "learning_rate": 0.01, "augment": "none"}
        config = RunConfig(data=str(data), threads=1, **(values | options))
        dataset = load_dataset(config.data, config.side)
        for _ in Trainer(config, dataset, CommandScript(script), RunWriter(state / path)).run():
            pass
        return state / path

    return train


def edit(path: Path, **values: Any) -> None:
    """Change a run's record."""
    record = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps(record | values))


def runs(*arguments: str | Path, answer: str | None = None) -> Result:
    words = ["runs", *map(str, arguments)]
    result = CliRunner().invoke(cli, words, input=answer, prog_name="digit-tui")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert UNSAFE.isdisjoint(result.stdout + result.stderr)
    return result


def succeed(*arguments: str | Path) -> str:
    result = runs(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


# The list


def test_the_list_tells_what_became_of_each_run(make: Make) -> None:
    paths = {
        "finished": make("b"),
        "interrupted": make("a", [(11, Stop("interrupted"))]),
        "diverged": make("d", [(5, Stop("diverged"))]),
        "running": make("c", [(11, AddEpochs(3)), (12, Stop())], hidden=(9, 7)),
    }
    for day, path in enumerate(paths.values(), 1):
        edit(path, started=f"2026-01-0{day}T12:00:00+00:00")
    lock = Lock(paths["running"])
    head, *rows = succeed().splitlines()
    found = [json.loads(line) for line in succeed("--json").splitlines()]
    lock.release()

    assert head.split() == ["started", "data", "network", "best", "epochs", "state", "size", "name"]
    assert [row[:10] for row in rows] == [f"2026-01-0{day}" for day in (1, 2, 3, 4)]
    assert [row[head.index("state") :].split()[0] for row in rows] == list(paths)
    assert [row[head.index("name") :] for row in rows] == ["b", "a", "d", "c"]
    assert [row[head.index("epochs") :].split()[0] for row in rows] == ["2/2", "1/2", "0/2", "1/5"]
    assert [row[head.index("network") :].split()[0] for row in rows[2:]] == ["36-8-4", "36-9-7-4"]
    assert rows[2][head.index("best")] == "-"
    assert max(map(len, rows)) <= 80

    assert [each["state"] for each in found] == list(paths)
    assert [each["run"] for each in found] == [str(path) for path in paths.values()]
    assert found[3]["network"] == [36, 9, 7, 4]
    assert [(each["epochs"], each["planned_epochs"]) for each in found][3] == (1, 5)
    assert found[2]["best_test_accuracy"] is None
    epochs = SavedRun.read(paths["finished"]).history().epochs
    accuracies = [line["test_accuracy"] for line in epochs]
    assert found[0]["best_test_accuracy"] == max(accuracies)
    assert rows[0][head.index("best") :].split()[0] == f"{max(accuracies):.2%}"


def test_epochs_that_were_undone_do_not_count(make: Make) -> None:
    script = [(3, SetLearningRate(0.02)), (12, Undo()), (13, Stop())]
    path = make(script=script)
    # It went back to step 3, before the end of the first epoch, and has come to step 13 again.
    facts = RunSummary.of(SavedRun.read(path))
    assert (facts.epochs, facts.step, len(facts.curves["monitored_loss"])) == (1, 13, 1)


def test_without_runs_the_list_says_where_they_would_be(state: Path) -> None:
    assert succeed() == f"No run is saved yet; they would be in {state}\n"
    state.rmdir()
    assert succeed() == f"No run is saved yet; they would be in {state}\n"
    assert succeed("--json") == ""


def test_a_damaged_run_hides_no_other(make: Make, state: Path) -> None:
    make("good")
    (make("record") / "run.json").write_text("{")
    (make("journal") / "journal.jsonl").write_text("no line\n")
    (make("values") / "journal.jsonl").write_text('{"event": "epoch_ended", "epoch": 1}\n')
    (make("gone") / "run.json").unlink()
    (state / "empty").mkdir()  # neither this nor a file is a run
    (state / "notes.txt").write_text("mine")
    result = runs()
    assert result.exit_code == 3
    assert [line.split()[-1] for line in result.stdout.splitlines()] == ["name", "good"]
    lines = result.stderr.splitlines()
    assert len(lines) == 4
    for name, line in zip(("gone", "journal", "record", "values"), lines, strict=True):
        assert line.startswith("digit-tui: ")
        assert str(state / name) in line


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("run.json", '"classes": 4', '"classes": "many"'),
        ("run.json", '"test_images": 60', '"test_images": 0'),
        ("run.json", '"test_correct"', '"correct"'),
        ("run.json", '"started": "', '"started": "0001-01-01T00:00:00+14:00", "": "'),
        ("journal.jsonl", '"test_accuracy": ', '"test_accuracy": "x", "": '),
        ("journal.jsonl", '"epoch": 1', '"epoch": null'),
        ("journal.jsonl", '"value": 0.02', '"value": -1'),
        ("journal.jsonl", '"value": 0.02', '"value": "fast"'),
    ],
)
def test_values_that_can_not_be_are_damage(file: str, before: str, after: str, make: Make) -> None:
    path = make(script=[(3, SetLearningRate(0.02))])
    text = (path / file).read_text()
    assert before in text
    (path / file).write_text(text.replace(before, after, 1))
    with pytest.raises(RunError, match=file):
        RunSummary.of(SavedRun.read(path))
    assert runs("show", path).exit_code == 3


def test_a_file_with_two_names_counts_once(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(bytes(1000))
    os.link(tmp_path / "one", tmp_path / "two")
    (tmp_path / "three").write_bytes(bytes(500))
    assert size_of(tmp_path) == 1500
    assert size_of(tmp_path / "missing") == 0


def test_the_size_of_a_run(make: Make) -> None:
    path = make()
    assert (path / "best.npz").samefile(path / "checkpoint.npz")
    names = {"checkpoint.npz", "previous.npz", "journal.jsonl", "metrics.csv", "run.json"}
    assert {entry.name for entry in path.iterdir()} == names | {"best.npz"}
    wanted = sum((path / name).stat().st_size for name in names)
    assert json.loads(succeed("--json"))["bytes"] == wanted


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_950, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (1_630_328, "1.6 MB"),
        (123_456_789_012, "123 GB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes_for_people(count: int, words: str) -> None:
    assert human_size(count) == words


def test_names_go_below_the_rows_of_a_narrow_terminal(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make("2026-11-23_13-04-12_classic_4c374ee4")
    facts = [RunSummary.of(SavedRun.read(path))]
    assert len(table(facts)) == 2  # no terminal: one line a run
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for columns, count in (("80", 3), ("120", 2)):
        monkeypatch.setenv("COLUMNS", columns)
        lines = table(facts)
        assert len(lines) == count
        assert lines[-1].endswith(path.name)
        assert max(map(len, lines)) <= int(columns)


# Which run


def test_a_run_is_found_by_path_name_or_beginning(
    make: Make, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, fork, other = (make(name) for name in ("2026-01-01", "2026-01-01-fork-9", "2026-02-03"))
    assert find_run(str(other)) == find_run("2026-02-03") == find_run("2026-02") == other
    assert find_run("2026-01-01") == first  # though another begins like it
    assert find_run("2026-01-01-") == fork
    for name, message in {
        "2026": "may be 2026-01-01, 2026-01-01-fork-9, 2026-02-03: write more",
        "2027": "no folder '2027'",
        "": "no folder ''",
        "2026-02-03/..": "no folder",
    }.items():
        with pytest.raises(RunError, match=message):
            find_run(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "2026-02-03").mkdir()  # a path goes before a name
    assert find_run("2026-02-03") == tmp_path / "2026-02-03"
    assert runs("show", "2026-02-03").exit_code == 3


# One run


def test_show_tells_settings_commands_and_results(make: Make) -> None:
    path = make(
        script=[
            (4, SetOptimizer("sgd", 0.1)),
            (6, SetLearningRate(0.2)),
            (10, Undo()),
            (8, AddEpochs(2)),
        ],
    )
    text = succeed("show", "run")
    facts = {line[:15].strip(): line[15:] for line in text.splitlines() if line[:1].isalpha()}
    assert facts["Run"] == str(path)
    assert facts["State"].startswith("finished, ")
    assert facts["Network"] == "36-8-4"
    assert "230 training and 60 test images of 6x6 pixels" in facts["Data"]
    words = " ".join(line[15:].strip() for line in text.split("Commands")[0].splitlines())
    assert "optimizer adam → sgd, learning rate 0.01 → 0.1, weight decay 0, " in words
    assert "epochs 2 → 4" in words
    assert f"numpy {np.__version__}" in words
    lines = [line[15:] for line in text.splitlines() if " step " in line[:40]]
    assert [line.split() for line in lines] == [
        ["epoch", "0.56", "step", "4", "optimizer", "sgd", "at", "rate", "0.1"],
        ["epoch", "0.83", "step", "6", "learning", "rate", "0.2", "undone"],
        ["epoch", "1.28", "step", "10", "back", "to", "step", "6"],
        ["epoch", "1.00", "step", "8", "2", "epochs", "more"],
    ]
    assert facts["Trained"].startswith("4 of 4 epochs, 32 steps, in ")
    record = json.loads((path / "run.json").read_text())["results"]
    assert facts["Weights"] == record["weights_sha256"]
    assert facts["Test accuracy"].endswith(f"({record['test_correct']} of 60)")
    assert "Loss, logarithmic:   * test   o train\n" in text
    assert "Accuracy:   * test   o train\n" in text


def test_show_reads_a_run_elsewhere_that_has_just_begun(make: Make, tmp_path: Path) -> None:
    path = make(tmp_path / "elsewhere", [(5, Stop())])
    edit(path, state="running")  # it was killed, or goes on: the results are of an earlier end
    text = succeed("show", path)
    assert "State          interrupted" in text
    assert "Trained        0 of 2 epochs, 5 steps\n" in text
    assert "Test accuracy" not in text
    assert "Commands       none\n" in text
    assert text.count("No points yet.") == 2


def command(step: int, value: float) -> dict[str, Any]:
    return {"step": step, "command": "set_learning_rate", "value": value}


def back(step: int, to: int, *lineage: dict[str, Any]) -> dict[str, Any]:
    return {"step": step, "command": "go_back", "to": to, "course": list(lineage)}


def told(*lines: dict[str, Any]) -> list[tuple[int, str, bool]]:
    found = command_records_of(lines, batch_size=10, images=100)
    return [(each.step, each.words, each.undone) for each in found]


def test_commands_before_a_way_back_are_undone() -> None:
    one, two, three = command(5, 0.1), command(7, 0.2), command(6, 0.3)
    assert told(one, two, back(9, 6, one), three) == [
        (5, "learning rate 0.1", False),
        (7, "learning rate 0.2", True),
        (9, "back to step 6", False),
        (6, "learning rate 0.3", False),
    ]


def test_commands_that_were_taken_back_and_then_done_again_are_not_undone() -> None:
    one, two = command(5, 0.1), command(7, 0.2)
    # It went back, and then forward to where it had been.
    assert [undone for *_, undone in told(one, two, back(9, 5), back(5, 8, one, two))] == 4 * [
        False
    ]
    # The same command was given again, at the same step.
    assert [undone for *_, undone in told(one, back(9, 3), one)] == [True, False, False]


def test_a_forward_command_after_the_way_back_is_at_its_own_epoch() -> None:
    assert command_records_of([command(25, 0.1)], batch_size=10, images=100) == [
        CommandRecord(25, 2.5, "learning rate 0.1", False)
    ]


@pytest.mark.parametrize(
    ("step", "sizes", "epoch"),
    [
        (0, [], 0),
        (3, [], 0.96),  # batches of 32, 32, 32 and 4
        (4, [], 1),
        (9, [], 2.32),
        (400_000, [], 100_000),
        (4, [(4, 50)], 1),
        (5, [(4, 50)], 1.5),
        (6, [(4, 50)], 2),
        (4, [(1, 50)], 1.5),  # 32, 50, 18, then 50
        (7, [(1, 50), (3, 1000), (5, 20)], 3.4),
        (2, [(0, 100), (5, 7)], 2),
    ],
)
def test_the_epoch_of_a_step(step: int, sizes: list[tuple[int, int]], epoch: float) -> None:
    lineage = tuple(AppliedCommand(at, SetBatchSize(size)) for at, size in sizes)
    assert position(step, lineage, batch_size=32, images=100) == pytest.approx(epoch)


# Some runs against each other


def test_settings_that_differ(make: Make) -> None:
    one = make("one")
    two = make("two", [(4, SetOptimizer("sgd", 0.5))], seed=3, hidden=(5, 6), average=False)
    found = differing_settings([RunSummary.of(SavedRun.read(path)) for path in (one, two)])
    assert found == {
        "hidden layers": ["8", "5,6"],
        "averaging": ["on", "off"],
        "seed": ["0", "3"],
        "optimizer": ["adam", "adam → sgd"],
        "learning rate": ["0.01", "0.01 → 0.5"],
        "commands": ["0", "1"],
    }
    assert differing_settings([RunSummary.of(SavedRun.read(one))] * 2) == {}
    assert choice_words((None, 1.5)) == "off → 1.5"


def looks(gained: int, lost: int, dataset: Any) -> tuple[Candidate, Candidate]:
    """Two looks at a thousand digits of class 1, of which the second has others right."""

    def result(letter: str, right: range) -> Candidate:
        probabilities = np.tile(np.float32([1, 0]), (1000, 1))
        probabilities[right] = [0, 1]
        labels = np.ones(1000, np.uint8)
        evaluation = Evaluation(labels, probabilities, labels * np.float32(0))
        return Candidate(letter, SavedEvaluation(7, dataset, evaluation, PredictionHistory()))

    return result("A", range(900)), result("C", range(lost, 900 + gained))


def test_the_difference_is_tested(digits: Path) -> None:
    dataset = load_dataset(str(digits), 6)
    first, second = looks(5, 11, dataset)
    assert verdict(first, None) == [
        "A  90.00 % (95 % interval 88.0 to 91.7), 900 of 1,000 test digits of patterns, at step 7"
    ]
    assert verdict(second, first) == [
        "C  89.40 % (95 % interval 87.3 to 91.2), 894 of 1,000 test digits of patterns, at step 7",
        "   -0.60 points (95 % interval -1.43 to +0.23) against A",
        "   fixed 5, broke 11: may well be chance (p = 0.21)",
    ]
    # 2 (C(12,0) + C(12,1) + C(12,2)) / 2^12 = 2 * 79 / 4096
    assert verdict(*reversed(looks(2, 10, dataset)))[2].endswith("probably real (p = 0.039)")


def test_compare_shows_curves_settings_and_the_test(make: Make, digits: Path) -> None:
    good, bad = make("good"), make("bad", [(1, Stop())], learning_rate=1e-9, seed=2)
    text = succeed("compare", "good", "bad", "good")
    assert text.startswith(
        f"A  {good}\nB  {bad}\nC  {good}\n\nTest error, logarithmic:   A   B   C"
    )
    table_of = text[text.index("setting") :].split("\n\n")[0].splitlines()
    assert [row.split() for row in table_of] == [
        ["setting", "A", "B", "C"],
        ["seed", "0", "2", "0"],
        ["learning", "rate", "0.01", "1e-09", "0.01"],
    ]
    dataset = load_dataset(str(digits), 6)
    right = []
    for path in (good, bad):
        network = SavedRun.read(path).checkpoint().network
        seen = evaluate(network, dataset.test_images, dataset.test_labels)
        right.append(seen.predictions == seen.labels)
    fixed, broke = int((right[1] & ~right[0]).sum()), int((right[0] & ~right[1]).sum())
    tail = sum(comb(fixed + broke, count) for count in range(min(fixed, broke) + 1))
    assert 2 * tail / 2 ** (fixed + broke) < 0.001
    assert f"fixed {fixed}, broke {broke}: hardly chance (p < 0.001)\nC" in text
    assert text.endswith("fixed 0, broke 0: no difference\n")


def test_other_test_digits_can_not_be_compared(make: Make, tmp_path: Path) -> None:
    make("one")
    other = write_digits(tmp_path / "other", seed=5)
    make("two", data=other)
    text = succeed("compare", "one", "two")
    assert text.endswith("   other test digits than A: the difference cannot be tested\n")
    both = succeed("compare", "one", "two", "--data", other)
    assert both.count("60 test digits of other, ") == 2
    assert "against A" in both


def test_equal_labels_alone_are_not_the_same_digits(make: Make, tmp_path: Path) -> None:
    other = write_digits(tmp_path / "other", seed=5)
    twin = write_digits(tmp_path / "twin", seed=6)
    for file in other.glob("*labels*"):
        (twin / file.name).write_bytes(file.read_bytes())
    make("one", data=other)
    make("two", data=twin)
    assert "cannot be tested" in succeed("compare", "one", "two")


def test_other_sides_of_the_same_digits_can_be_compared(make: Make) -> None:
    make("one")
    make("two", side=5)
    text = succeed("compare", "one", "two")
    assert "against A" in text
    assert "\nside " in text


def test_a_run_that_can_not_be_tested_hides_no_other(make: Make, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        make(name)
    for file in find_run("one").glob("*.npz"):
        file.unlink()
    result = runs("compare", "one", "two", "three")
    assert result.exit_code == 3
    assert "digit-tui: A: " in result.stderr
    assert "no weights" in result.stderr
    assert "All settings are the same." in result.stdout
    assert result.stdout.count("against B") == 1
    more = write_digits(tmp_path / "more", seed=1, classes=6)
    result = runs("compare", "two", "three", "--data", more)
    assert result.exit_code == 3
    assert result.stderr.count("has 6 classes, the network knows 4") == 2


def test_compare_wants_two_runs(make: Make) -> None:
    make()
    assert runs("compare", "run").exit_code == 2
    assert runs("compare", *["run"] * 27).exit_code == 2
    assert runs("compare", "run", "missing").exit_code == 3
    assert runs("--json", "compare", "run", "run").exit_code == 2


# Charts

PLAIN = ChartStyle(60, colored=False, unicode=True)
ODD = np.array([np.nan, 0.5, np.inf, -np.inf, 1e308, 0.0, -1.0, 0.25])


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize(
    "y", [ODD, ODD[:1], ODD[1:2], ODD[[1, 1, 1]], ODD[5:6], np.array([1, 1 + 2e-16])], ids=str
)
def test_any_numbers_can_be_drawn(y: Any, log: bool) -> None:
    curve = NamedCurve("test", "*", np.arange(1.0, len(y) + 1), y)
    lines = chart("Loss:", [curve], PLAIN, log=log).splitlines()
    assert lines[0] == "Loss:   * test"
    assert max(map(len, lines)) <= 60
    assert ("No points" in lines[1]) == (not np.isfinite(y).any())


def test_a_plain_chart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "HEIGHT", 7)
    x = np.arange(1.0, 5)
    up, down = NamedCurve("up", "u", x, x / 10), NamedCurve("d", "d", x, 0.5 - x / 10)
    drawn = chart("Both:", [up, down], ChartStyle(31, colored=False, unicode=True), percent=True)
    head, *rows, line, epochs = drawn.splitlines()
    assert head == "Both:   u up   d"
    assert [row[:4] for row in rows] == ["40%┤", "30%┤", "   │", "20%┤", "10%┤"]
    assert rows[0][4:].split() == ["d", "u"]
    assert rows[-1][4] == "u"
    assert rows[-1][-1] == "d"
    assert line[3] == "└"
    assert epochs.split() == ["1", "2", "4"]


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("WT_SESSION", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert not ChartStyle.of_stdout().colored
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert ChartStyle.of_stdout().colored
    for name, value in {"NO_COLOR": "1", "TERM": "dumb"}.items():
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert not ChartStyle.of_stdout().colored
    curve = NamedCurve("test", "*", np.arange(3.0), np.arange(3.0))
    assert "\x1b[38;5;6m" in chart("Loss:", [curve], ChartStyle(40, colored=True, unicode=True))
    assert "\x1b" not in chart("Loss:", [curve], ChartStyle(40, colored=False, unicode=True))
    assert chart("Loss:", [curve], ChartStyle(40, colored=False, unicode=False)).isascii()


def test_text_that_the_reader_has_no_characters_for(make: Make) -> None:
    make(script=[(4, SetLearningRate(0.5))])
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    program = [sys.executable, "-m", "digit_tui", "runs", "show", str(find_run("run"))]
    done = subprocess.run(program, env=environment, capture_output=True, check=True, timeout=60)
    assert done.stdout.isascii()
    assert "learning rate 0.01 ? 0.5" in " ".join(done.stdout.decode().split())


# Removing


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_run_is_removed_with_what_a_killed_process_left(make: Make, state: Path) -> None:
    path = make("2026-a")
    make("2026-b")
    for name in (".run.json.x1", ".best.npz.link", ".metrics.csv.q", LOCK):
        (path / name).write_text("left")
    result = runs("rm", "2026-a", "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"Removed {path} (")
    assert names(state) == ["2026-b"]


def test_what_is_not_ours_stays(make: Make) -> None:
    path = make()
    mine = ["checkpoint.npz.bak", "my run.json", "notes.txt", "sub"]
    for name in mine[:3]:
        (path / name).write_text("mine")
    (path / "sub").mkdir()
    (path / "sub" / "run.json").write_text("mine")
    text = succeed("rm", "run", "--yes")
    assert text.endswith(f"{path} keeps files that belong to no run: {', '.join(mine)}\n")
    assert names(path) == mine
    assert succeed().startswith("No run is saved yet")
    assert runs("rm", "run", "--yes").exit_code == 3


HOLD = """
import sys
from pathlib import Path
from digit_tui.storage.lock import Lock
lock = Lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_run_in_use_stays(make: Make) -> None:
    used, free = make("used"), make("free")
    before = names(used)
    command = [sys.executable, "-c", HOLD, str(used)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        result = runs("rm", "used", "free", "--yes")
        assert result.exit_code == 2
        assert result.stderr == f"digit-tui: {used} is in use by process {holder.pid}\n"
        assert not free.exists()
        assert "running" in succeed()
        holder.kill()
    assert names(used) == sorted([*before, LOCK])


def test_what_is_no_run_stays(make: Make, state: Path, tmp_path: Path) -> None:
    (state / "empty").mkdir()
    folder = tmp_path / "another program's"
    folder.mkdir()
    for name in ("run.json", "metrics.csv", "checkpoint.npz"):
        (folder / name).write_text("{}")
    (tmp_path / "file").write_text("no folder")
    outside = make(tmp_path / "outside")
    (outside / "run.json").write_text("{}")  # damaged, or not ours: nobody knows
    for name in (folder, tmp_path / "file", outside, "empty", "missing", state, tmp_path):
        result = runs("rm", name, "--yes")
        assert result.exit_code == 3
        assert result.stdout == ""
        assert result.stderr.count("\n") == 1
    assert len(names(folder)) == 3
    assert len(names(outside)) == 6


def test_a_damaged_run_in_the_state_directory_can_be_removed(make: Make, state: Path) -> None:
    (make("one") / "run.json").write_text("{")
    (make("two") / "run.json").unlink()
    succeed("rm", "one", "two", "one", "--yes")
    assert names(state) == []


def test_rm_asks(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    path, other = make(), make("other")
    result = runs("rm", "run")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--yes" in result.stderr
    assert path.exists()
    monkeypatch.setattr(remove, "can_ask", lambda: True)
    for answer in ("\n", "n\n"):
        result = runs("rm", "run", "other", answer=answer)
        assert (result.exit_code, result.stdout) == (0, "")
        assert f"Remove {path} (" in result.stderr
        assert path.exists()
    result = runs("rm", "run", answer="y\n")
    assert result.exit_code == 0
    assert not path.exists()
    assert other.exists()


def test_a_disk_that_refuses(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = make("bad"), make("good")
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path == bad / "metrics.csv":
            raise PermissionError(13, "Permission denied", str(path))
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    result = runs("rm", "bad", "good", "--yes")
    assert result.exit_code == 74
    wanted = f"digit-tui: cannot remove {bad / 'metrics.csv'}: Permission denied\n"
    assert result.stderr == wanted
    assert not good.exists()
    monkeypatch.undo()
    monkeypatch.setattr(run_index, "runs_folder", lambda: bad.parent)
    assert names(bad) == ["journal.jsonl", "metrics.csv", "run.json"]  # still a run: try again
    remove.remove_runs([str(bad)], sure=True)
    assert not bad.exists()


def test_a_full_disk_can_be_emptied(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path / LOCK))

    monkeypatch.setattr(run_index, "Lock", full)  # it writes a file
    succeed("rm", "run", "--yes")
    assert not path.exists()


# Names


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_hostile_names_do_not_reach_the_terminal(make: Make, state: Path) -> None:
    name = "a\x1b[31m\nb\x9b\u202e"
    path = make(name)
    record = json.loads((path / "run.json").read_text())
    record["data"]["name"] = record["versions"]["numpy"] = "x\x1b]0;title\x07"
    edit(path, data=record["data"], versions=record["versions"] | {"\x1b": "\x1b"})
    shown = "a?[31m?b??"
    assert shown in succeed()
    assert shown in succeed("show", path)
    assert json.loads(succeed("--json"))["name"] == name
    result = runs("compare", path, path)
    assert shown in result.stdout
    (path / "run.json").write_text("{")
    for result in (runs(), runs("show", path), runs("compare", path, path)):
        assert result.exit_code == 3
        assert shown in result.stderr
        assert result.stderr.count("\n") == 1
    (path / "mine\x1b").write_text("mine")
    assert "mine?" in succeed("rm", path, "--yes")
    assert runs("rm", name, "--yes").exit_code == 3


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are no text")
def test_names_that_are_no_text(make: Make) -> None:
    path = make(os.fsdecode(b"\xffrun"))
    assert "?run" in succeed()
    assert json.loads(succeed("--json"))["name"] == os.fsdecode(b"\xffrun")
    assert "?run" in succeed("show", path)
    assert "?run" in succeed("rm", path, "--yes")


# What the program imports

PROGRAM = """
import atexit, sys
from pathlib import Path
atexit.register(lambda: Path(sys.argv.pop()).write_text("\\n".join(sys.modules)))
from digit_tui.cli.main import cli
cli(sys.argv[1:-1], prog_name="digit-tui")
"""


@pytest.mark.parametrize(("arguments", "draws"), [([], False), (["show", "RUN"], True)], ids=str)
def test_only_charts_import_plotext(
    arguments: list[str], draws: bool, make: Make, tmp_path: Path
) -> None:
    words = ["runs", *(str(make()) if word == "RUN" else word for word in arguments)]
    listing = tmp_path / "modules"
    command = [sys.executable, "-c", PROGRAM, *words, str(listing)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    modules = {name.split(".")[0] for name in listing.read_text().splitlines()}
    assert ("plotext" in modules) == draws
    assert modules.isdisjoint({"textual", "textual_plotext", "rich"})


def test_help_names_the_commands() -> None:
    group = cli.commands["runs"]
    assert isinstance(group, click.Group)
    assert set(group.commands) == {"show", "compare", "rm"}
    assert all(word in succeed("--help") for word in group.commands)
