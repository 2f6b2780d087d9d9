"""A decision as an ordered list in HTML: a part of a page, or a page of its own."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from .ladder import Ladder

# The style sheet of every page with such a list; it follows the reader's light or dark mode.
STYLE_FILE = files(__package__).joinpath("templates", "decision.css")


def decision_list(ladder: Ladder, link: Callable[[str], str]) -> Markup:
    """Return the decision as part of a page that has the style sheet. ``link``: returns the address
    of another card by its id, or ``""`` if it has none."""
    text = _templates().get_template("decision.html").render(ladder=ladder, link=link)
    return Markup(text)  # the template escaped everything in it


def decision_page(ladder: Ladder) -> str:
    """Return the decision as a self-contained page. It links to the pages of other cards as files
    in the same folder, named by the card's id."""
    style = f"\n{STYLE_FILE.read_text('utf-8')}"
    return (
        _templates()
        .get_template("page.html")
        .render(
            ladder=ladder,
            decision=decision_list(ladder, "{}.html".format),
            style=Markup(style),  # our own style sheet, with no text from elsewhere
            style_hash=b64encode(sha256(style.encode()).digest()).decode(),
        )
    )


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader(__package__),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
        keep_trailing_newline=True,
    )
