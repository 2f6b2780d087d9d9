"""Every link that the sandbox prints leads to the card that is promised, in the public CDS Hooks Sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from cds_service.sandbox.by_example import everybody
from cds_service.sandbox.patients import HEALTHY
from tests.sandbox.cds_hooks_sandbox import Sandbox
from tests.sandbox.started import Started, sandbox
from tests.support.clinic import engine, ids
from tests.support.ehr import jwks_server, token
from tests.support.waiting import PATIENCE

PEOPLE = everybody(engine().cards)
BY_ID = {person.id: person for person in PEOPLE}
CHOSEN = {person.id: (person.choice.code, person.choice.name) for person in PEOPLE if person.choice}


def test_there_is_a_patient_for_every_card_and_a_healthy_one() -> None:
    assert sorted(person.card for person in PEOPLE) == sorted(["", *engine().cards])


def test_each_patient_is_printed_with_a_link_unless_the_order_is_in_no_list_there(
    started: Started,
) -> None:
    assert set(started.patients) == set(BY_ID)
    without = {identity for identity, printed in started.patients.items() if not printed.link}
    assert without == {
        person.id
        for person in PEOPLE
        if (person.order or person.stops is not None) and not person.choice
    }
    assert {
        identity: printed.choose for identity, printed in started.patients.items() if printed.choose
    } == {identity: name for identity, (_, name) in CHOSEN.items()}


@pytest.mark.parametrize(
    "prefetching", [True, False], ids=["prefetch", "the service reads the FHIR server"]
)
def test_every_link_shows_the_cards_that_are_promised(started: Started, prefetching: bool) -> None:
    wrong = {}
    for identity, printed in started.patients.items():
        if not printed.link:
            continue
        cards = Sandbox(printed.link).cards(CHOSEN.get(identity), prefetching=prefetching)
        shown = "; ".join(card["summary"] for card in cards) or "no card"
        wanted = BY_ID[identity].card
        if shown != printed.expect or (wanted and wanted not in ids(cards)):
            wrong[identity] = (shown, ids(cards))
    assert not wrong


def test_nothing_is_said_of_the_healthy_patient(started: Started) -> None:
    assert started.patients[HEALTHY.id].expect == "no card"
    for hook in ("patient-view", "order-select", "order-sign", "encounter-discharge"):
        request = requests.get(
            f"{started.demo}/requests/{HEALTHY.id}?hook={hook}", timeout=PATIENCE
        ).json()
        answer = requests.post(
            f"{started.service}/cds-services/b12-folate-{hook}", json=request, timeout=PATIENCE
        )
        assert (answer.status_code, answer.json()) == (200, {"cards": []})


def test_a_condition_has_the_code_and_the_text_by_which_the_page_lists_it(started: Started) -> None:
    page = Sandbox(started.patients["priya-nair"].link)
    assert page.conditions["total"] == 1
    [entry] = page.conditions["entry"]
    assert (entry["resource"]["code"]["text"], entry["resource"]["code"]["coding"][0]["code"]) == (
        "Pregnancy",
        "77386006",
    )


def test_with_registered_keys_the_address_in_the_link_is_the_one_in_the_token(
    tmp_path: Path,
) -> None:
    """The page signs for the address that it calls: ``localhost`` is another one, though the same machine answers."""
    with jwks_server() as keys:
        (tmp_path / "clients.yaml").write_text(
            f"clients:\n  - iss: https://sandbox.cds-hooks.org\n    jku: {keys.url}\n", "utf-8"
        )

        def signed(url: str) -> str:
            return token(url, iss="https://sandbox.cds-hooks.org", header={"jku": keys.url})

        with sandbox(
            tmp_path,
            CDS_CLIENTS=str(tmp_path / "clients.yaml"),
            CDS_REPLAY_STORE=str(tmp_path / "replay.sqlite3"),
        ) as running:
            link = running.patients["margaret-hill"].link
            assert ids(Sandbox(link, signed).cards(CHOSEN["margaret-hill"])) == [
                "folic-acid-b12-deficient"
            ]
            url = f"{running.service}/cds-services/b12-folate-patient-view"
            named = url.replace("127.0.0.1", "localhost")
            answer = requests.post(
                named,
                json={},
                headers={"Authorization": f"Bearer {signed(named)}"},
                timeout=PATIENCE,
            )
            assert answer.status_code == 401
            assert "aud must be this endpoint's URL" in answer.json()["issue"][0]["details"]["text"]
