from __future__ import annotations

import errno
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.children import in_child, status_of
from support.pictures import write_picture, write_pictures

from digit_tui.data import (
    DataError,
    Dataset,
    describe_sources,
    load_dataset,
    normalise_digit,
    picture_sets,
    resolve_source,
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where pictures are kept once they were read; it does not exist yet."""
    cache = tmp_path / "cache"
    monkeypatch.setattr("digit_tui.data.sources.user_cache_path", lambda *_, **__: cache)
    return cache / "pictures"


@pytest.fixture
def folder(tmp_path: Path, sample: Dataset) -> Path:
    """Training and test pictures of three classes."""
    write_pictures(tmp_path / "digits", sample, "012", 5, "train")
    write_pictures(tmp_path / "digits", sample, "012", 2, "test")
    return tmp_path / "digits"


def kept(cache: Path) -> list[Path]:
    return sorted(cache.glob("*/*")) + sorted(cache.glob("*/.*"))


def refusal(folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        load_dataset(str(folder))
    message = str(caught.value)
    assert message.isprintable()
    return message


def reads(folder: Path) -> int:
    """How many pictures are read to load the folder."""
    counts: list[int] = []
    load_dataset(str(folder), progress=lambda done, total: counts.append(done))
    return max(counts, default=0)


def test_digits_of_mnist_come_out_as_they_were(folder: Path, sample: Dataset) -> None:
    dataset = load_dataset(str(folder))
    assert (dataset.name, dataset.source, dataset.classes) == ("digits", str(folder), 3)
    assert dataset.train_labels.tolist() == [0] * 5 + [1] * 5 + [2] * 5
    assert dataset.test_labels.tolist() == [0, 0, 1, 1, 2, 2]
    for label in range(3):
        wanted = sample.train_images[sample.train_labels == label][:5]
        assert np.array_equal(dataset.train_images[5 * label :][:5], wanted)
        wanted = sample.test_images[sample.test_labels == label][:2]
        assert np.array_equal(dataset.test_images[2 * label :][:2], wanted)
    assert dataset.notes == ()
    assert not dataset.train_labels.flags.writeable
    assert load_dataset(str(folder), side=14).train_images.shape == (15, 14 * 14)
    (described,) = describe_sources([str(folder)])
    assert (described.train_count, described.test_count, described.problem) == (15, 6, None)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "LA"])
def test_so_do_those_in_colours(mode: str, tmp_path: Path, sample: Dataset) -> None:
    image = sample.train_images[0].reshape(28, 28)
    Image.fromarray(image).convert(mode).save(tmp_path / "digit.png")
    assert np.array_equal(picture_sets.read_digit(tmp_path / "digit.png"), image)


def test_other_pictures_are_normalised(tmp_path: Path, sample: Dataset) -> None:
    image = sample.train_images[0].reshape(28, 28)
    large = np.kron(image, np.ones((4, 4), np.uint8))
    for picture in (255 - image, 255 - large, large):
        write_picture(tmp_path / "digit.png", picture)
        found = picture_sets.read_digit(tmp_path / "digit.png").astype(int)
        assert np.abs(found - normalise_digit(image).image).mean() < 12
        assert abs(np.average(np.arange(28), weights=found.sum(axis=1)) - 14) <= 0.6


def test_the_second_time_no_picture_is_read(folder: Path, cache: Path) -> None:
    assert reads(folder) == 21
    first = load_dataset(str(folder)).sha256
    assert reads(folder) == 0
    (only,) = kept(cache)
    assert sorted(path.name for path in only.iterdir()) == sorted(picture_sets._FILES)
    (only / "test-labels").write_bytes(b"damaged")
    assert reads(folder) == 21
    assert load_dataset(str(folder)).sha256 == first
    moved = folder.rename(folder.with_name("elsewhere"))
    assert load_dataset(str(moved)).sha256 == first


def test_any_change_is_seen(folder: Path, cache: Path, sample: Dataset) -> None:
    one = folder / "train" / "2" / "000.png"
    seen = {load_dataset(str(folder)).sha256}

    def changed() -> None:
        assert reads(folder) > 0
        seen.add(load_dataset(str(folder)).sha256)
        assert len(kept(cache)) == 1

    write_picture(folder / "train" / "2" / "more.png", sample.train_images[99].reshape(28, 28))
    changed()
    one.unlink()
    changed()
    other = folder / "test" / "2" / "000.png"
    other.rename(folder / "test" / "1" / "900.png")
    changed()
    one.write_bytes((folder / "test" / "1" / "000.png").read_bytes())
    changed()
    content = (folder / "test" / "1" / "001.png").read_bytes()
    size = max(len(content), one.stat().st_size)
    one.write_bytes(one.read_bytes().ljust(size, b"\0"))
    reads(folder)
    about = one.stat()
    one.write_bytes(content.ljust(size, b"\0"))  # as large and as old as the one before
    os.utime(one, ns=(about.st_atime_ns, about.st_mtime_ns))
    changed()
    assert len(seen) == 6


def test_one_folder_a_class_is_split(tmp_path: Path, sample: Dataset) -> None:
    folder = tmp_path / "digits"
    write_pictures(folder, sample, "01234", 10)
    for number in range(20):  # the same digit many times must not be on both sides
        shutil.copy(folder / "4" / "000.png", folder / "4" / f"copy{number}.png")
    dataset = load_dataset(str(folder))
    tested = np.bincount(dataset.test_labels, minlength=5)
    assert tested[:4].tolist() == [2, 2, 2, 2]
    trained = {image.tobytes() for image in dataset.train_images}
    assert trained.isdisjoint(image.tobytes() for image in dataset.test_images)
    (note,) = dataset.notes
    parts = f"{len(dataset.train_labels)} to train on, {len(dataset.test_labels)} to test"
    assert note == f"digits: one of 5 pictures of each class is a test picture, by seed 0: {parts}"
    assert len(dataset.train_labels) + len(dataset.test_labels) == 70
    again = load_dataset(str(folder))
    assert (again.sha256, again.notes) == (dataset.sha256, dataset.notes)


def test_classes_that_are_no_numbers_are_sorted(tmp_path: Path, sample: Dataset) -> None:
    write_pictures(tmp_path / "letters", sample, "bAa", 5, "training")
    write_pictures(tmp_path / "letters", sample, "bAa", 2, "test")
    dataset = load_dataset(str(tmp_path / "letters"))
    assert dataset.notes == (
        "letters: labels are folders in the order of their names: 0 is A, 1 is a, 2 is b",
    )
    ones = sample.train_images[sample.train_labels == 1][:5]
    assert np.array_equal(dataset.train_images[dataset.train_labels == 0], ones)
    write_pictures(tmp_path / "few", sample, "37", 5)
    dataset = load_dataset(str(tmp_path / "few"))  # numbers are labels, whichever are missing
    assert (set(dataset.train_labels.tolist()), dataset.classes) == ({3, 7}, 8)


def test_what_does_not_belong_there_is_named(folder: Path, cache: Path, tmp_path: Path) -> None:
    for leftover in (".DS_Store", "Thumbs.db"):
        (folder / "train" / "0" / leftover).write_bytes(b"")
    (folder / "README.md").write_text("digits")
    assert reads(folder) == 21
    shutil.rmtree(cache)
    bad = folder / "train" / "1" / "a\x1b.png"
    bad.write_bytes((folder / "train" / "1" / "000.png").read_bytes()[:60])
    assert str(folder / "train" / "1" / "a?.png") in refusal(folder)
    assert kept(cache) == []
    bad.unlink()
    for name, reason in (("notes.txt", "it is no picture"), ("white.png", "no ink is found in it")):
        other = folder / "train" / "1" / name
        if name == "white.png":
            Image.new("L", (40, 60), 255).save(other)
        else:
            other.write_text("digits")
        told = refusal(folder)
        assert told.startswith(f"{other}: {reason}")
        assert told.endswith(", or take it out of the folder")
        other.unlink()
    (folder / "train" / "1" / "deeper").mkdir()
    assert "deeper: it is a folder; the folder of a class has pictures alone" in refusal(folder)
    (folder / "train" / "1" / "deeper").rmdir()
    (folder / "train" / "1" / "gone.png").symlink_to(tmp_path / "nowhere")
    assert "gone.png: it cannot be read" in refusal(folder)
    (folder / "train" / "1" / "gone.png").unlink()
    (folder / "test" / "7").mkdir()
    assert "7: training has no such class" in refusal(folder)
    (folder / "test" / "7").rmdir()
    shutil.rmtree(folder / "test")
    assert "it holds train, but no test; add test, or put its classes here" in refusal(folder)


def test_what_no_dataset_can_be_made_of_is_refused(tmp_path: Path, sample: Dataset) -> None:
    for name in ("0", "1"):
        (tmp_path / "empty" / name).mkdir(parents=True)
    assert "no pictures in its folders" in refusal(tmp_path / "empty")
    write_pictures(tmp_path / "single", sample, "01", 1)
    assert "two different pictures" in refusal(tmp_path / "single")
    for number in (1, 47):
        (tmp_path / "many" / str(number)).mkdir(parents=True)
    assert "the class 47 has the label 47; labels are 0 to 46" in refusal(tmp_path / "many")
    for number in range(48):
        (tmp_path / "any" / f"folder{number}").mkdir(parents=True)
    assert "any: it holds 48 folders, and there are at most 47 classes; a data" in refusal(
        tmp_path / "any"
    )
    (tmp_path / "none").mkdir()
    assert "or a folder for each class" in refusal(tmp_path / "none")
    (tmp_path / "none" / "three.PNG").write_bytes(b"")
    assert "its pictures are in no class folder; put" in refusal(tmp_path / "none")


def test_classes_without_pictures_are_named(folder: Path, tmp_path: Path, sample: Dataset) -> None:
    (folder / "train" / "5").mkdir()
    (folder / "train" / "12").mkdir()
    (folder / "test" / "5").mkdir()
    shutil.rmtree(folder / "test" / "1")
    assert load_dataset(str(folder)).notes == (
        f"{folder.name}: train: no pictures of 3 to 12",
        f"{folder.name}: test: no pictures of 1, 3 to 12",
    )
    write_pictures(tmp_path / "whole", sample, "01", 5)
    (tmp_path / "whole" / "7").mkdir()
    notes = load_dataset(str(tmp_path / "whole")).notes
    assert notes[1:] == ("whole: no pictures of 2 to 7",)
    write_pictures(tmp_path / "gap", sample, "0135", 5)  # a class that was forgotten
    assert load_dataset(str(tmp_path / "gap")).notes[1:] == ("gap: no pictures of 2, 4",)


def test_idx_files_win_over_folders_beside_them(tmp_path: Path, sample: Dataset) -> None:
    folder = tmp_path / "digits"
    write_pictures(folder, sample, "01", 5)
    (folder / "train-images-idx3-ubyte").write_bytes(b"")
    assert "train-labels-idx1-ubyte (or" in refusal(folder)


@pytest.mark.parametrize("call", ["mkdir", "rename", "write_plain_idx"])
def test_a_full_disk_does_not_matter(
    call: str, folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    place = picture_sets if call == "write_plain_idx" else Path
    with monkeypatch.context() as patch:
        patch.setattr(place, call, full)
        dataset = load_dataset(str(folder))
        assert len(dataset.train_labels) == 15
    assert kept(cache) == []
    assert load_dataset(str(folder)).sha256 == dataset.sha256


def test_processes_that_read_at_once_do_not_disturb_each_other(folder: Path, cache: Path) -> None:
    sha256 = load_dataset(str(folder)).sha256
    shutil.rmtree(cache)

    def load() -> None:
        assert load_dataset(str(folder)).sha256 == sha256

    children = [in_child(load) for _ in range(3)]
    assert [status_of(child) for child in children] == [0, 0, 0]
    assert len(kept(cache)) == 1


def test_what_a_killed_process_left_is_removed_later(folder: Path, cache: Path) -> None:
    load_dataset(str(folder))
    (only,) = kept(cache)
    old, fresh = (only.with_name(f".{only.name}-{name}") for name in ("old", "fresh"))
    for leftover in (old, fresh):
        leftover.mkdir()
    os.utime(old, (time.time() - 7200,) * 2)
    (folder / "test" / "0" / "000.png").unlink()
    load_dataset(str(folder))
    assert fresh in kept(cache)
    assert old not in kept(cache)


def test_a_folder_of_pictures_is_found_without_reading_them(folder: Path) -> None:
    (folder / "train" / "0" / "000.png").write_bytes(b"no picture")
    assert resolve_source(str(folder)).folder == folder
