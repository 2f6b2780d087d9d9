"""What a fact reads at run time is declared in the catalogue: other facts, prefetch queries, and the session.

Discovery's prefetch templates and a card's ``Not known:`` line are made from these declarations.
"""

from functools import cache

import pytest

from cds_service.facts.catalogue import CATALOGUE, closure
from cds_service.facts.kinds import CATEGORY, NUMBER, RESULT, YES_NO
from cds_service.facts.queries import QUERIES
from tests.support.clinic import facts_of
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_TABLET,
    DAILY,
    HYDROXOCOBALAMIN,
    IM,
    ORAL,
    allergy,
    condition,
    days_ago,
    dosage,
    draft,
    folic_acid,
    hydroxocobalamin,
    medication_request,
    observation,
    patient,
    service_request,
)

WOMAN, PREGNANT, NEURO, VEGAN = (
    patient(birth="1996-05-01"),
    condition("77386006", onsetDateTime=days_ago(90)),
    condition("386033004"),
    condition("24930006"),
)
INJECTIONS = medication_request(
    HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")), authoredOn=days_ago(200)
)
SMALL_TABLETS = medication_request(
    {"text": "Cyanocobalamin tablets"},
    dosage(100, "ug", route=ORAL, every=DAILY),
    authoredOn=days_ago(100),
)
GIVEN = {"resourceType": "MedicationAdministration", "id": "adm", "status": "completed", "subject": {"reference": "Patient/pat-1"},
         "medicationCodeableConcept": HYDROXOCOBALAMIN, "effectiveDateTime": days_ago(40)}  # fmt: skip
RESULTS = [observation("b12", 250, "ng/L"), observation("mma", 900, "nmol/L"), observation("hb", 101, "g/L"), observation("mcv", 110, "fL"),
           observation("platelets", 40, "10*9/L"), observation("creatinine", 2, "mg/dL"), observation("potassium", 3.1, "mmol/L"),
           observation("folate", 2, "ug/L"), observation("homocysteine", 20, "umol/L"), observation("active_b12", 40, "pmol/L", ago=30)]  # fmt: skip
HIGH = [
    observation("b12", 480, "ng/L", ago=2),
    observation("b12", 110, "ng/L", ago=90),
    observation("egfr", 90, "mL/min/{1.73_m2}"),
    observation("hb", 140, "g/L"),
]
BOTH = [folic_acid(id="fol"), hydroxocobalamin(id="cob")]
TABLETS = draft(CYANOCOBALAMIN_TABLET, dosage(100, "ug", route=ORAL, every=DAILY), id="tab")

REQUESTS = {
    "nothing": {},
    "results": {"record": RESULTS},
    "results and drafts": {"record": RESULTS, "drafts": BOTH},
    "neurological features": {"record": [*RESULTS, NEURO], "drafts": BOTH},
    "high, drafts": {"record": [*HIGH, NEURO], "drafts": [folic_acid()]},
    "high alone": {"record": HIGH},
    "pernicious anaemia": {"record": [*HIGH, condition("84027009"), condition("84027009", status="resolved")]},
    "pregnant": {"record": [*RESULTS, PREGNANT], "who": WOMAN, "drafts": BOTH},
    "pregnant, low total": {"record": [observation("b12", 110, "ng/L"), PREGNANT], "who": WOMAN, "drafts": [folic_acid()]},
    "on therapy": {"record": [*RESULTS, INJECTIONS], "drafts": BOTH},
    "on therapy, low": {"record": [observation("b12", 110, "ng/L"), INJECTIONS, GIVEN], "drafts": [folic_acid()]},
    "stopped in this session": {"record": [INJECTIONS], "drafts": [folic_acid(), {**INJECTIONS, "status": "stopped"}]},
    "dietary, uk": {"record": [*HIGH, VEGAN, SMALL_TABLETS], "drafts": [TABLETS, folic_acid()], "parameters": "uk"},
    "small tablets, uk": {"record": [*HIGH, SMALL_TABLETS], "drafts": [TABLETS], "parameters": "uk"},
    "child": {"record": RESULTS, "drafts": BOTH, "who": patient(birth="2016-01-01")},
    "unknown age and sex": {"record": RESULTS, "drafts": BOTH, "who": patient(birth=None, gender=None)},
    "severe allergy": {"record": [*RESULTS, allergy(criticality="high")], "drafts": BOTH},
    "Leber's": {"record": [condition("58610003")], "drafts": [TABLETS]},
    "tests pending": {"record": [observation("b12", 250, "ng/L", ago=9), service_request("mma"), service_request("potassium"), service_request("b12")], "drafts": BOTH},
    "a medication not known": {"record": [medication_request(None, medicationReference={"reference": "Medication/x"})], "drafts": [*BOTH, draft(None, medicationReference={"reference": "Medication/y"})]},
    "drugs": {"record": [medication_request({"text": name}) for name in ("Methotrexate", "Warfarin", "Furosemide", "Multivitamin tablets", "Folic acid 5 mg tablets")], "drafts": BOTH},
}  # fmt: skip
ORDERS = {"in catalogue order": list(CATALOGUE), "in reverse order": list(CATALOGUE)[::-1]}


def computed(request, names, without=()):
    given = dict(REQUESTS[request])
    facts = facts_of(*given.pop("record", ()), without=without, **given)
    for name in names:
        facts[name]
    return facts


def answers(facts):
    return {
        name: (facts[name].state, getattr(facts[name].value, "as_sent", facts[name].value))
        for name in CATALOGUE
    }


@cache
def answers_to(request, without=()):
    return answers(computed(request, CATALOGUE, without))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("request_name", REQUESTS)
def test_a_fact_reads_only_the_facts_that_it_declares(request_name, order):
    facts = computed(request_name, ORDERS[order])
    undeclared = {
        name: extra
        for name in CATALOGUE
        if (extra := set(facts.reads(name)) - set(CATALOGUE[name].uses))
    }
    assert not undeclared


@pytest.mark.parametrize(
    "first", ["b12.earlier_deficient", "b12.suspicion", "b12_therapy.start", "b12.status"]
)
def test_what_a_fact_reads_does_not_depend_on_which_was_asked_first(first):
    alone = computed("dietary, uk", ["b12_therapy.active"])
    after = computed("dietary, uk", [first, "b12_therapy.active"])
    assert after.met(["b12_therapy.active"]) == alone.met(["b12_therapy.active"])


@pytest.mark.parametrize("query", [query for query in QUERIES if query != "patient"])
@pytest.mark.parametrize("request_name", REQUESTS)
def test_a_fact_depends_only_on_the_queries_that_it_declares(request_name, query):
    received, missing = answers_to(request_name), answers_to(request_name, (query,))
    changed = {name for name in CATALOGUE if received[name] != missing[name]}
    undeclared = {
        name
        for name in changed
        if not any(query in CATALOGUE[read].queries for read in closure([name]))
    }
    assert not undeclared


@pytest.mark.parametrize(
    "request_name", [name for name, given in REQUESTS.items() if "drafts" in given]
)
def test_a_fact_depends_on_the_session_only_where_it_declares_it(request_name):
    given = dict(REQUESTS[request_name])
    without = {key: value for key, value in given.items() if key not in ("drafts", "record")}
    alone, ordering = (
        answers(facts_of(*given.get("record", ()), **without)),
        answers_to(request_name),
    )
    changed = {name for name in CATALOGUE if alone[name] != ordering[name]}
    assert not {
        name for name in changed if not any(CATALOGUE[read].session for read in closure([name]))
    }


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_declaration_names_what_exists(name):
    definition = CATALOGUE[name]
    assert set(definition.uses) <= set(CATALOGUE) and set(definition.queries) <= set(QUERIES)
    assert definition.title and definition.doc
    assert len(set(definition.uses)) == len(definition.uses)
    assert name not in closure(definition.uses), "no circle"
    assert (definition.kind in (NUMBER, RESULT)) is bool(definition.unit)
    assert (definition.kind is CATEGORY) is bool(definition.values)


@pytest.mark.parametrize("request_name", REQUESTS)
def test_categories_have_only_the_values_that_they_declare(request_name):
    for name, (_, value) in answers_to(request_name).items():
        if CATALOGUE[name].kind is CATEGORY and value is not None:
            assert value in CATALOGUE[name].values, name
        if CATALOGUE[name].kind is YES_NO:
            assert value in (True, False, None), name


def test_no_title_is_borne_by_two_facts():
    titles = [definition.title for definition in CATALOGUE.values()]
    assert not {title for title in titles if titles.count(title) > 1}
