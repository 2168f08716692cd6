from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from digit_tui.nn.network import layer_matrices, parameter_count
from digit_tui.nn.sharding import ROW_COST, SMALL_REST, SMALL_REST_ROWS, part_of, share_of

SIZES = st.lists(st.integers(1, 40), min_size=2, max_size=5)


@given(st.integers(0, 100), st.integers(1, 9))
def test_parts_are_all_of_it_and_nearly_equal(total: int, parts: int) -> None:
    shares = [range(total)[part_of(total, part, parts)] for part in range(parts)]
    assert [each for share in shares for each in share] == list(range(total))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@given(SIZES, st.integers(1, 9))
def test_shares_are_the_whole_network(sizes: list[int], parts: int) -> None:
    taken = np.zeros(parameter_count(sizes), np.intp)
    for part in range(parts):
        for span in share_of(sizes, part, parts).spans:
            taken[span] += 1
    assert (taken == 1).all()


def costs_of(sizes: list[int], rows: list[slice]) -> int:
    """Of rows of the layers after the first one."""
    taken = zip(rows, sizes[2:], strict=True)
    return sum((own.stop - own.start) * (width + ROW_COST) for own, width in taken)


@given(SIZES, st.integers(1, 9))
@example([40, 1, 1], 2)  # a small rest
def test_shares_are_nearly_equal(sizes: list[int], parts: int) -> None:
    inputs = sizes[0] + 1
    every = costs_of(sizes, [slice(0, units + 1) for units in sizes[1:-1]])
    small = every < SMALL_REST * inputs * (sizes[1] + ROW_COST)
    most = min(SMALL_REST_ROWS, int(SMALL_REST * inputs))
    following = most if small and len(sizes) > 2 else 0
    for part in range(parts):
        share = share_of(sizes, part, parts)
        own = share.inputs.stop - share.inputs.start
        own += following * (part == parts - 1)
        assert abs(own - (inputs + following) / parts) < 1
        even = every * (part == parts - 1) if small else every / parts
        widest = max(sizes[2:], default=0) + ROW_COST
        assert abs(costs_of(sizes, share.rows) - even) <= widest * (not small)  # half at each end


def test_the_part_that_has_a_small_rest_has_fewer_rows_of_the_first_layer() -> None:
    first, last = (share_of((784, 128, 10), part, 2).inputs for part in range(2))
    assert first == slice(0, (785 + SMALL_REST_ROWS) // 2)
    assert last == slice(first.stop, 785)


def test_a_small_rest_makes_no_second_stretch() -> None:
    assert len(share_of((784, 128, 10), 0, 2).spans) == 1
    assert len(share_of((784, 128, 10), 1, 2).spans) == 1
    assert len(share_of((784, 256, 128, 10), 0, 2).spans) == 2


@given(SIZES, st.integers(1, 9))
def test_the_rows_of_a_share_are_its_stretches(sizes: list[int], parts: int) -> None:
    numbers = np.arange(parameter_count(sizes))
    first, *others = layer_matrices(numbers, sizes)
    for part in range(parts):
        share = share_of(sizes, part, parts)
        found = [first[share.inputs]]
        found += [matrix[rows] for matrix, rows in zip(others, share.rows, strict=True)]
        rows_of_share = np.concatenate([each.ravel() for each in found])
        expected = np.concatenate([numbers[:0], *(numbers[each] for each in share.spans)])
        np.testing.assert_array_equal(rows_of_share, expected)
