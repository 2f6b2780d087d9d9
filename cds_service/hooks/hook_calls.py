"""Answering a hook call: from the bytes of its body to the bytes of its answer, in a thread and on
the event loop alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import orjson
from werkzeug.exceptions import NotFound

from ..fhir_server.client import FhirClient
from ..store.store import Store
from .encoding import encoded
from .request import read_call
from .served import Serving
from .shown import shown_card

NO_SERVICE = "There is no such service; GET /cds-services lists them."
_NO_CARDS = orjson.dumps({"cards": []})


class HookCalls:
    """Answers hook calls with the cards that are served at the time.

    ``clock``: gives aware datetimes. ``fhir``: reads what clients did not prefetch. ``store``:
    records the cards shown.
    """

    def __init__(
        self, serving: Serving, clock: Callable[[], datetime], fhir: FhirClient, store: Store
    ):
        self._serving = serving
        self._clock = clock
        self._fhir = fhir
        self._store = store

    def is_service(self, service_id: str) -> bool:
        """Whether a service with this id is served now."""
        return service_id in self._serving.current.hooks_by_id

    def answer(self, service_id: str, body: bytes, client: str, *, may_wait: bool = True) -> bytes:
        """The answer to a ``client``'s call with this ``body``, as JSON. Raises the errors that
        ``hooks/errors`` answers.

        Unless it ``may_wait``, raises :class:`.request.MustWait` if something has to be fetched,
        before anything is fetched or recorded.
        """
        engine, hooks_by_id, *_ = self._serving.current
        hooks = hooks_by_id.get(service_id)
        if hooks is None:
            raise NotFound(NO_SERVICE)
        call = read_call(body, hooks, self._fhir, may_wait=may_wait)
        now = self._clock()
        store = self._store
        patient_hash = store.snoozes.patient_hash(client, call.fhir_server, call.patient_id)
        cards = engine.answer(call, now, store.snoozes.of(patient_hash))
        if not cards:
            return _NO_CARDS
        cards, content = encoded(cards)
        occasion = store.occasions.name(
            client, call.fhir_server, call.patient_id, call.user_id, now
        )
        store.note_shown(
            [shown_card(card, service_id, client, now, patient_hash, occasion) for card in cards]
        )
        return content
