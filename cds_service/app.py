"""The Flask application."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

from flask import Blueprint, Flask

from .authored_yaml.source import AuthoringError
from .collector import collect_rarely, freeze_loaded, freeze_reloaded
from .config import Settings
from .ehr.statement import statement_profile
from .engine import Engine
from .fhir_server.client import FhirClient
from .hooks.admission import Admission
from .hooks.authentication import Authentication, authenticate_callers
from .hooks.connections import watch_connections
from .hooks.cors import allow_origins
from .hooks.endpoints import hooks_blueprint
from .hooks.errors import register_errors
from .hooks.feedback import feedback_blueprint
from .hooks.fhir_api import fhir_blueprint
from .hooks.health import health_blueprint
from .hooks.hook_calls import HookCalls
from .hooks.hot import HotCalls
from .hooks.local_only import own_names, refuse_other_hosts
from .hooks.report import report_blueprint
from .hooks.rsgi import WholeCalls
from .hooks.served import Served, Serving, served
from .hooks.turn import Turn
from .inherited import inherited
from .log_lines import log_to_stderr
from .orphan import end_with_parent
from .reload import on_hangup
from .store.store import Store
from .trust.start import OPEN_TO_ALL, token_verifier
from .workbench.parts import Parts

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(
    settings: Settings | None = None, clock: Clock = _utc_now, loaded: Served | None = None
) -> Flask:
    """The application for ``settings`` (from the environment by default). ``clock``: gives aware
    datetimes. ``loaded``: what is served with ``settings``, if it has been loaded before.

    Raises :class:`~.trust.start.UnsafeSettings` if callers would be neither known nor local.
    """
    settings = settings or Settings()
    app = Flask("cds_service", static_folder=None)
    # //path is not redirected to /path: the target would be on the host that the caller names.
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    register_errors(app)
    if settings.cors_origins:
        allow_origins(app, settings.cors_origins)
    authentication, is_own = _admit_callers(app, settings)
    turn = Turn()
    fhir = _fhir_client(settings, turn)
    store = Store(
        settings.database_url, clock, settings.snooze_days, settings.snooze_key.get_secret_value()
    )
    serving = Serving(loaded or served(Engine(settings), clock()), clock)
    calls = HookCalls(serving, clock, fhir, store)
    hot = HotCalls(
        calls,
        authentication,
        is_own,
        settings.max_body_bytes,
        has_origins=bool(settings.cors_origins),
    )
    app.extensions |= {"store": store, "serving": serving, "hot": hot}
    app.register_blueprint(health_blueprint(serving, store, clock))
    app.register_blueprint(hooks_blueprint(serving, calls, turn))
    app.register_blueprint(feedback_blueprint(serving, store))
    app.register_blueprint(report_blueprint(store, clock))
    app.register_blueprint(fhir_blueprint(serving, clock, turn))
    _add_pages(app, Parts(serving, clock, fhir, turn, settings))
    return app


def load_libraries(settings: Settings) -> None:
    """Load what the application for ``settings`` needs, so that processes which are forked from
    now on need not do so."""
    list(_pages(settings))


def _admit_callers(
    app: Flask, settings: Settings
) -> tuple[Authentication | None, Callable[[str], bool] | None]:
    """Make ``app`` refuse callers who may not call. Return how callers are authenticated, and which
    hosts are this service; ``None`` for the one that does not apply."""
    if verifier := token_verifier(settings):
        authentication = Authentication(verifier, settings)
        authenticate_callers(app, authentication, settings)
        return authentication, None
    if settings.insecure:
        log.warning(OPEN_TO_ALL.format(host=settings.host))
        return None, None
    is_own = own_names(settings.base_url)
    refuse_other_hosts(app, is_own)
    return None, is_own


def _add_pages(app: Flask, parts: Parts) -> None:
    for pages in _pages(parts.settings):
        app.register_blueprint(pages(parts))


def _pages(settings: Settings) -> Iterator[Callable[[Parts], Blueprint]]:
    """The functions that make the pages for people that a site has: the workbench, and the app that
    an EHR opens. Imported only if needed, because their libraries take long to load."""
    if settings.has_workbench:
        from .workbench.blueprint import workbench_blueprint

        yield workbench_blueprint
    if settings.smart_client_id:
        from .workbench.smart.blueprint import smart_blueprint

        yield smart_blueprint


def _fhir_client(settings: Settings, turn: Turn) -> FhirClient:
    """The client that reads FHIR servers. A server's own CapabilityStatement counts only if the
    site does not describe its EHR."""
    own_words = None if settings.ehr else partial(statement_profile, settings.ehr_profile)
    servers = settings.listed_fhir_servers
    return FhirClient(
        servers,
        settings.fhir_budget,
        settings.max_body_bytes,
        settings.fhir_ca_bundle,
        turn.given_up,
        own_words,
    )


def create_worker_app() -> WholeCalls:
    """The application of a server's worker process, which loads the cards again at SIGHUP."""
    # A worker is forked with the signal handlers of the main process. Until it serves, it must end
    # at once on SIGTERM.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    log_to_stderr("cds_service")
    end_with_parent()
    settings = Settings()
    app = create_app(settings, loaded=inherited(settings))
    on_hangup(lambda: _take_cards(app.extensions["serving"], settings))
    app.extensions["store"].start()
    app.extensions["serving"].prepare()
    collect_rarely()
    freeze_loaded()
    watch_connections(settings.port)
    # Where the workbench shows what clients sent, Flask sees every call.
    return WholeCalls(
        app.wsgi_app, Admission(app), None if settings.watches_clients else app.extensions["hot"]
    )


def _take_cards(serving: Serving, settings: Settings) -> None:
    try:
        serving.take(Engine(settings))
        serving.prepare()
    except AuthoringError as error:
        log.error("the cards changed after they were checked; those served before go on: %s", error)
    else:
        freeze_reloaded()
