"""The patient picture: vitamin B12, folate and what goes with them over time, as a
drawing and as tables.

A page embeds it so::

    facts = engine.facts(call, now)  # a call of patient-view, which reads every list that is shown
    picture = patient_picture(facts)
    wide, narrow = Markup(svg_of(picture)), Markup(svg_of(picture, width=NARROW))
    page(..., wide=wide, narrow=narrow, table=table_of(picture))

- The SVG is safe as it is (every text in it is escaped), so that the template does not escape it
  again. It may stand in the page twice, once for each width, and the style sheet shows one of them
  (``display: none`` at ``max-width: 40rem``, and the reverse); give it
  ``width: 100%; height: auto``, and the wide one no more than about 60rem.
- The picture has a ``style`` element. A page with a Content-Security-Policy names
  :data:`STYLE_SOURCE` in its ``style-src``.
- Its colours follow the reader's screen. A page whose own do not sets ``--picture-ink``,
  ``--picture-paper``, ``--picture-quiet``, ``--picture-rule`` and, for ``abnormal``, ``middle`` and
  ``normal``, ``--picture-NAME`` and ``--picture-NAME-bg``.
- It is an image to a screen reader, with a title and a description; the tables have the
  numbers, so they belong on the same page. Their cells are plain text of the record, which
  the template escapes.
- For download, :func:`picture_svg` is the whole file (``image/svg+xml``). It names no patient.
"""

from .patient_picture import PatientPicture, patient_picture
from .style import STYLE_SOURCE
from .svg import NARROW, WIDE, picture_svg, svg_of
from .table import PictureTable, picture_table, table_of

__all__ = [
    "NARROW",
    "STYLE_SOURCE",
    "WIDE",
    "PatientPicture",
    "PictureTable",
    "patient_picture",
    "picture_svg",
    "picture_table",
    "svg_of",
    "table_of",
]
