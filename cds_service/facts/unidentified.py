"""Medications that cannot be told: a code of a system that is not read without a name, or a reference that leads nowhere.

Each may be any drug, so the list that it stands in proves nothing absent (clinical specification, section 2, "Codes").
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .record import PatientRecord
    from .session import OrderingSession

UNIDENTIFIED = "a medication that could not be identified"
UNIDENTIFIED_DRAFT = "a drafted medication could not be identified"


def has_unidentified_current(record: PatientRecord, today: date) -> bool:
    """Whether an order or statement in force on ``today`` cannot be told."""
    return any(not order.product.identified for order in record.current_orders(today))


def has_unidentified_order(record: PatientRecord) -> bool:
    """Whether an order or statement, current or past, cannot be told."""
    return any(not order.product.identified for order in record.orders)


def has_unidentified_dose(record: PatientRecord, *, since: date = date.min) -> bool:
    """Whether a dose given or dispensed on the day ``since`` or later cannot be told."""
    return any(not dose.product.identified and dose.day >= since for dose in record.doses)


def has_unidentified_draft(session: OrderingSession) -> bool:
    """Whether an order of the session, selected or not, cannot be told."""
    return any(draft.unresolved for draft in session.drafts)
