"""The definitions under ``/fhir``: FHIR R4's read and search, errors as OperationOutcomes, JSON alone."""

from __future__ import annotations

import json
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement

from cds_service import __version__
from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.content import PROFILES
from cds_service.engine import Engine
from tests.support.clinic import client, engine
from tests.support.ehr import service
from tests.support.fhir_builders import NOW

BASE = "https://b12-folate-cds.example.org/fhir"
HANDED_OVER = Path(__file__).parents[1] / "fhir_profiles/handed_over"
ORIGIN = "https://sandbox.cds-hooks.org"
CARDS = len(engine().cards)


def version_of(card_id: str) -> str:
    """The version that a card's file states."""
    return engine().cards[card_id].version


def get(path: str, **headers: str) -> Any:
    return client().get(
        f"/fhir{path}", headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def found(query: str) -> dict[str, Any]:
    """The Bundle that a search finds."""
    response = get(query)
    assert response.status_code == 200, response.get_json()
    bundle: dict[str, Any] = response.get_json()
    return bundle


def ids(bundle: dict[str, Any]) -> list[str]:
    return [entry["resource"]["id"] for entry in bundle.get("entry", [])]


def links(bundle: dict[str, Any]) -> dict[str, str]:
    return {link["relation"]: link["url"] for link in bundle["link"]}


# Capabilities


def test_the_capability_statement_says_what_can_be_done():
    response = get("/metadata")
    assert (response.status_code, response.content_type) == (200, "application/fhir+json")
    statement = response.get_json()
    CapabilityStatement.model_validate(statement)
    assert (statement["kind"], statement["fhirVersion"], statement["status"]) == (
        "instance",
        "4.0.1",
        "active",
    )
    assert statement["software"] == {"name": "b12-folate-cds", "version": __version__}
    (rest,) = statement["rest"]
    by_type = {resource["type"]: resource for resource in rest["resource"]}
    by_hand = {
        json.loads(path.read_text("utf-8"))["resourceType"]
        for path in PROFILES.glob("*/*.json")
        if path.parent.name != "examples"
    }
    assert set(by_type) == by_hand | {"PlanDefinition", "Library"}
    assert {code["code"] for code in by_type["ValueSet"]["interaction"]} == {"read", "search-type"}
    assert by_type["PlanDefinition"]["operation"] == [
        {"name": "apply", "definition": f"{BASE}/OperationDefinition/plan-definition-apply"}
    ]
    assert [name for name, resource in by_type.items() if "operation" in resource] == [
        "PlanDefinition"
    ]


def test_every_search_parameter_that_is_promised_finds_something():
    (rest,) = get("/metadata").get_json()["rest"]
    values = {
        "_id": "b12-duplicate",
        "url": f"{BASE}/PlanDefinition/b12-duplicate",
        "name": "B12Duplicate",
        "status": "draft",
        "version": version_of("b12-duplicate"),
    }
    (plans,) = [resource for resource in rest["resource"] if resource["type"] == "PlanDefinition"]
    assert {parameter["name"] for parameter in plans["searchParam"]} == set(values)
    for name, value in values.items():
        assert "b12-duplicate" in ids(found(f"/PlanDefinition?{name}={value}")), name


# Reading


def test_a_definition_is_read_as_it_is_in_the_package():
    for path in (
        PROFILES / "value-sets/mcv.json",
        HANDED_OVER / "PlanDefinition-b12-duplicate.json",
    ):
        resource = json.loads(path.read_text("utf-8"))
        response = get(f"/{resource['resourceType']}/{resource['id']}")
        assert (response.status_code, response.content_type) == (200, "application/fhir+json")
        assert (
            response.get_json().items() >= resource.items()
        )  # with a narrative, and a value set's expansion


def test_what_has_not_changed_is_not_sent_again():
    tag = get("/ValueSet/mcv").headers["ETag"]
    assert tag.startswith('W/"')
    unchanged = get("/ValueSet/mcv", If_None_Match=tag)
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert get("/ValueSet/mcv", If_None_Match='W/"other"').status_code == 200
    assert get("/ValueSet/hb").headers["ETag"] != tag


@pytest.mark.parametrize(
    "path",
    [
        "/ValueSet/none",
        "/Patient/1",
        "/Patient",
        "/ValueSet/mcv/_history",
        "/",
        "/PlanDefinition/../metadata",
    ],
)
def test_what_is_not_there_is_404_with_an_operation_outcome(path):
    response = get(path)
    assert (response.status_code, response.content_type) == (404, "application/fhir+json")
    outcome = response.get_json()
    assert (outcome["resourceType"], outcome["issue"][0]["code"]) == (
        "OperationOutcome",
        "not-found",
    )


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_written(method):
    response = getattr(client(), method)("/fhir/ValueSet/mcv", json={})
    assert response.status_code == 405
    assert response.get_json()["resourceType"] == "OperationOutcome"


# Searching


def test_a_search_answers_a_searchset():
    bundle = found("/PlanDefinition?_id=b12-duplicate")
    Bundle.model_validate(bundle)
    assert (bundle["type"], bundle["total"]) == ("searchset", 1)
    (entry,) = bundle["entry"]
    assert entry["fullUrl"] == "http://127.0.0.1:8080/fhir/PlanDefinition/b12-duplicate"
    assert entry["search"] == {"mode": "match"}
    assert links(bundle) == {
        "self": "http://127.0.0.1:8080/fhir/PlanDefinition?_id=b12-duplicate&_count=20"
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"url={BASE}/ValueSet/mcv", ["mcv"]),
        (f"url={BASE}/ValueSet/MCV", []),
        ("_id=mcv,hb", ["hb", "mcv"]),
        ("_id=mcv&_id=hb", []),
        ("_id=mcv&status=draft", ["mcv"]),
        ("_id=mcv&status=active", []),
        ("_id=mcv&status=http://hl7.org/fhir/publication-status|draft", ["mcv"]),
        ("_id=mcv&status=http://example.org|draft", []),
        ("_id=mcv&status=|draft", ["mcv"]),
        ("name=mecob", ["mecobalamin"]),
        ("name=Cobalamin", ["cobalamin-allergy", "cobalamin-antidote", "cobalamin-combination"]),
        ("name:exact=mcv", []),
        ("name:exact=Mcv", ["mcv"]),
        ("name:contains=ecobal", ["mecobalamin"]),
        ("name=a\\,b", []),
        ("_id=", "all"),
        ("_id=mcv&_format=json", ["mcv"]),
    ],
)
def test_searches_find_what_fhir_says(query, expected):
    bundle = found(f"/ValueSet?{query}")
    if expected == "all":
        assert bundle["total"] == len(list((PROFILES / "value-sets").glob("*.json")))
    else:
        assert ids(bundle) == expected
        assert bundle["total"] == len(expected)


def test_pages_lead_from_one_to_the_next_without_a_gap():
    every, pages = [], 0
    path = "/fhir/PlanDefinition?status=draft&_count=20"
    while path:
        bundle = client().get(path).get_json()
        assert bundle["total"] == CARDS
        every += ids(bundle)
        pages += 1
        following = links(bundle).get("next")
        path = f"{urlsplit(following).path}?{urlsplit(following).query}" if following else ""
    assert pages == ceil(CARDS / 20)
    assert every == sorted(set(every))
    assert len(every) == CARDS
    assert links(bundle)["previous"].endswith("?status=draft&_count=20&_offset=20")


@pytest.mark.parametrize(
    ("query", "entries"),
    [
        ("_count=0", 0),
        ("_count=1000", CARDS),
        (f"_offset={CARDS - 1}", 1),
        ("_offset=99999999999999999999", 0),
    ],
)
def test_how_much_is_on_a_page(query, entries):
    bundle = found(f"/PlanDefinition?{query}")
    assert (bundle["total"], len(ids(bundle))) == (CARDS, entries)
    assert "entry" in bundle or not entries  # FHIR has no empty lists


@pytest.mark.parametrize("query", ["_count=-1", "_count=x", "_count=", "_offset=1.5", "_count=²"])
def test_a_page_that_cannot_be_is_refused(query):
    response = get(f"/PlanDefinition?{query}")
    assert response.status_code == 400
    assert response.get_json()["issue"][0]["expression"] == [query.partition("=")[0]]


def test_an_unknown_parameter_is_passed_over_and_not_in_the_self_link():
    bundle = found("/ValueSet?_id=mcv&publisher=us&_sort=name")
    assert ids(bundle) == ["mcv"]
    assert links(bundle)["self"].endswith("/ValueSet?_id=mcv&_count=20")


@pytest.mark.parametrize(
    "prefer", ["handling=strict", "respond-async, handling=strict", "Handling=Strict"]
)
def test_who_prefers_it_strict_is_refused(prefer):
    response = get("/ValueSet?publisher=us", Prefer=prefer)
    assert response.status_code == 400
    assert "_id, url, name, status, version" in response.get_json()["issue"][0]["details"]["text"]
    assert get("/ValueSet?publisher=us", Prefer="handling=lenient").status_code == 200


@pytest.mark.parametrize("query", ["name:missing=true", "url:below=http://x", "status:not=active"])
def test_an_unknown_modifier_is_refused_always(query):
    assert get(f"/ValueSet?{query}").status_code == 400


def test_a_search_by_post_finds_the_same():
    form = {"_id": "mcv,hb", "_count": "1"}
    response = client().post("/fhir/ValueSet/_search", data=form)
    assert response.get_json() == found("/ValueSet?_id=mcv,hb&_count=1")
    assert (
        client().post("/fhir/ValueSet/_search?_id=mcv", data={"_id": "hb"}).get_json()["total"] == 0
    )
    assert client().post("/fhir/ValueSet/_search", json=form).status_code == 415
    assert client().post("/fhir/Patient/_search", data=form).status_code == 404


def test_a_posted_search_may_say_in_its_body_which_form_it_wants():
    """What it says is then in the links, which lead to more of the same."""
    answered = (
        client().post("/fhir/ValueSet/_search", data={"_count": "1", "_format": "json"}).get_json()
    )
    (following,) = (link["url"] for link in answered["link"] if link["relation"] == "next")
    assert get(following.split("/fhir", 1)[1]).status_code == 200
    assert client().post("/fhir/ValueSet/_search", data={"_format": "xml"}).status_code == 406


# Forms


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("*/*", "application/fhir+json"),
        ("application/fhir+json", "application/fhir+json"),
        ("application/fhir+json; fhirVersion=4.0", "application/fhir+json"),
        ("application/json", "application/json"),
        ("application/fhir+xml, application/fhir+json;q=0.5", "application/fhir+json"),
        ("text/html, */*;q=0.1", "application/fhir+json"),
        ("application/fhir+xml", None),
        ("application/fhir+json; fhirVersion=5.0", None),
        ("text/html", None),
        ("application/fhir+json;q=0", None),
    ],
)
def test_what_the_client_accepts_decides(accept, answered):
    response = get("/ValueSet/mcv", Accept=accept)
    assert response.status_code == (200 if answered else 406)
    assert response.content_type == (answered or "application/fhir+json")


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ("json", 200),
        ("application/fhir%2Bjson", 200),
        ("application/fhir+json", 200),
        ("application/json", 200),
        ("xml", 406),
        ("application/fhir%2Bxml", 406),
        ("html", 406),
    ],
)
def test_format_comes_before_accept(form, status):
    response = get(f"/ValueSet/mcv?_format={form}", Accept="application/fhir+xml")
    assert response.status_code == status


def test_apply_is_not_answered_in_xml_either():
    answer = client().post(
        "/fhir/PlanDefinition/b12-duplicate/$apply",
        json={},
        headers={"Accept": "application/fhir+xml"},
    )
    assert answer.status_code == 406


# Who may read, and what is read


def test_definitions_are_as_public_as_discovery(tmp_path):
    paths = ["/fhir/metadata", "/fhir/ValueSet", "/fhir/ValueSet/mcv"]
    for discovery, status in (("public", 200), ("protected", 401)):
        folder = tmp_path / discovery
        folder.mkdir()
        protected = service(folder, discovery=discovery)
        assert [protected.get(path).status_code for path in paths] == [status] * 3
        assert protected.post("/fhir/ValueSet/_search", data={"_id": "mcv"}).status_code == status


def test_links_are_made_of_the_public_base_url_and_never_of_the_host_header(tmp_path):
    protected = service(tmp_path, discovery="public")
    bundle = protected.get(
        "/fhir/ValueSet?_id=mcv", headers={"Host": "evil.example.org"}
    ).get_json()
    assert links(bundle)["self"] == "https://cds.example.org/fhir/ValueSet?_id=mcv&_count=20"
    assert bundle["entry"][0]["fullUrl"] == "https://cds.example.org/fhir/ValueSet/mcv"


def test_a_page_of_a_listed_origin_may_read_and_see_the_etag():
    here = client(cors_origins=frozenset({ORIGIN}))
    response = here.get("/fhir/ValueSet/mcv", headers={"Origin": ORIGIN})
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert (
        response.headers["Access-Control-Expose-Headers"] == "etag, retry-after, www-authenticate"
    )
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "if-none-match, prefer",
    }
    preflight = here.options("/fhir/ValueSet/mcv", headers=asked)
    assert {"if-none-match", "prefer"} <= set(
        preflight.headers["Access-Control-Allow-Headers"].split(", ")
    )


def test_the_running_parameter_set_is_what_is_served():
    uk = client(parameters="uk")
    assert uk.get("/fhir/PlanDefinition/homocysteine-above-target").status_code == 404
    assert (
        uk.get("/fhir/PlanDefinition/b12-duplicate").get_json()["version"]
        == f"{version_of('b12-duplicate')}+uk"
    )
    assert (
        uk.get("/fhir/metadata").get_json()["implementation"]["description"] == "Parameter set: uk."
    )


def test_cards_taken_anew_are_served_as_definitions_and_applied(tmp_path: Path):
    folder = tmp_path / "local"
    (folder / "parameters").mkdir(parents=True)
    (folder / "site.yaml").write_text("owner: st-elsewhere\n", "utf-8")
    settings = Settings(cards=(folder,))
    app = create_app(settings, clock=lambda: NOW)
    here = app.test_client()
    assert here.get("/fhir/PlanDefinition/b12-duplicate").get_json()["version"] == version_of(
        "b12-duplicate"
    )
    limit = "b12.total.deficient_below: {value: {ng/L: 200, pmol/L: 148}, source: local-policy, basis: local-policy}\n"
    (folder / "parameters/default.yaml").write_text(limit, "utf-8")
    app.extensions["serving"].take(Engine(settings))
    assert (
        here.get("/fhir/PlanDefinition/b12-duplicate").get_json()["version"]
        == f"{version_of('b12-duplicate')}+st-elsewhere"
    )


@pytest.mark.parametrize(
    "query",
    [
        "url=" + "," * 100,
        "name:contains=" + "a," * 100,
        "&".join(["name=b"] * 51),
        "_id=" + "%5C," * 5 + "," * 100,
    ],
    ids=["values", "contained", "parameters", "escapes"],
)
def test_a_search_has_limits(query):
    """Anyone may search, without a token."""
    for answer in (
        client().get(f"/fhir/ValueSet?{query}"),
        client().post(
            "/fhir/ValueSet/_search", data=query, content_type="application/x-www-form-urlencoded"
        ),
    ):
        assert answer.status_code == 400
        assert answer.get_json()["issue"][0]["code"] == "too-costly"
    large = client().post(
        "/fhir/ValueSet/_search",
        data="url=" + "a" * 20_001,
        content_type="application/x-www-form-urlencoded",
    )
    assert large.status_code == 413


def test_as_many_values_as_there_may_be_are_looked_for():
    one = client().get("/fhir/ValueSet?_count=1").get_json()["entry"][0]["resource"]
    others = ",".join(f"x{number}" for number in range(99))
    for name, value in (
        ("_id", one["id"]),
        ("url", one["url"]),
        ("name:exact", one["name"]),
        ("name:contains", one["name"]),
    ):
        found = client().get(f"/fhir/ValueSet?{name}={others},{value}").get_json()
        assert one["id"] in [entry["resource"]["id"] for entry in found["entry"]]
