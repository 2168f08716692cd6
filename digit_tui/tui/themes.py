"""The program's own themes: dark, light, and one of high contrast on black and on white.

The hues are those of Okabe and Ito, "Color Universal Design" (2008), which colour-blind people tell
apart, lighter or darker for the background. One colour means one thing everywhere:

- accent: what is active, and the figure that counts;
- `$training` and `$held-out`: the run's curves, `$fork-training` and `$fork-held-out` its fork's;
- `$evidence-for` and `$evidence-against`: pixels that speak for a class and against it;
- success and error: right and wrong, the true label and another prediction.

Backgrounds are greys, or nearly: where a terminal has 256 colours a tint becomes a strong one.
"""

from __future__ import annotations

from textual.theme import Theme


def class_colors(colors: str) -> dict[str, str]:
    """Theme variables for the classes of digits on a map.

    Ten need more hues than there are. Simulated annealing has found colours of which any two are
    far apart to people with each kind of colour blindness: tests/tui/test_themes.py computes it.
    """
    return {f"class-{number}": color for number, color in enumerate(colors.split())}


def _variables(
    training: str, held_out: str, fork_training: str, fork_held_out: str
) -> dict[str, str]:
    """The colours of curves, an orange and a blue, a yellow and a purple; evidence has the first.

    tests/tui/test_themes.py computes how far apart they are, also to colour-blind people. All
    differ in brightness too.
    """
    return {
        "training": training,
        "held-out": held_out,
        "fork-training": fork_training,
        "fork-held-out": fork_held_out,
        "evidence-for": training,
        "evidence-against": held_out,
    }


VARIABLES = _variables("#f0a000", "#4a9df0", "#f8f0a8", "#e8b8e0") | class_colors(
    "#b1ff06 #ffae99 #73fff2 #a831ff #e06a0c #b85a83 #867747 #76b3d9 #f6eb81 #8d7ee7"
)
"""Of the dark theme, and of all themes that are not the program's own."""

NO_SHADES = ("ansi-dark", "ansi-light")
"""Textual's themes in which no digit can be drawn: the terminal chooses their black and white."""

DARK = Theme(
    "digit-dark",
    primary="#56b4e9",
    secondary="#3f87b0",
    accent="#ffb454",
    warning="#e69f00",
    error="#ff7f6e",
    success="#35c79a",
    foreground="#e6e6e6",
    background="#11151a",
    surface="#161b22",
    panel="#262b31",
    variables=VARIABLES,
)
LIGHT = Theme(
    "digit-light",
    dark=False,
    primary="#0067a5",
    secondary="#4a7fa5",
    accent="#7427e0",
    warning="#9a5b00",
    error="#b3261e",
    success="#00704a",
    foreground="#1c1c1c",
    background="#ffffff",
    surface="#fbfaf7",
    panel="#eaeaea",
    variables=_variables("#8a4800", "#0064d0", "#341e00", "#730d73")
    | class_colors(
        "#45020d #340c44 #010578 #1821f8 #890600 #6d9007 #ce13e1 #16554f #019660 #8b669e"
    ),
)
CONTRAST = Theme(
    "digit-contrast",
    primary="#7cc8ff",
    secondary="#b0dcff",
    accent="#ffd54a",
    warning="#ffb000",
    error="#ff8a80",
    success="#5affc2",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    variables=_variables("#ffa500", "#62adff", "#fffcb4", "#ffd0f6")
    | class_colors(
        "#f550ad #18b948 #ff3101 #fac6ab #bdbcfc #f4fd97 #728d66 #b5fbfe #bc70f0 #14ff11"
    ),
)
CONTRAST_LIGHT = Theme(
    "digit-contrast-light",
    dark=False,
    primary="#003f8f",
    secondary="#2b4f73",
    accent="#5a00c8",
    warning="#6b3a00",
    error="#8f0d0d",
    success="#00482f",
    foreground="#000000",
    background="#ffffff",
    surface="#ffffff",
    panel="#f4f4f4",
    variables=_variables("#6c3600", "#0048b6", "#221200", "#5a0050")
    | class_colors(
        "#8b634f #024148 #1568e1 #d81705 #250403 #14023e #c5178a #6b0292 #800407 #3a00cc"
    ),
)
THEMES = (DARK, LIGHT, CONTRAST, CONTRAST_LIGHT)
"""In the order in which the key shows them."""
