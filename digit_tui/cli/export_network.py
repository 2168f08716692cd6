"""`digit-tui export`: writes the network of a saved run for other programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from shlex import quote
from typing import Any

from digit_tui.cli.committee_members import open_members
from digit_tui.cli.page_output import not_written
from digit_tui.cli.saved_runs import LETTERS, read_run
from digit_tui.data import printable
from digit_tui.export import (
    export_committee,
    export_npz,
    export_onnx,
    export_python,
    export_safetensors,
)
from digit_tui.export.optional_package import MissingPackage
from digit_tui.export.trained_network import TrainedNetwork
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import reports_failures
from digit_tui.session.output import Output, print_error
from digit_tui.storage.run_index import run_name
from digit_tui.storage.saved_run import SavedRun

FORMATS: dict[str, Callable[[TrainedNetwork, Path, bool], list[Path]]] = {
    ".onnx": export_onnx,
    ".safetensors": export_safetensors,
    ".npz": export_npz,
    ".py": export_python,
}
"""By the ends of names."""

TEMPERED = {
    ".onnx": "the output probabilities is after it",
    ".safetensors": "divide the logits by it: it is in the metadata",
    ".npz": "divide the logits by it",
    ".py": "probabilities() divides by it",
}
"""What a format does with the temperature."""


@reports_failures
def export_network(
    names: Sequence[str], path: Path, best: bool, average: bool | None, force: bool, as_json: bool
) -> int:
    """Write the network of a saved run, or a committee, to a file; returns the exit status.

    Args:
        names: of the run, or of the members of the committee; see `find_run`.
        path: where; its end says in which of FORMATS.
        best: the checkpoint with the best accuracy instead of the last.
        average: see `TrainedNetwork.of`.
        force: replace any file, unless it is a run's.
        as_json: print one JSON object instead of lines.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        *ends, last = FORMATS
        print_error(f"{path}: the name must end in {', '.join(ends)} or {last}")
        return ExitStatus.USAGE
    if len(names) > 1 and suffix != ".onnx":
        print_error(f"{path}: a committee is written as .onnx alone")
        return ExitStatus.USAGE
    networks = _open(names, best, average)
    try:
        if len(networks) > 1:
            written = export_committee([trained for _, trained in networks], path, force)
        else:
            written = FORMATS[suffix](networks[0][1], path, force)
    except MissingPackage as error:
        print_error(str(error))
        return ExitStatus.FAILURE
    except OSError as error:
        return not_written(Path(error.filename or path), error)
    output = Output()
    if as_json:
        files = {"files": [str(each) for each in written]}
        values = [_json_values(saved, trained) for saved, trained in networks]
        one = files | (values[0] if len(values) == 1 else {"members": values})
        output.line(json.dumps(one, allow_nan=False))
        return output.status or ExitStatus.DONE
    lines = [f"Wrote          {' and '.join(map(str, written))}"]
    if len(networks) > 1:
        runs = " ".join(quote(run_name(saved.path)) for saved, _ in networks)
        lines += [
            f"Committee      of {len(networks)}; the output is the mean of the softmaxes",
            f"               digit-tui committee {runs} measures it",
        ]
    for letter, (saved, trained) in zip(LETTERS, networks, strict=False):
        if len(networks) > 1:
            lines.append(f"{letter:<15}{saved.path}")
        lines += _lines(trained, TEMPERED[suffix])
    for line in lines:
        output.line(printable(line))
    return output.status or ExitStatus.DONE


def _open(
    names: Sequence[str], best: bool, average: bool | None
) -> list[tuple[SavedRun, TrainedNetwork]]:
    if len(names) > 1:
        opened = [(each.saved, each.checkpoint) for each in open_members(names, best)]
    else:
        saved = read_run(names[0])
        opened = [(saved, saved.checkpoint(best))]
        for complaint in saved.complaints:
            print_error(complaint)
    networks = []
    for saved, checkpoint in opened:
        trained, complaint = TrainedNetwork.of(saved, checkpoint, average)
        if complaint and len(names) == 1:  # those of a committee are told by then
            print_error(complaint)
        networks.append((saved, trained))
    return networks


def _json_values(saved: SavedRun, trained: TrainedNetwork) -> dict[str, Any]:
    return {
        "run": str(saved.path),
        "step": trained.step,
        "network": trained.network.sizes,
        "averaged": trained.averaged,
        "accuracy": trained.accuracy,
        "accuracy_of": None if trained.accuracy is None else trained.accuracy_of,
        "temperature": trained.temperature,
        "weights_sha256": trained.weights_sha256,
        "run_weights_sha256": trained.run_weights_sha256,
    }


def _lines(trained: TrainedNetwork, tempered: str) -> list[str]:
    weights = "averaged weights" if trained.averaged else "weights"
    lines = [f"Network        {trained.layers}, {weights} of step {trained.step:,}"]
    if trained.accuracy is not None:
        title = "Test accuracy" if trained.accuracy_of == "test" else "Validation"
        lines.append(f"{title:<15}{trained.accuracy:.2%}")
    elif not trained.measured:
        lines.append("Accuracy       not measured: evaluations are of the averaged weights")
    if trained.temperature is not None:
        lines.append(f"Temperature    {trained.temperature:.4g}; {tempered}")
    return lines
