"""What the tests of the line-by-line mode share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.plain import CONFIG, Converse, Ended, Typed

from digit_tui.plain.session import Session
from digit_tui.session.output import Output
from digit_tui.training.run_request import RunRequest


@pytest.fixture
def converse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Converse:
    """Lets lines come from a pipe, or with `terminal` from a person, until a run has ended."""

    def run(
        *lines: str, terminal: bool = False, request: RunRequest | None = None, **options: Any
    ) -> Ended:
        request = request or RunRequest(CONFIG.with_(**options), tmp_path / "run")
        session = Session(request, Typed(lines), Output(), terminal, prompt=False)
        session.converse()
        status = session.close()
        return Ended(session, status, *capsys.readouterr())

    return run
