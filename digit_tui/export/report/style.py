"""How a report looks: on a light and on a dark screen, on a telephone, and on paper."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1b1b; --faint: #555; --line: #cfcfcf;
  --head: #f3f4f6; --training: #0072b2; --monitored: #c24e00; --undone: #767676;
  --right: 0 114 178; --wrong: 213 94 0; --doubt: #8a3b00; --strength: 1; --invert: 1; }
@media screen and (prefers-color-scheme: dark) { :root { --paper: #16181c; --ink: #e8e8e8;
  --faint: #adadad; --line: #44484f; --head: #22252b; --training: #56b4e9; --monitored: #f0a63c;
  --undone: #949494; --right: 86 180 233; --wrong: 230 140 0; --doubt: #ffb37a; --strength: .72;
  --invert: 0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 66rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { margin: 0; font-size: 1.8rem; line-height: 1.2; }
h2 { margin: 2.5rem 0 .5rem; padding-bottom: .2rem; border-bottom: 2px solid var(--line);
  font-size: 1.3rem; }
h3 { margin: 1.4rem 0 .3rem; font-size: 1.05rem; }
p { margin: .5rem 0; max-width: 46rem; }
.lead { color: var(--faint); margin: .3rem 0 0; }
.note { border-left: 4px solid var(--monitored); padding: .1rem 0 .1rem .8rem; }
nav { margin: 1rem 0 0; }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; margin: 0; padding: 0;
  list-style: none; }
a { color: var(--training); }
.result { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem 1.2rem;
  margin: 1rem 0; padding: .9rem 1.1rem; background: var(--head); border-radius: .4rem; }
.result strong { font-size: 2.8rem; line-height: 1.1; font-variant-numeric: tabular-nums; }
.result span { max-width: 36rem; }
dl { margin: .6rem 0; }
dl div { display: grid; grid-template-columns: 10rem 1fr; gap: 0 .8rem; padding: .15rem 0;
  break-inside: avoid; }
dl.short { columns: 19rem; }
dt { color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
code { font: .95em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { margin: .5rem 0; padding: .6rem .8rem; background: var(--head); border-radius: .3rem;
  white-space: pre-wrap; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr));
  gap: 1rem 1.5rem; }
figure { margin: .6rem 0; break-inside: avoid; }
figcaption { font-weight: 600; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--ink); font-size: 14px; font-variant-numeric: tabular-nums; }
svg .letter { font-weight: 700; }
.grid { stroke: var(--line); fill: none; }
.axis, .tick { stroke: var(--faint); fill: none; }
.mark { stroke: var(--faint); stroke-dasharray: 2 3; fill: none; }
.curve path { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
.curve circle, .curve rect { stroke: none; }
.training path { stroke: var(--training); stroke-dasharray: 7 3; }
.training circle, .training rect { fill: var(--training); }
.monitored path { stroke: var(--monitored); }
.monitored circle, .monitored rect { fill: var(--monitored); }
.undone path { stroke: var(--undone); stroke-width: 1.4; stroke-dasharray: 2 3; }
.curve .interval { stroke-width: 1.2; stroke-dasharray: none; }
.reliability { max-width: 31rem; }
table { border-collapse: collapse; margin: .6rem 0; font-variant-numeric: tabular-nums; }
caption { padding-bottom: .3rem; text-align: left; font-weight: 600; }
th, td { padding: .25rem .55rem; border-bottom: 1px solid var(--line); text-align: right;
  vertical-align: top; }
th, td { white-space: nowrap; }
thead th { background: var(--head); vertical-align: bottom; white-space: normal; }
th:first-child { text-align: left; }
.confusion th:first-child { text-align: right; }
.log td:last-child { white-space: normal; }
.log td:last-child, .log th:last-child { text-align: left; }
.undone-row td:last-child { color: var(--faint); text-decoration: line-through; }
.wide { overflow-x: auto; }
.confusion td, .confusion th { min-width: 2.2rem; }
.confusion .scores { border-left: 2px solid var(--line); }
.heat text { font-size: 12px; }
.heat { min-width: 46rem; }
.empty { color: var(--faint); }
td.right { background: rgb(var(--right) / .22); }
.w1 { --share: .14; } .w2 { --share: .26; } .w3 { --share: .38; }
.w4 { --share: .5; } .w5 { --share: .62; } .w6 { --share: .74; }
td[class^=w] { background: rgb(var(--wrong) / calc(var(--share) * var(--strength))); }
rect[class^=w] { fill: rgb(var(--wrong) / calc(var(--share) * var(--strength))); }
rect.right { fill: rgb(var(--right) / .3); }
.side-by-side { display: flex; flex-wrap: wrap; gap: 0 2rem; }
.digits { display: grid; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr));
  gap: .8rem 1rem; margin: .8rem 0; padding: 0; list-style: none; }
.digits li { display: grid; grid-template-columns: 72px 1fr; gap: 0 .6rem; align-content: start;
  padding: .4rem; border: 1px solid var(--line); border-radius: .3rem; break-inside: avoid;
  font-size: .8125rem; line-height: 1.35; }
.digits b { display: block; font-size: 1rem; }
.digits p { grid-column: 1 / -1; margin: .3rem 0 0; color: var(--faint); }
.digits .doubt { color: var(--doubt); }
.digits img { display: block; width: 72px; height: 72px; image-rendering: pixelated;
  filter: invert(var(--invert)); border: 1px solid transparent; }
details { margin: .6rem 0; }
summary { cursor: pointer; color: var(--training); }
.findings li { margin: .4rem 0; }
@media (max-width: 34rem) {
  body { padding: 1rem .8rem 2rem; }
  dl:not(.short) div { grid-template-columns: 1fr; padding: .3rem 0; }
  svg.chart text { font-size: 17px; }
  .result strong { font-size: 2.3rem; }
  .digits { grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); }
}
@media print {
  @page { size: A4; margin: 15mm 14mm; }
  :root { color-scheme: light; }
  body { max-width: none; padding: 0; font-size: 12px; line-height: 1.4; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  nav, details { display: none; }
  h2 { margin-top: 1.4rem; }
  h2, h3, caption { break-after: avoid; }
  p { break-inside: avoid; }
  #curves { break-before: page; }
  #curves p, #confusion p, #calibration p, #mistakes p { break-after: avoid; }
  .reliability { max-width: 22rem; }
  dl div { grid-template-columns: 8.5rem 1fr; }
  dl.short { columns: 2; }
  .charts { grid-template-columns: 1fr 1fr; gap: .5rem 1rem; }
  svg.chart text { font-size: 17px; }
  tr, .result, pre { break-inside: avoid; }
  .confusion { break-inside: avoid; font-size: 12px; }
  .confusion td, .confusion th { padding: .15rem .3rem; min-width: 1.8rem; }
  .wide { overflow: visible; }
  .side-by-side { gap: 0 1rem; }
  .side-by-side table { break-inside: avoid; }
  .side-by-side :is(th, td) { padding: .15rem .3rem; }
  .heat { min-width: 0; }
  .heat text { font-size: 15px; }
  .digits { display: block; }
  .digits li { display: inline-grid; width: 24%; margin: 0 .5% .5rem 0; padding: .25rem;
    grid-template-columns: 60px 1fr; font-size: 12px; vertical-align: top; }
  .digits img { width: 60px; height: 60px; }
  a { color: inherit; text-decoration: none; }
}
"""
