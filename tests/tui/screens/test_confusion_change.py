"""What has changed in the confusion matrix: since an epoch, a mark, or against a fork."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from support.confusion_view import FIRST, SECOND, chosen

from digit_tui.run import events as happened


class TestChange:
    async def test_since_the_last_epoch(self, confuse: Any) -> None:
        async with confuse(80, 24, FIRST, SECOND) as opened:
            await opened.press("d")
            assert opened.rows[2].startswith(
                "─Change since epoch 1 (epoch 2 now), columns: predicted, 1,000 test digits"
            )
            assert [row[:55].rstrip() for row in (opened.rows[4], opened.rows[13])] == [
                "    0  ▸+1    .    .   -1    .    .    .    .    .    .",
                "    9   +2    .    .    .    .   +1    .    .    .   -3",
            ]
            assert [row.rstrip() for row in opened.rows[17:21]] == [
                " 0 recognized: 100 of 100 (100.0%) now, 99 at epoch 1",
                " epoch 1  99.60% (95% interval 99.0 to 99.8)",
                " now      99.50% (95% interval 98.8 to 99.8)",
                " since epoch 1: fixed 2, broke 3: may well be chance (p = 0.69)",
            ]
            await opened.press("d")
            assert opened.rows[2].startswith("─Counts, ")

    async def test_in_points(self, confuse: Any) -> None:
        async with confuse(80, 24, FIRST, SECOND) as opened:
            await opened.press("d", "percent_sign")
            assert opened.rows[2].startswith("─Percentage points since epoch 1 (epoch 2 now), ")
            assert chosen(opened) == "+1.0"

    async def test_between_epochs_it_is_since_the_last_end(self, confuse: Any, story: Any) -> None:
        async with confuse(80, 24, FIRST) as opened:
            await opened.press("d")
            opened.find("^ no earlier epoch to compare with yet")
            opened.find("^ accuracy 99.60%")
            await opened.tell(story.steps(50), story.evaluated(SECOND))
            opened.find(r"─Change since epoch 1 \(epoch 1.50 now\), ")
            opened.find("fixed 2, broke 3")

    async def test_since_a_mark(self, confuse: Any, story: Any) -> None:
        async with confuse(80, 24, FIRST) as opened:
            await opened.press("x")
            opened.find("^ mark at epoch 1: d shows the change")
            await opened.press("d")
            opened.find("^ mark at epoch 1: nothing has changed since")
            await opened.tell(*story.epochs(1, {}), *story.epochs(1, SECOND))
            opened.find(r"─Change since the mark at epoch 1 \(epoch 3 now\), ")
            opened.find("^ since the mark at epoch 1: fixed 2, broke 3: may well")
            opened.find("^ mark  99.60%")
            opened.find("^ 0 recognized: 100 of 100 .100.0%. now, 99 at the mark$")
            await opened.press("x")
            opened.find("^ mark at epoch 3: nothing has changed since")
            await opened.press("d")
            assert opened.rows[2].startswith("─Change since epoch 2 ")
            await opened.press("d")
            assert opened.rows[2].startswith("─Counts, ")

    async def test_it_is_said_whether_the_next_change_is_since_the_mark(
        self, confuse: Any, story: Any
    ) -> None:
        async with confuse(80, 24, FIRST) as opened:
            await opened.press("d", "x")
            await opened.tell(*story.epochs(1, SECOND))
            opened.find("^ mark at epoch 1 *$")
            await opened.press("d")
            opened.find("^ mark at epoch 1: d shows the change")
            await opened.press("d")
            assert opened.rows[2].startswith("─Change since the mark at epoch 1 ")

    async def test_a_mark_may_be_of_another_run_or_ahead(self, confuse: Any, story: Any) -> None:
        async with confuse(80, 24, FIRST) as opened:
            await opened.press("x", "d")
            # It was undone.
            await opened.tell(story.evaluated_at(50, 0.5, story.evaluation(SECOND)))
            opened.find("^ against the mark at epoch 1: fixed 2, broke 3")
            await opened.tell(story.started(run="/runs/two"), story.evaluated(SECOND))
            opened.find("^ against the mark at epoch 1 of another run: fixed 2, broke 3")

    async def test_the_fork_against_the_run(self, confuse: Any, story: Any) -> None:
        async with confuse(80, 24, FIRST) as opened:
            await opened.press("d", "d")
            assert opened.rows[2].startswith("─Counts, ")  # there is none
            forked = happened.Forked(100, 1.0, ["optimizer sgd"], "/runs/fork", story.settings)
            copy = story.evaluated_at(100, 1.0, story.evaluation(SECOND))
            await opened.tell(forked, happened.BranchEvent(copy))
            await opened.press("d", "d")
            assert opened.rows[2].startswith("─Change fork against run ")
            assert "predicted, scores: fork" in opened.rows[2]
            opened.find("^ run   99.60%")
            opened.find("^ fork  99.50%")
            opened.find("^ fork against run: fixed 2, broke 3")
            opened.find("^ 0 recognized: 100 of 100 .100.0%. in the fork, 99 in the run$")
            model = opened.app.model
            model.test_evaluated, model.shows_test = replace(copy, split="validation"), True
            opened.app.screen.redraw()
            await opened.settle()
            opened.find("the fork was evaluated on test digits: not compared")
            model.shows_test = False
            await opened.tell(happened.ForkEnded(100, "run", None, "asked"))
            assert opened.rows[2].startswith("─Counts, ")
