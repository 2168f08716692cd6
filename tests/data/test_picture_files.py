from __future__ import annotations

import io
import os
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFile

from digit_tui.data import DataError
from digit_tui.data.picture_files import MAX_BYTES, read_picture


def seven(side: int = 100, ink: int = 0, paper: int = 255) -> Image.Image:
    image = Image.new("L", (side, side), paper)
    places = [(0.35 * side, 0.3 * side), (0.65 * side, 0.3 * side), (0.5 * side, 0.8 * side)]
    ImageDraw.Draw(image).line(places, fill=ink, width=max(2, side // 14))
    return image


def written(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


EXPECTED = 255 - np.asarray(seven())


def assert_is_seven(content: bytes, agreement: float = 0.98) -> None:
    """The ink is where the drawing has it: intersection over union."""
    ink = read_picture(content)
    assert ink.dtype == np.uint8
    assert ink.shape == EXPECTED.shape
    found, expected = ink > 127, EXPECTED > 127
    assert (found & expected).sum() >= agreement * (found | expected).sum()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP"])
@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), (90, 130), (130, 90)])
def test_ink_is_found_in_each_format_dark_or_light(kind: str, ink: int, paper: int) -> None:
    assert_is_seven(written(seven(ink=ink, paper=paper), kind), 0.9)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I", "F"])
def test_ink_is_found_in_each_mode(mode: str) -> None:
    assert_is_seven(written(seven().convert(mode), "TIFF"))


@pytest.mark.parametrize("depth", [12, 16])
def test_more_than_8_bits_are_read_whatever_their_range(depth: int) -> None:
    values = np.asarray(seven()).astype(np.uint16) << (depth - 8)
    for kind in ("PNG", "TIFF"):
        assert_is_seven(written(Image.fromarray(values), kind))


def test_numbers_that_are_not_finite_are_no_ink() -> None:
    values = np.asarray(seven()).astype(np.float32)
    values[0, :3] = np.nan, np.inf, -np.inf
    assert_is_seven(written(Image.fromarray(values), "TIFF"))


def test_ink_of_another_colour_but_the_same_brightness_is_found() -> None:
    bands = [(200, 60), (96, 170), (50, 50)]  # red on green, 122 of 255 both
    image = Image.merge("RGB", [seven(ink=ink, paper=paper) for ink, paper in bands])
    assert np.ptp(np.asarray(image.convert("L"))) < 3
    assert_is_seven(written(image))


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 30, 30), (250, 230, 90)])
def test_ink_on_nothing_is_found_whatever_its_colour(colour: tuple[int, int, int]) -> None:
    image = Image.new("RGBA", (100, 100), (*colour, 0))
    image.putalpha(Image.fromarray(EXPECTED))
    assert_is_seven(written(image))


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0)])
def test_paper_with_transparent_corners_stays_paper(ink: int, paper: int) -> None:
    image = seven(ink=ink, paper=paper).convert("RGBA")
    mask = Image.new("L", image.size)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 99, 99), 20, fill=255)
    image.putalpha(mask)
    assert_is_seven(written(image))


def test_a_hole_in_something_opaque_is_ink() -> None:
    image = Image.new("RGBA", (100, 100), (30, 90, 200, 255))
    image.putalpha(Image.fromarray(255 - EXPECTED))
    assert_is_seven(written(image))


def test_a_transparent_colour_of_a_palette_is_no_ink() -> None:
    image = seven().quantize(2)
    paper = image.getpixel((0, 0))
    assert_is_seven(written(image, "PNG", transparency=paper))
    assert_is_seven(written(image, "GIF", transparency=paper))


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [(1, None), *zip(range(2, 9), (0, 3, 1, 5, 2, 6, 4), strict=True)],
)
def test_a_photograph_is_turned_upright(orientation: int, turn: int | None) -> None:
    """`turn` is how the camera was held, in Pillow's numbers."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = seven() if turn is None else seven().transpose(Image.Transpose(turn))
    assert_is_seven(written(image, "JPEG", exif=exif), 0.9)


LIGHTS = {
    "from the left": lambda x, y: 80 + 150 * x,
    "from a corner": lambda x, y: 90 + 70 * (x + y),
    "in the middle": lambda x, y: 230 - 300 * ((x - 0.5) ** 2 + (y - 0.5) ** 2),
    "at the edges": lambda x, y: 90 + 250 * ((x - 0.5) ** 2 + (y - 0.5) ** 2),
}


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize("dark", [True, False])
def test_uneven_paper_is_no_ink(light: str, dark: bool) -> None:
    y, x = np.mgrid[0:100, 0:100] / 100
    share = EXPECTED / 255
    reflected = 1 - 0.75 * share if dark else 0.25 + 0.75 * share
    noise = np.random.default_rng(0).normal(0, 4, x.shape)
    photograph = (LIGHTS[light](x, y) * reflected + noise).clip(0, 255).astype(np.uint8)

    assert_is_seven(written(Image.fromarray(photograph), "JPEG", quality=80), 0.85)


@pytest.mark.parametrize("noise", [0, 8])
def test_paper_without_ink_is_blank(noise: int) -> None:
    values = np.random.default_rng(0).normal(150, noise, (100, 120))
    assert not read_picture(written(Image.fromarray(values.astype(np.uint8)))).any()


def test_of_an_animation_the_first_picture_is_read() -> None:
    frames = [Image.new("L", (100, 100), level) for level in (10, 99, 180)]
    for kind in ("GIF", "WEBP", "PNG", "TIFF"):
        assert_is_seven(written(seven(), kind, save_all=True, append_images=frames), 0.9)


@pytest.mark.parametrize("size", [(1, 1), (60_000, 1), (1, 60_000), (2, 3)])
def test_a_picture_of_any_shape_is_read(size: tuple[int, int]) -> None:
    assert read_picture(written(Image.new("L", size, 7))).shape == size[::-1]


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_large_photograph_is_made_smaller(kind: str) -> None:
    ink = read_picture(written(seven(2500), kind))
    assert ink.shape == (1414, 1414)


def refusal_of(source: Path | bytes) -> str:
    with pytest.raises(DataError) as caught:
        read_picture(source)
    message = str(caught.value)
    assert message.isprintable()  # one line
    return message


def with_size(width: int, height: int, kind: str = "PNG") -> bytes:
    """A small file whose header declares that many pixels."""
    if kind == "PPM":
        return b"P5\n%d %d\n255\nabc" % (width, height)
    content = written(Image.new("L", (1, 1)), kind)
    if kind == "PNG":
        header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + content[24:29]
        return content[:12] + header + zlib.crc32(header).to_bytes(4, "big") + content[33:]
    return content[:18] + width.to_bytes(4, "little") + height.to_bytes(4, "little") + content[26:]


@pytest.mark.parametrize("kind", ["PNG", "PPM", "BMP"])
@pytest.mark.parametrize("size", [(100_000, 10_000), (2**31 - 1, 2**31 - 1), (5000, 4000)])
def test_too_many_pixels_are_refused_before_they_are_decoded(
    kind: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("decoded"))
    assert "at most 12.6 megapixels" in refusal_of(with_size(*size, kind))


def test_formats_that_take_more_memory_or_time_have_lower_limits() -> None:
    assert "1.0 megapixels in plain PGM" in refusal_of(b"P2\n2000 1000\n255\n0 0 0")
    webp = written(Image.new("L", (3000, 2000)), "WEBP")
    assert "4.2 megapixels in WebP" in refusal_of(webp)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "PPM", "TIFF", "WEBP"])
def test_a_truncated_picture_is_refused(kind: str) -> None:
    content = written(seven(), kind)
    for share in (0.05, 0.5, 0.9):
        refusal_of(content[: int(share * len(content))])


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    text, link, pipe = tmp_path / "a.png", tmp_path / "b.png", tmp_path / "c.png"
    text.write_text("no picture")
    link.symlink_to("nowhere")
    os.mkfifo(pipe)

    assert f"{text}: it is no picture" in refusal_of(text)
    assert "No such file" in refusal_of(link)
    assert "not a regular file" in refusal_of(pipe)
    assert "it is a folder" in refusal_of(tmp_path)
    assert "standard input: it is empty" in refusal_of(b"")
    assert "larger than 64 MiB" in refusal_of(bytes(MAX_BYTES + 1))
    assert "a?[31m.png" in refusal_of(tmp_path / "a\x1b[31m.png")
    assert "cannot be read" in refusal_of(Path("a\0b"))


def test_a_wrong_extension_and_a_link_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "seven.txt").write_bytes(written(seven(), "JPEG"))
    (tmp_path / "link.png").symlink_to("seven.txt")
    assert (read_picture(tmp_path / "link.png") > 127).any()


def test_other_formats_are_not_tried() -> None:
    assert "it is no picture" in refusal_of(written(seven(), "EPS"))
    assert "it is no picture" in refusal_of(written(seven(), "TGA"))
