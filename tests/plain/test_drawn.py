"""`draw`: digits in rows of characters."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from support.plain import CONFIG, Converse, Typed

from digit_tui.plain.drawn import ink_of
from digit_tui.plain.requests import InputError
from digit_tui.plain.run_signals import Interrupted
from digit_tui.plain.session import ROWS_WANTED, Session
from digit_tui.session.output import Output
from digit_tui.training.run_request import RunRequest

ZERO = ("..##..", ".#..#.", ".#..#.", "..##..")


def test_characters_are_ink_or_background() -> None:
    assert ink_of([". 0\t19", "#x"], square=True).tolist() == [
        [0, 0, 0, 0, 28, 255],
        [255, 255] + 4 * [0],
    ]
    tall = ink_of(ZERO, square=False)
    assert tall.shape == (8, 6)
    assert np.array_equal(tall[::2], ink_of(ZERO, square=True))


@pytest.mark.parametrize("rows", [[], ["..", "0"], ["#" * 1_001], ["#"] * 1_001])
def test_what_is_no_drawing_is_refused(rows: list[str]) -> None:
    with pytest.raises(InputError, match=r"^draw: "):
        ink_of(rows, square=True)


def test_rows_are_read_up_to_an_empty_line(converse: Converse) -> None:
    ended = converse("step 3", "draw", *ZERO, "", "draw square", *ZERO, "", "step 1", "quit")
    answers = ended.all(
        r"^run at epoch 0\.09, (reads \d|not a digit, most like \d).*: \d \d+\.\d%, "
    )
    assert len(answers) == 2
    for answer in answers:
        chances = [float(each) for each in re.findall(r"\d ([\d.]+)%[,\n]?", answer)][-10:]
        assert chances == sorted(chances, reverse=True)
        assert sum(chances) == pytest.approx(100, abs=1)
    assert answers[0] != answers[1]
    assert ended.status == 0
    assert ended.run.step == 4  # "step 1" is a command again


def test_the_end_of_the_lines_ends_a_drawing(converse: Converse) -> None:
    assert len(converse("draw", *ZERO, epochs=1).all("^run at epoch")) == 1


def test_a_drawing_without_ink_is_an_error(converse: Converse) -> None:
    ended = converse("draw", "....", "", "quit")
    ended.find("^draw: there is no ink")
    assert ended.status == 2


def test_ctrl_c_gives_a_drawing_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Interrupting(Typed):
        """Ctrl+c is hit after the second line."""

        asked = 0

        def more(self) -> None:
            self.asked += 1
            if self.asked == 3:
                session._inbox.put(Interrupted())
            super().more()

    request = RunRequest(CONFIG, tmp_path / "run")
    lines = Interrupting(["draw", "##", "pause", "quit"])
    session = Session(request, lines, Output(), terminal=True, prompt=False)
    session.converse()
    assert session.close() == 0
    out = capsys.readouterr().out
    assert f"{ROWS_WANTED}\n" in out
    assert "draw: given up\n" in out
    assert "reads" not in out
