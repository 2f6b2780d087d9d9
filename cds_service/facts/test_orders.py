"""Which laboratory tests a card may order: those that answer its question and are neither pending nor drafted."""

from __future__ import annotations

from .catalogue import Facts, fact
from .exposure import resulted_since
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


@fact("order.before_prevention", "tests before the first preventive dose", "orders", uses=("b12.status", "order.b12_and_folate"))
def before_prevention(facts: Facts) -> Fact:
    """Serum B12 and folate with an unknown B12 status, as far as not requested; else none. Treatment does not wait for them."""
    return known(facts["order.b12_and_folate"].value or () if facts["b12.status"].is_unknown else ())


@fact(
    "order.before_first_dose", "tests before the first dose", "orders",
    uses=(
        "b12_therapy.active", "b12.results_status", "patient.pregnant", "b12.active", "mma",
        *_requested("b12", "active_b12", "folate", "mma"),
    ),
)  # fmt: skip
def before_first_dose(facts: Facts) -> Fact:
    """The sample of treatment begun on suspicion, as far as not requested: B12 (pregnant: active B12) and folate with an unknown
    status; methylmalonic acid (pregnant: active B12 first) with an indeterminate one, unless it has resulted; else none.
    Treatment does not wait for them."""
    status = facts["b12.results_status"]
    if facts["b12_therapy.active"].holds:
        return known(())
    if status.is_unknown:
        tests: tuple[str, ...] = ("active_b12" if facts["patient.pregnant"].holds else "b12", "folate")
    elif status.value == "indeterminate":
        test = _clarifying_test(facts)
        tests = () if test == "mma" and facts["mma"].value is not None else (test,)
    else:
        tests = ()
    return known(_orders(facts, *tests).value or ())


@fact(
    "order.test_indicated", "tests that are indicated", "orders", uses=("b12.test_indicated", *_requested("b12", "folate")),
)  # fmt: skip
def indicated(facts: Facts) -> Fact:
    """B12 and folate, as far as not requested."""
    return _orders(facts, *(("b12", "folate") if facts["b12.test_indicated"].holds else ()))


@fact(
    "order.after_nitrous_oxide", "tests after nitrous oxide", "orders",
    uses=(
        "nitrous_oxide.last", "patient.pregnant", "b12.total", "b12.active", "homocysteine", "mma",
        *_requested("b12", "active_b12", "homocysteine", "mma"),
    ),
)  # fmt: skip
def after_nitrous_oxide(facts: Facts) -> Fact:
    """B12 (pregnant: active B12), homocysteine and methylmalonic acid, as far as neither requested nor resulted since the
    exposure. Treatment does not wait for them."""
    day = facts["nitrous_oxide.last"].value
    b12_test, results = ("active_b12", ("b12.active",)) if facts["patient.pregnant"].holds else ("b12", ("b12.total", "b12.active"))
    tests = [] if any(resulted_since(facts, name, day) for name in results) else [b12_test]
    tests += [name for name in ("homocysteine", "mma") if not resulted_since(facts, name, day)]
    return known(_orders(facts, *tests).value or ())


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
