"""The answer to `predict`: what the network takes the digits of a picture for, in lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from digit_tui.data import DataError
from digit_tui.data.picture_files import read_picture
from digit_tui.insight.readings import read_digits, reading_words
from digit_tui.nn import Network
from digit_tui.plain.requests import InputError, PredictFile
from digit_tui.run.events import Inspected


def answer(request: PredictFile, inspected: Mapping[str, Inspected]) -> list[str]:
    """The answer for a run and, if one trains beside it, for its fork.

    Args:
        request: which picture.
        inspected: copies of their states, by "run" and "fork".

    Raises:
        InputError: if the picture cannot be read.
    """
    try:
        ink = read_picture(Path(request.file))
        lines = []
        for name, each in inspected.items():
            weights = each.state.average  # as it is evaluated
            network = each.network if weights is None else Network(each.network.sizes, weights)
            when = f"{name} at epoch {each.epoch:.2f}, step {each.step:,}"
            lines.append(f"{when}: {reading_words(read_digits(network, ink))}")
    except DataError as error:
        raise InputError(f"predict: {error}") from error
    return lines
