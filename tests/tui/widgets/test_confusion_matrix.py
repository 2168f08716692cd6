"""The numbers of the confusion matrix: short, in sight, and drawn when they change."""

from __future__ import annotations

from typing import Any

import pytest
from support.confusion_view import FIRST

from digit_tui.tui.widgets.confusion_matrix import first_visible, number


class TestNumbers:
    @pytest.mark.parametrize(
        ("value", "total", "share", "signed", "text"),
        [
            (0, 100, False, False, "."),
            (0, 0, True, True, "."),
            (1_135, 1_135, False, False, "1135"),
            (-7, 980, False, True, "-7"),
            (980, 980, True, False, "100"),
            (979, 980, True, False, "99.9"),
            (1, 980, True, False, "0.1"),
            (4, 980, True, True, "+0.4"),
            (-980, 980, True, True, "-100"),
            (-99, 980, True, True, "-10"),
        ],
    )
    def test_they_are_short(
        self, value: int, total: int, share: bool, signed: bool, text: str
    ) -> None:
        assert number(value, total, share, signed) == text

    def test_the_chosen_one_is_in_sight_and_nothing_moves_without_need(self) -> None:
        first, seen = 0, []
        for row in (0, 9, 10, 46, 40, 37, 36, 0):
            first = first_visible(first, row, 10, 47)
            seen.append(first)
        assert seen == [0, 0, 1, 37, 37, 37, 36, 0]
        assert first_visible(30, 2, 10, 10) == 0  # there is room for all


async def test_what_has_not_changed_is_not_sent(
    confuse: Any, story: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with confuse(80, 24, FIRST, FIRST) as opened:
        sent = []
        matrix = opened.app.screen.query_one("ConfusionMatrix")
        monkeypatch.setattr(matrix, "refresh", lambda *regions, **_: sent.append(regions))
        opened.app.screen.redraw()
        assert sent == []
        await opened.press("down")
        ((*regions,),) = sent
        assert [region.y for region in regions] == [1, 2]
