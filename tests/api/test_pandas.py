"""What the API gives becomes tables of pandas, which takes a second to import."""

from __future__ import annotations

import pytest
from support.api import NewRun

from digit_tui.data import Dataset

pytestmark = pytest.mark.long


def test_tables(new_run: NewRun, digits: Dataset) -> None:
    import pandas

    run = new_run().train(2)
    history = pandas.DataFrame(run.history)
    assert history.shape == (2, len(run.history))
    assert history["epoch"].tolist() == [1, 2]
    found = run.mistakes()
    table = pandas.DataFrame(found)
    assert table["index"].tolist() == [each.index for each in found]
    assert table.shape == (len(found), 9)
    images = pandas.DataFrame(digits.test_images)
    assert run.predict(images).tolist() == run.predict(digits.test_images).tolist()
