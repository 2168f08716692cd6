"""Whether the network of a run that trains is as sure as it is right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from digit_tui.data import Dataset, counted, printable
from digit_tui.insight.calibration import Measures, fit_temperature, measure
from digit_tui.insight.calibration_report import (
    BETTER,
    NAME_COLUMNS,
    NUMBER_COLUMNS,
    bin_lines,
    comparison_lines,
    worsening,
)
from digit_tui.nn import evaluate
from digit_tui.run.events import Evaluated, Inspected
from digit_tui.storage.calibration_file import Calibration, calibration_of
from digit_tui.storage.run_files import CALIBRATION


@dataclass(frozen=True, eq=False)
class CalibrationCheck:
    """The digits that the run monitors, before and after temperature scaling."""

    digits: str
    """Which and how many they are."""
    source: str
    """Where the temperature is from, or where one is to be had."""
    before: Measures | None
    """None if the network has diverged."""
    after: Measures | None
    """None if there is no temperature."""

    @property
    def lines(self) -> list[str]:
        """All of it in words."""
        if self.before is None:
            return ["the network has diverged: it is not sure of anything"]
        after = self.after or self.before
        table = comparison_lines(self.before, after)
        if self.after is None:
            table = [line[: NAME_COLUMNS + NUMBER_COLUMNS] for line in table[1:]]
        worse = worsening(self.before, after)
        notes = [self.source, worse] if worse else [self.source]
        bins = after.reliability
        of_bins = [] if self.after is None else ["With the temperature:"]
        lines = [f"Measured on {self.digits}", *notes, *table, BETTER, "", *of_bins]
        return lines + bin_lines(bins)


def check_calibration(
    dataset: Dataset, evaluated: Evaluated, inspected: Inspected | None, folder: str | None
) -> CalibrationCheck:
    """Measure the calibration of the evaluated network.

    The temperature is fitted on the validation digits, if the run holds some out, and else is that
    which `digit-tui calibrate` saved for these weights. The test digits are measured only.

    Args:
        dataset: of the run.
        evaluated: the network and its evaluation.
        inspected: the state of the run, which tells whether a saved temperature is of its weights.
        folder: of the run, if it is saved.
    """
    evaluation, split = evaluated.evaluation, evaluated.split
    before, temperature = measure(evaluation), None
    if dataset.validation_labels is not None:
        held_out = evaluation
        if split != "validation":
            held_out = evaluate(evaluated.network, *dataset.split("validation"))
        temperature = fit_temperature(held_out)
        same = ", which are these" if split == "validation" else ""
        count = counted(held_out.total, "validation digit")
        source = f"The temperature is fitted on {count}{same}."
    else:
        source = "No temperature: digit-tui calibrate RUN fits one, on digits that it holds out."
        saved, complaint = saved_calibration(evaluated, inspected, folder)
        if saved is not None:
            temperature = saved.temperature
            count = counted(saved.held_out, "digit")
            source = f"The temperature is the saved one, fitted on {count} by calibrate."
        elif complaint:
            complaint = complaint.replace(str(Path(folder or "", CALIBRATION)), CALIBRATION)
            source = f"No temperature: {printable(complaint)}."
    after = None if temperature is None else measure(evaluation, temperature)
    return CalibrationCheck(counted(evaluation.total, f"{split} digit"), source, before, after)


def saved_calibration(
    evaluated: Evaluated, inspected: Inspected | None, folder: str | None
) -> tuple[Calibration | None, str]:
    """What `digit-tui calibrate` saved for the evaluated network, or None and why there is none.

    Args:
        evaluated: the network.
        inspected: the state of the run, which tells whether a saved calibration is of its weights.
        folder: of the run, if it is saved.
    """
    if folder is None or inspected is None or inspected.step != evaluated.step:
        return None, ""
    return calibration_of(Path(folder), inspected.state.weights_sha256)
