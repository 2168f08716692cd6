"""What a program imports, seen from outside: heavy rooms only when they are needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.rarely import rarely

from digit_tui import config, data, nn

PROGRAM = """
import atexit, sys
atexit.register(lambda: open(sys.argv.pop(), "w").write("\\n".join(sys.modules)))
from digit_tui.cli.main import cli
cli(sys.argv[1:-1], prog_name="digit-tui")
"""


def imported_by(folder: Path, *arguments: str, status: int = 0) -> set[str]:
    """The top-level modules that `digit-tui ARGUMENTS` has imported when it ends."""
    listing = folder / "modules"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments, str(listing)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == status, done.stderr
    return {name.split(".")[0] for name in listing.read_text().splitlines()}


@pytest.mark.parametrize("form", [[], *rarely(["--json"])], ids=["text", "json"])
def test_batch_never_imports_an_interface(form: list[str], tmp_path: Path) -> None:
    run = ["--batch", "--data", "sample", "--preset", "classic", "--hidden", "8", "--epochs", "1"]
    modules = imported_by(tmp_path, *run, *form, "--run", str(tmp_path / "run"))
    assert "numpy" in modules
    assert (tmp_path / "run" / "checkpoint.npz").exists()
    modules |= imported_by(tmp_path, "mistakes", "run", *form)
    assert modules.isdisjoint({"textual", "plotext", "textual_plotext", "rich"})
    assert modules.isdisjoint({"onnx", "safetensors"})


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["data", "--help"], ["sweep", "--help"]], ids=str
)
def test_a_question_is_answered_without_numpy(arguments: list[str], tmp_path: Path) -> None:
    modules = imported_by(tmp_path, *arguments)
    assert "click" in modules
    assert modules.isdisjoint({"numpy", "textual", "rich", "plotext", "optuna"})


def test_without_a_terminal_nothing_heavy_is_tried(tmp_path: Path) -> None:
    modules = imported_by(tmp_path, status=2)
    assert modules.isdisjoint({"numpy", "textual"})


def test_the_data_commands_import_no_interface(tmp_path: Path) -> None:
    modules = imported_by(tmp_path, "data", "show", "--data", "sample", "--count", "1")
    assert modules.isdisjoint({"textual", "rich", "plotext"})


PYTHON_API = """
import sys
import digit_tui
assert digit_tui.__version__
assert not {"numpy", "click"} & set(sys.modules)
run = digit_tui.Run("classic", data="sample", hidden=4, batch_size=1000, threads=1)
run.train(steps=1).close()
heavy = {"textual", "rich", "plotext", "click", "sklearn", "pandas", "PIL"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
from digit_tui import *  # also where there is no scikit-learn
sys.modules["sklearn"] = None
try:
    digit_tui.DigitClassifier
except ImportError as error:
    print(error)
"""


def test_the_python_api_imports_what_it_needs_when_it_is_needed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PYTHON_API],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "DigitClassifier needs scikit-learn 1.6 or later: pip install scikit-learn\n"
    )


def test_the_names_that_options_offer_are_those_that_the_mathematics_knows() -> None:
    assert tuple(nn.RULES) == config.OPTIMIZERS
    assert tuple(nn.SCHEDULES) == config.SCHEDULES
    assert tuple(nn.AUGMENTATIONS) == config.AUGMENTATIONS
    assert data.SOURCES == config.SOURCES
