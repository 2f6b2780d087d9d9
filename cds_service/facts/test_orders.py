"""Which laboratory tests a card may order: those that answer its question and are neither pending nor drafted."""

from __future__ import annotations

from .catalogue import Facts, fact
from .fact import Fact, absent, known

# test -> the order template that asks for it
_TEMPLATES = {
    "b12": "serum-b12", "active_b12": "active-b12", "mma": "mma", "homocysteine": "homocysteine", "folate": "serum-folate",
    "blood_count": "blood-count", "reticulocytes": "reticulocytes", "creatinine": "creatinine",
}  # fmt: skip


def _requested(*tests: str) -> tuple[str, ...]:
    return tuple(f"test.{state}.{test}" for test in tests for state in ("drafted", "pending"))


def _orders(facts: Facts, *tests: str) -> Fact:
    """The orders for ``tests`` that are neither pending nor drafted; absent where none is left."""
    wanted = tuple(_TEMPLATES[test] for test in tests if not any(facts[name].holds for name in _requested(test)))
    return known(wanted) if wanted else absent()


@fact("order.b12_and_folate", "B12 and folate tests", "orders", uses=_requested("b12", "folate"))
def b12_and_folate(facts: Facts) -> Fact:
    """Serum B12 and serum folate, as far as not requested."""
    return _orders(facts, "b12", "folate")


@fact("order.b12", "B12 test", "orders", uses=_requested("b12"))
def b12(facts: Facts) -> Fact:
    """Serum B12, unless a B12 test is requested."""
    return _orders(facts, "b12")


@fact("order.active_b12", "active B12 test", "orders", uses=_requested("active_b12"))
def active_b12(facts: Facts) -> Fact:
    """Active B12, unless requested."""
    return _orders(facts, "active_b12")


@fact("order.b12_and_blood_count", "B12 and blood count tests", "orders", uses=_requested("b12", "blood_count"))
def b12_and_blood_count(facts: Facts) -> Fact:
    """Serum B12 and a blood count, as far as not requested."""
    return _orders(facts, "b12", "blood_count")


@fact("order.monitoring", "B12, homocysteine and methylmalonic acid tests", "orders", uses=_requested("b12", "homocysteine", "mma"))
def monitoring(facts: Facts) -> Fact:
    """Serum B12, homocysteine and methylmalonic acid, as far as not requested."""
    return _orders(facts, "b12", "homocysteine", "mma")


@fact("order.reticulocytes", "reticulocyte test", "orders", uses=_requested("reticulocytes"))
def reticulocytes(facts: Facts) -> Fact:
    """Reticulocytes, unless requested."""
    return _orders(facts, "reticulocytes")


@fact("order.before_first_dose", "tests before the first dose", "orders", uses=("b12.status", "order.b12_and_folate"))
def before_first_dose(facts: Facts) -> Fact:
    """Serum B12 and folate with an unknown B12 status, as far as not requested; else none. Treatment does not wait for them."""
    return known(facts["order.b12_and_folate"].value or () if facts["b12.status"].is_unknown else ())


@fact(
    "order.test_indicated", "tests that are indicated", "orders",
    uses=("b12.test_indicated", "b12.nitrous_oxide_test", *_requested("b12", "folate", "homocysteine", "mma")),
)  # fmt: skip
def indicated(facts: Facts) -> Fact:
    """B12 and folate; after nitrous oxide also homocysteine and methylmalonic acid."""
    tests = ("b12", "folate") if facts["b12.test_indicated"].holds else ()
    functional = ("homocysteine", "mma") if facts["b12.nitrous_oxide_test"].holds else ()
    return _orders(facts, *tests, *functional)


def _clarifying_test(facts: Facts) -> str:
    """Methylmalonic acid; in known pregnancy active B12 until it has resulted, since total B12 falls there."""
    return "active_b12" if facts["patient.pregnant"].holds and facts["b12.active"].value is None else "mma"


_CLARIFYING = ("patient.pregnant", "b12.active", *_requested("active_b12", "mma"))


@fact("b12.clarification_requested", "test that would clarify an indeterminate B12, pending or drafted", uses=_CLARIFYING)
def clarification_requested(facts: Facts) -> Fact:
    """Methylmalonic acid (in known pregnancy without active B12: active B12) is pending or drafted."""
    drafted, pending = (facts[name] for name in _requested(_clarifying_test(facts)))
    return drafted if drafted.holds else pending


@fact("order.clarification", "test to clarify an indeterminate B12", "orders",
      uses=(*_CLARIFYING, "mma", "egfr", *_requested("creatinine")))  # fmt: skip
def clarification(facts: Facts) -> Fact:
    """Methylmalonic acid; in known pregnancy active B12 first. Where MMA is high and the eGFR unknown, creatinine.

    Absent where the test is requested, or has resulted and nothing more is to be learned.
    """
    test, result = _clarifying_test(facts), facts["mma"].value
    if test == "active_b12" or result is None:
        return _orders(facts, test)
    return _orders(facts, "creatinine") if result.level == "high" and facts["egfr"].value is None else absent()
