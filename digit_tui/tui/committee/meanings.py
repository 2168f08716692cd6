"""What the symbols and words on a committee's screen mean, each in a short line, for the help."""

from __future__ import annotations

from digit_tui.tui.screens.meanings import Meaning

MEMBERS = (
    Meaning("A, B, ...", "the members, in the order in which they were named"),
    Meaning("accuracy", "of each member, on the test digits"),
    Meaning("95% interval", "where it may lie: as exact as so few digits allow"),
    Meaning("wrong", "how many digits the member gets wrong"),
    Meaning("alone", "of those, how many no other member gets wrong"),
    Meaning("temperature", "that its logits are divided by, if one was fitted"),
    Meaning("▸", "the chosen member: {open_member}, or a click, shows its run"),
    Meaning("Against A", "the committee less its best member"),
    Meaning("fixed 27, broke 19", "right together only, right for A only"),
    Meaning("p = 0.30", "how often chance alone does that: 0.05 is rare"),
    Meaning("Agreement", "members that never differ gain nothing"),
    Meaning("A  B  2.10%", "two members name different classes for so many"),
    Meaning("Vote", "the accuracy if each member had one vote"),
    Meaning("Mistakes", "what the committee gets wrong"),
)
MISTAKES = (
    Meaning("16 mistakes by loss", "what is listed, and in which order; {order}: the next"),
    Meaning("3 of 16, true=4", "a filter is on; {filter} changes it"),
    Meaning("allwrong", "a filter: not one member is right"),
    Meaning("12  4 → 9", "digit number 12 is a 4, together they read a 9"),
    Meaning("✗  ✓", "read wrong, read right"),
    Meaning("✗?", "most annotators asked did not confirm the label"),
    Meaning("1/3", "one of three members is right"),
    Meaning("7 ██  83.5%", "the mean of the members' probabilities"),
    Meaning("pred AC, true B", "the members that name this class"),
    Meaning("rank 4", "the true digit is only their fourth guess"),
    Meaning("margin -0.87", "probability of the true digit less the best other"),
)
CONFUSION = (
    Meaning("row", "the digits that are one number, by what it is read as"),
    Meaning("column", "what digits are read as"),
    Meaning("Change against A", "digits more (+) or fewer (-) than its best member"),
    Meaning("recall", "of all digits that are a 4, how many are read as one"),
    Meaning("precision", "of all that are read as a 4, how many are one"),
)
EVERYWHERE = (
    Meaning("99.46% in large", "the part of the test digits they read right"),
    Meaning("committee", "the class with the highest mean probability wins"),
)
MEANINGS = {"Members": MEMBERS, "Mistakes": MISTAKES, "Confusion": CONFUSION}
"""Of the views, by the names on their tabs."""
