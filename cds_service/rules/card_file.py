"""Card files: YAML in, :class:`Card` out. Every name in a card is resolved here, with file:line and
"did you mean".

The tables at the end are the grammar: every key with its reader, its JSON Schema and its
description for authors.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import partial
from typing import Any

from ..authored_yaml.reader import Reader, meant
from ..authored_yaml.source import AuthoringError, Mapping, Mistakes, Place, Sequence
from .card import INDICATORS, Card, OrderSource, Paragraph, Suggestion
from .card_text_reader import TextReader
from .card_texts import SUMMARY_LIMIT
from .condition_file import Vocabulary, conditions_form, name_form
from .conditions import Condition
from .grammar import TEXT, TRUTH, Form, Key, enum, form, list_of, names_of, one_of, read_keys, ref
from .hook_table import HOOKS

STATUSES = ("active", "draft", "retired")
_HIGHEST_RANK = 99_999
_VERSION = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.(?:0|[1-9][0-9]{0,8})){2}\Z")


def parse_card(source: Any, place: Place, vocabulary: Vocabulary, parameter_set: str) -> Card:
    """A card of ``parameter_set`` from the content of its file. Raises :class:`AuthoringError` with
    all mistakes found."""
    mistakes = Mistakes()
    reader = _Reader(vocabulary, mistakes)
    card = source
    if isinstance(source, Mapping):
        with mistakes.noting():
            card = _for_parameter_set(reader, source, parameter_set)
    parts: dict[str, Any] = {}
    with mistakes.noting():
        parts = read_keys(reader, card, place, CARD)
    mistakes.tell()
    del parts["parameter_sets"]
    return Card(
        **parts.pop("card"),
        **parts,
        place=card.place,
        places={**card["card"].key_places, **card.key_places},
    )


def _for_parameter_set(reader: _Reader, card: Mapping, parameter_set: str) -> Mapping:
    """The card, overlaid with its ``parameter_sets`` entry for this set."""
    if "parameter_sets" not in card:
        return card
    sets = reader.mapping(
        card["parameter_sets"], card.at("parameter_sets"), reader.vocabulary.parameter_sets
    )
    for name, changed in sets.items():
        reader.mapping(changed, sets.at(name), [key.name for key in CHANGES])
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


class _Reader(TextReader):
    """Reads the parts of a card file and knows what they may name."""

    def version(self, card: Mapping, key: str) -> str:
        value = self.value(card, key)
        if not isinstance(value, str) or not _VERSION.match(value):
            told = repr(value) if isinstance(value, str) else str(value)
            raise AuthoringError(
                card.at(key),
                f"{told} is not a version.",
                "Write it as 1.0.0; quotes are not needed.",
            )
        return value

    def exclusions(self, card: Mapping, key: str) -> tuple[Condition, ...]:
        """The conditions that silence the card. Here a criterion that counts as true while its fact
        is unknown silences the card, so it must not say 'fire'."""
        for value, _ in self.items(card, key):
            parts = (
                [value, *value["any_of"]]
                if isinstance(value, Mapping) and isinstance(value.get("any_of"), Sequence)
                else [value]
            )
            for part in parts:
                if isinstance(part, Mapping) and part.get("when_unknown") == "fire":
                    what = (
                        f"under {key!r}, 'when_unknown: fire' would silence the card where the "
                        "fact is not known."
                    )
                    mend = (
                        "Leave it out: an unknown fact does not silence a card. If it should, "
                        "write 'when_unknown: true'."
                    )
                    self.note(AuthoringError(part.at("when_unknown"), what, mend))
        return self.conditions(card, key)

    def tests(self, card: Mapping, key: str) -> tuple[Mapping, ...]:
        """The tests as authored, no two with the same name; the test runner reads their content."""
        names: list[Any] = []

        def test(value: Any, place: Place) -> Mapping:
            if not isinstance(value, Mapping):
                raise AuthoringError(
                    place,
                    "a test must be a mapping.",
                    "Give it 'name', 'facts', and 'fires: true' or 'silent: <criterion>'.",
                )
            if "name" in value and value["name"] in names:
                self.note(
                    AuthoringError(
                        value.at("name"),
                        f"two tests are called {value['name']!r}.",
                        "Give one of them another name.",
                    )
                )
            names.append(value.get("name"))
            return value

        return self.each(card, key, test)

    def says(self, card: Mapping, key: str) -> dict[str, Any]:
        return read_keys(self, self.value(card, key), card.at(key), SAYS)

    def paragraph(self, value: Any, place: Place) -> Paragraph:
        if isinstance(value, str):
            return Paragraph(self.filled(value, place, markdown=True), (), place)
        if not isinstance(value, Mapping) or not {"when", "text"} & value.keys():
            mend = "Quote a text that has ': ', or that begins with '{', '[' or '*'."
            raise AuthoringError(
                place, "a paragraph must be a text, or have 'when' and 'text'.", mend
            )
        return Paragraph(**read_keys(self, value, place, PARAGRAPH), place=place)

    def suggestion(self, value: Any, place: Place) -> Suggestion:
        if isinstance(value, Mapping) and not {"create", "delete"} & value.keys():
            self.note(
                AuthoringError(
                    place,
                    "a suggestion without 'create' or 'delete' suggests nothing.",
                    "Name the orders that it makes or removes.",
                )
            )
        return Suggestion(**read_keys(self, value, place, SUGGESTION), place=place)

    def label(self, suggestion: Mapping, key: str) -> str:
        """The text of the button; it may show the orders that a fact under ``create`` chooses."""
        created = [
            item.get("fact")
            for item, _ in self.items(suggestion, "create")
            if isinstance(item, Mapping)
        ]
        return self.templated(suggestion, key, orders=tuple(filter(None, created)))

    def order_source(self, value: Any, place: Place) -> OrderSource:
        templates, facts = self.vocabulary.templates, self.vocabulary.facts
        if isinstance(value, str):
            if value not in templates:
                mend = f"Write {{fact: {value}}}." if value in facts else meant(value, templates)
                raise AuthoringError(place, f"there is no order {value!r}.", mend)
            return OrderSource(value, "")
        return OrderSource("", **read_keys(self, value, place, CHOSEN_ORDERS))

    def chosen(self, source: Mapping, key: str) -> str:
        return self._fact(source, key, self.vocabulary.facts_for("create"), "name orders")

    def removed(self, suggestion: Mapping, key: str) -> str:
        return self._fact(
            suggestion, key, self.vocabulary.removable, "name drafts that can be removed"
        )

    def replaced(self, suggestion: Mapping, key: str) -> str:
        fact = self._fact(suggestion, key, self.vocabulary.facts_for(key), "name an order")
        if "create" not in suggestion:
            raise AuthoringError(
                suggestion.at(key),
                f"{key!r} needs an order under 'create' as the replacement.",
                "Add one.",
            )
        return fact

    def _fact(self, mapping: Mapping, key: str, fitting: Collection[str], does: str) -> str:
        """The fact under ``key``, which must be a ``fitting`` one. ``does``: what such facts do,
        for the message."""
        fact = self.one_of(mapping, key, self.vocabulary.facts)
        if fact not in fitting:
            raise AuthoringError(
                mapping.at(key),
                f"the fact {fact!r} does not {does}.",
                f"Facts that do: {', '.join(fitting)}.",
            )
        return fact


def _sets_schema(known: Vocabulary) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict.fromkeys(known.parameter_sets, ref("changes")),
        "additionalProperties": False,
    }


def _shown_facts(known: Vocabulary) -> list[str]:
    return [name for name, definition in known.facts.items() if definition.kind.in_texts]


_REASONS = (
    "[non-adherence-reason-codes](../fhir_profiles/code-systems/non-adherence-reason-codes.json)"
)
_FILLED = Form(_Reader.templated, TEXT.schema)
_EVIDENCE = one_of(lambda known: known.evidence)
_DAY = {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_VERSIONS = {"type": "string", "pattern": "^(0|[1-9][0-9]*)([.](0|[1-9][0-9]*)){2}$"}

CHOSEN_ORDERS = (
    Key("fact", Form(_Reader.chosen, enum(lambda known: known.facts_for("create"))), required=True),
)
PARAGRAPH = (
    Key("when", conditions_form(some=True), required=True),
    Key("text", Form(partial(_Reader.templated, markdown=True), TEXT.schema), required=True),
)
SUGGESTION = (
    Key(
        "label",
        Form(_Reader.label, TEXT.schema),
        "the text of the button; `{order.b12}` names the orders that a fact chose",
        required=True,
    ),
    Key(
        "create",
        list_of(_Reader.order_source, ref("order"), some=True),
        "a list of orders: the name of a file in "
        "[`activity-definitions`](../fhir_profiles/activity-definitions), or `{fact: order.b12}`, "
        "a fact that chooses them",
    ),
    Key(
        "delete",
        Form(_Reader.removed, enum(lambda known: known.removable)),
        "a fact that names the drafts to remove, such as `draft.folate`",
    ),
    Key(
        "replaces",
        Form(_Reader.replaced, enum(lambda known: known.facts_for("replaces"))),
        "a fact that names the order which the new one replaces, such as `b12_therapy.order`",
    ),
    Key("recommended", TRUTH, "`true`: selected in advance, in clients that support it"),
    Key("when", conditions_form(some=True), "a list of criteria; offered where all hold"),
    Key(
        "note",
        _FILLED,
        "a note for each order, such as that it begins after another",
    ),
)
SAYS = (
    Key(
        "indicator",
        one_of(lambda known: INDICATORS),
        "`info`, `warning`, or `critical`",
        required=True,
    ),
    Key(
        "summary",
        form(_Reader.summary, type="string", pattern="\\S", maxLength=SUMMARY_LIMIT - 1),
        "one sentence of fewer than 140 characters, without Markdown",
        required=True,
    ),
    Key(
        "detail",
        list_of(_Reader.paragraph, ref("paragraph")),
        "a list of paragraphs in Markdown, without HTML or links; each a text, or `{when: "
        '[criteria], text: "…"}`, '
        "shown where all of `when` hold",
    ),
    Key(
        "values",
        names_of(_shown_facts, "fact")._replace(read=_Reader.values),
        "a list of facts, for the table under the text",
    ),
    Key(
        "source", _EVIDENCE, "a key of `evidence.yaml`: the main source of the card", required=True
    ),
    Key(
        "evidence",
        names_of(lambda known: known.evidence, "evidence"),
        "further keys; sources with a page are shown as links",
    ),
    Key(
        "suggestions",
        list_of(_Reader.suggestion, ref("suggestion")),
        "a list of orders to offer, below",
    ),
    Key(
        "override_reasons",
        names_of(lambda known: known.override_reasons, "override reason"),
        f"a list of codes of {_REASONS} that a user can choose from",
    ),
)
_STATUS = one_of(lambda known: STATUSES, "active")
_HOOKS = names_of(lambda known: HOOKS, "hook", some=True)
_EXCLUDE = conditions_form()._replace(read=_Reader.exclusions)
CHANGES = (
    Key("status", _STATUS, "the card's status in this set"),
    Key("hooks", _HOOKS, "the whole list"),
    Key("include", conditions_form(some=True), "the whole list"),
    Key("exclude", _EXCLUDE, "the whole list"),
    Key("card", form(_Reader.says, **ref("partial-card")), "only the keys that differ"),
)
CARD = (
    Key(
        "id",
        name_form("a card id"),
        "lower-case words joined by `-`, at most 64 characters; also the name of the file",
        required=True,
    ),
    Key(
        "version",
        form(_Reader.version, **_VERSIONS),
        "three numbers, `1.0.0`; raise it with every change",
        required=True,
    ),
    Key(
        "status",
        _STATUS,
        "`active` (the default), `draft` (never shown), `retired` (turned off)",
    ),
    Key(
        "title",
        Form(_Reader.plain_text, TEXT.schema),
        "the name under which clients list the card",
        required=True,
    ),
    Key(
        "rank",
        form(
            partial(Reader.whole_number, highest=_HIGHEST_RANK),
            type="integer",
            minimum=0,
            maximum=_HIGHEST_RANK,
        ),
        "a whole number; among cards of equal urgency, the lowest rank comes first",
        required=True,
    ),
    Key(
        "review_by",
        form(lambda reader, card, key: reader.day(card, key).isoformat(), **_DAY),
        "a day, `2027-10-01`; `check` warns once it has passed",
    ),
    Key("hooks", _HOOKS, "a list of [hooks](cards.md), such as `patient-view`", required=True),
    Key(
        "include",
        conditions_form(some=True),
        "a list of criteria; the card fires when all of them hold",
        required=True,
    ),
    Key("exclude", _EXCLUDE, "a list of criteria; the card is silent when one of them holds"),
    Key(
        "card",
        form(
            _Reader.says, **ref("partial-card"), required=[key.name for key in SAYS if key.required]
        ),
        "its content, below",
        required=True,
    ),
    Key(
        "tests",
        form(_Reader.tests, (), type="array", items=ref("test")),
        "facts and the expected outcome: [testing cards](testing-cards.md); the service refuses a "
        "card without a test in which it fires and one in which it is silent",
    ),
    Key(
        "parameter_sets",
        Form(lambda reader, card, key: None, _sets_schema),
        "the differences in a parameter set, below",
    ),
)
