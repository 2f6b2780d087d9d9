"""What the texts of a card may contain: placeholders of parameters and of facts that read well, no
HTML, no links, and Markdown only in the detail."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from collections.abc import Mapping as AnyMapping
from typing import Any

from ..authored_yaml.reader import meant
from ..authored_yaml.source import AuthoringError, Place

PLACEHOLDER = re.compile(r"\{([A-Za-z0-9_.-]+)\}")
# CDS Hooks 3.0 requires a summary of fewer characters; a longer one is cut off when shown.
SUMMARY_LIMIT = 140
_BRACE = re.compile(r"[{}]")
_TAG = re.compile(r"<[A-Za-z/!?]|&(?:[A-Za-z]+|#[0-9]+);")
_LINK = re.compile(r"\]\(|\bhttps?:|\bwww\.|\b(?:javascript|data|mailto):(?=\S)", re.IGNORECASE)
_MARKDOWN = re.compile(r"\*\*|__|`|^#+ ")


def check_text(
    text: str,
    place: Place,
    facts: AnyMapping[str, Any],
    *,
    parameters: Collection[str] = (),
    markdown: bool = False,
    orders: Collection[str] = (),
) -> None:
    """Raise :class:`AuthoringError` for the first mistake in ``text``. ``parameters``: those that
    it may show; ``markdown``: it may have Markdown and several lines; ``orders``: facts whose
    orders it may show by their titles."""
    for what, mend in [
        *_unknown(text, facts, parameters, orders, markdown),
        *_mistakes(text, markdown),
    ]:
        raise AuthoringError(place, what, mend)


def _unknown(
    text: str,
    facts: AnyMapping[str, Any],
    parameters: Collection[str],
    orders: Collection[str],
    markdown: bool,
) -> Iterator[tuple[str, str]]:
    for name in PLACEHOLDER.findall(text):
        if name in parameters:
            continue
        if name not in facts:
            what = (
                f"there is no fact and no parameter {name!r}."
                if parameters
                else f"there is no fact {name!r}."
            )
            yield what, meant(name, [*facts, *parameters])
        elif not _reads(facts[name].kind, markdown) and name not in orders:
            mend = f"Kinds that can: {', '.join(kinds_that_read(facts, markdown=markdown))}."
            told = f"{name!r} is a fact of the kind {facts[name].kind}"
            yield f"{told}, which cannot be shown in a text.", mend


def _reads(kind: Any, markdown: bool) -> bool:
    return bool(kind.in_paragraphs if markdown else kind.in_texts)


def kinds_that_read(facts: AnyMapping[str, Any], *, markdown: bool = False) -> list[str]:
    """The kinds of ``facts`` whose values read well in a text; ``markdown``: in a paragraph."""
    return sorted(
        {str(definition.kind) for definition in facts.values() if _reads(definition.kind, markdown)}
    )


def _mistakes(text: str, markdown: bool) -> Iterator[tuple[str, str]]:
    if _BRACE.search(PLACEHOLDER.sub("", text)):
        yield (
            "a brace is not part of a placeholder.",
            "Write {fact.name} or {parameter.name}, without spaces or further braces.",
        )
    if found := _TAG.search(text):
        yield (
            f"texts cannot have HTML ({found[0]!r}).",
            "Use Markdown in the detail, and plain text elsewhere.",
        )
    if found := _LINK.search(text):
        yield (
            f"texts cannot have links ({found[0]!r}).",
            "Name the source under 'evidence': it is shown as a link.",
        )
    if not markdown and (found := _MARKDOWN.search(text)):
        yield (
            f"this text is shown without Markdown ({found[0]!r}).",
            "Use Markdown only in the detail.",
        )
    if not markdown and "\n" in text.strip():
        yield "this text is shown on one line.", "Use '>-' instead of '|', or quotation marks."
