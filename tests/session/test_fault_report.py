"""The report of errors of the program itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from digit_tui.session import fault_report


def test_it_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = tmp_path / "state" / "errors.log"
    monkeypatch.setattr(fault_report, "error_report", lambda: report)
    monkeypatch.setattr(fault_report, "MAX_BYTES", 1_000)
    for number in range(50):
        fault = fault_report.report_fault(ValueError(f"number {number}"), "here")
        assert fault.where == f"report: {report}"
        assert f"number {number}" in report.read_text()
        assert report.stat().st_size < 1_500


def test_where_it_cannot_be_written_the_traceback_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "errors.log"
    monkeypatch.setattr(fault_report, "error_report", lambda: path)
    fault = fault_report.report_fault(ValueError("\udc80\x1b[2J"), "here")
    assert fault.where == "no report could be written"
    message, kind, *lines = fault.failed.text.splitlines()
    assert message == "digit-tui: ValueError: ??[2J"
    assert kind == "digit-tui: a fault of digit-tui itself:"
    assert lines[-2:] == [
        "digit-tui: ValueError: ??[2J",
        f"digit-tui: no report of it: File exists: {path}",
    ]
