"""What the symbols and words on the screen mean, each in a short line, for the help."""

from __future__ import annotations

from typing import NamedTuple

from digit_tui.tui.terminal.charset import PLUS_MINUS

SIGN_WIDTH, WORDS_WIDTH = 20, 50
"""Columns that a sign and its meaning may take, so that the help needs no more than 80."""


class Meaning(NamedTuple):
    """One sign, and what it means."""

    sign: str
    """As it stands on the screen, or an example of it."""
    words: str


TRAINING = (
    Meaning("97.30% in large", "test accuracy: how many new digits are read right"),
    Meaning("(95%: 95.6 to 98.3)", "its 95% interval: as exact as so few digits allow"),
    Meaning("best ... at epoch", "the highest; of a kept fork since it began"),
    Meaning("▂▃▅█ beside it", "the accuracy at the last eight evaluations"),
    Meaning("adamw · elastic", "the optimizer; how training images are deformed"),
    Meaning("rate 0.001 of 0.002", "learning rate now, and the one that you have set"),
    Meaning("step size", "the rate times what prodigy has found so far"),
    Meaning("falling, rising", "the schedule changes the rate during the run"),
    Meaning("further epochs", "at the end: their first rate, by the schedule"),
    Meaning("clip norm, value", "gradients that are longer, or larger, are cut"),
    Meaning("sam 0.05", "gradients are those at the top of the surroundings"),
    Meaning("Loss", "how wrong the network is; 0 is sure and right"),
    Meaning("Error", "the part of the digits that is read wrong"),
    Meaning("Accuracy", "the part that is read right (linear axes: {log})"),
    Meaning("Gradient norm", "how steep the loss is: how far a step may go"),
    Meaning("Learning rate", "how far a step goes (on large screens)"),
    Meaning("Images per second", "how fast it trains (on large screens)"),
    Meaning("Confusion of test", "rows: true, columns: read as (on large screens)"),
    Meaning("━ training", "measured on the images it learns from, deformed"),
    Meaning("━ test, validation", "measured on digits that it never learns from"),
    Meaning("averaged weights", "test uses them: a late spike hardly shows in it"),
    Meaning("they part", "overfitting, learned by heart; key {augment} may help"),
    Meaning("log", "equal distances are equal factors; {log} switches"),
    Meaning("smoothed, raw", "averaged over several steps, or each one; {smooth}"),
    Meaning("A │  B │", "you changed a setting here; see that letter below"),
    Meaning("▲ 4.1  ▼ at the edge", "the curve goes on outside, up to this value"),
    Meaning("faint curves", "what was undone, or a branch that was ended"),
    Meaning("Loss at 4.20", "values at that epoch: {value_left} {value_right}, or the mouse"),
    Meaning("Log", "what happened, the latest last; {whole_log} shows all of it"),
    Meaning("Hardest of 17", "mistakes, the highest loss first; {digit}, or click"),
    Meaning("4→9 97%", "a 4 that is read as a 9, with 97% confidence"),
    Meaning("7→0 ?", "its probabilities are no numbers: all is lost"),
    Meaning("✓ 4", "a mistake just fixed; gone at the next evaluation"),
    Meaning("... : {undo} goes back", "what ails the run, and what mends it (click: more)"),
    Meaning("layer 1 is dead", "units that are 0 for every digit: they do nothing"),
    Meaning("Fork", "a copy trains beside the run, with other settings"),
    Meaning("run ━ ━  fork ━ ━", "the curves for training and test, of each"),
    Meaning("+0.31 points", "accuracy of the fork less that of the run"),
    Meaning("fixed 27, broke 19", "right in the fork only, right in the run only"),
    Meaning("p = 0.30", "how often chance alone does that: 0.05 is rare"),
)
MISTAKES = (
    Meaning("16 mistakes by loss", "what is listed, and in which order; {order}: the next"),
    Meaning("3 of 16, true=4", "a filter is on; {filter} changes it"),
    Meaning("12  4 → 9", "digit number 12 is a 4 and is read as a 9"),
    Meaning("loss 2.11", "how wrong the network is; 0 is sure and right"),
    Meaning("97.1%, 3×", "in other orders: confidence, times forgotten"),
    Meaning("✗  ✓", "read wrong, read right"),
    Meaning("✗?", "suspect: perhaps the label is wrong"),
    Meaning("label suspect", "the network is sure of another, epoch after epoch"),
    Meaning("unbacked, not backed", "most annotators asked did not confirm the label"),
    Meaning("backed 98.4%", "accuracy without the unbacked labels"),
    Meaning("▸", "the digit that is chosen"),
    Meaning("rank 4", "the true digit is only the network's fourth guess"),
    Meaning("margin -0.87", "probability of the true digit less the best other"),
    Meaning("7 ██  83.5%", "how probable each digit is to the network"),
    Meaning("true, pred", "the label, and what it is read as (predicted)"),
    Meaning("1 ··99·· 11", "read as, at epochs 1 to 11; a dot is right"),
    Meaning("69 ×3 at its end", "too long for its line: every third epoch only"),
    Meaning("never learned", "at no epoch's end was it read right"),
    Meaning("forgotten twice", "two times it was right, and then wrong again"),
    Meaning("what if it were", "how it would be read if moved, turned, thicker"),
    Meaning("◂", "then it would be read as another digit"),
    Meaning("nearest in training", "digits it learned from that look most alike to it"),
    Meaning("2 0.09", "one of them: a 2, and its distance (0: the same)"),
    Meaning("as of epoch 29", "found with the network of that epoch"),
    Meaning("■ speaks for 2", "orange pixels make a 2 more probable ({pixels})"),
    Meaning("□ for 7", "blue ones the next best guess, or the true digit"),
)
TIMELINE = (
    Meaning("▸", "the moment that is selected; enter goes there"),
    Meaning("epoch 4.20  97.10%", "a moment to go back to, and the test accuracy then"),
    Meaning("lowest loss", "on these digits: more training made it no better"),
    Meaning("+ 6 snapshots", "moments without a command; enter shows each"),
    Meaning("then halve the ...", "the command that you gave at that moment"),
    Meaning("(undone)", "the run has gone back to before it since"),
    Meaning("undone: ...", "commands that were taken back there"),
)
FORK = (
    Meaning("run, fork", "what trains now, and a copy that trains beside it"),
    Meaning("optimizer", "the rule of a step; {optimizer} tells each in half a line"),
    Meaning("learning rate", "how far a step goes"),
    Meaning("clipping", "gradients that are longer, or larger, are cut"),
    Meaning("sam", "gradients at the top of the surroundings, or off"),
    Meaning("augmentation", "how training images are deformed before each use"),
    Meaning("pruned 30%", "the smallest 30% of its weights stay at 0"),
    Meaning("units off", "layer 1:unit 17 and 23; the rest does without them"),
)
PRUNE = (
    Meaning("share", "how many of all weights stay at 0, the smallest"),
    Meaning("30%, [none]", "the chosen share; underlined: the one in force"),
    Meaning("put back", "with the values that they had; {undo} does that too"),
)
RATE = (
    Meaning("a range test", "a copy is trained, step by step at a higher rate"),
    Meaning("s  steepest", "the rate at which the loss falls fastest"),
    Meaning("t  minimum/10", "a tenth of the rate at which the loss is least"),
    Meaning("n  now", "the rate of the next step; n leaves it as it is"),
    Meaning("chosen", "now, if the loss is as low there; else s or t"),
    Meaning("smoothed, each batch", "averaged over some steps; as it was at each step"),
    Meaning("the shaded column", "the chosen rate: ← →, s, t, n, or a click"),
    Meaning("base rate", "what is set; the schedule makes a part of it"),
)
OPTIMIZER = (
    Meaning("▸", "the optimizer that is selected; enter switches"),
    Meaning("●", "the optimizer in use"),
    Meaning("1 to 9, 0", "these keys switch at once, here and on most views"),
    Meaning("down the gradient", "where the loss of a batch falls fastest"),
    Meaning("velocity", "a mean of the latest gradients, for a steadier way"),
    Meaning("own step per weight", "shorter where gradients are large"),
    Meaning("decay", "pulls the weights towards 0: they stay small"),
    Meaning("at rate 0.001", "the learning rate that comes with it"),
)
RESTART = (
    Meaning("this run's", "all settings of the run as it began"),
    Meaning("classic", "one small layer, no augmentation: quick"),
    Meaning("sprint", "small images, few epochs: 99% in some seconds"),
    Meaning("standard", "two layers, elastic deformation: the usual one"),
    Meaning("record", "large layers, many epochs: the most accurate"),
    Meaning("data: auto", "MNIST if it was fetched, else the bundled sample"),
    Meaning("hidden layers", "units (neurons) in each, from pixels to classes"),
    Meaning("batch size", "training images that a step learns from"),
    Meaning("seed", "of chance: the same seed gives the same run"),
)
KEEP = (
    Meaning("97.30%", "the accuracy of each, at its last evaluation"),
    Meaning("go on with ...", "it trains on; the other is saved, to be resumed"),
    Meaning("r, f", "these keys choose at once"),
)
RESUME = (
    Meaning("epoch 3 of 25", "where it was saved, and its accuracy there"),
    Meaning("on its way back", "it had been undone: it repeats the rest first"),
    Meaning("its fork", "a copy with other settings, which can be resumed"),
    Meaning("Go on", "to the bit as if it had not stopped"),
    Meaning("New run", "this one is kept: --resume NAME goes on with it"),
)
LEAVE = (
    Meaning("the later one", "the moment from which you went back"),
    Meaning("this one", "where the run is now; it stands still meanwhile"),
    Meaning("98.60%", "the accuracy at the last evaluation until then"),
    Meaning("Stay", "the run goes on, and nothing is saved"),
)
LEAVE_FORK = (
    Meaning("Save both", "the run and its fork, each to be resumed alone"),
    Meaning("Keep one", "choose now which of the two trains on"),
    Meaning("Stay", "both train on, side by side"),
)
CONFUSION = (
    Meaning("Counts", "how many digits there are in each cell"),
    Meaning("rows", "what the digits are: the true ones"),
    Meaning("columns", "what the network read them as"),
    Meaning("12 in a cell", "so many of the row were read as the column"),
    Meaning("▸12", "the chosen cell: the line below the table tells it"),
    Meaning("4 → 9: all 12", "digits of the chosen cell (on large screens)"),
    Meaning(".", "none"),
    Meaning("shading", "green is good, red is bad: the stronger, the more"),
    Meaning("▴ ▾ ◂ ▸ at the edge", "there are more rows or columns"),
    Meaning("recall", "of a row's digits, the part that is read right"),
    Meaning("precision", "of all read as this digit, the part that is one"),
    Meaning("F1", "recall and precision in one (harmonic mean)"),
    Meaning("% of the true digit", "each row adds up to 100 (%)"),
    Meaning("Change, +3 -2", "more or fewer than at the epoch it names ({baseline})"),
    Meaning("Percentage points", "such a change, in per cent of the true digit"),
    Meaning("mark", "a moment that you set with {mark}, to compare with"),
    Meaning("95% interval", "as exact as so few digits allow"),
    Meaning("fixed 27, broke 19", "were wrong and are right; were right and are wrong"),
    Meaning("p = 0.30", "how often chance alone does that: 0.05 is rare"),
)
LAYERS = (
    Meaning("latest (weights)", "of the last step; the accuracy is of averaged ones"),
    Meaning("784→128", "each of 128 units reads all 784 outputs before it"),
    Meaning(f"weights 0.001 {PLUS_MINUS}0.05", "their mean, and how far they are spread"),
    Meaning("gradient", "how steep the loss is for this layer's weights"),
    Meaning("update 0.001", "by which part of itself a step changes the layer"),
    Meaning("▲  ▼", "above 1e-2: too much; below 1e-4: hardly anything"),
    Meaning("dead 12%", "units that are 0 for every digit: they do nothing"),
    Meaning("saturated 3%", "units that are never 0: they are merely linear"),
    Meaning("output 0.41", "what the units put out, on average"),
    Meaning("gradient check", "the slopes, compared with differences of the loss"),
    Meaning("since epoch 3: ▁▃▅", "how that came to be, look by look"),
    Meaning("Weights of layer 1", "how many weights have which value ({histogram}: others)"),
    Meaning("Gradients of ...", "how many weights have which gradient"),
    Meaning("Activations of ...", "how often a unit puts out which value"),
    Meaning("▸", "the layer that is chosen"),
)
UNITS = (
    Meaning(
        "512 units by ...", "their order: importance, activity, index ({units_order}, {next_class})"
    ),
    Meaning("averaged, avg", "of the averaged weights, as the accuracy is"),
    Meaning("▸113 4s 2.4%", "unit, the digit it answers to most, importance"),
    Meaning("113 3.4", "sorted by activity: unit, mean activation"),
    Meaning("importance", "how much the loss depends on it, in % of the layer"),
    Meaning("12 off, 7 dead", "you switched it off ({switch}); it is 0 for every digit"),
    Meaning("■ excites  +*#", "pixels whose ink makes the unit more active"),
    Meaning("□ calms    -=E", "pixels whose ink makes it less active"),
    Meaning("of layer 2, output", "its weights carried back to the pixels"),
    Meaning("mean activation", "what it puts out for the digits of each class"),
    Meaning("earlier importance", "figures are of now; home sorts anew"),
    Meaning("rank 1 of 512 (2.4%)", "its place in the layer by importance"),
    Meaning("active on 31.5%", "for so many digits it is above 0"),
    Meaning("strongest weights", "from pixels or units before, to units after it"),
    Meaning("Excite it most", "digits: the label, and how active the unit is"),
    Meaning("Pruned", "accuracy if the smallest weights were 0 ({pruned})"),
)
DIGIT = (
    Meaning("#31  2 → 0", "digit number 31 is a 2 and is read as a 0"),
    Meaning("layer 1: 41 of 128", "so many units put out more than 0 for this digit"),
    Meaning("shaded cells", "a unit each: the lighter, the more it puts out"),
    Meaning("up to 3.2", "what the strongest unit of the layer puts out"),
    Meaning("2 in a cell", "two units share a cell: the stronger one is shown"),
    Meaning("output, logit", "how much speaks for each class; the highest wins"),
    Meaning("12 units for 0", "what they add to its logit, against the other one"),
    Meaning("biases", "what the layers above add, whatever the units say"),
    Meaning("logit 0 - logit 2", "the sum of those above it, but for rounding"),
    Meaning("why 0, not 2", "the units that speak most for the one of the two"),
    Meaning("unit 57  ███  +2.31", "so much of the difference comes from the unit"),
    Meaning("without so far", "how it is read without this unit and those above"),
    Meaning("◂", "then it is read as another digit"),
    Meaning("▸", "the layer whose units are listed"),
)
MAP = (
    Meaning("Map of layer 2", "what the last hidden layer finds alike is close"),
    Meaning("PCA: 46%", "so much of all differences is seen on the map"),
    Meaning("t-SNE", "keeps neighbours together; far apart means little"),
    Meaning("dots, 7", "digits, in the colour of what they are"),
    Meaning("✗", "mistakes; while they are many, where they are half"),
    Meaning("▸7◂", "the digit that is chosen; it is drawn on the right"),
    Meaning("#12  4 → 9  97%", "it is a 4 and is read as a 9, with 97% confidence"),
    Meaning("2.2×", "how far the map is zoomed in"),
    Meaning("mistakes", "in the title: only they are shown ({map_all})"),
)
HEALTH = (
    Meaning("1  41% of layer ...", "what ails the run, since when; the worst first"),
    Meaning("likely cause", "the last change of a setting before it began"),
    Meaning("{halve_rate} halves the rate", "a key that helps"),
    Meaning("Looked at", "what the rules have seen of the run"),
    Meaning("beyond its limit", "the limits are in the manual: health"),
    Meaning("Checked for", "the checks; of all else nothing is said"),
)
ROBUSTNESS = (
    Meaning("noise 62.4", "right, in %, under noise: mean of five strengths"),
    Meaning("mean wrong", "the mean corruption error, in %: of all of them"),
    Meaning("relative", "the fork's errors, in % of the run's"),
    Meaning("▸", "its curve is strong, those of the others are faint"),
    Meaning("0 to 5 below it", "the strength: 0 is as it is, 5 is severe"),
    Meaning("Right under noise", "of so many digits; the others are left out"),
    Meaning("2: 7 93%", "at strength 2 this digit is read as a 7, surely"),
    Meaning("2: 7, fork 9", "what the run reads it as, and what the fork does"),
    Meaning("15 of 50 measured", "under way; {measure_stop} stops it"),
)
CALIBRATION = (
    Meaning("Temperature", "logits are divided by it; above 1: it was too sure"),
    Meaning("Calibration error", "how far it is from being right as often as sure"),
    Meaning("Neg. log-likelihood", "the loss of these digits, in nats: lower is better"),
    Meaning("Coverage", "of the digits, the surest first, at this accuracy"),
    Meaning("Risk-coverage area", "mean share of mistakes, the surest digits first"),
    Meaning("93-100%  9,871", "so many digits of which it is so sure"),
    Meaning("the curve", "of bins with 10 digits or more; grey: ideal"),
    Meaning("below the diagonal", "it is surer than it is right"),
    Meaning("Error by coverage", "mistakes if only the surest are answered ({risk})"),
)
DRAW = (
    Meaning("the frame", "where you draw: press the mouse button and drag"),
    Meaning("You have 12", "the drawings kept; {teach} teaches a copy of the run"),
    Meaning("right before, after", "each read by a copy that was not taught it"),
    Meaning("▀ ▄", "the cursor of the arrow keys, in half of a cell"),
    Meaning("thin brush, rubber", "what draws ({brush}), or rubs out ({rubber})"),
    Meaning("pen up, DOWN", "whether the arrow keys draw; {pen} switches"),
    Meaning("reads 7 (97.1%)", "what the network takes it for, and how surely"),
    Meaning("most like 7 (97%) …", "it does not know yet what no digit looks like"),
    Meaning("7 or 1 (61%, 38%)", "it is one of the two, and not sure enough which"),
    Meaning("not a digit", "unlike what it has learned; like 8: the nearest"),
    Meaning("7 ██  83.5%", "how probable each digit is to the network"),
    Meaning("1 cropped", "only what has ink"),
    Meaning("2 20 pixels", "its longer side made as long as MNIST's digits"),
    Meaning("3 centred", "its centre of mass in the middle: what it sees"),
    Meaning("seen as drawn", "without these steps ({as_drawn}): see why they matter"),
    Meaning("orange, blue", "pixels for the answer, for the next best guess ({drawn_pixels})"),
    Meaning("what if it were", "how it would be read if moved, turned, thicker"),
    Meaning("◂", "then it would be read as another digit"),
    Meaning("nearest in training", "digits it learned from that look most alike to it"),
    Meaning("Which one is it?", "type what you drew, or just type it: so it is kept"),
)
EVERYWHERE = (
    Meaning("sample · 784-512-10", "the digits; pixels, units of each layer, classes"),
    Meaning("epoch 3.20/25", "in an epoch each training image is used once"),
    Meaning("step 1,204", "a step learns from one batch of images"),
    Meaning("8,058 images/s", "throughput: training images in a second"),
    Meaning("test unopened", "the test digits are kept for the end"),
    Meaning("██▏  13%  1:40 left", "how much of the run is done, how long it takes yet"),
)
STATES = (
    Meaning("▶ training  ⏸ paused", "whether it learns now; {pause} switches"),
    Meaning("↻ repeating", "what led to the chosen moment; {timeline} goes elsewhere"),
    Meaning("✓ finished", "all epochs are done; {epochs} adds ten"),
    Meaning("✗ diverged", "the loss is no number; {undo} goes back"),
    Meaning("✗ loss spike", "the loss is that of guessing or more; {undo} goes back"),
    Meaning("✗ not saved", "the disk refused; it is tried again"),
)
"""Of a run that trains."""
REPLAY = (
    Meaning("↻ 8 epochs/s", "how fast it is shown; {slower} and {faster} change it"),
    Meaning("⏸ replay", "it stands still; {play} plays on"),
    Meaning("■ replayed", "this is the end of what was saved"),
    Meaning("the rest", "as it was then: nothing is changed, nothing saved"),
)
MEANINGS = {
    "Training": TRAINING,
    "Mistakes": MISTAKES,
    "Confusion": CONFUSION,
    "Layers": LAYERS,
    "Units": UNITS,
    "Digit": DIGIT,
    "Map": MAP,
    "Health": HEALTH,
    "Robustness": ROBUSTNESS,
    "Calibration": CALIBRATION,
    "Draw": DRAW,
}
"""Of the views, by the names on their tabs, and of the pages of Network, by theirs."""
OF_DIALOGS = {
    "Timeline": TIMELINE,
    "Fork": FORK,
    "Prune": PRUNE,
    "Learning rate": RATE,
    "Optimizer": OPTIMIZER,
    "Restart": RESTART,
    "Keep": KEEP,
    "Leave this run": LEAVE,
    "Leave the run and its fork": LEAVE_FORK,
    "The last run has not finished": RESUME,
}
"""Of dialogs, by their titles."""
