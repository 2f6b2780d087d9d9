"""The capabilities of an exported definition (extension cqf-knowledgeCapability).

Programs can share, publish and read it. No definition is executable, because the service itself
computes the facts that the criteria ask.
"""

from __future__ import annotations

from typing import Any

_KNOWLEDGE_CAPABILITY = "http://hl7.org/fhir/StructureDefinition/cqf-knowledgeCapability"
CAPABILITIES: list[dict[str, Any]] = [
    {"url": _KNOWLEDGE_CAPABILITY, "valueCode": code}
    for code in ("shareable", "computable", "publishable")
]
