"""`digit-tui mistakes`, on small runs that were really trained."""

from __future__ import annotations

import base64
import csv
import errno
import json
import os
import re
import shutil
import struct
import subprocess
import threading
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from scipy import special, stats
from sklearn import metrics

from digit_tui.cli.main import cli
from digit_tui.cli.mistakes import CSV_COLUMNS
from digit_tui.cli.subcommands import mistakes
from digit_tui.data import Dataset, load_dataset
from digit_tui.export.png import grey_png
from digit_tui.insight import selection
from digit_tui.nn import PredictionHistory, scale_pixels
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training import saving

SMALL = ["--batch", "--data", "sample", "--preset", "classic", "--hidden", "16", "--threads", "1"]
EPOCHS = 8

UNSAFE = {*map(chr, range(32)), *map(chr, range(127, 160)), "\u202e"} - {"\n"}


def train(folder: Path, *options: str, status: int = 0) -> Path:
    words = [*SMALL, "--epochs", str(EPOCHS), *options, "--run", str(folder)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(saving, "SAVE_SHARE", 0.0)  # only what has cost nothing so far
        result = CliRunner().invoke(cli, words, prog_name="digit-tui")
    assert result.exit_code == status, result.stderr
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on the sample that was watched with its test digits."""
    return train(tmp_path_factory.mktemp("runs") / "run")


def tell(folder: Path | str, *arguments: str | Path) -> Result:
    words = ["mistakes", str(folder), *map(str, arguments)]
    result = CliRunner().invoke(cli, words, prog_name="digit-tui")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def succeed(folder: Path | str, *arguments: str | Path) -> str:
    result = tell(folder, *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout_bytes.decode()


def objects(folder: Path | str, *arguments: str | Path) -> list[dict[str, Any]]:
    def refuse(word: str) -> None:
        pytest.fail(f"{word} is no JSON")

    lines = succeed(folder, "--json", *arguments).splitlines()
    return [json.loads(line, parse_constant=refuse) for line in lines]


# For programs


def test_the_numbers_are_those_of_other_programs(trained: Path, sample: Dataset) -> None:
    network = SavedRun.read(trained).checkpoint().network
    inputs = scale_pixels(sample.test_images, np.empty((1000, 784), np.float32)).astype(float)
    for layer in network.layers:
        logits = inputs @ layer.weights + layer.biases
        inputs = np.maximum(logits, 0)
    probabilities = special.softmax(logits, axis=1)
    labels = sample.test_labels
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)

    found = objects(trained, "--sort", "index")
    assert [each["index"] for each in found] == wrong.tolist()
    for each in found:
        row, true = probabilities[each["index"]], each["true"]
        assert true == labels[each["index"]]
        assert each["predicted"] == row.argmax()
        assert each["probabilities"] == pytest.approx(row, rel=1e-3, abs=1e-6)
        assert each["confidence"] == max(each["probabilities"])
        assert each["loss"] == pytest.approx(
            metrics.log_loss([true], [row], labels=range(10)), rel=1e-3, abs=1e-6
        )
        assert each["rank"] == stats.rankdata(-row)[true]
        assert each["margin"] == pytest.approx(row[true] - row.max(), abs=1e-5)
    losses = [each["loss"] for each in objects(trained)]
    assert losses == sorted(losses, reverse=True)


def test_the_history_is_that_of_the_run(trained: Path, sample: Dataset) -> None:
    history = SavedRun.read(trained).checkpoint().state.history
    looks = np.stack([predictions.copy() for _, predictions in history.walk()])
    assert len(looks) == EPOCHS
    for each in objects(trained, "--select", ""):
        right = "".join("x" if x else "." for x in looks[:, each["index"]] == each["true"])
        assert each["learned"] == (right.index("x") + 1 if "x" in right else None)
        assert each["forgotten"] == right.count("x.")
        assert each["since"] == len(right.rstrip(right[-1])) + 1
        steady = len(set(looks[-5:, each["index"]].tolist())) == 1
        wrong = each["predicted"] != each["true"]
        assert each["suspect"] == (wrong and steady and each["confidence"] >= 0.9)
        assert each["unbacked"] is False


def test_csv_says_what_json_says(trained: Path) -> None:
    text = succeed(trained, "--csv", "--select", "")
    lines = text.split("\r\n" if os.linesep == "\n" else "\n")
    assert (len(lines), lines[-1]) == (1002, "")
    rows = list(csv.DictReader(lines[:-1]))
    found = objects(trained, "--select", "")
    assert tuple(rows[0]) == CSV_COLUMNS
    for row, each in zip(rows, found, strict=True):
        assert {name: json.loads(cell or "null") for name, cell in row.items()} == {
            name: value for name, value in each.items() if name != "probabilities"
        }


def test_digits_are_selected_sorted_and_limited(trained: Path) -> None:
    everything = {each["index"]: each for each in objects(trained, "--select", "")}
    assert len(everything) == 1000
    some = objects(trained, "--select", "true=4,9 conf>0.5", "--sort", "confidence")
    assert {each["index"] for each in some} == {
        each["index"]
        for each in everything.values()
        if each["true"] in (4, 9) and each["confidence"] > 0.5
    }
    assert [each["confidence"] for each in some] == sorted(
        (each["confidence"] for each in some), reverse=True
    )
    assert objects(trained, "--limit", "3") == objects(trained)[:3]
    assert "(wrong), by loss; the first 3\n" in succeed(trained, "--limit", "3")
    assert objects(trained, "--select", "wrong right") == []
    assert succeed(trained, "--csv", "--select", "wrong right").strip() == ",".join(CSV_COLUMNS)


def test_the_orders_are_those_of_insight() -> None:
    (sort,) = (option for option in mistakes.params if option.name == "order")
    assert isinstance(sort.type, click.Choice)
    assert list(sort.type.choices) == list(selection.ORDERS)


def test_what_is_no_number_is_null(tmp_path: Path) -> None:
    folder = train(tmp_path / "run", "--optimizer", "sgd", "--lr", "1e30", status=4)
    found = objects(folder, "--select", "")
    assert len(found) == 1000
    assert all(each["learned"] is None for each in found)
    assert any(each["loss"] is None for each in found)
    assert "no number" in succeed(folder)
    assert "no number" in succeed(folder, "--html", "-")


# For people


def test_people_get_the_accuracy_and_a_table(trained: Path) -> None:
    found = objects(trained)
    facts, table = succeed(trained).split("\n\n")
    right = 1000 - len(found)
    low, high = stats.binomtest(right, 1000).proportion_ci(method="wilson")
    assert (
        f"Accuracy  {right / 10:.2f} % (95 % interval {100 * low:.1f} to {100 * high:.1f}), "
        in (facts)
    )
    assert f"{right} of 1,000" in facts
    assert f"Listed    {len(found)} of 1,000 test digits (wrong), by loss" in facts
    assert f"end of epochs 1 to {EPOCHS}" in facts
    assert f"{sum(each['suspect'] for each in found)} labels, contradicted" in facts
    assert "annotators" not in facts  # the sample is not MNIST's test set
    head, *rows = table.splitlines()
    assert head.split() == ["index", "true", "predicted", "confidence", "loss", "history"]
    for row, each in zip(rows, found, strict=True):
        index, true, predicted, confidence, loss, life = row.split(maxsplit=5)
        assert [int(index), int(true), int(predicted)] == [
            each[name] for name in ("index", "true", "predicted")
        ]
        assert (confidence, loss) == (f"{each['confidence']:.2%}", f"{each['loss']:.4f}")
        assert life.endswith("suspect") == each["suspect"]
        assert life.startswith("never learned" if each["learned"] is None else "first learned")


def test_labels_that_nobody_backed_are_marked(trained: Path, full_mnist: Path) -> None:
    data = ["--data", str(full_mnist)]
    found = objects(trained, *data, "--select", "unbacked", "--sort", "index")
    assert len(found) == 15
    assert all(each["unbacked"] for each in found)
    assert (found[0]["index"], found[-1]["index"]) == (947, 9729)
    wrong = objects(trained, *data)
    right = 9_985 - sum(not each["unbacked"] for each in wrong)
    text = succeed(trained, *data)
    assert f", {right:,} of 9,985, without the 15 that annotators did not back" in text
    assert text.count("annotators did not back the label") == sum(
        each["unbacked"] for each in wrong
    )


def test_an_evaluation_counts_the_suspects_too(trained: Path) -> None:
    count = sum(each["suspect"] for each in objects(trained))
    assert count > 1
    result = CliRunner().invoke(cli, ["evaluate", str(trained)], prog_name="digit-tui")
    assert f"  {count} label suspects" in result.stdout


# Of which digits the history is


def test_the_history_goes_with_the_digits_and_not_with_the_folder(
    trained: Path, tmp_path: Path, sample: Dataset
) -> None:
    same = shutil.copytree(sample.source, tmp_path / "same")
    assert objects(trained, "--data", same) == objects(trained)
    for part in ("images-idx3", "labels-idx1"):
        for name in same.glob(f"train-{part}-ubyte*"):  # to train on what one was tested on
            shutil.copy(next(same.glob(f"t10k-{part}-ubyte*")), name)
    others = objects(trained, "--data", same, "--select", "")
    assert len(others) == 1000
    for each in others:
        assert [each[name] for name in ("learned", "forgotten", "since")] == [None] * 3
        assert not each["suspect"]
    assert "History   none of these digits" in succeed(trained, "--data", same)


def test_held_out_digits_have_a_history_of_their_own(tmp_path: Path) -> None:
    folder = train(tmp_path / "run", "--validation", "1000", "--epochs", "1")
    assert all(each["since"] is None for each in objects(folder, "--select", ""))


def test_the_best_checkpoint_has_its_own_history(trained: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(trained, tmp_path / "run")
    shutil.copy(folder / "previous.npz", folder / "best.npz")
    assert f"end of epochs 1 to {EPOCHS}\n" in succeed(folder)
    assert "end of epoch 1\n" in succeed(folder, "--best")


# The page


class Page(HTMLParser):
    """Reads a page, and checks that what is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def text_of(self, tag: str) -> str:
        return "".join(text for name, text in self.texts if name == tag)


def pixels(png: bytes) -> np.ndarray:
    """The grey levels of a PNG file without filters, each of whose sums is checked."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, place = {}, 8
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        name, content = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        (total,) = struct.unpack_from(">I", png, place + 8 + length)
        assert total == zlib.crc32(name + content)
        chunks[name] = content
        place += 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, *kind = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert kind == [8, 0, 0, 0, 0]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, 1 + width)
    assert not rows[:, 0].any()
    return rows[:, 1:]


def test_a_picture_keeps_every_pixel() -> None:
    image = np.random.default_rng(0).integers(0, 256, (5, 3), np.uint8)
    assert np.array_equal(pixels(grey_png(image)), image)


def test_the_page_shows_each_digit(trained: Path, tmp_path: Path, sample: Dataset) -> None:
    file = tmp_path / "page.html"
    assert f"digits to {file}" in succeed(trained, "--html", file)
    text = file.read_text(encoding="ascii")
    assert succeed(trained, "--html", "-") == text
    page, found = Page(text), objects(trained)
    images = page.all("img")
    for attributes, each in zip(images, found, strict=True):
        head, _, data = str(attributes["src"]).partition(",")
        assert head == "data:image/png;base64"
        shown = pixels(base64.b64decode(data, validate=True))
        assert np.array_equal(shown.ravel(), sample.test_images[each["index"]])
    cells = [text for tag, text in page.texts if tag == "td"]
    assert [cell for cell in cells if cell.endswith("%")] == [
        f"{each['confidence']:.2%}" for each in found
    ]
    assert text.count("<td>suspect") + text.count(">suspect<") == sum(
        each["suspect"] for each in found
    )
    assert f"{1000 - len(found)} of 1,000" in page.text_of("dd")
    assert [head["data-first"] for head in page.all("th") if "aria-sort" in head] == ["descending"]


def test_the_page_reaches_nothing_outside(trained: Path) -> None:
    page = Page(succeed(trained, "--html", "-"))
    policies = [each for each in page.all("meta") if each.get("http-equiv")]
    assert [each["content"] for each in policies] == [
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    ]
    for tag, attributes in page.tags:
        assert tag in {
            *("html", "head", "meta", "title", "style", "body", "h1", "dl", "dt", "dd", "script"),
            *("table", "thead", "tbody", "tr", "th", "td", "button", "img"),
        }
        assert attributes.keys().isdisjoint({"href", "onclick", "onload", "onerror", "style"})
        assert str(attributes.get("src", "data:")).startswith("data:")
    words = page.text_of("style") + page.text_of("script")
    assert not re.search(r"://|url|import|fetch|http", words)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>&amp;', "é\x1b]0;x\x07\u202e"],
)
def test_hostile_names_are_text(name: str, trained: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(trained, tmp_path / name)
    data = shutil.copytree(load_dataset("sample").source, tmp_path / "data" / name)
    text = succeed(folder, "--html", "-", "--data", data, "--limit", "1")
    page = Page(text)
    assert UNSAFE.isdisjoint(text)
    assert (len(page.all("script")), len(page.all("img"))) == (1, 1)
    shown = name.translate(dict.fromkeys(map(ord, UNSAFE), "?"))
    told = [text for tag, text in page.texts if tag == "dd"]
    assert told[0] == str(tmp_path / shown)
    assert told[1] == f"{Path(shown).name} ({tmp_path / 'data' / shown})"
    assert page.text_of("h1") == f"Mistakes of {Path(shown).name}"
    assert UNSAFE.isdisjoint(succeed(folder, "--data", data))


CLICKS = """<script>
const told = [];
for (const [column, clicks] of [[4, 1], [4, 2], [1, 1], [8, 1]]) {
  const head = document.querySelectorAll("th")[column];
  for (let click = 0; click < clicks; click++) head.querySelector("button").click();
  const order = [...document.querySelectorAll("tbody tr")].map(row => row.cells[1].textContent);
  told.push([head.getAttribute("aria-sort"), document.querySelectorAll("[aria-sort]").length,
    order.map(Number)]);
}
document.title = JSON.stringify(told);
</script>"""


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium")
def test_a_click_sorts(trained: Path, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    text = succeed(trained, "--html", "-")
    file.write_text(text.replace("</body>", CLICKS + "</body>"))
    program = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    done = subprocess.run(
        [*program, profile, file.as_uri()], capture_output=True, text=True, timeout=60, check=True
    )
    told = json.loads(Page(done.stdout).text_of("title"))
    found = objects(trained)

    def by(name: str, sign: int) -> list[int]:
        return [each["index"] for each in sorted(before, key=lambda each: sign * each[name])]

    wanted, before = [], found
    for name, sign in (("confidence", -1), ("confidence", -1), ("index", 1), ("forgotten", -1)):
        order = by(name, sign)
        wanted.append(["descending" if sign < 0 else "ascending", 1, order])
        before = [each for index in order for each in found if each["index"] == index]
    assert told == wanted


# What goes wrong


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--select", "sure"], 2, "--select: 'sure' is no condition"),
        (["--select", "true=12"], 2, "--select: there is no class 12"),
        (["--sort", "size"], 2, "--sort"),
        (["--limit", "0"], 2, "--limit"),
        (["--json", "--csv"], 2, "one of them"),
        (["--csv", "--html", "x"], 2, "one of them"),
        (["--data", "no-such-folder"], 3, "no-such-folder"),
        (["--best"], 3, "no best.npz"),
        (["--html", "missing/page.html"], 74, "cannot write missing/page.html: No such file"),
        (["--html", "."], 74, "cannot write .: Is a directory"),
    ],
    ids=str,
)
def test_what_can_not_be_done_is_said_in_one_line(
    arguments: list[str],
    status: int,
    words: str,
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = shutil.copytree(trained, tmp_path / "run")
    (folder / "best.npz").unlink(missing_ok=True)
    monkeypatch.chdir(tmp_path)
    result = tell("run", *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert words in result.stderr
    if status != 2 or "--select:" in words:  # click's own are made one line by the entry point
        assert result.stderr.count("\n") == 1
    assert os.listdir(tmp_path) == ["run"]


def test_a_run_that_is_none(tmp_path: Path) -> None:
    for name in ("missing", str(tmp_path)):
        result = tell(name)
        assert (result.exit_code, result.stdout) == (3, "")
        assert result.stderr.count("\n") == 1


def test_a_full_disk_leaves_the_page_that_was_there(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    file = tmp_path / "page.html"
    file.write_text("before")
    monkeypatch.setattr(os, "fsync", full)
    result = tell(trained, "--html", file)
    assert (result.exit_code, result.stdout) == (74, "")
    assert result.stderr == f"digit-tui: cannot write {file}: {os.strerror(errno.ENOSPC)}\n"
    assert os.listdir(tmp_path) == ["page.html"]
    assert file.read_text() == "before"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_a_pipe_is_written_to_and_a_link_followed(trained: Path, tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(tmp_path / "page")
    (tmp_path / "loop").symlink_to("loop")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    succeed(trained, "--html", pipe)
    reader.join(60)
    succeed(trained, "--html", link)
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert read == [(tmp_path / "page").read_text()]
    assert tell(trained, "--html", tmp_path / "loop" / "page").exit_code == 74


def test_a_run_without_an_epoch_has_no_history(tmp_path: Path) -> None:
    folder = train(tmp_path / "run", "--epochs", "0")
    history = SavedRun.read(folder).checkpoint().state.history
    assert isinstance(history, PredictionHistory)
    assert ("History   none of these digits" in succeed(folder)) == (len(history) == 0)
