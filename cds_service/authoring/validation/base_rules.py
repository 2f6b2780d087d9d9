"""FHIR R4's own invariants for the types that the service reads or writes, and unknown modifier
extensions.

The expressions are those of the R4 specification, written for the engine of :mod:`.conformance`. An
expression with an empty result (as for two dates of different precision) counts as satisfied.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from xml.etree import ElementTree

from .conformance import nothing_against
from .finding import Finding
from .node import Node
from .profiles import OURS, Profiles


class Rule(NamedTuple):
    """An invariant: its key in R4, its text, and its FHIRPath expression."""

    key: str
    human: str
    expression: str


_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_ALLERGY = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
_HAS_ENDED = (
    f"clinicalStatus.coding.where(system = '{_CLINICAL}' and code in ('resolved' | 'remission' | "
    "'inactive'))"
)
_ERROR = "verificationStatus.coding.where(system = '{}' and code = 'entered-in-error')"

# Keyed by the type of an element, or by its path if it has no type of its own.
RULES: dict[str, tuple[Rule, ...]] = {
    "Extension": (
        Rule(
            "ext-1",
            "An extension has either extensions or a value.",
            "extension.exists() != value.exists()",
        ),
    ),
    "Quantity": (
        Rule(
            "qty-3",
            "A Quantity with a code has a system.",
            "code.empty() or system.exists()",
        ),
    ),
    "Period": (
        Rule(
            "per-1",
            "The start of a period is not after its end.",
            "start.empty() or end.empty() or start <= end",
        ),
    ),
    "Range": (
        Rule(
            "rng-2",
            "The low end is not above the high end.",
            "low.empty() or high.empty() or low.code != high.code or low.value <= high.value",
        ),
    ),
    "Ratio": (
        Rule(
            "rat-1",
            "Numerator and denominator are both present or both absent.",
            "numerator.exists() = denominator.exists()",
        ),
    ),
    "Reference": (
        Rule(
            "ref-1",
            "A reference to a contained resource leads to one.",
            (
                "reference.empty() or reference.startsWith('#').not() or reference = '#' or "
                "reference.substring(1) in %resource.contained.id"
            ),
        ),
    ),
    "Attachment": (
        Rule("att-1", "Data has its content type.", "data.empty() or contentType.exists()"),
    ),
    "ContactPoint": (Rule("cpt-2", "A value has its system.", "value.empty() or system.exists()"),),
    "Timing.repeat": (
        Rule("tim-1", "A duration has its unit.", "duration.empty() or durationUnit.exists()"),
        Rule("tim-2", "A period has its unit.", "period.empty() or periodUnit.exists()"),
        Rule("tim-4", "A duration is not negative.", "duration.empty() or duration >= 0"),
        Rule("tim-5", "A period is not negative.", "period.empty() or period >= 0"),
        Rule(
            "tim-6",
            "An element with periodMax has a period.",
            "periodMax.empty() or period.exists()",
        ),
        Rule(
            "tim-7",
            "An element with durationMax has a duration.",
            "durationMax.empty() or duration.exists()",
        ),
        Rule(
            "tim-8", "An element with countMax has a count.", "countMax.empty() or count.exists()"
        ),
        Rule(
            "tim-9",
            "An offset has an event (when) other than C, CM, CD and CV.",
            (
                "offset.empty() or (when.exists() and when.where($this in ('C' | 'CM' | 'CD' | "
                "'CV')).empty())"
            ),
        ),
        Rule(
            "tim-10",
            "There is a time of day or an event, not both.",
            "timeOfDay.empty() or when.empty()",
        ),
    ),
    "Observation": (
        Rule(
            "obs-6",
            "There is a value or a reason why not, not both.",
            "dataAbsentReason.empty() or value.empty()",
        ),
        Rule(
            "obs-7",
            "With a value, no component has the code of the whole.",
            (
                "value.empty() or component.code.coding.where(code in "
                "%resource.code.coding.code).empty()"
            ),
        ),
    ),
    "Observation.referenceRange": (
        Rule(
            "obs-3",
            "A range has a limit or a text.",
            "low.exists() or high.exists() or text.exists()",
        ),
    ),
    "Condition": (
        Rule(
            "con-4",
            "A condition with an abatement is inactive, resolved or in remission.",
            f"abatement.empty() or {_HAS_ENDED}.exists()",
        ),
        Rule(
            "con-5",
            "What was entered in error has no clinical status.",
            f"clinicalStatus.empty() or {_ERROR.format(_VERIFICATION)}.empty()",
        ),
    ),
    "Condition.stage": (
        Rule(
            "con-1",
            "A stage has a summary or an assessment.",
            "summary.exists() or assessment.exists()",
        ),
    ),
    "Condition.evidence": (
        Rule("con-2", "Evidence has a code or details.", "code.exists() or detail.exists()"),
    ),
    "AllergyIntolerance": (
        Rule(
            "ait-1",
            "It has a clinical status, unless entered in error.",
            f"clinicalStatus.exists() or {_ERROR.format(_ALLERGY)}.exists()",
        ),
        Rule(
            "ait-2",
            "What was entered in error has no clinical status.",
            f"clinicalStatus.empty() or {_ERROR.format(_ALLERGY)}.empty()",
        ),
    ),
    "Patient.contact": (
        Rule(
            "pat-1",
            "A contact has details or an organization.",
            "name.exists() or telecom.exists() or address.exists() or organization.exists()",
        ),
    ),
    "ServiceRequest": (
        Rule("prr-1", "Details of an order have a code.", "orderDetail.empty() or code.exists()"),
    ),
    "MedicationAdministration.dosage": (
        Rule("mad-1", "A dosage has a dose or a rate.", "dose.exists() or rate.exists()"),
    ),
    "MedicationDispense": (
        Rule(
            "mdd-1",
            "The hand-over is not before the preparation.",
            "whenHandedOver.empty() or whenPrepared.empty() or whenHandedOver >= whenPrepared",
        ),
    ),
    "Bundle": (
        Rule(
            "bdl-1",
            "Only a searchset or history has a total.",
            "total.empty() or type in ('searchset' | 'history')",
        ),
        Rule(
            "bdl-2",
            "Only a searchset has entry.search.",
            "entry.search.empty() or type = 'searchset'",
        ),
        Rule(
            "bdl-3",
            "Entries of a batch, transaction or history have a request; others have none.",
            (
                "entry.all(request.exists() = (%resource.type in ('batch' | 'transaction' | "
                "'history')))"
            ),
        ),
    ),
    "Bundle.entry": (
        Rule(
            "bdl-8",
            "A fullUrl has no version.",
            "fullUrl.empty() or fullUrl.contains('/_history/').not()",
        ),
    ),
    "RequestGroup.action": (
        Rule(
            "rqg-1",
            "An action is a group or has a resource.",
            "resource.exists() != action.exists()",
        ),
    ),
    "CarePlan.activity": (
        Rule(
            "cpl-3",
            "An activity has details or a reference, not both.",
            "detail.empty() or reference.empty()",
        ),
    ),
}
_QUANTITIES = frozenset({"Age", "Count", "Distance", "Duration", "Money", "SimpleQuantity"})
_XHTML = "{http://www.w3.org/1999/xhtml}"
# Elements that a narrative may not hold (txt-1): it allows formatting, but no scripts, forms,
# frames or styles of a whole page.
_FORBIDDEN = frozenset(
    {
        "script",
        "form",
        "input",
        "button",
        "iframe",
        "object",
        "embed",
        "link",
        "style",
        "base",
        "head",
        "body",
        "html",
    }
)
_HANDLER = re.compile(r"on[a-z]+\Z")


def rule_findings(resource: dict[str, Any], profiles: Profiles) -> Iterator[Finding]:
    """Yield the violations of R4's invariants in a well-formed resource and the resources that it
    contains."""
    root = Node.root(resource)
    yield from _narrative_findings(root)
    yield from _contained_findings(root)
    for name, node in [("", root), *((name, node) for _, name, node in root.descendants())]:
        yield from _invariant_findings(node, resource)
        if name == "modifierExtension":
            yield from _modifier_findings(node, profiles)


def _invariant_findings(node: Node, resource: dict[str, Any]) -> Iterator[Finding]:
    for rule in RULES.get("Quantity" if node.type in _QUANTITIES else node.type, ()):
        if not nothing_against(rule.expression, node, resource):
            yield Finding("error", node.path, rule.key, f"FHIR R4 requires: {rule.human}")


def _modifier_findings(node: Node, profiles: Profiles) -> Iterator[Finding]:
    url = node.value.get("url") if isinstance(node.value, dict) else None
    if isinstance(url, str) and (not url.startswith(OURS) or profiles.extension(url) is None):
        what = (
            f"The modifier extension {url} is not known here, and may change the meaning of the "
            "resource."
        )
        yield Finding(
            "error",
            node.path,
            "modifier",
            what,
            "The service does not use a resource with an unknown modifier extension.",
        )


def _narrative_findings(root: Node) -> Iterator[Finding]:
    text = root.value.get("text")
    div = text.get("div") if isinstance(text, dict) else None
    if not isinstance(div, str):
        return
    path = f"{root.path}.text.div"
    try:
        parsed = ElementTree.fromstring(div)
    except ElementTree.ParseError as error:
        yield Finding("error", path, "txt-1", f"The narrative is not well-formed XHTML: {error}.")
        return
    if parsed.tag != f"{_XHTML}div":
        yield Finding(
            "error",
            path,
            "txt-1",
            "The narrative must be an XHTML div.",
            'Begin with <div xmlns="http://www.w3.org/1999/xhtml">.',
        )
    for element in parsed.iter():
        name = element.tag.removeprefix(_XHTML) if isinstance(element.tag, str) else ""
        if name in _FORBIDDEN or any(map(_HANDLER.match, element.attrib)):
            yield Finding(
                "error",
                path,
                "txt-1",
                f"A narrative cannot have this {name}: it may contain only formatted text.",
            )
    if not "".join(parsed.itertext()).strip() and not any(
        element.tag == f"{_XHTML}img" for element in parsed.iter()
    ):
        yield Finding("error", path, "txt-2", "The narrative must have content.")


def _contained_findings(root: Node) -> Iterator[Finding]:
    contained = root.value.get("contained")
    inner = (
        [item for item in contained if isinstance(item, dict)]
        if isinstance(contained, list)
        else []
    )
    whole = json.dumps(root.value)
    for index, item in enumerate(inner):
        path = f"{root.path}.contained[{index}]"
        meta = item.get("meta")
        if "contained" in item:
            yield Finding(
                "error", path, "dom-2", "A contained resource cannot contain another one."
            )
        if isinstance(meta, dict) and {"versionId", "lastUpdated"} & meta.keys():
            yield Finding(
                "error",
                path,
                "dom-4",
                "A contained resource cannot have meta.versionId or meta.lastUpdated.",
            )
        if isinstance(meta, dict) and "security" in meta:
            yield Finding(
                "error", path, "dom-5", "A contained resource cannot have a security label."
            )
        if f'"#{item.get("id")}"' not in whole and '"#"' not in json.dumps(item):
            yield Finding(
                "error",
                path,
                "dom-3",
                "A contained resource must be referenced by the resource that contains it.",
            )
