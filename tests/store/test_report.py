"""The report: what became of the cards, in numbers that can be counted by hand."""

import threading
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from flask import g

from cds_service.store.records import ShownCard
from cds_service.store.report import wilson
from tests.support.clinic import engine
from tests.support.site import accepted, overridden

EARLY, LATE = "2026-11-23T12:01:00Z", "2026-11-23T12:02:00Z"


def _only(report):
    (card,) = report["cards"]
    return card


def _counts(card):
    return tuple(card[name]["count"] for name in ("accepted", "overridden", "noResponse"))


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    # R. G. Newcombe, Statistics in Medicine 1998;17:857-872, table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_are_those_that_were_published(count, total, low, high):
    rate = wilson(count, total)
    assert (round(rate.low, 4), round(rate.high, 4)) == (low, high)


def test_intervals_of_all_and_of_nothing():
    assert wilson(20, 20).high == 1.0
    assert wilson(0, 0).share is None


def test_shown_accepted_overridden_and_unanswered(site):
    first, second, third, _ = (site.folic_acid() for _ in range(4))
    site.tell(
        accepted(first["uuid"], first["suggestions"][1]["uuid"]),
        overridden(second["uuid"], "patient-refuses"),
        overridden(third["uuid"]),
    )
    card = _only(site.report())
    assert (card["id"], card["version"], card["shown"]) == (
        "folic-acid-b12-deficient",
        engine().cards["folic-acid-b12-deficient"].version,
        4,
    )
    assert _counts(card) == (1, 2, 1)
    assert card["accepted"] == {"count": 1, "of": 4, "share": 0.25, "low": 0.0456, "high": 0.6994}
    assert [
        (item["index"], item["accepted"]["count"], item["accepted"]["of"])
        for item in card["suggestions"]
    ] == [(0, 0, 4), (2, 1, 4)]
    assert [
        (item["code"], item["overridden"]["count"], item["overridden"]["of"])
        for item in card["reasons"]
    ] == [
        ("", 1, 2),
        ("patient-refuses", 1, 2),
    ]


def test_the_latest_interaction_counts(site):
    dismissed_first, accepted_first = site.folic_acid(), site.folic_acid()
    suggestion = [card["suggestions"][0]["uuid"] for card in (dismissed_first, accepted_first)]
    site.tell(
        accepted(dismissed_first["uuid"], suggestion[0], at=LATE),
        overridden(dismissed_first["uuid"], "patient-refuses", at=EARLY),
    )
    site.tell(
        accepted(accepted_first["uuid"], suggestion[1], at=EARLY),
        overridden(accepted_first["uuid"], "action-completed", at=LATE),
    )
    card = _only(site.report())
    assert _counts(card) == (1, 1, 0)
    assert card["suggestions"][0]["accepted"]["count"] == 1
    assert [item["code"] for item in card["reasons"]] == ["action-completed"]


def test_a_card_that_is_drawn_anew_while_an_order_takes_shape_was_shown_once(site):
    """An EHR asks at each keystroke; nobody left the first three without a response."""
    *_, last = (
        site.folic_acid("Practitioner/a", hook)
        for hook in ("order-select", "order-select", "order-select", "order-sign")
    )
    site.tell(accepted(last["uuid"], last["suggestions"][0]["uuid"]))
    card = _only(site.report())
    assert (card["shown"], *_counts(card)) == (1, 1, 0, 0)
    assert [
        (item["accepted"]["count"], item["accepted"]["of"]) for item in card["suggestions"]
    ] == [(1, 1), (0, 1)]
    assert [(week["shown"], week["accepted"]["count"]) for week in card["weeks"]] == [(1, 1)]


def test_an_answer_to_any_drawing_of_a_card_is_an_answer_to_it(site):
    first, second, _ = (site.folic_acid("Practitioner/a") for _ in range(3))
    site.tell(overridden(first["uuid"], "patient-refuses", at=EARLY))
    site.tell(accepted(second["uuid"], second["suggestions"][1]["uuid"], at=LATE))
    card = _only(site.report())
    assert (card["shown"], *_counts(card)) == (1, 1, 0, 0)
    assert card["reasons"] == []


@pytest.mark.parametrize("apart", ["another user", "another day", "another EHR"])
def test_what_is_no_redrawing_is_counted_apart(site, apart):
    site.folic_acid("Practitioner/a")
    if apart == "another day":
        site.now += timedelta(days=1)
    more = {"fhirServer": "https://other.example.org/fhir"} if apart == "another EHR" else {}
    site.folic_acid("Practitioner/b" if apart == "another user" else "Practitioner/a", **more)
    assert _counts(_only(site.report())) == (0, 0, 2)


def test_the_occasion_says_nothing_of_the_patient_and_has_another_name_after_a_start(sites):
    """A keyed hash whose key ends with the service: nobody can try patients out on it."""
    first, second = sites(), sites()
    for site in (first, second):
        site.folic_acid("Practitioner/a")
        site.folic_acid("Practitioner/a")
    first.store.close()
    names = [row["occasion"] for row in second.rows("card_shown")]
    assert len(names) == 4 and len(set(names)) == 2
    assert all(len(name) == 64 for name in names)


def test_two_suggestions_accepted_one_after_the_other_are_one_accepted_card(site):
    card = site.folic_acid()
    one, two = (suggestion["uuid"] for suggestion in card["suggestions"])
    site.tell(accepted(card["uuid"], one, at=EARLY), accepted(card["uuid"], one, two, at=LATE))
    card = _only(site.report())
    assert _counts(card) == (1, 0, 0)
    assert [item["accepted"]["count"] for item in card["suggestions"]] == [1, 1]


def test_versions_stand_in_the_order_of_their_numbers(site):
    versions = ["1.9.0", "1.10.0", "1.10.0+st-elsewhere", "2.0.0"]
    site.store.note_shown(
        [
            ShownCard(version, "our-card", version, "info", "service", "", site.now, ())
            for version in reversed(versions)
        ]
    )
    assert [shown["version"] for shown in site.report()["cards"]] == versions


def test_a_report_for_which_there_was_no_thread_can_be_had_later(site):
    site.folic_acid()
    with patch.object(
        threading.Thread, "start", side_effect=RuntimeError("can't start new thread")
    ):
        assert site.client.get("/api/report").status_code == 503
    assert _only(site.report())["shown"] == 1


def test_a_trend_by_week(site):
    for later, answered in ((0, True), (0, False), (7, True), (7, False)):
        site.now += timedelta(days=later)
        card = site.folic_acid()
        if answered:
            site.tell(accepted(card["uuid"], card["suggestions"][0]["uuid"]))
    weeks = _only(site.report())["weeks"]
    assert [(week["week"], week["shown"], week["accepted"]["count"]) for week in weeks] == [
        ("2026-11-23", 2, 1),
        ("2026-11-30", 1, 1),
        ("2026-12-07", 1, 0),
    ]


def test_weeks_asked_for_include_the_present_one(site):
    site.folic_acid()
    site.now += timedelta(days=7)
    site.folic_acid()
    assert _only(site.report("?weeks=1"))["shown"] == 1
    assert _only(site.report("?weeks=2"))["shown"] == 2


def test_feedback_on_unknown_cards_is_counted_apart(site):
    site.folic_acid()
    site.tell(overridden("unknown"))
    report = site.report()
    assert report["unmatchedFeedback"] == 1
    assert _counts(_only(report)) == (0, 0, 1)


def test_a_client_sees_its_own_cards_and_answers_for_no_other(site):
    calls = {"caller": None}
    site.app.before_request(lambda: setattr(g, "caller", calls["caller"]))
    calls["caller"] = SimpleNamespace(iss="https://one.example", tenant=None)
    one = site.folic_acid()
    calls["caller"] = SimpleNamespace(iss="https://two.example", tenant="clinic")
    two = site.folic_acid()
    site.tell(overridden(one["uuid"]), overridden(two["uuid"]))
    report = site.report()
    assert _counts(_only(report)) == (0, 1, 0)
    assert report["unmatchedFeedback"] == 1
    calls["caller"] = SimpleNamespace(iss="https://one.example", tenant=None)
    assert _counts(_only(site.report())) == (0, 0, 1)
