"""Card files: YAML in, :class:`Card` out. Whatever a card names is resolved here, with file:line and "did you mean"."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from .card import INDICATORS, Card, OrderSource, Paragraph, Suggestion
from .card_texts import PLACEHOLDER, SUMMARY_LIMIT, check_text, kinds_that_read
from .condition_file import ConditionReader, Vocabulary
from .conditions import Condition
from .hook_table import HOOKS
from .parameter_text import with_parameters
from .yaml_reader import meant
from .yaml_source import AuthoringError, Mapping, Mistakes, Place, Sequence

STATUSES = ("active", "draft", "retired")
HIGHEST_RANK = 99_999
_VERSION = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.(?:0|[1-9][0-9]{0,8})){2}\Z")
_CARD_KEYS = ("id", "version", "status", "title", "rank", "review_by", "hooks", "include", "exclude", "card", "tests", "parameter_sets")
SUGGESTION_KEYS = ("label", "create", "delete", "replaces", "recommended", "when", "note")
_CHANGEABLE = ("status", "hooks", "include", "exclude", "card")
_SAYS_KEYS = (
    "indicator", "summary", "detail", "values", "source", "evidence", "suggestions", "override_reasons",
)  # fmt: skip


def parse_card(source: Any, place: Place, vocabulary: Vocabulary, parameter_set: str) -> Card:
    """A card of ``parameter_set`` from the content of its file. Raises :class:`AuthoringError`, with all that was found."""
    mistakes = Mistakes()
    reader = _Reader(vocabulary, mistakes)
    card = reader.mapping(source, place, _CARD_KEYS, required=("id", "version", "title", "rank", "hooks", "include", "card"))
    with mistakes.noting():
        card = _for_parameter_set(reader, card, parameter_set)
    parts = reader.parts(
        id=lambda: reader.name(card, "id", "a card id"),
        version=lambda: reader.version(card),
        status=lambda: reader.one_of(card, "status", STATUSES) if "status" in card else "active",
        title=lambda: reader.plain_text(card, "title"),
        rank=lambda: reader.whole_number(card, "rank", HIGHEST_RANK),
        review_by=lambda: reader.day(card, "review_by").isoformat() if "review_by" in card else "",
        hooks=lambda: reader.hooks(card),
        include=lambda: reader.conditions(card, "include", some=True),
        exclude=lambda: reader.exclusions(card),
        tests=lambda: reader.tests(card),
        says=lambda: reader.says(card),
    )
    mistakes.tell()
    says = parts.pop("says")
    return Card(**parts, **says, place=card.place, places={**card["card"].key_places, **card.key_places})


def _for_parameter_set(reader: _Reader, card: Mapping, parameter_set: str) -> Mapping:
    """The card with what it says under ``parameter_sets`` for this set laid over it."""
    if "parameter_sets" not in card:
        return card
    sets = reader.mapping(card["parameter_sets"], card.at("parameter_sets"), reader.vocabulary.parameter_sets)
    for name, changed in sets.items():
        reader.mapping(changed, sets.at(name), _CHANGEABLE)
    return _overlaid(card, sets[parameter_set]) if parameter_set in sets else card


def _overlaid(base: Mapping, changes: Mapping) -> Mapping:
    result = Mapping(base.place)
    result.update(base)
    result.key_places.update(base.key_places)
    for key, value in changes.items():
        mergeable = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = _overlaid(result[key], value) if mergeable else value
        result.key_places[key] = changes.at(key)
    return result


class _Reader(ConditionReader):
    """Reads the parts of a card file and knows what they may name."""

    def version(self, card: Mapping) -> str:
        value = self.value(card, "version")
        if not isinstance(value, str) or not _VERSION.match(value):
            told = repr(value) if isinstance(value, str) else str(value)
            raise AuthoringError(card.at("version"), f"{told} is not a version.", "Write it as 1.0.0; quotes are not needed.")
        return value

    def hooks(self, card: Mapping) -> tuple[str, ...]:
        return self.names(card, "hooks", HOOKS, "hook", some=True)

    def exclusions(self, card: Mapping) -> tuple[Condition, ...]:
        """What silences the card. A criterion there that is taken as true where its fact is unknown silences, and so cannot say 'fire'."""
        for value, _ in self.items(card, "exclude"):
            parts = [value, *value["any_of"]] if isinstance(value, Mapping) and isinstance(value.get("any_of"), Sequence) else [value]
            for part in parts:
                if isinstance(part, Mapping) and part.get("when_unknown") == "fire":
                    what = "under 'exclude', 'when_unknown: fire' would silence the card where the fact is not known."
                    mend = "Leave it out: what is not known silences nothing. If it should, write 'when_unknown: true'."
                    self.note(AuthoringError(part.at("when_unknown"), what, mend))
        return self.conditions(card, "exclude")

    def tests(self, card: Mapping) -> tuple[Mapping, ...]:
        """The tests as authored, of which no two share a name; what runs them reads them."""
        names: list[Any] = []

        def test(value: Any, place: Place) -> Mapping:
            if not isinstance(value, Mapping):
                raise AuthoringError(place, "a test is a mapping.", "It has 'name', 'facts', and 'fires: true' or 'silent: <criterion>'.")
            if "name" in value and value["name"] in names:
                self.note(AuthoringError(value.at("name"), f"two tests are called {value['name']!r}.", "Say what tells them apart."))
            names.append(value.get("name"))
            return value

        return self.each(card, "tests", test)

    def plain_text(self, mapping: Mapping, key: str) -> str:
        """A text on which no fact is shown."""
        text = self.text(mapping, key)
        if "{" in text:
            raise AuthoringError(mapping.at(key), f"{key!r} shows no facts.", "Remove the braces.")
        check_text(text, mapping.at(key), self.vocabulary.facts)
        return text

    def says(self, card: Mapping) -> dict[str, Any]:
        says = self.mapping(self.value(card, "card"), card.at("card"), _SAYS_KEYS, ("indicator", "summary", "source"))
        known = self.vocabulary
        return self.parts(
            indicator=lambda: self.one_of(says, "indicator", INDICATORS),
            summary=lambda: self.summary(says),
            detail=lambda: self.each(says, "detail", self.paragraph),
            values=lambda: self.values(says),
            source=lambda: self.one_of(says, "source", known.evidence),
            evidence=lambda: self.names(says, "evidence", known.evidence, "evidence"),
            suggestions=lambda: self.each(says, "suggestions", self.suggestion),
            override_reasons=lambda: self.names(says, "override_reasons", known.override_reasons, "override reason"),
        )

    def templated(self, mapping: Mapping, key: str, *, markdown: bool = False, orders: tuple[str, ...] = ()) -> str:
        return self.filled(self.text(mapping, key), mapping.at(key), markdown=markdown, orders=orders)

    def filled(self, text: str, place: Place, *, markdown: bool = False, orders: tuple[str, ...] = ()) -> str:
        """``text`` once checked, with the parameters that it names as the set in force has them."""
        known = self.vocabulary
        check_text(text, place, known.facts, parameters=known.parameters, markdown=markdown, orders=orders)
        return with_parameters(text, known.parameters)

    def summary(self, says: Mapping) -> str:
        """The summary, which is short enough at least where its placeholders are empty."""
        text = self.templated(says, "summary").strip()
        fixed = len(PLACEHOLDER.sub("", text))
        if fixed >= SUMMARY_LIMIT:
            what = f"the summary has {fixed} characters beside its placeholders; from {SUMMARY_LIMIT} on it would be cut off."
            raise AuthoringError(says.at("summary"), what, "Say less; the detail has room.")
        return text

    def values(self, says: Mapping) -> tuple[str, ...]:
        found = self.names(says, "values", self.vocabulary.facts, "fact")
        for value, place in self.items(says, "values"):
            kind = self.vocabulary.facts[value].kind if value in found else None
            if kind and not kind.in_texts:
                told = f"{value!r} is a {kind} fact, which has no value to show."
                self.note(AuthoringError(place, told, f"Those that do: {', '.join(kinds_that_read(self.vocabulary.facts))}."))
        return found

    def paragraph(self, value: Any, place: Place) -> Paragraph:
        if isinstance(value, str):
            return Paragraph(self.filled(value, place, markdown=True), (), place)
        if not isinstance(value, Mapping) or not {"when", "text"} & value.keys():
            mend = "Quote a text that has ': ', or that begins with '{', '[' or '*'."
            raise AuthoringError(place, "a paragraph is a text, or has 'when' and 'text'.", mend)
        mapping = self.mapping(value, place, ("when", "text"), ("when", "text"))
        return Paragraph(self.templated(mapping, "text", markdown=True), self.conditions(mapping, "when", some=True), place)

    def suggestion(self, value: Any, place: Place) -> Suggestion:
        mapping = self.mapping(value, place, SUGGESTION_KEYS, ("label",))
        if not {"create", "delete"} & mapping.keys():
            self.note(AuthoringError(place, "a suggestion without 'create' or 'delete' suggests nothing.", "Say which orders it makes."))
        create = self.each(mapping, "create", self.order_source, some=True)
        return Suggestion(
            self.templated(mapping, "label", orders=tuple(source.fact for source in create)),
            create,
            self.fact(mapping, "delete", self.vocabulary.removable, "stand for drafts that can be removed") if "delete" in mapping else "",
            self.replaced(mapping) if "replaces" in mapping else "",
            self.truth(mapping, "recommended"),
            self.conditions(mapping, "when", some=True),
            place,
            self.templated(mapping, "note") if "note" in mapping else "",
        )

    def fact(self, mapping: Mapping, key: str, fitting: Collection[str], does: str) -> str:
        """The fact under ``key``, one of the ``fitting`` ones, which are those that ``does`` what is needed there."""
        fact = self.one_of(mapping, key, self.vocabulary.facts)
        if fact not in fitting:
            raise AuthoringError(mapping.at(key), f"the fact {fact!r} does not {does}.", f"Those that do: {', '.join(fitting)}.")
        return fact

    def replaced(self, mapping: Mapping) -> str:
        fact = self.fact(mapping, "replaces", self.vocabulary.facts_for("replaces"), "name an order")
        if "create" not in mapping:
            raise AuthoringError(mapping.at("replaces"), "'replaces' needs an order under 'create' that takes the place.", "Add it.")
        return fact

    def order_source(self, value: Any, place: Place) -> OrderSource:
        templates, facts = self.vocabulary.templates, self.vocabulary.facts
        if isinstance(value, str):
            if value not in templates:
                mend = f"Write {{fact: {value}}}." if value in facts else meant(value, templates)
                raise AuthoringError(place, f"there is no order {value!r}.", mend)
            return OrderSource(value, "")
        mapping = self.mapping(value, place, ("fact",), ("fact",))
        return OrderSource("", self.fact(mapping, "fact", self.vocabulary.facts_for("create"), "name orders"))
