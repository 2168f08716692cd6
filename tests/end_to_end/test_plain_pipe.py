"""The line-by-line mode through pipes."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command_script import CommandScript
from support.plain_program import LONG, OPTIONS, Piped, state_of

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.run import commands
from digit_tui.run.events import RunEnded
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.trainer import Trainer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


def headless(sample: Dataset, *script: tuple[int, commands.Command]) -> RunEnded:
    config = RunConfig(
        data="sample",
        hidden=(8,),
        optimizer="adam",
        learning_rate=0.001,
        batch_size=125,
        epochs=3,
        augment="shift",
    )
    *_, ended = Trainer(config, sample, CommandScript(script), interactive=True).run()
    assert isinstance(ended, RunEnded)
    return ended


def test_commands_from_a_pipe_give_the_weights_of_a_script(
    piped: Callable[..., Piped], sample: Dataset
) -> None:
    program = piped("--epochs", "3")
    for line in (
        *["optimizer sgd", "step 5", "rate *2", "epoch", "clip norm 1", "step", "augment none"],
        *["epoch", "wait"],
    ):
        program.send(line)
    assert program.end() == 0
    script = [
        *[(0, commands.SetOptimizer("sgd")), (5, commands.ScaleLearningRate(2.0))],
        *[
            (32, commands.SetClipping(norm=1.0)),
            (33, commands.SetAugmentation("none")),
            (96, commands.Stop()),
        ],
    ]
    ended = headless(sample, *script)
    (line,) = (line for line in program.lines if line.startswith("Weights"))
    assert line.split() == ["Weights", ended.weights_sha256]
    assert SavedRun.read(program.folder).record["results"]["weights_sha256"] in line
    assert program.errors == ""


def test_one_command_and_the_end_train_to_the_end(
    piped: Callable[..., Piped], sample: Dataset
) -> None:
    program = piped("--epochs", "3")
    program.send("optimizer sgd")
    assert program.end() == 0
    ended = headless(sample, (0, commands.SetOptimizer("sgd")), (96, commands.Stop()))
    assert ended.weights_sha256 in program.lines[-2]
    assert any(line.startswith("Most confused") for line in program.lines)
    assert not any(line.startswith(">") for line in program.lines)  # no prompt


def test_a_program_can_converse(piped: Callable[..., Piped]) -> None:
    program = piped(*LONG)
    # Without a line it begins by itself.
    program.until("^epoch 2: test")
    program.send("PAUSE")
    found = re.search(r"step ([\d,]+):", program.until("^paused at epoch"))
    assert found is not None
    step = int(found[1].replace(",", ""))
    program.send("step 3")
    assert f"step {step + 3:,}: batch loss" in program.until("^paused after 3 batches")
    program.send("fly")
    program.until("^there is no command 'fly'")
    program.send("go")
    program.until("^training resumed$")
    program.send("wait 1000000")
    program.process.send_signal(signal.SIGINT)
    program.until("^paused at epoch")
    program.until("^ctrl[+]c again saves and leaves, go continues training$")
    program.send("status")
    program.until("^paused at epoch")
    program.send("quit")
    assert program.end() == 2  # of the line that was none
    assert "(stopped)" in program.lines[-3]
    assert state_of(program.folder) == "stopped"


@pytest.mark.long
def test_nothing_moves_a_cursor(piped: Callable[..., Piped]) -> None:
    program = piped("--epochs", "2", TERM="xterm-256color", FORCE_COLOR="1", CLICOLOR_FORCE="1")
    for line in (
        "step",
        "status",
        "mistakes 2 draw",
        "confusion",
        "\x1b[2J\x1b]0;owned\x07",
        "log",
    ):
        program.send(line)
    assert program.end() == 2
    text = "\n".join(program.lines)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    assert "there is no command '?[2J?]0;owned?'" in text


@pytest.mark.long
def test_commands_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "commands").write_text("# a remark\nstep 2\n\nsave\nquit")
    with open(tmp_path / "commands") as commands:
        done = subprocess.run(
            [sys.executable, "-m", "digit_tui", *OPTIONS, "--run", str(tmp_path / "run")],
            stdin=commands,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert "\nsaved step 2 in run\n" in done.stdout
    assert SavedRun.read(tmp_path / "run").checkpoint().state.step == 2


MODULES = """
import atexit, sys
atexit.register(lambda: print(*sorted({name.split(".")[0] for name in sys.modules}), flush=True))
from digit_tui.cli.main import cli
cli(sys.argv[1:], prog_name="digit-tui")
"""


def test_no_interface_is_imported(tmp_path: Path) -> None:
    run = [*OPTIONS, "--epochs", "1", "--run", str(tmp_path / "run")]
    done = subprocess.run(
        [sys.executable, "-c", MODULES, *run],
        input="mistakes 1 draw\n",
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    modules = done.stdout.splitlines()[-1].split()
    assert "numpy" in modules
    assert not {"textual", "plotext", "textual_plotext", "rich", "readline"}.intersection(modules)
