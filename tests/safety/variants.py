"""Other ways to say the same: each variant of a visit carries the same clinical facts, so the answer must be the same.

Every function takes a :class:`Visit`, which it leaves as it is, and a source of randomness, and returns the variant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

import orjson

from tests.safety.patients import VERIFICATION, Visit
from tests.support.clinic import client
from tests.support.fhir_builders import (
    FOLIC_ACID_1MG,
    HYDROXOCOBALAMIN,
    IM,
    PATIENT,
    SNOMED,
    UCUM,
    allergy,
    condition,
    days_ago,
    dosage,
    draft,
    medication_request,
    observation,
    service_request,
)

Variant = Callable[[Visit, Random], Visit]
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})\Z")
OFFSETS = (-11, -5, -3.5, 0, 1, 5.75, 9, 14)


def _copied(visit: Visit) -> Visit:
    """A visit of which no part is shared, neither with ``visit`` nor within itself."""
    return replace(
        visit,
        prefetch=orjson.loads(orjson.dumps(visit.prefetch)),
        drafts=orjson.loads(orjson.dumps(visit.drafts)),
    )


def _bundles(visit: Visit) -> dict[str, dict[str, Any]]:
    return {
        key: value for key, value in visit.prefetch.items() if value["resourceType"] == "Bundle"
    }


def _resources(visit: Visit) -> Iterator[dict[str, Any]]:
    """Every resource of a visit, drafts too, the Patient not."""
    for bundle in _bundles(visit).values():
        yield from (entry["resource"] for entry in bundle["entry"])
    yield from visit.drafts


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object in ``value``, at any depth."""
    if isinstance(value, dict):
        yield value
        for item in list(value.values()):
            yield from _objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from _objects(item)


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    """``value`` with every string in it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: _mapped(item, change) for name, item in value.items()}
    return [_mapped(item, change) for item in value] if isinstance(value, list) else value


def _come_along(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry that is no match of the search whose answer it is in: a match of another type would make that answer doubtful."""
    return {**entry, "search": {"mode": "include"}}


def _add(visit: Visit, resources: list[dict[str, Any]], random: Random) -> None:
    """Put resources among those of ``visit``, anywhere, as what comes along with an answer."""
    for resource in resources:
        entries = random.choice(list(_bundles(visit).values()))["entry"]
        entries.insert(random.randint(0, len(entries)), _come_along({"resource": resource}))


# --- (a) other units with an exact factor ---------------------------------------------------------------------------

_MICROGRAMS = {"ug/L": "1", "ng/mL": "1", "mcg/L": "1", "µg/L": "1", "ng/L": "1000", "ug/dL": "0.1"}
_MICROMOLES = {
    "umol/L": "1",
    "µmol/L": "1",
    "nmol/mL": "1",
    "mmol/L": "0.001",
    "nmol/L": "1000",
    "micromol/L": "1",
}
_COUNTS = {
    "10*9/L": "1",
    "10*3/uL": "1",
    "K/uL": "1",
    "x10^9/L": "1",
    "/uL": "1000",
    "G/l": "1",
    "thou/uL": "1",
}
_NANOGRAMS = {
    "ng/L": "1",
    "pg/mL": "1",
    "ng/dL": "0.1",
    "ng/mL": "0.001",
    "ug/L": "0.001",
    "PG/ML": "1",
    "picogram/mL": "1",
}
# the unit that the generator uses -> units of the same family, and what its numbers are multiplied by
UNITS: dict[str, dict[str, str]] = {
    "ng/L": _NANOGRAMS,
    "pmol/L": {"pmol/L": "1", "nmol/L": "0.001", "Pmol/l": "1"},
    "nmol/L": {"nmol/L": "1", "umol/L": "0.001", "nmol/mL": "0.001", "µmol/L": "0.001"},
    "umol/L": _MICROMOLES,
    "ug/L": _MICROGRAMS,
    "g/L": {"g/L": "1", "g/dL": "0.1", "gm/dL": "0.1", "G/DL": "0.1"},
    "fL": {"fL": "1", "um3": "1"},
    "10*9/L": _COUNTS,
    "mmol/L": {"mmol/L": "1", "meq/L": "1", "mEq/L": "1", "MEQ/L": "1", "umol/L": "1000"},
    "mL/min/{1.73_m2}": {"mL/min/{1.73_m2}": "1", "mL/min/1.73m2": "1", "ml/min/1.73 m²": "1"},
}
CODES = frozenset(
    ("ng/L", "pg/mL", "ng/dL", "ng/mL", "ug/L", "ug/dL", "pmol/L", "nmol/L", "umol/L", "nmol/mL", "mmol/L", "meq/L", "g/L", "g/dL", "fL")
) | {"um3", "10*9/L", "10*3/uL", "K/uL", "/uL", "mL/min/{1.73_m2}"}  # fmt: skip


FORMS = 5


def other_units(visit: Visit, random: Random) -> Visit:
    """Each result in another unit of its family, as UCUM code, printed unit, both, or in a string."""
    variant = _copied(visit)
    for resource in _resources(variant):
        known = UNITS.get(resource.get("valueQuantity", {}).get("code"))
        if known:
            _state(resource, *random.choice(list(known.items())), random.randrange(FORMS))
    return variant


def in_unit(visit: Visit, unit: str, form: int) -> Visit:
    """The last result in ``unit``; ``form``: one of ``FORMS`` ways to write it."""
    variant = _copied(visit)
    results = [
        item
        for item in _resources(variant)
        if item["resourceType"] == "Observation" and unit in UNITS[item["valueQuantity"]["code"]]
    ]
    _state(results[-1], unit, UNITS[results[-1]["valueQuantity"]["code"]][unit], form)
    return variant


def _state(resource: dict[str, Any], unit: str, factor: str, form: int) -> None:
    """Write a result in ``unit``: the printed unit, as a string, the UCUM code, both, both with the print in capitals."""
    quantity = resource.pop("valueQuantity")
    number, comparator = (
        Decimal(str(quantity["value"])) * Decimal(factor),
        quantity.get("comparator"),
    )
    coded = {"system": UCUM, "code": unit}
    if form == 1:
        resource["valueString"] = f"{comparator or ''}{number:f} {unit}"
        return
    units = (
        {"unit": unit},
        {},
        coded,
        coded | {"unit": unit},
        coded | {"unit": f" {unit.upper()}"},
    )
    stated = units[form] if unit in CODES else units[0]
    resource["valueQuantity"] = {
        "value": float(number),
        **stated,
        **({"comparator": comparator} if comparator else {}),
    }


# --- (b) (c) (d) where and how often ---------------------------------------------------------------------------------


def reordered(visit: Visit, random: Random) -> Visit:
    """The resources of each Bundle, the prefetch keys and the drafts in another order."""
    variant = _copied(visit)
    for bundle in _bundles(variant).values():
        random.shuffle(bundle["entry"])
    random.shuffle(variant.drafts)
    keys = list(variant.prefetch)
    random.shuffle(keys)
    return replace(variant, prefetch={key: variant.prefetch[key] for key in keys})


@cache
def _templates(hook: str) -> frozenset[str]:
    services = client().get("/cds-services").get_json()["services"]
    return frozenset(next(service["prefetch"] for service in services if service["hook"] == hook))


def asked_for(visit: Visit) -> list[str]:
    """The prefetch keys of a visit that its service asks for, those with Bundles."""
    return [key for key in _bundles(visit) if key in _templates(visit.hook)]


def elsewhere(visit: Visit, random: Random) -> Visit:
    """Resources that come along with the answer of another query than the one that asked for them. Every query is answered as before."""
    variant = _copied(visit)
    keys = asked_for(visit)
    for key in keys:
        entries = variant.prefetch[key]["entry"]
        for entry in [entry for entry in entries if random.random() < 0.5]:
            entries.remove(entry)
            variant.prefetch[random.choice(keys)]["entry"].append(_come_along(entry))
    return variant


def duplicated(visit: Visit, random: Random) -> Visit:
    """Resources twice or thrice: matches again, or along with the answer of another query."""
    variant = _copied(visit)
    keys = asked_for(visit)
    copies = [(key, entry) for key in keys for entry in visit.prefetch[key]["entry"]]
    for key, entry in copies * random.randint(1, 2):
        other = random.choice(keys)
        variant.prefetch[other]["entry"].append(entry if other == key else _come_along(entry))
    return variant


def empty_in_other_words(visit: Visit, random: Random) -> Visit:
    """What was looked for and not found: ``null``, a Bundle without ``entry``, or one that counts to 0."""
    variant = _copied(visit)
    for key, bundle in _bundles(variant).items():
        if not bundle["entry"]:
            none = {"resourceType": "Bundle", "type": "searchset"}
            variant.prefetch[key] = random.choice(
                (None, none, none | {"total": 0}, none | {"entry": [], "total": 0})
            )
    return variant


def unanswered_in_other_words(visit: Visit, random: Random) -> Visit:
    """What could not be looked up: an OperationOutcome, or a Bundle of which the rest is elsewhere."""
    variant = _copied(visit)
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "timeout"}],
    }
    none = {"resourceType": "Bundle", "type": "searchset"}
    more = {
        "link": [
            {"relation": "self", "url": "x"},
            {"relation": "next", "url": "https://ehr.example.org/fhir?page=2"},
        ]
    }
    for key in _templates(visit.hook) - set(visit.prefetch):
        variant.prefetch[key] = random.choice(
            (
                outcome,
                none | {"entry": [{"resource": outcome}]},
                none | more,
                none | {"total": 3, "entry": []},
            )
        )
    return variant


def with_drafts_twice(visit: Visit, random: Random) -> Visit:
    """The same orders of the session twice in the Bundle."""
    variant = _copied(visit)
    variant.drafts.extend(_copied(visit).drafts)
    random.shuffle(variant.drafts)
    return variant


def with_medication_resources(visit: Visit, random: Random) -> Visit:
    """Medications by reference, contained or beside the order, in place of codes."""
    variant = _copied(visit)
    for home in (bundle["entry"] for bundle in _bundles(variant).values()):
        for order in [
            entry["resource"] for entry in home if "medicationCodeableConcept" in entry["resource"]
        ]:
            medication = _referenced(order, f"of-{order['id']}", random)
            home += [{"resource": medication, "search": {"mode": "include"}}] if medication else []
    for order in [order for order in variant.drafts if "medicationCodeableConcept" in order]:
        variant.drafts.extend(filter(None, [_referenced(order, f"of-{order['id']}", random)]))
    return variant


def _referenced(order: dict[str, Any], identity: str, random: Random) -> dict[str, Any] | None:
    """Make ``order`` name its medication by reference; the Medication, where it is not contained in the order."""
    medication = {
        "resourceType": "Medication",
        "id": identity,
        "code": order.pop("medicationCodeableConcept"),
    }
    if random.random() < 0.5:
        order["medicationReference"] = {"reference": f"#{identity}"}
        order["contained"] = [medication]
        return None
    order["medicationReference"] = {"reference": f"Medication/{identity}"}
    return medication


# --- (e) other people ------------------------------------------------------------------------------------------------

STRANGERS: tuple[Any, ...] = (
    {"reference": "Patient/pat-2"}, {"reference": f"Patient/{PATIENT}1"}, {"reference": f"Patient/x{PATIENT}"}, {"reference": "Patient/PAT-1"},
    {"reference": f"Group/{PATIENT}"}, {"reference": f"https://ehr.example.org/fhir/Patient/pat-2/_history/{PATIENT}"},
    {"reference": f"RelatedPerson/{PATIENT}"}, {"reference": f"https://ehr.example.org/fhir/Patient/pat-2?was=Patient/{PATIENT}"},
)  # fmt: skip


def _record_of_stranger() -> list[dict[str, Any]]:
    """A record that would change every answer if it were this patient's, in every type."""
    loading = dosage(1, route=IM, every=(3, 1, "wk"))
    when = {"effectiveDateTime": days_ago(0)}
    medicine = {"status": "completed", "medicationCodeableConcept": HYDROXOCOBALAMIN}
    procedure = {
        "resourceType": "Procedure",
        "status": "completed",
        "code": {"coding": [{"system": SNOMED, "code": "26452005"}]},
    }
    statement = {
        "resourceType": "MedicationStatement",
        "status": "active",
        "effectivePeriod": {"start": days_ago(90)},
    }
    return [
        *(
            observation(*row, ago=0)
            for row in (
                ("b12", 60, "ng/L"),
                ("b12", 900, "ng/L"),
                ("active_b12", 10, "pmol/L"),
                ("mma", 5000, "nmol/L"),
                ("homocysteine", 90, "umol/L"),
                ("folate", 1, "ug/L"),
                ("hb", 60, "g/L"),
                ("mcv", 130, "fL"),
                ("platelets", 5, "10*9/L"),
                ("potassium", 2.1, "mmol/L"),
                ("creatinine", 600, "umol/L"),
                ("egfr", 8, "mL/min/{1.73_m2}"),
            )
        ),
        observation("b12", 60, "ng/L", status="preliminary", ago=0),
        observation(
            "ifab", valueCodeableConcept={"coding": [{"system": SNOMED, "code": "10828004"}]}
        ),
        *(
            condition(code, onsetDateTime=days_ago(9))
            for code in ("386033004", "58610003", "84027009", "77386006", "433144002", "73891003")
        ),
        allergy(criticality="high"),
        procedure,
        medication_request(HYDROXOCOBALAMIN, loading),
        medication_request({"text": "Digoxin"}),
        medication_request(None),
        {**statement, "medicationCodeableConcept": HYDROXOCOBALAMIN},
        {"resourceType": "MedicationAdministration", **medicine, **when},
        {"resourceType": "MedicationDispense", **medicine, "whenHandedOver": days_ago(2)},
        service_request("b12"),
        service_request("potassium"),
        {"resourceType": "DiagnosticReport", "status": "final"},
    ]


def with_strangers(visit: Visit, random: Random) -> Visit:
    """Resources of other people, in every type, among the patient's and among the drafts."""
    variant = _copied(visit)
    theirs = []
    for resource in _record_of_stranger() + list(_resources(visit)):
        theirs.append(
            _given_to(random.choice(STRANGERS), {**resource, "id": f"stranger{len(theirs)}"})
        )
    theirs.append(
        {"resourceType": "Patient", "id": "pat-2", "gender": "male", "birthDate": "2020-01-01"}
    )
    _add(variant, theirs, random)
    orders = [
        draft(FOLIC_ACID_1MG, dosage(5)),
        draft(HYDROXOCOBALAMIN),
        service_request("b12", status="draft"),
    ]
    orders.append(medication_request(HYDROXOCOBALAMIN, status="stopped"))
    if re.search(
        "cobalamin|folic", str(visit.drafts), re.IGNORECASE
    ):  # else the call is refused: it is about the orders of others
        variant.drafts.extend(
            _given_to(random.choice(STRANGERS), {**item, "id": f"theirs{number}"})
            for number, item in enumerate(orders)
        )
    random.shuffle(variant.drafts)
    return variant


def with_strangers_of_whom_nothing_is_told(visit: Visit, random: Random) -> Visit:
    """The same, with nothing in the resources of the others but whose they are."""
    variant = with_strangers(visit, random)
    for resource in _resources(variant):
        if resource.get("id", "").startswith(("stranger", "theirs")):
            for name in resource.keys() - {"resourceType", "id", "subject", "patient"}:
                del resource[name]
    return variant


def _given_to(owner: Any, resource: dict[str, Any]) -> dict[str, Any]:
    element = "patient" if resource["resourceType"] == "AllergyIntolerance" else "subject"
    return {
        name: value for name, value in resource.items() if name not in ("subject", "patient")
    } | {element: owner}


# --- (f) what does not matter ---------------------------------------------------------------------------------------


def _irrelevant() -> list[dict[str, Any]]:
    local = {"coding": [{"system": "urn:oid:1.2.3", "code": "9"}], "text": "Something else"}
    subject = {"subject": {"reference": f"Patient/{PATIENT}"}}
    ibuprofen = {
        "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "5640"}],
        "text": "Ibuprofen 400 mg tablet",
    }
    other = [
        observation("b12", 5.1, "mmol/L", code={"coding": [{"system": "http://loinc.org", "code": "15074-8"}], "text": "Glucose"}, ago=0),
        observation("b12", 110, "ng/L", code={"coding": [{"system": "http://loinc.org", "code": "16696-7"}]}, ago=0),
        observation("b12", code=local, component=[{"code": local, "valueQuantity": {"value": 1}}]),
        observation("b12", code={"text": "A note"}, valueString="free text", effectiveDateTime=None),
        condition("38341003", text="Hypertension", onsetDateTime=days_ago(1)),
        condition("I10", system="http://hl7.org/fhir/sid/icd-10-cm", status=None),
        condition("195967001", text="Asthma", status="resolved"),
        {"resourceType": "Procedure", "status": "completed", **subject, "code": {"coding": [{"system": SNOMED, "code": "80146002"}]}},
        {"resourceType": "Procedure", "status": "not-done", **subject, "code": {"coding": [{"system": SNOMED, "code": "26452005"}]}},
        allergy("91936005", criticality="high", reaction=[{"severity": "severe", "manifestation": [{"text": "Anaphylaxis"}]}]),
        *(medication_request(ibuprofen, status=status) for status in ("active", "stopped", "draft")),
        {"resourceType": "MedicationStatement", "status": "active", **subject, "medicationCodeableConcept": local},
        {"resourceType": "MedicationAdministration", "status": "completed", **subject, "medicationCodeableConcept": ibuprofen,
         "effectiveDateTime": days_ago(0)},
        {"resourceType": "MedicationDispense", "status": "completed", **subject, "medicationCodeableConcept": ibuprofen},
        service_request("b12") | {"code": {"coding": [{"system": SNOMED, "code": "399208008"}], "text": "Chest X-ray"}},
        {"resourceType": "Encounter", "status": "in-progress", **subject},
        {"resourceType": "DiagnosticReport", "status": "final", **subject, "code": local, "conclusion": "Vitamin B12 deficient"},
        {"resourceType": "Medication", "code": HYDROXOCOBALAMIN},
        {"resourceType": "List", "status": "current", "mode": "working", **subject, "entry": [{"item": {"display": "Cyanocobalamin"}}]},
        {"resourceType": "FamilyMemberHistory", "status": "completed", "patient": subject["subject"], "relationship": local,
         "condition": [{"code": {"coding": [{"system": SNOMED, "code": "84027009"}]}}]},
        {"resourceType": "Practitioner", "name": [{"text": "Dr Cobalamin"}]},
    ]  # fmt: skip
    return [{**resource, "id": f"other{number}"} for number, resource in enumerate(other)]


def with_irrelevant_resources(visit: Visit, random: Random) -> Visit:
    """Resources of this patient that have nothing to do with B12 or folate, of many types, and such drafts."""
    variant = _copied(visit)
    _add(variant, _irrelevant(), random)
    x_ray = {
        **service_request("b12", status="draft"),
        "id": "x-ray",
        "code": {"text": "Chest X-ray"},
    }
    selected = variant.selections or [
        f"{item['resourceType']}/{item['id']}" for item in variant.drafts
    ]
    subject = {"reference": f"Patient/{PATIENT}"}
    diet = {
        "resourceType": "NutritionOrder",
        "id": "diet",
        "status": "draft",
        "intent": "order",
        "patient": subject,
        "dateTime": days_ago(0),
    }
    variant.drafts.extend(
        [x_ray, diet, {**draft({"text": "Ibuprofen 400 mg tablet"}), "id": "ibuprofen"}]
    )
    random.shuffle(variant.drafts)
    return replace(variant, selections=selected)


# --- (g) other time zones --------------------------------------------------------------------------------------------


def in_other_zones(visit: Visit, random: Random) -> Visit:
    """Every time stamp with another offset, for the same instant."""

    def moved(text: str) -> str:
        if not INSTANT.match(text):
            return text
        zone = timezone(timedelta(hours=random.choice(OFFSETS)))
        return datetime.fromisoformat(text).astimezone(zone).isoformat()

    return replace(
        visit, prefetch=_mapped(visit.prefetch, moved), drafts=_mapped(visit.drafts, moved)
    )


# --- (h) entered in error --------------------------------------------------------------------------------------------


def with_errors_struck_out(visit: Visit, random: Random) -> Visit:
    """Beside each resource a newer one of other content that was entered in error; so among the drafts."""
    variant = _copied(visit)
    record = list(_resources(visit))
    strangers = [
        _given_to({"reference": f"Patient/{PATIENT}"}, item) for item in _record_of_stranger()
    ]
    errors = [
        _in_error({**item, "id": f"error{number}"})
        for number, item in enumerate(record + strangers)
    ]
    _add(variant, errors, random)
    wrong = [
        draft(FOLIC_ACID_1MG, dosage(5)),
        draft(HYDROXOCOBALAMIN),
        service_request("b12", status="draft"),
    ]
    variant.drafts.extend(
        _in_error({**item, "id": f"wrong{number}"}) for number, item in enumerate(wrong)
    )
    return variant


def _in_error(resource: dict[str, Any]) -> dict[str, Any]:
    if resource["resourceType"] not in ("Condition", "AllergyIntolerance"):
        return {**resource, "status": "entered-in-error"}
    # A clinical status shall not be present then (con-5, ait-2).
    resource = {name: value for name, value in resource.items() if name != "clinicalStatus"}
    return {
        **resource,
        "verificationStatus": {"coding": [{"system": VERIFICATION, "code": "entered-in-error"}]},
    }


# --- (i) references ------------------------------------------------------------------------------------------------


def with_other_references(visit: Visit, random: Random) -> Visit:
    """Each reference relative, absolute or versioned, of some server, with what else a Reference may hold."""
    variant = _copied(visit)
    for resource in _resources(variant):
        for holder in _objects(resource):
            if isinstance(holder.get("reference"), str) and not holder["reference"].startswith("#"):
                base = random.choice(
                    ("", "https://ehr.example.org/fhir/", "http://10.0.0.1:8080/a/b/R4/")
                )
                version = random.choice(("", "", "/_history/3", "/_history/pat-2"))
                holder["reference"] = base + holder["reference"] + version
                holder.update(
                    random.choice(
                        (
                            {},
                            {"type": "Patient", "display": "B. Twelve"},
                            {"identifier": {"value": "pat-2"}},
                        )
                    )
                )
    return variant


# --- (j) unknown elements -------------------------------------------------------------------------------------------

_EXTENSION = {
    "url": "https://vendor.example.com/extension",
    "valueString": "vitamin B12 deficiency",
    "x": {"y": [1, None, True]},
}


def with_unknown_elements(visit: Visit, random: Random) -> Visit:
    """Extensions, elements of vendors and all that FHIR allows everywhere, at every depth of every resource."""
    variant = _copied(visit)
    for resource in [*_resources(variant), variant.prefetch["patient"]]:
        for holder in list(_objects(resource)):
            if random.random() < 0.5:
                holder.setdefault("extension", []).append(dict(_EXTENSION))
            if random.random() < 0.3:
                holder["x-vendor"] = {"status": "final", "code": "2132-9", "value": 1}
        resource |= {
            "meta": {"versionId": "7", "profile": ["https://example.com/p"]},
            "language": "en",
            "_status": {"extension": [dict(_EXTENSION)]},
        }
        resource["text"] = {
            "status": "generated",
            "div": "<div>Cyanocobalamin 1 mg, haemolysed</div>",
        }
        resource.setdefault("contained", []).append(
            {"resourceType": "Practitioner", "id": "someone"}
        )
    for bundle in _bundles(variant).values():
        bundle |= {
            "id": "b",
            "total": len(bundle["entry"]),
            "timestamp": "2026-11-23T12:00:00Z",
            "link": [{"relation": "self", "url": "x"}],
        }
        bundle["entry"] = [
            {**entry, "fullUrl": "https://x/y", "search": {"mode": "match", "score": 1}}
            for entry in bundle["entry"]
        ]
    return replace(variant, more={"extension": {"com.example": [1]}, "x-vendor": {"prefetch": {}}})


# --- (k) more codings -----------------------------------------------------------------------------------------------

_CODINGS: tuple[dict[str, Any], ...] = (
    {"system": "urn:oid:1.2.840.1", "code": "LAB1", "display": "Local item"}, {"code": "no-system"}, {"display": "Local item"}, {},
    {"system": "urn:oid:1.2.840.1"}, {"system": "http://snomed.info/sct", "code": "999999999", "userSelected": True},
)  # fmt: skip
STATUS_CONCEPTS = ("clinicalStatus", "verificationStatus")


def with_more_codings(visit: Visit, random: Random) -> Visit:
    """Codings that nobody knows, before and after those that are known, in every concept but statuses."""
    return _recoded(visit, random, lambda name: name not in STATUS_CONCEPTS)


def with_more_codings_of_statuses(visit: Visit, random: Random) -> Visit:
    """Codings that nobody knows, before and after the code of a clinical or verification status."""
    return _recoded(visit, random, lambda name: name in STATUS_CONCEPTS)


def _recoded(visit: Visit, random: Random, wanted: Callable[[str], bool]) -> Visit:
    variant = _copied(visit)
    for resource in _resources(variant):
        for holder in _objects(resource):
            for name, concept in holder.items():
                if isinstance(concept, dict) and "coding" in concept and wanted(name):
                    for coding in random.sample(_CODINGS, random.randint(1, 3)):
                        concept["coding"].insert(
                            random.randint(0, len(concept["coding"])), dict(coding)
                        )
    return variant
