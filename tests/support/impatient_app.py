"""The service as it is served, but with little patience for bodies: ``python -m tests.support.impatient_app PORT``."""

import sys

from granian import Granian
from granian.constants import Interfaces

from cds_service.app import create_app
from cds_service.hooks.admission import Admission
from cds_service.hooks.rsgi import WholeCalls

SECONDS = 0.5


def create_impatient() -> WholeCalls:
    """The service, which waits half a second for a body."""
    app = create_app()
    return WholeCalls(app.wsgi_app, Admission(app), body_seconds=SECONDS)


if __name__ == "__main__":
    Granian(
        "tests.support.impatient_app:create_impatient",
        port=int(sys.argv[1]),
        interface=Interfaces.RSGI,
        factory=True,
    ).serve()
