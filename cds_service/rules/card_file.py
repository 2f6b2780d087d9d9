"""Card files: YAML in, :class:`Card` out. Whatever a card names is resolved here, with file:line and "did you mean"."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from collections.abc import Mapping as AnyMapping
from decimal import Decimal
from typing import Any

from .card import INDICATORS, Card, OrderSource, Paragraph, Suggestion
from .conditions import OPERATORS, STATE_OPERATORS, AnyOf, CardHolds, Condition, Criterion
from .yaml_reader import Reader, meant
from .yaml_source import AuthoringError, Mapping, Place, Sequence

HOOKS = ("patient-view", "order-select", "order-sign", "encounter-discharge")
PLACEHOLDER = re.compile(r"\{([A-Za-z0-9_.-]+)\}")
CARD_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_DAYS = re.compile(r"(\d+) ?d\Z")
_QUANTITY = re.compile(r"([-+]?\d+(?:\.\d+)?) (\S+)\Z")
_CARD_KEYS = ("id", "version", "status", "title", "rank", "review_by", "hooks", "include", "exclude", "card", "tests", "parameter_sets")
_CHANGEABLE = ("status", "hooks", "include", "exclude", "card")
_SAYS_KEYS = (
    "indicator", "summary", "detail", "values", "source", "evidence", "suggestions", "override_reasons",
)  # fmt: skip


class Vocabulary:
    """The names that cards may use. ``facts`` maps a fact's name to its catalogue definition."""

    def __init__(
        self,
        facts: AnyMapping[str, Any],
        evidence: Collection[str],
        templates: Collection[str],
        override_reasons: Collection[str],
        parameter_sets: Collection[str],
    ):
        self.facts = facts
        self.evidence = evidence
        self.templates = templates
        self.override_reasons = override_reasons
        self.parameter_sets = parameter_sets


def parse_card(source: Any, place: Place, vocabulary: Vocabulary, parameter_set: str) -> Card:
    """A card of ``parameter_set`` from the content of its file. Raises :class:`AuthoringError`."""
    reader = _Reader(vocabulary)
    card = reader.mapping(source, place, _CARD_KEYS, required=("id", "version", "title", "rank", "hooks", "include", "card"))
    card = _for_parameter_set(reader, card, parameter_set)
    says = reader.mapping(card["card"], card.at("card"), _SAYS_KEYS, required=("indicator", "summary", "source"))
    hooks = reader.names(card, "hooks", HOOKS, "hook")
    evidence = reader.names(says, "evidence", vocabulary.evidence, "evidence")
    parsed = Card(
        id=reader.text(card, "id"),
        version=reader.text(card, "version"),
        status=reader.one_of(card, "status", ("active", "draft", "retired")) if "status" in card else "active",
        title=reader.text(card, "title"),
        rank=int(reader.number(card, "rank")),
        review_by=reader.day(card, "review_by") if "review_by" in card else "",
        hooks=hooks,
        include=reader.conditions(card, "include"),
        exclude=reader.conditions(card, "exclude"),
        indicator=reader.one_of(says, "indicator", INDICATORS),
        summary=reader.templated(says, "summary"),
        detail=tuple(reader.paragraphs(says)),
        values=reader.names(says, "values", vocabulary.facts, "fact"),
        source=reader.one_of(says, "source", vocabulary.evidence),
        evidence=evidence,
        suggestions=tuple(reader.suggestions(says)),
        override_reasons=reader.names(says, "override_reasons", vocabulary.override_reasons, "override reason"),
        tests=tuple(value for value, _ in reader.items(card, "tests")),
        place=card.place,
    )
    if not CARD_ID.fullmatch(parsed.id):
        raise AuthoringError(card.at("id"), f"{parsed.id!r} is not a card id.", "Use lower-case words joined by '-'.")
    if not re.fullmatch(r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}", parsed.version):
        raise AuthoringError(card.at("version"), f"{parsed.version!r} is not a version.", "Write it as 1.0.0; quotes are not needed.")
    return parsed


def _for_parameter_set(reader: _Reader, card: Mapping, parameter_set: str) -> Mapping:
    """The card with what it says under ``parameter_sets`` for this set laid over it."""
    changes = card.get("parameter_sets")
    if changes is None:
        return card
    sets = reader.mapping(changes, card.at("parameter_sets"), tuple(reader.vocabulary.parameter_sets))
    for changed in sets.values():
        reader.mapping(changed, sets.place, _CHANGEABLE)
    return _overlaid(card, sets[parameter_set]) if parameter_set in sets else card


def _overlaid(base: Mapping, changes: Any) -> Mapping:
    if not isinstance(changes, Mapping):
        raise AuthoringError(base.place, "a parameter set's changes must be a mapping.")
    result = Mapping(base.place)
    result.update(base)
    result.key_places.update(base.key_places)
    for key, value in changes.items():
        mergeable = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = _overlaid(result[key], value) if mergeable else value
        result.key_places[key] = changes.at(key)
    return result


class _Reader(Reader):
    """Reads the parts of a card file and knows what they may name."""

    def __init__(self, vocabulary: Vocabulary):
        self.vocabulary = vocabulary

    def templated(self, mapping: Mapping, key: str) -> str:
        text = self.text(mapping, key)
        self.check_placeholders(text, mapping.at(key))
        return text

    def check_placeholders(self, text: str, place: Place) -> None:
        for name in PLACEHOLDER.findall(text):
            if name not in self.vocabulary.facts:
                raise AuthoringError(place, f"there is no fact {name!r}.", meant(name, self.vocabulary.facts))

    def conditions(self, mapping: Mapping, key: str) -> tuple[Condition, ...]:
        found = tuple(self.condition(value, place) for value, place in self.items(mapping, key))
        seen: set[str] = set()
        for condition in found:
            if condition.id in seen:
                raise AuthoringError(condition.place, f"two criteria are called {condition.id!r}.")
            seen.add(condition.id)
        return found

    def condition(self, value: Any, place: Place) -> Condition:
        if isinstance(value, Mapping) and "any_of" in value:
            self.mapping(value, place, ("id", "any_of"), ("id",))
            inner = tuple(self.criterion(item, item_place) for item, item_place in self.items(value, "any_of"))
            return AnyOf(self.text(value, "id"), inner, place)
        if isinstance(value, Mapping) and "card" in value:
            self.mapping(value, place, ("id", "card", "holds"), ("id", "holds"))
            return CardHolds(self.text(value, "id"), self.text(value, "card"), self.truth(value, "holds"), place)
        return self.criterion(value, place)

    def criterion(self, value: Any, place: Place) -> Criterion:
        operators = (*OPERATORS, *STATE_OPERATORS)
        mapping = self.mapping(value, place, ("id", "fact", "when_unknown", *operators), ("fact",))
        name = self.one_of(mapping, "fact", self.vocabulary.facts)
        used = [key for key in mapping if key in operators]
        if len(used) != 1:
            raise AuthoringError(place, "a criterion has exactly one operator.", f"Operators: {', '.join(operators)}.")
        operand = self.operand(mapping, used[0], self.vocabulary.facts[name])
        when_unknown = {"fire": True, "true": True, "false": False}.get(str(mapping.get("when_unknown")).lower())
        if "when_unknown" in mapping and when_unknown is None:
            raise AuthoringError(mapping.at("when_unknown"), "'when_unknown' must be 'fire'.")
        return Criterion(mapping.get("id") or f"{name}-{used[0]}", name, used[0], operand, when_unknown, place)

    def operand(self, mapping: Mapping, operator: str, definition: Any) -> Any:
        value, place = mapping[operator], mapping.at(operator)
        reader: Callable[[Any, Place, Any], Any] = {
            "is": _is_operand, "in": _in_operand, "within": _days, "older_than": _days,
            "absent": _yes, "unknown": _yes,
        }.get(operator, _limit)  # fmt: skip
        return reader(value, place, definition)

    def paragraphs(self, says: Mapping) -> Iterable[Paragraph]:
        for value, place in self.items(says, "detail"):
            if isinstance(value, str):
                self.check_placeholders(value, place)
                yield Paragraph(value, (), place)
            else:
                mapping = self.mapping(value, place, ("when", "text"), ("when", "text"))
                yield Paragraph(self.templated(mapping, "text"), self.conditions(mapping, "when"), place)

    def suggestions(self, says: Mapping) -> Iterable[Suggestion]:
        for value, place in self.items(says, "suggestions"):
            keys = ("label", "create", "delete", "replaces", "recommended", "when")
            mapping = self.mapping(value, place, keys, ("label",))
            delete = self.one_of(mapping, "delete", self.vocabulary.facts) if "delete" in mapping else ""
            replaces = self.one_of(mapping, "replaces", self.vocabulary.facts) if "replaces" in mapping else ""
            if replaces and self.vocabulary.facts[replaces].kind != "reference":
                raise AuthoringError(mapping.at("replaces"), f"the fact {replaces!r} does not name an order.")
            yield Suggestion(
                self.templated(mapping, "label"),
                tuple(self.order_source(item, item_place) for item, item_place in self.items(mapping, "create")),
                delete,
                replaces,
                self.truth(mapping, "recommended"),
                self.conditions(mapping, "when"),
                place,
            )

    def order_source(self, value: Any, place: Place) -> OrderSource:
        if isinstance(value, str):
            if value not in self.vocabulary.templates:
                raise AuthoringError(place, f"there is no order {value!r}.", meant(value, self.vocabulary.templates))
            return OrderSource(value, "")
        mapping = self.mapping(value, place, ("fact",), ("fact",))
        name = self.one_of(mapping, "fact", self.vocabulary.facts)
        if self.vocabulary.facts[name].kind != "orders":
            raise AuthoringError(place, f"the fact {name!r} does not name orders.")
        return OrderSource("", name)


def _is_operand(value: Any, place: Place, definition: Any) -> Any:
    if definition.kind == "yes-no" and not isinstance(value, bool):
        raise AuthoringError(place, f"{definition.name!r} is a yes/no fact.", "Write true or false.")
    if definition.kind == "category" and value not in definition.values:
        raise AuthoringError(place, f"{definition.name!r} has no value {value!r}.", meant(str(value), definition.values))
    if definition.kind not in ("yes-no", "category"):
        raise AuthoringError(place, f"'is' cannot ask {definition.name!r}, a {definition.kind}.")
    return value


def _in_operand(value: Any, place: Place, definition: Any) -> Any:
    if not isinstance(value, Sequence) or definition.kind != "category":
        raise AuthoringError(place, "'in' needs a category fact and a list of its values.")
    return frozenset(_is_operand(item, item_place, definition) for item, item_place in zip(value, value.item_places, strict=True))


def _limit(value: Any, place: Place, definition: Any) -> Decimal:
    if definition.kind not in ("number", "result"):
        raise AuthoringError(place, f"{definition.name!r} is no number, so it cannot be compared.")
    match = _QUANTITY.match(value) if isinstance(value, str) else None
    if definition.other_units:
        raise AuthoringError(
            place,
            f"{definition.name!r} comes in {definition.unit} or {', '.join(definition.other_units)}, each with its own limits.",
            f"Ask its level: {{fact: {definition.name}.level, in: [...]}}.",
        )
    if not match or match[2] != definition.unit:
        raise AuthoringError(place, f"{value!r} is no limit for {definition.name!r}.", f"Write it as '1 {definition.unit}'.")
    return Decimal(match[1])


def _days(value: Any, place: Place, definition: Any) -> Decimal:
    match = _DAYS.match(value) if isinstance(value, str) else None
    if not match or definition.kind != "date":
        raise AuthoringError(place, "this needs a date fact and a number of days.", "Write it as '90 d'.")
    return Decimal(match[1])


def _yes(value: Any, place: Place, definition: Any) -> bool:
    if not isinstance(value, bool):
        raise AuthoringError(place, "write true or false.")
    return value
