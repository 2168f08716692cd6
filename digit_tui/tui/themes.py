"""The program's own themes: dark, light, and one of high contrast.

The hues are those of Okabe and Ito, "Color Universal Design" (2008), which colour-blind people tell
apart, lighter or darker for the background. One colour means one thing everywhere:

- accent: what is active, and the figure that counts;
- `$training` and `$held-out`: the run's curves, `$fork-training` and `$fork-held-out` its fork's;
- success and error: right and wrong, the true label and another prediction.
"""

from __future__ import annotations

from textual.theme import Theme

VARIABLES = {
    "training": "#e69f00",
    "held-out": "#56b4e9",
    "fork-training": "#f0e442",
    "fork-held-out": "#d98cb8",
}
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
    panel="#212a34",
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
    panel="#eceae4",
    variables={
        "training": "#955200",
        "held-out": "#0067a5",
        "fork-training": "#6b6300",
        "fork-held-out": "#a03c78",
    },
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
    variables={
        "training": "#ffb000",
        "held-out": "#7cc8ff",
        "fork-training": "#fff36b",
        "fork-held-out": "#ff9ed2",
    },
)
THEMES = (DARK, LIGHT, CONTRAST)
"""In the order in which the key shows them."""
