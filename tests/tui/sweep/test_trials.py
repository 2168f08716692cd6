"""The table of trials: what is seen, sorted, filtered, chosen, and drawn of thousands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Any

import pytest
from support.rarely import rarely
from support.sweep import board, trial
from textual.events import MouseScrollDown

from digit_tui.tui.sweep.dialogs import TrialDialog
from digit_tui.tui.sweep.widgets import TrialTable

AT_80 = """\
  Trials  Best  Settings                                   first · journal.log
 ▶ running  9 of 60 trials  2 workers  best 95.93% (trial 7)
 ▶ 2 running  ✓ 6 complete  ▾ 2 pruned  ✗ 1 failed  … 1 waiting
─12 trials──────────────────────────────────────────────────────────────────────
  trial▾ state      lr       optimizer  hidden   epoch  accuracy curve     time
 ▸    11 … waiting  0.00228  momentum   256
      10 ▶ running  0.00518  sgd        128       5/12    94.02% ▁▅▇██      20s
       9 ▶ running  0.00245  adam       128       5/12    93.74% ▁▅▇██      20s
       8 ▾ pruned   0.000479 momentum   128       3/12    90.88% ▁▆█        12s
       7 ✓ complete 0.000936 sgd        64       12/12    95.93% ▁▅▇▇████   48s
       6 ✗ failed   0.024    adam       64        1/12    77.10% ▅         4.0s
       5 ▾ pruned   0.00739  momentum   256       3/12    91.57% ▁▆█        12s
       4 ✓ complete 0.000511 sgd        64       12/12    95.88% ▁▅▇▇████   48s
       3 ✓ complete 0.000517 adam       256      12/12    95.89% ▁▅▇▇████   48s
       2 ✓ complete 0.0738   momentum   64       12/12    90.45% ▁▅▇▇████   48s
       1 ✓ complete 0.000253 sgd        64       12/12    95.86% ▁▅▇▇████   48s
       0 ✓ complete 0.0341   adam       128      12/12    94.42% ▁▅▇▇████   48s"""


def numbers(opened: Any) -> list[int]:
    """Of the trials in sight, from top to bottom."""
    rows = [row.replace("│", " ").replace("▸", " ").split() for row in opened.rows[5:-2]]
    return [int(row[0]) for row in rows if row and row[0].isdigit()]


async def test_rows_of_a_usual_terminal(sweep: Any) -> None:
    async with sweep() as opened:
        assert opened.rows[:17] == AT_80.split("\n")
        assert opened.rows[-2].split() == ["████████▊", "15%", "17:45", "left"]
        assert opened.rows[-1] == (
            "tab View  ⏎ Open  / Filter  s Sort  space Pause  ? Help  ctrl+p More  q Quit"
        )


@pytest.mark.long
async def test_a_large_terminal_has_the_workers_too(sweep: Any) -> None:
    async with sweep(120, 40) as opened:
        opened.find(r"trial▾ state +lr +optimizer +hidden +epoch +accuracy curve +time worker")
        opened.find(r"│  +9 ▶ running  0.00245  adam +128 +5/12 +93.74% ▁▅▇██ +20s box-2")
        assert "- + Workers" in opened.rows[-1]


@pytest.mark.parametrize("width", [60, *rarely(61, 66, 72, 79, 95, 140, 200)])
async def test_no_cell_is_cut(sweep: Any, width: int) -> None:
    wide = board(
        *(
            trial(
                number,
                params={
                    "lr": 0.000123456 * (number + 1),
                    "hidden": "512,256,128" + ",64" * number,
                    "average": bool(number % 2),
                    "a-setting-with-a-long-name": number,
                },
                worker=f"a-very-long-machine.example.org-{number}",
            )
            for number in range(4)
        ),
        importance=(),
    )
    async with sweep(width, 20, wide) as opened:
        table = opened.app.screen.query_one(TrialTable)
        for column, columns in opened.app.model.listing.fitting(table.size.width - 1):
            texts = [column.name, *(column.text(each) for each in wide.trials)]
            assert max(map(len, texts)) <= columns
            for text in texts:
                opened.find(text.replace("+", r"\+").replace(".", r"\."))


async def test_keys_sort_by_each_column_and_turn_it_round(sweep: Any) -> None:
    async with sweep() as opened:
        assert numbers(opened) == [*range(11, -1, -1)]
        await opened.press("S")
        assert numbers(opened) == [*range(12)]
        opened.find("trial▴")
        await opened.press("s")
        opened.find(r"state▴")
        assert numbers(opened) == [9, 10, 11, 0, 1, 2, 3, 4, 7, 5, 8, 6]
        await opened.press("s")
        rates = [each.params["lr"] for each in opened.app.model.listing.trials]
        assert rates == sorted(rates)
        await opened.press("S")
        assert [each.params["lr"] for each in opened.app.model.listing.trials] == rates[::-1]
        await opened.press("s", "s", "s", "s")
        opened.find("accuracy▾")
        assert numbers(opened)[0] == 7
        assert numbers(opened)[-1] == 11  # it has none: last whichever way


async def test_the_chosen_trial_stays_chosen_when_others_come(sweep: Any) -> None:
    async with sweep() as opened:
        await opened.press("down", "down")
        opened.find("▸     9 ▶ running")
        more = board()
        await opened.take(replace(more, trials=(*more.trials, trial(12, "running"))))
        opened.find("▸     9 ▶ running")
        assert numbers(opened)[0] == 12
        await opened.press("home")
        opened.find("▸    12")
        await opened.press("end", "down")
        opened.find("▸     0")
        await opened.press("up")
        opened.find("▸     1")


async def test_a_filter_is_typed_told_and_lifted(sweep: Any) -> None:
    async with sweep() as opened:
        await opened.press("slash", *"optimizer=adam ac>0.9", "enter")
        opened.find("ac is nothing that a trial has: did you mean acc")
        await opened.press(*["backspace"] * 4, *"c>94%", "enter")
        opened.find("2 of 12 trials, optimizer=adam acc>94%")
        assert numbers(opened) == [3, 0]
        assert "esc All" in opened.rows[-1]
        await opened.press("escape")
        opened.find("─12 trials─")
        await opened.press("slash", *"state=failed acc>0.99", "enter")
        opened.find("No trial matches")
        await opened.press("enter")
        assert not isinstance(opened.app.screen, TrialDialog)
        await opened.press("tab", "shift+tab")
        opened.find("0 of 12 trials")


async def test_the_mouse_chooses_opens_sorts_and_scrolls(sweep: Any) -> None:
    async with sweep() as opened:
        await opened.pilot.click(TrialTable, offset=(5, 4))
        opened.find("▸     9")
        await opened.pilot.click(TrialTable, offset=(5, 4))
        assert isinstance(opened.app.screen, TrialDialog)
        await opened.press("escape")
        heading = opened.rows[4].index("accuracy")
        await opened.pilot.click(TrialTable, offset=(heading, 1))
        opened.find("accuracy▾")
        assert numbers(opened)[0] == 7
        await opened.pilot.click(TrialTable, offset=(heading, 1))
        opened.find("accuracy▴")
        table = opened.app.screen.query_one(TrialTable)
        await opened.pilot.click(TrialTable, offset=(opened.rows[4].index("curve"), 1))
        opened.find("accuracy▴")  # a curve has no order
        row = opened.app.model.listing.row
        await opened.pilot._post_mouse_events([MouseScrollDown], table)
        await opened.settle()
        assert opened.app.model.listing.row == row + 1


@pytest.mark.long
async def test_before_anything_is_known(sweep: Any) -> None:
    async with sweep(shown=board(trials=())) as opened:
        opened.app.model.listing.board = None
        opened.app.screen.redraw()
        await opened.settle()
        opened.find("Reading the study …")


async def test_nothing_is_sent_while_nothing_changes(sweep: Any) -> None:
    async with sweep() as opened:
        refreshed: list[str] = []

        def note(name: str) -> Callable[..., None]:
            return lambda *_, **__: refreshed.append(name)

        for widget in opened.app.screen.walk_children():
            widget.refresh = note(type(widget).__name__)
        for _ in range(3):
            await opened.take(board())
        assert refreshed == []
        more = board()
        rows = [*more.trials]
        rows[10] = replace(rows[10], epoch=6, seconds=24.0)
        await opened.take(replace(more, trials=tuple(rows)))
        assert refreshed == ["TrialTable"]


@pytest.mark.long
async def test_two_thousand_trials_are_smooth(sweep: Any) -> None:
    """Rows that are not in sight are not made: a key takes as long as with twelve trials."""
    many = board(*(trial(number) for number in range(2_000)), budget_trials=None)
    async with sweep(120, 40, many) as opened:
        made = []
        table = opened.app.screen.query_one(TrialTable)
        line = table._line
        table._line = lambda each, chosen: made.append(each.number) or line(each, chosen)
        start = perf_counter()
        for _ in range(50):
            await opened.press("down")
        assert perf_counter() - start < 10
        assert len(made) <= 50 * table.page
        await opened.press("end")
        opened.find("▸     0 ✓ complete")
        start = perf_counter()
        opened.app.model.listing.arrange()
        assert perf_counter() - start < 1
