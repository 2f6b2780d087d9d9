"""Whatever criterion a card file can hold is handed over as it would be written there, and is read back as the same."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.export.criteria import as_written
from cds_service.facts.catalogue import CATALOGUE
from cds_service.rules.card_file import parse_card
from cds_service.rules.yaml_source import load
from tests.support.clinic import engine

NUMBERS = st.integers(0, 9999) | st.decimals(0, 100, places=1, allow_nan=False)
LIMITS = ("below", "at_least", "more_than", "at_most")


@st.composite
def asked(draw, *, excludes: bool, named: bool) -> dict[str, Any]:
    """One question of one fact, as a card file may have it."""
    definition = CATALOGUE[draw(st.sampled_from(sorted(CATALOGUE)))]
    choices: dict[str, st.SearchStrategy[Any]] = {"absent": st.booleans(), "unknown": st.booleans()}
    if definition.kind == "yes-no":
        choices["is"] = st.booleans()
    elif definition.kind == "category":
        choices["is"] = st.sampled_from(definition.values)
        choices["in"] = st.lists(st.sampled_from(definition.values), min_size=1, unique=True)
    elif definition.kind in ("number", "result") and not definition.other_units:
        choices |= {name: NUMBERS.map(lambda number: f"{number} {definition.unit}".strip()) for name in LIMITS}
    elif definition.kind == "date":
        choices |= {name: st.integers(0, 9999).map("{} d".format) for name in ("within", "older_than")}
    operator = draw(st.sampled_from(sorted(choices)))
    written = {"fact": definition.name, operator: draw(choices[operator])}
    if named:
        written["id"] = f"criterion-{draw(st.integers(0, 10**9))}"
    if operator != "unknown":
        when_unknown = draw(st.sampled_from([None, True, False] if excludes else [None, "fire", True, False]))
        written |= {} if when_unknown is None else {"when_unknown": when_unknown}
    return written


@st.composite
def criteria(draw, *, excludes: bool) -> list[dict[str, Any]]:
    """The criteria of one side of a card: questions, alternatives, looks at another card."""
    found: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["one", "any_of", "card"]))
        if kind == "card":
            found.append({"id": f"looks-{number}", "card": "b12-duplicate", "holds": draw(st.booleans())})
        elif kind == "any_of":
            parts = draw(st.lists(asked(excludes=excludes, named=False), min_size=1, max_size=3))
            found.append({"id": f"any-{number}", "any_of": parts})
        else:
            found.append({**draw(asked(excludes=excludes, named=True)), "id": f"one-{number}"})
    return found


def without_place(condition: Any) -> Any:
    """What a condition says, but for where it stands."""
    said = {name: getattr(condition, name) for name in condition.__slots__ if name != "place"}
    return {name: [without_place(item) for item in value] if name == "criteria" else value for name, value in said.items()}


@settings(max_examples=80, deadline=None)
@given(criteria(excludes=False), criteria(excludes=True))
def test_a_criterion_is_read_back_as_it_was(tmp_path_factory, include, exclude):
    """Under ``exclude`` above all, where ``when_unknown: fire`` is refused, and its sense would be the opposite."""

    def read(sides: dict[str, Any]):
        path = tmp_path_factory.getbasetemp() / "round-trip.yaml"
        says = {"indicator": "info", "summary": "x", "source": "nice-ng239"}
        content = {"id": "ours", "version": "1.0.0", "title": "x", "rank": 1, "hooks": ["order-sign"], **sides, "card": says}
        path.write_text(json.dumps(content, indent=1), "utf-8")
        loaded = load(path)
        return parse_card(loaded, loaded.place, engine().vocabulary, "default")

    card = read({"include": include, "exclude": exclude})
    again = read(
        {
            "include": [as_written(condition) for condition in card.include],
            "exclude": [as_written(condition, excludes=True) for condition in card.exclude],
        }
    )
    assert [without_place(each) for each in again.include] == [without_place(each) for each in card.include]
    assert [without_place(each) for each in again.exclude] == [without_place(each) for each in card.exclude]
