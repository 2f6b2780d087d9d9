"""The generated pages of the documentation, made from the cards, facts, parameters and evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from ...rules.card_file import CARD, CHANGES, SAYS, SUGGESTION
from ...rules.condition_file import CRITERION
from ...rules.evidence_file import EVIDENCE
from ...rules.grammar import table
from ...rules.hook_table import HOOKS
from ...rules.parameter_file import PARAMETER
from .cards import card_rows
from .conformance import conformance
from .elements import element_rows
from .facts import fact_rows
from .sources import evidence_rows, parameter_rows

PAGES = ("card-file", "cards", "facts", "parameters", "evidence", "conformance", "elements")
STATEMENTS = "founding-statements.yaml"
CLAUSES = "conformance.yaml"


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("cds_service.authoring.pages"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # this is Markdown; the code that turns it into HTML escapes it
    )
    environment.filters["cell"] = lambda text: " ".join(str(text).split()).replace("|", "\\|")
    return environment


def _content(name: str, folder: Path) -> Mapping[str, Any]:
    if name == "card-file":
        tables = {
            "file": CARD,
            "criterion": CRITERION,
            "says": SAYS,
            "suggestion": SUGGESTION,
            "changes": CHANGES,
        }
        return {"table": table, **tables, "source": EVIDENCE, "limit": PARAMETER}
    if name == "cards":
        return {
            "hooks": HOOKS,
            "topics": card_rows(),
            "statements": yaml.safe_load((folder / STATEMENTS).read_text("utf-8")),
        }
    if name == "facts":
        return {"groups": fact_rows()}
    if name == "parameters":
        return {"rows": parameter_rows()}
    if name == "elements":
        return {"resources": element_rows()}
    if name == "evidence":
        return {"rows": evidence_rows()}
    return conformance(yaml.safe_load((folder / CLAUSES).read_text("utf-8")))


def page(name: str, folder: Path) -> str:
    """Return a page in Markdown. ``name``: one of :data:`PAGES`; ``folder``: the folder of the
    documents and of the YAML files that some pages are made from."""
    return _templates().get_template(f"{name}.md").render(_content(name, folder))


def stale(folder: Path) -> Iterator[str]:
    """Yield the file names of the pages in ``folder`` that are missing or out of date."""
    for name in PAGES:
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text("utf-8") != page(name, folder):
            yield path.name


def write(folder: Path) -> Iterator[str]:
    """Write every stale page into ``folder``; yield the file names of those written."""
    for name in list(stale(folder)):
        (folder / name).write_text(page(name.removesuffix(".md"), folder), "utf-8")
        yield name
