"""What is kept of cards shown and of feedback, and that nothing is kept twice."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cds_service.store import writer
from tests.support.clinic import engine
from tests.support.fhir_builders import PATIENT
from tests.support.site import REASONS, accepted, overridden


def test_feedback_finds_the_card_and_version_that_was_shown(site):
    card = site.folic_acid()
    site.tell(accepted(card["uuid"], card["suggestions"][1]["uuid"]))
    (shown,) = site.rows("card_shown")
    assert shown["card_uuid"] == card["uuid"]
    assert (shown["card_id"], shown["card_version"], shown["indicator"]) == (
        "folic-acid-b12-deficient",
        engine().cards["folic-acid-b12-deficient"].version,
        "critical",
    )
    assert (shown["service_id"], shown["client"], shown["shown_at"]) == (
        "b12-folate-order-select",
        "",
        site.now,
    )
    assert [row["card_uuid"] for row in site.rows("feedback")] == [card["uuid"]]
    assert [row["suggestion_uuid"] for row in site.rows("suggestion_accepted")] == [
        card["suggestions"][1]["uuid"]
    ]


def test_suggestions_are_known_by_their_place_and_label_in_the_card_file(site):
    card = site.folic_acid()
    offered = sorted(site.rows("suggestion_shown"), key=lambda row: row["position"])
    assert [row["suggestion_uuid"] for row in offered] == [
        suggestion["uuid"] for suggestion in card["suggestions"]
    ]
    assert [row["position"] for row in offered] == [0, 2]
    assert offered[1]["label"] == "Replace folic acid with [regimen to start]"


def test_a_repeat_is_stored_once(site):
    card = site.folic_acid()
    item = overridden(card["uuid"], "action-completed")
    site.tell(item)
    site.tell(item, item)
    site.tell({**item, "outcomeTimestamp": "2026-11-23T13:01:00+01:00"})
    assert len(site.rows("feedback")) == 1


def test_the_order_of_accepted_suggestions_makes_no_difference(site):
    site.tell(accepted("card", "one", "two"))
    site.tell(accepted("card", "two", "one", "two"))
    assert len(site.rows("feedback")) == 1
    assert sorted(row["suggestion_uuid"] for row in site.rows("suggestion_accepted")) == [
        "one",
        "two",
    ]


def test_a_later_interaction_with_the_same_card_is_stored_too(site):
    site.tell(overridden("card"))
    site.tell(accepted("card", "one", at="2026-11-23T12:05:00Z"))
    assert sorted(row["outcome"] for row in site.rows("feedback")) == ["accepted", "overridden"]


def test_feedback_on_unknown_cards_is_kept(site):
    site.tell(overridden("not-a-card-of-ours", "patient-refuses"))
    (row,) = site.rows("feedback")
    assert (row["card_uuid"], row["reason_system"], row["reason_code"]) == (
        "not-a-card-of-ours",
        REASONS,
        "patient-refuses",
    )


def test_the_largest_body_that_is_taken_is_stored_in_time(site):
    """Otherwise it would be refused however often it is sent, and hold up the feedback of others each time."""
    began = time.process_time()
    site.tell(
        *(
            accepted(f"card-{number}", *(f"s-{number}-{place}" for place in range(10)))
            for number in range(1000)
        )
    )
    assert time.process_time() - began < writer.WAIT_SECONDS
    assert len(site.rows("feedback")) == 1000
    assert len(site.rows("suggestion_accepted")) == 10_000


def test_a_comment_is_noted_and_its_words_are_not(site):
    site.tell(overridden("commented", comment="Canaria-7461 told me so"), overridden("silent"))
    assert {row["card_uuid"]: row["commented"] for row in site.rows("feedback")} == {
        "commented": True,
        "silent": False,
    }


@pytest.mark.parametrize("together", [True, False])
def test_a_comment_that_comes_later_with_the_same_moment_is_noted_and_is_no_second_interaction(
    site, together
):
    """A client sends the dismissal at once, and again with the words once they are typed."""
    first, later = (
        overridden("card", "patient-refuses"),
        overridden("card", "patient-refuses", comment="Canaria-7461 told me so"),
    )
    if together:
        site.tell(later, first)
    else:
        site.tell(first)
        site.tell(later)
        site.tell(first)
    assert [(row["card_uuid"], row["commented"]) for row in site.rows("feedback")] == [
        ("card", True)
    ]


def test_the_same_feedback_from_many_senders_at_once_is_stored_once(sites):
    several = [sites() for _ in range(3)]
    batch = [overridden(f"card-{number}") for number in range(50)]

    def send(number):
        site = several[number % 3]
        return site.app.test_client().post(
            "/cds-services/b12-folate-order-sign/feedback",
            json={"feedback": batch if number % 2 else batch[::-1]},
        )

    with ThreadPoolExecutor(6) as pool:
        statuses = {answer.status_code for answer in pool.map(send, range(24))}
    assert statuses <= {200, 503}
    assert 200 in statuses
    assert sorted(row["card_uuid"] for row in several[0].rows("feedback")) == sorted(
        item["card"] for item in batch
    )


def test_nothing_of_the_patient_is_kept(site):
    canary = "Canaria-7461"
    card = site.folic_acid(fhirServer=f"https://ehr.example/{canary}")
    site.tell(
        overridden(card["uuid"], "action-completed", comment=canary),
        {
            **overridden("x"),
            "overrideReason": {"reason": {"code": "a", "system": "b", "display": canary}},
            "extension": {canary: canary},
        },
    )
    kept = [
        site.rows(table)
        for table in ("card_shown", "suggestion_shown", "feedback", "suggestion_accepted")
    ]
    assert all(kept[:3])
    assert canary not in str(kept)
    assert PATIENT not in str(kept)
    assert [row["patient_hash"] for row in kept[0]] == [None]
