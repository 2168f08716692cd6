"""`--teacher`: the command line of a run that is distilled."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.cli import Program, the_error
from support.saved_runs import MakeRun

from digit_tui import Run, open_run
from digit_tui.storage.saved_run import SavedRun

Options = list[str]


@pytest.fixture
def options(digits_folder: Path) -> Options:
    """Of a small run."""
    words = ["--batch", "--data", str(digits_folder), "--side", "6", "--hidden", "4", "--seed", "3"]
    return [*words, "--epochs", "2", "--batch-size", "50", "--augment", "none", "--threads", "1"]


def test_it_is_named_and_repeated(
    make_run: MakeRun, options: Options, program: Program, tmp_path: Path
) -> None:
    names = [str(make_run("one")), str(make_run("two", hidden=(5,)))]
    teacher = ["--teacher", names[0], "--teacher", "two", "--distill-temperature", "3"]
    folder = str(tmp_path / "student")
    done = program(*options, *teacher, "--json", "--run", folder)
    assert done.exit_code == 0
    assert done.stderr.splitlines()[0].endswith(", 230 images, 2 teachers")
    first, *_, last = map(json.loads, done.stdout.splitlines())
    assert first["teacher"] == {"runs": ["one", "two"], "temperature": 3.0, "weight": 0.5}
    for name in names:
        shutil.rmtree(name)
    again = program("--batch", "--replay", folder, "--run", str(tmp_path / "again"))
    assert again.exit_code == 0  # 1 if the weights differ
    assert f"Weights        {last['weights_sha256']}" in again.stdout
    assert (
        "Teacher        one, two (temperature 3, weight 0.5)"
        in program("runs", "show", folder).stdout
    )
    assert program("evaluate", folder).exit_code == 0
    assert program("export", folder, str(tmp_path / "net.npz")).exit_code == 0
    page = program("report", folder, "--html", "-").stdout
    assert "one, two (temperature 3, weight 0.5)" in page
    assert "--replay" in page


def test_the_api_has_the_same_bits(
    make_run: MakeRun, options: Options, program: Program, digits_folder: Path, tmp_path: Path
) -> None:
    one, two = make_run("one"), make_run("two", hidden=(5,))
    teacher = ["--teacher", str(one), "--teacher", str(two), "--distill-weight", "0.8"]
    assert program(*options, *teacher, "--run", str(tmp_path / "student")).exit_code == 0
    values: dict[str, Any] = {"data": digits_folder, "side": 6, "hidden": (4,), "seed": 3}
    values |= {"epochs": 2, "batch_size": 50, "augment": "none", "threads": 1}
    with Run(teacher=[one, open_run("two")], distill_weight=0.8, **values) as run:
        run.train(None)
        saved = run.save(tmp_path / "saved")
        assert run.weights_sha256 == open_run(tmp_path / "student").weights_sha256
    found = SavedRun.read(saved).teacher()
    assert found is not None
    assert found.about == {"runs": ["one", "two"], "temperature": 2.0, "weight": 0.8}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--distill-weight", "0.5"], "--distill-weight needs --teacher"),
        (["--teacher", "one", "--distill-temperature", "0"], "--distill-temperature: 0.0 is not"),
        (["--teacher", "one", "--distill-weight", "nan"], "--distill-weight: nan is not"),
        (["--teacher", "one", "--resume", "one"], "--teacher is not for --resume"),
        (["--teacher", "one", "--teacher", "one"], "A and B are the same run"),
    ],
)
def test_what_is_refused(words: list[str], said: str, make_run: MakeRun, program: Program) -> None:
    make_run("one", epochs=1)
    assert said in the_error(program("--batch", *words))


def test_a_teacher_of_other_images_is_refused(
    make_run: MakeRun, options: Options, program: Program, tmp_path: Path
) -> None:
    other = make_run("other", side=7, epochs=1)
    done = program(*options, "--teacher", str(other), "--run", str(tmp_path / "student"))
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert "the teacher other reads images of 7 pixels a side" in done.stderr
    assert not (tmp_path / "student").exists()
    done = program(*options, "--teacher", str(tmp_path))
    assert (done.exit_code, done.stderr.count("\n")) == (3, 1)


def test_a_teacher_that_saw_what_is_held_out_is_told(
    make_run: MakeRun, options: Options, program: Program, tmp_path: Path
) -> None:
    one = make_run("one", epochs=1)
    held_out = [*options, "--validation", "30", "--run", str(tmp_path / "student")]
    done = program(*held_out, "--teacher", str(one))
    assert done.exit_code == 0
    assert "--validation 30: the teacher one was trained on digits" in done.stderr
