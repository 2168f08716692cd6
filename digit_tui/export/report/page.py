"""A report on a saved run: the whole page. It needs no network and no script."""

from __future__ import annotations

import digit_tui
from digit_tui.export.markup import element, safe
from digit_tui.export.page import whole_page
from digit_tui.export.report.calibration import calibration
from digit_tui.export.report.confusion import confusion
from digit_tui.export.report.content import Report
from digit_tui.export.report.curves import curves
from digit_tui.export.report.done import what_was_done
from digit_tui.export.report.inside import health, layers
from digit_tui.export.report.mistakes import mistakes
from digit_tui.export.report.result import result
from digit_tui.export.report.run_facts import lead, repeating, settings
from digit_tui.export.report.style import STYLE


def report_page(report: Report) -> str:
    """The page, in ASCII: the same for the same run, whenever it is made."""
    measured = report.measured
    sections = {
        "result": ("Result", result(report)),
        "run": ("The run", settings(report)),
        "curves": ("How it learned", curves(report)),
        "done": ("What was done to it", what_was_done(report)),
    }
    if measured is not None:
        sections |= {
            "confusion": ("What is taken for what", confusion(measured)),
            "mistakes": ("Mistakes", mistakes(measured, report.mistakes)),
            "calibration": ("Is it as sure as it is right?", calibration(measured)),
            "layers": ("Inside the network", layers(measured)),
            "health": ("Health of the run", health(measured)),
        }
    sections["repeat"] = ("How to repeat it", repeating(report))
    title = f"Report on {report.name}"
    links = "".join(
        f'<li><a href="#{name}">{safe(heading)}</a></li>' for name, (heading, _) in sections.items()
    )
    body = [
        f"<header>\n<h1>{safe(title)}</h1>",
        f'<p class="lead">{safe(lead(report))}</p>',
        f'<nav aria-label="Sections"><ul>{links}</ul></nav>\n</header>',
        "<main>",
        *(
            element("section", f"<h2>{safe(heading)}</h2>\n{content}\n", id=name)
            for name, (heading, content) in sections.items()
        ),
        "</main>",
        f'<footer><p class="lead">Made by digit-tui {digit_tui.__version__}.</p></footer>',
    ]
    return whole_page(title, STYLE, body)
