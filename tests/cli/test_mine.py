"""`digit-tui data mine`, and runs on one's own drawings and on folders of pictures."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from support.cli import SMALL, run
from support.drawn_digits import page
from support.own_digits import keep, own_folder
from support.pictures import write_picture, write_pictures

from digit_tui.cli.main import cli
from digit_tui.cli.mine import parse_numbers
from digit_tui.data import add_own_digits, read_own, read_own_digits, remove_own_digits
from digit_tui.nn import fine_tuning

__all__ = ["own_folder"]


@pytest.fixture
def digits(own_folder: Path, sample: Any) -> int:
    """Keeps 15 digits of the sample, of three labels; returns how many are to test."""
    places = [np.flatnonzero(sample.train_labels == label)[:5] for label in range(3)]
    chosen = np.concatenate(places)
    images = sample.train_images[chosen].reshape(-1, 28, 28)
    return add_own_digits(images, sample.train_labels[chosen].tolist()) // 5


def small(*arguments: str, data: str = "mine") -> Any:
    options = [data if option == "sample" else option for option in SMALL]
    return run(*options, "--threads", "1", *arguments)


def test_drawings_are_added_listed_drawn_and_removed(
    own_folder: Path, tmp_path: Path, sample: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = run("data", "mine")
    assert (result.exit_code, result.stdout) == (0, f"0 drawings in {own_folder}\n")
    files = []
    for number in range(3):
        files += ["--add", str(tmp_path / f"{number}.png")]
        write_picture(Path(files[-1]), sample.train_images[number].reshape(28, 28))
    result = run("data", "mine", *files, "--label", "7")
    assert (result.exit_code, result.stdout) == (0, "Kept 3 drawings with the label 7; 3 in all\n")
    result = run("data", "mine", *files[:2], "--label", "7")
    assert "letters" not in result.stdout
    assert "Kept 0 drawings with the label 7 (1 there before); 3 in all" in result.stdout
    result = run("data", "mine", *files[:2], "--label", "12")
    assert "letters: runs on digits leave them out\n" in result.stdout
    run("data", "mine", *files[:2], "--label", "7")
    for label, before in (("8", "7"), ("7", "8")):
        result = run("data", "mine", *files[:2], "--label", label)
        assert result.stdout == (
            f"Kept 1 drawing with the label {label}; 3 in all\n{files[1]}: its label was {before}\n"
        )
    assert np.array_equal(read_own_digits()[0].reshape(3, 784), sample.train_images[:3])
    keep([4], seed=8)
    lines = run("data", "mine").stdout.splitlines()
    assert lines.pop().endswith("teach and evaluate take them all")
    assert [line.split() for line in lines[1:]] == [
        ["label", "training", "test"],
        ["4", "1", "0"],
        ["7", "2", "1"],
    ]
    drawn = run("data", "show", "--data", "mine")
    captions = [line.split() for line in drawn.stdout.splitlines() if line.startswith("#")]
    assert captions[0] == ["#0", "label", "7", "#1", "label", "7"]
    assert captions[1] == ["#2", "label", "7", "test", "#3", "label", "4"]
    assert "shows more" not in drawn.stdout
    for count, index in ((2, 0), (1, 2)):
        arguments = ("--count", str(count), "--index", str(index))
        part = run("data", "show", "--data", "mine", *arguments).stdout.splitlines()[-1]
        assert part == f"{count} of 4; --index {index + count} shows more"
    only = run("data", "show", "--data", "mine", "--set", "test").stdout
    assert only.startswith("#2  label 7  test")
    assert "test digit" not in only
    result = run("data", "mine", "--remove", "0, 2-3", "--yes")
    assert (result.exit_code, result.stdout) == (0, "Removed 3 drawings; 1 left\n")
    assert run("data", "show", "--data", "mine", "--set", "test").exit_code == 3
    assert "mine" in run("data").stdout


def test_a_picture_of_several_digits_is_refused(own_folder: Path, tmp_path: Path) -> None:
    many, one = tmp_path / "many.png", tmp_path / "one.png"
    page("1234", 60, 6).save(many)
    page("5", 60, 6).save(one)
    add = ("data", "mine", "--label", "5", "--add")
    result = run(*add, str(one), "--add", str(many))
    assert (result.exit_code, result.stdout) == (3, "")
    words = "it holds 4 digits; give a picture of each, or --single if it is one"
    assert result.stderr == f"digit-tui: {many}: {words}\n"
    assert run(*add, str(one)).exit_code == run(*add, str(many), "--single").exit_code == 0
    assert read_own_digits()[1].tolist() == [5, 5]


def test_removing_asks_first(digits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run("data", "mine", "--remove", "1")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "add --yes" in result.stderr
    monkeypatch.setattr("digit_tui.cli.mine.can_ask", lambda: True)
    asked = []
    for answer in (False, True):

        def confirmed(question: str, answer: bool = answer) -> bool:
            asked.append(question)
            return answer

        monkeypatch.setattr("digit_tui.cli.mine.confirmed", confirmed)
        assert run("data", "mine", "--remove", "1").exit_code == 0
        assert len(read_own_digits()[1]) == 15 - answer
    assert run("data", "mine", "--remove", "7,4-5").exit_code == 0
    assert run("data", "mine", "--remove", "0-10").exit_code == 0
    one, three = "Remove #1, a 0?", "Remove 3 drawings: #4 a 1, #5 a 1, #7 a 1?"
    assert asked[:3] == [one, one, three]
    assert asked[3].endswith("#6 a 2, #7 a 2 and 3 more?")


@pytest.mark.parametrize(
    ("answers", "sure"), [("y", True), ("YES", True), ("", False), ("n", False), ("maybe\ny", True)]
)
def test_a_question_is_answered_with_yes_or_no(
    answers: str, sure: bool, digits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digit_tui.cli.mine.can_ask", lambda: True)
    result = CliRunner().invoke(cli, ["data", "mine", "--remove", "1"], input=f"{answers}\n")
    assert result.stderr.startswith("Remove #1, a 0? [y/N]: ")
    assert ("Answer y for yes or n for no.\n" in result.stderr) == ("maybe" in answers)
    assert (result.exit_code, len(read_own_digits()[1])) == (0, 15 - sure)


@pytest.mark.parametrize("count", [0, 1])
def test_how_few_there_are_is_said(own_folder: Path, count: int) -> None:
    if count:
        keep([3])
    words = "there is only one drawing: #0" if count else "there are no drawings"
    assert words in run("data", "mine", "--remove", "1", "--yes").stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--add", "x.png"], 2, "--add and --label need each other"),
        (["--label", "3"], 2, "--add and --label need each other"),
        (["--add", "x.png", "--label", "47"], 2, "--label"),
        (["--add", "x.png", "--label", "3", "--remove", "1"], 2, "not both"),
        (["--yes"], 2, "--remove only"),
        (["--single"], 2, "--add only"),
        (["--remove", "15", "--yes"], 2, "there are 15 drawings: #0 to #14"),
        (["--remove", "abc"], 2, "such as 3,5-7"),  # rather than that --yes is missing
        (["--remove", "1;2", "--yes"], 2, "such as 3,5-7"),
        (["--remove", "3-1"], 2, "in 3-1 the first number is the larger: give 1-3"),
        (["--add", "no-such.png", "--label", "3"], 3, "no-such.png"),
    ],
)
def test_what_cannot_be_done_is_told(
    arguments: list[str], status: int, words: str, digits: int
) -> None:
    result = run("data", "mine", *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1 or status == 2  # click's usage has three
    assert len(read_own_digits()[1]) == 15


def test_a_blank_picture_adds_nothing(own_folder: Path, tmp_path: Path, sample: Any) -> None:
    write_picture(tmp_path / "a.png", sample.train_images[0].reshape(28, 28))
    write_picture(tmp_path / "blank.png", np.full((50, 50), 255, np.uint8))
    files = [str(tmp_path / name) for name in ("a.png", "blank.png")]
    result = run("data", "mine", "--add", files[0], "--add", files[1], "--label", "3")
    assert result.exit_code == 3
    assert "blank.png: no ink is found in it" in result.stderr
    assert len(read_own_digits()[1]) == 0


def test_a_disk_that_refuses_is_told_as_the_disk(
    digits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("digit_tui.data.own_digits.write_plain_idx", full)
    result = run("data", "mine", "--remove", "1", "--yes")
    assert (result.exit_code, result.stdout) == (74, "")
    assert os.strerror(28) in result.stderr


def test_numbers_and_ranges() -> None:
    assert parse_numbers("3,5-7, 6 ,0", 8) == [0, 3, 5, 6, 7]
    for wrong in ("", "1,", "-1", "1-", "a", "²", "1-2-3"):
        with pytest.raises(ValueError, match="such as"):
            parse_numbers(wrong, 8)


def test_a_run_on_drawings_goes_on_after_others_were_added(digits: int, tmp_path: Path) -> None:
    folder = str(tmp_path / "run")
    result = small("--run", folder)
    assert result.exit_code == 0
    assert "mine: one of five drawings of each label is a test digit: 12 to train on, 3" in (
        result.stderr
    )
    keep([0, 1, 2] * 2, seed=4)
    longer = run("--batch", "--resume", folder, "--json")
    assert longer.exit_code == 0
    own = run("evaluate", folder, "--data", "mine", "--json")
    assert json.loads(own.stdout)["test_total"] == read_own().tested.sum() == 3
    remove_own_digits([0])
    result = run("--batch", "--resume", folder)
    assert result.exit_code == 3
    assert "is not the dataset that" in result.stderr


def test_a_network_that_has_seen_no_drawing_is_measured_on_all(digits: int, tmp_path: Path) -> None:
    folder = str(tmp_path / "run")
    assert small("--run", folder, data="sample").exit_code == 0
    result = run("evaluate", folder, "--data", "mine", "--json")
    assert json.loads(result.stdout)["test_total"] == 15
    assert "mine: all 15 drawings to test" in result.stderr
    assert json.loads(result.stdout)["test_taught"] == 0
    assert "taught" not in result.stderr

    other = str(tmp_path / "other")  # trained on all drawings but three
    assert small("--run", other).exit_code == 0
    for one, two in ((folder, other), (other, folder)):
        arguments = ("evaluate", one, "--corrupt", "--against", two, "--data", "mine", "--json")
        assert json.loads(run(*arguments).stdout)["test_total"] == 3


def test_drawings_that_a_network_was_taught_are_not_unseen(
    digits: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fine_tuning, "STEPS", 2)
    fork = ("--fork-at", "5", "--fork", "teach=mine")
    assert (
        small("--side", "14", "--run", str(tmp_path / "run"), *fork, data="sample").exit_code == 0
    )
    folder = tmp_path / "run-fork-5"
    keep([0, 1], seed=4)
    words = "15 of 17 test digits were taught to the network: they are not unseen"
    for command in (["evaluate"], ["evaluate", "--corrupt"], ["mistakes"]):
        assert run(*command, str(folder), "--data", "mine").stderr.count(words) == 1
    result = run("evaluate", str(folder), "--data", "mine", "--json")
    assert json.loads(result.stdout)["test_taught"] == 15
    assert "taught" not in run("evaluate", str(folder)).stderr
    for path in folder.glob("drawings-*"):
        path.unlink()
    result = run("evaluate", str(folder), "--data", "mine", "--json")
    assert json.loads(result.stdout)["test_taught"] is None
    assert "drawings that the network was taught are missing" in result.stderr


def test_a_run_on_pictures(tmp_path: Path, sample: Any) -> None:
    pictures, folder = tmp_path / "pictures", str(tmp_path / "run")
    write_pictures(pictures, sample, "01", 10)
    result = small("--run", folder, data=str(pictures))
    assert result.exit_code == 0
    assert result.stderr.count("pictures: one of 5 pictures of each class is a test picture") == 1
    assert run("--batch", "--resume", folder).exit_code == 0
    assert json.loads(run("evaluate", folder, "--json").stdout)["test_total"] == 4
    shown = run("data", "show", "--data", str(pictures), "--count", "1").stdout
    assert shown.startswith("#0  label 0")
    broken = pictures / "1" / "broken.png"
    broken.write_bytes(b"\x89PNG")
    for arguments in (["--batch", "--resume", folder], ["data", "show", "--data", str(pictures)]):
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (3, "")
        assert result.stderr.startswith(f"digit-tui: {broken}: ")
        assert result.stderr.count("\n") == 1
    broken.unlink()
    (pictures / "1" / "000.png").unlink()
    result = run("--batch", "--resume", folder)
    assert result.exit_code == 3
    assert "is not the dataset that" in result.stderr
