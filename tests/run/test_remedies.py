"""What can be done about something is said in the words of each front end."""

from __future__ import annotations

import re

import pytest

from digit_tui.api import session
from digit_tui.plain import grammar, narrator
from digit_tui.run.remedies import ALL_DONE, REMEDIES, with_remedy
from digit_tui.tui import bindings


@pytest.mark.parametrize("remedy", REMEDIES)
def test_each_names_a_key_and_a_line_that_can_be_typed(remedy: str) -> None:
    actions = re.findall(r"{(\w+)}", remedy)
    assert actions
    for action in actions:
        key = bindings.WAYS[action]
        assert key in [each.key_display or each.key for each in bindings.TRAINING_KEYS]
        for line in narrator.WAYS[action].split(" or "):
            if line == "fork":  # with what is to be different
                line = "fork lr=0.1"
            assert grammar.parse(line) is not None


def test_what_happened_stands_before_it() -> None:
    keys, typed = bindings.WAYS, narrator.WAYS
    assert with_remedy("All epochs are done", ALL_DONE, keys) == "All epochs are done: e adds ten"
    assert with_remedy("no: no", ALL_DONE, typed) == "no: no; epochs 10 adds ten"
    longer = "no: set(epochs=...) makes the run longer"  # by any number of epochs
    assert with_remedy("no", ALL_DONE, session.WAYS) == longer
    assert with_remedy("All epochs are done", ALL_DONE, None) == "All epochs are done"
    assert with_remedy("All epochs are done", "", keys) == "All epochs are done"
