"""The service as ``python -m cds_service`` starts it, with one hook more: what a developer adds, and nothing else.

``appointment-book`` of HL7's library of hooks, version 1.0: the patient, who books, and a Bundle of proposed appointments.

With ``commands`` it reads the arguments of a command from each line, as JSON, and answers with its exit code and what it prints.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from click.testing import CliRunner

from cds_service.hooks.contexts import CONTEXTS, UserContext
from cds_service.rules.hook_table import HOOKS, Hook

APPOINTMENTS: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {
            "resource": {
                "resourceType": "Appointment",
                "id": "next",
                "status": "proposed",
                "participant": [],
            }
        }
    ],
}


class AppointmentBookContext(UserContext, kw_only=True):
    """Context of ``appointment-book``."""

    appointments: dict[str, Any]


BOOKING = Hook(
    version="1.0",
    title="Vitamin B12 and folate: booking an appointment",
    description="Points out tests that are better taken before an appointment.",
    occasion="an appointment is booked",
    requires_results=True,
    example_context={"appointments": APPOINTMENTS},
)

if __name__ == "__main__":
    # Before anything that reads the table is imported, as if it stood there.
    HOOKS["appointment-book"] = BOOKING
    CONTEXTS["appointment-book"] = AppointmentBookContext
    from cds_service.cli import main

    if sys.argv[1:] != ["commands"]:
        main()
    for line in sys.stdin:
        ended = CliRunner().invoke(main, json.loads(line))
        print(json.dumps([ended.exit_code, ended.output]), flush=True)
