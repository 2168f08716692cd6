from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from digit_tui.nn.network import layer_matrices, parameter_count
from digit_tui.nn.sharding import ROW_COST, SMALL_REST, SMALL_REST_ROWS, shard_of, split_range

SIZES = st.lists(st.integers(1, 40), min_size=2, max_size=5)


@given(st.integers(0, 100), st.integers(1, 9))
def test_shards_are_all_of_it_and_nearly_equal(total: int, count: int) -> None:
    shards = [range(total)[split_range(total, index, count)] for index in range(count)]
    assert [each for shard in shards for each in shard] == list(range(total))
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


@given(SIZES, st.integers(1, 9))
def test_shards_are_the_whole_network(sizes: list[int], count: int) -> None:
    taken = np.zeros(parameter_count(sizes), np.intp)
    for index in range(count):
        for span in shard_of(sizes, index, count).spans:
            taken[span] += 1
    assert (taken == 1).all()


def costs_of(sizes: list[int], rows: list[slice]) -> int:
    """Of rows of the layers after the first one."""
    taken = zip(rows, sizes[2:], strict=True)
    return sum((own.stop - own.start) * (width + ROW_COST) for own, width in taken)


@given(SIZES, st.integers(1, 9))
@example([40, 1, 1], 2)  # a small rest
def test_shards_are_nearly_equal(sizes: list[int], count: int) -> None:
    inputs = sizes[0] + 1
    every = costs_of(sizes, [slice(0, units + 1) for units in sizes[1:-1]])
    small = every < SMALL_REST * inputs * (sizes[1] + ROW_COST)
    most = min(SMALL_REST_ROWS, int(SMALL_REST * inputs))
    following = most if small and len(sizes) > 2 else 0
    for index in range(count):
        shard = shard_of(sizes, index, count)
        own = shard.inputs.stop - shard.inputs.start
        own += following * (index == count - 1)
        assert abs(own - (inputs + following) / count) < 1
        even = every * (index == count - 1) if small else every / count
        widest = max(sizes[2:], default=0) + ROW_COST
        assert abs(costs_of(sizes, shard.rows) - even) <= widest * (not small)  # half at each end


def test_the_shard_that_has_a_small_rest_has_fewer_rows_of_the_first_layer() -> None:
    first, last = (shard_of((784, 128, 10), index, 2).inputs for index in range(2))
    assert first == slice(0, (785 + SMALL_REST_ROWS) // 2)
    assert last == slice(first.stop, 785)


def test_a_small_rest_makes_no_second_span() -> None:
    assert len(shard_of((784, 128, 10), 0, 2).spans) == 1
    assert len(shard_of((784, 128, 10), 1, 2).spans) == 1
    assert len(shard_of((784, 256, 128, 10), 0, 2).spans) == 2


@given(SIZES, st.integers(1, 9))
def test_the_rows_of_a_shard_are_its_spans(sizes: list[int], count: int) -> None:
    numbers = np.arange(parameter_count(sizes))
    first, *others = layer_matrices(numbers, sizes)
    for index in range(count):
        shard = shard_of(sizes, index, count)
        found = [first[shard.inputs]]
        found += [matrix[rows] for matrix, rows in zip(others, shard.rows, strict=True)]
        rows_of_shard = np.concatenate([each.ravel() for each in found])
        expected = np.concatenate([numbers[:0], *(numbers[each] for each in shard.spans)])
        np.testing.assert_array_equal(rows_of_shard, expected)
