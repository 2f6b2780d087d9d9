"""The request of each card with everything in it many times: a loop within a loop that only a whole patient reaches."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.fuzz.bodies import Made, Sent
from tests.fuzz.shapes import as_bytes
from tests.spec.scenarios import EVERY_CARD


def _multiplied(request: dict[str, Any], size: int) -> Sent:
    times = max(size // len(as_bytes(request)), 1)
    context, prefetch = dict(request["context"]), dict(request["prefetch"])
    if "draftOrders" in context:
        context["draftOrders"] = _repeated(context["draftOrders"], min(times, 100))
    several = {key: _repeated(value, times) for key, value in prefetch.items()}
    body = as_bytes({**request, "context": context, "prefetch": several})
    return Sent(f"/cds-services/b12-folate-{request['hook']}", body)


def _repeated(value: Any, times: int) -> Any:
    """A Bundle whose every entry stands so many ``times`` in it, each with an id of its own."""
    if not isinstance(value, dict) or value.get("resourceType") != "Bundle":
        return value
    resources = [entry["resource"] for entry in value.get("entry", [])]
    many = [
        {"resource": {**resource, "id": f"{resource.get('id', place)}-{number}"}}
        for number in range(times)
        for place, resource in enumerate(resources)
    ]
    return {**value, "entry": many}


MULTIPLIED: dict[str, Made] = {
    f"{name}, many times": partial(_multiplied, request) for name, request in EVERY_CARD.items()
}
