"""The content of the page on conformance: the clauses of CDS Hooks with their tests, counted."""

from __future__ import annotations

from typing import Any

_SERVICE = ("service", "both")


def conformance(sections: list[dict[str, Any]]) -> dict[str, Any]:
    """Return ``sections`` of ``conformance.yaml``, and the number of clauses of each kind."""
    clauses = [clause for section in sections for clause in section["clauses"]]
    own = [clause for clause in clauses if clause["binds"] in _SERVICE]
    others = [clause for clause in clauses if clause["binds"] not in _SERVICE]
    counts = {
        "service": len(own),
        "shall": sum(clause["keyword"] == "SHALL" for clause in own),
        "others": len(others),
        "checked": sum(bool(clause.get("tests")) for clause in others),
    }
    return {"sections": sections, "counts": counts}
