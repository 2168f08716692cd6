from __future__ import annotations

import numpy as np

from digit_tui.insight.histograms import LayerHistograms, histogram
from digit_tui.insight.layer_report import check_lines, histogram_lines, layer_lines, notes
from digit_tui.insight.layers import LayerFacts
from digit_tui.nn import LayerCheck

NAN = float("nan")
HIDDEN = LayerFacts((784, 256), 200_960, -0.00079, 0.052, 0.64, 1.24e-3, 0.043, 0.004, 0.43)
OUTPUT = LayerFacts((256, 10), 2_570, -0.0066, 0.13, 0.75, 2.8e-3, 0.0, 0.0, -0.63)
RIGHT = LayerCheck(50, 22, 1, 1.6e-9, 498, 100, 1e-3, 1e-3)
WRONG = LayerCheck(50, 0, 0, 5e-3, None, 7, 1e-3, 0.99e-3)
NOTHING = LayerCheck(0, 0, 200, NAN, None, None, NAN, NAN)


def test_the_table_of_layers() -> None:
    assert layer_lines([HIDDEN, OUTPUT]) == [
        "                para-   weight weight gradient update  dead satu-   mean",
        "layer   shape  meters     mean spread     norm  ratio units rated output",
        "    1 784-256 200,960 -0.00079  0.052     0.64 1.2e-3  4.3%  0.4%   0.43",
        "    2  256-10   2,570  -0.0066   0.13     0.75 2.8e-3     -     -  -0.63",
    ]
    (note,) = notes([HIDDEN, OUTPUT])
    assert note.startswith("An update ratio near 0.001 is healthy.")
    without = [HIDDEN._replace(removed=1_000), OUTPUT]
    removed = "Removed, and left out here: 1,000 of 203,530 weights and biases."
    assert notes(without) == [note, removed]
    still = [each._replace(update_ratio=0.0) for each in (HIDDEN, OUTPUT)]
    assert layer_lines(still)[2].split()[6] == "0"
    assert notes(still) == ["The learning rate is 0: the next step would change nothing."]


def test_the_longest_numbers_fit_on_80_columns() -> None:
    wide = LayerFacts((1024, 1024), 1_049_600, -1.2e-05, 1.2e-05, 1.2e-05, 1.2e-05, 1, 1, -1.2e-05)
    diverged = LayerFacts((1024, 10), 10_250, NAN, NAN, float("inf"), NAN, NAN, NAN, NAN)
    for line in layer_lines([wide, diverged, diverged]):
        assert len(line) <= 80
    assert layer_lines([diverged, diverged])[2].split()[3:] == [
        *("nan", "nan", "inf", "nan", "nan%", "nan%", "nan")
    ]


def test_the_bars_of_a_histogram() -> None:
    found = histogram(np.array([0] * 999 + [1] * 99 + [3]), bins=3)
    lines = histogram_lines(2, LayerHistograms(found, found, histogram(np.array([np.nan]), 1)))
    assert lines[0] == "Layer 2, weights (bars: logarithmic)"
    assert lines[1:4] == [
        "0 to 1 999  " + 40 * "#",  # the logarithm of 1,000
        "1 to 2  99  " + 27 * "#",
        "2 to 3   1  " + 4 * "#",
    ]
    assert lines[4] == "Layer 2, gradients of the weights (bars: logarithmic)"
    assert lines[8].endswith("(bars: logarithmic); 1 are not finite")
    assert lines[9] == "0 to 1 0"


def test_the_result_of_a_gradient_check() -> None:
    assert check_lines([RIGHT, RIGHT]) == [
        "Gradient check: it is right (relative errors of a right one: below 1e-6)",
        "layer checked zero kinks largest error                at",
        "    1      50   22     1        1.6e-9 weight 498 to 100",
        "    2      50   22     1        1.6e-9 weight 498 to 100",
    ]
    wrong = check_lines([RIGHT, WRONG, NOTHING])
    assert wrong[0].startswith("Gradient check: it is wrong (")
    assert wrong[3].split() == ["2", "50", "0", "0", "5.0e-3", "bias", "of", "7"]
    assert wrong[4].split() == ["3", "0", "0", "200", "-", "-"]
    for unknown in (NOTHING, RIGHT._replace(largest_error=NAN), RIGHT._replace(zero=50)):
        (head, *_) = check_lines([RIGHT, unknown])
        assert head.startswith("Gradient check: that cannot be told (")
        assert len(head) <= 80
