"""The proof says at its start what it lacks, and never leaves something out in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_service.authoring.safety import readiness
from cds_service.authoring.safety.enumeration import Choices, NeedsClasses, StateFacts
from cds_service.authoring.safety.job import engine
from cds_service.cli import main
from cds_service.facts.catalogue import CATALOGUE
from cds_service.facts.session import OrderingSession
from cds_service.rules.hook_table import HOOKS, hooks_of_kind
from cds_service.states.values import NOW


@pytest.fixture
def without_classes(monkeypatch):
    """Leaves the classes of a fact out."""

    def leave_out(name):
        classes = {fact: of for fact, of in readiness.chosen_classes().items() if fact != name}
        monkeypatch.setattr(readiness, "chosen_classes", lambda: classes)

    return leave_out


def test_everything_that_the_cards_ask_can_be_walked():
    readiness.check_ready()


def test_a_fact_without_classes_is_told_at_the_start_with_the_file_to_change(without_classes):
    without_classes("leber")
    ended = CliRunner().invoke(main, ["safety", "--processes", "1"])
    assert ended.exit_code == 1
    assert ended.output == (
        "Error: The fact 'leber' reads the patient's record and has no classes, which stand for its values: "
        "add them in cds_service/authoring/safety/classes.py.\n"
    )


@pytest.mark.parametrize(
    "name", [name for name, definition in CATALOGUE.items() if definition.queries]
)
def test_whatever_fact_lacks_classes_is_told_where_a_card_asks_it(without_classes, name):
    """A fact that is met only below another one with classes is never asked of the record."""
    without_classes(name)
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


def test_a_walk_that_meets_a_fact_without_classes_names_it():
    facts = StateFacts(engine("default", "all").site, OrderingSession(), NOW, {}, Choices())
    with pytest.raises(NeedsClasses, match=r"'patient\.age_months'"):
        facts["patient.paediatric"]


def test_the_file_that_is_named_is_there():
    root = Path(__file__).parents[2]
    assert (root / readiness.CLASSES_FILE).is_file()
