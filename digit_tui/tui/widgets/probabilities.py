"""What the network thinks a digit is."""

from __future__ import annotations

import numpy as np
from rich.style import Style
from rich.text import Text
from textual.widgets import Static

from digit_tui.nn import Evaluation
from digit_tui.tui.widgets.progress_line import PARTS


class Probabilities(Static):
    """A bar for each class, or for the most probable ones where there are many."""

    COMPONENT_CLASSES = {"probabilities--true", "probabilities--predicted"}

    def clear(self) -> None:
        self.update("")

    def show(self, evaluation: Evaluation, index: int) -> None:
        width, height = self.size
        probabilities = evaluation.probabilities[index]
        true, predicted = int(evaluation.labels[index]), int(evaluation.predictions[index])
        shown = np.sort(np.argsort(-probabilities, kind="stable")[: max(height - 2, 1)])
        room = min(max(width - 16, 4), 40)
        verdict = "right" if true == predicted else "wrong"
        text = Text(f"true {true} → {predicted}  {verdict}\n\n", no_wrap=True)
        for each in shown:
            value = float(probabilities[each])
            whole, part = divmod(round(np.nan_to_num(value) * room * 8), 8)
            bar = "█" * int(whole) + (PARTS[int(part)] if part else "")
            style: str | Style = ""
            word = ""
            if each == predicted:
                style, word = self._style("predicted"), "pred"
            if each == true:
                style, word = self._style("true"), "true"
            text.append(f"{each:>2} {bar:<{room}} {value:>6.1%} {word}\n", style)
        self.update(text)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"probabilities--{name}", partial=True)
