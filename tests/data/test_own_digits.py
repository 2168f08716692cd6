from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.children import in_child, status_of
from support.own_digits import drawings, keep, own_folder

from digit_tui.data import (
    DataError,
    add_own_digit,
    add_own_digits,
    read_own,
    read_own_digits,
    remove_own_digits,
)
from digit_tui.data import own_digits as store

fcntl = pytest.importorskip("fcntl")  # nor has Windows forks

__all__ = ["own_folder"]
pytestmark = pytest.mark.usefixtures("own_folder")


def test_drawings_are_kept_in_their_order_and_once_each() -> None:
    images, labels = read_own_digits()
    assert (images.shape, labels.shape) == ((0, 28, 28), (0,))
    kept = keep([3, 7, 3])
    assert not add_own_digit(kept[1], 7)
    images, labels = read_own_digits()
    assert np.array_equal(images, kept)
    assert (labels.tolist(), labels.dtype) == ([3, 7, 3], np.uint8)
    assert add_own_digit(kept[0], 8)  # it was given the wrong label before
    assert read_own_digits()[1].tolist() == [8, 7, 3]


def test_one_of_five_of_each_label_is_tested_and_stays_so() -> None:
    keep([4] * 10 + [5] * 3)
    assert np.flatnonzero(read_own().tested).tolist() == [2, 7, 12]
    assert remove_own_digits([0, 3, 7]) == 3
    own = read_own()
    assert np.flatnonzero(own.tested).tolist() == [1, 9]
    keep([4, 4, 4, 4], seed=1)
    assert np.array_equal(read_own().tested[:10], own.tested)
    assert read_own().tested[10:].sum() == 1  # 11 of this label are there: two of them


def test_drawings_are_removed_by_the_numbers_that_were_seen() -> None:
    keep([0, 1, 2, 3, 4])
    seen = read_own()
    assert remove_own_digits([0]) == 1
    assert remove_own_digits([0, 2], seen) == 1  # the first is gone already
    assert read_own_digits()[1].tolist() == [1, 3, 4]
    with pytest.raises(IndexError):
        remove_own_digits([3])
    assert remove_own_digits(range(3)) == 3
    assert len(read_own_digits()[1]) == 0
    keep([9])
    assert read_own_digits()[1].tolist() == [9]


def test_what_cannot_be_kept_is_refused() -> None:
    image = drawings(1)[0]
    for label in (-1, 47):
        with pytest.raises(DataError, match="labels are 0 to 46"):
            add_own_digit(image, label)
    with pytest.raises(DataError, match="blank"):
        add_own_digits(np.stack([image, image * 0]), [1, 1])
    assert len(read_own_digits()[1]) == 0


def test_damage_is_named(own_folder: Path) -> None:
    keep([1, 2])
    (state,) = (path for path in own_folder.iterdir() if path.is_dir())
    labels = state / store.LABELS
    content = labels.read_bytes()
    labels.write_bytes(content[:-1])
    with pytest.raises(DataError, match="labels-idx1-ubyte: truncated"):
        read_own()
    store.write_plain_idx(labels, np.zeros(3, np.uint8))
    with pytest.raises(DataError, match="do not belong together"):
        add_own_digit(drawings(1, 5)[0], 1)


def test_a_process_that_never_ends_is_not_waited_for(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_WAIT_SECONDS", 0.01)
    keep([1])
    with (own_folder / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DataError, match="another process"):
            add_own_digit(drawings(1, 5)[0], 1)
    assert read_own_digits()[1].tolist() == [1]


def test_processes_that_add_at_once_all_win() -> None:
    def add(seed: int) -> None:
        for place, image in enumerate(drawings(5, seed)):
            add_own_digit(image, place)

    children = [in_child(lambda seed=seed: add(seed)) for seed in range(1, 5)]
    seen = 0
    while len(read_own_digits()[1]) < 20 and children:  # read meanwhile: always whole
        now = len(read_own_digits()[1])
        assert now >= seen
        seen = now
        if os.waitpid(children[0], os.WNOHANG)[0]:
            children.pop(0)
    assert [status_of(child) for child in children] == [0] * len(children)
    images, labels = read_own_digits()
    assert sorted(labels.tolist()) == sorted([*range(5)] * 4)
    assert {image.tobytes() for image in images} == {
        image.tobytes() for seed in range(1, 5) for image in drawings(5, seed)
    }


@pytest.mark.parametrize("always", [False, True])
def test_a_state_that_another_process_empties_is_not_read(
    always: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files go before its folder: a reader may come between."""
    keep([1, 2, 3])
    read_state, seeds = store._read_state, iter(range(5, 100))
    busy = False

    def read_late(state: Path) -> store.OwnDigits:
        nonlocal busy
        if not busy and (always or state.name == "1"):
            busy = True
            add_own_digit(drawings(1, next(seeds))[0], 4)
            busy = False
            state.mkdir()
        return read_state(state)

    monkeypatch.setattr(store, "_read_state", read_late)
    if always:
        with pytest.raises(DataError, match="another process changes it"):
            read_own()
    else:
        assert read_own_digits()[1].tolist() == [1, 2, 3, 4]


CALLS = ("fsync", "rename", "rmdir", "unlink")


@pytest.mark.parametrize("fate", ["killed", "refused"])
def test_whatever_call_is_the_last_images_and_labels_agree(
    fate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = keep([1, 2, 3])
    new = drawings(1, 9)[0]
    expected = {(1, 2, 3), (1, 2, 3, 4)}
    seen, made, ended = set(), 0, False
    while not ended:
        left = made

        def meet(call: Callable[..., object]) -> Callable[..., object]:
            def met(*values: object, **options: object) -> object:
                nonlocal left
                left -= 1
                if left == -1:
                    if fate == "killed":
                        os._exit(77)
                    raise OSError(28, "No space left on device")
                return call(*values, **options)

            return met

        def add() -> None:
            for name in CALLS:
                monkeypatch.setattr(os, name, meet(getattr(os, name)))
            try:
                add_own_digit(new, 4)
            except OSError:
                os._exit(28)

        status = status_of(in_child(add))
        ended = status == 0  # where tidying up is refused, too: the drawing is kept
        images, labels = read_own_digits()
        assert tuple(labels.tolist()) in expected
        assert np.array_equal(images, [*old, new][: len(labels)])
        seen.add(tuple(labels.tolist()))
        if len(labels) == 4:
            remove_own_digits([3])
        made += 1
    assert seen == expected
    assert made > 6
