"""What identifies a dataset, in run.json and in checkpoints: the fields of Dataset.summary()."""

from __future__ import annotations

from digit_tui.config import MAX_IMAGES, MAX_SIDE
from digit_tui.storage.validation import fields, text, whole

SCHEMA = 3
"""Version of the format of checkpoints and run.json."""

SUMMARY = fields(
    {
        "name": text(),
        "sha256": text(),
        "training_images": whole(1, MAX_IMAGES),
        "validation_images": whole(0, MAX_IMAGES),
        "test_images": whole(1, MAX_IMAGES),
        "classes": whole(1, 256),
        "side": whole(1, MAX_SIDE),
    }
)
