"""Digits and images in, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.api import NewRun

import digit_tui
from digit_tui import ConfigError, DataError, Run, digits_from_arrays, load_digits, predict_proba
from digit_tui.api.digits import as_pixels
from digit_tui.data import Dataset
from digit_tui.export.png import SIGNATURE
from digit_tui.nn import evaluate


def test_the_sample(sample: Dataset) -> None:
    digits = load_digits("sample")
    assert digits.sha256 == sample.sha256
    assert "4,000 training and 1,000 test images of 28x28 pixels, 10 classes" in repr(digits)
    assert load_digits(side=7).train_images.shape == (4000, 49)


@pytest.mark.parametrize("side", [0, 1, 129, 2.0, True])
def test_a_side_out_of_range(side: Any) -> None:
    with pytest.raises(ConfigError, match="is not a whole number of pixels from 2 to 128"):
        load_digits("sample", side)


def test_no_such_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        load_digits(tmp_path / "nothing")


def test_arrays(digits: Dataset, new_run: NewRun) -> None:
    own = digits_from_arrays(
        digits.train_images.reshape(-1, 6, 6),
        digits.train_labels.tolist(),
        digits.test_images / np.float32(255),
        digits.test_labels.astype(np.int64),
    )
    assert own.sha256 == digits.sha256
    assert (own.side, own.classes) == (6, 4)
    assert new_run(data=own).train().weights_sha256 == new_run().train().weights_sha256


def test_arrays_are_copied(digits: Dataset) -> None:
    images, labels = digits.train_images.copy(), digits.train_labels.copy()
    own = digits_from_arrays(images, labels, images, labels)
    images[:] = 0
    assert own.train_images.any()
    assert not own.train_images.flags.writeable


IMAGES = np.zeros((3, 4, 4), np.uint8)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ((IMAGES, [0, 1], IMAGES, [0, 1, 1]), "3 training images, but 2 labels"),
        ((IMAGES, [0, 1, 1], IMAGES, [0, 1, 2]), "test label 2, training has none above 1"),
        ((IMAGES, [0, 0, 0], IMAGES, [0, 0, 0]), "all training labels are 0"),
        ((IMAGES, [0, 1, 1], IMAGES[:0], []), "there are no test images"),
        ((IMAGES, [0, 1, -1], IMAGES, [0, 0, 0]), "labels are one whole number an image, from 0"),
        ((IMAGES, [0, 1, 256], IMAGES, [0, 0, 0]), "labels are one whole number an image, from 0"),
        ((IMAGES, [0, 1, 0.5], IMAGES, [0, 0, 0]), "labels are one whole number an image, from 0"),
        ((IMAGES[:, :1, :1], [0, 1, 1], IMAGES[:, :1, :1], [0, 1, 1]), "1 pixels is not 2 to 128"),
    ],
)
def test_arrays_that_do_not_fit(arrays: tuple[Any, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        digits_from_arrays(*arrays)


def test_arrays_that_are_no_images() -> None:
    for images in (np.zeros((3, 5)), np.zeros((3, 4, 5)), np.zeros(16), 3):
        with pytest.raises(ValueError, match=r"where .* is needed"):
            digits_from_arrays(images, [0, 1, 1], images, [0, 1, 1])


WHOLE = np.arange(2 * 16).reshape(2, 4, 4) * 8


@pytest.mark.parametrize(
    "images",
    [
        WHOLE.astype(np.uint8),
        WHOLE,
        WHOLE.reshape(2, 16),
        WHOLE.tolist(),
        WHOLE / 255,
        (WHOLE / 255).astype(np.float32),
        WHOLE.astype(np.uint8).reshape(2, 16)[:, ::1],
    ],
    ids=lambda each: type(each).__name__,
)
def test_images_in_many_forms(images: Any) -> None:
    pixels = as_pixels(images, 16)
    assert pixels.dtype == np.uint8
    assert np.array_equal(pixels, WHOLE.reshape(2, 16))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((4, 4)), r"one image of shape \(4, 4\): .*image\[None\]"),
        (np.zeros((2, 15)), r"shape \(2, 15\), where \(n, 16\) or \(n, 4, 4\) is needed"),
        (np.zeros((2, 4, 4, 1)), "is needed"),
        (np.array(5), "is needed"),
        ("a.png", "'a.png' is the name of a file: .* `digit-tui predict` reads picture files"),
        (
            [Path("a.png"), Path("b.png")],
            "'a.png' is the name of a file: give the pixels as",
        ),
        (WHOLE + 100, "pixels from 100 to 348: whole numbers must be from 0 to 255"),
        (-WHOLE, "whole numbers must be from 0 to 255"),
        (WHOLE.astype(float), "pixels from 0 to 248: floats must be from 0 to 1; divide by 255"),
        (np.full((1, 16), np.nan), "floats must be from 0 to 1"),
        (np.full((1, 16), -0.01), "floats must be from 0 to 1"),
        (WHOLE > 3, "pixels of type bool"),
        (np.full((1, 16), "a"), "pixels of type"),
        (WHOLE.astype(complex), "pixels of type complex"),
    ],
)
def test_images_that_are_refused(images: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        as_pixels(images, 16)


def test_no_image_is_no_error(untouched: Run) -> None:
    assert untouched.predict(np.zeros((0, 36))).shape == (0,)


def test_predictions(new_run: NewRun, digits: Dataset) -> None:
    run = new_run().train(2)
    images = digits.test_images.reshape(-1, 6, 6)
    wanted = evaluate(run.network, digits.test_images, digits.test_labels)
    ways: list[Callable[[Any], Any]] = [
        run.predict,
        lambda given: digit_tui.predict(run, given),
        lambda given: digit_tui.predict(run.network, given / 255),
    ]
    for way in ways:
        assert np.array_equal(way(images), wanted.predictions)
    shares = predict_proba(run, images)
    assert np.array_equal(shares, wanted.probabilities)
    assert np.array_equal(run.predict_proba(images), shares)
    assert shares.shape == (60, 4)
    own = run.evaluate(images, digits.test_labels.tolist())
    assert own.correct == wanted.correct == run.evaluate().correct
    assert repr(own) == repr(wanted)
    assert f"{own.correct} of 60 right ({own.accuracy:.2%})" in repr(own)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"images": np.zeros((2, 36))}, "give images with their labels"),
        ({"labels": [1, 2]}, "give images with their labels"),
        ({"images": np.zeros((2, 36)), "labels": [1, 2], "split": "test"}, "or a split"),
        ({"images": np.zeros((2, 36)), "labels": [1]}, r"labels of shape \(1,\) for 2 images"),
        ({"images": np.zeros((2, 36)), "labels": [1, 4]}, "whole numbers from 0 to 3"),
        ({"images": np.zeros((2, 36)), "labels": [1, 0.5]}, "whole numbers from 0 to 3"),
    ],
)
def test_a_measure_of_nothing(untouched: Run, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        untouched.evaluate(**given)


def test_mistakes(new_run: NewRun, digits: Dataset) -> None:
    run = new_run().train(2)
    found, evaluation = digit_tui.mistakes(run), run.evaluate()
    wrong = np.flatnonzero(evaluation.predictions != evaluation.labels)
    assert sorted(each.index for each in found) == wrong.tolist()
    losses = [each.loss for each in found]
    assert losses == sorted(losses, reverse=True)
    for each, image in zip(found, found.images, strict=True):
        assert each.true == digits.test_labels[each.index]
        assert each.predicted == evaluation.predictions[each.index]
        assert np.array_equal(image.ravel(), digits.test_images[each.index])
    assert repr(found) == f"<Mistakes: {len(found)} of 60 test digits (wrong)>"
    assert found[:2] == [found[0], found[1]]
    every = run.mistakes("", order="index")
    assert [each.index for each in every] == list(range(60))
    assert {each.true for each in run.mistakes("true=3")} == {3}


def test_mistakes_in_a_notebook(new_run: NewRun) -> None:
    import base64
    import re

    html = new_run().train(steps=1).mistakes("")._repr_html_()
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    assert len(pictures) == 40
    assert all(base64.b64decode(each).startswith(SIGNATURE) for each in pictures)
    assert "and 20 more" in html
    assert "60 of 60 test digits" in html


def test_mistakes_of_what_is_not_known(untouched: Run) -> None:
    run = untouched
    with pytest.raises(ValueError, match="order 'size' is none of loss, confidence, index"):
        run.mistakes(order="size")
    with pytest.raises(ValueError, match="nonsense"):
        run.mistakes("nonsense=3")


def test_a_folder_by_its_path_is_found_again(
    new_run: NewRun, kept_digits: dict[str, Any], tmp_path: Path
) -> None:
    run = new_run(data=load_digits(**kept_digits)).train()
    saved = run.save(tmp_path / "run")
    run.close()
    assert digit_tui.open_run(saved).config.data == str(kept_digits["data"])
    with digit_tui.open_run(saved).resume() as on:
        assert on.train(None).weights_sha256 == new_run().train(None).weights_sha256
