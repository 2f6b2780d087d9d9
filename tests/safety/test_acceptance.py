"""Suggestions are accepted one after the other, and no answer on the way breaks an invariant."""

from random import Random

import pytest

from tests.safety import acceptance
from tests.safety.acceptance import Broken, accept_suggestions, run
from tests.safety.patients import Visit
from tests.support.fhir_builders import condition, folic_acid, observation, prefetch


def test_sessions_in_which_suggestions_are_accepted_break_no_invariant():
    tally = run(300, 1)
    assert tally["sessions"] >= 300
    assert tally["sessions of 1 accepted suggestions"] > 20
    assert tally["sessions of 2 accepted suggestions"] > 5


def test_a_test_that_is_asked_for_again_would_be_found(monkeypatch):
    record = prefetch(observation("b12", 250, "ng/L", ago=3), condition("386033004"))
    visit = Visit("patient-view", {}, record, [folic_acid(id="draft0")], [])
    accept_suggestions(visit, Random(1), acceptance.Counter())
    monkeypatch.setattr(
        acceptance, "_accept", lambda session, suggestion: session.ordered.add("mma")
    )
    with pytest.raises(Broken, match="b12-indeterminate-neuro asks again for mma"):
        accept_suggestions(visit, Random(1), acceptance.Counter())
