"""The style of the picture: light or dark like the reader's screen, or in the colours of the
surrounding page, and for print.

The palette is that of Okabe and Ito, whose colours colour-blind readers can distinguish. Colour
alone never carries a meaning.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from .measure import FONTS

_LIGHT = {
    "ink": "#1b1f24", "quiet": "#57606a", "rule": "#d5dae0", "paper": "#fff", "abnormal": "#96400b",
    "abnormal-bg": "#fdeee3",
    "middle": "#5b5263", "middle-bg": "#f0edf3", "normal": "#00568a", "normal-bg": "#f3f9fd",
}  # fmt: skip
_DARK = {
    "ink": "#e6edf3", "quiet": "#a9b4c0", "rule": "#343b44", "paper": "#0d1117",
    "abnormal": "#f5ab78", "abnormal-bg": "#33200f",
    "middle": "#c8b9d6", "middle-bg": "#241f2b", "normal": "#7cc4f2", "normal-bg": "#0c1c29",
}  # fmt: skip
_PRINT = {
    **_LIGHT,
    "ink": "#000",
    "quiet": "#333",
    "abnormal-bg": "#fff",
    "middle-bg": "#fff",
    "normal-bg": "#fff",
}


def _colours(palette: dict[str, str]) -> str:
    """The colours of the picture as CSS variables. A page may set each of them, for example
    ``--picture-ink``."""
    return ";".join(
        f"--p-{name}:var(--picture-{name},{colour})" for name, colour in palette.items()
    )


STYLE = f"""
.patient-picture{{{_colours(_LIGHT)};color:var(--p-ink);background:var(--p-paper);
font-family:{FONTS}}}
@media (prefers-color-scheme:dark){{.patient-picture{{{_colours(_DARK)}}}}}
@media print{{.patient-picture{{{_colours(_PRINT)}}}}}
.patient-picture text{{fill:currentColor;font-size:12px}}
.patient-picture .words{{font-size:14px;font-weight:700}}
.patient-picture .small{{fill:var(--p-quiet)}}
.patient-picture .label,.patient-picture .value{{font-weight:700}}
.patient-picture .value,.patient-picture .small{{paint-order:stroke;stroke:var(--p-paper);
stroke-width:3px;stroke-linejoin:round}}
.patient-picture .frame{{fill:none;stroke:var(--p-rule)}}
.patient-picture .grid{{fill:none;stroke:var(--p-rule)}}
.patient-picture .today{{fill:none;stroke:currentColor;stroke-width:1.5}}
.patient-picture .earlier{{stroke-dasharray:2 3}}
.patient-picture .band{{stroke:none}}
.patient-picture .band.low,.patient-picture .band.high{{fill:var(--p-abnormal-bg)}}
.patient-picture .band.middle{{fill:var(--p-middle-bg)}}
.patient-picture .band.normal{{fill:var(--p-normal-bg)}}
.patient-picture .hatched{{fill:none;stroke:var(--p-abnormal);stroke-width:1;opacity:.22}}
.patient-picture .limit{{fill:none;stroke:var(--p-abnormal);stroke-width:1.3;stroke-dasharray:7 3}}
.patient-picture .leader{{fill:none;stroke:var(--p-quiet);stroke-width:.8}}
.patient-picture .trend{{fill:none;stroke:var(--p-quiet);stroke-width:1.2;opacity:.7}}
.patient-picture .point{{fill:var(--p-ink);stroke:var(--p-paper);stroke-width:1;color:var(--p-ink)}}
.patient-picture .point.low,.patient-picture .point.high{{fill:var(--p-abnormal);
color:var(--p-abnormal)}}
.patient-picture .point.middle{{fill:var(--p-middle);color:var(--p-middle)}}
.patient-picture .point.normal{{fill:var(--p-normal);color:var(--p-normal)}}
.patient-picture .point .beyond{{fill:none;stroke:currentColor;stroke-width:1.8}}
.patient-picture .point .ring{{fill:none;stroke:var(--p-ink);stroke-width:1.6}}
.patient-picture .unusable{{fill:var(--p-paper);stroke:var(--p-quiet);stroke-width:1.6;
stroke-dasharray:2.5 1.8;color:var(--p-quiet)}}
.patient-picture .unusable .cross{{fill:none;stroke-dasharray:none;stroke-width:1.2}}
.patient-picture .bar{{fill:var(--p-normal);stroke:var(--p-normal);stroke-width:1.2}}
.patient-picture .past .bar{{fill-opacity:.45}}
.patient-picture .ahead{{fill:var(--p-paper);stroke-dasharray:3 2}}
.patient-picture .apart .bar{{fill:var(--p-paper);stroke:var(--p-quiet)}}
.patient-picture .arrow{{fill:none;stroke:var(--p-normal);stroke-width:1.8}}
.patient-picture .apart .arrow{{stroke:var(--p-quiet)}}
.patient-picture .change{{stroke:var(--p-paper);stroke-width:2;fill:none}}
.patient-picture .dose{{fill:none;stroke:var(--p-ink);stroke-width:1.8}}
.patient-picture .dose.apart{{stroke:var(--p-quiet);stroke-dasharray:2 2}}
"""

STYLE_SOURCE = f"'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"
"""The source that a page's Content-Security-Policy must list in ``style-src`` for the picture's
style to apply."""
