"""The feedback endpoint (CDS Hooks 3.0.0, "Feedback"): it answers 200 once the feedback is on disk,
and repeated feedback changes nothing."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response
from werkzeug.exceptions import NotFound, RequestEntityTooLarge, ServiceUnavailable

from ..store.errors import StoreUnavailable
from ..store.store import Store
from .admission import check_head
from .body import json_body
from .caller import calling_client
from .endpoints import service_check
from .feedback_body import MOST_BYTES, read_feedback
from .hook_calls import NO_SERVICE
from .served import Serving

RETRY_AFTER_SECONDS = 5


def feedback_blueprint(serving: Serving, store: Store) -> Blueprint:
    """The endpoint ``POST /cds-services/{id}/feedback``."""
    blueprint = Blueprint("feedback", __name__)

    @blueprint.post("/cds-services/<service_id>/feedback")
    def receive(service_id: str) -> Response:
        if service_id not in serving.current.hooks_by_id:
            raise NotFound(NO_SERVICE)
        body = json_body()
        if len(body) > MOST_BYTES:
            raise RequestEntityTooLarge(
                f"Feedback may have {MOST_BYTES} bytes at most: send it in parts."
            )
        feedback = read_feedback(body, service_id, calling_client())
        if feedback:
            try:
                store.keep(feedback)
            except StoreUnavailable:
                raise ServiceUnavailable(
                    (
                        "Feedback cannot be stored at present. Send it again later: what is sent "
                        "twice is counted once."
                    ),
                    retry_after=RETRY_AFTER_SECONDS,
                ) from None
        return Response(orjson.dumps({}), content_type="application/json")

    check_head(blueprint, "receive", service_check(serving))
    return blueprint
