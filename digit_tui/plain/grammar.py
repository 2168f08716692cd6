"""The commands that can be typed, and what a line of them means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from digit_tui.config import AUGMENTATIONS, OPTIMIZERS
from digit_tui.data import printable
from digit_tui.insight.selection import parse_selection
from digit_tui.plain import requests
from digit_tui.plain.requests import Ask, Order, WrongInput
from digit_tui.plain.values import MOST, choose, count_words, quoted, real, whole
from digit_tui.run import commands
from digit_tui.run.settings import parse_changes


@dataclass(frozen=True)
class Entry:
    """A command."""

    name: str
    usage: str
    """All forms of it."""
    meaning: str
    parse: Callable[[list[str]], Order]
    """Takes the other words; raises ValueError with what is wrong with them."""


def parse(line: str) -> Order | None:
    """What a line asks for; None is nothing, as an empty line or a remark after # does.

    Raises:
        WrongInput: if it is no command.
    """
    words = line.split()
    if not words or words[0].startswith("#"):
        return None
    entry = find(words[0])
    try:
        return entry.parse(words[1:])
    except ValueError as error:
        raise WrongInput(f"{entry.name}: {error} (use: {entry.usage})") from error


def find(word: str) -> Entry:
    """The command that a word, or the beginning of one, names.

    Raises:
        WrongInput: if it names none, or more than one.
    """
    try:
        return NAMES[choose(word, tuple(NAMES))]
    except ValueError as error:
        if any(name.startswith(word.lower()) for name in NAMES):
            raise WrongInput(str(error)) from error
        known = ", ".join(entry.name for entry in COMMANDS)
        raise WrongInput(f"there is no command {quoted(word)}; there are {known}") from error


def alone(order: Order) -> Callable[[list[str]], Order]:
    """For a command without other words."""

    def parse_none(words: list[str]) -> Order:
        count_words(words, 0, 0)
        return order

    return parse_none


def _step(words: list[str]) -> Order:
    count_words(words, 0, 1)
    return requests.Steps(whole(words[0]) if words else 1)


def _optimizer(words: list[str]) -> Order:
    count_words(words, 1, 2)
    name = choose(words[0], OPTIMIZERS)
    return Ask(commands.SetOptimizer(name, real(words[1]) if len(words) > 1 else None))


def _rate(words: list[str]) -> Order:
    text = "".join(words)
    count_words([text] if text else [], 1, 1)
    if text[0] in "*×":
        return Ask(commands.ScaleLearningRate(real(text[1:])))
    if text[0] in "/÷":
        return Ask(commands.ScaleLearningRate(1 / real(text[1:])))
    return Ask(commands.SetLearningRate(real(text)))


def _clip(words: list[str]) -> Order:
    count_words(words, 1, 2)
    kind = choose(words[0], ("norm", "value", "off"))
    if kind == "off":
        count_words(words, 1, 1)
        return Ask(commands.SetClipping())
    count_words(words, 2, 2)
    limit = real(words[1])
    return Ask(
        commands.SetClipping(norm=limit) if kind == "norm" else commands.SetClipping(value=limit)
    )


def _augment(words: list[str]) -> Order:
    count_words(words, 1, 1)
    return Ask(commands.SetAugmentation(choose(words[0], AUGMENTATIONS)))


def _back(words: list[str]) -> Order:
    count_words(words, 1, 1)
    return requests.Back(whole(words[0]))


def _fork(words: list[str]) -> Order:
    count_words(words, 1, MOST)
    try:
        return Ask(commands.Fork(parse_changes(" ".join(words).lower())))
    except ValueError as error:  # it repeats what was written
        raise ValueError(printable(str(error))) from error


def _keep(words: list[str]) -> Order:
    count_words(words, 1, 1)
    return Ask(commands.Keep(choose(words[0], ("run", "fork")) == "fork"))


def _epochs(words: list[str]) -> Order:
    count_words(words, 1, 1)
    return Ask(commands.AddEpochs(whole(words[0])))


def _mistakes(words: list[str]) -> Order:
    words = list(words)
    count = whole(words.pop(0)) if words and words[0][:1] in "-0123456789" else requests.MISTAKES
    draw = bool(words) and words[0][:1] in "dD" and bool(choose(words.pop(0), ("draw",)))
    text = " ".join(words).lower()
    parse_selection(text, MOST)  # how many classes there are is seen when it is answered
    return requests.Mistakes(count, draw, text)


def _show(words: list[str]) -> Order:
    count_words(words, 1, 1)
    test = choose(words[0], ("test", "validation")) == "test"
    return Ask(commands.OpenTest()) if test else requests.ShowValidation()


def _digit(words: list[str]) -> Order:
    count_words(words, 1, 1)
    return requests.Digit(whole(words[0].removeprefix("#"), least=0))


def _log(words: list[str]) -> Order:
    count_words(words, 0, 1)
    return requests.Log(whole(words[0]) if words else requests.LOG_LINES)


def _wait(words: list[str]) -> Order:
    count_words(words, 0, 1)
    return requests.Wait(real(words[0])) if words else requests.Wait()


def _verbose(words: list[str]) -> Order:
    count_words(words, 1, 1)
    return requests.Verbose(choose(words[0], ("on", "off")) == "on")


def _help(words: list[str]) -> Order:
    count_words(words, 0, 1)
    return requests.Help(find(words[0]).name if words else None)


COMMANDS = (
    Entry(
        "pause", "pause", "Stop training after the steps under way", alone(Ask(commands.Pause()))
    ),
    Entry("go", "go", "Train on; also: resume", alone(Ask(commands.Resume()))),
    Entry("step", "step [N]", "Train on one batch, or on N, then pause", _step),
    Entry(
        "epoch",
        "epoch",
        "Train to the end of the epoch, then pause",
        alone(Ask(commands.StepEpoch())),
    ),
    Entry(
        "optimizer",
        "optimizer NAME [RATE]",
        f"Go on with another update rule: {', '.join(OPTIMIZERS)}",
        _optimizer,
    ),
    Entry("rate", "rate X, rate *X, rate /X", "Set, multiply or divide the learning rate", _rate),
    Entry("clip", "clip norm X, clip value X, clip off", "Clip by norm, by value, or not", _clip),
    Entry(
        "augment",
        "augment NAME",
        f"Deform the training images otherwise: {', '.join(AUGMENTATIONS)}",
        _augment,
    ),
    Entry("undo", "undo", "Go back to before the last command", alone(Ask(commands.Undo()))),
    Entry(
        "timeline", "timeline", "List the snapshots to go back to", alone(requests.ShowTimeline())
    ),
    Entry("back", "back N", "Go to row N of the timeline", _back),
    Entry(
        "fork",
        "fork optimizer=NAME,lr=X,clip-norm=X,clip-value=X,augment=NAME",
        "Train a copy beside the run that differs in these, or in some of them",
        _fork,
    ),
    Entry("keep", "keep run, keep fork", "End a fork: go on with the run or the copy", _keep),
    Entry("epochs", "epochs N", "Train N epochs more", _epochs),
    Entry("save", "save", "Save a checkpoint now", alone(Ask(commands.Save()))),
    Entry("status", "status", "Tell how the run stands", alone(requests.Tell())),
    Entry(
        "mistakes",
        "mistakes [N] [draw] [true=4,7 pred=9 conf>0.9 ...]",
        f"List or draw the {requests.MISTAKES} or N mistakes with the highest loss, all or some",
        _mistakes,
    ),
    Entry("digit", "digit INDEX", "Draw a test digit, with what it is taken for", _digit),
    Entry(
        "confusion",
        "confusion",
        "Show which digits are taken for which",
        alone(requests.Confusion()),
    ),
    Entry(
        "show",
        "show test, show validation",
        "Where images are held out: open the test set, or be about the held-out digits again",
        _show,
    ),
    Entry("log", "log [N]", f"Repeat the last {requests.LOG_LINES} or N lines of the log", _log),
    Entry(
        "wait",
        "wait [EPOCH]",
        "Take the next line when the run is paused or done, or has come to EPOCH",
        _wait,
    ),
    Entry(
        "verbose",
        "verbose on, verbose off",
        "Tell of every epoch, or on a terminal of one every few seconds",
        _verbose,
    ),
    Entry("help", "help [COMMAND]", "Tell what can be typed", _help),
    Entry("quit", "quit", "Save and leave", alone(requests.Quit())),
)
"""In the order in which they are explained."""

BY_NAME = {entry.name: entry for entry in COMMANDS}
NAMES = BY_NAME | {"resume": BY_NAME["go"], "exit": BY_NAME["quit"], "?": BY_NAME["help"]}
"""With other words for some."""


def help_lines(command: str | None) -> list[str]:
    """What can be typed: all commands, or one.

    Args:
        command: its name.
    """
    entries = COMMANDS if command is None else [BY_NAME[command]]
    lines = [f"{entry.usage}: {entry.meaning}." for entry in entries]
    return lines if command else [*lines, "The beginning of a command will do."]
