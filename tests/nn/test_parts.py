from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from digit_tui.nn.network import layer_matrices, parameter_count
from digit_tui.nn.parts import ROW_COST, part_of, share_of

SIZES = st.lists(st.integers(1, 40), min_size=2, max_size=5)


@given(st.integers(0, 100), st.integers(1, 9))
def test_parts_are_all_of_it_and_nearly_equal(total: int, parts: int) -> None:
    shares = [range(total)[part_of(total, part, parts)] for part in range(parts)]
    assert [each for share in shares for each in share] == list(range(total))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@given(SIZES, st.integers(1, 9))
def test_shares_are_the_whole_network(sizes: list[int], parts: int) -> None:
    shares = [share_of(sizes, part, parts) for part in range(parts)]
    for stretches in zip(*(share.stretches for share in shares), strict=True):
        assert all(before.stop == after.start for before, after in pairwise(stretches))
    weights, rest = ([share.stretches[kind] for share in shares] for kind in (0, 1))
    assert weights[0].start == 0
    assert weights[-1].stop == rest[0].start == parameter_count(sizes[:2])
    assert rest[-1].stop == parameter_count(sizes)


@given(SIZES, st.integers(1, 9))
def test_shares_are_nearly_equal(sizes: list[int], parts: int) -> None:
    for part in range(parts):
        share = share_of(sizes, part, parts)
        weights = share.stretches[0].stop - share.stretches[0].start
        assert abs(weights - parameter_count(sizes[:2]) / parts) < sizes[1]
        others = list(pairwise(sizes[1:]))
        rows = [(fan_in + 1, fan_out + ROW_COST) for fan_in, fan_out in others]
        even = sum(count * cost for count, cost in rows) / parts
        taken = zip(share.rows, rows, strict=True)
        cost = sum((own.stop - own.start) * cost for own, (_, cost) in taken)
        assert abs(cost - even) <= max((cost for _, cost in rows), default=0)  # half at each end


@given(SIZES, st.integers(1, 9))
def test_the_rows_of_a_share_are_its_stretches(sizes: list[int], parts: int) -> None:
    numbers = np.arange(parameter_count(sizes))
    first, *others = layer_matrices(numbers, sizes)
    for part in range(parts):
        share = share_of(sizes, part, parts)
        found = [first[share.inputs]]
        found += [matrix[rows] for matrix, rows in zip(others, share.rows, strict=True)]
        rows_of_share = np.concatenate([each.ravel() for each in found])
        expected = np.concatenate([numbers[stretch] for stretch in share.stretches])
        np.testing.assert_array_equal(rows_of_share, expected)
