"""Pixels that no image of a batch inks are left out, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digit_tui.nn import GradientPass, Network, Outcomes
from digit_tui.nn.inputs import MOST_INKED, InputBuffer, Inputs
from digit_tui.nn.network import parameter_count

PIXELS = 12
SHAPES = st.tuples(st.integers(1, 5), st.just(PIXELS))
BATCHES = arrays(np.uint8, SHAPES, elements=st.integers(0, 3))


def whole(inputs: Inputs, rows: int) -> np.ndarray:
    """(n, rows) with what was left out, which is zero."""
    if not inputs.kept:
        return inputs.values
    found = np.zeros((len(inputs.values), rows), inputs.values.dtype)
    found[:, inputs.kept.rows] = inputs.values
    return found


@given(BATCHES, st.integers(0, PIXELS + 1), st.integers(0, PIXELS + 1))
def test_inputs_are_the_pixels_and_one(batch: np.ndarray, first: int, last: int) -> None:
    own = slice(min(first, last), last)
    room = InputBuffer(own, PIXELS, 5, np.float64)
    before = np.full((5, room.pixels.stop - room.pixels.start), 9, np.uint8)  # another batch
    before[:, ::2] = 0
    room.without_blanks(before)
    pixels = batch[:, room.pixels]
    inputs = room.without_blanks(pixels)
    with_one = np.pad(batch / 255, ((0, 0), (0, 1)), constant_values=1)
    np.testing.assert_allclose(whole(inputs, own.stop - own.start), with_one[:, own], rtol=1e-12)
    inked = with_one[:, own].any(axis=0)
    assert bool(inputs.kept) == (inked.sum() <= MOST_INKED * len(inked))
    if inputs.kept:
        rows, places = inputs.kept
        np.testing.assert_array_equal(rows, inked.nonzero()[0])
        np.testing.assert_array_equal(places[inked], np.arange(inked.sum()))
        assert (places[~inked] == inked.sum()).all()


def test_many_blank_pixels_are_left_out_and_few_are_not() -> None:
    pixels = np.zeros((3, 100), np.uint8)
    room = InputBuffer(slice(0, 100), 100, 3, np.float32)
    pixels[1, :80] = 1
    assert room.without_blanks(pixels).values.shape == (3, 80)
    pixels[2, 80] = 255
    assert room.without_blanks(pixels).kept is None
    assert room.without_blanks(pixels[:0]).values.shape == (0, 0)


def test_images_are_loaded_one_after_the_other() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(4, 6)
    room = InputBuffer(slice(2, 7), 6, 4, np.float64)
    room.load(pixels[2:, room.pixels], at=2)
    room.load(pixels[:2, room.pixels], at=0)
    values = room.loaded(4).values
    np.testing.assert_allclose(values[:, :4], pixels[:, 2:] / 255, rtol=1e-12)
    assert (values[:, 4] == 1).all()


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("sizes", [(64, 3), (64, 8, 6, 3)], ids=str)
def test_what_is_left_out_changes_no_result(sizes: tuple[int, ...], count: int) -> None:
    generator = np.random.default_rng(count)
    network = Network(sizes, generator.normal(0, 0.5, parameter_count(sizes)))
    buffers = GradientPass(network, 6, shard_count=count)
    rooms = [InputBuffer(shard.inputs, 64, 6, np.float64) for shard in buffers.shards]
    for images in (6, 4):
        inked = np.arange(64) % 3 == images % 3
        pixels = generator.integers(0, 256, (images, 64), np.uint8) * inked.astype(np.uint8)
        labels = generator.integers(0, 3, images)
        expected = buffers.run(pixels / 255, labels)
        gradient = buffers.gradient.copy()
        assert not gradient[: 64 * sizes[1]].reshape(64, -1)[~inked].any()

        buffers.gradient[:] = np.nan
        inputs = [room.without_blanks(pixels[:, room.pixels]) for room in rooms]
        assert all(each.kept for each in inputs)
        every = [buffers.shard_pass(images, index) for index in range(count)]
        for index, own in zip(every, inputs, strict=True):
            index.multiply(own)
        outcomes = Outcomes(images, 3, np.float64)
        for index in every:
            index.propagate(labels, outcomes)
        assert outcomes.losses.mean() == pytest.approx(expected.loss, rel=1e-12)
        squares = [index.differentiate(own) for index, own in zip(every, inputs, strict=True)]
        np.testing.assert_allclose(buffers.gradient, gradient, rtol=1e-10, atol=1e-14)
        for own, shard in zip(squares, buffers.shards, strict=True):
            taken = np.concatenate([gradient[each] for each in shard.spans])
            assert own == pytest.approx(taken @ taken, rel=1e-10)
