"""Values that files should not have, put into files that are right but for them."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any, NamedTuple

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

MOST_MEMORY = 300 << 20
"""Bytes that reading a damaged file may take."""
MOST_SECONDS = 5.0

Document = Any
"""JSON values."""


def deep(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


HUGE = [
    *(-1, 0, 1, 2, 3, 2**31 - 1, 2**31, 2**32, 2**53, 2**53 + 1, 2**63, -(2**63) - 1, 10**400),
    *(0.5, 1.5, -0.0, 1e-320, 1e300, 1e308, float("inf"), float("-inf"), float("nan")),
    *("", "x", "0", "1", "null", "\0", "\ud800", "\u202e", "é" * 5000, "x" * 100_000),
    *([], {}, [[]], [0] * 50_000, {"x": {}}, deep(15), deep(30), True, False, None),
]


class Huge(NamedTuple):
    """One of HUGE; examples are printed, which takes long for some of these."""

    index: int


values: SearchStrategy[Any] = st.one_of(
    st.builds(Huge, st.integers(0, len(HUGE) - 1)),
    st.integers(-5, 300),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.lists(st.integers(-1, 9), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


class Mutation(NamedTuple):
    how: str
    place: int
    value: Any


mutations: SearchStrategy[list[Mutation]] = st.lists(
    st.builds(
        Mutation,
        st.sampled_from(["replace", "replace", "replace", "delete", "add", "swap", "nudge"]),
        st.integers(0, 1 << 20),
        values,
    ),
    min_size=1,
    max_size=3,
)


def places(document: Document) -> list[tuple[Any, Any]]:
    """Every list or object in a document, with each key in it."""
    found = []
    waiting = [document]
    while waiting:
        container = waiting.pop()
        keys = list(container) if isinstance(container, dict) else range(len(container))
        for key in keys:
            found.append((container, key))
            if isinstance(container[key], dict | list):
                waiting.append(container[key])
    return found


def mutated(document: Document, changes: list[Mutation]) -> Document:
    """A copy with some changes: values of other types, out of bounds, missing, or too many."""
    document = copy.deepcopy(document)
    for how, place, value in changes:
        if isinstance(value, Huge):
            value = copy.deepcopy(HUGE[value.index])
        there = places(document)
        if not there:
            return value
        container, key = there[place % len(there)]
        if how == "delete":
            del container[key]
        elif how == "add" and isinstance(container, dict):
            container[str(value)[:20]] = value
        elif how == "add":
            container.append(value)
        elif how == "swap":
            other, its = there[(place >> 7) % len(there)]
            container[key] = copy.deepcopy(other[its])
        elif how == "nudge" and type(container[key]) in (int, float):
            container[key] += value if isinstance(value, int) and abs(value) < 2**64 else 1
        else:
            container[key] = value
    return document


@contextmanager
def little_memory() -> Iterator[None]:
    """What allocates too much gets a MemoryError, where the system can do that."""
    if sys.platform != "linux":
        yield
        return
    import resource

    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + MOST_MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def try_cases(
    number: int, strategy: SearchStrategy[Any], make: Callable[[Any], Callable[[], None]]
) -> None:
    """Check so many cases: each is made, and then used in little memory and time."""
    slowest = 0.0

    @settings(max_examples=number, database=None, phases=[Phase.generate, Phase.shrink])
    @given(strategy)
    def one(case: Any) -> None:
        nonlocal slowest
        use = make(case)
        started = perf_counter()
        with little_memory():
            use()
        slowest = max(slowest, perf_counter() - started)

    one()
    assert slowest < MOST_SECONDS


def cases(few: int, many: int, most: int) -> list[Any]:
    """Numbers of cases: at each change, before one lands, and for changes of what is read."""
    return [
        few,
        pytest.param(many, marks=pytest.mark.long),
        pytest.param(most, marks=[pytest.mark.soak, pytest.mark.timeout(3600)]),
    ]
