"""The commands that can be typed, and the parsing of a line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from digit_tui.config import AUGMENTATIONS, OPTIMIZERS
from digit_tui.data import printable
from digit_tui.insight.selection import parse_selection
from digit_tui.manual import explained, glossary, glossary_words
from digit_tui.plain import requests
from digit_tui.plain.requests import InputError, Request, RunCommand
from digit_tui.plain.values import MOST, choose, count_words, quoted, real, whole
from digit_tui.run import commands
from digit_tui.run.settings import named_values, parse_changes, share
from digit_tui.training import restart


@dataclass(frozen=True)
class PlainCommand:
    """A command that can be typed."""

    name: str
    usage: str
    """All its forms."""
    meaning: str
    parse: Callable[[list[str]], Request]
    """Takes the words after the name; raises ValueError if something is wrong with them."""


def parse(line: str) -> Request | None:
    """What a line asks for; None for an empty line, or a comment that begins with #.

    Raises:
        InputError: if it is not a command.
    """
    words = line.split()
    if not words or words[0].startswith("#"):
        return None
    entry = find(words[0])
    try:
        return entry.parse(words[1:])
    except ValueError as error:
        raise InputError(f"{entry.name}: {error} (use: {entry.usage})") from error


OPTIONS = {"lr": "rate"}
"""What options and forks call otherwise than commands do."""


def find(word: str) -> PlainCommand:
    """The command that a word, or the beginning of one, names.

    Raises:
        InputError: if it names none, or more than one.
    """
    try:
        return NAMES[choose(word, tuple(NAMES))]
    except ValueError as error:
        if any(name.startswith(word.lower()) for name in NAMES):
            raise InputError(str(error)) from error
        text = f"there is no command {quoted(word)}; {_near(word, NAMES)}help lists all of them"
        raise InputError(text) from error


def _near(word: str, names: Iterable[str]) -> str:
    """A question whether another name was meant, of about the same length; "" if none is like it.

    Of few letters any two words have some in common: "on" is not what "lion" was meant to be.
    """
    if word in OPTIONS:
        return f"did you mean {OPTIONS[word]}? "
    alike = [name for name in names if abs(len(name) - len(word)) <= max(len(word) // 4, 1)]
    return "".join(f"did you mean {each}? " for each in get_close_matches(word, alike, 1))


def alone(request: Request) -> Callable[[list[str]], Request]:
    """The parser of a command that takes no other words."""

    def parse_none(words: list[str]) -> Request:
        count_words(words, 0, 0)
        return request

    return parse_none


def _step(words: list[str]) -> Request:
    count_words(words, 0, 1)
    return requests.MakeSteps(whole(words[0]) if words else 1)


def _optimizer(words: list[str]) -> Request:
    count_words(words, 1, 2)
    name = choose(words[0], OPTIMIZERS)
    return RunCommand(commands.SetOptimizer(name, real(words[1]) if len(words) > 1 else None))


def _rate(words: list[str]) -> Request:
    text = "".join(words)
    count_words([text] if text else [], 1, 1)
    if "find".startswith(text.lower()):
        return requests.FindRate()
    if text[0] in "*×":
        return RunCommand(commands.ScaleLearningRate(real(text[1:])))
    if text[0] in "/÷":
        return RunCommand(commands.ScaleLearningRate(1 / real(text[1:])))
    return RunCommand(commands.SetLearningRate(real(text)))


def _clip(words: list[str]) -> Request:
    count_words(words, 1, 2)
    kind = choose(words[0], ("norm", "value", "off"))
    if kind == "off":
        count_words(words, 1, 1)
        return RunCommand(commands.SetClipping())
    count_words(words, 2, 2)
    limit = real(words[1])
    return RunCommand(
        commands.SetClipping(norm=limit) if kind == "norm" else commands.SetClipping(value=limit)
    )


def _sam(words: list[str]) -> Request:
    count_words(words, 1, 1)
    return RunCommand(commands.SetSam(0.0 if words[0].lower() == "off" else real(words[0])))


def _augment(words: list[str]) -> Request:
    count_words(words, 1, 1)
    return RunCommand(commands.SetAugmentation(choose(words[0], AUGMENTATIONS)))


def _switch(command: type[commands.SwitchOff | commands.SwitchOn]) -> Callable[..., Request]:
    """The parser of a command that names a layer and units of it."""

    def parse_units(words: list[str]) -> Request:
        count_words(words, 2, MOST)
        layer, units = whole(words[0]), tuple(whole(word, least=0) for word in words[1:])
        return RunCommand(command(layer, units))

    return parse_units


def _prune(words: list[str]) -> Request:
    count_words(words, 1, 1)
    try:
        return RunCommand(commands.Prune(share("SHARE", words[0])))
    except ValueError as error:  # it quotes what was typed
        raise ValueError(printable(str(error))) from error


def _timeline(words: list[str]) -> Request:
    count_words(words, 0, 1)
    return requests.ShowTimeline(every=bool(words and choose(words[0], ("all",))))


def _back(words: list[str]) -> Request:
    count_words(words, 1, 1)
    return requests.GoToRow(whole(words[0]))


def _fork(words: list[str]) -> Request:
    count_words(words, 1, MOST)
    try:
        return RunCommand(commands.Fork(parse_changes(" ".join(words).lower())))
    except ValueError as error:  # it quotes what was typed
        raise ValueError(printable(str(error))) from error


def _restart(words: list[str]) -> Request:
    parts = [word.partition("=") for word in words]
    try:
        wanted = named_values(("".join((name.lower(), *rest)) for name, *rest in parts), NEXT_RUN)
        if "preset" in wanted:
            wanted["preset"] = wanted["preset"].lower()
        return requests.Restart(wanted)
    except ValueError as error:  # it quotes what was typed
        raise ValueError(printable(str(error))) from error


def _keep(words: list[str]) -> Request:
    count_words(words, 1, 1)
    return RunCommand(commands.Keep(choose(words[0], ("run", "fork")) == "fork"))


def _epochs(words: list[str]) -> Request:
    count_words(words, 1, 1)
    return RunCommand(commands.AddEpochs(whole(words[0])))


def _mistakes(words: list[str]) -> Request:
    words = list(words)
    counted = bool(words) and re.fullmatch(r"-?[\d._]+", words[0])  # 4>9 is a condition
    count = whole(words.pop(0)) if counted else requests.MISTAKES
    draw = bool(words) and words[0][:1] in "dD" and bool(choose(words.pop(0), ("draw",)))
    text = " ".join(words).lower()
    parse_selection(text, MOST)  # the number of classes is checked when it is answered
    return requests.ListMistakes(count, draw, text)


def _network(words: list[str]) -> Request:
    count_words(words, 0, 1)
    if words and words[0][:1] in "-0123456789":
        return requests.ShowNetwork(layer=whole(words[0]))
    return requests.ShowNetwork(check=bool(words and choose(words[0], ("check",))))


def _show(words: list[str]) -> Request:
    count_words(words, 1, 1)
    test = choose(words[0], ("test", "validation")) == "test"
    return RunCommand(commands.OpenTest()) if test else requests.ShowValidation()


def _digit(words: list[str]) -> Request:
    count_words(words, 1, 1)
    return requests.ShowDigit(whole(words[0].removeprefix("#"), least=0))


def _draw(words: list[str]) -> Request:
    count_words(words, 0, 1)
    return requests.ReadDrawing(square=bool(words and choose(words[0], ("square",))))


def _neuron(words: list[str]) -> Request:
    count_words(words, 2, 2)
    return requests.ShowUnit(whole(words[0]), whole(words[1], least=0))


def _predict(words: list[str]) -> Request:
    count_words(words, 1, MOST)
    return requests.PredictFile(" ".join(words))


def _log(words: list[str]) -> Request:
    count_words(words, 0, 1)
    return requests.ShowLog(whole(words[0]) if words else requests.LOG_LINES)


def _wait(words: list[str]) -> Request:
    count_words(words, 0, 1)
    return requests.Wait(real(words[0])) if words else requests.Wait()


def _verbose(words: list[str]) -> Request:
    count_words(words, 1, 1)
    return requests.SetVerbose(choose(words[0], ("on", "off")) == "on")


def _help(words: list[str]) -> Request:
    if not words:
        return requests.ShowHelp(None)
    word = " ".join(words).lower()
    meant = explained(word)
    if meant is not None and word not in NAMES:
        return requests.ShowHelp(meant)
    if any(name.startswith(word) for name in NAMES):
        return requests.ShowHelp(find(word).name)
    near = _near(word, [*NAMES, *glossary_words()])
    raise ValueError(
        f"{quoted(word)} is no command, and no word of the glossary; {near}help lists the "
        "commands, digit-tui manual glossary the words"
    )


NEXT_RUN = dict(
    zip(restart.NAMES, ("NAME or now", "NAME or DIR", "256,128", "N", "N"), strict=True)
)
"""What `restart` takes, by what is named."""

COMMANDS = (
    PlainCommand(
        "pause",
        "pause",
        "Stop training after the steps under way",
        alone(RunCommand(commands.Pause())),
    ),
    PlainCommand(
        "go", "go", "Continue training; also: resume", alone(RunCommand(commands.Resume()))
    ),
    PlainCommand("step", "step [N]", "Train on one batch, or on N, then pause", _step),
    PlainCommand(
        "epoch",
        "epoch",
        "Train to the end of the epoch, then pause",
        alone(RunCommand(commands.StepEpoch())),
    ),
    PlainCommand(
        "optimizer",
        "optimizer NAME [RATE]",
        f"Continue with another optimizer: {', '.join(OPTIMIZERS)}",
        _optimizer,
    ),
    PlainCommand(
        "rate",
        "rate X, rate *X, rate /X, rate find",
        "Set, multiply or divide the learning rate, or find one by a range test on a copy",
        _rate,
    ),
    PlainCommand(
        "clip",
        "clip norm X, clip value X, clip off",
        "Clip the gradient by norm or by value, or not at all",
        _clip,
    ),
    PlainCommand(
        "sam",
        "sam RHO, sam off",
        "Take the gradient where the loss is highest within RHO of the weights, or at the weights",
        _sam,
    ),
    PlainCommand(
        "augment",
        "augment NAME",
        f"Change how the training images are deformed: {', '.join(AUGMENTATIONS)}",
        _augment,
    ),
    PlainCommand(
        "off",
        "off L N [N ...]",
        "Switch units off: unit N, or some, of hidden layer L",
        _switch(commands.SwitchOff),
    ),
    PlainCommand(
        "on", "on L N [N ...]", "Switch units on again, as they were", _switch(commands.SwitchOn)
    ),
    PlainCommand(
        "prune",
        "prune SHARE",
        "Set this share of the weights to 0, the smallest: 0.3 or 30%; 0 puts all back",
        _prune,
    ),
    PlainCommand(
        "undo", "undo", "Go back to before the last command", alone(RunCommand(commands.Undo()))
    ),
    PlainCommand(
        "timeline", "timeline [all]", "List the snapshots to go back to, or all of them", _timeline
    ),
    PlainCommand("back", "back N", "Go to row N of the timeline", _back),
    PlainCommand(
        "teach",
        "teach",
        "Teach a copy beside the run the digits that you drew, and say whether that helped",
        alone(requests.TeachFork()),
    ),
    PlainCommand(
        "fork",
        "fork NAME=VALUE[,...]",
        "Train a copy beside the run with one or more settings changed: optimizer=NAME, lr=X, "
        "clip-norm=X, clip-value=X, sam=X, augment=NAME, off=L:N+N, on=L:N, prune=X, teach=mine",
        _fork,
    ),
    PlainCommand(
        "keep", "keep run, keep fork", "End a fork: go on with the run or the copy", _keep
    ),
    PlainCommand(
        "restart",
        " ".join(["restart", *(f"[{name}={value}]" for name, value in NEXT_RUN.items())]),
        "Keep this run, and begin another one, with a fresh seed or with what is named; "
        "with preset=now it has the settings in force now",
        _restart,
    ),
    PlainCommand("epochs", "epochs N", "Train N more epochs", _epochs),
    PlainCommand("save", "save", "Save a checkpoint now", alone(RunCommand(commands.Save()))),
    PlainCommand("status", "status", "Show the state of the run", alone(requests.ShowStatus())),
    PlainCommand(
        "mistakes",
        "mistakes [N] [draw] [true=4,7 pred=9 conf>0.9 ...]",
        f"List or draw the {requests.MISTAKES} or N mistakes with the highest loss, "
        "of all or of those that match",
        _mistakes,
    ),
    PlainCommand(
        "digit", "digit INDEX", "Draw a test digit with its most probable classes", _digit
    ),
    PlainCommand(
        "draw",
        "draw [square]",
        "Read a digit of your own: rows of characters, then an empty line. A dot, a space and 0 "
        "are background, 1 to 9 levels of ink, all else is ink. square: a character is as wide as "
        "high, else half as wide",
        _draw,
    ),
    PlainCommand(
        "confusion",
        "confusion",
        "Show which digits are confused with which",
        alone(requests.ShowConfusion()),
    ),
    PlainCommand(
        "network",
        "network, network LAYER, network check",
        "Show the network layer by layer, what is in one of them, or check its gradient",
        _network,
    ),
    PlainCommand(
        "neuron", "neuron L N", "Show unit N of layer L: what excites it, its connections", _neuron
    ),
    PlainCommand(
        "corrupt",
        "corrupt",
        "Measure how well digits are read that are made worse in ten ways",
        alone(requests.ShowRobustness()),
    ),
    PlainCommand(
        "predict", "predict FILE", "Read the digits in a picture file with the network", _predict
    ),
    PlainCommand(
        "health",
        "health",
        "Say what ails the run, since when, and what mends it",
        alone(requests.ShowHealth()),
    ),
    PlainCommand(
        "calibration",
        "calibration",
        "Say whether the network is as sure as it is right",
        alone(requests.ShowCalibration()),
    ),
    PlainCommand(
        "show",
        "show test, show validation",
        "With --validation: open the test set, or go back to the held-out set",
        _show,
    ),
    PlainCommand(
        "log", "log [N]", f"Show the last {requests.LOG_LINES} or N lines of the log", _log
    ),
    PlainCommand(
        "wait",
        "wait [EPOCH]",
        "Wait until the run is paused or done, or has reached EPOCH; at a terminal until a line "
        "is typed",
        _wait,
    ),
    PlainCommand(
        "verbose",
        "verbose on, verbose off",
        "Report every epoch, or only one every few seconds",
        _verbose,
    ),
    PlainCommand("help", "help [WORD]", "List the commands, or explain one, or a word", _help),
    PlainCommand("quit", "quit", "Save and leave", alone(requests.Quit())),
)
"""In the order of the help."""

BY_NAME = {entry.name: entry for entry in COMMANDS}
NAMES = BY_NAME | {"resume": BY_NAME["go"], "exit": BY_NAME["quit"], "?": BY_NAME["help"]}
"""With synonyms."""


def help_lines(word: str | None) -> list[str]:
    """The help: on all commands, or on one, or what a word means.

    Args:
        word: the name of a command, or one of the glossary.
    """
    entries = COMMANDS if word is None else [BY_NAME[word]] if word in BY_NAME else []
    lines = [f"{entry.usage}: {entry.meaning}." for entry in entries]
    if word is None:
        return [*lines, "A command can be shortened to its beginning."]
    return [*lines, *(f"{word}: {each}" for each in [glossary().get(word)] if each)]
