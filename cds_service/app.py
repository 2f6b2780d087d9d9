"""The Flask application."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask

from .config import Settings
from .engine import Engine
from .hooks.endpoints import hooks_blueprint
from .hooks.errors import register_errors


def _utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(settings: Settings | None = None, clock: Callable[[], datetime] = _utc_now) -> Flask:
    """The application for ``settings`` (from the environment by default); ``clock`` gives aware datetimes."""
    settings = settings or Settings()
    app = Flask("cds_service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    register_errors(app)
    app.register_blueprint(hooks_blueprint(Engine(settings), clock))
    return app
