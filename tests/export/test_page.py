"""The page of mistakes."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from support.mistakes import UNSAFE, Page, objects, pixels, succeed

from digit_tui.data import Dataset, load_dataset


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
