"""Reading folders of pictures before a front end starts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from support.cli import SMALL, run
from support.pictures import write_pictures

from digit_tui.cli import loading
from digit_tui.data import picture_sets


@pytest.fixture
def pictures(tmp_path: Path, sample: Any) -> str:
    write_pictures(tmp_path / "pictures", sample, "01", 5)
    return str(tmp_path / "pictures")


@pytest.mark.parametrize(("patience", "shown"), [(0.0, True), (60.0, False)])
def test_a_bar_is_shown_on_a_terminal_if_it_takes_long(
    patience: float,
    shown: bool,
    pictures: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(loading, "PATIENCE_SECONDS", patience)
    loading.prepare_pictures(pictures)
    assert capsys.readouterr().err == ""  # no terminal
    for path in Path(pictures).glob("0/*"):
        path.rename(path.with_name(f"new-{path.name}"))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    loading.prepare_pictures(pictures)
    assert ("10/10" in capsys.readouterr().err) == shown


def test_a_bar_is_not_imported_in_vain(
    pictures: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loading.prepare_pictures(pictures)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(loading, "PATIENCE_SECONDS", 0.0)
    loading.prepare_pictures(pictures)  # from the cache
    loading.prepare_pictures("sample")
    loading.prepare_pictures("no such folder")
    assert capsys.readouterr().err == ""


def test_ctrl_c_ends_the_reading(pictures: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(picture_sets, "read_digit", interrupted)
    options = [pictures if option == "sample" else option for option in SMALL]
    result = run(*options)
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == "digit-tui: interrupted; no picture was kept\n"
