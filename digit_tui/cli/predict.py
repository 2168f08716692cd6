"""`digit-tui predict`: reads the digits in picture files with the network of a saved run."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from digit_tui.cli.committee_members import open_members
from digit_tui.cli.loading import load_and_tell
from digit_tui.cli.mistakes import CRLF, write_lines
from digit_tui.cli.saved_runs import read_run
from digit_tui.cli.selective import selective_classifier
from digit_tui.data import DataError, Dataset, draw_digit, printable
from digit_tui.data.picture_files import MAX_BYTES, STDIN, read_picture
from digit_tui.insight.answers import NOT_A_DIGIT
from digit_tui.insight.committee import look_together
from digit_tui.insight.reading import look_at
from digit_tui.insight.readings import Look, PartReading, picture_words, read_parts
from digit_tui.insight.selective import SelectiveClassifier
from digit_tui.nn import Network
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import reports_failures
from digit_tui.session.output import Output, print_error
from digit_tui.storage.calibration_file import Calibration, calibration_of
from digit_tui.storage.saved_run import SavedRun

CSV_COLUMNS = (
    *("file", "digit", "predicted", "confidence", "answer"),
    *("left", "top", "width", "height", "row"),
)

COLUMNS, ROWS = 28, 14
"""Characters of a drawing; a terminal cell is about twice as tall as wide."""
ABREAST = 2
"""Drawings beside each other: they fit 80 columns."""


@reports_failures
def predict_files(
    names: Sequence[str],
    files: Sequence[str],
    single: bool,
    best: bool,
    draw: bool,
    form: str,
    always: bool = False,
) -> int:
    """Print what a network, or a committee, reads in pictures; returns the exit status.

    A file that cannot be read gets a line on standard error, and the others are read all the same.

    Args:
        names: of the run, or of the members of the committee; see `find_run`.
        files: the pictures; "-" is standard input.
        single: whether each picture is of one digit.
        best: use the checkpoint with the best accuracy instead of the last.
        draw: also draw each digit as the network saw it.
        form: "text", "json" or "csv", on standard output.
        always: always name a class; else a digit may be two, or none.
    """
    look, side = _reader(names, best, always)
    output = Output()
    if form == "csv":
        write_lines(output, [",".join(CSV_COLUMNS)], end=CRLF)
    status = ExitStatus.DONE
    for file in files:
        if output.status is not None:
            break
        try:
            ink, readings = _read(look, side, file, single)
        except DataError as error:
            print_error(str(error))
            status = ExitStatus.DATA
            continue
        shown = printable(STDIN if file == "-" else file)
        if form == "json":
            output.line(json.dumps(record(file, ink.shape[::-1], readings), allow_nan=False))
        elif form == "csv":
            write_lines(output, csv_rows(shown, readings), end=CRLF)
        else:
            output.line(f"{shown}: {picture_words(ink, readings)}")
            if draw:
                write_lines(output, drawings(readings))
    return output.status or status


def _reader(names: Sequence[str], best: bool, always: bool) -> tuple[Look, int]:
    """What looks at images, and their side in pixels."""
    load = cache(load_and_tell)  # most runs have the same dataset
    if len(names) == 1:
        saved = read_run(names[0])
        checkpoint = saved.checkpoint(best)
        for complaint in saved.complaints:
            print_error(complaint)
        calibration, complaint = calibration_of(saved.path, checkpoint.state.weights_sha256)
        if complaint:
            print_error(complaint)
        network = checkpoint.network
        classifier = None if always else _classifier(saved, network, calibration, load)
        temperature = 1.0 if calibration is None else calibration.temperature
        look = partial(look_at, network, classifier=classifier, temperature=temperature)
        return look, saved.config.side
    members = open_members(names, best)
    classifiers: list[SelectiveClassifier] | None = None
    if not always:
        found = [_classifier(each.saved, each.network, each.calibration, load) for each in members]
        classifiers = [each for each in found if each is not None]
        if len(classifiers) < len(members):
            classifiers = None
    networks = [(each.network, each.temperature) for each in members]
    look = partial(look_together, networks, classifiers=classifiers)
    return look, members[0].saved.config.side


def _classifier(
    saved: SavedRun,
    network: Network,
    calibration: Calibration | None,
    load: Callable[[str, int], Dataset],
) -> SelectiveClassifier | None:
    """What may refuse to answer; None, and a line says why, without the run's own dataset."""
    try:
        own = load(saved.data, saved.config.side)
        return selective_classifier(saved, network, calibration, own)
    except DataError as error:
        print_error(f"{error}: without the digits of its training a run always names a digit")
        return None


def _read(
    look: Look, side: int, file: str, single: bool
) -> tuple[NDArray[np.uint8], list[PartReading]]:
    """The ink (h, w) of a picture as it was read, and its digits.

    Raises:
        DataError: if it cannot be read.
    """
    ink = read_picture(_standard_input() if file == "-" else Path(file))
    with threadpool_limits(limits=1, user_api="blas"):  # few images: others would spin
        try:
            readings = read_parts(look, side, ink, single)
        except DataError as error:
            raise DataError(f"{STDIN if file == '-' else file}: {error}") from error
    return ink, readings


def _standard_input() -> bytes:
    """What stands there, but no more than one byte more than a picture may have.

    Raises:
        DataError: if it cannot be read.
    """
    if sys.stdin is None:  # closed by the parent
        raise DataError(f"{STDIN}: it is closed; give a file")
    try:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    except OSError as error:
        raise DataError(f"{STDIN}: it cannot be read ({error.strerror}); give a file") from error


def record(file: str, size: Sequence[int], readings: Iterable[PartReading]) -> dict[str, Any]:
    """A picture as JSON values; None for a number that is not finite."""
    return {
        "file": file,
        "size": list(size),
        "digits": [
            {
                "predicted": each.predicted,
                "answer": None if each.answer is None else list(each.answer.classes),
                "confidence": _number(each.confidence),
                "box": list(each.part.box),
                "row": each.part.row,
                "probabilities": [_number(float(chance)) for chance in each.probabilities],
            }
            for each in readings
        ],
    }


def _number(value: float) -> float | None:
    return value if isfinite(value) else None


def _answer(reading: PartReading) -> str:
    """For example "2", "2 or 7", "not a digit", or nothing if it had to be named."""
    if reading.answer is None:
        return ""
    return " or ".join(map(str, reading.answer.classes)) or NOT_A_DIGIT


def csv_rows(file: str, readings: Sequence[PartReading]) -> Iterator[str]:
    """A picture as lines of CSV, one for each digit; without any, one with empty cells."""
    rows: list[tuple[Any, ...]] = [
        (
            *(file, number, each.predicted, each.confidence, _answer(each)),
            *(*each.part.box, each.part.row),
        )
        for number, each in enumerate(readings)
    ]
    for row in rows or [(file, *[""] * (len(CSV_COLUMNS) - 1))]:
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(row)  # a name may need quotes
        yield line.getvalue()


def drawings(readings: Sequence[PartReading]) -> Iterator[str]:
    """The digits as the network saw them, as lines of characters."""
    for start in range(0, len(readings), ABREAST):
        drawn = [draw_digit(each.image, COLUMNS, ROWS) for each in readings[start:][:ABREAST]]
        for row in zip(*drawn, strict=True):
            yield "  ".join(row).rstrip()
