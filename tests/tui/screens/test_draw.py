"""The view in which one draws: by keys, by mouse, what is shown beside it, what is kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.hand import mouse

from digit_tui.data import DataError, Dataset, normalise_digit
from digit_tui.data.own_digits import read_own_digits
from digit_tui.data.strokes import FINENESS
from digit_tui.insight.drawn_digit import read_drawing
from digit_tui.insight.selective import SelectiveClassifier
from digit_tui.nn import Network
from digit_tui.run import commands
from digit_tui.run.events import BranchEvent, Forked
from digit_tui.tui.screens import draw as draw_module
from digit_tui.tui.screens.draw import DrawView
from digit_tui.tui.state import drawing_keeper
from digit_tui.tui.state.classifier_maker import ClassifierMaker
from digit_tui.tui.state.drawn_digit import class_of
from digit_tui.tui.widgets.drawing_canvas import DrawingCanvas


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, int]]:
    """What was kept, in place of the folder of a person."""
    kept: list[tuple[Any, int]] = []
    monkeypatch.setattr(
        drawing_keeper, "add_own_digit", lambda image, label: kept.append((image, label))
    )
    monkeypatch.setattr(
        drawing_keeper, "read_own_digits", lambda: ((), [label for _, label in kept])
    )
    return kept


@pytest.fixture
def canvas(
    window: Any, story: Any, network: Network, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Opens the view during a run. It always names a digit, but if it may refuse to."""
    due = ClassifierMaker.due

    def due_if_asked(maker: ClassifierMaker, model: Any) -> Any:
        return due(maker, model) if refuses else None

    refuses = False
    monkeypatch.setattr(ClassifierMaker, "due", due_if_asked)

    @asynccontextmanager
    async def open_view(*size: int, may_refuse: bool = False) -> Any:
        nonlocal refuses
        refuses = may_refuse
        evaluated_at = story.evaluated_at
        story.evaluated_at = lambda *values: replace(evaluated_at(*values), network=network)
        async with window(*(size or (80, 24))) as opened:
            await opened.tell(*story.opening(), *story.epochs(1))
            opened.app.show_view("draw")
            await opened.settle()
            yield opened

    return open_view


def drawn(opened: Any) -> Any:
    """(112, 112), the picture of the drawing."""
    return opened.app.screen.query_one(DrawingCanvas).drawing.image


def corner(opened: Any) -> tuple[int, int, int]:
    """Where the canvas is on the screen, and how many columns it has."""
    region = opened.app.screen.query_one(DrawingCanvas).content_region
    return region.x, region.y, region.width


def read_by(network: Network, image: Any, normalise: bool = True) -> str:
    reading = read_drawing(network, image, normalise)
    return re.escape(reading.title)


async def test_by_keys_alone(canvas: Any, network: Network, kept: list[Any]) -> None:
    async with canvas() as opened:
        opened.find("draw here")
        opened.find("space +lowers the pen, and lifts it")
        assert not re.search(r"reads \d", opened.text)
        opened.find("space Pen")
        await opened.press("enter")
        opened.find("nothing to keep yet")
        await opened.press("up", "up")  # the pen is up
        assert not drawn(opened).any()
        await opened.press("space", *["down"] * 9, "shift+right", "space", "left")
        rows, columns = (np.flatnonzero(drawn(opened).any(axis=1 - axis)) for axis in (0, 1))
        assert (len(rows) / FINENESS, len(columns) / FINENESS) == (9 + 3.5, 4 + 3.5)
        assert opened.sent == []
        opened.find(read_by(network, drawn(opened)))
        opened.find("thin brush .b., pen up")
        for name in ("1 cropped", "2 20 pixels", "3 centred"):
            opened.find(name)
        opened.find("d as drawn")
        await opened.press("d")
        opened.find("Seen as drawn; d: normalised")
        await opened.press("d", "b", "space")
        opened.find("thick brush .b., pen DOWN")
        before = drawn(opened).copy()
        await opened.press("x", "right", "space")
        assert drawn(opened).sum() < before.sum()
        await opened.press("z", "z")
        assert drawn(opened).sum() < before.sum()  # without the rubber and the thick dot

        await opened.press("enter")
        opened.find("Which one is it")
        before = drawn(opened).copy()
        await opened.press("up", "w")
        opened.find("w is none of them")
        assert np.array_equal(drawn(opened), before)
        await opened.press("escape", "enter", "3")
        ((image, label),) = kept
        assert label == 3
        assert image.shape == (28, 28)
        assert image.max() == 255
        opened.find("Kept as 3, z takes it back")
        opened.find("The network reads it while you draw")
        await opened.press("4")  # not the run's: it would change the optimizer
        opened.find("Draw first")
        await opened.press("space", "down")
        opened.find("p pixels, d as")  # in its place
        await opened.press("6")
        assert [label for _, label in kept] == [3, 6]
        opened.find("Kept as 6, z takes it back")
        opened.find("H +teaches a copy what you kept")
        await opened.press("space", "right", "7", "space", "up", "8", "space", "left", "0")
        opened.find("Kept as 0, z takes it back")
        opened.find(r"You have( |\s+)5")
        opened.find("H teaches them")
        assert opened.sent == []

        await opened.press("escape", "space")
        opened.find("You have left the frame")
        opened.find("esc Draw")
        opened.find("H Teach")
        opened.find("space Pause")
        await opened.press("escape", "space")
        assert opened.sent == [commands.Pause()]
        assert drawn(opened).any()
        opened.find("p pixels, d as")
        await opened.press("escape")
        left, top, columns = corner(opened)
        opened.type(mouse(1, left, top, columns).encode())  # gives the frame the focus
        await opened.settle()
        opened.find("p pixels, d as")
        before = drawn(opened).copy()
        opened.type(b"w" + mouse(1, left, top, columns).encode())  # at once
        await opened.settle()
        assert 0 < drawn(opened).sum() < before.sum()  # the first was wiped, and only that
        await opened.resize(55, 18)
        await opened.resize(80, 24)
        opened.find("p pixels, d as")
        await opened.press("space")
        assert opened.sent == [commands.Pause()]


async def test_by_mouse_with_all_that_explains_it(canvas: Any, network: Network) -> None:
    async with canvas(120, 40) as opened:
        left, top, columns = corner(opened)
        assert columns == 56
        opened.type(mouse(2, left, top, columns).encode())
        await opened.settle()
        image = drawn(opened)
        assert np.count_nonzero(image) > 1_000  # lines, not dots
        opened.find(read_by(network, image))
        await opened.until(lambda: "as of epoch 1" in opened.text)
        opened.find("turned 10° right +\\d +\\d+%")
        opened.find("1 cropped")
        await opened.press("d")
        opened.find(read_by(network, image, normalise=False))
        opened.find("seen as drawn, 28x28")
        opened.find("d Normalised")
        # One that leaves the canvas stays in it, and ends where the button is let go.
        for report in (b"0;%d;%dM" % (left + 9, top + 9), b"32;119;9M", b"0;119;9m", b"35;9;9M"):
            opened.type(b"\x1b[<" + report)
            await opened.settle()
        assert drawn(opened)[:, -1].any()
        assert not drawn(opened)[:12, :12].any()
        await opened.press("w")
        opened.find("draw here")
        await opened.press("z")
        opened.find(r"reads \d")


async def test_the_bars_follow_the_network_while_it_trains(
    canvas: Any, story: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with canvas() as opened:
        runner, view = opened.app.runner, opened.app.screen
        assert isinstance(view, DrawView)
        looks = runner.looks
        monkeypatch.setattr(draw_module, "LOOK_SECONDS", 0.0)
        await opened.tell(*story.epochs(1))
        assert runner.looks == looks  # nobody reads a blank canvas
        await opened.press("space", *["down"] * 9)
        await opened.tell(story.steps(40))
        assert runner.looks > looks
        for seed in (1, 2):
            inspected = story.inspected(seed)
            inspected.network.initialize(np.random.default_rng(seed))
            await opened.tell(inspected)
            view.redraw()
            await opened.settle()
            opened.find(read_by(inspected.evaluated_network, drawn(opened)))
        await opened.press("y")
        assert "1 cropped" not in opened.text
        await opened.until(lambda: "as of epoch" in opened.text)
        opened.find("what if it were")


async def test_what_is_no_digit_is_told(
    canvas: Any, network: Network, sample: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    learns, classifier = Event(), SelectiveClassifier.of(network, sample)

    def learn(*_: Any) -> SelectiveClassifier:
        learns.wait(20)
        return classifier

    monkeypatch.setattr(SelectiveClassifier, "of", learn)
    async with canvas(may_refuse=True) as opened:
        await opened.press("space", "right")  # a dash
        so_far = read_drawing(network, drawn(opened)).likeness
        opened.find(re.escape(f"{so_far} …"))
        learns.set()
        reading = read_drawing(network, drawn(opened), classifier=classifier)
        assert reading.answer is not None
        assert reading.answer.classes == ()
        await opened.until(lambda: f"not a digit, most like {reading.predicted}" in opened.text)
        opened.find("draw larger")
        await opened.press("enter")
        opened.find("It looks like no digit")
        await opened.press("escape", "y")
        opened.find(f"not a digit, like {reading.predicted} +what if it were")


@pytest.mark.long
async def test_what_cannot_be_kept_stays_on_the_canvas(
    canvas: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise DataError("/home/own cannot be written: the disk is full")

    monkeypatch.setattr(drawing_keeper, "add_own_digit", fail)
    async with canvas(120, 40) as opened:
        await opened.press("space", "down", "down", "enter", "7")
        opened.find("It was not kept:")
        assert drawn(opened).any()


@pytest.mark.parametrize(
    ("character", "classes", "expected"),
    [
        *(("7", 10, 7), ("7", 5, None), ("a", 10, None), ("é", 47, None), ("", 10, None)),
        *(("A", 27, 1), ("z", 27, 26), ("A", 47, 10), ("Z", 47, 35), ("c", 47, 12)),
        *(("a", 47, 36), ("t", 47, 46), ("a", 36, 10), ("٣", 10, None)),
    ],
)
def test_the_class_that_a_key_names(character: str, classes: int, expected: int | None) -> None:
    assert class_of(character, classes) == expected


async def test_what_was_kept_by_mistake_is_taken_back(canvas: Any) -> None:
    async with canvas(80, 24) as opened:
        before = read_own_digits()[1].tolist()
        await opened.press("space", *["down"] * 4, "9")
        opened.find("Kept as 9, z takes it back")
        assert read_own_digits()[1].tolist() == [*before, 9]
        await opened.press("z")  # the drawing is there again, and is no longer kept
        opened.find("It is not kept any more")
        assert drawn(opened).any()
        assert read_own_digits()[1].tolist() == before
        await opened.press("3", "space", "right", "z")
        assert read_own_digits()[1].tolist() == [*before, 3]  # z is for the stroke again
        await opened.press("z")  # the drawing is there again
        opened.find("It is not kept any more")
        assert read_own_digits()[1].tolist() == before
        await opened.press("3", "space", *["up"] * 4, "3")
        opened.find("You have it already, as 3")
        await opened.press("space", *["down"] * 4, "8")
        assert read_own_digits()[1].tolist() == [*before, 8]  # the same drawing by another name
        opened.find("Kept as 8 instead, z")
        await opened.press("z")
        assert read_own_digits()[1].tolist() == [*before, 3]
        opened.find("It is kept as before")


async def test_the_latest_of_two_names_is_taken_back(canvas: Any) -> None:
    async with canvas(80, 24) as opened:
        before = read_own_digits()[1].tolist()
        for label in "83":  # another drawing than elsewhere
            await opened.press("space", *["right"] * 5, label, *["left"] * 5)
        assert read_own_digits()[1].tolist() == [*before, 3]
        await opened.press("z")
        assert read_own_digits()[1].tolist() == [*before, 8]


async def test_the_frame_is_left_until_it_is_wanted(canvas: Any) -> None:
    async with canvas(80, 24) as opened:
        await opened.press("escape")
        opened.find("You have left the frame")
        await opened.press("question_mark", "escape")
        opened.find("You have left the frame")
        await opened.press("tab", "shift+tab")
        opened.find("You have left the frame")
        await opened.press("7")  # nor does a digit switch the optimizer there
        assert opened.sent == []
        opened.find("Draw first")
        await opened.press("y")  # there is no answer to explain
        opened.find("Draw first, then ask why")
        await opened.press("escape")
        assert "You have left the frame" not in opened.text


async def test_named_classes_take_no_drawings(canvas: Any, story: Any) -> None:
    """They would be kept as digits, which they are not."""
    async with canvas(80, 24) as opened:
        before = read_own_digits()[1].tolist()
        opened.app.model.dataset = replace(opened.app.model.dataset, class_names=("A", "K"))
        await opened.press("space", *["down"] * 4, "0")
        opened.find("It cannot be kept")
        assert read_own_digits()[1].tolist() == before


async def test_the_answer_of_a_fork_is_told_too(canvas: Any, story: Any) -> None:
    async with canvas(80, 24) as opened:
        await opened.press("space", *["down"] * 4)
        opened.find("(?<!run )(reads|not a digit)")
        forked = Forked(story.step, story.epoch, ["1 drawing taught"], None, story.settings)
        evaluated = story.evaluated({4: (7, 0.8)})
        await opened.tell(forked, BranchEvent(evaluated))
        opened.find(r"fork most like \d")
        opened.find("run (reads|not a digit)")
        opened.find("k End fork")
        for digit in range(10):  # all have a bar
            opened.find(rf"  {digit} .*\d+\.\d%")


def test_a_label_that_there_is_not_is_asked_for_again() -> None:
    model: Any = SimpleNamespace(dataset=SimpleNamespace(classes=3, class_names=()), ways=None)
    keeper = drawing_keeper.DrawingKeeper()
    assert not keeper.keep(np.ones((8, 8), np.uint8), "7", model, "z")
    assert keeper.asks
    text = "7 is none of them. Press 0 to 2, or esc not to keep it."
    assert keeper.question(model, is_refused=False) == text


def test_a_network_is_given_what_it_was_trained_on(network: Network) -> None:
    ink = np.zeros((40, 40), np.uint8)
    ink[3:23, 4:9] = 255
    reading = read_drawing(network, ink)
    assert np.array_equal(reading.image, normalise_digit(ink).image)
    assert reading.probabilities.sum() == pytest.approx(1)
    assert reading.predicted != reading.rival
    smaller = Network((14 * 14, 8, 10))
    assert read_drawing(smaller, ink).image.shape == (14, 14)
    assert read_drawing(smaller, ink, normalise=False).image.shape == (14, 14)
