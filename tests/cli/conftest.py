"""What the tests of the command line share."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from support.cli import SMALL, Ended, Program, run
from support.mistakes import train

from digit_tui.cli.main import main
from digit_tui.training import saving


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    """The whole program, from the entry point on."""

    def start(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["digit-tui", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        return Ended(int(caught.value.code or 0), *capsys.readouterr())

    return start


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A run of two epochs, the first of which was saved too, and its last event."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(saving, "SAVE_SHARE", 0.0)  # only what has cost nothing so far
        result = run(*SMALL, "--epochs", "2", "--json", "--run", str(folder))
    assert result.exit_code == 0
    return folder, json.loads(result.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on the sample that was watched with its test digits."""
    return train(tmp_path_factory.mktemp("runs") / "run")
