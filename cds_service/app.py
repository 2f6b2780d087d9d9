"""The Flask application."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask

from .config import Settings
from .engine import Engine
from .fhir.client import FhirClient
from .hooks.authentication import authenticate_callers
from .hooks.cors import allow_origins
from .hooks.endpoints import hooks_blueprint
from .hooks.errors import register_errors
from .hooks.feedback import feedback_blueprint
from .hooks.report import report_blueprint
from .hooks.services import hook_services
from .hooks.turn import Turn
from .store.store import Store
from .trust.start import OPEN_TO_ALL, token_verifier

log = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(settings: Settings | None = None, clock: Callable[[], datetime] = _utc_now) -> Flask:
    """The application for ``settings`` (from the environment by default); ``clock`` gives aware datetimes.

    Raises :class:`~.trust.start.UnsafeSettings` where callers would be neither known nor local.
    """
    settings = settings or Settings()
    app = Flask("cds_service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    register_errors(app)
    if settings.cors_origins:
        allow_origins(app, settings.cors_origins)
    if verifier := token_verifier(settings):
        authenticate_callers(app, verifier, settings)
    elif settings.insecure:
        log.warning(OPEN_TO_ALL.format(host=settings.host))
    turn = Turn()
    fhir = FhirClient(settings.listed_fhir_servers, settings.fhir_budget, settings.max_body_bytes, settings.fhir_ca_bundle, turn.given_up)
    store = Store(settings.database_url, clock, settings.snooze_days, settings.snooze_key.get_secret_value())
    engine = Engine(settings)
    app.extensions["store"] = store
    app.register_blueprint(hooks_blueprint(engine, clock, fhir, turn, store))
    app.register_blueprint(feedback_blueprint(hook_services(engine), store))
    app.register_blueprint(report_blueprint(store, clock))
    return app


def create_worker_app() -> Flask:
    """The application of a server's worker process.

    What was loaded lives as long as the process, so the garbage collector need not walk it; and a call makes thousands of
    short-lived objects that reference counting frees, so it need not look often.
    """
    app = create_app()
    app.extensions["store"].start()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    return app
