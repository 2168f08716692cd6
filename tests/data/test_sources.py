from __future__ import annotations

import gzip
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.own_digits import keep, own_folder

from digit_tui.data import (
    DataError,
    all_drawings,
    describe_sources,
    draw_digit,
    load_dataset,
    printable,
    read_images,
    resample_area,
    resolve_source,
    write_idx,
)

__all__ = ["own_folder"]

MakeFolder = Callable[..., Path]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty user cache; the folder of MNIST in it does not exist yet."""
    cache = tmp_path / "cache"
    monkeypatch.setattr("digit_tui.data.sources.user_cache_path", lambda *_, **__: cache)
    return cache / "mnist"


def refusal(call: Callable[[str], object], name: Path | str) -> str:
    with pytest.raises(DataError) as caught:
        call(str(name))
    message = str(caught.value)
    assert message.isprintable()
    return message


def test_auto_is_the_sample_until_mnist_is_complete(cache: Path, make_folder: MakeFolder) -> None:
    assert resolve_source("auto").name == "sample"
    cache.parent.mkdir()
    folder = make_folder("incomplete")
    labels = folder / "t10k-labels-idx1-ubyte.gz"
    labels.rename(folder / "elsewhere")
    folder.rename(cache)
    assert resolve_source("auto").name == "sample"
    (cache / "elsewhere").rename(cache / labels.name)
    assert resolve_source("auto").name == "mnist"
    assert load_dataset("auto").source == str(cache)


def test_mnist_that_is_absent_says_how_to_get_it(cache: Path) -> None:
    message = refusal(resolve_source, "mnist")
    assert "digit-tui data fetch" in message
    assert str(cache) in message


def test_describes_what_is_here_and_what_is_not(cache: Path, make_folder: MakeFolder) -> None:
    sample, mnist, mine = describe_sources()
    assert (sample.name, sample.train_count, sample.test_count) == ("sample", 4000, 1000)
    assert sample.problem is None
    assert (mnist.name, mnist.folder, mnist.train_count, mnist.test_count) == ("mnist", cache, 0, 0)
    assert mnist.problem is not None
    assert "digit-tui data fetch" in mnist.problem
    assert "digit-tui draw" in str(mine.problem)
    folder = make_folder(train=30, test=20)
    (described,) = describe_sources([str(folder)])
    assert (described.name, described.train_count, described.test_count) == ("digits", 30, 20)


def test_describing_reads_no_pixels(make_folder: MakeFolder) -> None:
    folder = make_folder()
    packed = folder / "train-images-idx3-ubyte.gz"
    content = gzip.decompress(packed.read_bytes())
    packed.write_bytes(gzip.compress(content)[:-8])  # without its checksum
    assert describe_sources([str(folder)])[0].train_count == 60
    assert "ends early" in refusal(load_dataset, folder)


def test_a_folder_like_fashion_mnist(make_folder: MakeFolder) -> None:
    folder = make_folder("fashion")
    dataset = load_dataset(str(folder))
    assert (dataset.name, dataset.source) == ("fashion", str(folder))
    assert (dataset.classes, dataset.side, dataset.pixels) == (10, 28, 784)
    assert dataset.train_images.shape == (60, 784)
    assert dataset.test_images.shape == (50, 784)
    images = read_images(folder / "train-images-idx3-ubyte.gz")
    assert np.array_equal(dataset.train_images.reshape(-1, 28, 28), images)
    assert dataset.train_labels[:12].tolist() == [*range(10), 0, 1]
    arrays = (dataset.train_images, dataset.train_labels, dataset.test_images, dataset.test_labels)
    assert not any(array.flags.writeable for array in arrays)


def test_a_folder_like_emnist(make_folder: MakeFolder) -> None:
    names = ("emnist-balanced-train", "emnist-balanced-test")
    dataset = load_dataset(str(make_folder(classes=47, names=names)))
    assert dataset.classes == 47
    assert dataset.test_labels.max() == 46


def test_two_classes_are_enough_and_one_is_not(make_folder: MakeFolder) -> None:
    assert load_dataset(str(make_folder("two", classes=2))).classes == 2
    assert "all labels are 0" in refusal(load_dataset, make_folder("one", classes=1))


def test_raw_files_win_and_stay_mapped(make_folder: MakeFolder) -> None:
    folder = make_folder()
    for packed in list(folder.iterdir()):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.write_bytes(b"not even gzip")
    images = load_dataset(str(folder)).train_images
    before = images[0, 0]
    with (folder / "train-images-idx3-ubyte").open("r+b") as file:
        file.seek(16)
        file.write(bytes([before ^ 255]))
    assert images[0, 0] == before ^ 255


def test_resamples_to_a_side(make_folder: MakeFolder) -> None:
    folder = str(make_folder())
    dataset = load_dataset(folder, side=25)
    assert (dataset.side, dataset.pixels) == (25, 625)
    whole = load_dataset(folder).test_images.reshape(-1, 28, 28)
    assert np.array_equal(dataset.test_images.reshape(-1, 25, 25), resample_area(whole, 25))
    assert not dataset.test_images.flags.writeable


def test_sha256_sees_every_array_and_the_side(make_folder: MakeFolder) -> None:
    folder = str(make_folder())
    dataset = load_dataset(folder)
    assert dataset.sha256 == load_dataset(folder).sha256
    seen = {dataset.sha256, load_dataset(folder, side=25).sha256}
    for field in ("train_images", "train_labels", "test_images", "test_labels"):
        changed = getattr(dataset, field).copy()
        changed.flat[-1] ^= 1
        seen.add(replace(dataset, **{field: changed}).sha256)
    seen.add(replace(dataset, train_images=dataset.train_images.reshape(30, -1)).sha256)
    assert len(seen) == 7


def test_refuses_a_missing_folder_and_an_empty_name(tmp_path: Path) -> None:
    assert "no such folder" in refusal(resolve_source, tmp_path / "absent")
    assert "no such folder" in refusal(resolve_source, "")
    (tmp_path / "file").write_text("")
    assert "is a file" in refusal(resolve_source, tmp_path / "file")


@pytest.mark.parametrize("split", ["train", "t10k"])
@pytest.mark.parametrize("kind", ["images-idx3", "labels-idx1"])
def test_names_the_missing_file(make_folder: MakeFolder, split: str, kind: str) -> None:
    folder = make_folder()
    (folder / f"{split}-{kind}-ubyte.gz").unlink()
    message = refusal(resolve_source, folder)
    assert str(folder) in message
    assert f"{split}-{kind}-ubyte (or {split}-{kind}-ubyte.gz) is missing" in message


def test_refuses_two_candidates_and_names_them(make_folder: MakeFolder) -> None:
    folder = make_folder()
    (folder / "emnist-digits-train-images-idx3-ubyte").write_bytes(b"")
    message = refusal(resolve_source, folder)
    assert "emnist-digits-train-images-idx3-ubyte and train-images-idx3-ubyte.gz" in message


def test_leftovers_beside_the_files_do_not_confuse(make_folder: MakeFolder) -> None:
    folder = make_folder()
    for name in ("._train-images-idx3-ubyte.gz", ".train-images-idx3-ubyte.7-a.part", "notes.txt"):
        (folder / name).write_bytes(b"")
    assert resolve_source(str(folder)).train_images.name == "train-images-idx3-ubyte.gz"


def test_refuses_files_that_do_not_fit_each_other(make_folder: MakeFolder) -> None:
    folder = make_folder("counts")
    write_idx(folder / "train-labels-idx1-ubyte.gz", np.zeros(59, np.uint8))
    assert "holds 60 images but train-labels-idx1-ubyte.gz holds 59" in refusal(
        load_dataset, folder
    )
    folder = make_folder("shapes")
    write_idx(folder / "t10k-images-idx3-ubyte.gz", np.zeros((50, 27, 27), np.uint8))
    assert "27x27 pixels, the training images 28x28" in refusal(load_dataset, folder)
    folder = make_folder("labels")
    write_idx(folder / "t10k-labels-idx1-ubyte.gz", np.full(50, 10, np.uint8))
    assert "label 10, training has none above 9" in refusal(load_dataset, folder)
    assert "28x20 pixels; give square" in refusal(load_dataset, make_folder("b", shape=(28, 20)))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_the_name_of_a_folder_is_made_printable(make_folder: MakeFolder) -> None:
    dataset = load_dataset(str(make_folder("a\x1b[2J\u202eb")))
    assert dataset.name == "a?[2J?b"
    assert dataset.source.isprintable()


@pytest.mark.parametrize(
    "unsafe", ["\0", "\n", "\x1b", "\x7f", "\x9b", "\u202e", "\u2066", "\udc80"]
)
def test_printable_replaces_what_drives_a_terminal(unsafe: str) -> None:
    assert printable(f"é{unsafe}日[b]") == "é?日[b]"


def test_the_sample_can_be_drawn() -> None:
    dataset = load_dataset("sample")
    lines = draw_digit(dataset.test_images[0].reshape(28, 28), 28, 14)
    assert sum(character != " " for line in lines for character in line) > 20


def test_own_drawings_are_split_and_stay_on_their_side(own_folder: Path) -> None:
    told = refusal(load_dataset, "mine")
    assert "digit-tui draw" in told
    assert "digit-tui data mine --add FILE --label N" in told
    assert "digit-tui draw" in refusal(lambda _: all_drawings(), "")
    first = keep([0, 1, 0, 1])
    assert "of 4 drawings none is to test" in refusal(load_dataset, "mine")
    later = keep([0, 1, 0], seed=1)
    dataset = load_dataset("mine")
    assert (dataset.name, dataset.source, dataset.classes) == ("mine", str(own_folder), 2)
    images = np.concatenate([first, later]).reshape(7, 784)
    assert np.array_equal(dataset.train_images, images[[0, 1, 2, 3, 6]])
    assert np.array_equal(dataset.test_images, images[[4, 5]])
    assert dataset.notes == (
        "mine: one of five drawings of each label is a test digit: 5 to train on, 2 to test",
    )
    keep([0, 1] * 5, seed=2)
    grown = load_dataset("mine")
    assert np.array_equal(grown.train_images[:5], dataset.train_images)
    assert np.array_equal(grown.test_images[:2], dataset.test_images)
    assert load_dataset("mine", counts=(5, 2)).sha256 == dataset.sha256 != grown.sha256
    (described,) = describe_sources(["mine"])
    assert (described.train_count, described.test_count) == (13, 4)


def test_all_drawings_are_test_digits_where_none_was_trained_on(own_folder: Path) -> None:
    kept = keep([7, 7, 7])
    dataset = all_drawings(side=14)
    assert np.array_equal(dataset.test_images.reshape(3, 14, 14), resample_area(kept, 14))
    assert (dataset.test_labels.tolist(), dataset.classes) == ([7, 7, 7], 8)
    assert dataset.notes == ("mine: all 3 drawings to test",)


def test_drawings_of_classes_that_the_network_does_not_know_are_left_out(own_folder: Path) -> None:
    keep([7, 20, 3])
    dataset = all_drawings(classes=10)
    assert (dataset.test_labels.tolist(), dataset.classes) == ([7, 3], 8)
    (note,) = dataset.notes
    assert note == "mine: all 2 drawings to test; 1 other left out: the network knows 0 to 9"
    assert "none of the drawings is such" in refusal(lambda _: all_drawings(classes=3), "")
