"""Which laboratory tests a card may order: those that answer its question and are neither
pending nor drafted."""

from __future__ import annotations

from collections.abc import Callable

from .catalogue import Facts, define, fact
from .domains import FALSE, TRUE, orders_or_absent, orders_or_none, where
from .exposure import is_since
from .fact import Fact, absent, known
from .reads import Computation, Read, each, of
from .requested_tests import TESTS, asked, is_asked_for


def _ordering(*tests: str) -> Read[Callable[..., Fact]]:
    """A function that returns the orders for some of ``tests`` that are neither pending nor
    drafted; absent if none is left."""
    is_asked = is_asked_for(*tests)

    def evaluate(facts: Facts) -> Callable[..., Fact]:
        is_asked_now = is_asked.evaluate(facts)

        def orders(*wanted: str) -> Fact:
            left = tuple(TESTS[test].order for test in wanted if not is_asked_now(test))
            return known(left) if left else absent()

        return orders

    return Read(is_asked.needs, evaluate)


def _define(name: str, title: str, doc: str, *tests: str) -> None:
    """Register as the fact ``name`` the orders for ``tests`` that are neither pending nor drafted;
    absent if none is left."""
    ordering = _ordering(*tests)
    define(
        name,
        title,
        Read(ordering.needs, lambda facts: ordering.evaluate(facts)(*tests)),
        doc,
        kind="orders",
        domain=orders_or_absent(*_templates(*tests)),
    )


def _templates(*tests: str) -> list[str]:
    return [TESTS[test].order for test in tests]


_define(
    "order.b12_and_folate",
    "B12 and folate tests",
    "Serum B12 and serum folate, without tests already requested.",
    "b12",
    "folate",
)
_define(
    "order.b12",
    "B12 test",
    "Serum B12, unless a B12 test is already requested.",
    "b12",
)
_define(
    "order.active_b12",
    "active B12 test",
    "Active B12, unless already requested.",
    "active_b12",
)
_define(
    "order.b12_and_blood_count",
    "B12 and blood count tests",
    "Serum B12 and a blood count, without tests already requested.",
    "b12",
    "blood_count",
)
_define(
    "order.monitoring",
    "B12, homocysteine and methylmalonic acid tests",
    "Serum B12, homocysteine and methylmalonic acid, without tests already requested.",
    "b12",
    "homocysteine",
    "mma",
)
_define(
    "order.reticulocytes",
    "reticulocyte test",
    "Reticulocytes, unless already requested.",
    "reticulocytes",
)


@fact("order.before_prevention", "tests before the first preventive dose", "orders")
class BeforePrevention(Computation):
    """Serum B12 and folate with an unknown B12 status, without tests already requested; otherwise
    none. Treatment does not wait for them."""

    status = of("b12.status")
    tests = of("order.b12_and_folate")
    domain = orders_or_none(*_templates("b12", "folate"))

    def compute(self) -> Fact:
        return known(self.tests.value or () if self.status.is_unknown else ())


class _Clarifying(Computation):
    """The test that clarifies an indeterminate B12."""

    pregnant = of("patient.pregnant")
    active_b12 = of("b12.active")

    def test(self) -> str:
        """Methylmalonic acid; in known pregnancy active B12 until it has resulted, since total B12
        falls in pregnancy."""
        return "active_b12" if self.pregnant.holds and self.active_b12.value is None else "mma"


@fact("order.before_first_dose", "tests before the first dose", "orders")
class BeforeFirstDose(_Clarifying):
    """Tests on the sample for treatment begun on suspicion, without those already requested. With
    an unknown status: B12 (in pregnancy active B12) and folate. With an indeterminate one:
    methylmalonic acid (in pregnancy active B12 first), unless it has resulted. Otherwise none.
    Treatment does not wait for them."""

    by_results = of("b12.results_status")
    treated = of("b12_therapy.active")
    mma = of("mma")
    orders = _ordering("b12", "active_b12", "folate", "mma")
    domain = orders_or_none(*_templates("b12", "folate"))

    def compute(self) -> Fact:
        status = self.by_results
        if self.treated.holds:
            return known(())
        if status.is_unknown:
            tests: tuple[str, ...] = ("active_b12" if self.pregnant.holds else "b12", "folate")
        elif status.value == "indeterminate":
            test = self.test()
            tests = () if test == "mma" and self.mma.value is not None else (test,)
        else:
            tests = ()
        return known(self.orders(*tests).value or ())


@fact("order.test_indicated", "indicated tests", "orders")
class IndicatedTests(Computation):
    """B12 and folate, without tests already requested."""

    indicated = of("b12.test_indicated")
    orders = _ordering("b12", "folate")
    domain = orders_or_absent(*_templates("b12", "folate"))

    def compute(self) -> Fact:
        return self.orders(*(("b12", "folate") if self.indicated.holds else ()))


class _AfterNitrousOxide(Computation):
    """The tests that show what the exposure to nitrous oxide has done."""

    exposed = of("nitrous_oxide.last")
    pregnant = of("patient.pregnant")
    in_pregnancy = each("b12.active")
    otherwise = each("b12.total", "b12.active")
    homocysteine = of("homocysteine")
    mma = of("mma")

    def without_result(self) -> list[str]:
        """Those of B12 (in pregnancy active B12), homocysteine and methylmalonic acid that have not
        resulted since the exposure."""
        day = self.exposed.value
        pregnant = self.pregnant.holds
        b12_test = "active_b12" if pregnant else "b12"
        tests = (
            []
            if any(
                is_since(kind.value, day)
                for kind in (self.in_pregnancy if pregnant else self.otherwise)
            )
            else [b12_test]
        )
        tests += ["homocysteine"] * (not is_since(self.homocysteine.value, day))
        tests += ["mma"] * (not is_since(self.mma.value, day))
        return tests


@fact("order.after_nitrous_oxide", "tests after nitrous oxide", "orders")
class AfterNitrousOxide(_AfterNitrousOxide):
    """B12 (in pregnancy active B12), homocysteine and methylmalonic acid, without those that are
    requested or have resulted since the exposure. Treatment does not wait for them."""

    orders = _ordering("b12", "active_b12", "homocysteine", "mma")
    domain = orders_or_none(*_templates("b12", "homocysteine", "mma"))

    def compute(self) -> Fact:
        return known(self.orders(*self.without_result()).value or ())


@fact("nitrous_oxide.tests_resulted", "all tests resulted since the exposure to nitrous oxide")
class ResultedAfterNitrousOxide(_AfterNitrousOxide):
    """B12 (in pregnancy active B12), homocysteine and methylmalonic acid have all resulted since
    the last exposure."""

    domain = where("nitrous_oxide", (TRUE, FALSE), otherwise=FALSE)

    def compute(self) -> Fact:
        return known(not self.without_result())


@fact(
    "b12.clarification_requested",
    "test that would clarify an indeterminate B12, pending or drafted",
)
class RequestedClarification(_Clarifying):
    """Methylmalonic acid (in known pregnancy without active B12: active B12) is
    pending or drafted."""

    asked = asked("active_b12", "mma")

    def compute(self) -> Fact:
        return self.asked(self.test()).either


@fact("order.clarification", "test to clarify an indeterminate B12", "orders")
class Clarification(_Clarifying):
    """Methylmalonic acid; in known pregnancy active B12 first. If MMA is high and eGFR is unknown,
    creatinine.

    Absent if the test is requested, or has resulted and leaves nothing to clarify.
    """

    mma = of("mma")
    egfr = of("egfr")
    orders = _ordering("active_b12", "mma", "creatinine")
    domain = orders_or_absent(*_templates("mma"))

    def compute(self) -> Fact:
        test, result = self.test(), self.mma.value
        if test == "active_b12" or result is None:
            return self.orders(test)
        return (
            self.orders("creatinine")
            if result.level == "high" and self.egfr.value is None
            else absent()
        )
