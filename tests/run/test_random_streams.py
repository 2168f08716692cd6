"""The sources of randomness of a run."""

from __future__ import annotations

from typing import Any

from digit_tui.run.random_streams import stream


def test_streams_differ_by_seed_purpose_and_place() -> None:
    keys: list[tuple[Any, ...]] = [
        (seed, purpose, *index)
        for seed in (0, 1, 2**63 - 1)
        for purpose in ("weights", "shuffle", "augment")
        for index in ((), (0,), (1,), (0, 0), (0, 1), (1, 0))
    ]
    draws = {stream(*key).bytes(16) for key in keys}
    assert len(draws) == len(keys)
