"""The examples of the manual, as somebody types them."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from digit_tui import manual

MEASURED = re.compile(
    r"\d*\.\d+%?|\d+ of [\d,]+ right|(fixed|broke) \d+|: (may well|hardly|prob).*"
)
"""What may differ in the last bits on another machine."""


class Checker(doctest.OutputChecker):
    """Takes any measured number for any other."""

    def check_output(self, want: str, got: str, options: int) -> bool:
        want, got = (MEASURED.sub("#", text) for text in (want, got))
        return super().check_output(want, got, options)


@pytest.mark.long  # scikit-learn takes a second to import
def test_the_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = manual.read("python")
    examples = doctest.DocTestParser().get_doctest(text, {}, "python.md", None, 0)
    assert len(examples.examples) > 20
    told: list[str] = []
    options = doctest.IGNORE_EXCEPTION_DETAIL | doctest.NORMALIZE_WHITESPACE
    runner = doctest.DocTestRunner(Checker(), optionflags=options, verbose=False)
    found = runner.run(examples, out=told.append)
    assert not found.failed, "".join(told)


def test_each_error_is_documented_and_public() -> None:
    import digit_tui

    text = manual.read("python")
    for name in ("ConfigError", "DataError", "RunError", "RefusedError", "DivergedError"):
        assert f"| `{name}` |" in text
        assert issubclass(getattr(digit_tui, name), Exception)
    assert "| `ImportError` |" in text
