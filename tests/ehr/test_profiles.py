"""``CDS_EHR``: the profiles that come with the service, a site's own, and what follows from each."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cds_service.authored_yaml.source import AuthoringError
from cds_service.config import Settings
from cds_service.ehr.profile_file import ehr_profile
from cds_service.ehr.statement import statement_profile
from cds_service.engine import Engine
from cds_service.facts.queries import (
    ALWAYS_KEPT,
    LONGEST_TEMPLATE,
    QUERIES,
    Part,
    Parts,
    Queries,
    query_of,
)
from cds_service.facts.record import PatientRecord
from cds_service.fhir.completeness import Answer, Asked, Completeness, completeness
from cds_service.fhir.ehr_profile import BUILT_IN, GENERIC, EhrProfile
from cds_service.fhir.index import ResourceIndex
from cds_service.fhir_server.refusal import plainer, told_reason, without
from cds_service.hooks.prefetch import prefetch_templates
from tests.support.clinic import engine, facts_of, fire
from tests.support.ehr_rules import EPIC, ORACLE
from tests.support.ehr_server import statement
from tests.support.fhir_builders import QUERIES as KEYS
from tests.support.fhir_builders import bundle, condition, observation, patient, prefetch, procedure

TODAY = date(2026, 11, 23)


def _templates(ehr: str) -> dict[str, str]:
    loaded = Engine(Settings(ehr=ehr))
    return prefetch_templates(loaded.queries, loaded.queries_by_hook["patient-view"])


def test_by_default_every_list_is_asked_for_as_most_ehrs_take_it() -> None:
    templates = _templates("")
    assert templates.pop("patient") == "Patient/{{context.patientId}}"
    assert all(template.endswith("&_count=200") for template in templates.values())
    results = {
        key: template for key, template in templates.items() if template.startswith("Observation")
    }
    assert all(
        "&_sort=-date" in template and "code=http://" in template for template in results.values()
    )
    assert "&code=http://loinc.org|2132-9," in templates["b12-results"]
    intents = "intent=order,original-order,reflex-order,filler-order,instance-order,plan"
    assert (
        templates["medication-requests"]
        == f"MedicationRequest?patient={{{{context.patientId}}}}&{intents}&_count=200"
    )
    assert templates["conditions"] == "Condition?patient={{context.patientId}}&_count=200"


@pytest.mark.parametrize("ehr", BUILT_IN)
def test_no_template_is_too_long_narrows_what_is_found_or_asks_for_a_private_code(ehr: str) -> None:
    for key, template in _templates(ehr).items():
        assert len(template) <= LONGEST_TEMPLATE
        assert "example.org" not in template
        for parameter in ("status", "clinical-status", "category", "date=", "_lastUpdated"):
            assert parameter not in template.replace("_sort=-date", "")
        assert query_of(key) in QUERIES


def test_where_nothing_is_sorted_potassium_is_asked_for_by_itself() -> None:
    for ehr in ("epic", "oracle", "athena"):
        templates = _templates(ehr)
        assert (
            "2823-3" in templates["potassium"] and "2823-3" not in templates["renal-and-potassium"]
        )
        assert not any("_sort" in template for template in templates.values())
        assert ("medication-statements" in templates) is (ehr == "athena")
    assert "potassium" not in _templates("hapi")


def test_oracle_is_asked_for_a_number_only_where_it_takes_one() -> None:
    templates = _templates("oracle")
    counted = {key for key, template in templates.items() if "_count=100" in template}
    assert counted == {
        "b12-results",
        "blood-count",
        "renal-and-potassium",
        "potassium",
        "pregnancy-status",
        "findings",
        "medication-requests",
        "medication-dispenses",
        "service-requests",
    }
    assert not any(
        "_count" in template for key, template in templates.items() if key not in counted
    )


def test_a_query_whose_codes_are_too_many_is_sent_in_parts() -> None:
    """As with the codes that a site adds to a value set."""
    terminology = engine().terminology
    concepts = terminology.concepts["b12-total"]
    added = [
        concept._replace(code=f"9{number:04}-0") for concept in concepts for number in range(80)
    ]
    try:
        terminology.concepts["b12-total"] = concepts + added
        parts = [
            part
            for part in Queries(GENERIC, terminology).parts.values()
            if part.query == "b12-results"
        ]
    finally:
        terminology.concepts["b12-total"] = concepts
    assert [part.key for part in parts] == [
        "b12-results",
        "b12-results-2",
        "b12-results-3",
        "b12-results-4",
    ][: len(parts)]
    assert len(parts) > 1 and {query_of(part.key) for part in parts} == {"b12-results"}
    codes = [
        code for part in parts for code in part.after.split("code=")[1].split("&")[0].split(",")
    ]
    assert len(codes) == len(set(codes)) >= len(added) // len(concepts)


# A site's own profile


def _file(tmp_path: Path, text: str) -> str:
    path = tmp_path / "ours.yaml"
    path.write_text(text, "utf-8")
    return str(path)


def test_a_site_writes_what_differs(tmp_path: Path) -> None:
    text = "like: epic\nnot-kept: [procedures, medication-statements]\ncount: none\ncodes: bare\nnotices:\n  - {system: 'urn:x', code: '7'}\n"
    profile = ehr_profile(_file(tmp_path, text))
    assert profile == EhrProfile(
        "ours",
        not_kept=frozenset({"procedures", "medication-statements"}),
        notices=profile.notices,
        code_systems=False,
        order="unknown",
        count=None,
    )
    assert [tuple(notice) for notice in profile.notices] == [("urn:x", "7")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("like: epci\n", "ours.yaml:1:1: there is no like 'epci'. Did you mean 'epic'?"),
        ("not-kept: [alergies]\n", "Did you mean 'allergies'?"),
        *(
            (f"not-kept: [{name}]\n", "cannot be declared as not kept")
            for name in sorted(ALWAYS_KEPT)
        ),
        ("order: newest\n", "there is no order 'newest'."),
        ("count: 0\n", "is always empty"),
        ("count: 5000\n", "a whole number from 0 to 1000"),
        ("intents: [proposal]\n", "there is no intent that counts 'proposal'."),
        ("include: [Condition]\n", "there is no resource type of medications 'Condition'"),
        ("notices: [4119]\n", "a mapping (key: value) is expected here"),
        ("kept: []\n", "there is no key 'kept' here. Did you mean 'not-kept'?"),
        ("- x\n", "a mapping (key: value) is expected here"),
    ],
)
def test_a_mistake_in_it_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(AuthoringError, match=r"ours\.yaml:\d+:\d+") as raised:
        ehr_profile(_file(tmp_path, text))
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("value", "told"), [("epci", "Did you mean 'epic'?"), ("nowhere.yaml", "cannot be read")]
)
def test_a_setting_that_names_no_profile_is_told(value: str, told: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Settings(ehr=value)
    assert told in str(raised.value)


# What a list that is not kept leaves of the facts


def _without(tmp_path: Path, *lists: str) -> dict[str, Any]:
    return {"ehr": _file(tmp_path, f"not-kept: [{', '.join(lists)}]\n")}


def test_facts_rest_on_the_other_lists_of_their_subject(tmp_path: Path) -> None:
    record = prefetch(
        observation("b12", 110, "pg/mL"), without=("medication-statements", "medication-dispenses")
    )
    assert "B12 treatment under way" in _not_known(fire("patient-view", record))
    settings = _without(tmp_path, "medication-statements", "medication-dispenses")
    assert "B12 treatment under way" not in _not_known(
        fire("patient-view", record, settings=settings)
    )


def _not_known(cards: list[dict[str, Any]]) -> str:
    [card] = cards
    return str(card["detail"]).partition("Not known:")[2]


def test_a_fact_all_of_whose_lists_are_not_kept_is_unknown(tmp_path: Path) -> None:
    loaded = Engine(
        Settings(
            **_without(
                tmp_path, "pregnancy-status", "procedures", "service-requests", "blood-count"
            )
        )
    )
    lists = {part.query for part in loaded.queries.parts.values()}
    values = {key: value for key, value in prefetch().items() if key in lists}
    found = _facts(loaded, values)
    assert (
        found["mcv"].is_unknown
        and found["ileum.resection"].is_unknown
        and found["test.pending.b12"].is_unknown
    )
    assert found["patient.pregnant"].holds is False and found["bariatric"].holds is False


def _facts(loaded: Engine, values: dict[str, Any]) -> Any:
    from tests.support.ehr_rules import call_of
    from tests.support.fhir_builders import NOW, PATIENT

    return loaded.facts(call_of("order-select", PATIENT, values), NOW)


def test_what_comes_of_a_list_that_is_not_kept_is_not_asked_for(tmp_path: Path) -> None:
    loaded = Engine(Settings(**_without(tmp_path, "procedures")))
    assert "procedures" not in {part.key for part in loaded.queries.of(QUERIES)}


# What is an answer


@pytest.mark.parametrize("key", [key for key in KEYS if key not in ("patient",)])
def test_an_answer_to_another_question_leaves_absence_unknown(key: str) -> None:
    stray = procedure("80146002") if key != "procedures" else condition("38341003")
    values = {**prefetch(who=patient(birth="1996-05-01")), key: bundle([stray])}
    fact = {
        "b12-results": "b12.total",
        "blood-count": "mcv",
        "renal-and-potassium": "potassium",
        "pregnancy-status": "patient.pregnant",
        "findings": "diet.vegan",
        "conditions": "leber",
        "procedures": "ileum.resection",
        "allergies": "allergy.cobalamin",
        "medication-requests": "b12.any_intake",
        "medication-statements": "b12.any_intake",
        "medication-administrations": "b12_therapy.last_dose",
        "medication-dispenses": "b12_therapy.last_dose",
        "service-requests": "test.pending.b12",
    }[key]
    assert facts_of(prefetched=values)[fact].is_unknown


def test_what_comes_along_with_an_answer_is_no_match() -> None:
    values = prefetch()
    values["conditions"] = bundle([condition("38341003")])
    values["conditions"]["entry"] += [
        {"resource": {"resourceType": "Organization", "id": "o"}, "search": {"mode": "include"}},
        {"resource": observation("hb", 100, "g/L"), "search": {"mode": "include"}},
    ]
    assert facts_of(prefetched=values)["leber"].holds is False


days = st.dates(date(2020, 1, 1), TODAY)


@given(st.lists(days, min_size=1, max_size=20), st.integers(1, 19), st.data())
def test_of_a_list_in_order_no_day_that_counts_as_complete_has_an_entry_on_a_later_page(
    found: list[date], size: int, data: Any
) -> None:
    whole = sorted(found, reverse=True)
    page = whole[:size]
    answer = completeness(Answer(True, False, size < len(whole), page))
    day = data.draw(days)
    assert not answer.reaches(day) or not [missing for missing in whole[size:] if missing >= day]
    assert answer.reaches(TODAY + timedelta(days=1)) and answer.reaches(None) is (
        size >= len(whole)
    )


@given(st.lists(days, max_size=9), st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_only_a_whole_or_an_ordered_list_says_anything(
    found: list[date], readable: bool, more: bool, lacks: bool, sort: bool
) -> None:
    answer = completeness(Answer(readable, lacks, more, found if sort else ()))
    assert not (answer.whole and (more or not readable or lacks))
    assert answer.since is None or (
        readable and more and sort and found == sorted(found, reverse=True)
    )


@given(st.lists(st.builds(Completeness, st.booleans(), st.none() | days), max_size=4), days)
def test_parts_together_reach_as_far_as_each_of_them(parts: list[Completeness], day: date) -> None:
    asked = Parts(
        Part(f"conditions-{number}", "conditions", "", "", Asked("Condition"))
        for number in range(len(parts))
    )
    site = engine().site
    record = PatientRecord(
        ResourceIndex("p", site.terminology),
        asked,
        dict(zip(asked.by_key, parts, strict=True)),
        site,
    )
    assert record.complete("conditions", since=day) is (
        bool(parts) and all(part.reaches(day) for part in parts)
    )
    assert record.complete("conditions") is (bool(parts) and all(part.whole for part in parts))


# CapabilityStatements


def test_a_statement_tells_lists_sort_and_numbers() -> None:
    epic, oracle = (statement_profile(GENERIC, statement(ehr)) for ehr in (EPIC, ORACLE))
    assert epic.not_kept == oracle.not_kept == {"medication-statements"}
    assert epic.order == oracle.order == "unknown"
    assert (
        epic.count_of("Condition") == 200
        and oracle.count_of("Condition") is None
        and oracle.count_of("Observation") == 200
    )


@pytest.mark.parametrize(
    "content",
    [None, [], {}, {"resourceType": "CapabilityStatement"}, {"resourceType": "CapabilityStatement", "rest": [{"mode": "client", "resource": [{"type": "Patient"}]}]},
     {"resourceType": "CapabilityStatement", "rest": {"resource": "x"}}, {"resourceType": "OperationOutcome"}],
)  # fmt: skip
def test_what_says_nothing_changes_nothing(content: Any) -> None:
    assert statement_profile(GENERIC, content) == GENERIC


def test_what_cannot_be_done_without_is_asked_for_whatever_a_statement_says() -> None:
    only = {
        "resourceType": "CapabilityStatement",
        "rest": [{"mode": "server", "resource": [{"type": "Basic"}]}],
    }
    assert statement_profile(GENERIC, only).not_kept == set(QUERIES) - ALWAYS_KEPT


# Plainer forms

URLS = st.builds(
    lambda kind, extra: (
        f"{kind}?patient=p1&code=http://loinc.org|1-8,http://snomed.info/sct|7{''.join(extra)}"
    ),
    st.sampled_from(["Observation", "MedicationRequest"]),
    st.lists(
        st.sampled_from(["&intent=order", "&_sort=-date", "&_count=200", "&_include=X:medication"]),
        unique=True,
    ),
)


@given(
    URLS,
    st.sampled_from(
        [
            "",
            "_sort",
            'Unknown parameter "_count". Valid are: [intent, code]',
            "code|system",
            "intent=order is bad",
        ]
    ),
)
def test_a_plainer_form_asks_for_the_same_patient_and_the_same_codes_or_more(
    url: str, said: str
) -> None:
    form, dropped = plainer(
        url, {"resourceType": "OperationOutcome", "issue": [{"diagnostics": said}]}
    )
    assert form != url and dropped and without(url, dropped) == form
    assert "patient=p1" in form and "1-8" in form and form.count(",") >= 1
    assert len(form) < len(url)
    if "_count" in said and "_count" in url:
        assert dropped == {"_count"}


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=9,
    )
)
def test_no_reason_makes_reading_it_fail(content: Any) -> None:
    for value in (
        content,
        {"issue": content},
        {"issue": [{"diagnostics": content, "details": content}]},
    ):
        assert isinstance(told_reason(value), str)
        plainer("Condition?patient=1&_count=2", value)
