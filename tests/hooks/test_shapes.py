"""Every element that is declared as read, times odd shapes: what is malformed makes its facts unknown, everything else of the
record still counts, and no call fails."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.inspect import ListType, NoneType, RawType, StructType, Type, UnionType, type_info

from cds_service.facts.catalogue import CATALOGUE, Facts
from cds_service.facts.kinds import REFERENCE
from cds_service.facts.laboratory import Result
from cds_service.fhir.r4 import READ_RESOURCES, OfPatient
from tests.support.clinic import facts_of, fire, ids
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_INJECTION,
    DAILY,
    HYDROXOCOBALAMIN,
    IM,
    ORAL,
    SUBJECT,
    allergy,
    condition,
    days_ago,
    dosage,
    folic_acid,
    medication_request,
    observation,
    prefetch,
    procedure,
    resected_length,
    service_request,
)

META = {"versionId": "2", "lastUpdated": "2026-11-22T10:00:00Z"}
PERIOD = {"start": days_ago(400), "end": days_ago(30)}
DOSE = {
    "route": {"coding": [{"system": "http://snomed.info/sct", "code": IM}], "text": "IM"},
    "dose": {"value": 1, "unit": "mg", "code": "mg"},
}
THERAPY = {"subject": SUBJECT, "meta": META, "medicationCodeableConcept": CYANOCOBALAMIN_INJECTION}
# One record for each resource, so that nothing else of its type tells what the malformed one no longer does.
RECORD: dict[str, dict[str, Any]] = {
    "a low B12": observation("b12", 110, "pg/mL", meta=META, issued="2026-11-22T10:00:00Z", identifier=[{"system": "urn:lab", "value": "1"}]),
    "a B12 of long ago to now": observation("b12", 480, "ng/L", comparator=">", effectiveDateTime=None, effectivePeriod={"end": days_ago(3)}),
    "a B12 as text": observation("b12", valueString="110 pg/mL"),
    "a haemolysed potassium": observation("potassium", 2.9, "mmol/L", note=[{"text": "haemolysed"}], interpretation=[{"text": "L"}],
                                          referenceRange=[{"low": {"value": 3.5, "unit": "mmol/L"}, "text": "3.5-5.1"}]),
    "an antibody": observation("ifab", valueCodeableConcept={"coding": [{"system": "http://snomed.info/sct", "code": "10828004"}]}),
    "neuropathy": condition("386033004", onsetDateTime=days_ago(90), recordedDate=days_ago(80), meta=META,
                            verificationStatus={"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "confirmed"}]}),
    "a resection": procedure("173747005", performedDateTime=days_ago(900), extension=[resected_length(30)]),
    "an allergy": allergy(criticality="high", reaction=[{"manifestation": [{"text": "Anaphylaxis"}], "severity": "severe", "substance": {"text": "B12"}}]),
    "injections": medication_request(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo"), boundsPeriod={"start": days_ago(300)}), id="inj", meta=META),
    "a small dose by mouth": medication_request({"text": "Cyanocobalamin"}, dosage(50, "ug", route=ORAL, every=DAILY), id="oral"),
    "a statement": {"resourceType": "MedicationStatement", "id": "t1", "status": "active", "effectivePeriod": {"start": days_ago(300)},
                    "dosage": [dosage(1, route=IM, every=(1, 1, "mo"))], **THERAPY},
    "a dose given": {"resourceType": "MedicationAdministration", "id": "ad1", "status": "completed", "effectiveDateTime": days_ago(20), "dosage": DOSE, **THERAPY},
    "a dose handed over": {"resourceType": "MedicationDispense", "id": "di1", "status": "completed", "whenHandedOver": days_ago(20),
                           "dosageInstruction": [dosage(1, route=IM, every=(1, 1, "mo"))], **THERAPY},
    "a pending test": service_request("b12", occurrenceDateTime=days_ago(0)),
}  # fmt: skip
WRONG = {
    "a number": 1,
    "true": True,
    "a text": "x",
    "an object": {"x": 1},
    "a list of lists": [["x"]],
    "a huge number": 10**400,
    "half a character": "\ud800",
}
DEEP: Any = "x"
for _ in range(200):
    DEEP = {"x": [DEEP]}
WRONG["something deep"] = DEEP
_STRUCTURES = {
    str(read.__struct_config__.tag): read for read in READ_RESOURCES if issubclass(read, OfPatient)
}
Path = tuple[str | int, ...]


def declared_places(value: Any, kind: Type, path: Path = ()) -> Iterator[tuple[Path, Type]]:
    """Each element of a resource that is declared as read, with what is declared."""
    if isinstance(kind, UnionType):
        kinds = [part for part in kind.types if not isinstance(part, NoneType)]
        kind = next((part for part in kinds if isinstance(part, StructType)), kinds[0])
    if path:
        yield path, kind
    if isinstance(kind, ListType) and isinstance(value, list):
        for position, item in enumerate(value):
            yield from declared_places(item, kind.item_type, (*path, position))
    elif isinstance(kind, StructType) and isinstance(value, dict):
        for field in kind.fields:
            if field.encode_name in value:
                yield from declared_places(
                    value[field.encode_name], field.type, (*path, field.encode_name)
                )


def with_shape(name: str, path: Path, shape: Any, *others: dict[str, Any]) -> dict[str, Any]:
    """A prefetch with one of the resources, in which ``shape`` stands at ``path``."""
    changed = copy.deepcopy(RECORD[name])
    values = prefetch(changed, *others)
    holder: Any = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = shape
    return values


def is_wrong(kind: Type, shape: Any) -> bool:
    """Whether a shape may not stand where ``kind`` is declared. What takes any value has no wrong one."""
    names = {"StrType": str, "FloatType": (int, float), "BoolType": bool}
    if isinstance(kind, (ListType, StructType)):
        return not isinstance(shape, dict)  # one object where a list of them may stand is that list
    wanted = names.get(type(kind).__name__)
    if isinstance(kind, RawType):
        return not isinstance(shape, (int, float)) or isinstance(shape, bool) or shape > 10**300
    if wanted is None:
        return False
    return (
        not isinstance(shape, wanted)
        or shape in (10**400, "\ud800")
        or (isinstance(shape, bool) and wanted is not bool)
    )


CASES = [
    (name, path, shape)
    for name, resource in RECORD.items()
    for path, kind in declared_places(resource, type_info(_STRUCTURES[resource["resourceType"]]))
    if path[0] not in ("id", "meta")  # these say nothing of the patient
    for shape, value in WRONG.items()
    if is_wrong(kind, value)
]
# What an order is called and which it is says a name or an id: without them it is another, not an unknown one.
NAMES = {"text", "display", "id"}


# Each is true of what was received alone, and made for words: that potassium was not received, that a sample is known to be haemolysed,
# that the treatment which is known is cyanocobalamin.
SAY_WHAT_IS_KNOWN = {"potassium.unreceived", "potassium.haemolysed", "b12_therapy.cyanocobalamin"}


def known(facts: Facts) -> dict[str, Any]:
    """The values of the facts that read the record themselves. What others make of an unknown one is theirs to say."""
    read = [
        name
        for name, definition in CATALOGUE.items()
        if definition.queries and definition.kind is not REFERENCE and name not in SAY_WHAT_IS_KNOWN
    ]
    return {name: _decided(facts[name].value) for name in read if not facts[name].is_unknown}


def _decided(value: Any) -> Any:
    """A value without what the laboratory says beside it, which is shown and decides nothing. A potassium that counts is low, and one that is
    low counts whether or not its sample is haemolysed."""
    beside = {"range": "", "side": "", "haemolysed": False}
    return value._replace(**beside) if isinstance(value, Result) else value


@pytest.mark.parametrize("name", RECORD)
def test_what_is_malformed_makes_its_facts_unknown_and_nothing_else_of_them(name: str) -> None:
    resource = RECORD[name]
    whole = known(facts_of(resource))
    for _, path, shape in (case for case in CASES if case[0] == name):
        if path[-1] in NAMES:
            continue
        found = known(facts_of(prefetched=with_shape(name, path, WRONG[shape])))
        other = {fact for fact in found if fact not in whole or found[fact] != whole[fact]}
        assert not other, (path, shape, {fact: (found[fact], whole.get(fact)) for fact in other})


# What neither is a B12 result nor may be B12 treatment, which would rightly make the card silent.
UNCONCERNED = (
    "a haemolysed potassium",
    "an antibody",
    "neuropathy",
    "a resection",
    "an allergy",
    "a pending test",
)
LOW, DRAFT = observation("b12", 110, "pg/mL", id="low"), folic_acid(5)


@pytest.mark.parametrize(
    "shape", [shape for shape in WRONG if shape != "half a character"]
)  # of which no body is JSON
@pytest.mark.parametrize("name", UNCONCERNED)
def test_everything_else_of_the_record_still_counts(name: str, shape: str) -> None:
    """Beside a resource with a malformed element, a low B12 still speaks about folic acid."""
    places = list(dict.fromkeys(path for other, path, _ in CASES if other == name))
    for path in places[:: max(1, len(places) // 6)]:
        cards = ids(fire("order-sign", with_shape(name, path, WRONG[shape], LOW), drafts=[DRAFT]))
        assert cards[:1] == ["folic-acid-b12-deficient"], (path, shape)
