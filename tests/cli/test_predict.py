"""`digit-tui predict`."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image, ImageDraw
from support.drawn_digits import page, photographed
from support.rarely import endurance

from digit_tui.cli.main import cli
from digit_tui.storage.saved_run import SavedRun


def predict(*arguments: str | Path, standard_input: bytes | None = None) -> Result:
    words = ["predict", *map(str, arguments)]
    result = CliRunner().invoke(cli, words, input=standard_input, prog_name="digit-tui")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert (result.stdout + result.stderr).replace("\n", "").replace("\r", "").isprintable()
    return result


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    page("7", 60, 6).save(folder / "seven.png")
    row = page("3071", 60, 6)
    photographed(row, np.random.default_rng(0)).save(folder / "row.jpg")
    Image.new("RGB", (50, 50), "white").save(folder / "blank.gif")
    (folder / "empty.png").touch()
    (folder / "text.png").write_text("no picture")
    (folder / "dangling.png").symlink_to("nowhere")
    (folder / "half.png").write_bytes(png(row)[:700])
    return folder


def test_a_trained_network_reads_drawn_digits(trained: Path, pictures: Path) -> None:
    done = predict(trained, pictures / "seven.png", pictures / "row.jpg", pictures / "blank.gif")
    assert (done.exit_code, done.stderr) == (0, "")
    seven, row, blank = done.stdout.splitlines()
    assert seven.startswith(f"{pictures}/seven.png: 7 (")
    assert row.startswith(f"{pictures}/row.jpg: 307? (3 ")  # a mere line is no digit
    assert blank == f"{pictures}/blank.gif: no digit found"


def test_json(trained: Path, pictures: Path) -> None:
    done = predict(trained, pictures / "row.jpg", pictures / "blank.gif", "--json")
    row, blank = map(json.loads, done.stdout.splitlines())
    assert blank == {"file": f"{pictures}/blank.gif", "size": [50, 50], "digits": []}
    with Image.open(pictures / "row.jpg") as image:
        assert row["size"] == list(image.size)
    assert [digit["predicted"] for digit in row["digits"]] == [3, 0, 7, 1]
    for digit in row["digits"]:
        assert sum(digit["probabilities"]) == pytest.approx(1, abs=1e-5)
        assert digit["probabilities"][digit["predicted"]] == digit["confidence"]
        assert digit["box"][1] == pytest.approx(27, abs=3)
        assert digit["box"][3] == pytest.approx(66, abs=5)
        assert digit["row"] == 0
    lefts = [digit["box"][0] for digit in row["digits"]]
    assert lefts == sorted(lefts)


def test_rows_of_a_page(trained: Path, tmp_path: Path) -> None:
    page("307\n23", 60, 6).save(tmp_path / "page.png")
    text = predict(trained, tmp_path / "page.png", "--always").stdout
    assert re.search(r"page\.png: \d{3} / \d\d \(\d \S+%, \d \S+%, \d \S+% / \d \S+%, \d", text)
    rows = csv.DictReader(io.StringIO(predict(trained, tmp_path / "page.png", "--csv").stdout))
    assert [row["row"] for row in rows] == [*"00011"]


def test_csv(trained: Path, pictures: Path, tmp_path: Path) -> None:
    awkward = tmp_path / 'a "b", c.png'
    awkward.write_bytes((pictures / "seven.png").read_bytes())
    done = predict(trained, awkward, pictures / "blank.gif", "--csv")
    assert done.stdout_bytes.count(b"\r\n") == 3
    seven, blank = csv.DictReader(io.StringIO(done.stdout))
    assert (seven["file"], seven["digit"], seven["predicted"]) == (str(awkward), "0", "7")
    assert float(seven["confidence"]) > 0.1
    assert int(seven["height"]) == pytest.approx(66, abs=3)
    assert list(blank.values()) == [f"{pictures}/blank.gif", *[""] * (len(blank) - 1)]


def test_what_the_network_saw_is_drawn(trained: Path, pictures: Path) -> None:
    done = predict(trained, pictures / "row.jpg", "--draw")
    head, *drawing = done.stdout.splitlines()
    assert head.startswith(f"{pictures}/row.jpg: 307?")
    assert len(drawing) == 2 * 14  # two beside each other
    assert max(map(len, drawing)) <= 58
    assert any(line[:30].strip() and line[30:].strip() for line in drawing)


def test_standard_input_is_one_picture(trained: Path, pictures: Path) -> None:
    content = (pictures / "seven.png").read_bytes()
    done = predict(trained, "-", standard_input=content)
    assert done.stdout.startswith("standard input: 7 (")
    done = predict(trained, "-", "-", standard_input=content)
    assert done.exit_code == 3
    assert "standard input: it is empty" in done.stderr


def test_one_digit_in_parts(trained: Path) -> None:
    halves = Image.new("L", (100, 200), 255)
    halves.paste(0, (45, 20, 52, 70))
    halves.paste(0, (45, 130, 52, 180))  # too far apart to belong together
    found = [
        json.loads(predict(trained, "-", "--json", *single, standard_input=png(halves)).stdout)
        for single in ([], ["--single"])
    ]
    assert [len(each["digits"]) for each in found] == [2, 1]
    assert found[1]["digits"][0]["box"] == [45, 20, 7, 160]


def test_what_cannot_be_read_gets_a_line_and_the_others_are_read(
    trained: Path, pictures: Path, tmp_path: Path
) -> None:
    evil = tmp_path / "a\x1b[31m\n.png"
    evil.write_bytes(b"x")
    wrong = [pictures / name for name in ("empty.png", "text.png", "dangling.png", "half.png")]
    wrong += [pictures, evil]

    done = predict(trained, *wrong, pictures / "seven.png")

    assert done.exit_code == 3
    assert done.stdout.startswith(f"{pictures}/seven.png: 7 (")
    lines = done.stderr.splitlines()
    assert len(lines) == len(wrong)
    reasons = ["it is empty", "it is no picture", "No such file", "is damaged", "it is a folder"]
    for line, path, reason in zip(lines, wrong, [*reasons, "it is no picture"], strict=True):
        name = str(path).replace("\x1b", "?").replace("\n", "?")
        assert line.startswith(f"digit-tui: {name}: ")
        assert reason in line


def test_too_many_parts_are_bad_data(trained: Path, tmp_path: Path) -> None:
    dots = np.zeros((200, 200), np.uint8)
    dots[2::4, 2::4] = 255
    Image.fromarray(dots).save(tmp_path / "dots.png")
    done = predict(trained, tmp_path / "dots.png")
    assert done.exit_code == 3
    assert done.stderr.startswith(f"digit-tui: {tmp_path}/dots.png: it has 2,500 separate parts")


def test_a_network_that_diverged_is_still_json(
    trained: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = SavedRun.read(trained).checkpoint()
    checkpoint.state.parameters[:] = np.nan
    if checkpoint.state.average is not None:
        checkpoint.state.average[:] = np.nan
    monkeypatch.setattr(SavedRun, "checkpoint", lambda self, best: checkpoint)
    done = predict(trained, pictures / "seven.png", "--json")
    (digit,) = json.loads(done.stdout)["digits"]
    assert digit["confidence"] is None
    assert digit["probabilities"] == [None] * 10


@pytest.mark.parametrize("options", ["--json --csv", "--draw --json", "--csv --draw"])
def test_one_form_only(options: str) -> None:
    done = predict("run", "file", *options.split())
    assert done.exit_code == 2
    assert "only one of them" in done.stderr


def test_a_run_that_is_not_there_and_no_file(tmp_path: Path) -> None:
    assert predict(tmp_path / "run", "file").exit_code == 3
    no_run = predict(tmp_path / "seven.png")
    assert no_run.exit_code == 2
    assert "no FILE after the RUN" in no_run.stderr
    assert "the name or the folder of a saved run, or last" in no_run.stderr


PROGRAM = """
import re, sys
from digit_tui.cli.main import cli
try:
    cli(["predict", *sys.argv[1:]])
finally:
    print(*re.findall(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read()), file=sys.stderr)
"""


def measured(*arguments: str | Path) -> tuple[list[str], int]:
    """What a program of its own prints on stderr, and the most memory that it took, in MiB."""
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    *lines, memory = done.stderr.splitlines()
    assert "Traceback" not in done.stderr
    return lines, int(memory) >> 10  # it is in KiB


def large(kind: str, folder: Path) -> Path:
    """The largest pictures that are read: noise, which is the worst."""
    noise = np.random.default_rng(0).integers(0, 256, (3072, 4096), np.uint8)
    image = Image.fromarray(noise)
    path = folder / f"large.{kind}"
    match kind:
        case "png":
            Image.merge("RGBA", [image] * 4).save(path, compress_level=1)
        case "jpg":
            Image.merge("CMYK", [image] * 4).save(path, progressive=True, subsampling=0)
        case "tif":
            Image.fromarray(noise.astype(np.float32)).save(path)
        case "webp":
            image.crop((0, 0, 2048, 2048)).convert("RGBA").save(path, quality=20, method=0)
        case "gif":
            (image.point(lambda level: 255 * (level > 150))).save(path)
    return path


@pytest.mark.long
@pytest.mark.parametrize("kind", ["png", "webp", *endurance("jpg", "tif", "gif")])
def test_the_largest_pictures_take_less_than_200_mib(
    trained: Path, tmp_path: Path, kind: str
) -> None:
    lines, memory = measured(trained, large(kind, tmp_path))
    assert len(lines) <= 1
    assert memory < 200


FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP")


def damaged(count: int, folder: Path) -> list[Path]:
    """Pictures of all formats and modes with some bytes changed, cut out, doubled or cut off."""
    generator = np.random.default_rng(count)
    whole = []
    for kind in FORMATS:
        for image in (page("38", 24, 3), page("1", 24, 3).convert("RGB")):
            for options in ({}, {"compression": "tiff_lzw"}, {"interlace": 1, "progressive": True}):
                file = io.BytesIO()
                image.save(file, kind, **options)
                whole.append(file.getvalue())
    paths = []
    for number in range(count):
        content = bytearray(whole[number % len(whole)])
        for _ in range(generator.integers(1, 5)):
            # Headers matter most.
            end = len(content) if generator.random() < 0.5 else min(len(content), 64)
            at, length = int(generator.integers(end)), int(generator.integers(1, 9))
            piece = content[at : at + length]
            match generator.integers(5):
                case 0:
                    content[at] ^= 1 << int(generator.integers(8))
                case 1:
                    content[at : at + length] = generator.bytes(length)
                case 2:
                    content[at : at + len(piece)] = b"\xff" * len(piece)
                case 3:
                    content[at : at + length] = piece * int(generator.integers(3))
                case _:
                    del content[max(1, at) :]
        paths.append(folder / f"{number}.png")
        paths[-1].write_bytes(content)
    return paths


@pytest.mark.parametrize("count", [42, pytest.param(1000, marks=pytest.mark.long)])
def test_damaged_pictures_are_refused_in_a_line_each(
    trained: Path, tmp_path: Path, count: int
) -> None:
    lines, memory = measured(trained, *damaged(count, tmp_path))
    assert count / 4 < len(lines) < count
    assert not [line for line in lines if not line.startswith(f"digit-tui: {tmp_path}/")]
    assert memory < 200


def test_pictures_are_read_without_textual_rich_and_the_trainer(
    trained: Path, pictures: Path
) -> None:
    """So that it starts fast."""
    program = (
        "import sys; from digit_tui.cli.main import cli\n"
        f"try: cli(['predict', {str(trained)!r}, {str(pictures / 'seven.png')!r}])\n"
        "finally: print(*[name for name in sys.modules if name.startswith(('textual', 'rich',"
        "'digit_tui.training', 'digit_tui.data.download'))], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.startswith(str(pictures))
    assert done.stderr.split() == ["digit_tui.data.download"]


def test_what_is_no_digit(trained: Path, tmp_path: Path) -> None:
    picture = Image.new("L", (100, 100), 255)
    draw = ImageDraw.Draw(picture)
    for place in range(15, 90, 14):  # a grid
        draw.line([place, 10, place, 90], 0, 5)
        draw.line([10, place, 90, place], 0, 5)
    picture.save(tmp_path / "grid.png")

    (line,) = predict(trained, tmp_path / "grid.png").stdout.splitlines()
    assert re.fullmatch(r".*grid\.png: not a digit, most like \d \(\d+\.\d%\)", line)
    (line,) = predict(trained, tmp_path / "grid.png", "--always").stdout.splitlines()
    assert re.fullmatch(r".*grid\.png: \d \(\d+\.\d%\)", line)
    (digit,) = json.loads(predict(trained, tmp_path / "grid.png", "--json").stdout)["digits"]
    assert digit["answer"] == []
