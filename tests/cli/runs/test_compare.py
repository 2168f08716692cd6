"""`digit-tui runs compare`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from support.saved_runs import MakeRun, runs, succeed, write_digits

from digit_tui.cli.evaluate_saved import SavedEvaluation
from digit_tui.cli.runs.compare import OTHER_SEEDS, Candidate, verdict
from digit_tui.data import load_dataset
from digit_tui.nn import Evaluation, Network, PredictionHistory, evaluate
from digit_tui.run.commands import (
    Stop,
)
from digit_tui.storage.run_index import find_run
from digit_tui.storage.saved_run import SavedRun


def looks(gained: int, lost: int, dataset: Any) -> tuple[Candidate, Candidate]:
    """Two looks at a thousand digits of class 1, of which the second has others right."""

    def result(letter: str, right: range) -> Candidate:
        probabilities = np.tile(np.float32([1, 0]), (1000, 1))
        probabilities[right] = [0, 1]
        labels = np.ones(1000, np.uint8)
        evaluation = Evaluation(labels, probabilities, labels * np.float32(0))
        history, weights, network = PredictionHistory(), "0" * 64, Network((4, 2))
        found = SavedEvaluation(7, 0.25, dataset, evaluation, history, weights, network)
        return Candidate(letter, found)

    return result("A", range(900)), result("C", range(lost, 900 + gained))


def test_the_difference_is_tested(digits_folder: Path) -> None:
    dataset = load_dataset(str(digits_folder), 6)
    first, second = looks(5, 11, dataset)
    assert verdict(first, None) == [
        "A  90.00% (95% interval 88.0 to 91.7), at step 7",
        "   900 of 1,000 test digits of patterns",
    ]
    assert verdict(second, first) == [
        "C  89.40% (95% interval 87.3 to 91.2), at step 7",
        "   894 of 1,000 test digits of patterns",
        "   -0.60 points (95% interval -1.43 to +0.20) against A",
        "   fixed 5, broke 11: may well be chance (p = 0.14)",
    ]
    assert verdict(*reversed(looks(2, 10, dataset)))[3].endswith("probably real (p = 0.022)")


def test_compare_shows_curves_settings_and_the_test(make_run: MakeRun, digits_folder: Path) -> None:
    good, bad = make_run("good"), make_run("bad", [(1, Stop())], learning_rate=1e-9, seed=2)
    text = succeed("compare", "good", "bad", "good")
    assert text.startswith(
        f"A  {good}\nB  {bad}\nC  {good}\n\nTest error, logarithmic:   A   B   C"
    )
    assert "Steps trained: A 16, B 1, C 16. Part of a difference may be due to that.\n" in text
    assert max(len(line) for line in text[text.index("setting") :].splitlines()) <= 80
    assert "Steps trained" not in succeed("compare", "good", "good")
    table_of = text[text.index("setting") :].split("\n\n")[0].splitlines()
    assert [row.split() for row in table_of] == [
        ["setting", "A", "B", "C"],
        ["seed", "0", "2", "0"],
        ["learning", "rate", "0.01", "1e-09", "0.01"],
    ]
    dataset = load_dataset(str(digits_folder), 6)
    right = []
    for path in (good, bad):
        network = SavedRun.read(path).checkpoint().network
        seen = evaluate(network, dataset.test_images, dataset.test_labels)
        right.append(seen.predictions == seen.labels)
    fixed, broke = int((right[1] & ~right[0]).sum()), int((right[0] & ~right[1]).sum())
    assert (fixed - broke) ** 2 / (fixed + broke) > 10.83  # chi-squared, p < 0.001
    assert f"fixed {fixed}, broke {broke}: hardly chance (p < 0.001)\nC" in text
    assert text.endswith(f"fixed 0, broke 0: no difference\n\n{OTHER_SEEDS}\n")
    assert OTHER_SEEDS not in succeed("compare", "good", "good")


def test_json_says_the_same(make_run: MakeRun, tmp_path: Path) -> None:
    good, bad = make_run("good"), make_run("bad", [(1, Stop())], learning_rate=1e-9, seed=2)
    make_run("other", data=write_digits(tmp_path / "other", seed=5))
    words = succeed("compare", "good", "bad")
    lines = succeed("compare", "good", "bad", "other", "--json").splitlines()
    first, second, third = map(json.loads, lines)
    assert [first["run"], second["run"]] == [str(good), str(bad)]
    assert (first["letter"], first["against"], third["against"]) == ("A", None, None)
    assert second["settings"]["learning rate"] == 1e-9
    assert first["settings"]["seed"] == 0
    against = second["against"]
    assert f"fixed {against['fixed']}, broke {against['broke']}: " in words
    assert f"{100 * against['difference']:+.2f} points (95% interval " in words
    assert against["difference"] == second["test_accuracy"] - first["test_accuracy"]
    low, high = against["interval"]
    assert f"(95% interval {100 * low:+.2f} to {100 * high:+.2f})" in words
    assert 0 < against["p_value"] < 0.001
    assert f"B  {100 * second['test_accuracy']:.2f}%" in words


def test_other_test_digits_cannot_be_compared(make_run: MakeRun, tmp_path: Path) -> None:
    make_run("one")
    other = write_digits(tmp_path / "other", seed=5)
    make_run("two", data=other)
    text = succeed("compare", "one", "two")
    assert text.endswith("   other test digits than A: the difference cannot be tested\n")
    both = succeed("compare", "one", "two", "--data", other)
    assert both.count("60 test digits of other\n") == 2
    assert "against A" in both


def test_equal_labels_alone_are_not_the_same_digits(make_run: MakeRun, tmp_path: Path) -> None:
    other = write_digits(tmp_path / "other", seed=5)
    twin = write_digits(tmp_path / "twin", seed=6)
    for file in other.glob("*labels*"):
        (twin / file.name).write_bytes(file.read_bytes())
    make_run("one", data=other)
    make_run("two", data=twin)
    assert "cannot be tested" in succeed("compare", "one", "two")


def test_other_sides_of_the_same_digits_can_be_compared(make_run: MakeRun) -> None:
    make_run("one")
    make_run("two", side=5)
    text = succeed("compare", "one", "two")
    assert "against A" in text
    assert "\nside " in text


def test_a_run_that_cannot_be_tested_hides_no_other(make_run: MakeRun, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        make_run(name)
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


def test_compare_wants_two_runs(make_run: MakeRun) -> None:
    make_run()
    assert runs("compare", "run").exit_code == 2
    assert runs("compare", *["run"] * 27).exit_code == 2
    assert runs("compare", "run", "missing").exit_code == 3
    assert runs("--json", "compare", "run", "run").exit_code == 2


def test_a_dataset_that_has_changed_since_is_said(make_run: MakeRun, tmp_path: Path) -> None:
    data = write_digits(tmp_path / "own", seed=0)
    path, same = make_run("one", data=data), make_run("two", data=data)
    assert succeed("compare", path, same)
    moved = write_digits(tmp_path / "new", seed=1)
    for file in moved.iterdir():
        file.replace(data / file.name)
    result = runs("compare", path, same)
    assert result.exit_code == 0
    assert result.stderr.count("it has changed since, and is measured as it is now\n") == 2
    assert result.stderr.startswith(f"digit-tui: A: {data} is not the dataset that {path} was ")
    asked = runs("compare", path, same, "--data", data)  # that is what was asked for
    assert (asked.exit_code, asked.stderr) == (0, "")
