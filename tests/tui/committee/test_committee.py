"""A committee on the screen: its members, its mistakes, its confusion matrix."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.rarely import rarely
from support.saved_runs import MakeRun
from support.tui import Window
from textual.pilot import Pilot

from digit_tui import tui
from digit_tui.cli.committee_members import evaluate_committee
from digit_tui.insight.digit_table import DigitTable
from digit_tui.nn import Evaluation
from digit_tui.session.committee import JointEvaluation
from digit_tui.tui.committee import run_committee_app
from digit_tui.tui.committee.app import CommitteeApp
from digit_tui.tui.saved import SavedApp
from digit_tui.tui.terminal.stdio_capture import StdioCapture


@pytest.fixture
def committee(make_run: MakeRun) -> JointEvaluation:
    """Of two networks that have hardly learned, and of one that has."""
    runs = [
        make_run(name, hidden=(4,), seed=seed, epochs=epochs, batch_size=115)
        for seed, (name, epochs) in enumerate((("one", 1), ("two", 1), ("three", 8)))
    ]
    return evaluate_committee([*map(str, runs)], None, False)


async def test_its_views(committee: JointEvaluation) -> None:
    app: Any = CommitteeApp(committee)
    async with app.run_test(size=(80, 24)) as pilot:
        opened = Window(app, pilot)
        await opened.until(lambda: "1 of 3" in opened.text)
        right = np.stack([each.predictions == each.labels for each in committee.evaluations])
        for letter, name, evaluation, own in zip(
            "ABC", ("one", "two", "three"), committee.evaluations, right, strict=True
        ):
            alone = (~own & (right.sum(axis=0) == 2)).sum()
            share = f"{evaluation.accuracy:.2%}".replace(".", r"\.")
            opened.find(rf"{letter}  {name} +{share} .* {(~own).sum()} +{alone}  36-4-4")
        counts = np.bincount(3 - right.sum(axis=0), minlength=4)
        for number in (1, 2, 3):
            opened.find(rf"^ {number} of 3 .* {counts[number]}$")
        await opened.press("down", "down", "down", "up")
        opened.find("▸B  two")

        await opened.press("tab")
        wrong = committee.together.predictions != committee.together.labels
        opened.find(f"{wrong.sum()} mistakes by loss")
        hardest = int(np.where(wrong, committee.together.losses, -1).argmax())
        answers = [int(each.predictions[hardest]) for each in committee.evaluations]
        opened.find(rf"▸ +{hardest} .* {right[:, hardest].sum()}/3 +#{hardest} ")
        opened.find(f"members {' '.join(map(str, answers))}")
        before = opened.text
        await opened.press("enter", "p", "i", "w")  # what is about one network
        assert opened.text == before
        await opened.resize(120, 40)
        predicted = int(committee.together.predictions[hardest])
        letters = "".join(
            each for each, answer in zip("ABC", answers, strict=True) if answer == predicted
        )
        opened.find(rf"^│.* {predicted} .*% pred {letters} ".replace("  ", " "))
        await opened.press("slash", *"allwrong", "enter")
        opened.find(f"{(right.sum(axis=0) == 0).sum()} of {wrong.sum()} mistakes, allwrong")

        await opened.press("tab")
        opened.find("Counts, 60 test digits")
        await opened.press("d", "x")
        letter = "ABC"[int(np.argmax([each.correct for each in committee.evaluations]))]
        opened.find(f"Change against {letter}, 60 test digits")
        opened.find(f"against {letter}: fixed {committee.against_best.gained}, broke")
        assert "mark" not in opened.text
        await opened.press("d", "question_mark")
        opened.find("Help: Confusion")
        assert "Mark this moment" not in opened.text
        await opened.press("escape", "q")
    assert app.return_code == 0


def test_members_by_the_class_that_they_name() -> None:
    evaluation = Evaluation(np.array([3, 1]), np.eye(4, dtype=np.float32)[[3, 2]], np.zeros(2))
    table = DigitTable(evaluation, members=np.array([[3, 2], [0, 1], [3, 2]]))
    assert [table.named_by(each) for each in (0, 1)] == [{3: "AC", 0: "B"}, {2: "AC", 1: "B"}]
    assert [table.right_members(each) for each in (0, 1)] == [2, 1]


def test_two_members_and_what_they_differ_on(committee: JointEvaluation) -> None:
    found = committee.agreement.disagreements
    one, two, three = (each.predictions for each in committee.evaluations)
    assert found[0, 1] == np.mean(one != two)
    assert found[2, 1] == np.mean(two != three)
    assert (np.diag(found) == 0).all()
    assert (found == found.T).all()
    pairs = [found[0, 1], found[0, 2], found[1, 2]]
    assert committee.agreement.disagreement == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("status", [0, *rarely(143)])
def test_the_run_of_a_member_is_shown_and_then_the_committee_again(
    committee: JointEvaluation, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    shown: list[Any] = []

    def run(app: Any, theme: str | None, keymap: Any) -> int:
        """Stands in for the terminal."""
        shown.append(app)
        if len(shown) == 1:
            app.chosen = 2
            app.opens = 2
        return status if isinstance(app, SavedApp) else 0

    monkeypatch.setattr(StdioCapture, "divert", lambda self: None)
    monkeypatch.setattr(tui, "run_app_of", run)
    assert run_committee_app(committee, best=True) == status
    first, member, *again = shown
    assert isinstance(first, CommitteeApp)
    assert isinstance(member, SavedApp)
    assert re.fullmatch("■ saved run three", str(member.model.replay))
    assert [each.chosen for each in again] == ([] if status else [2])


async def test_a_run_that_is_gone_is_told(committee: JointEvaluation) -> None:
    app: Any = CommitteeApp(committee, trouble="the folder is gone")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        opened = Window(app, pilot)
        await opened.until(lambda: "the folder is gone" in opened.text)
        await opened.press("down", "enter")
    assert (app.opens, app.return_code) == (1, 0)


@pytest.mark.parametrize(
    ("view", "size"),
    [
        pytest.param("members", (80, 24), id="members-80x24"),
        pytest.param("members", (120, 40), id="members-120x40", marks=pytest.mark.long),
        pytest.param("mistakes", (80, 24), id="mistakes-80x24", marks=pytest.mark.long),
    ],
)
def test_looks(
    snap_compare: Callable[..., bool],
    committee: JointEvaluation,
    monkeypatch: pytest.MonkeyPatch,
    view: str,
    size: tuple[int, int],
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("COLORTERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    app = CommitteeApp(committee)

    async def show(pilot: Pilot[None]) -> None:
        await pilot.pause()
        app.show_view(view)
        while not getattr(app.screen, "ready", True):
            await pilot.pause(0)
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=show)
