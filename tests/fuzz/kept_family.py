"""What stays in memory after calls, and what comes back of what was sent."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterable
from typing import Any

from tests.fuzz.report import Finding, Report
from tests.fuzz.shapes import as_bytes, at, places, replaced
from tests.fuzz.target import Target, faults
from tests.spec.scenarios import EVERY_CARD
from tests.support.fhir_builders import (
    HYDROXOCOBALAMIN,
    IM,
    LOINC,
    SUBJECT,
    allergy,
    dosage,
    folic_acid,
    hook_request,
    medication_request,
    observation,
    prefetch,
)

CALLS = 6
LENGTH = 400_000
# Caches hold what is usual and short.
MOST_KEPT = 0.3


def _sign(order: dict[str, Any]) -> dict[str, Any]:
    return hook_request("order-sign", prefetch(), drafts=[order, folic_acid()])


def _view(resource: dict[str, Any]) -> dict[str, Any]:
    return hook_request("patient-view", prefetch(resource))


def _made_of(ingredient: dict[str, Any]) -> dict[str, Any]:
    medication = {"resourceType": "Medication", "id": "m", "ingredient": [ingredient]}
    return _sign(
        medication_request(
            None, medicationReference={"reference": "#m"}, contained=[medication], status="draft"
        )
    )


LONG: dict[str, Callable[[str], dict[str, Any]]] = {
    "the code of a draft": lambda text: _sign(medication_request({"coding": [{"system": LOINC, "code": text}]}, status="draft")),
    "the system of a draft": lambda text: _sign(medication_request({"coding": [{"system": text, "code": "1"}]}, status="draft")),
    "the name of a draft": lambda text: _sign(medication_request({"text": text}, status="draft")),
    "the code of an ingredient": lambda text: _made_of({"itemCodeableConcept": {"coding": [{"system": LOINC, "code": text}]}}),
    "the system of an ingredient": lambda text: _made_of({"itemCodeableConcept": {"coding": [{"system": text, "code": "1"}]}}),
    "the unit of an ingredient": lambda text: _made_of({"itemCodeableConcept": {"text": "x"},
                                                        "strength": {"numerator": {"value": 1, "unit": text}}}),
    "the system of a problem": lambda text: _view({"resourceType": "Condition", "id": "c", "subject": SUBJECT,
                                                   "code": {"coding": [{"system": text, "code": "1"}]}}),
    "the route of a draft": lambda text: _sign(medication_request(HYDROXOCOBALAMIN, {**dosage(1), "route": {"text": text}}, status="draft")),
    "the unit of a dose": lambda text: _sign(medication_request(HYDROXOCOBALAMIN, dosage(1, text, route=IM), status="draft")),
    "a timing's code": lambda text: _sign(medication_request(HYDROXOCOBALAMIN, {"timing": {"code": {"coding": [{"code": text}]}}}, status="draft")),
    "the unit of a result": lambda text: _view(observation("b12", 110, text)),
    "a result that is text": lambda text: _view(observation("b12", valueString="110 " + text)),
    "the code of a problem": lambda text: _view({"resourceType": "Condition", "id": "c", "subject": SUBJECT,
                                                 "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": text}]}}),
    "an allergen": lambda text: _view({**allergy(), "code": {"text": text}}),
    "a medication's reference": lambda text: _view(medication_request(None, medicationReference={"reference": "Medication/" + text})),
    "the patient": lambda text: {**_view(observation("b12", 110, "pg/mL")), "fhirServer": "http://127.0.0.1/" + text},
}  # fmt: skip


def kept(target: Target, report: Report, names: Iterable[str] = tuple(LONG)) -> None:
    """Send long values, each once, and see whether memory holds them when all is answered."""
    for name in names:
        make = LONG[name]
        bodies = [as_bytes(make(f"{number}x" * (LENGTH // 2))) for number in range(CALLS)]
        path = f"/cds-services/b12-folate-{'order-sign' if b'order-sign' in bodies[0] else 'patient-view'}"
        target.send("POST", path, as_bytes(make("short")))
        gc.collect()
        tracemalloc.start()
        for body in bodies:
            answer = target.send("POST", path, body)
            report.count("kept", answer.status)
        target.lines.lines = []
        gc.collect()
        left, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        if left > MOST_KEPT * CALLS * LENGTH:
            report.add(
                Finding(
                    "kept",
                    f"{name}: {left / CALLS / LENGTH:.0%} of what was sent stays in memory",
                    bodies[0],
                )
            )


def echoed(target: Target, report: Report, cards: Iterable[str] = tuple(EVERY_CARD)) -> None:
    """Make each text of each card's request long: it does not come back in the answer or in the log."""
    for card in cards:
        request = EVERY_CARD[card]
        texts = [path for path in places(request) if isinstance(at(request, path), str)]
        for path in texts:
            present = at(request, path)
            for long in (present + "a" * 60_000, present[:4] + "-" * 60_000):
                body = as_bytes(_everywhere(request, present, long))
                answer = target.send("POST", f"/cds-services/b12-folate-{request['hook']}", body)
                report.count("echoed", answer.status)
                for fault in faults(answer, len(body)):
                    report.add(
                        Finding(
                            "echoed",
                            f"{'.'.join(str(step) for step in path if isinstance(step, str))}: {fault}",
                            body,
                        )
                    )
                if len(answer.content) > 60_000:
                    where = ".".join(str(step) for step in path if isinstance(step, str))
                    report.add(
                        Finding(
                            "echoed", f"{where} comes back in the answer, in whatever length", body
                        )
                    )


def _everywhere(value: Any, old: str, new: str) -> Any:
    """``value`` with ``new`` wherever ``old`` stands, also at the end of a reference: an id is one in all places."""
    for path in places(value):
        present = at(value, path)
        if isinstance(present, str) and (present == old or present.endswith(f"/{old}")):
            value = replaced(value, path, present.removesuffix(old) + new)
    return value
