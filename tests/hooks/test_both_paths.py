"""Hook calls are answered on the event loop where they are hot, and by Flask where they are not: nobody can tell by the answer."""

from __future__ import annotations

import json
import logging
import random
import re
import threading
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from flask import Flask

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.hooks.hot import HOT_BYTES, HotCalls
from cds_service.trust.key_sources import KeyFile
from cds_service.trust.replay import FileStore
from tests.support.clinic import engine
from tests.support.ehr import BASE, ISS, jwks, token
from tests.support.fhir_builders import NOW, folic_acid, hook_request, observation, prefetch
from tests.support.rsgi import PATHS, Answered, Scope, Sent, Served, post
from tests.support.site import overridden
from tests.support.waiting import eventually

ORIGIN = "https://sandbox.cds-hooks.org"
SNOOZE = {"snooze_days": 30, "snooze_key": "a secret for tests, long enough to be one"}
VIEW, SELECT = "b12-folate-patient-view", "b12-folate-order-select"
LOW = prefetch(observation("b12", 110, "pg/mL"), observation("hb", 10.1, "g/dL"))
CLOSED = "http://127.0.0.1:9/fhir"  # a port on which nobody listens, on a machine that may be read
BEARER = {
    "access_token": "t",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "patient/*.read",
    "subject": "cds",
}


def _settings(kind: str, folder: Any) -> dict[str, Any]:
    if kind == "trusting":
        (folder / "jwks.json").write_text(jwks(), "utf-8")
        (folder / "clients.yaml").write_text(
            json.dumps({"clients": [{"iss": ISS, "jwks_file": "jwks.json"}]}), "utf-8"
        )
        return {
            "clients": str(folder / "clients.yaml"),
            "base_url": BASE,
            "replay_store": str(folder / "replay.sqlite3"),
            "calls_per_second": 0,
        }
    return {
        "local": {},
        "open to pages": {"insecure": True, "cors_origins": ORIGIN},
        "snoozing": SNOOZE,
        "small bodies": {"max_body_bytes": 3000},
    }[kind]


def _app(kind: str, folder: Any, **more: Any) -> Flask:
    folder.mkdir()
    with patch("cds_service.app.Engine", lambda chosen: engine(chosen.parameters)):
        settings = Settings(
            database_url=f"sqlite:///{folder}/cds.sqlite3", **{**_settings(kind, folder), **more}
        )
        app = create_app(settings, clock=lambda: NOW)
    store = app.extensions["store"]
    store.start()
    eventually(
        lambda: store._writer.tables_ready.is_set()
    )  # what makes them may do so once at a time in a process
    return app


SITES = ("local", "trusting", "open to pages", "snoozing", "small bodies")


@pytest.fixture(scope="module", params=SITES)
def pair(request, tmp_path_factory) -> tuple[str, Served, Served]:
    """Two services with the same settings: one that answers hot calls on the loop, one that has Flask answer all."""
    folder = tmp_path_factory.mktemp("pair")
    hot, flask = (Served(_app(request.param, folder / path), path) for path in PATHS)
    return request.param, hot, flask


# Odd requests, by seed


def _body(chance: random.Random) -> bytes:
    hook = chance.choice(
        ["patient-view", "patient-view", "order-select", "order-sign", "encounter-discharge"]
    )
    record = chance.choice(
        [LOW, LOW, prefetch(), prefetch(observation("b12", 500, "pg/mL")), {}, None]
    )
    drafts = [folic_acid(id="draft-1")] if hook.startswith("order") else None
    request = hook_request(hook, record, drafts=drafts)
    for change in chance.sample(CHANGES, chance.choice([0, 0, 1, 1, 2])):
        change(request, chance)
    text = json.dumps(request).encode()
    spoil = chance.choice(
        [None] * 9
        + [
            text[:-1],
            b"",
            b"[]",
            b"null",
            text.replace(b'"', b"'"),
            b"\xff" + text,
            b"[" * 5000,
            text + b"}",
            text.decode().encode("utf-16"),
        ]
    )
    return text if spoil is None else spoil


def _drop(request: dict[str, Any], chance: random.Random) -> None:
    part = chance.choice([request, request.get("context") or {}])
    if isinstance(part, dict) and part:
        part.pop(chance.choice([*part]))


def _wrong_type(request: dict[str, Any], chance: random.Random) -> None:
    part = chance.choice([request, request.get("context")])
    if isinstance(part, dict) and part:
        part[chance.choice([*part])] = chance.choice([None, 7, "", [], {}, "a/b", "x" * 300, True])


def _server(request: dict[str, Any], chance: random.Random) -> None:
    request["fhirServer"] = chance.choice(
        [CLOSED, "https://ehr.example.org/fhir", "ftp://ehr.example.org", CLOSED]
    )
    if chance.random() < 0.6:
        request["fhirAuthorization"] = chance.choice(
            [BEARER, BEARER | {"access_token": ""}, {}, BEARER | {"access_token": "a\r\nb"}]
        )


def _authorization_alone(request: dict[str, Any], _: random.Random) -> None:
    request["fhirAuthorization"] = BEARER


def _another_hook(request: dict[str, Any], chance: random.Random) -> None:
    request["hook"] = chance.choice(["order-sign", "patient-view", "appointment-book", ""])


def _large(request: dict[str, Any], chance: random.Random) -> None:
    request["extension"] = {"x": "y" * chance.choice([70_000, HOT_BYTES, 300_000])}


def _odd_record(request: dict[str, Any], chance: random.Random) -> None:
    request["prefetch"] = {
        **(before if isinstance(before := request.get("prefetch"), dict) else {}),
        "b12-results": chance.choice(
            [
                7,
                {"resourceType": "Bundle", "entry": 7},
                {"resourceType": "OperationOutcome"},
                None,
                {
                    "resourceType": "Bundle",
                    "link": [{"relation": "next", "url": f"{CLOSED}/Observation?page=2"}],
                },
            ]
        ),
        "patient": chance.choice(
            [LOW["patient"], None, {"resourceType": "Patient", "id": "another"}]
        ),
    }


def _own_draft(request: dict[str, Any], chance: random.Random) -> None:
    drafts = chance.choice(
        [
            None,
            7,
            {"resourceType": "Patient"},
            {
                "resourceType": "Bundle",
                "entry": [
                    {
                        "resource": {
                            "resourceType": "MedicationRequest",
                            "medicationReference": {"reference": "Medication/m1"},
                        }
                    }
                ],
            },
        ]
    )
    if isinstance(request.get("context"), dict):
        request["context"]["draftOrders"] = drafts


CHANGES = [
    _drop,
    _wrong_type,
    _server,
    _server,
    _authorization_alone,
    _another_hook,
    _large,
    _odd_record,
    _own_draft,
]


def _headers(chance: random.Random, service: str) -> list[tuple[str, str]]:
    headers = [
        (
            "content-type",
            chance.choice(
                ["application/json"] * 8
                + [
                    "application/json; charset=utf-8",
                    "APPLICATION/JSON",
                    "application/fhir+json",
                    "text/plain",
                    "",
                    "application/json; charset=utf-16",
                    "application/x-www-form-urlencoded",
                ]
            ),
        )
    ]
    url = f"{BASE}/cds-services/{service}"
    sign = chance.choice(
        [lambda: token(url)] * 8
        + [
            token,
            lambda: token(url, kid="key-2"),
            lambda: token(url, exp=1),
            lambda: token(url, iss="https://evil.example"),
            lambda: token(url)[:-4],
            lambda: "",
            lambda: "a.b.c",
            lambda: token(url, jti="the same"),
        ]
    )
    if chance.random() < 0.9:
        headers.append(
            ("authorization", f"{chance.choice(['Bearer'] * 6 + ['bearer', 'Basic'])} {sign()}")
        )
    odd = [
        ("host", "localhost"), ("host", "evil.example"), ("host", "[::1]:8080"), ("host", "["), ("host", ""), ("host", "127.0.0.1:1"),
        ("origin", ORIGIN), ("origin", "https://evil.example"), ("content-encoding", "gzip"), ("content-encoding", "identity"),
        ("x-request-id", "call-17"), ("x-request-id", "not plain \u00e9"), ("content-type", "application/json"),
        ("authorization", "Bearer a.b.c"), ("transfer-encoding", "chunked"), ("content_type", "text/plain"), ("cookie", "a=b"),
    ]  # fmt: skip
    return headers + chance.sample(odd, chance.choice([0, 0, 0, 1, 1, 2]))


def _request(chance: random.Random) -> Sent:
    body = _body(chance)
    hook = re.search(rb'"hook": "([a-z-]+)"', body)
    service = chance.choice(
        [f"b12-folate-{hook[1].decode() if hook else 'patient-view'}"] * 8
        + [VIEW, "none", "", f"{VIEW}/", "%62"]
    )
    path = chance.choice(
        [f"/cds-services/{service}"] * 15 + [f"//cds-services/{service}", "/nothing"]
    )
    headers = _headers(chance, service)
    if chance.random() < 0.04:
        headers.append(("content-length", str(chance.choice([len(body) + 1, 10**8, 0]))))
    return Sent(
        chance.choice(["POST"] * 20 + ["GET", "PUT", "OPTIONS", "HEAD"]),
        path,
        tuple(headers),
        body,
        chance.choice(["", "", "", "a=b"]),
        chance.choice(["127.0.0.1", "127.0.0.2", "[::1]"]),
    )


# What an answer is, but for ids


_IDS = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?<![0-9a-f])[0-9a-f]{16}(?![0-9a-f])"
)


def _without_ids(text: str) -> str:
    named: dict[str, str] = {}
    return _IDS.sub(lambda found: named.setdefault(found[0], f"id {len(named)}"), text)


def _seen(answered: Answered, lines: list[str]) -> tuple[int, str, str, list[str]]:
    headers = "\n".join(f"{name}: {value}" for name, value in answered.headers)
    return (
        answered.status,
        _without_ids(headers),
        _without_ids(answered.body.decode()),
        [_without_ids(line) for line in lines],
    )


@contextmanager
def _answered_on_the_loop():
    """The calls that were answered without Flask."""
    answered = []
    real = HotCalls.answer

    def noted(*arguments):
        answer = real(*arguments)
        answered.append(arguments[1])
        return answer

    with patch.object(HotCalls, "answer", noted):
        yield answered


# What happens beside calls, at a time of its own, is not compared.
_BESIDE = re.compile(r"CapabilityStatement|^cds_service\.store")


def _both(hot: Served, flask: Served, sent: Sent, caplog: Any) -> tuple[Any, Any]:
    """What is seen of both answers: status, headers, body, and the lines in the log."""
    found = []
    for served in (hot, flask):
        caplog.clear()
        answered = served(sent)
        lines = [f"{line.name} {line.levelname} {line.getMessage()}" for line in caplog.records]
        found.append(_seen(answered, [line for line in lines if not _BESIDE.search(line)]))
    return found[0], found[1]


@pytest.mark.parametrize("seed", range(3))
def test_odd_requests_have_the_same_answer_by_either_path(pair, seed, caplog):
    kind, hot, flask = pair
    chance = random.Random(f"{kind} {seed}")
    caplog.set_level(logging.INFO, "cds_service")
    statuses = set()
    with _answered_on_the_loop() as on_loop:
        for number in range(120):
            sent = _request(chance)
            by_hot, by_flask = _both(hot, flask, sent, caplog)
            assert by_hot == by_flask, (
                f"request {number} of seed {seed} at the site {kind!r}: {sent!r:.600}"
            )
            statuses.add(by_hot[0])
    assert on_loop or kind == "small bodies"
    refused_by_all = {"trusting": {401}, "local": {421, 415}, "small bodies": {413}}.get(
        kind, {415}
    )
    assert {200, 400, 404} | refused_by_all <= statuses


# By either path


@pytest.fixture(params=PATHS)
def site(request, tmp_path) -> Served:
    """A site that listens on loopback, by one path."""
    return Served(_app("local", tmp_path / "site"), request.param)


@pytest.fixture(params=PATHS)
def trusting(request, tmp_path) -> Served:
    """A site with one registered client."""
    return Served(_app("trusting", tmp_path / "site"), request.param)


def _view(**more: Any) -> bytes:
    return json.dumps(hook_request("patient-view", LOW, **more)).encode()


def _issue(answered: Answered) -> dict[str, Any]:
    (issue,) = json.loads(answered.body)["issue"]
    return issue


def test_a_card_comes(site):
    answered = site(post(VIEW, _view()))
    assert answered.status == 200
    assert dict(answered.headers) == {
        "content-type": "application/json",
        "content-length": str(len(answered.body)),
    }
    assert [card["source"]["topic"]["code"] for card in json.loads(answered.body)["cards"]] == [
        "b12-deficiency-untreated"
    ]


def test_no_card_comes(site):
    assert (
        site(
            post(
                VIEW,
                json.dumps(
                    hook_request("patient-view", prefetch(observation("b12", 500, "pg/mL")))
                ).encode(),
            )
        ).body
        == b'{"cards":[]}'
    )


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (post(VIEW, b"{"), 400, "structure"),
        (post(SELECT, _view()), 400, "invalid"),
        (post("none", _view()), 404, "not-found"),
        (Sent("PUT", f"/cds-services/{VIEW}", (("content-type", "application/json"),), _view()), 405, "not-supported"),
        (post(VIEW, _view(), {"content-type": "text/plain"}), 415, "not-supported"),
        (post(VIEW, _view(), {"content-encoding": "gzip"}), 415, "not-supported"),
        (post(VIEW, json.dumps(hook_request("patient-view", {})).encode()), 412, "required"),
        (post(VIEW, json.dumps(hook_request("patient-view", LOW | {"patient": {"resourceType": "Patient", "id": "p2"}})).encode()), 422, "value"),
        (post(VIEW, _view(), {"host": "evil.example"}), 421, "security"),
        (post(VIEW, _view(), {"content-length": "10000001"}), 413, "too-long"),
        (post(VIEW, _view(), {"content-length": str(len(_view()) + 1)}), 400, "processing"),
    ],
)  # fmt: skip
def test_a_refusal_is_an_operation_outcome_and_a_line_in_the_log(site, sent, status, code, caplog):
    caplog.set_level(logging.INFO, "cds_service")
    answered = site(sent._replace(headers=(*sent.headers, ("x-request-id", "call-17"))))
    assert answered.status == status
    assert _issue(answered)["code"] == code
    assert dict(answered.headers)["x-request-id"] == "call-17"
    assert [
        line
        for line in caplog.messages
        if line.startswith(f"{status} ") and line.endswith("[call-17]")
    ]


def test_a_token_is_taken_once(trusting):
    signed = {"authorization": f"Bearer {token(f'{BASE}/cds-services/{VIEW}')}"}
    first, second = (trusting(post(VIEW, _view(), signed)) for _ in range(2))
    assert first.status == 200
    assert second.status == 401
    assert "used before" in _issue(second)["details"]["text"]
    assert dict(second.headers)["connection"] == "close"


def test_a_body_without_a_token_is_refused_for_that_alone(trusting):
    answered = trusting(post(VIEW, b"no JSON"))
    assert answered.status == 401
    assert dict(answered.headers)["www-authenticate"] == 'Bearer realm="CDS Hooks"'


@pytest.mark.parametrize("path", PATHS)
def test_calls_of_a_client_have_a_limit(path, tmp_path):
    served = Served(_app("trusting", tmp_path / "site", calls_per_second=0.2), path)
    statuses = [
        served(
            post(VIEW, _view(), {"authorization": f"Bearer {token(f'{BASE}/cds-services/{VIEW}')}"})
        ).status
        for _ in range(4)
    ]
    assert statuses[:2] == [200, 200]
    assert statuses[-1] == 429


@pytest.mark.parametrize("path", PATHS)
def test_a_snoozed_card_stays_silent(path, tmp_path):
    served = Served(_app("snoozing", tmp_path / "site"), path)
    (card,) = json.loads(served(post(VIEW, _view())).body)["cards"]
    served(
        post(
            f"{VIEW}/feedback",
            json.dumps({"feedback": [overridden(card["uuid"], "action-completed")]}).encode(),
        )
    )
    eventually(
        lambda: served(post(VIEW, _view())).body == b'{"cards":[]}'
    )  # the store's thread renews what is snoozed


def test_what_was_shown_is_noted(site):
    noted: list[Any] = []
    with patch.object(site.app.extensions["store"], "note_shown", noted.extend):
        (card,) = json.loads(site(post(VIEW, _view())).body)["cards"]
    (shown,) = noted
    assert (shown.uuid, shown.id, shown.service_id, shown.client) == (
        card["uuid"],
        "b12-deficiency-untreated",
        VIEW,
        "",
    )
    assert [suggestion.uuid for suggestion in shown.suggestions] == [
        suggestion["uuid"] for suggestion in card["suggestions"]
    ]


def test_many_calls_at_once_have_each_their_own_answer(site):
    many = [
        post(
            VIEW,
            json.dumps(
                hook_request("patient-view", prefetch(observation("b12", 90 + n, "pg/mL")))
            ).encode(),
        )
        for n in range(40)
    ]
    for n, answered in enumerate(site.all_of(many)):
        assert f"{90 + n} pg/mL" in answered.body.decode()


# What waits is left to threads


class Servers:
    """FHIR servers that answer nothing, and note in which thread they were asked."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.asked: list[threading.Thread] = []

    def reading(self, *_: Any) -> Any:
        def fetch(urls: Any) -> Any:
            from cds_service.fhir.retrieval import Fetched

            self.asked.append(threading.current_thread())
            return dict.fromkeys(urls, Fetched(problem="it is a test's"))

        return fetch

    def profile_of(self, *_: Any) -> None:
        return None


@pytest.mark.parametrize(
    "record",
    [
        prefetch() | {"b12-results": None},
        {"patient": LOW["patient"], "b12-results": LOW["b12-results"]},
    ],
    ids=["asked again", "missing"],
)
def test_a_fhir_server_is_never_asked_on_the_loop(record, tmp_path):
    servers = Servers()
    with patch("cds_service.app.FhirClient", lambda *_, **__: servers):
        served = Served(_app("local", tmp_path / "site"), "hot")
    request = hook_request("patient-view", {**record}, fhirServer=CLOSED, fhirAuthorization=BEARER)
    if record["b12-results"] is None:
        request["prefetch"]["b12-results"] = {
            "resourceType": "Bundle",
            "link": [{"relation": "next", "url": f"{CLOSED}?page=2"}],
        }
    with _answered_on_the_loop() as on_loop:
        assert served(post(VIEW, json.dumps(request).encode())).status in (200, 412)
    assert servers.asked
    assert not on_loop
    assert threading.current_thread() not in servers.asked


def test_a_call_with_all_that_it_needs_stays_on_the_loop_though_it_names_a_server(tmp_path):
    served = Served(_app("local", tmp_path / "site"), "hot")
    whole = hook_request("patient-view", LOW, fhirServer=CLOSED, fhirAuthorization=BEARER)
    with _answered_on_the_loop() as on_loop:
        assert served(post(VIEW, json.dumps(whole).encode())).status == 200
    assert len(on_loop) == 1


def test_keys_and_used_tokens_are_never_looked_up_on_the_loop(tmp_path):
    served = Served(_app("trusting", tmp_path / "site"), "hot")
    threads = []

    def noting(real):
        def noted(*arguments):
            threads.append(threading.current_thread())
            return real(*arguments)

        return noted

    with (
        patch.object(KeyFile, "find", noting(KeyFile.find)),
        patch.object(FileStore, "first_use", noting(FileStore.first_use)),
        _answered_on_the_loop() as on_loop,
    ):
        signed = {"authorization": f"Bearer {token(f'{BASE}/cds-services/{VIEW}')}"}
        assert served(post(VIEW, _view(), signed)).status == 200
    assert len(on_loop) == 1
    assert len(threads) == 2
    assert threading.current_thread() not in threads


@pytest.mark.parametrize(("size", "is_hot"), [(HOT_BYTES, True), (HOT_BYTES + 1, False)])
def test_a_large_body_is_left_to_a_thread(size, is_hot, tmp_path):
    served = Served(_app("local", tmp_path / "site"), "hot")
    sent = post(VIEW, _view().ljust(size))
    assert bool(served.app.extensions["hot"].recognised(Scope(sent))) is is_hot
    assert served(sent).status == 200
