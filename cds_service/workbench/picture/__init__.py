"""The patient picture: results and treatment of vitamin B12 and folate over time, as a drawing and
as tables.

A page embeds it like this::

    facts = engine.facts(call, now)  # a patient-view call, which reads every list that is shown
    picture = patient_picture(facts)
    wide, narrow = Markup(svg_of(picture)), Markup(svg_of(picture, width=NARROW))
    page(..., wide=wide, narrow=narrow, table=table_of(picture))

- Every text in the SVG is escaped, so the template must not escape it again. A page may contain the
  picture in both widths and let its style sheet show one of them (``display: none`` at
  ``max-width: 40rem``, and the reverse). Style it with ``width: 100%; height: auto``, and limit the
  wide one to about 60rem.
- The picture has a ``style`` element. A page with a Content-Security-Policy must list
  :data:`STYLE_SOURCE` in its ``style-src``.
- The colours follow the reader's screen. A page with other colours sets ``--picture-ink``,
  ``--picture-paper``, ``--picture-quiet``, ``--picture-rule`` and, for ``abnormal``, ``middle`` and
  ``normal``, ``--picture-NAME`` and ``--picture-NAME-bg``.
- A screen reader reads the picture as an image with a title and a description. The numbers are in
  the tables, so include them on the same page. Their cells are plain text, partly from the record,
  which the template must escape.
- :func:`picture_svg` returns the whole file for download (``image/svg+xml``). It does not name the
  patient.
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
