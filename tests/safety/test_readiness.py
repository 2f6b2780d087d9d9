"""The proof says at its start what it lacks, and never leaves something out in silence."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from cds_service.authoring.safety import readiness
from cds_service.authoring.safety.job import engine
from cds_service.cli import main
from cds_service.facts.catalogue import CATALOGUE
from cds_service.facts.session import OrderingSession
from cds_service.rules.hook_table import HOOKS, hooks_of_kind
from cds_service.states.values import NOW
from cds_service.states.walk import Choices, NeedsDomain, StateFacts


@pytest.fixture
def without_domain(monkeypatch):
    """Leaves the domain of a fact out."""

    def leave_out(name):
        domains = {fact: of for fact, of in readiness.chosen_domains().items() if fact != name}
        monkeypatch.setattr(readiness, "chosen_domains", lambda: domains)

    return leave_out


def test_everything_that_the_cards_ask_can_be_walked():
    readiness.check_ready()


def test_a_fact_without_a_domain_is_told_at_the_start_with_the_file_to_change(without_domain):
    without_domain("leber")
    ended = CliRunner().invoke(main, ["safety", "--processes", "1"])
    assert ended.exit_code == 1
    assert ended.output == (
        "Error: The fact 'leber' reads the patient's record, and its kind does not decide which values it can have: "
        "state its domain in cds_service/facts/history.py.\n"
    )


def test_a_number_that_no_state_varies_is_told_at_the_start(monkeypatch):
    drafted = {name: by for name, by in readiness.DRAFTED.items() if name != "draft.b12_interval"}
    monkeypatch.setattr(readiness, "DRAFTED", drafted)
    with pytest.raises(
        readiness.NotReady, match=r"compare the fact 'draft\.b12_interval' with a number"
    ):
        readiness.check_ready()


@pytest.mark.parametrize(
    "name", [name for name, definition in CATALOGUE.items() if definition.queries]
)
def test_whatever_fact_lacks_a_domain_is_told_where_a_card_asks_it(without_domain, name):
    """A fact that is met only below another one with a domain is never asked of the record."""
    without_domain(name)
    asked = {fact for card in readiness.every_card() for fact in card.facts}
    try:
        readiness.check_ready()
    except readiness.NotReady as told:
        assert f"{name!r}" in str(told)
    else:
        assert name not in asked


def test_the_proof_walks_every_hook():
    """Cards on a hook that is left out would fire unproved, and the proof would say "No violation."."""
    walked = {hook for hooks in hooks_of_kind().values() for hook in hooks}
    assert walked == set(HOOKS)


def test_a_walk_that_meets_a_fact_without_domain_names_it():
    facts = StateFacts(engine("default", "all").site, OrderingSession(), NOW, {}, Choices())
    with pytest.raises(NeedsDomain, match=r"'patient\.age_months'"):
        facts["patient.paediatric"]
