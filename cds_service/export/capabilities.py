"""What can be done with a definition that is handed over (the extension cqf-knowledgeCapability).

It can be shared, published and read by programs. None is executable: the facts that the criteria
ask are made by the service.
"""

from __future__ import annotations

from typing import Any

_KNOWLEDGE_CAPABILITY = "http://hl7.org/fhir/StructureDefinition/cqf-knowledgeCapability"
CAPABILITIES: list[dict[str, Any]] = [
    {"url": _KNOWLEDGE_CAPABILITY, "valueCode": code}
    for code in ("shareable", "computable", "publishable")
]
