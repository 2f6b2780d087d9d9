"""Reads the texts of a card: checks what they contain, and fills in parameters."""

from __future__ import annotations

from ..authored_yaml.source import AuthoringError, Mapping, Place
from .card_texts import PLACEHOLDER, SUMMARY_LIMIT, check_text, kinds_that_read
from .condition_file import ConditionReader
from .parameter_text import with_parameters


class TextReader(ConditionReader):
    """Reads the texts of card files."""

    def plain_text(self, mapping: Mapping, key: str) -> str:
        """A text that shows no facts."""
        text = self.text(mapping, key)
        if "{" in text:
            raise AuthoringError(
                mapping.at(key), f"{key!r} cannot show facts.", "Remove the braces."
            )
        check_text(text, mapping.at(key), self.vocabulary.facts)
        return text

    def templated(
        self, mapping: Mapping, key: str, *, markdown: bool = False, orders: tuple[str, ...] = ()
    ) -> str:
        """The text under ``key``, checked, with parameters filled in."""
        return self.filled(
            self.text(mapping, key), mapping.at(key), markdown=markdown, orders=orders
        )

    def filled(
        self, text: str, place: Place, *, markdown: bool = False, orders: tuple[str, ...] = ()
    ) -> str:
        """``text``, checked, with the parameters that it names filled in from the set in force."""
        known = self.vocabulary
        check_text(
            text, place, known.facts, parameters=known.parameters, markdown=markdown, orders=orders
        )
        return with_parameters(text, known.parameters)

    def summary(self, says: Mapping, key: str) -> str:
        """The summary, which must be short enough at least with empty placeholders."""
        text = self.templated(says, key).strip()
        fixed = len(PLACEHOLDER.sub("", text))
        if fixed >= SUMMARY_LIMIT:
            what = (
                f"the summary has {fixed} characters without its placeholders; it would be cut off "
                f"at {SUMMARY_LIMIT}."
            )
            raise AuthoringError(says.at(key), what, "Shorten it; the detail has room for more.")
        return text

    def values(self, says: Mapping, key: str) -> tuple[str, ...]:
        """The facts for the table of values, each of a kind that has a value to show."""
        found = self.names(says, key, self.vocabulary.facts, "fact")
        for value, place in self.items(says, key):
            kind = self.vocabulary.facts[value].kind if value in found else None
            if kind and not kind.in_texts:
                told = f"{value!r} is a fact of the kind {kind}, which has no value to show."
                self.note(
                    AuthoringError(
                        place,
                        told,
                        f"Kinds with one: {', '.join(kinds_that_read(self.vocabulary.facts))}.",
                    )
                )
        return found
