"""The style of all reports, for light and dark mode, phones and paper."""

from __future__ import annotations

from typing import Final

# Every text colour has a contrast of at least 4.5 to its background.
STYLE: Final = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --raised: #f6f4f9; --ink: #1d1a24; --muted: #5c5766; --line: #d9d4e1;
  --accent: #7627c4; --warm: #a0400a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16131c; --raised: #211d29; --ink: #efecf4; --muted: #b3adbf; --line: #3d3748;
    --accent: #c99bff; --warm: #ffb27a;
  }
}
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100% }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 68rem; margin: 0 auto; padding: 1.5rem;
       background: var(--paper); color: var(--ink); overflow-wrap: break-word }
h1 { font-size: clamp(1.5rem, 1.2rem + 1.6vw, 2.1rem); line-height: 1.2; margin: .5rem 0 }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 2.6rem 0 .6rem }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem }
p, li { max-width: 46rem }
a { color: var(--accent) }
.note { border-left: .25rem solid var(--warm); padding: .2rem 0 .2rem .9rem }
figure { margin: 0 }
figcaption, caption, footer, .small { font-size: .9rem; color: var(--muted) }
figcaption b { color: var(--ink) }
img, video { display: block; width: 100%; height: auto; border-radius: 8px;
             background: var(--raised) }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr));
        gap: 1.2rem; list-style: none; padding: 0; margin: 1rem 0 }
.grid > li { max-width: none }
.charts { grid-template-columns: repeat(auto-fill, minmax(min(26rem, 100%), 1fr)) }
.shots { grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr)) }
.rows { grid-template-columns: 1fr; gap: .8rem }
.labels { display: grid; grid-template-columns: repeat(4, 1fr); text-align: center;
          font-size: .9rem; margin: .4rem 0 }
.wide { overflow-x: auto; margin: 1rem 0 }
.wide > .grid { margin: 0 }
.wide:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
table { border-collapse: collapse; width: 100% }
caption { text-align: left; padding: 0 0 .4rem }
th, td { text-align: left; vertical-align: top; padding: .4rem .7rem .4rem 0;
         border-bottom: 1px solid var(--line) }
thead th { font-size: .85rem; color: var(--muted); font-weight: 600; vertical-align: bottom }
tbody th { font-weight: 600 }
.figure { max-width: 46rem }
.figure td { font-variant-numeric: tabular-nums; white-space: nowrap }
.figure tbody tr:first-child > * { border-bottom: 0; padding-bottom: 0 }
.figure td.why { white-space: normal; font-size: .9rem; color: var(--muted); padding-top: .1rem }
.figure tbody { break-inside: avoid }
.facts th { width: 1%; padding-right: 1.5rem; font-weight: 400; color: var(--muted);
            white-space: nowrap }
.facts td { overflow-wrap: anywhere }
pre { overflow-x: auto; padding: 1rem; border: 1px solid var(--line); border-radius: 8px;
      background: var(--raised); font-size: .85rem; line-height: 1.5 }
code { font-family: ui-monospace, monospace; font-size: .9em }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem }
.chart { display: block; width: 100%; height: auto; overflow: visible }
.chart text { font: 13px system-ui, sans-serif; fill: var(--muted) }
.chart .named { paint-order: stroke; stroke: var(--paper); stroke-width: 4px }
.chart .axis { stroke: var(--line); stroke-width: 1 }
.chart .phase { stroke: var(--muted); stroke-width: 1; stroke-dasharray: 3 3 }
.chart .raw { fill: none; stroke: var(--accent); stroke-width: 1; opacity: .35 }
.chart .smooth, .chart .only { fill: none; stroke: var(--accent); stroke-width: 2.2;
                               stroke-linejoin: round; stroke-linecap: round }
.chart .level { stroke: var(--warm); stroke-width: 1.5; stroke-dasharray: 6 4 }
@media (max-width: 34rem) {
  body { padding: 1rem }
  h2 { margin-top: 2rem }
  .wide { margin-right: -1rem; padding-right: 1rem }
  .facts th { white-space: normal; min-width: 8rem }
  .shots { grid-template-columns: none; grid-auto-flow: column; grid-auto-columns: 84% }
}
@media print {
  :root { color-scheme: light; --paper: #ffffff; --raised: #f6f4f9; --ink: #000000;
          --muted: #444444; --line: #bbbbbb; --accent: #6a1fb3; --warm: #8a3607 }
  body { max-width: none; padding: 0; font-size: 10.5pt }
  h2, h3 { break-after: avoid }
  figure, tr, li, .note { break-inside: avoid }
  .grid { grid-template-columns: repeat(2, 1fr); gap: .8rem }
  .shots { grid-template-columns: repeat(3, 1fr); grid-auto-flow: row }
  .rows { grid-template-columns: 1fr }
  .wide { overflow: visible; margin-right: 0; padding-right: 0 }
  pre { white-space: pre-wrap }
}
"""
