"""What a session answers to `predict`."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from support.drawn_digits import page
from support.plain import Converse, headless

from digit_tui.data import Dataset
from digit_tui.run import commands


def test_reading_pictures_changes_nothing(
    converse: Converse, sample: Dataset, tmp_path: Path
) -> None:
    page("07", 40, 4).save(tmp_path / "two digits.png")
    Image.new("L", (9, 9)).save(tmp_path / "blank.png")

    ended = converse(
        *("epoch", f"predict {tmp_path}/two digits.png", f"predict {tmp_path}/blank.png"),
        *("fork lr=0.5", f"predict {tmp_path}/two digits.png", "keep run", "epoch"),
    )

    assert ended.status == 0
    shown = ended.all(r"^(run|fork) at epoch 1\.00, step 32: [\d?]{2} \([\d?] .+, [\d?] .+\)$")
    assert [line.partition(" ")[0] for line in shown] == ["run", "run", "fork"]
    ended.find(r"^run at epoch 1\.00, step 32: no digit found$")
    assert ended.sha256 == headless(sample, (64, commands.Stop())).weights_sha256


def test_a_file_that_cannot_be_read_is_a_line_that_could_not_be_obeyed(
    converse: Converse, tmp_path: Path
) -> None:
    ended = converse(f"predict {tmp_path}", "quit")
    assert ended.status == 2
    ended.find(rf"^predict: {tmp_path}: it is a folder; give a PNG, ")
