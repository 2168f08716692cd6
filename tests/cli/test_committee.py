"""`digit-tui committee`, and `--with`: runs that predict together."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.cli import Ended, Program
from support.mistakes import Page
from support.networks import runtime_outputs
from support.saved_runs import MakeRun, write_digits

from digit_tui import manual
from digit_tui.data import Dataset, load_dataset
from digit_tui.export.trained_network import TrainedNetwork
from digit_tui.insight.calibration import calibrated
from digit_tui.insight.significance import mcnemar_test, wilson_interval
from digit_tui.nn import evaluate
from digit_tui.run.commands import Stop
from digit_tui.storage.calibration_file import Calibration, write_calibration
from digit_tui.storage.saved_run import SavedRun

TEMPERATURE = 2.5


@pytest.fixture
def three(make_run: MakeRun, digits_folder: Path) -> list[Path]:
    """Runs of other networks, the second with a temperature."""
    runs = [
        make_run(name, hidden=hidden, seed=seed, epochs=1, batch_size=115)
        for seed, (name, hidden) in enumerate((("one", (4,)), ("two", (5, 4)), ("three", (6,))))
    ]
    sha256 = SavedRun.read(runs[1]).checkpoint().state.weights_sha256
    values = (2, sha256, 30, 0, TEMPERATURE, 0.1, 0.1, 0.2, 0.2, None)
    write_calibration(runs[1], Calibration(*values))
    return runs


@pytest.fixture(scope="module")
def patterns(digits_folder: Path) -> Dataset:
    return load_dataset(str(digits_folder), 6)


def expected(runs: list[Path], dataset: Dataset) -> tuple[Any, Any]:
    """The probabilities of the committee, and the predictions of its members."""
    found = [
        evaluate(
            SavedRun.read(run).checkpoint().network, dataset.test_images, dataset.test_labels
        ).probabilities
        for run in runs
    ]
    tempered = [
        calibrated(found[1], TEMPERATURE) if at == 1 else each for at, each in enumerate(found)
    ]
    return np.mean(tempered, axis=0), np.array([each.argmax(axis=1) for each in found])


def words(runs: list[Path]) -> list[str]:
    """The first run, and the others as options."""
    first, *others = map(str, runs)
    return [first, *(word for each in others for word in ("--with", each))]


def test_what_is_measured(three: list[Path], patterns: Dataset, program: Program) -> None:
    probabilities, members = expected(three, patterns)
    labels = patterns.test_labels
    right, each_right = probabilities.argmax(axis=1) == labels, members == labels
    done = program("committee", *map(str, three), "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    (told,) = re.findall(r"^\| `--json` \| (.*) \|$", manual.read("committee"), re.MULTILINE)
    fields = [*found, *found["members"][0], *found["against_best"]]
    assert {*re.findall("`([a-z_]+)`", told)} == {*fields}
    assert [each["test_correct"] for each in found["members"]] == each_right.sum(axis=1).tolist()
    assert [each["temperature"] for each in found["members"]] == [None, TEMPERATURE, None]
    assert [each["network"] for each in found["members"]] == [[36, 4, 4], [36, 5, 4, 4], [36, 6, 4]]
    assert found["test_correct"] == right.sum()
    assert found["interval"] == [*wilson_interval(int(right.sum()), 60)]
    best = int(each_right.sum(axis=1).argmax())
    fixed, broke = (
        int((a & ~b).sum()) for a, b in ((right, each_right[best]), (each_right[best], right))
    )
    against = found["against_best"]
    assert (against["letter"], against["fixed"], against["broke"]) == ("ABC"[best], fixed, broke)
    assert against["p_value"] == mcnemar_test(fixed, broke)
    assert found["agreement"] == (members == members[0]).all(axis=0).mean()
    assert found["mistakes"] == np.flatnonzero(~right).tolist()
    assert found["all_wrong"] == np.flatnonzero(~right & ~each_right.any(axis=0)).tolist()


def test_for_people(three: list[Path], program: Program) -> None:
    done = program("committee", *map(str, three))
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:3] == [f"{letter}  {run}" for letter, run in zip("ABC", three, strict=True)]
    titles = [line[:15].strip() for line in lines[4:] if line[:15].strip()]
    assert titles[:5] == ["Data", "A", "B", "C", "Committee"]
    assert titles[5].startswith("Against ")
    assert titles[6:] == ["Agreement", "Vote", "Mistakes"]
    assert "temperature 2.5" in done.stdout
    assert "flatters" in done.stdout
    assert lines[-1].split() == ["digit-tui", "mistakes", "one", "--with", "two", "--with", "three"]


def test_its_mistakes_are_listed_and_drawn(
    three: list[Path], patterns: Dataset, program: Program, tmp_path: Path
) -> None:
    probabilities, members = expected(three, patterns)
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != patterns.test_labels)
    assert len(wrong)
    asked = ["mistakes", *words(three), "--sort", "index"]
    records = [json.loads(line) for line in program(*asked, "--json").stdout.splitlines()]
    assert [each["index"] for each in records] == wrong.tolist()
    assert [each["members"] for each in records] == members[:, wrong].T.tolist()
    for each in records:
        assert each["probabilities"] == pytest.approx(probabilities[each["index"]], abs=1e-6)
    rows = list(csv.DictReader(program(*asked, "--csv").stdout.split("\n")))
    assert [row["members"] for row in rows] == [
        " ".join(map(str, each["members"])) for each in records
    ]
    assert {row["suspect"] for row in rows} == {""}  # a committee has no history
    assert {each["suspect"] for each in records} == {None}
    text = program(*asked).stdout
    assert "loss  members\n" in text
    page = tmp_path / "page.html"
    assert program(*asked, "--html", str(page)).exit_code == 0
    read = Page(page.read_text())
    assert len(read.all("img")) == len(wrong)
    assert "members" in read.text_of("button")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--select", "true=1 suspect"), "--select: suspect needs the history of one run"),
        (("--select", "forgotten>=1"), "wrong right allwrong unbacked"),
        (("--sort", "broken"), "a committee is sorted by loss, confidence, index"),
        (("--select", "sure"), "wrong right allwrong unbacked"),
    ],
)
def test_what_needs_a_history_is_refused(
    asked: tuple[str, str], said: str, three: list[Path], program: Program
) -> None:
    assert said in one_line(program("mistakes", *words(three), *asked), 2)


def test_it_reads_pictures(
    three: list[Path], patterns: Dataset, program: Program, tmp_path: Path
) -> None:
    pixels = np.full((40, 40), 255, np.uint8)
    pixels[8:32, 16:22] = 0
    Image.fromarray(pixels).save(tmp_path / "one.png")
    file = str(tmp_path / "one.png")

    def read(*arguments: str) -> dict[str, Any]:
        done = program("predict", *arguments, "--json")
        assert (done.exit_code, done.stderr) == (0, "")
        digit: dict[str, Any] = json.loads(done.stdout)["digits"][0]
        return digit

    alone = [np.array(read(str(run), file, "--always")["probabilities"]) for run in three]
    first, *others = words(three)
    together = read(first, file, *others)
    assert together["probabilities"] == pytest.approx(np.mean(alone, axis=0), abs=1e-6)
    assert isinstance(together["answer"], list)
    assert read(first, file, *others, "--always")["answer"] is None


def test_it_is_one_onnx_file(
    three: list[Path], patterns: Dataset, program: Program, tmp_path: Path
) -> None:
    path = tmp_path / "committee.onnx"
    first, *others = words(three)
    done = program("export", first, str(path), *others)
    assert (done.exit_code, done.stderr) == (0, "")
    told = done.stdout.split("\n")
    assert "digit-tui committee one two three" in told[2]
    members = [line.split()[:2] for line in told if line.endswith(tuple(map(str, three)))]
    assert members == [[letter, str(run)] for letter, run in zip("ABC", three, strict=True)]
    inputs = patterns.test_images.astype(np.float32) / 255
    outputs = runtime_outputs(path, inputs)
    assert list(outputs) == ["probabilities"]
    wanted, _ = expected(three, patterns)
    assert outputs["probabilities"] == pytest.approx(wanted, abs=1e-5)
    assert np.array_equal(outputs["probabilities"].argmax(axis=1), wanted.argmax(axis=1))
    found = json.loads(program("export", first, str(path), *others, "--json").stdout)
    assert [each["run"] for each in found["members"]] == [*map(str, three)]
    import onnx

    facts = {each.key: each.value for each in onnx.load(path).metadata_props}
    saved = SavedRun.read(three[1])
    trained, _ = TrainedNetwork.of(saved, saved.checkpoint())
    assert json.loads(facts["members"])[1] == trained.facts
    refused = program("import", str(path))
    assert (refused.exit_code, refused.stderr.count("\n")) == (3, 1)
    refused = program("export", first, str(tmp_path / "c.npz"), *others)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "a committee is written as .onnx alone" in refused.stderr


def one_line(done: Ended, status: int) -> str:
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (status, "", 1)
    return done.stderr


def test_what_is_no_committee(
    three: list[Path], make_run: MakeRun, program: Program, tmp_path: Path
) -> None:
    one, two, _ = map(str, three)
    assert "2 to 26 runs, not 1" in one_line(program("committee", one), 2)
    assert "A and C are the same run, one" in one_line(program("committee", one, two, "one"), 2)
    many = str(make_run("many", data=write_digits(tmp_path / "many", seed=0, classes=5)))
    assert "A tells 4 classes apart, B (many) 5" in one_line(program("committee", one, many), 3)
    large = str(make_run("large", side=7))
    assert "A reads images of 6 pixels a side, B (large) of 7" in one_line(
        program("committee", one, large), 3
    )
    others = write_digits(tmp_path / "others", seed=9)
    other = str(make_run("other", data=others))
    assert "say with --data which ones" in one_line(program("committee", one, other), 3)
    assert program("committee", one, other, "--data", str(others)).exit_code == 0
    shutil.rmtree(tmp_path / "others")
    assert one_line(program("committee", one, other), 3)
    assert one_line(program("committee", one, str(tmp_path / "nothing")), 3)


def test_a_diverged_member_is_named(three: list[Path], make_run: MakeRun, program: Program) -> None:
    broken = make_run("broken", [(1, Stop())], optimizer="sgd", learning_rate=1e30)
    said = one_line(program("committee", str(three[0]), str(broken)), 3)
    assert "B (broken) has diverged by step 1" in said


def test_what_its_screen_needs_is_said(three: list[Path], program: Program) -> None:
    names = [*map(str, three)]
    for words, told in (
        (["--show", "--json"], "--json or --show: only one of them"),
        (["--theme", "light"], "--theme is for --show only"),
        (["--show"], "without --show it is told in lines"),
    ):
        done = program("committee", *names, *words)
        assert (done.exit_code, done.stdout) == (2, "")
        assert told in done.stderr
