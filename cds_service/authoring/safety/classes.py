"""The classes of every input: one value for each that cards, facts or texts can tell apart.

An input is a fact that reads the record. Classes are conditional where one fact bounds another
(without treatment there is no interval of treatment): each function states what its fact's own
definition admits, read from the other facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from ...facts import kinds
from ...facts.analytes import ANALYTES
from ...facts.catalogue import CATALOGUE, Facts
from ...facts.fact import known
from ...facts.requested_tests import TESTS
from .class_values import ABSENT, FALSE, TRUE, UNKNOWN, YES_NO, days_ago, values
from .enumeration import Class, ClassesOf
from .result_classes import always, classes_by_cut_offs, result_class, result_classes
from .treatment_classes import TREATMENT

STATUS_CLASSES = (*values(*CATALOGUE["b12.results_status"].values), UNKNOWN)


RATES = (
    result_class("egfr.reported", "40", "reduced"),
    result_class("egfr.reported", "60", "normal"),
)
HB = result_class("hb", "90", "")
_CHECKS = tuple(
    Class(label, known(orders))
    for label, orders in (
        ("none", ()),
        ("later", ("potassium-24h", "potassium-48h")),
        ("all", ("potassium-now", "potassium-24h", "potassium-48h")),
    )
)
_OLDER_POTASSIUM = tuple(
    result_class("potassium", value, level, 10)
    for value, level in (("2.7", "severely-low"), ("3.2", "low"), ("4.2", "normal"))
)


def _recent_potassium(facts: Facts) -> Sequence[Class]:
    """The potassium of the longer window, which has that of the shorter one where there is one."""
    newest = facts["potassium"]
    if newest.value is not None:
        return [Class(f"as potassium, {newest.value.level}", newest, copied=True)]
    return (
        (*_OLDER_POTASSIUM, UNKNOWN) if newest.is_unknown else (ABSENT, UNKNOWN, *_OLDER_POTASSIUM)
    )


def _egfr(facts: Facts) -> Sequence[Class]:
    """The rates that agree with renal dysfunction, which has been tried before them."""
    return {True: (ABSENT, UNKNOWN, *RATES), False: RATES[1:], None: (ABSENT, UNKNOWN, RATES[1])}[
        facts["renal.dysfunction"].holds
    ]


def _hb(facts: Facts) -> Sequence[Class]:
    """The haemoglobin that agrees with anaemia, which has been tried before it."""
    return (ABSENT, UNKNOWN, HB) if facts["anaemia"].is_unknown else (HB,)


def _severe(facts: Facts) -> Sequence[Class]:
    if facts["hb"].value is None:
        return (UNKNOWN,)
    # a haemoglobin sent as "<" may tell neither
    return (FALSE, UNKNOWN) if facts["anaemia"].holds is False else YES_NO


def _potassium_checks(facts: Facts) -> Sequence[Class]:
    """What ``checks_as_specified`` has proved of the fact itself."""
    return _CHECKS[:1] if facts["b12_therapy.given"].holds else _CHECKS[::2]


def _only_unexplained_high(facts: Facts) -> Sequence[Class]:
    return (TRUE, FALSE) if facts["b12.results_status"].value == "indeterminate" else (FALSE,)


def _earlier_deficient(facts: Facts) -> Sequence[Class]:
    level = facts["b12.deciding_level"]
    return YES_NO if level.is_unknown or level.value is not None else (FALSE,)


def _past_deficient(facts: Facts) -> Sequence[Class]:
    day = facts["b12.result_day"]
    if day.value is not None or facts["b12_therapy.active"].holds:
        return (FALSE,)
    return (UNKNOWN,) if day.is_unknown else (TRUE, FALSE)


def _newest_ever(facts: Facts) -> Sequence[Class]:
    """The older results that agree with an earlier deficiency, which has been tried before them."""
    return _OLDER_B12[:1] if facts["b12.past_deficient"].holds else (ABSENT, UNKNOWN, *_OLDER_B12)


def _dietary(facts: Facts) -> Sequence[Class]:
    vegan = facts["diet.vegan"]
    return (TRUE,) if vegan.holds else (TRUE, UNKNOWN) if vegan.is_unknown else YES_NO


def _malabsorptive(facts: Facts) -> Sequence[Class]:
    surgery = facts["bariatric"]
    return {True: YES_NO, False: (FALSE,), None: (UNKNOWN,)}[surgery.holds]


def _folate_reason(facts: Facts) -> Sequence[Class]:
    for agent in ("methotrexate", "pemetrexed"):
        if any(agent in draft.product.agents for draft in facts.session.drafts):
            return values(agent)
    pregnant = facts["patient.pregnant"]
    if pregnant.holds:
        return values("pregnancy")
    return (
        (*values("methotrexate"), UNKNOWN)
        if pregnant.is_unknown
        else (ABSENT, *values("methotrexate"), UNKNOWN)
    )


def _pregnancy_possible(facts: Facts) -> Sequence[Class]:
    """This fact is tried in place of sex and age, of which the decision reads neither."""
    return (TRUE, FALSE) if facts["folate.reason"].value is None else (FALSE,)


def _pemetrexed(facts: Facts) -> Sequence[Class]:
    return (
        (TRUE,)
        if any("pemetrexed" in draft.product.agents for draft in facts.session.drafts)
        else YES_NO
    )


def _homocysteine_on_treatment(facts: Facts) -> Sequence[Class]:
    start, result = facts["b12_therapy.start"], facts["homocysteine"]
    if start.value is None or result.value is None:
        return (UNKNOWN,) if start.is_unknown or result.is_unknown else (ABSENT,)
    return [ABSENT, Class(f"as homocysteine, {result.value.as_sent}", result, copied=True)]


def _monitoring_due(facts: Facts) -> Sequence[Class]:
    start = facts["b12_therapy.start"]
    return YES_NO if start.value is not None else (UNKNOWN,) if start.is_unknown else (TRUE,)


def _neuro_before(facts: Facts) -> Sequence[Class]:
    neuro, start = facts["neuro.involvement"], facts["b12_therapy.start"]
    if neuro.holds and start.value is not None:
        return YES_NO
    return (UNKNOWN,) if neuro.is_unknown or start.is_unknown else (FALSE,)


def _anaemia_at_start(facts: Facts) -> Sequence[Class]:
    start = facts["b12_therapy.latest_start"]
    return YES_NO if start.value is not None else (UNKNOWN,) if start.is_unknown else (FALSE,)


def _anaemia_persists(facts: Facts) -> Sequence[Class]:
    start, hb = facts["b12_therapy.latest_start"], facts["hb"]
    if start.value is None or hb.value is None:
        return (UNKNOWN,) if start.is_unknown or hb.is_unknown else (FALSE,)
    return YES_NO if (facts.today - start.value).days >= 56 else (FALSE,)


def agreeing_ages(ages: ClassesOf) -> ClassesOf:
    """Those of ``ages``, in months, that agree with whether the patient is below 16, which has been
    tried before them."""

    def classes(facts: Facts) -> Sequence[Class]:
        below_16, adult_from = (
            facts["patient.paediatric"].holds,
            facts.site.number("age.adult_from") * 12,
        )
        months = [(age, age.fact.value) for age in ages(facts)]
        return [
            age
            for age, value in months
            if (None if value is None else value < adult_from) is below_16
        ]

    return classes


def suspicion(facts: Facts) -> Sequence[Class]:
    """Of ``b12.suspicion``, where it is tried itself: what methylmalonic acid and neurological
    features admit, its other grounds being free."""
    if facts["mma.level"].value == "high":
        return (TRUE,)
    unsettled = facts["mma.level"].is_unknown or facts["b12_therapy.active"].is_unknown
    return (TRUE,) if unsettled and facts["neuro.involvement"].holds else (TRUE, FALSE)


_LOW_MIDDLE_HIGH = ("deficient", "indeterminate", "sufficient")
_OLDER_B12 = tuple(
    result_class("b12.total", value, level, 450)
    for value, level in zip(("110", "250", "480"), _LOW_MIDDLE_HIGH, strict=True)
)
_ORDERED = (*_CHECKS, Class("now", known(("potassium-now",))), UNKNOWN)


def _nitrous_oxide_last(facts: Facts) -> Sequence[Class]:
    exposed = facts["nitrous_oxide"]
    return (
        (*days_ago(0, 30), UNKNOWN)
        if exposed.holds
        else (UNKNOWN,)
        if exposed.is_unknown
        else (ABSENT,)
    )


def _functional_tests_normal(facts: Facts) -> Sequence[Class]:
    return (TRUE, FALSE) if facts["nitrous_oxide"].holds else (FALSE,)


# Facts that order tests, each with tests that it may order: `proof.prove_orders` proves
# the facts themselves.
TEST_ORDERS: dict[str, tuple[str, ...]] = {
    "order.b12_and_folate": ("serum-b12", "serum-folate"),
    "order.b12": ("serum-b12",),
    "order.active_b12": ("active-b12",),
    "order.b12_and_blood_count": ("serum-b12", "blood-count"),
    "order.monitoring": ("serum-b12", "homocysteine", "mma"),
    "order.reticulocytes": ("reticulocytes",),
    "order.before_first_dose": ("serum-b12", "serum-folate"),
    "order.test_indicated": ("serum-b12", "serum-folate"),
    "order.clarification": ("mma",),
    "b12.next_test": ("mma",),
    "order.before_prevention": ("serum-b12", "serum-folate"),
    "order.after_nitrous_oxide": ("serum-b12", "homocysteine", "mma"),
    "potassium.repeat": ("potassium-now",),
    "potassium.series": ("potassium-now", "potassium-24h", "potassium-48h"),
}
# Results of which it matters only whether they are there, and of methylmalonic acid whether it is
# high. With every class of a result the tests after nitrous oxide, which ask no more, would have
# 195,000 states in each session.
PRESENT_OR_NOT: dict[str, ClassesOf] = {
    "b12.total": always(ABSENT, result_class("b12.total", "250", "indeterminate", 5)),
    "b12.active": always(ABSENT, result_class("b12.active", "50", "indeterminate", 3)),
    "homocysteine": always(ABSENT, result_class("homocysteine", "10", "normal", label="10")),
    "mma": always(ABSENT, result_class("mma", "200", "normal"), result_class("mma", "900", "high")),
}
# All that the facts which order tests ask of what they read.
WHAT_TEST_ORDERS_READ: dict[str, ClassesOf] = {
    **{f"test.pending.{test}": always(TRUE, FALSE) for test in TESTS},
    **PRESENT_OR_NOT,
}
CONDITIONAL: dict[str, ClassesOf] = {
    **TREATMENT,
    "b12.total": result_classes(
        "b12.total", *zip(("110", "250", "480"), _LOW_MIDDLE_HIGH, strict=True), days=(5,)
    ),
    "b12.active": result_classes(
        "b12.active", *zip(("20", "50", "90"), _LOW_MIDDLE_HIGH, strict=True), days=(3, 10)
    ),
    "mma": result_classes("mma", ("200", "normal"), ("900", "high")),
    "homocysteine": always(
        ABSENT,
        UNKNOWN,
        *(
            result_class("homocysteine", value, level, label=value)
            for value, level in (("8", "normal"), ("10", "normal"), ("20", "high"))
        ),
    ),
    "egfr": _egfr,
    "hb": _hb,
    "mcv": result_classes("mcv", ("90", "normal"), ("112", "high")),
    "reticulocytes": result_classes("reticulocytes", ("60", "")),
    "folate.serum": result_classes(
        "folate.serum", *zip(("5", "9", "20"), _LOW_MIDDLE_HIGH, strict=True)
    ),
    "potassium": always(
        ABSENT,
        UNKNOWN,
        result_class("potassium", "2.7", "severely-low"),
        result_class("potassium", "3.2", "low"),
        result_class("potassium", "4.2", "normal"),
        result_class("potassium", "3.2", "low", haemolysed=True, label="low, haemolysed"),
    ),
    "potassium.recent": _recent_potassium,
    "patient.age_months": always(
        UNKNOWN, *(Class(f"{years} years", known(years * 12)) for years in (10, 15, 30, 60, 70))
    ),
    "potassium.checks": _potassium_checks,
    **{name: always(ABSENT, Class("some", known(orders))) for name, orders in TEST_ORDERS.items()},
    **{
        name: always(Class("none", known(())), Class("some", known(TEST_ORDERS[name])))
        for name in (
            "order.before_first_dose",
            "order.before_prevention",
            "order.after_nitrous_oxide",
        )
    },
    "potassium.ordered": always(*_ORDERED),
    "potassium.unreceived": always(TRUE, FALSE),
    "potassium.haemolysed": always(TRUE, FALSE),
    "nitrous_oxide.last": _nitrous_oxide_last,
    "nitrous_oxide.functional_tests_normal": _functional_tests_normal,
    "anaemia.severe": _severe,
    "b12.only_unexplained_high": _only_unexplained_high,
    "b12.earlier_deficient": _earlier_deficient,
    "b12.result_day": always(ABSENT, UNKNOWN, *days_ago(5, 100)),
    "b12.past_deficient": _past_deficient,
    "b12.newest_ever": _newest_ever,
    "cause.dietary": _dietary,
    "bariatric.malabsorptive": _malabsorptive,
    "folate.reason": _folate_reason,
    "folate.pregnancy_possible": _pregnancy_possible,
    "b12.sample_carried": always(TRUE, FALSE),
    "pemetrexed": _pemetrexed,
    "homocysteine.on_treatment": _homocysteine_on_treatment,
    "monitoring.due": _monitoring_due,
    "monitoring.last": always(ABSENT, UNKNOWN, *days_ago(5, 100)),
    "neuro.before_treatment": _neuro_before,
    "anaemia.at_start": _anaemia_at_start,
    "anaemia.persists": _anaemia_persists,
}

# Facts of several inputs, tried with each of their values instead of their inputs'. Where an input
# is read elsewhere too, some states are tried which cannot be, and none that can be is left out.
COLLAPSED = (
    "patient.paediatric", "anaemia", "cause.gastric_or_hereditary", "cause.lifelong",
    "folate.status", "b12.needs_maintenance", "b12.risk_factor", "b12.doubted_by_intake_only",
    "b12.sample_carried", "b12.test_indicated", "folate.pregnancy_possible",
)  # fmt: skip


def _plain(name: str) -> ClassesOf:
    definition = CATALOGUE[name]
    options = (
        YES_NO
        if definition.kind is kinds.YES_NO
        else (*values(*definition.values), ABSENT, UNKNOWN)
    )
    return always(*options)


@cache
def input_classes() -> Mapping[str, ClassesOf]:
    """The classes of every input of the catalogue: from its kind or its analyte, or as
    bounded by other facts."""
    plain = [
        name
        for name, definition in CATALOGUE.items()
        if name in COLLAPSED
        or (definition.queries and definition.kind in (kinds.YES_NO, kinds.CATEGORY))
    ]
    results = {
        name: classes_by_cut_offs(analyte)
        for name, analyte in ANALYTES.items()
        if name in CATALOGUE and analyte.cuts
    }
    return {name: _plain(name) for name in plain} | results | CONDITIONAL
