"""Treatment with cobalamins and folates in a record: orders as courses, doses given or handed over
as doses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import NamedTuple

from ...facts.b12_treatment import treatment_of
from ...facts.catalogue import Facts
from ...facts.therapy import Dose, Order
from ...fhir.dates import add_days
from ...fhir.medication import COBALAMINS, Product
from ...fhir.product import FOLATES
from ...rendering.card_text import capital
from .words import amount_words, from_record, regimen_words, route_words

_COMBINATIONS = {
    "cobalamin-combination": "combination with a cobalamin",
    "folate-combination": "combination with a folate",
}
_HANDED_OVER = "MedicationDispense/"


class Course(NamedTuple):
    """An order or statement. ``state``: ``under way``, ``planned``, ``completed`` or
    ``no longer in force``; ``changes``: the first days of its later phases; ``remark``: a note if
    it does not count as treatment of B12 deficiency."""

    agent: str
    route: str
    regimen: str
    start: date | None
    end: date | None
    changes: tuple[date, ...]
    state: str
    medication: str
    reference: str
    remark: str

    @property
    def told(self) -> str:
        """The course in one line: agent, route and regimen."""
        return f"{self.agent} {self.route}: {self.regimen}"


class Given(NamedTuple):
    """A dose that was given, or a supply that was handed over."""

    day: date
    amount: str
    medication: str
    reference: str
    remark: str


class Doses(NamedTuple):
    """The doses of an agent and route, newest first. ``verb``: ``given`` or ``handed over``."""

    agent: str
    route: str
    verb: str
    doses: tuple[Given, ...]


def courses_of(facts: Facts) -> tuple[Course, ...]:
    """The courses of cobalamins and folates, sorted by agent and start."""
    treatment = treatment_of(facts)
    counted = {
        id(order)
        for order in (*treatment.orders, *treatment.covering, *treatment.past, *treatment.planned)
    }
    orders = [order for order in facts.record.orders if _is_shown(order.product)]
    courses = [_course(order, facts, counts=id(order) in counted) for order in orders]
    return tuple(
        sorted(
            courses, key=lambda course: (course.agent, course.start or date.min, course.reference)
        )
    )


def doses_of(facts: Facts) -> tuple[Doses, ...]:
    """The doses of cobalamins and folates, grouped by agent, route, and given or handed over."""
    found = [(_row(dose), dose) for dose in facts.record.doses if _is_shown(dose.product)]
    found.sort(key=lambda item: (item[0], -item[1].day.toordinal(), item[1].reference))
    treating = {id(dose) for dose in treatment_of(facts).doses}
    return tuple(
        Doses(
            agent,
            route,
            verb,
            tuple(_given(dose, facts.today, counts=id(dose) in treating) for _, dose in group),
        )
        for (agent, route, verb), group in groupby(found, key=lambda item: item[0])
    )


def _is_shown(product: Product) -> bool:
    return product.has_cobalamin or product.has_folate


def _agent(product: Product) -> str:
    single = sorted(product.agents & (COBALAMINS | FOLATES))
    names = [name.replace("-", " ") for name in single] or [
        _COMBINATIONS[name] for name in sorted(product.agents) if name in _COMBINATIONS
    ]
    return capital(" and ".join(names))


def _course(order: Order, facts: Facts, *, counts: bool) -> Course:
    phase = order.phases[0]
    remark = "does not count as B12 treatment" if order.product.has_cobalamin and not counts else ""
    return Course(
        _agent(order.product),
        route_words(phase.route, intramuscular=phase.intramuscular),
        regimen_words(order.phases),
        order.start,
        order.end,
        tuple(_changes(order)),
        _state(order, facts.today),
        from_record(order.product.source_text),
        from_record(order.reference),
        remark,
    )


def _state(order: Order, today: date) -> str:
    if order.completed:
        return "completed"
    if order.running and not order.begun(today):
        return "planned"
    return "under way" if order.current(today) else "no longer in force"


def _changes(order: Order) -> Iterator[date]:
    """The first day of each phase after the first, as far as it is known."""
    day = order.start
    for phase, following in zip(order.phases, order.phases[1:], strict=False):
        day = phase.start or day
        if following.start is not None:
            day = following.start
        elif phase.end is not None:
            day = add_days(phase.end, 1)
        elif phase.duration is not None and day is not None:
            day = add_days(day, phase.duration)
        else:
            return
        yield day


def _row(dose: Dose) -> tuple[str, str, str]:
    verb = "handed over" if dose.reference.startswith(_HANDED_OVER) else "given"
    return _agent(dose.product), route_words(dose.route), verb


def _given(dose: Dose, today: date, *, counts: bool) -> Given:
    amount = amount_words(dose.amount) + (
        " a day" if dose.amount is not None and dose.reference.startswith(_HANDED_OVER) else ""
    )
    remarks = {
        "dated later than today": dose.day > today,
        "does not count as B12 treatment": dose.product.has_cobalamin
        and not counts
        and dose.day <= today,
    }
    remark = ", ".join(remark for remark, holds in remarks.items() if holds)
    return Given(
        dose.day, amount, from_record(dose.product.source_text), from_record(dose.reference), remark
    )
