"""teacher.npz: the networks of the teacher that a run is distilled from."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from digit_tui.config import MAX_LAYERS, MAX_SIDE, MAX_WIDTH, ConfigError
from digit_tui.data import DataError
from digit_tui.nn import Network
from digit_tui.nn.network import parameter_count
from digit_tui.run.teacher import HOTTEST, MOST, Teacher, TeacherMember
from digit_tui.storage.begun_files import packed, read_begun, unpacked, write_begun
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_files import RECORD as RUN
from digit_tui.storage.run_files import TEACHER
from digit_tui.storage.validation import Invalid, fields, many, number, optional, text, whole

ROOM = 1 << 14
"""Bytes of the file besides the numbers, at most."""

RECORD = fields(
    {
        "sha256": text(64),
        "temperature": number(0, HOTTEST),
        "weight": number(0, 1),
        "members": many(
            fields(
                {
                    "source": text(),
                    "sizes": many(whole(1, max(MAX_WIDTH, MAX_SIDE**2)), MAX_LAYERS + 2),
                    "temperature": optional(number(above=0)),
                }
            ),
            MOST,
        ),
    }
)
"""What run.json says of it."""


def _name(number: int) -> str:
    return f"parameters_{number}"


def write_teacher(folder: Path, teacher: Teacher) -> dict[str, Any]:
    """Write its networks into the folder of a run that begins; returns what run.json says of it.

    Raises:
        RunError: if somebody else has a file in their place.
        OSError: if the disk refuses; then there is no part of them.
    """
    members = enumerate(teacher.members, 1)
    content = packed({_name(at): each.network.parameters for at, each in members})
    write_begun(folder / TEACHER, content)
    return {
        "sha256": hashlib.sha256(content).hexdigest(),
        "temperature": teacher.temperature,
        "weight": teacher.weight,
        "members": [
            {
                "source": each.source,
                "sizes": list(each.network.sizes),
                "temperature": each.temperature,
            }
            for each in teacher.members
        ],
    }


def read_teacher(folder: Path, record: dict[str, Any]) -> Teacher | None:
    """The teacher of a run; None if it learns from the labels alone.

    Args:
        folder: of the run.
        record: the content of its run.json.

    Raises:
        RunError: if the file is missing, or is not the one that the run began with; or if the
            record is damaged.
    """
    about = record.get("teacher")
    if about is None:
        return None
    path = folder / TEACHER
    pixels, classes = record["data"]["side"] ** 2, record["data"]["classes"]
    for each in about["members"]:
        sizes = each["sizes"]
        if len(sizes) < 2 or sizes[0] != pixels or sizes[-1] != classes:
            raise RunError(f"{folder / RUN} is damaged: its teacher does not fit its images")
    counts = [parameter_count(each["sizes"]) for each in about["members"]]
    lacking = "the run cannot be resumed or repeated without its teacher"
    content = read_begun(path, 4 * sum(counts) + ROOM, about["sha256"], lacking)
    members = []
    try:
        archive = unpacked(content)
        for at, (each, count) in enumerate(zip(about["members"], counts, strict=True), 1):
            parameters = archive.array(_name(at), np.float32, (count,), count)
            network = Network(each["sizes"], parameters)
            members.append(TeacherMember(each["source"], network, each["temperature"]))
        return Teacher(tuple(members), about["temperature"], about["weight"])
    except (Invalid, ConfigError, DataError) as error:
        raise RunError(f"{path} is damaged: {error}") from None
