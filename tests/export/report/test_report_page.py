"""The report on a run: what it says is what the run is."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from support.mistakes import UNSAFE, Page, objects, pixels
from support.report import charts, facts, rows, section, succeed, tell, words

from digit_tui.cli.main import cli
from digit_tui.data import Dataset, load_dataset
from digit_tui.insight.significance import ends_words
from digit_tui.storage.saved_run import SavedRun


@pytest.fixture(scope="module")
def page(trained: Path) -> str:
    return succeed(trained)


@pytest.fixture(scope="module")
def evaluated(trained: Path) -> dict[str, Any]:
    done = CliRunner().invoke(cli, ["evaluate", str(trained), "--json"])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_result_is_that_of_evaluate(page: str, evaluated: dict[str, Any]) -> None:
    correct, total = evaluated["test_correct"], evaluated["test_total"]
    told = words(section(page, "result"))
    assert f"{correct / total:.2%} of 1,000 test digits are read right: {correct}" in told
    assert f"95% interval: {ends_words(correct, total)}%" in told
    assert facts(section(page, "result"))["Loss"].startswith(f"{evaluated['test_loss']:.4f} ")


def test_the_matrix_is_that_of_evaluate(page: str, evaluated: dict[str, Any]) -> None:
    matrix = np.array(evaluated["confusion"])
    told = rows(section(page, "confusion"))
    counts = [[0 if cell == "\N{MIDDLE DOT}" else int(cell) for cell in row[1:11]] for row in told]
    assert np.array_equal(counts, matrix)
    for true, row in enumerate(told):
        right = matrix[true, true]
        scores = (right / matrix[true].sum(), right / matrix[:, true].sum())
        assert row[11:14] == [f"{matrix[true].sum()}", *(f"{100 * each:.1f}" for each in scores)]


def test_the_mistakes_have_their_pictures(page: str, trained: Path, sample: Dataset) -> None:
    found, images = objects(trained, "--limit", "60"), Page(section(page, "mistakes")).all("img")
    assert len(images) == len(found) == 60
    for attributes, each in zip(images, found, strict=True):
        head, _, data = str(attributes["src"]).partition(",")
        assert head == "data:image/png;base64"
        shown = pixels(base64.b64decode(data, validate=True))
        assert np.array_equal(shown.ravel(), sample.test_images[each["index"]])
        assert str(attributes["alt"]).startswith(f"test digit {each['index']}, a")
        assert f"{each['confidence']:.2%} sure" in page
    assert len(Page(succeed(trained, "--mistakes", "3")).all("img")) == 3
    assert Page(succeed(trained, "--mistakes", "0")).all("img") == []


def test_the_curves_are_those_of_the_run(page: str, trained: Path) -> None:
    epochs = SavedRun.read(trained).history().epochs
    told = rows(section(page, "curves"))
    assert [(row[0], row[2], row[4]) for row in told] == [
        (str(each["epoch"]), f"{each['test_loss']:.4f}", f"{1 - each['test_accuracy']:.2%}")
        for each in epochs
    ]
    found = charts(page)
    assert len(found) == 5
    for chart in found:
        assert chart.get("role") == "img"
        assert chart.findtext("title")
        assert len(chart.findtext("desc") or "") > 30
        names = str(chart.get("aria-labelledby")).split()
        assert [each.get("id") for each in chart[:2]] == names
    dots = found[0].findall(".//circle/title")
    assert len(dots) == 2 * len(epochs)
    assert dots[-1].text == f"epoch {len(epochs)}, test: {epochs[-1]['test_loss']:.4g}"


def test_the_layers_are_those_of_inspect(page: str, trained: Path) -> None:
    done = CliRunner().invoke(cli, ["inspect", str(trained)])
    lines = [line.split() for line in done.stdout.splitlines()]
    for row in rows(section(page, "layers")):
        assert row in lines
    assert "784-16" in section(page, "layers")


def test_every_id_is_there_once_and_every_link_leads_somewhere(page: str) -> None:
    tags = Page(page).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len({*ids})
    links = [str(attributes["href"]) for tag, attributes in tags if tag == "a"]
    assert [link[1:] for link in links] == [
        attributes["id"] for tag, attributes in tags if tag == "section"
    ]
    named = {each for _, a in tags for each in str(a.get("aria-labelledby", "")).split()}
    assert named <= {*ids}


def test_the_page_reaches_nothing_outside_and_runs_nothing(page: str) -> None:
    for tag, attributes in Page(page).tags:
        assert tag not in ("script", "link", "iframe", "object", "base", "form")
        assert not [name for name in attributes if name.startswith("on")]
        assert str(attributes.get("src", "data:image/png")).startswith("data:image/png")
        assert str(attributes.get("href", "#")).startswith("#")
    style = Page(page).text_of("style")
    assert not re.search(r"url|@import|http", style)
    sizes = [float(each) for each in re.findall(r"font-size: ([\d.]+)px", style)]
    assert min(sizes) >= 12


def test_the_same_run_gives_the_same_bytes(
    page: str, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    if hasattr(time, "tzset"):
        time.tzset()
    moved = shutil.copytree(trained, tmp_path / "run")
    file = tmp_path / "page.html"
    done = tell(moved, "--html", file)
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()
    assert done.stdout == f"Wrote a report on run to {file}\n"
    assert file.read_text(encoding="ascii") == page
    assert str(trained.parent) not in page
    assert len(page) < 200_000


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_hostile_names_are_text(trained: Path, tmp_path: Path) -> None:
    name = '"><script>alert(1)</script>\x1b]0;x\x07\u202e&amp;'
    name = name.replace("/", "\N{DIVISION SLASH}")
    folder = shutil.copytree(trained, tmp_path / name)
    data = shutil.copytree(load_dataset("sample").source, tmp_path / "data" / name)
    record = json.loads((folder / "run.json").read_text())
    record["versions"] = {"<b>": "<script>\x1b"}
    (folder / "run.json").write_text(json.dumps(record))
    text = succeed(folder, "--data", data, "--mistakes", "1")
    page = Page(text)
    assert UNSAFE.isdisjoint(text)
    assert not page.all("script")
    assert len(page.all("b")) == 1  # of the one digit
    shown = name.translate(dict.fromkeys(map(ord, UNSAFE), "?"))
    assert page.text_of("h1") == f"Report on {shown}"
    assert f"Measured on {shown}" in words(section(text, "result"))


def test_where_it_may_not_be_written(trained: Path, tmp_path: Path) -> None:
    file = tmp_path / "notes.html"
    file.write_text("mine")
    refused = tell(trained, "--html", file)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "no page of digit-tui" in refused.stderr
    assert file.read_text() == "mine"
    assert tell(trained, "--html", trained / "run.json", "--force").exit_code == 2
    assert tell(trained, "--html", file, "--force").exit_code == 0
    assert tell(trained, "--html", file).exit_code == 0
    assert tell(tmp_path / "none", "--html", file).exit_code == 3
    assert tell(trained).exit_code == 2
    assert tell(trained, "--html", tmp_path / "no" / "page.html").exit_code == 74
