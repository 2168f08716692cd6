"""Pictures as PNG files."""

from __future__ import annotations

import numpy as np
from support.mistakes import pixels

from digit_tui.export.png import grey_png


def test_a_picture_keeps_every_pixel() -> None:
    image = np.random.default_rng(0).integers(0, 256, (5, 3), np.uint8)
    assert np.array_equal(pixels(grey_png(image)), image)
