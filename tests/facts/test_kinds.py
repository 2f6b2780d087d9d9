"""Kinds of facts are objects: card files, tests, texts and the JSON Schema take what is particular to one from it."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

import pytest
from jsonschema import Draft202012Validator

from cds_service.authored_yaml.source import AuthoringError, Mapping, Place, Sequence
from cds_service.authoring.check.schema import criterion_schema, stated_schema
from cds_service.facts.catalogue import CATALOGUE
from cds_service.facts.kinds import KINDS, Kind, NotOfKind
from cds_service.rules.card_texts import check_text
from cds_service.rules.condition_file import ConditionReader, of_kind
from cds_service.rules.conditions import OPERATORS
from tests.support.clinic import engine

HERE = Place("card.yaml", 1, 1)


class Share(Kind):
    """An eighth kind: so many percent."""

    name, words, fhir_type = "share", "share", "Quantity"
    operators, asked_as, stated_as = ("below", "at_least"), "below: 50 %", "'10 %'"
    in_texts = in_paragraphs = is_ordered = True

    def operand(self, written, fact):
        match = re.fullmatch(r"([0-9]{1,2}|100) %", written) if isinstance(written, str) else None
        if not match:
            raise NotOfKind(f"{written!r} is no share.", "Write it as '50 %'.")
        return Decimal(match[1])

    def operand_schema(self, fact):
        return {"type": "string", "pattern": "^([0-9]{1,2}|100) %$"}


class Saturation(NamedTuple):
    """A fact of it."""

    name = "saturation"
    kind = Share()
    unit, other_units, values = "%", (), ()


FACTS = {**CATALOGUE, "saturation": Saturation()}
KNOWN = replace(engine().vocabulary, facts=FACTS)


def mapping(**values):
    found = Mapping(HERE)
    found.update(values)
    return found


def read(**written):
    return ConditionReader(KNOWN).criterion(mapping(**written), HERE)


def conforms(schema, value):
    return Draft202012Validator(schema).is_valid(value)


def test_an_eighth_kind_is_one_class():
    assert read(fact="saturation", below="20 %").operand == 20
    with pytest.raises(AuthoringError, match=r"'20' is no share. Write it as '50 %'."):
        read(fact="saturation", below="20")
    with pytest.raises(
        AuthoringError,
        match=r"'within' does not apply to 'saturation', a fact of the kind share. Write 'below: 50 %', for example.",
    ):
        read(fact="saturation", within="90 d")
    assert of_kind(Share().stated, FACTS["saturation"], "45 %", HERE) == 45
    with pytest.raises(
        AuthoringError,
        match=r"'low' is not a value of 'saturation', a fact of the kind share. Write it as '10 %', or as absent or unknown.",
    ):
        of_kind(Share().stated, FACTS["saturation"], "low", HERE)
    asked, stated = criterion_schema(KNOWN), stated_schema(KNOWN)
    assert conforms(asked, {"fact": "saturation", "below": "20 %"}) and not conforms(
        asked, {"fact": "saturation", "below": "20"}
    )
    assert not conforms(asked, {"fact": "saturation", "more_than": "20 %"})
    assert [conforms(stated, {"saturation": value}) for value in ("45 %", "unknown", "low")] == [
        True,
        True,
        False,
    ]
    check_text("At {saturation}.", HERE, FACTS)


STATES = (True, False)
# For each operator, what a card file may write for a fact and what that asks for.
WRITTEN = {
    "is": lambda fact: [(value, value) for value in fact.values or STATES],
    "in": lambda fact: [([value], {value}) for value in fact.values] + [(list(fact.values), {*fact.values})],
    **dict.fromkeys(("below", "at_least", "more_than", "at_most"), lambda fact: [(f"{limit} {fact.unit}", Decimal(limit)) for limit in ("0", "7", "3.50")]),
    **dict.fromkeys(("within", "older_than"), lambda fact: [(days, Decimal(90)) for days in ("90 d", "90d")]),
    **dict.fromkeys(("absent", "unknown"), lambda fact: [(state, state) for state in STATES]),
}  # fmt: skip
SCHEMA = Draft202012Validator({**criterion_schema(engine().vocabulary)})
FIRST_OF_KIND = {fact.kind: name for name, fact in reversed(CATALOGUE.items())}


@pytest.mark.parametrize("name", CATALOGUE)
def test_what_the_schema_admits_of_a_fact_is_read_as_it_is_written_and_nothing_else_is(name):
    fact = CATALOGUE[name]
    admitted = set()
    for operator, written in WRITTEN.items():
        for value, asked in written(fact):
            criterion = {"fact": name, operator: value}
            if not SCHEMA.is_valid(criterion):
                with pytest.raises(AuthoringError):
                    read(**as_read(criterion))
                continue
            admitted.add(operator)
            made = read(**as_read(criterion))
            assert (made.id, made.fact, made.operator, made.operand, made.when_unknown) == (
                f"{name}-{operator}",
                name,
                operator,
                asked,
                None,
            )
            # Which truth an unknown answer is taken for is written alike for every fact of a kind.
            if operator == "unknown" or name not in FIRST_OF_KIND.values():
                continue
            for taken_for in ("fire", True, False):
                named = {**criterion, "id": "a-name", "when_unknown": taken_for}
                assert SCHEMA.is_valid(named)
                made = read(**as_read(named))
                assert (made.id, made.when_unknown) == ("a-name", taken_for is not False)
    assert admitted == {"absent", "unknown", *([] if fact.other_units else fact.kind.operators)}


def as_read(criterion):
    """A criterion as the YAML reader gives it: lists know the places of their items."""
    found = {}
    for key, value in criterion.items():
        found[key] = Sequence(HERE) if isinstance(value, list) else value
        if isinstance(value, list):
            found[key] += value
            found[key].item_places += [HERE] * len(value)
    return found


def test_every_kind_names_operators_that_there_are_and_is_named_once():
    assert all(set(kind.operators) <= set(OPERATORS) for kind in KINDS.values())
    assert len(KINDS) == len({kind.words for kind in KINDS.values()}) == 7
