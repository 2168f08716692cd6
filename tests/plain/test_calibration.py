"""What a session says of how sure the network is."""

from __future__ import annotations

from support.plain import Converse

LEARNS = {"hidden": (16,), "batch_size": 64, "augment": "none", "optimizer": "adamw"}


def test_the_validation_digits_give_a_temperature(converse: Converse) -> None:
    ended = converse("epoch", "calibration", "quit", **LEARNS, validation=500)
    assert ended.status == 0
    assert ended.find("^Measured on 500 validation digits$")
    assert ended.find("^The temperature is fitted on 500 validation digits, which are these")
    (row,) = ended.all("^Temperature")
    assert row.split()[1] == "1.000"
    counts = [line.split()[1] for line in ended.all(r"^ *\d+-\d+% ")]
    assert sum(map(int, counts)) == 500


def test_without_them_there_is_none(converse: Converse) -> None:
    ended = converse("epoch", "calibration", "quit", **LEARNS)
    assert ended.find("^No temperature: digit-tui calibrate RUN fits one")
    assert not ended.all("before")
