"""Every limit of the parameter sets, on both sides and at the limit itself, and that the parameter is what decides there.

The limits and what holds at them are those of the clinical specification (sections 2, 3 and 5) and of its fact base.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
import yaml

from cds_service.config import Settings
from cds_service.content import CARDS
from cds_service.engine import PARAMETER_SETS, Call, Engine
from cds_service.facts.analytes import ANALYTES, Analyte
from cds_service.facts.fact import Fact, State
from cds_service.facts.site import Site
from tests.fhir_profiles.profiles import EXAMPLES
from tests.support.clinic import prefetching, sent
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_TABLET,
    DAILY,
    HYDROXOCOBALAMIN,
    IM,
    LOINC,
    NOW,
    ORAL,
    PATIENT,
    SUBJECT,
    TODAY,
    bundle,
    codings_of,
    condition,
    days_ago,
    dosage,
    draft,
    folic_acid,
    medication_administration,
    medication_request,
    observation,
    patient,
    prefetch,
    procedure,
    resected_length,
    service_request,
)

UNKNOWN = State.UNKNOWN
VEGAN = condition("24930006")
NEURO = condition("386033004")
MAN, WOMAN = (
    patient(gender="male", birth="1957-03-02"),
    patient(gender="female", birth="1957-03-02"),
)
PREGNANT_WOMAN = patient(gender="female", birth="1996-05-01")
PREGNANCY = condition("77386006", onsetDateTime=days_ago(60))


def born(months: int) -> dict[str, Any]:
    years, rest = divmod(TODAY.year * 12 + TODAY.month - 1 - months, 12)
    return patient(gender="male", birth=f"{years:04}-{rest + 1:02}-01")


def therapy(start: float, every=(1, 3, "mo"), **bounds: Any) -> dict[str, Any]:
    return medication_request(
        HYDROXOCOBALAMIN,
        dosage(1, route=IM, every=every, **bounds),
        authoredOn=days_ago(start),
        id="therapy",
    )


def tablets(start: float, **bounds: Any) -> dict[str, Any]:
    return medication_request(
        CYANOCOBALAMIN_TABLET,
        dosage(1, route=ORAL, every=DAILY, **bounds),
        authoredOn=days_ago(start),
        id="tablets",
    )


def given(ago: float) -> dict[str, Any]:
    dose = {"dose": {"value": 1, "unit": "mg"}}
    return medication_administration(HYDROXOCOBALAMIN, ago, dosage=dose)


def result(
    analyte: str, unit: str, *others: dict[str, Any], who=None
) -> Callable[[float], dict[str, Any]]:
    """The record with one result of the value that is tried."""
    return lambda value: {"record": [observation(analyte, value, unit), *others], "who": who}


def aged(
    analyte: str, value: float, unit: str, *others: dict[str, Any]
) -> Callable[[float], dict[str, Any]]:
    """The record with one result that is so many days old."""
    return lambda days: {"record": [observation(analyte, value, unit, ago=days), *others]}


def record(*make: Callable[[float], dict[str, Any]]) -> Callable[[float], dict[str, Any]]:
    """The record of what is made from the value that is tried."""
    return lambda value: {"record": [one(value) for one in make]}


def red_cell(code: str, unit: str) -> Callable[[float], dict[str, Any]]:
    coded = {"coding": [{"system": LOINC, "code": code}]}
    return lambda value: {"record": [observation("folate", value, unit, code=coded)]}


def drafted(make: Callable[[float], dict[str, Any]]) -> Callable[[float], dict[str, Any]]:
    return lambda value: {"drafts": [make(value)]}


def ending(days: float) -> dict[str, Any]:
    """A course begun a year ago whose last day is that many days away; before today where negative."""
    last = (TODAY + timedelta(days=days)).isoformat()
    bounds = {"boundsPeriod": {"start": days_ago(365), "end": last}}
    return therapy(365, **bounds)


def resection(centimetres: float) -> dict[str, Any]:
    return {**procedure("307193005"), "extension": [resected_length(centimetres)]}


def two_courses(gap: float) -> dict[str, Any]:
    """Tablets until so many days before the tablets that began 100 days ago."""
    daily = dosage(1000, "ug", route=ORAL, every=DAILY)
    bounds = {"boundsPeriod": {"start": days_ago(100 + gap), "end": days_ago(100 + gap)}}
    ended = dosage(1000, "ug", route=ORAL, every=DAILY, **bounds)
    return {
        "record": [
            medication_request(
                CYANOCOBALAMIN_TABLET, ended, authoredOn=days_ago(100 + gap), id="ended"
            ),
            medication_request(
                CYANOCOBALAMIN_TABLET, daily, authoredOn=days_ago(100), id="running"
            ),
        ]
    }


def girl(years: float) -> dict[str, Any]:
    return {**born(int(years) * 12 + 1), "gender": "female"}


def unstated_pregnancy(years: float) -> dict[str, Any]:
    """Haemoglobin between the limits with and without a pregnancy, of which nothing was received."""
    return {
        "record": [observation("hb", 112, "g/L")],
        "who": girl(years),
        "without": ("conditions", "pregnancy-status"),
    }


def pregnant_at(years: float) -> dict[str, Any]:
    return {"record": [PREGNANCY], "who": girl(years)}


class Limit(NamedTuple):
    """``answers``: of ``fact`` one ``step`` below the ``edge``, at it, and one above."""

    parameter: str
    unit: str
    edge: str
    step: str
    case: Callable[[float], dict[str, Any]]
    fact: str
    answers: tuple[Any, Any, Any]
    parameters: str = "default"

    def __str__(self) -> str:
        return f"{self.parameter} {self.edge} {self.unit} [{self.parameters}]"


LOW, MID, HIGH = "deficient", "indeterminate", "sufficient"
LIMITS = [
    Limit("b12.total.deficient_below", "ng/L", "180", "1", result("b12", "pg/mL"), "b12.total.level", (LOW, MID, MID)),
    Limit("b12.total.deficient_below", "pmol/L", "133", "1", result("b12_molar", "pmol/L"), "b12.total.level", (LOW, MID, MID)),
    Limit("b12.total.sufficient_above", "ng/L", "350", "1", result("b12", "ng/L"), "b12.total.level", (MID, MID, HIGH)),
    Limit("b12.total.sufficient_above", "pmol/L", "258", "1", result("b12_molar", "pmol/L"), "b12.total.level", (MID, MID, HIGH)),
    Limit("b12.total.implausible_above", "ng/L", "5000", "1", result("b12", "ng/L", NEURO), "b12.unexplained_high", (False, False, True)),
    Limit("b12.total.implausible_above", "pmol/L", "3690", "1", result("b12_molar", "pmol/L", NEURO), "b12.unexplained_high", (False, False, True)),
    Limit("b12.active.deficient_below", "pmol/L", "25", "1", result("active_b12", "pmol/L"), "b12.active.level", (LOW, MID, MID)),
    Limit("b12.active.sufficient_above", "pmol/L", "70", "1", result("active_b12", "pmol/L"), "b12.active.level", (MID, MID, HIGH)),
    Limit("mma.high_above", "nmol/L", "400", "1", result("mma", "nmol/L"), "mma.level", ("normal", "normal", "high")),
    Limit("mma.high_above", "nmol/L", "280", "1", result("mma", "nmol/L"), "mma.level", ("normal", "normal", "high"), "uk"),
    Limit(
        "homocysteine.high_above", "umol/L", "15", "1",
        lambda value: {"record": [therapy(300), *(observation("homocysteine", value, "umol/L", ago=ago) for ago in (100, 5))]},
        "monitoring.stable", (True, True, False),
    ),
    Limit("folate.serum.deficient_below", "ug/L", "3", "0.1", result("folate", "ng/mL"), "folate.status", (LOW, MID, MID)),
    Limit("folate.serum.deficient_below", "nmol/L", "7", "0.1", result("folate_molar", "nmol/L"), "folate.status", (LOW, MID, MID)),
    Limit("folate.serum.sufficient_from", "ug/L", "4.5", "0.1", result("folate", "ng/mL"), "folate.status", (MID, HIGH, HIGH)),
    Limit("folate.serum.sufficient_from", "nmol/L", "10", "0.1", result("folate_molar", "nmol/L"), "folate.status", (MID, MID, HIGH)),
    Limit("folate.red_cell.deficient_below", "nmol/L", "340", "1", red_cell("14731-4", "nmol/L"), "folate.status", (LOW, HIGH, HIGH)),
    Limit("folate.red_cell.deficient_below", "ug/L", "150", "1", red_cell("2283-0", "ng/mL"), "folate.status", (LOW, HIGH, HIGH)),
    Limit("folate.low_dose_up_to", "", "400", "1", drafted(lambda dose: folic_acid(dose / 1000)), "draft.folate_above_400_ug", (False, False, True)),
    *(
        Limit(f"folate.pregnancy_possible_{end}", "", edge, "1", lambda years: {"who": born(int(years) * 12 + 1) | {"gender": "female"}}, "folate.pregnancy_possible", answers)
        for end, edge, answers in (("from", "12", (False, True, True)), ("to", "50", (True, True, False)))
    ),
    Limit("mcv.high_above", "fL", "100", "1", result("mcv", "fL"), "macrocytosis", (False, False, True)),
    Limit("platelets.bleeding_below", "10*9/L", "50", "1", result("platelets", "10*9/L"), "bleeding.risk", (True, False, False)),
    Limit("potassium.severe_below", "mmol/L", "3.0", "0.1", result("potassium", "mmol/L"), "potassium.level", ("severely-low", "low", "low")),
    Limit("potassium.low_below", "mmol/L", "3.5", "0.1", result("potassium", "mmol/L"), "potassium.level", ("low", "normal", "normal")),
    Limit("egfr.reduced_below", "mL/min/{1.73_m2}", "60", "1", result("egfr", "mL/min/{1.73_m2}"), "renal.dysfunction", (True, False, False)),
    Limit("anaemia.men", "", "130", "1", result("hb", "g/L", who=MAN), "anaemia", (True, False, False)),
    Limit("anaemia.women", "", "120", "1", result("hb", "g/L", who=WOMAN), "anaemia", (True, False, False)),
    Limit("anaemia.12_to_14_years", "", "120", "1", result("hb", "g/L", who=born(13 * 12)), "anaemia", (True, False, False)),
    Limit("anaemia.5_to_11_years", "", "115", "1", result("hb", "g/L", who=born(6 * 12)), "anaemia", (True, False, False)),
    Limit("anaemia.2_to_4_years", "", "110", "1", result("hb", "g/L", who=born(30)), "anaemia", (True, False, False)),
    Limit("anaemia.6_to_23_months", "", "105", "1", result("hb", "g/L", who=born(8)), "anaemia", (True, False, False)),
    Limit("anaemia.pregnant_below", "", "105", "1", result("hb", "g/L", PREGNANCY, who=PREGNANT_WOMAN), "anaemia", (True, UNKNOWN, UNKNOWN)),
    Limit("anaemia.pregnant_none_from", "", "110", "1", result("hb", "g/L", PREGNANCY, who=PREGNANT_WOMAN), "anaemia", (UNKNOWN, False, False)),
    Limit("anaemia.severe_below", "", "80", "1", result("hb", "g/L", who=MAN), "anaemia.severe", (True, False, False)),
    Limit(
        "anaemia.severe_pregnant_or_under_5", "", "70", "1", result("hb", "g/L", PREGNANCY, who=PREGNANT_WOMAN), "anaemia.severe",
        (True, False, False),
    ),
    Limit("anaemia.pregnancy_unknown_from", "", "15", "1", unstated_pregnancy, "anaemia", (True, UNKNOWN, UNKNOWN)),
    Limit("anaemia.pregnancy_unknown_to", "", "50", "1", unstated_pregnancy, "anaemia", (UNKNOWN, UNKNOWN, True)),
    Limit("patient.childbearing_from", "", "12", "1", pregnant_at, "patient.pregnant", (False, True, True)),
    Limit("patient.childbearing_to", "", "55", "1", pregnant_at, "patient.pregnant", (True, True, False)),
    Limit("age.adult_from", "", "16", "1", lambda years: {"who": born(int(years) * 12 + 1)}, "patient.paediatric", (True, False, False)),
    Limit("age.at_risk_from", "", "65", "1", lambda years: {"who": born(int(years) * 12 + 1), "record": [observation("hb", 150, "g/L")]}, "patient.age_at_risk", (False, True, True)),
    Limit(
        "therapy.oral_from", "", "500", "1",
        lambda dose: {"record": [medication_request(CYANOCOBALAMIN_TABLET, dosage(dose, "ug", route=ORAL, every=DAILY))]},
        "b12_therapy.active", (False, True, True),
    ),
    Limit(
        "therapy.oral_from_dietary", "", "50", "1",
        lambda dose: {"record": [VEGAN, medication_request(CYANOCOBALAMIN_TABLET, dosage(dose, "ug", route=ORAL, every=DAILY))]},
        "b12_therapy.active", (False, True, True), "uk",
    ),
    Limit("therapy.dose_active_for", "", "120", "1", record(given), "b12_therapy.active", (True, True, False)),
    Limit("therapy.gap", "", "60", "1", two_courses, "b12_therapy.days", (159, 160, 100)),
    Limit("therapy.gap_unstated", "", "135", "1", record(lambda days: given(100 + days), lambda days: given(100)), "b12_therapy.days", (234, 235, 100)),
    Limit(
        "therapy.late_after_intervals", "", "1.5", "0.1",
        lambda intervals: {"record": [therapy(900, every=(1, 100, "d")), given(400), given(round(100 * intervals))]},
        "b12_therapy.lapsed", (None, None, "overdue"),
    ),
    Limit("therapy.cover_at_least", "", "60", "1", record(lambda days: therapy(days, DAILY, boundsDuration={"value": 1, "code": "d"})), "b12_therapy.active", (True, True, False)),
    Limit("therapy.new_for", "", "7", "1", record(therapy), "b12_therapy.standing", ("ordered", "running", "running")),
    Limit(
        "therapy.settled_after", "", "28", "1", lambda days: {"record": [therapy(days + 1), observation("b12", 100, "ng/L", ago=1)]},
        "b12.low_on_therapy", (False, True, True),
    ),
    Limit(
        "neuro.interval_up_to", "", "2", "1", drafted(lambda days: draft(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, days, "d")))),
        "session.b12_regimen", ("alternate-days", "alternate-days", "less"),
    ),
    Limit(
        "loading.interval_up_to", "", "4", "1", drafted(lambda days: draft(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, days, "d")))),
        "session.b12_loading", (True, True, False),
    ),
    Limit(
        "neuro.interval_up_to", "", "2", "1", drafted(lambda days: draft(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, days, "d")))),
        "session.hydroxocobalamin", ("alternate-days", "alternate-days", "loading"),
    ),
    Limit(
        "loading.interval_up_to", "", "4", "1", drafted(lambda days: draft(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, days, "d")))),
        "session.hydroxocobalamin", ("loading", "loading", "less"),
    ),
    Limit("therapy.ends_soon", "", "30", "1", record(lambda days: tablets(365, boundsPeriod={"end": days_ago(days)})), "b12_therapy.lapsed", (None, None, "ended")),
    Limit(
        "therapy.ends_soon", "", "30", "1",
        lambda days: {"record": [ending(days)], "drafts": [draft(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(3, 1, "wk")))]},
        "b12.duplicate", (False, False, True),
    ),
    Limit("ileum.extensive_above", "", "20", "1", record(resection), "ileum.resection", ("up-to-20-cm", "up-to-20-cm", "over-20-cm")),
    Limit(
        "metformin.long_after", "", "120", "1",
        record(lambda days: medication_request({"text": "Metformin 500 mg tablet"}, dosage(500, route=ORAL, every=DAILY), authoredOn=days_ago(days))),
        "metformin.long", (False, True, True),
    ),
    Limit(
        "acid_suppression.long_after", "", "365", "1",
        record(lambda days: medication_request({"text": "Omeprazole 20 mg capsule"}, dosage(20, route=ORAL, every=DAILY), authoredOn=days_ago(days))),
        "acid_suppression.long", (False, True, True),
    ),
    Limit("window.b12", "", "180", "1", aged("b12", 100, "ng/L"), "b12.total.level", (LOW, LOW, None)),
    Limit("window.mma", "", "180", "1", aged("mma", 900, "nmol/L"), "mma.level", ("high", "high", None)),
    Limit("window.homocysteine", "", "180", "1", aged("homocysteine", 30, "umol/L", therapy(300)), "homocysteine.on_treatment", (30, 30, None)),
    Limit("window.folate", "", "180", "1", aged("folate", 2, "ng/mL"), "folate.status", (LOW, LOW, None)),
    Limit("window.blood_count", "", "90", "1", aged("mcv", 110, "fL"), "macrocytosis", (True, True, UNKNOWN)),
    Limit("window.renal", "", "365", "1", aged("egfr", 40, "mL/min/{1.73_m2}"), "renal.dysfunction", (True, True, UNKNOWN)),
    Limit("window.potassium", "", "3", "1", aged("potassium", 3.2, "mmol/L"), "potassium.level", ("low", "low", None)),
    Limit("window.potassium_recent", "", "30", "1", aged("potassium", 3.2, "mmol/L"), "potassium.recently_low", (True, True, False)),
    Limit("window.pregnancy", "", "300", "1", lambda days: {"record": [condition("77386006", onsetDateTime=days_ago(days))], "who": PREGNANT_WOMAN}, "patient.pregnant", (True, True, False)),
    Limit("window.lactation", "", "730", "1", lambda days: {"record": [condition("1260078007", onsetDateTime=days_ago(days))], "who": PREGNANT_WOMAN}, "patient.lactating", (True, True, False)),
    Limit("window.nitrous_oxide", "", "180", "1", record(lambda days: condition("73891003", recordedDate=days_ago(days))), "nitrous_oxide", (True, True, False)),
    Limit("window.antifolate", "", "30", "1", record(lambda days: medication_request({"text": "Pemetrexed 500 mg"}, status="completed", authoredOn=days_ago(days))), "folate.reason", (UNKNOWN, UNKNOWN, None)),
    Limit("window.pending_test", "", "30", "1", record(lambda days: service_request("b12", ago=days)), "test.pending.b12", (True, True, False)),
    Limit(
        "window.past_deficiency", "", "10", "1",
        lambda years: {"record": [{**observation("b12", 100, "ng/L"), "effectiveDateTime": f"{TODAY.year - int(years)}-11-23"}]},
        "b12.past_deficient", (True, True, False),
    ),
    Limit("lapsed.doses_within", "", "730", "1", lambda days: {"record": [therapy(900), given(days), given(200)]}, "b12_therapy.lapsed", ("overdue", "overdue", None)),
    Limit(
        "response.baseline_before", "", "90", "1", lambda days: {"record": [therapy(60), observation("hb", 90, "g/L", ago=60 + days)]},
        "anaemia.at_start", (True, True, UNKNOWN),
    ),
    Limit(
        "response.baseline_after", "", "3", "1", lambda days: {"record": [therapy(60), observation("hb", 90, "g/L", ago=60 - days)]},
        "anaemia.at_start", (True, True, UNKNOWN),
    ),
    Limit(
        "response.expected_after", "", "56", "1", lambda days: {"record": [therapy(days + 1), observation("hb", 90, "g/L", ago=1)]},
        "anaemia.persists", (False, True, True),
    ),
    Limit("monitoring.every", "", "90", "1", aged("b12", 400, "ng/L", therapy(500)), "monitoring.due", (False, False, True)),
    Limit(
        "monitoring.every_when_stable", "", "365", "1",
        lambda days: {"record": [therapy(900), observation("mma", 200, "nmol/L", ago=days), observation("mma", 200, "nmol/L", ago=days + 60)]},
        "monitoring.due", (False, False, True),
    ),
]  # fmt: skip
# Which order a set names: no limit, so nothing lies on its two sides.
CHOICES = {
    "dietary.regimen": ("regimen.start", {"default": "hydroxocobalamin-loading-then-maintenance", "uk": "hydroxocobalamin-loading-then-6-monthly", "us": "hydroxocobalamin-loading-then-maintenance"}),
    "folate.regimen": ("regimen.folate", {"default": "folic-acid-1mg-3-months", "uk": "folic-acid-5mg-4-months", "us": "folic-acid-1mg-3-months"}),
    "ileum.prophylaxis": ("regimen.ileal_prophylaxis", {"default": "hydroxocobalamin-monthly", "uk": "hydroxocobalamin-3-monthly", "us": "hydroxocobalamin-monthly"}),
}  # fmt: skip


@cache
def _engine(parameters: str) -> Engine:
    return Engine(Settings(parameters=parameters))


def _answer(limit: Limit, value: Decimal, changed: Decimal | None = None) -> Any:
    """The fact's value where ``value`` is tried; ``changed`` takes the place of the parameter."""
    site = _engine(limit.parameters).site
    if changed is not None:
        site = replace(
            site,
            parameters={
                **site.parameters,
                limit.parameter: {**site.parameters[limit.parameter], limit.unit: changed}
                if limit.unit
                else changed,
            },
        )
    fact = _fact(limit.fact, limit.parameters, site, **limit.case(float(value)))
    found = UNKNOWN if fact.is_unknown else fact.value
    return float(found.interval.low) if hasattr(found, "interval") else found


def _fact(name: str, parameters: str, site: Site | None = None, **case: Any) -> Fact:
    """A fact of the patient of ``case``, at a site of the parameter set ``parameters`` or at ``site``."""
    loaded = _engine(parameters)
    site = site or loaded.site
    case = {
        "record": [],
        "who": WOMAN,
        "drafts": None,
        "without": (),
        **{key: made for key, made in case.items() if made is not None},
    }
    values = {
        key: value
        for key, value in prefetch(*case["record"], who=case["who"]).items()
        if key not in case["without"]
    }
    call = Call(
        "order-select",
        PATIENT,
        None,
        sent(bundle(case["drafts"])) if case["drafts"] else None,
        None,
        prefetching(values),
    )
    wired = copy(loaded)
    wired.site = site
    wired.queries_by_hook = {"order-select": tuple(values)}
    return wired.facts(call, NOW)[name]


def _around(limit: Limit, changed: Decimal | None = None) -> tuple[Any, ...]:
    edge, step = Decimal(limit.edge), Decimal(limit.step)
    return tuple(_answer(limit, value, changed) for value in (edge - step, edge, edge + step))


@pytest.mark.parametrize("limit", LIMITS, ids=str)
def test_below_at_and_above_each_limit(limit):
    assert _around(limit) == limit.answers


@pytest.mark.parametrize("limit", LIMITS, ids=str)
@pytest.mark.parametrize("direction", [-1, 1], ids=["one step lower", "one step higher"])
def test_the_parameter_is_what_decides_there(limit, direction):
    """So that no limit is written anywhere else, and none is read by the name of another."""
    moved = _around(limit, Decimal(limit.edge) + direction * Decimal(limit.step))
    assert moved != limit.answers


@pytest.mark.parametrize("parameters", ["default", "uk", "us"])
@pytest.mark.parametrize("name", CHOICES)
def test_the_order_that_a_set_names(name, parameters):
    fact, orders = CHOICES[name]
    limit = Limit(name, "", "0", "0", lambda value: {"record": [VEGAN]}, fact, (), parameters)
    assert _answer(limit, Decimal(0))[-1] == orders[parameters]


class CutOff(NamedTuple):
    """A cut-off of a laboratory test in one of its units: the classes of a result below it, at it and above it."""

    analyte: Analyte
    parameter: str
    unit: str
    classes: tuple[str, str, str]

    def __str__(self) -> str:
        return f"{self.parameter} {self.unit}"

    def shown(self, value: Decimal) -> dict[str, Any]:
        """An Observation of the analyte in this unit, by the first code that can be reported so."""
        value_set = self.analyte.value_sets[0]
        wrong = (
            "[Mass/"
            if "mol/" in self.unit
            else "[Moles/"
            if re.search(r"g/[dm]?L$", self.unit)
            else "nothing"
        )
        code = next(
            coding for coding in codings_of(value_set, LOINC) if wrong not in coding["display"]
        )
        return observation(value_set, float(value), self.unit, code={"coding": [code]})


# Indeterminate up to and with 10 nmol/L, though in ug/L the limit is that from which folate is sufficient.
_NOT_AS_ITS_NAME_SAYS = {("folate.serum.sufficient_from", "nmol/L")}


def _at(parameter: str, unit: str, below: str, above: str) -> str:
    """The class of a result at a cut-off, as its name says: "low below" 30 is not low at 30, "high above" 30 not high."""
    _, _, side = parameter.rpartition("_")
    assert side in ("below", "from", "above"), (
        f"{parameter}: a cut-off is called so that one sees where the limit itself belongs"
    )
    return below if side == "above" or (parameter, unit) in _NOT_AS_ITS_NAME_SAYS else above


CUT_OFFS = [
    CutOff(
        analyte,
        cut.parameter,
        family.unit,
        (below, _at(cut.parameter, family.unit, below, above), above),
    )
    for analyte in ANALYTES.values()
    for family in analyte.families
    for cut, (below, above) in zip(analyte.cuts, pairwise(analyte.classes), strict=True)
]


# The fact of a laboratory test has its name, but for those of which the kidney's function is one.
FACT_OF = {"creatinine": "egfr", "egfr.reported": "egfr"}
OF_ANALYTES = {cut_off.parameter for cut_off in CUT_OFFS} | {
    analyte.window for analyte in ANALYTES.values()
}


@pytest.mark.parametrize("parameters", PARAMETER_SETS)
@pytest.mark.parametrize("cut_off", CUT_OFFS, ids=str)
def test_a_cut_off_of_a_laboratory_test_parts_its_classes(cut_off, parameters):
    edge = _engine(parameters).site.number(cut_off.parameter, cut_off.unit)
    found = [
        _fact(
            FACT_OF.get(cut_off.analyte.name, cut_off.analyte.name),
            parameters,
            record=[cut_off.shown(edge * part)],
        )
        for part in (Decimal("0.99"), 1, Decimal("1.01"))
    ]
    assert tuple(fact.value.level for fact in found) == cut_off.classes


@pytest.mark.parametrize("parameters", PARAMETER_SETS)
@pytest.mark.parametrize("analyte", ANALYTES.values(), ids=lambda analyte: analyte.name)
def test_a_result_counts_until_the_last_day_of_its_window(analyte, parameters):
    days = int(_engine(parameters).site.number(analyte.window))
    example = EXAMPLES[f"{analyte.value_sets[0]}-result"]
    aged = (
        {**example, "subject": SUBJECT, "effectiveDateTime": days_ago(age)}
        for age in (days, days + 1)
    )
    within, outside = (
        _fact(FACT_OF.get(analyte.name, analyte.name), parameters, record=[one]) for one in aged
    )
    assert (within.value is not None, outside.value is not None) == (True, False)


def test_every_parameter_of_every_set_is_tried():
    names = {
        name
        for file in ("default", "uk", "us")
        for name in yaml.safe_load((CARDS / "parameters" / f"{file}.yaml").read_text("utf-8")) or {}
    }
    assert names == {limit.parameter for limit in LIMITS} | set(CHOICES) | OF_ANALYTES


def test_what_a_set_changes_is_tried_in_that_set():
    for parameters in ("uk", "us"):
        changed = set(
            yaml.safe_load((CARDS / "parameters" / f"{parameters}.yaml").read_text("utf-8")) or {}
        ) - set(CHOICES)
        assert (
            changed
            <= {limit.parameter for limit in LIMITS if limit.parameters == parameters} | OF_ANALYTES
        )
