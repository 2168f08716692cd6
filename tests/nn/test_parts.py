from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from digit_tui.nn.network import parameter_count
from digit_tui.nn.parts import part_of, rows_within, shares_of_rows

SIZES = st.lists(st.integers(1, 40), min_size=2, max_size=5)


@given(st.integers(0, 100), st.integers(1, 9))
def test_parts_are_all_of_it_and_nearly_equal(total: int, parts: int) -> None:
    shares = [range(total)[part_of(total, part, parts)] for part in range(parts)]
    assert [each for share in shares for each in share] == list(range(total))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@given(SIZES, st.integers(1, 9))
def test_shares_of_rows_are_the_whole_vector(sizes: list[int], parts: int) -> None:
    shares = shares_of_rows(sizes, parts)
    assert len(shares) == parts
    assert shares[0].start == 0
    assert shares[-1].stop == parameter_count(sizes)
    assert all(before.stop == after.start for before, after in pairwise(shares))
    even = parameter_count(sizes) / parts  # each cut is at most half a row from its place
    assert all(abs(share.stop - share.start - even) <= max(sizes[1:]) for share in shares)


@given(SIZES, st.integers(1, 9))
def test_rows_within_shares_are_their_numbers(sizes: list[int], parts: int) -> None:
    vector = np.arange(parameter_count(sizes))
    for share in shares_of_rows(sizes, parts):
        found, start = [], 0
        for layer, (fan_in, fan_out) in enumerate(pairwise(sizes)):
            rows = vector[start : start + (fan_in + 1) * fan_out].reshape(fan_in + 1, fan_out)
            found.extend(rows[rows_within(sizes, layer, share)].ravel())
            start += rows.size
        assert found == vector[share].tolist()
