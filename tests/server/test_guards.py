"""What goes wrong within a call is said and counted, and the call is answered: one meaning for each step of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cds_service.facts import catalogue
from cds_service.facts.guard import UNREADABLE, readable
from cds_service.rendering import cards as rendering
from cds_service.troubles import TROUBLES
from tests.support.clinic import client, facts_of, fire, ids
from tests.support.fhir_builders import NOW, hook_request, observation, prefetch

SECRET = "Canaria-7461"
RECORD = prefetch(observation("b12", 110, "pg/mL"), observation("potassium", 3.0, "mmol/L"))


def _failing(*_: Any, **__: Any) -> Any:
    raise TypeError(SECRET)


def test_a_fact_that_cannot_be_worked_out_is_unknown(monkeypatch, caplog):
    before = TROUBLES.unread
    monkeypatch.setitem(catalogue.CATALOGUE, "hb", _with_computation("hb", _failing))
    facts = facts_of(observation("b12", 110, "pg/mL"), observation("hb", 8.2, "g/dL"))
    assert facts["hb"].is_unknown
    assert facts["b12.total"].value is not None
    assert facts["b12.status"].value == "deficient"
    assert TROUBLES.unread == before + 1
    assert (
        "the fact hb could not be worked out and is unknown: TypeError at test_guards.py:"
        in caplog.text
    )
    assert SECRET not in caplog.text


def _with_computation(name: str, compute: Any) -> Any:
    from dataclasses import replace

    return replace(catalogue.CATALOGUE[name], compute=compute)


def test_where_facts_are_not_of_a_call_the_error_is_told():
    """An author's tools must not hide a mistake in a fact."""
    facts = catalogue.Facts(facts_of().site, facts_of().session, NOW, _failing)
    with pytest.raises(TypeError):
        facts["hb"]


def test_a_card_that_cannot_be_rendered_is_left_out_and_the_others_stay(monkeypatch, caplog):
    usual = ids(fire("patient-view", RECORD))
    render = rendering._Rendering.card

    def one_fails(self: Any) -> Any:
        return _failing() if self.source.id == usual[0] else render(self)

    monkeypatch.setattr(rendering._Rendering, "card", one_fails)
    before = TROUBLES.dropped
    assert ids(fire("patient-view", RECORD)) == usual[1:]
    assert TROUBLES.dropped == before + 1
    assert f"the card {usual[0]} is left out of an answer: TypeError" in caplog.text
    assert SECRET not in caplog.text


def test_a_card_that_cannot_be_written_is_left_out_and_the_others_stay(monkeypatch, caplog):
    usual = ids(fire("patient-view", RECORD))
    render = rendering._Rendering.card

    def half_a_character(self: Any) -> Any:
        card = render(self)
        return (
            card._replace(shown=msgspec.structs.replace(card.shown, detail="\ud800"))
            if self.source.id == usual[0]
            else card
        )

    monkeypatch.setattr(rendering._Rendering, "card", half_a_character)
    assert ids(fire("patient-view", RECORD)) == usual[1:]
    assert f"the card {usual[0]} is left out of an answer" in caplog.text


def test_a_card_that_cannot_be_rendered_is_no_plan_that_it_does_not_apply(monkeypatch):
    """``$apply`` asks for one card: an empty plan would say that it does not apply."""
    from tests.support.apply import parameters

    monkeypatch.setattr(rendering._Rendering, "card", _failing)
    body = parameters(hook_request("patient-view", RECORD))
    answer = client().post("/fhir/PlanDefinition/b12-deficiency-untreated/$apply", json=body)
    assert answer.status_code == 422
    assert "cannot be written" in answer.get_json()["issue"][0]["details"]["text"]


@pytest.mark.parametrize("error", UNREADABLE)
def test_whatever_reading_meets_gives_what_was_said(error):
    def read() -> int:
        raise error(SECRET)

    assert readable(read, 7) == 7
