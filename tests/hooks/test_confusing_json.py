"""JSON that two readers may read differently, and numbers beyond all measure: refused, or read in one way and no other."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.spec.scenarios import EVERY_CARD, LOW_B12
from tests.support.clinic import client as service
from tests.support.clinic import ids
from tests.support.fhir_builders import hook_request, prefetch

PATH = "/cds-services/b12-folate-patient-view"
REQUEST = hook_request("patient-view", prefetch(LOW_B12))
BODY = json.dumps(REQUEST)


def _post(client: FlaskClient, body: str | bytes, path: str = PATH) -> TestResponse:
    return client.post(path, data=body, content_type="application/json")


def _with_twice(element: str, first: Any, last: Any) -> str:
    """The request with ``element`` twice, in this order."""
    assert BODY.count(f'"{element}": ') == 1
    body = re.sub(
        f'"{element}": ("[^"]*")',
        f'"{element}": {json.dumps(first)}, "{element}": {json.dumps(last)}',
        BODY,
    )
    assert body.count(f'"{element}": ') == 2
    return body


# Names that stand twice: the last one counts, everywhere, as it does for the readers of most languages


def test_of_two_patients_the_last_one_counts_in_all_respects(client: FlaskClient) -> None:
    """Results of the other are not used, and no order is made for them."""
    answer = _post(client, _with_twice("patientId", "somebody-else", "pat-1"))
    assert ids(answer.get_json()["cards"]) == ["b12-deficiency-untreated"]
    assert "Patient/pat-1" in answer.get_data(as_text=True)
    assert "somebody-else" not in answer.get_data(as_text=True)
    answer = _post(client, _with_twice("patientId", "pat-1", "somebody-else"))
    assert "Patient/pat-1" not in answer.get_data(as_text=True)
    assert "b12-deficiency-untreated" not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "options", [{}, {"service_ids": "shared"}], ids=["distinct ids", "shared ids"]
)
def test_of_two_hooks_the_last_one_counts(options: dict[str, str]) -> None:
    path = "/cds-services/b12-folate" if options else PATH
    assert (
        _post(
            service(**options), _with_twice("hook", "order-sign", "patient-view"), path
        ).status_code
        == 200
    )
    refused = _post(
        service(**options), _with_twice("hook", "patient-view", "medication-prescribe"), path
    )
    assert refused.get_json()["issue"][0]["expression"] == ["hook"]


@pytest.mark.parametrize(("values", "fires"), [((800, 110), True), ((110, 800), False)])
def test_of_two_values_of_a_result_the_last_one_counts(
    client: FlaskClient, values: tuple[int, int], fires: bool
) -> None:
    body = BODY.replace('"value": 110', f'"value": {values[0]}, "value": {values[1]}')
    assert ids(_post(client, body).get_json()["cards"]) == (
        ["b12-deficiency-untreated"] if fires else []
    )


# Numbers

MONSTERS = [
    "1e999999",
    "-1e999999",
    "1e-999999",
    "9" * 400,
    "-" + "9" * 400,
    "9" * 5000,
    "1e308",
    "0." + "0" * 400 + "1",
    "-0.0",
    "4.9e-324",
]


@pytest.mark.parametrize("card_id", EVERY_CARD)
def test_a_number_beyond_all_measure_anywhere_is_refused_or_not_used(
    client: FlaskClient, card_id: str
) -> None:
    """Results, doses, periods and counts, one at a time: never an error of the service, nor a number on a card that is none."""
    request = EVERY_CARD[card_id]
    body = json.dumps(request)
    for begin, end in [
        found.span() for found in re.finditer(r"(?<=: )-?\d+(\.\d+)?(?=[,}\]])", body)
    ]:
        for monster in MONSTERS:
            answer = _post(
                client,
                body[:begin] + monster + body[end:],
                f"/cds-services/b12-folate-{request['hook']}",
            )
            assert answer.status_code in (200, 400), (monster[:20], body[begin - 60 : begin])
            text = json.dumps(
                json.loads(answer.get_data(), parse_constant=lambda name: pytest.fail(name))
            )
            assert not re.search(r"9{20}|\binf\b|\bnan\b|Infinity|E\+\d", text), (
                monster[:20],
                body[begin - 60 : begin],
            )


# Encodings

MARKED = {
    "UTF-8 with a byte order mark": codecs.BOM_UTF8 + BODY.encode(),
    "UTF-16": BODY.encode("utf-16"),
    "UTF-16 without a mark": BODY.encode("utf-16-le"),
    "UTF-32": BODY.encode("utf-32"),
    "UTF-7": b"+AHs-" + BODY.encode()[1:],
    "EBCDIC": BODY.encode("cp037"),
    "a NUL before": b"\0" + BODY.encode(),
    "a NUL after": BODY.encode() + b"\0",
    "a NUL in a text": BODY.replace("pat-1", "pat-1\0").encode(),
    "a second document": (BODY + BODY).encode(),
}


@pytest.mark.parametrize(
    "charset", ["", "; charset=utf-16", "; charset=utf-7", "; charset=latin-1"]
)
@pytest.mark.parametrize("name", MARKED)
def test_other_encodings_than_utf_8_are_refused(
    client: FlaskClient, name: str, charset: str
) -> None:
    """RFC 8259, section 8.1: UTF-8, without a mark; what a charset says changes nothing."""
    answer = client.post(PATH, data=MARKED[name], content_type=f"application/json{charset}")
    assert answer.status_code == 400
    assert answer.get_json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("escape", ["\\u0000", "\\ud800", "\\u202e", "\\ufeff", "\\u0007"])
@pytest.mark.parametrize("element", ["hookInstance", "userId", "patientId"])
def test_strange_characters_in_an_id_never_come_back(
    client: FlaskClient, element: str, escape: str
) -> None:
    body = re.sub(f'"{element}": "', lambda found: found[0] + escape, BODY, count=1)
    answer = _post(client, body)
    assert answer.status_code in (200, 400, 422)
    assert not re.search("[\x00-\x1f\u202e\ufeff]", answer.get_data(as_text=True))
    assert element != "patientId" or answer.status_code in (400, 422)
