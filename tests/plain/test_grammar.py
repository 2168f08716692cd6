"""What a line means, and what is said of one that means nothing."""

from __future__ import annotations

from math import inf

import pytest

from digit_tui.plain import requests
from digit_tui.plain.grammar import COMMANDS, help_lines, parse
from digit_tui.plain.requests import InputError, RunCommand
from digit_tui.run import commands

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
    "rate find": requests.FindRate(),
    "rate F": requests.FindRate(),
    "rate *2": RunCommand(commands.ScaleLearningRate(2.0)),
    "rate * 2": RunCommand(commands.ScaleLearningRate(2.0)),
    "rate ×3": RunCommand(commands.ScaleLearningRate(3.0)),
    "rate /4": RunCommand(commands.ScaleLearningRate(0.25)),
    "rate ÷ 4": RunCommand(commands.ScaleLearningRate(0.25)),
    "clip norm 1.5": RunCommand(commands.SetClipping(norm=1.5)),
    "clip value 0.1": RunCommand(commands.SetClipping(value=0.1)),
    "clip off": RunCommand(commands.SetClipping()),
    "sam 0.05": RunCommand(commands.SetSam(0.05)),
    "sam off": RunCommand(commands.SetSam(0.0)),
    "augment affine": RunCommand(commands.SetAugmentation("affine")),
    "off 1 17": RunCommand(commands.SwitchOff(1, (17,))),
    "off 2 3 0 4": RunCommand(commands.SwitchOff(2, (3, 0, 4))),
    "on 1 17 18": RunCommand(commands.SwitchOn(1, (17, 18))),
    "prune 0.3": RunCommand(commands.Prune(0.3)),
    "prune 30%": RunCommand(commands.Prune(0.3)),
    "prune 0": RunCommand(commands.Prune(0.0)),
    "teach": requests.TeachFork(),
    "undo": RunCommand(commands.Undo()),
    "timeline": requests.ShowTimeline(every=False),
    "timeline all": requests.ShowTimeline(every=True),
    "back 3": requests.GoToRow(3),
    "fork optimizer=sgd,lr=0.1": RunCommand(commands.Fork((commands.SetOptimizer("sgd", 0.1),))),
    "fork lr=0.1, clip-norm=1": RunCommand(
        commands.Fork((commands.SetLearningRate(0.1), commands.SetClipping(1.0)))
    ),
    "fork off=1:17+18,on=2:0,prune=50%": RunCommand(
        commands.Fork(
            (commands.SwitchOff(1, (17, 18)), commands.SwitchOn(2, (0,)), commands.Prune(0.5))
        )
    ),
    "keep run": RunCommand(commands.Keep(fork=False)),
    "keep fork": RunCommand(commands.Keep(fork=True)),
    "restart": requests.Restart({}),
    "restart seed=7 hidden=8,4": requests.Restart({"seed": "7", "hidden": "8,4"}),
    "restart preset=record": requests.Restart({"preset": "record"}),
    "epochs 10": RunCommand(commands.AddEpochs(10)),
    "save": RunCommand(commands.Save()),
    "status": requests.ShowStatus(),
    "mistakes": requests.ListMistakes(),
    "mistakes 3": requests.ListMistakes(3),
    "mistakes draw": requests.ListMistakes(draw=True),
    "mistakes 3 draw": requests.ListMistakes(3, draw=True),
    "digit 0": requests.ShowDigit(0),
    "digit #947": requests.ShowDigit(947),
    "neuron 2 0": requests.ShowUnit(2, 0),
    "draw": requests.ReadDrawing(),
    "draw sq": requests.ReadDrawing(square=True),
    "predict 1 2": requests.PredictFile("1 2"),
    "confusion": requests.ShowConfusion(),
    "mistakes 3 draw true=4 pred=9": requests.ListMistakes(3, True, "true=4 pred=9"),
    "mistakes conf>0.9": requests.ListMistakes(5, False, "conf>0.9"),
    "network": requests.ShowNetwork(),
    "network 2": requests.ShowNetwork(layer=2),
    "network check": requests.ShowNetwork(check=True),
    "show test": RunCommand(commands.OpenTest()),
    "show validation": requests.ShowValidation(),
    "log": requests.ShowLog(),
    "log 3": requests.ShowLog(3),
    "mistakes 4>9": requests.ListMistakes(requests.MISTAKES, False, "4>9"),
    "mistakes 3 4→9 conf>0.3": requests.ListMistakes(3, False, "4→9 conf>0.3"),
    "wait": requests.Wait(inf),
    "wait 2.5": requests.Wait(2.5),
    "verbose on": requests.SetVerbose(True),
    "verbose off": requests.SetVerbose(False),
    "corrupt": requests.ShowRobustness(),
    "health": requests.ShowHealth(),
    "calibration": requests.ShowCalibration(),
    "help": requests.ShowHelp(),
    "?": requests.ShowHelp(),
    "help RA": requests.ShowHelp("rate"),
    "quit": requests.Quit(),
    "exit": requests.Quit(),
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_a_request(line: str) -> None:
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
        ("op mom", "optimizer momentum"),
        ("opt adamw", "optimizer adamw"),
        ("c", None),
        ("cl v 1", "clip value 1"),
        ("aug e", "augment elastic"),
        ("k f", "keep fork"),
        ("m 2 d", "mistakes 2 draw"),
        ("verb of", "verbose off"),
        ("net c", "network check"),
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
    ("fly", "there is no command 'fly'; help lists all of them"),
    ("lr 0.1", "there is no command 'lr'; did you mean rate? help lists all of them"),
    ("helath", "there is no command 'helath'; did you mean health? help lists all of them"),
    ("s", "'s' may be step or sam or save or status"),
    ("lion", "there is no command 'lion'; help lists all of them"),
    ("help fly", "help: 'fly' is no command, and no word of the glossary; help lists the"),
    ("help moun", "did you mean muon? help lists the commands, digit-tui manual glossary the"),
    ("pause now", "pause: 'now' is one word too many (use: pause)"),
    ("network 0", "network: '0' is not a whole number from 1"),
    ("network chart", "network: 'chart' is none of check (use: network, network LAYER, network"),
    ("step 0", "step: '0' is not a whole number from 1 to 1,000,000 (use: step [N])"),
    ("step 1.5", "step: '1.5' is not a whole number"),
    ("step 99999999", "step: '99999999' is not a whole number"),
    ("step " + "9" * 5_000, "is not a whole number"),
    ("step 1 2", "step: '2' is one word too many"),
    ("optimizer", "optimizer: something is missing (use: optimizer NAME [RATE])"),
    ("optimizer tiger", "'tiger' is none of sgd, momentum, nesterov, rmsprop, adam, adamw"),
    ("optimizer ada", "'ada' may be adam or adamw"),
    ("optimizer sgd fast", "'fast' is not a positive number"),
    ("rate", "rate: something is missing (use: rate X, rate *X, rate /X, rate find)"),
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
    ("off", "off: something is missing (use: off L N [N ...])"),
    ("off 1", "off: something is missing"),
    ("off 0 1", "'0' is not a whole number from 1 to"),
    ("on 1 -1", "'-1' is not a whole number from 0 to"),
    ("off 1 2,3", "'2,3' is not a whole number"),
    ("prune", "prune: something is missing (use: prune SHARE)"),
    ("prune half", "SHARE: 'half' is not a number"),
    ("prune %", "is not a number"),
    ("prune 30", "SHARE: write 30% or 0.3"),
    ("prune 1 2", "'2' is one word too many"),
    ("o", "'o' may be optimizer or off or on"),
    ("fork off=17", "off: '17' is not LAYER:UNIT or LAYER:UNIT+UNIT"),
    ("fork off=1:", "off: '1:' is not LAYER:UNIT or LAYER:UNIT+UNIT"),
    ("fork prune=x", "prune: 'x' is not a number"),
    ("back", "back: something is missing"),
    ("back 0", "'0' is not a whole number"),
    ("fork", "fork: something is missing"),
    ("fork sgd", "'sgd' is not NAME=VALUE"),
    ("fork lion=1", "'lion' is none of optimizer, lr, clip-norm, clip-value, sam, augment"),
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
    wanted = [f"{entry.usage}: {entry.meaning}." for entry in COMMANDS]
    assert lines[:-1] == wanted
    assert help_lines("undo") == ["undo: Go back to before the last command."]


def test_help_explains_the_words_of_the_glossary() -> None:
    assert parse("help learning rate") == requests.ShowHelp("learning rate")
    assert help_lines("loss")[0].startswith("loss: how wrong the network is: minus the logarithm")
    assert [line.partition(":")[0] for line in help_lines("fork")][1:] == ["fork"]
    with pytest.raises(InputError, match=r"'lass' .* did you mean (class|loss)"):
        parse("help lass")


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        *((optimizer, optimizer) for optimizer in ("lion", "muon", "prodigy", "schedulefree")),
        *(("adamw", "adam"), ("teachers", "distillation"), ("elastic", "augmentation")),
        *(("biases", "weight"), ("weights", "weight"), ("point", "points"), ("Test", "test set")),
        *(("PCA", "pca"), ("McNemar", "mcnemar's test"), ("t-SNE", "t-sne"), ("F1", "f1")),
    ],
)
def test_words_that_another_one_explains_are_found(asked: str, word: str) -> None:
    assert parse(f"help {asked}") == requests.ShowHelp(word)
    assert help_lines(word)[-1].startswith(f"{word}: ")
    assert asked.lower().removesuffix("es").removesuffix("s") in help_lines(word)[-1].lower()
