"""A FHIR server that is a process of its own, and answers in pages of one entry."""

from __future__ import annotations

from tests.bench.servers import running
from tests.fhir_access.calls import cards_of, ids_of, post
from tests.support.serving import held_port


def test_a_record_is_read_page_by_page_and_by_a_token_alone():
    program = "tests.support.fhir_server"
    with held_port() as port, running(program, str(port), "0", "--page-size", "1", port=port):
        server = f"http://127.0.0.1:{port}/fhir"
        answer = post(server)
        [card] = cards_of(answer)
        refused = post(server, granted={"access_token": "another-token"})
    assert ids_of(answer) == ["b12-deficiency-neuro"]
    assert [
        value for value in ("110 pg/mL", "101 g/L", "112 fL") if value not in card["detail"]
    ] == []
    assert refused.status_code == 412
    assert refused.get_json()["resourceType"] == "OperationOutcome"
