"""The line-by-line mode as a real program: through pipes and on a simple terminal."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from support.command_script import CommandScript
from support.rarely import rarely

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.run import commands
from digit_tui.run.events import RunEnded
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.trainer import Trainer

if sys.platform != "win32":
    import fcntl
    import termios

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

OPTIONS = [
    *["--plain", "--data", "sample", "--hidden", "8", "--optimizer", "adam", "--lr", "0.001"],
    *["--weight-decay", "0", "--batch-size", "125", "--augment", "shift", "--threads", "1"],
]
"""32 steps an epoch."""
LONG = ["--epochs", "1000000", "--schedule", "constant"]

LAUNCH = """
import signal, sys
for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # whatever the tests were started with
    default = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
    signal.signal(getattr(signal, name), default)
from digit_tui.cli.main import main
main()
"""


class Piped:
    """The program at the other end of two pipes."""

    def __init__(self, folder: Path, *arguments: str, **settings: str) -> None:
        self.folder = folder / "run"
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, *OPTIONS, "--run", str(self.folder), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | settings,
            encoding="utf-8",
            bufsize=1,
        )
        self.lines: list[str] = []

    @property
    def stdin(self) -> IO[str]:
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def stdout(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def send(self, line: str) -> None:
        self.stdin.write(line + "\n")

    def until(self, pattern: str) -> str:
        """Read on to a line that matches."""
        while True:
            line = self.stdout.readline()
            assert line.endswith("\n"), f"it never said {pattern}: {self.lines}"
            self.lines.append(line.rstrip("\n"))
            if re.search(pattern, line):
                return self.lines[-1]

    def end(self) -> int:
        """Close the pipe to it and wait; its exit status."""
        rest, self.errors = self.process.communicate(timeout=30)
        self.lines += rest.splitlines()
        return self.process.returncode


@pytest.fixture
def piped(tmp_path: Path) -> Iterator[Callable[..., Piped]]:
    """Starts the program with pipes; ended with the test."""
    started: list[Piped] = []

    def start(*arguments: str, **settings: str) -> Piped:
        started.append(Piped(tmp_path, *arguments, **settings))
        return started[-1]

    yield start
    for each in started:
        with contextlib.suppress(BrokenPipeError), each.process as process:  # closes the pipes
            process.kill()


def state_of(folder: Path) -> str:
    return SavedRun.read(folder).state()


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


# Through a pipe


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
    assert state_of(program.folder) == "interrupted"


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


# How it ends


def running(piped: Callable[..., Piped]) -> Piped:
    """A run that would take hours, with an epoch behind it."""
    program = piped(*LONG)
    program.send("go")
    program.until("^epoch 1: test")
    return program


def test_ctrl_c_twice_saves_and_leaves(piped: Callable[..., Piped]) -> None:
    program = running(piped)
    program.process.send_signal(signal.SIGINT)
    program.until("^paused at epoch")
    program.until("^ctrl[+]c again")
    program.process.send_signal(signal.SIGINT)
    assert program.process.wait(timeout=30) == 130
    assert program.end() == 130
    assert "(interrupted)" in program.lines[-3]
    assert state_of(program.folder) == "interrupted"
    assert SavedRun.read(program.folder).checkpoint().state.step > 0


@pytest.mark.long
def test_ctrl_c_ends_a_run_when_nobody_could_let_it_go_on(piped: Callable[..., Piped]) -> None:
    program = piped(*LONG)
    program.stdin.close()
    program.until("^epoch 1: test")
    program.process.send_signal(signal.SIGINT)
    assert program.process.wait(timeout=30) == 130
    assert state_of(program.folder) == "interrupted"


@pytest.mark.long
def test_a_run_that_was_paused_by_ctrl_c_does_not_go_on_by_itself(
    piped: Callable[..., Piped],
) -> None:
    program = running(piped)
    program.process.send_signal(signal.SIGINT)
    program.until("^ctrl[+]c again")
    program.stdin.close()  # as when the shell sends it to the whole pipeline
    assert program.process.wait(timeout=30) == 130
    assert state_of(program.folder) == "interrupted"


@pytest.mark.parametrize("name", ["SIGTERM", *rarely("SIGHUP")])
def test_a_signal_saves_and_ends(name: str, piped: Callable[..., Piped]) -> None:
    number = getattr(signal, name)
    program = running(piped)
    program.process.send_signal(number)
    assert program.process.wait(timeout=30) == 128 + number
    assert state_of(program.folder) == "interrupted"
    assert SavedRun.read(program.folder).checkpoint().state.step > 0


def test_a_reader_that_goes_away_ends_the_run_and_saves_it(piped: Callable[..., Piped]) -> None:
    program = running(piped)
    program.stdout.close()
    assert program.process.wait(timeout=30) == 141
    assert program.process.stderr is not None
    assert program.process.stderr.read() == ""
    assert state_of(program.folder) == "interrupted"
    assert SavedRun.read(program.folder).checkpoint().state.step > 0


@pytest.mark.long
def test_a_reader_that_does_not_read_can_not_hold_the_program(
    piped: Callable[..., Piped],
) -> None:
    program = running(piped)
    # Nothing is read from here on; what is drawn fills the pipe.
    program.send("mistakes 1000 draw")
    program.send("status")  # is not read before
    waiting = bytearray(4)
    while int.from_bytes(waiting, sys.byteorder) < 32_768:
        assert program.process.poll() is None
        fcntl.ioctl(program.stdout, termios.FIONREAD, waiting)
    program.process.send_signal(signal.SIGTERM)
    assert program.process.wait(timeout=30) == 143
    assert state_of(program.folder) == "interrupted"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only on Linux")
def test_a_full_device_is_a_disk_error(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "digit_tui", *OPTIONS, *LONG, "--run", str(tmp_path / "run")],
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
    assert done.returncode == 74
    assert done.stderr.count("digit-tui: ") == 1
    assert "No space left on device" in done.stderr


def test_bad_data_is_told_in_a_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "digit_tui", "--plain", "--data", str(tmp_path)],
        input="status\n",
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("digit-tui: ")
    assert done.stderr.count("\n") == 1


# On a terminal


@pytest.fixture
def dumb(terminal: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Starts it on a terminal that can do nothing but write lines."""

    def start(*arguments: str, **settings: Any) -> Any:
        run = ["--run", str(tmp_path / "run")]
        return terminal(*OPTIONS, *run, *arguments, TERM="dumb", **settings)

    return start


def said(program: Any) -> str:
    """All that was written since the last line was typed."""
    return str(program.output[program.mark :].decode().replace("\r\n", "\n"))


def expect(program: Any, pattern: str) -> None:
    program.until(lambda: re.search(pattern, said(program), re.MULTILINE))


def type_in(program: Any, line: str) -> None:
    program.mark = program.bytes_read
    program.send(line)


@pytest.fixture
def talking(dumb: Callable[..., Any]) -> Any:
    program = dumb(*LONG)
    program.mark = 0
    expect(program, "^type help for the commands, quit to save and leave$")
    expect(program, r"^(> \n)?epoch 1: test \d\d\.\d\d%, loss \d\.\d{4}\n> $")
    return program


def test_a_conversation_on_a_simple_terminal(talking: Any, tmp_path: Path) -> None:
    program = talking
    type_in(program, "pause\n")
    expect(program, r"^paused at epoch [\d.]+ of 1000000, step [\d,]+: test .*\n> $")
    type_in(program, "step 2\n")
    expect(program, r"^paused after 2 batches at epoch .*\n> $")
    type_in(program, "opt mom 0.05\n")
    expect(program, "optimizer adam → momentum\n(.*\n)*> $")
    type_in(program, "rate up\n")
    expect(program, "^rate: 'up' is not a positive number .*\n> $")
    type_in(program, "go\n")
    expect(program, "^training resumed\n(.*\n)*> ")
    type_in(program, "verbose on\n")
    expect(program, r"^epoch (\d+): .*\n(> \n)?epoch \d+: ")
    type_in(program, "verbose off\n")
    # What is typed while an epoch is told is echoed within its line, and a prompt comes after.
    expect(program, "^(> )?reporting an epoch every 5 seconds$")
    type_in(program, "wait\n")
    type_in(program, "status\n")  # nobody who types waits
    expect(program, r"^training at epoch .*\nsample, 784-8-10, momentum, rate 0\.05, shift$")
    type_in(program, "quit\n")
    assert program.status() == 0
    assert program.attributes() == program.attributes_before
    assert b"\x1b" not in program.output
    folder = tmp_path / "run"
    assert f"Resume it with: digit-tui --plain --resume {folder}\n" in said(program)
    assert SavedRun.read(folder).checkpoint().state.settings.optimizer == "momentum"


@pytest.mark.long
def test_ctrl_c_on_a_terminal(talking: Any, tmp_path: Path) -> None:
    program = talking
    type_in(program, "wait\n")
    type_in(program, "\x03")  # which may be noticed before the line is
    expect(program, r"^ctrl[+]c again saves and leaves, go continues training\n(.*\n)*> $")
    assert re.search("^paused at epoch ", said(program), re.MULTILINE)
    type_in(program, "go\n")  # it counts anew
    expect(program, "^training resumed\n(.*\n)*> ")
    type_in(program, "\x03")
    expect(program, "^ctrl[+]c again saves and leaves, go continues training\n> $")
    type_in(program, "\x03")
    assert program.status() == 130
    assert "Saved step " in said(program)
    assert state_of(tmp_path / "run") == "interrupted"


def test_ctrl_d_on_a_terminal(talking: Any, tmp_path: Path) -> None:
    type_in(talking, "\x04")
    assert talking.status() == 0
    assert re.match(r"\nSaved step [\d,]+ in .*\nResume it with: ", said(talking))
    assert state_of(tmp_path / "run") == "interrupted"


@pytest.mark.long
def test_a_run_that_is_done_stays_at_the_prompt(dumb: Callable[..., Any]) -> None:
    program = dumb("--epochs", "1")
    program.mark = 0
    expect(program, "^all epochs are done: type epochs 10 for ten more, quit to leave\n> $")
    type_in(program, "epochs 1\n")
    expect(program, "epochs 1 → 2\ntraining resumed\n(.*\n)*all epochs are done: .*\n> $")
    type_in(program, "quit\n")
    assert program.status() == 0
    assert "Go on" not in said(program)


def test_a_dropped_connection_saves_and_ends_the_program(talking: Any, tmp_path: Path) -> None:
    talking.hang_up()
    talking.process.wait(timeout=15)
    assert state_of(tmp_path / "run") == "interrupted"
    assert SavedRun.read(tmp_path / "run").checkpoint().state.step > 0


@pytest.mark.long
def test_lines_from_a_terminal_into_a_pipe_have_no_prompt(
    dumb: Callable[..., Any], tmp_path: Path
) -> None:
    with open(tmp_path / "out", "wb") as out:
        program = dumb(*LONG, stdout=out)
    program.until(lambda: b"epoch 1:" in (tmp_path / "out").read_bytes())
    program.send("quit\n")
    assert program.status() == 0
    assert ">" not in (tmp_path / "out").read_text()
