"""The line-by-line mode: what a line means, what is done, and what is told of it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from math import inf
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from digit_tui.cli.main import cli
from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.plain import requests
from digit_tui.plain import run_plain as run_plain_function
from digit_tui.plain import sync_runner as sync_runner_module
from digit_tui.plain.grammar import COMMANDS, help_lines, parse
from digit_tui.plain.lines import EndOfInput, Line, LineReader, Transcript
from digit_tui.plain.narrator import Narrator
from digit_tui.plain.requests import InputError, RunCommand
from digit_tui.plain.session import Session
from digit_tui.plain.sync_runner import AckMailbox, SyncRunner
from digit_tui.run import commands
from digit_tui.run import events as happened
from digit_tui.run.events import RunEnded
from digit_tui.session.output import Output
from digit_tui.session.run_status import RunStatus
from digit_tui.session.runner import Acknowledged
from digit_tui.storage.run_writer import RunWriter
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.command_source import CommandScript
from digit_tui.training.run_request import RunRequest, resume_request
from digit_tui.training.trainer import Trainer

CONFIG = RunConfig(data="sample", hidden=(8,), batch_size=125, epochs=2, augment="shift")
"""32 steps an epoch."""


# What a line means

LINES = {
    "pause": RunCommand(commands.Pause()),
    "go": RunCommand(commands.Resume()),
    "resume": RunCommand(commands.Resume()),
    "step": requests.MakeSteps(1),
    "step 12": requests.MakeSteps(12),
    "epoch": RunCommand(commands.StepEpoch()),
    "optimizer adam": RunCommand(commands.SetOptimizer("adam")),
    "optimizer SGD 0.25": RunCommand(commands.SetOptimizer("sgd", 0.25)),
    "rate 1e-3": RunCommand(commands.SetLearningRate(0.001)),
    "rate *2": RunCommand(commands.ScaleLearningRate(2.0)),
    "rate * 2": RunCommand(commands.ScaleLearningRate(2.0)),
    "rate ×3": RunCommand(commands.ScaleLearningRate(3.0)),
    "rate /4": RunCommand(commands.ScaleLearningRate(0.25)),
    "rate ÷ 4": RunCommand(commands.ScaleLearningRate(0.25)),
    "clip norm 1.5": RunCommand(commands.SetClipping(norm=1.5)),
    "clip value 0.1": RunCommand(commands.SetClipping(value=0.1)),
    "clip off": RunCommand(commands.SetClipping()),
    "augment affine": RunCommand(commands.SetAugmentation("affine")),
    "undo": RunCommand(commands.Undo()),
    "timeline": requests.ShowTimeline(),
    "back 3": requests.GoToRow(3),
    "fork optimizer=sgd,lr=0.1": RunCommand(commands.Fork((commands.SetOptimizer("sgd", 0.1),))),
    "fork lr=0.1, clip-norm=1": RunCommand(
        commands.Fork((commands.SetLearningRate(0.1), commands.SetClipping(1.0)))
    ),
    "keep run": RunCommand(commands.Keep(fork=False)),
    "keep fork": RunCommand(commands.Keep(fork=True)),
    "epochs 10": RunCommand(commands.AddEpochs(10)),
    "save": RunCommand(commands.Save()),
    "status": requests.ShowStatus(),
    "mistakes": requests.ListMistakes(),
    "mistakes 3": requests.ListMistakes(3),
    "mistakes draw": requests.ListMistakes(draw=True),
    "mistakes 3 draw": requests.ListMistakes(3, draw=True),
    "digit 0": requests.ShowDigit(0),
    "digit #947": requests.ShowDigit(947),
    "confusion": requests.ShowConfusion(),
    "mistakes 3 draw true=4 pred=9": requests.ListMistakes(3, True, "true=4 pred=9"),
    "mistakes conf>0.9": requests.ListMistakes(5, False, "conf>0.9"),
    "show test": RunCommand(commands.OpenTest()),
    "show validation": requests.ShowValidation(),
    "log": requests.ShowLog(),
    "log 3": requests.ShowLog(3),
    "wait": requests.Wait(inf),
    "wait 2.5": requests.Wait(2.5),
    "verbose on": requests.SetVerbose(True),
    "verbose off": requests.SetVerbose(False),
    "help": requests.ShowHelp(),
    "?": requests.ShowHelp(),
    "help RA": requests.ShowHelp("rate"),
    "quit": requests.Quit(),
    "exit": requests.Quit(),
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_an_order(line: str) -> None:
    assert parse(line) == LINES[line]
    assert parse(f"  {line.upper()}\t\r") == LINES[line]


def test_every_command_is_tried() -> None:
    assert {line.split()[0] for line in LINES} >= {entry.name for entry in COMMANDS}


@pytest.mark.parametrize(
    ("line", "whole"),
    [
        ("q", "quit"),
        ("g", "go"),
        ("ste", "step"),
        ("o mom", "optimizer momentum"),
        ("opt adamw", "optimizer adamw"),
        ("c", None),
        ("cl v 1", "clip value 1"),
        ("aug e", "augment elastic"),
        ("k f", "keep fork"),
        ("m 2 d", "mistakes 2 draw"),
        ("verb of", "verbose off"),
    ],
)
def test_an_unambiguous_beginning_will_do(line: str, whole: str | None) -> None:
    if whole is None:
        with pytest.raises(InputError, match="'c' may be clip or confusion"):
            parse(line)
    else:
        assert parse(line) == parse(whole)


@pytest.mark.parametrize("line", ["", "  \t", "# a remark", "#remark"])
def test_nothing_is_asked_by_nothing(line: str) -> None:
    assert parse(line) is None


WRONG = [
    ("fly", "there is no command 'fly'; there are pause, go, step,"),
    ("s", "'s' may be step or save or status"),
    ("help fly", "help: there is no command 'fly'"),
    ("pause now", "pause: 'now' is one word too many (use: pause)"),
    ("step 0", "step: '0' is not a whole number from 1 to 1,000,000 (use: step [N])"),
    ("step 1.5", "step: '1.5' is not a whole number"),
    ("step 99999999", "step: '99999999' is not a whole number"),
    ("step " + "9" * 5_000, "is not a whole number"),
    ("step 1 2", "step: '2' is one word too many"),
    ("optimizer", "optimizer: something is missing (use: optimizer NAME [RATE])"),
    ("optimizer lion", "'lion' is none of sgd, momentum, nesterov, rmsprop, adam, adamw"),
    ("optimizer ada", "'ada' may be adam or adamw"),
    ("optimizer sgd fast", "'fast' is not a positive number"),
    ("rate", "rate: something is missing (use: rate X, rate *X, rate /X)"),
    ("rate fast", "rate: 'fast' is not a positive number"),
    ("rate -1", "'-1' is not a positive number"),
    ("rate nan", "'nan' is not a positive number"),
    ("rate 1e999", "is not a positive number"),
    ("rate *", "'' is not a positive number"),
    ("rate /0", "'0' is not a positive number"),
    ("clip", "clip: something is missing (use: clip norm X, clip value X, clip off)"),
    ("clip norm", "clip: something is missing"),
    ("clip off 1", "'1' is one word too many"),
    ("clip 1", "'1' is none of norm, value, off"),
    ("augment flip", "'flip' is none of none, shift, affine, elastic"),
    ("back", "back: something is missing"),
    ("back 0", "'0' is not a whole number"),
    ("fork", "fork: something is missing"),
    ("fork sgd", "'sgd' is not NAME=VALUE"),
    ("fork lion=1", "'lion' is none of optimizer, lr, clip-norm, clip-value, augment"),
    ("fork lr=fast", "lr: 'fast' is not a number"),
    ("keep", "keep: something is missing (use: keep run, keep fork)"),
    ("keep both", "'both' is none of run, fork"),
    ("epochs", "epochs: something is missing"),
    ("epochs -3", "'-3' is not a whole number"),
    ("mistakes 2 3", "'3' is no condition: write true=4,7"),
    ("mistakes true>4", "write true=4 or true=4,7"),
    ("show", "show: something is missing"),
    ("show mistakes", "'mistakes' is none of test, validation"),
    ("mistakes dry", "'dry' is none of draw"),
    ("digit", "digit: something is missing"),
    ("digit -1", "'-1' is not a whole number from 0 to"),
    ("log all", "'all' is not a whole number"),
    ("wait long", "'long' is not a positive number"),
    ("verbose", "verbose: something is missing"),
    ("verbose maybe", "'maybe' is none of on, off"),
]


@pytest.mark.parametrize(("line", "words"), WRONG, ids=[line[:20] for line, _ in WRONG])
def test_a_wrong_line_is_explained(line: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(line)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300


def test_what_is_repeated_of_a_wrong_line_is_safe_and_short() -> None:
    for line in ("\x1b]0;owned\x07", "step \x1b[2J", "fork \x9bx=1", "fork a\x1b", "x" * 100_000):
        with pytest.raises(InputError) as caught:
            parse(line)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 300


def test_help_tells_of_all_or_of_one() -> None:
    lines = help_lines(None)
    assert [line.split(":")[0] for line in lines[:-1]] == [entry.usage for entry in COMMANDS]
    assert help_lines("undo") == ["undo: Go back to before the last command."]


# Lines in and out


def read_all(chunks: Iterable[bytes]) -> list[str]:
    """What comes of bytes in a pipe."""
    reading, writing = os.pipe()
    for chunk in chunks:
        os.write(writing, chunk)
    os.close(writing)
    inbox: SimpleQueue[Line | EndOfInput] = SimpleQueue()
    lines = []
    with open(reading, encoding="utf-8") as stream:
        reader = LineReader(stream)
        reader.start(inbox.put)
        while True:
            assert inbox.empty()  # nothing comes before it is wanted
            reader.more()
            item = inbox.get(timeout=10)
            if isinstance(item, EndOfInput):
                return lines
            lines.append(item.text)


def test_lines_come_when_they_are_wanted() -> None:
    assert read_all([b"one\ntw", b"o\r\n\nlast"]) == ["one", "two\r", "", "last"]
    assert read_all([]) == []
    assert read_all(["\ufeffone\n".encode(), b"\xff\n"]) == ["one", "\ufffd"]


def test_what_has_no_end_is_cut() -> None:
    assert [len(line) for line in read_all([b"x" * 60_000, b"y"])] == [60_001]


@pytest.mark.parametrize("stream", [None, "closed"])
def test_no_standard_input_is_the_end(stream: Any, tmp_path: Path) -> None:
    if stream is not None:
        (tmp_path / "file").touch()
        stream = open(tmp_path / "file")  # noqa: SIM115
        stream.close()
    inbox: SimpleQueue[Line | EndOfInput] = SimpleQueue()
    reader = LineReader(stream)
    reader.start(inbox.put)
    reader.more()
    assert inbox.get(timeout=10) == EndOfInput()


def test_a_prompt_stands_in_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    transcript = Transcript(Output(), prompt=True)
    transcript.prompt()
    transcript.prompt()
    transcript.record("news\x1b[2J")
    transcript.write("more")
    transcript.prompt()
    transcript.line_entered()
    transcript.write("an answer")
    assert capsys.readouterr().out == "> \nnews?[2J\nmore\n> an answer\n"
    assert list(transcript.log) == ["news\x1b[2J"]


# A whole session


class Typed:
    """Lines that are there."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)

    def start(self, put: Callable[[Line | EndOfInput], None]) -> None:
        self._put = put

    def more(self) -> None:
        line = next(self._lines, None)
        self._put(EndOfInput() if line is None else Line(line))


class Ended:
    """A session that is over."""

    def __init__(self, session: Session, status: int, out: str, err: str) -> None:
        self.run = session.run
        self.status = status
        self.lines = out.splitlines()
        self.err = err

    @property
    def sha256(self) -> str:
        assert self.run.ended is not None
        return self.run.ended.weights_sha256

    def find(self, pattern: str) -> str:
        """The one line that matches."""
        (line,) = self.all(pattern)
        return line

    def all(self, pattern: str) -> list[str]:
        return [line for line in self.lines if re.search(pattern, line)]


Converse = Callable[..., Ended]


@pytest.fixture
def converse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Converse:
    """Lets lines come from a pipe, or with `terminal` from a person, until a run has ended."""

    def run(
        *lines: str, terminal: bool = False, request: RunRequest | None = None, **options: Any
    ) -> Ended:
        request = request or RunRequest(CONFIG.with_(**options), tmp_path / "run")
        session = Session(request, Typed(lines), Output(), terminal, prompt=False)
        session.converse()
        status = session.close()
        return Ended(session, status, *capsys.readouterr())

    return run


def headless(sample: Dataset, *script: tuple[int, commands.Command], **options: Any) -> RunEnded:
    """The same without anybody.

    In a thread too: the number of BLAS threads can be set by one thread of a process only.
    """
    told: list[Any] = []
    trainer = Trainer(CONFIG.with_(**options), sample, CommandScript(script), interactive=True)
    thread = Thread(target=lambda: told.extend(trainer.run()))
    thread.start()
    thread.join(60)
    assert isinstance(told[-1], RunEnded)
    return told[-1]


def test_what_is_steered_by_lines_is_what_is_computed(converse: Converse, sample: Dataset) -> None:
    ended = converse(
        *["optimizer sgd", "rate *2"],  # there at the start: before the first step
        *["step 3", "opt mom", "rate /2"],
        *["epoch", "augment none", "step", "clip norm 1", "status", "mistakes", "save"],
        *["go", "wait", "epochs 1", "wait"],
    )
    script = [
        *[(0, commands.SetOptimizer("sgd")), (0, commands.ScaleLearningRate(2.0))],
        *[(3, commands.SetOptimizer("momentum")), (3, commands.ScaleLearningRate(0.5))],
        *[(32, commands.SetAugmentation("none")), (33, commands.SetClipping(norm=1.0))],
        *[(64, commands.AddEpochs(1)), (96, commands.Stop())],
    ]
    alone = headless(sample, *script)
    assert ended.status == 0
    assert ended.run.ended is not None
    assert ended.run.ended.steps == alone.steps == 96
    assert ended.sha256 == alone.weights_sha256
    assert ended.find("^Weights").split() == ["Weights", alone.weights_sha256]
    assert ended.sha256 != headless(sample, (64, commands.Stop())).weights_sha256


def test_without_a_line_it_trains_to_its_end_and_reports(
    converse: Converse, sample: Dataset, tmp_path: Path
) -> None:
    ended = converse()
    assert ended.status == 0
    assert ended.sha256 == headless(sample, (64, commands.Stop())).weights_sha256
    accuracy = SavedRun.read(tmp_path / "run").record["results"]["test_accuracy"]
    assert ended.lines[0] == "sample: 4,000 training and 1,000 test images"
    assert ended.lines[1] == "training 6,370 parameters"
    assert [line.split(":")[0] for line in ended.lines[2:4]] == ["epoch 1", "epoch 2"]
    assert ended.lines[4].startswith(f"Test accuracy  {accuracy:.2%}")
    assert ended.find("^Trained").endswith("(finished)")
    assert ended.lines[-1].split() == ["Run", str(tmp_path / "run")]


def test_an_optimizer_from_a_pipe_is_that_of_the_whole_run(
    converse: Converse, sample: Dataset
) -> None:
    ended = converse("optimizer sgd")
    assert ended.find("optimizer adam").startswith("epoch 0.00: optimizer adam → sgd")
    assert (
        ended.sha256
        == headless(sample, (0, commands.SetOptimizer("sgd")), (64, commands.Stop())).weights_sha256
    )


def test_steps_in_a_row_leave_one_line(converse: Converse) -> None:
    ended = converse("step", "step 4", "step 2", "quit")
    assert [re.sub(": .*", "", line) for line in ended.all("^paused")] == [
        "paused after one batch at epoch 0.03 of 2, step 1",
        "paused after 4 batches at epoch 0.16 of 2, step 5",
        "paused after 2 batches at epoch 0.22 of 2, step 7",
    ]
    assert all(
        re.search(r": batch loss \d\.\d{4}; test \d+\.\d\d%, loss \d\.\d{4}$", line)
        for line in ended.all("^paused")
    )


def test_steps_end_where_the_run_does(converse: Converse) -> None:
    ended = converse("step 1000", "step", epochs=1)
    assert ended.run.step == 32
    assert len(ended.all("All epochs are done")) == 1
    assert ended.status == 2  # of the last line
    assert ended.run.all_done


def test_what_is_said_already_is_said(converse: Converse) -> None:
    ended = converse("pause", "pause", "augment shift", "go", "go", "quit", epochs=100_000)
    paused, again = ended.all("^paused")
    assert paused == again
    assert paused.startswith("paused at epoch 0.00 of 100000, step 0: test ")
    assert ended.all("nothing changes: the setting has that value already")
    assert ended.all("^training resumed$")
    assert len(ended.all("^training at epoch")) == 1


def test_wrong_lines_change_nothing(converse: Converse, sample: Dataset, tmp_path: Path) -> None:
    wrong = ["fly", "rate fast", "optimizer lion", "keep fork", "rate 1e30", "rate *1e30", "undo"]
    ended = converse(*wrong, "fork augment=flip", "back 7", "digit 1000", "fork augment=shift")
    assert ended.status == 2
    assert (
        ended.sha256
        == headless(
            sample, (0, commands.SetLearningRate(1e30)), (0, commands.Undo()), (64, commands.Stop())
        ).weights_sha256
    )
    assert ended.sha256 == headless(sample, (64, commands.Stop())).weights_sha256
    for words in (
        "there is no command 'fly'",
        "There is no fork to choose from.",
        "is not a positive number up to 1e[+]30",
        "No fork: augment: 'flip' is none of",
        "back: the timeline has rows 1 to",
        "digit: there are 1,000 test digits, counted from 0",
        "No fork: it would do the same as the run",
    ):
        assert len(ended.all(words)) == 1, words
    assert ended.err == ""


def test_going_back(converse: Converse, sample: Dataset) -> None:
    ended = converse(
        *["timeline", "step 2", "optimizer sgd", "step 2", "undo", "timeline"],
        *["rate *2", "step", "timeline", "back 1", "back 9", "status"],
    )
    lines = ended.lines
    assert re.match(r"1  epoch   0\.00  step       0 +\d+\.\d\d%$", lines[2])
    assert ended.find("^back from epoch 0.12 to 0.06$")
    assert ended.all(r"^2  epoch   0\.06  step       2 .*  then optimizer sgd$")
    assert ended.all(r"^2  epoch   0\.06  step       2 .*  then learning rate × 2$")
    assert ended.find("^back from epoch 0.09 to 0.00$")
    assert ended.find("back: the timeline has rows 1 to 2")
    assert ended.all(r"^paused at epoch 0\.00 of 2, step 0: test")
    assert ended.sha256 == headless(sample, (64, commands.Stop())).weights_sha256


def test_a_row_is_that_of_the_timeline_that_was_shown(converse: Converse) -> None:
    ended = converse(
        *["step 2", "rate *2", "step 2", "timeline", "back 1", "optimizer sgd", "back 2", "quit"]
    )
    assert ended.find("^back from epoch 0.12 to 0.00$")
    # By now the beginning with the other optimizer is the second moment.
    assert ended.run.step == 2
    assert ended.run.settings.optimizer == "adam"


def test_a_fork(converse: Converse, tmp_path: Path) -> None:
    ended = converse(
        *["step 2", "fork optimizer=sgd,lr=0.1", "rate *2", "epoch", "status", "keep fork"],
        *["status", "epoch"],
    )
    forked = "epoch 0.06: fork with optimizer sgd at rate 0.1"
    assert ended.all("fork with") == [forked, forked]  # as it happened, and in the status
    assert ended.find("A fork is being compared")
    gap = r"fork: test \d+\.\d\d%, [+-]\d+\.\d\d points \(95 % interval .*\); fixed \d+, broke \d+"
    assert ended.find(f"^epoch 1: {gap}")
    assert ended.find(f"^{gap}")
    assert ended.find("^the fork continues; the run stops, saved in run$")
    assert ended.all(", sgd, rate ")
    assert ended.run.fork is None
    assert SavedRun.read(tmp_path / "run").record["state"] == "left"
    assert SavedRun.read(tmp_path / "run-fork-2").record["state"] == "finished"


def test_a_fork_that_is_there_at_the_end_is_reported(converse: Converse) -> None:
    ended = converse("fork optimizer=sgd", "epochs 1")
    assert ended.status == 0
    assert ended.find("^Fork           at step 0: optimizer sgd$")
    assert len(ended.all("^Trained        3 epochs .*finished")) == 2
    assert len(ended.all("^Weights")) == 2


def test_looking_at_digits(converse: Converse, sample: Dataset) -> None:
    ended = converse("step 40", "mistakes 3", "mistakes 1 draw", "digit 7", "confusion", "quit")
    assert ended.run.evaluated is not None
    evaluation = ended.run.evaluated.evaluation
    wrong = evaluation.total - evaluation.correct
    when = "test digits wrong at epoch 1.25, the"
    assert ended.find(f"^{wrong} of 1,000 {when} 3 with the highest loss:$")
    losses = np.where(evaluation.predictions == evaluation.labels, -1, evaluation.losses)
    worst = int(losses.argmax())
    true, seen = evaluation.labels[worst], evaluation.predictions[worst]
    listed = ended.all(r"^digit \d+: is \d, taken for \d \(\d+\.\d%; \d: \d+\.\d%\), loss \d")
    assert listed[0].startswith(f"digit {worst}: is {true}, taken for {seen} (")
    assert listed[0] == listed[3]
    place = ended.lines.index(listed[0], ended.lines.index(listed[2]))
    drawing = ended.lines[place + 1 : place + 15]
    assert any(set(line) & set("#%@") for line in drawing)
    assert all(len(line) <= 28 and line == line.rstrip() for line in drawing)
    assert ended.all("^digit 7: is ")
    assert ended.find(r"^taken for: \d \d+\.\d%, \d \d+\.\d%, \d \d+\.\d%$")
    assert len(ended.all("^Most confused")) == 2  # asked for, and in the report


def test_what_there_is_against_a_label_is_told(
    converse: Converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digit_tui.insight.suspects.is_mnist_test", lambda labels: True)
    monkeypatch.setattr("digit_tui.insight.suspects.UNBACKED", (7, 8))
    ended = converse("digit 7", "digit 9", "mistakes 1000", "quit")
    assert len(ended.all("^label: annotators did not back the label$")) == 1
    marked = ended.all("; label: annotators did not back the label$")
    assert {line.split(":")[0] for line in marked} <= {"digit 7", "digit 8"}
    assert ended.run.evaluated is not None
    evaluation = ended.run.evaluated.evaluation
    wrong = evaluation.predictions != evaluation.labels
    assert len(marked) == np.count_nonzero(wrong[[7, 8]]) > 0


def test_all_mistakes_may_be_fewer_than_asked_for(converse: Converse) -> None:
    ended = converse("mistakes 1000000", "quit")
    assert ended.run.evaluated is not None
    wrong = ended.run.evaluated.evaluation.total - ended.run.evaluated.evaluation.correct
    assert ended.find(f"^{wrong} of 1,000 test digits wrong at epoch 0.00, all of them:$")
    assert len(ended.all("^digit ")) == wrong


def test_saving(converse: Converse, tmp_path: Path) -> None:
    ended = converse("step 2", "save", "status", "quit")
    assert ended.all("^saved step 2 in run$") == ["saved step 2 in run"] * 2
    assert SavedRun.read(tmp_path / "run").checkpoint().state.step == 2
    assert ended.find("^Trained").endswith("(stopped)")


def test_a_disk_that_refuses(
    converse: Converse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RunWriter, "save", refuse)
    ended = converse("step", "save", "save", "status")
    words = f"not saved: No space left on device: {tmp_path / 'run'}"
    assert ended.status == 74
    assert ended.lines.count(words) >= 3  # each save that was asked for, and the status
    assert ended.lines.count(words) <= 4
    assert ended.err == f"digit-tui: {words}\n"


def test_a_loss_that_is_no_number(converse: Converse) -> None:
    ended = converse("step 2", "rate 1e20", "go", "wait", "status", "undo", "quit")
    assert ended.status == 0
    (message,) = ended.all("^(loss|gradient) became ")
    place = ended.lines.index(message)
    assert message.endswith("after learning rate 0.001 → 1e+20")
    assert ended.lines[place + 1] == "paused: undo goes back to before that"
    assert ended.lines[place + 2].startswith("in trouble at epoch 0.")
    assert ended.find("^back from epoch 0.[01]")


def test_a_loss_that_is_no_number_ends_a_run_that_nobody_sees(converse: Converse) -> None:
    ended = converse("rate 1e20")
    assert ended.status == 4
    assert not ended.all("undo goes back")  # nobody could
    assert ended.find("^Trained").endswith("(diverged)")


def test_the_log_repeats_what_happened(converse: Converse) -> None:
    ended = converse("rate *2", "status", "step", "log 2", "log", "quit")
    told = [line for line in ended.lines if line.startswith(("epoch 0.00:", "paused after"))]
    change, paused = told[:2]
    assert told == [change, paused] * 3
    assert len(ended.all("^training 6,370 parameters$")) == 2  # told, and in the longer log


def test_waiting_for_an_epoch(converse: Converse) -> None:
    ended = converse("wait 3", "pause", "quit", epochs=100_000)
    assert ended.run.epoch >= 3
    (standing,) = ended.all("^training at epoch .* of 100000, step ")
    assert float(standing.split()[3]) >= 3


def test_remarks_and_empty_lines_are_nothing(converse: Converse) -> None:
    ended = converse("# pause", "", "   ")
    assert ended.status == 0
    assert not ended.all("paused")


def test_going_on_with_a_run(converse: Converse, sample: Dataset, tmp_path: Path) -> None:
    assert converse("step 5", "optimizer sgd", "quit").status == 0
    ended = converse("status", request=resume_request(tmp_path / "run"))
    assert ended.find("^resuming at epoch 0.16, step 5$")
    alone = headless(sample, (5, commands.SetOptimizer("sgd")), (64, commands.Stop()))
    assert ended.sha256 == alone.weights_sha256


def test_a_run_that_is_done_is_done(converse: Converse, tmp_path: Path) -> None:
    assert converse().status == 0
    ended = converse("go", "epochs 1", "wait", request=resume_request(tmp_path / "run"))
    assert ended.status == 2
    assert ended.find("All epochs are done")
    assert ended.run.epoch == 3


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        ({"data": "no/such/place"}, 3, "no such folder"),
        ({}, 2, "holds a run already"),
    ],
    ids=["data", "run"],
)
def test_what_can_not_begin_says_why(
    options: Any, status: int, words: str, converse: Converse, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{}")
    ended = converse("status", **options)
    assert ended.status == status
    assert words in ended.err
    assert ended.err.count("\n") == 1


def test_a_fault_of_our_own_is_told(converse: Converse, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("by\x1b design")

    monkeypatch.setattr("digit_tui.training.run_request.Trainer", fail)
    ended = converse("status")
    assert ended.status == 1
    assert "digit-tui: RuntimeError: by? design\n" in ended.err
    assert "Traceback" in ended.err


# Somebody at a terminal


def test_the_end_of_what_is_typed_saves_and_leaves(converse: Converse, tmp_path: Path) -> None:
    ended = converse("step 2", terminal=True, epochs=100_000)
    assert ended.status == 0
    assert ended.lines[0] == "type help for the commands, quit to save and leave"
    assert ended.lines[-2:] == [
        f"Saved step {ended.run.step:,} in {tmp_path / 'run'}",
        f"Resume it with: digit-tui --plain --resume {tmp_path / 'run'}",
    ]
    assert SavedRun.read(tmp_path / "run").checkpoint().state.step == ended.run.step


def test_at_a_terminal_wrong_lines_are_no_failure(converse: Converse) -> None:
    assert converse("fly", "rate fast", "quit", terminal=True).status == 0


def test_somebody_who_types_does_not_wait(converse: Converse) -> None:
    ended = converse("wait", "step 1000000", "epoch", "quit", terminal=True, epochs=1_000_000)
    assert ended.status == 0
    assert ended.run.step < 100_000
    # What is asked for next may be looked at when the epoch is over already.
    assert ended.all(r"^training to the end of the epoch$|^paused .*epoch \d+\.00 of ")


# What is told of events


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Told:
    """A narrator of a made-up run."""

    def __init__(self, verbose: bool) -> None:
        self.clock = Clock()
        self.lines: list[str] = []
        self.run = RunStatus(CONFIG.with_(epochs=100), self.clock)
        self.narrator = Narrator(self.run, self.lines.append, verbose, self.clock)

    def tell(self, *events: Any) -> None:
        for event in events:
            self.run.ingest(event)
            self.narrator.report(event, None)

    def epochs(self, first: int, last: int) -> None:
        for epoch in range(first, last + 1):
            measures = (0.001, "adam", 0.5, 0.8, 0.4, 0.9, 1.0, 0.0, 0.1, 1e4)
            self.tell(happened.EpochEnded(epoch, 32 * epoch, *measures))


def test_quick_epochs_are_told_now_and_then() -> None:
    told = Told(verbose=False)
    told.epochs(1, 5)
    told.clock.now += 5
    told.epochs(6, 9)
    told.epochs(100, 100)  # the last one
    assert told.lines == [f"epoch {epoch}: test 90.00%, loss 0.4000" for epoch in (1, 6, 100)]


def test_all_epochs_are_told_to_who_wants_them() -> None:
    told = Told(verbose=True)
    told.epochs(1, 5)
    told.narrator.verbose = False
    told.epochs(6, 9)
    assert len(told.lines) == 5


def test_troubles_are_told_with_what_to_do() -> None:
    told = Told(verbose=False)
    told.tell(
        happened.Spiked(12, 0.4, 0.1, 3.0, "loss rose from 0.1 to 3 by step 12"),
        happened.Paused(12, 0.4, "spike"),
        happened.BranchEvent(happened.Diverged(12, 0.4, "loss", 0.0, "loss became NaN at step 13")),
        happened.Refused(12, "Nothing to take back"),
    )
    assert told.lines == [
        "loss rose from 0.1 to 3 by step 12",
        "paused: undo goes back to before that",
        "fork: loss became NaN at step 13",
        "Nothing to take back",
    ]
    assert told.run.state == "spike"


def test_a_disk_that_refuses_again_and_again_is_told_once() -> None:
    told = Told(verbose=False)
    failed = happened.SaveFailed(3, "disk full")
    saved = happened.CheckpointSaved(4, "/runs/one")
    told.tell(failed, failed, happened.BranchEvent(failed), saved, failed)
    assert told.lines == ["not saved: disk full"] * 2


def test_the_time_that_is_left() -> None:
    told = Told(verbose=False)
    told.tell(happened.Resumed(0, 0.0))
    assert told.run.seconds_left() is None
    told.clock.now = 10
    told.epochs(1, 20)
    assert told.run.seconds_left() == pytest.approx(40)


# The training thread


def test_training_waits_for_a_reader_that_does_not_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sync_runner_module, "BACKLOG", 10)
    runner = SyncRunner(
        RunRequest(CONFIG.with_(epochs=1_000_000), tmp_path / "run"), lambda: None, False
    )
    runner.start()
    end = monotonic() + 20
    while len(runner.events) <= 10:
        assert monotonic() < end
        sleep(0.001)
    assert len(runner.events) == 11
    assert len(runner.drain()) >= 11
    runner.stop_waiting()
    runner.ask(commands.Stop())
    assert runner.join(20)
    assert isinstance(runner.drain()[-1], RunEnded)


def test_a_run_that_is_held_obeys_before_its_first_step(tmp_path: Path) -> None:
    runner = SyncRunner(RunRequest(CONFIG, tmp_path / "run"), lambda: None, held=True)
    runner.start()
    events: list[Any] = []

    def until_obeyed(command: commands.Command | None) -> None:
        end = monotonic() + 20
        while Acknowledged(command) not in events:
            assert monotonic() < end
            events.extend(runner.drain())
            sleep(0.001)

    runner.ask(commands.ScaleLearningRate(2.0))
    until_obeyed(commands.ScaleLearningRate(2.0))
    runner.ask(commands.SetAugmentation("none"))
    until_obeyed(commands.SetAugmentation("none"))
    changes = [event for event in events if isinstance(event, happened.SettingChanged)]
    assert [(change.setting, change.step) for change in changes] == [
        ("learning_rate", 0),
        ("augment", 0),
    ]
    assert not any(isinstance(event, happened.StepsDone) for event in events)
    runner.begin()
    assert runner.join(0) is False
    runner.ask(commands.Stop())
    assert runner.join(20)


# The command line


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, arguments, prog_name="digit-tui")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, RunRequest]]:
    """What would be started, instead of starting it."""
    started: list[tuple[str, RunRequest]] = []

    def plain(request: RunRequest) -> int:
        started.append(("plain", request))
        return 0

    def batch(request: RunRequest, *_: Any) -> int:
        started.append(("batch", request))
        return 0

    monkeypatch.setattr("digit_tui.plain.run_plain", plain)
    monkeypatch.setattr("digit_tui.batch.run_batch", batch)
    return started


def test_the_options_of_a_run_are_for_this_mode_too(
    opened: list[tuple[str, RunRequest]], tmp_path: Path
) -> None:
    assert run("--plain", "--seed", "7", "--run", str(tmp_path / "x")).exit_code == 0
    ((mode, request),) = opened
    assert (mode, request.config.seed, request.folder) == ("plain", 7, tmp_path / "x")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--plain", "--batch"], "--batch or --plain, not both"),
        (["--plain", "--json"], "--json needs --batch"),
        (["--plain", "--replay", "x"], "--replay needs --batch"),
        (["--plain", "--target-accuracy", "0.5"], "--target-accuracy needs --batch"),
    ],
    ids=str,
)
def test_what_does_not_go_together(
    arguments: list[str], words: str, opened: list[tuple[str, RunRequest]]
) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert opened == []


def test_somebody_may_want_lines_always(
    opened: list[tuple[str, RunRequest]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGIT_TUI_PLAIN", "1")
    assert run().exit_code == 0
    assert run("--batch").exit_code == 0  # what is written wins
    monkeypatch.setenv("DIGIT_TUI_BATCH", "1")
    assert run("--plain").exit_code == 0
    assert run().exit_code == 2
    assert [mode for mode, _ in opened] == ["plain", "batch", "plain"]


def test_without_a_terminal_this_mode_is_named() -> None:
    result = run()
    assert result.exit_code == 2
    assert "--batch, or --plain" in result.stderr


def test_it_is_the_front_end_that_the_command_line_starts() -> None:
    from digit_tui import plain

    assert plain.run_plain is run_plain_function


def test_a_letter_that_came_is_known_to_wait() -> None:
    mailbox = AckMailbox(lambda obeyed: None, held=False)
    assert not mailbox.waiting()
    mailbox.send(commands.Pause())
    assert mailbox.waiting()
    assert list(mailbox.take(0)) == [commands.Pause()]
    assert not mailbox.waiting()
