"""The hardest mistakes of this moment."""

from __future__ import annotations

from rich.segment import Segment

from digit_tui.data import counted
from digit_tui.run.wording import epoch_words
from digit_tui.tui.state.hardest import HardestMistakes
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.digit_tiles import DigitTiles

FIXED = "; ✓ just fixed"


class HardestDigits(DigitTiles):
    """The mistakes with the highest loss, and faintly, while it trains, those just fixed."""

    def __init__(self) -> None:
        super().__init__()
        self._hardest = HardestMistakes()

    @property
    def first(self) -> int | None:
        """Index of the first digit; None if there is none."""
        return self._hardest.places[0].digit if self._hardest.places else None

    def show(self, model: RunModel) -> None:
        """Draw the hardest mistakes of the latest evaluation."""
        evaluated, dataset = model.shown, model.dataset
        if not self.is_new(evaluated, model.going, model.is_outdated):
            return
        if evaluated is None or dataset is None or not self.size:
            self.entitle("")
            self.clear()
            return
        if model.is_outdated:
            self.entitle("")
            self.paint([[Segment("The run went back: the next evaluation finds its mistakes.")]])
            return
        wrong = evaluated.evaluation.total - evaluated.evaluation.correct
        self._hardest.update(evaluated, self.room, model.going)
        tiles = self._hardest.places
        mistakes = counted(wrong, f"{evaluated.split} mistake")
        when = epoch_words(evaluated.epoch)
        title = f"Hardest of {mistakes} at epoch {when}, true → predicted, by loss"
        if any(each.fixed for each in tiles) and len(title) + len(FIXED) < self.size.width:
            title += FIXED
        self.entitle(title if wrong else "")
        if not wrong and not tiles:
            self.paint([[Segment(f"Not one of the {evaluated.split} digits is wrong.")]])
        else:
            images, _ = dataset.split(evaluated.split)
            self.draw_tiles(tiles, images, dataset.side, evaluated.evaluation)
