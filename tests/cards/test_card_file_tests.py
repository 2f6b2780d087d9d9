"""Every test inside a card file holds in every parameter set, and every criterion of a card has a test that it decides."""

from collections import defaultdict
from functools import cache

import pytest

from cds_service.authoring.card_tests import applicable_tests, read_test, run_tests
from cds_service.config import Settings
from cds_service.engine import Engine
from tests.spec.scenarios import BY_HAND

CARDS = sorted(Engine(Settings()).cards)


@cache
def results_by_card():
    found = defaultdict(list)
    for result in run_tests():
        found[result.card].append(result)
    return found


def test_there_are_tests_of_every_card():
    assert sorted(results_by_card()) == CARDS


@pytest.mark.parametrize("card", CARDS)
def test_card_decides_as_its_file_says(card):
    """In every parameter set; ``python -m cds_service test`` tells how each that fails was decided."""
    results = results_by_card()[card]
    assert results
    assert [
        f"{result.place}: {result.parameter_set}: {result.name}: {result.problem}"
        for result in results
        if result.problem
    ] == []


@pytest.mark.parametrize("card", Engine(Settings()).cards.values(), ids=lambda card: card.id)
def test_every_criterion_of_a_card_has_a_test_that_it_decides(card):
    outcomes = [read_test(card, test)[2] for test in applicable_tests(card, "default")]
    assert "fires" in outcomes
    assert {condition.id for condition in (*card.include, *card.exclude)} <= set(outcomes)


def test_a_whole_request_is_of_a_card_that_there_is():
    assert set(BY_HAND) <= set(CARDS)
