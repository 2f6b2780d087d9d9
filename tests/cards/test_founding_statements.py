"""Each statement of the founding document, seen as a clinician sees it: from whole requests (docs/founding-statements.yaml)."""

import json

import pytest

from cds_service.authoring.explanation import explain_call
from cds_service.hooks.any_hook import read_request
from tests.support.clinic import card_of, engine, fire, ids, suggestions
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_INJECTION,
    CYANOCOBALAMIN_TABLET,
    DAILY,
    HYDROXOCOBALAMIN,
    IM,
    LOINC,
    NOW,
    ORAL,
    condition,
    days_ago,
    dosage,
    draft,
    folic_acid,
    hook_request,
    hydroxocobalamin,
    medication_request,
    observation,
    patient,
    prefetch,
    procedure,
    resected_length,
    service_request,
)

LOW = observation("b12", 110, "pg/mL", ago=3)
SUFFICIENT = observation("b12", 480, "pg/mL", ago=3)
LOW_FOLATE = observation("folate", 2.1, "ng/mL", ago=3)
# Neither anaemia nor a risk from low potassium, so that only the B12 order is suggested.
NO_RISK = (observation("hb", 140, "g/L", ago=3), observation("potassium", 4.2, "mmol/L", ago=1))
NEUROPATHY = condition("386033004")
PERNICIOUS_ANAEMIA = condition("84027009")
GASTRIC_BYPASS = procedure("443906008")
ILEAL_CROHN = condition("38106008")
VEGAN = condition("24930006")
PREGNANT = condition("77386006", onsetDateTime="2026-07-01")
BREAST_FEEDING = condition("866041003", onsetDateTime="2026-07-01")
WOMAN_OF_30 = patient(birth="1996-05-01")
RETICULOCYTES = "60474-4"
LOADING = "hydroxocobalamin-loading-then-maintenance"
EVERY_3_MONTHS = (1, 3, "mo")


def course(begun, every=EVERY_3_MONTHS, concept=HYDROXOCOBALAMIN, **more):
    """Injections of 1 mg, ordered ``begun`` days ago and still going on."""
    return medication_request(
        concept, dosage(1, route=IM, every=every), authoredOn=days_ago(begun), **more
    )


def resection(*extension):
    """Resection of the terminal ileum, with its length where one is given."""
    return procedure(
        "307193005",
        performedDateTime="2019-05-02",
        **({"extension": list(extension)} if extension else {}),
    )


def opening(*resources, who=None, **settings):
    return fire("patient-view", prefetch(*resources, *NO_RISK, who=who), settings=settings)


def ordered(cards, card_id, suggestion=0, action=0):
    """An order as it would be created."""
    return card_of(cards, card_id)["suggestions"][suggestion]["actions"][action]["resource"]


def phases(order):
    """(dose, route, repeat) of each dosage of an order."""
    return [
        (
            f"{phase['doseAndRate'][0]['doseQuantity']['value']} {phase['doseAndRate'][0]['doseQuantity']['code']}",
            phase["route"]["coding"][0]["code"],
            phase["timing"]["repeat"],
        )
        for phase in order["dosageInstruction"]
    ]


def test_01_loading_then_maintenance_for_life():
    cards = opening(LOW)
    assert ids(cards) == ["b12-deficiency-untreated"]
    assert suggestions(cards, "b12-deficiency-untreated")[0] == [LOADING]
    (dose, route, loading), (next_dose, next_route, maintenance) = phases(
        ordered(cards, "b12-deficiency-untreated")
    )
    assert (dose, route) == (next_dose, next_route) == ("1 mg", IM)
    assert (loading["frequency"], loading["period"], loading["periodUnit"], loading["count"]) == (
        3,
        1,
        "wk",
        6,
    )
    assert (loading["boundsDuration"]["value"], loading["boundsDuration"]["code"]) == (2, "wk")
    assert maintenance == {"frequency": 1, "period": 3, "periodUnit": "mo"}  # no end
    assert "every 2 to 3 months; for life where the cause cannot be removed" in cards[0]["detail"]
    known_cause = opening(PERNICIOUS_ANAEMIA)
    assert suggestions(known_cause, "b12-cause-untreated") == [
        ["serum-b12", "serum-folate", LOADING]
    ]


def test_01_injections_without_loading_are_replaced():
    maintenance = draft(HYDROXOCOBALAMIN, dosage(1, route=IM, every=EVERY_3_MONTHS), id="late")
    cards = fire("order-sign", prefetch(LOW, *NO_RISK), drafts=[maintenance])
    assert ids(cards) == ["b12-loading-missing"]
    assert suggestions(cards, "b12-loading-missing") == [[LOADING, "-MedicationRequest/late"]]


def test_02_neurological_features_get_alternate_days():
    cards = opening(LOW, NEUROPATHY)
    assert ids(cards) == ["b12-deficiency-neuro"]
    assert cards[0]["indicator"] == "critical"
    assert suggestions(cards, "b12-deficiency-neuro") == [["hydroxocobalamin-neuro"]]
    ((dose, route, repeat),) = phases(ordered(cards, "b12-deficiency-neuro"))
    assert (dose, route, repeat["frequency"], repeat["period"], repeat["periodUnit"]) == (
        "1 mg",
        IM,
        1,
        2,
        "d",
    )
    assert "on alternate days until no further improvement, then every 2 months" in " ".join(
        cards[0]["detail"].split()
    )
    weekly = draft(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 1, "wk")), id="slow")
    cards = fire("order-select", prefetch(LOW, NEUROPATHY, *NO_RISK), drafts=[weekly])
    assert suggestions(cards, "b12-neuro-regimen") == [
        ["hydroxocobalamin-neuro", "-MedicationRequest/slow"]
    ]


def test_02_maintenance_after_neurological_features_is_every_2_months():
    under_way = course(200, concept=CYANOCOBALAMIN_INJECTION)
    prior = {"reference": f"MedicationRequest/{under_way['id']}"}
    renewal = draft(
        CYANOCOBALAMIN_INJECTION,
        dosage(1, route=IM, every=EVERY_3_MONTHS),
        id="cn",
        priorPrescription=prior,
    )
    record = prefetch(under_way, NEUROPATHY, observation("egfr", 38, "mL/min/{1.73_m2}"), *NO_RISK)
    cards = fire("order-select", record, drafts=[renewal])
    assert suggestions(cards, "cyanocobalamin-renal") == [
        ["hydroxocobalamin-2-monthly", "-MedicationRequest/cn"]
    ]


@pytest.mark.parametrize(
    "reason",
    [
        pytest.param(
            [condition("386033004", onsetDateTime="2025-01-10")],
            id="features since before treatment",
        ),
        pytest.param([NEUROPATHY, GASTRIC_BYPASS], id="bariatric surgery"),
        pytest.param([NEUROPATHY, resection(resected_length(45))], id="extensive ileal resection"),
        pytest.param([NEUROPATHY, ILEAL_CROHN], id="ileal Crohn's disease"),
    ],
)
def test_03_monthly_where_every_3_months_is_not_enough(reason):
    settled = observation("homocysteine", 8, "umol/L", ago=5)
    cards = opening(course(400, id="slow"), SUFFICIENT, settled, *reason)
    assert ids(cards) == ["maintenance-interval"]
    assert suggestions(cards, "maintenance-interval") == [["hydroxocobalamin-monthly"]]
    monthly = ordered(cards, "maintenance-interval")
    assert phases(monthly) == [("1 mg", IM, {"frequency": 1, "period": 1, "periodUnit": "mo"})]
    assert monthly["priorPrescription"] == {"reference": "MedicationRequest/slow"}


def test_03_monthly_is_not_for_everybody():
    settled = observation("homocysteine", 8, "umol/L", ago=5)
    assert opening(course(400), SUFFICIENT, settled, GASTRIC_BYPASS) == []
    assert (
        opening(course(400, every=(1, 1, "mo")), SUFFICIENT, settled, NEUROPATHY, GASTRIC_BYPASS)
        == []
    )


def test_04_oral_alternative_is_1000_micrograms_a_day():
    cards = opening(LOW)
    assert suggestions(cards, "b12-deficiency-untreated")[1] == ["cyanocobalamin-oral-1000"]
    ((dose, route, repeat),) = phases(ordered(cards, "b12-deficiency-untreated", suggestion=1))
    assert (dose, route) == ("1000 ug", ORAL)
    assert (repeat["frequency"], repeat["period"], repeat["periodUnit"]) == DAILY


@pytest.mark.parametrize(
    ("micrograms", "spoken"), [(50, True), (500, True), (1000, False), (2000, False)]
)
def test_04_smaller_oral_doses_are_raised(micrograms, spoken):
    tablets = draft(
        CYANOCOBALAMIN_TABLET, dosage(micrograms, "ug", route=ORAL, every=DAILY), id="tab"
    )
    cards = fire("order-select", prefetch(LOW, *NO_RISK), drafts=[tablets])
    assert ids(cards) == (["b12-oral-dose-low"] if spoken else [])
    if spoken:
        remove = "-MedicationRequest/tab"
        assert suggestions(cards, "b12-oral-dose-low") == [
            ["cyanocobalamin-oral-1000", remove],
            [LOADING, remove],
        ]


@pytest.mark.parametrize(
    "kidney",
    [observation("egfr", 38, "mL/min/{1.73_m2}"), condition("127013003")],
    ids=["eGFR 38", "diabetic nephropathy"],
)
def test_05_no_cyanocobalamin_in_renal_dysfunction(kidney):
    injection = draft(CYANOCOBALAMIN_INJECTION, dosage(1, route=IM, every=(3, 1, "wk")), id="cn")
    cards = fire("order-select", prefetch(LOW, kidney, *NO_RISK), drafts=[injection])
    assert ids(cards) == ["cyanocobalamin-renal"]
    assert suggestions(cards, "cyanocobalamin-renal") == [[LOADING, "-MedicationRequest/cn"]]
    assert suggestions(opening(LOW, kidney), "b12-deficiency-untreated") == [
        [LOADING]
    ]  # nothing oral beside it


def test_06_what_the_site_stocks_decides_not_the_country():
    assert suggestions(opening(LOW, parameters="us"), "b12-deficiency-untreated")[0] == [LOADING]
    without = opening(LOW, parameters="us", formulary=frozenset({"cyanocobalamin-injection"}))
    assert suggestions(without, "b12-deficiency-untreated") == [["cyanocobalamin-injection"]]


def test_07_monitoring_at_3_months_then_3_monthly_then_yearly():
    tests = [["serum-b12", "homocysteine", "mma"]]
    assert opening(course(89)) == []
    assert suggestions(opening(course(90)), "monitoring-due") == tests
    rising = observation("homocysteine", 30, "umol/L", ago=91)
    assert suggestions(opening(course(300), rising), "monitoring-due") == tests
    assert opening(course(300), observation("homocysteine", 30, "umol/L", ago=90)) == []
    stable = [observation("homocysteine", 8, "umol/L", ago=ago) for ago in (200, 100)]
    assert opening(course(500), *stable) == []
    year_ago = [observation("homocysteine", 8, "umol/L", ago=ago) for ago in (450, 366)]
    assert suggestions(opening(course(500), *year_ago), "monitoring-due") == tests


def test_07_homocysteine_of_10_or_more_is_above_the_target():
    kidneys = observation("egfr", 88, "mL/min/{1.73_m2}")
    high, at_target = (observation("homocysteine", value, "umol/L", ago=5) for value in (10, 9.9))
    cards = opening(course(200, id="slow"), high, kidneys)
    assert suggestions(cards, "homocysteine-above-target") == [["hydroxocobalamin-monthly"]]
    assert "No guideline sets this target" in cards[0]["detail"]
    assert opening(course(200), at_target, kidneys) == []
    assert (
        opening(course(200), high, kidneys, parameters="uk")
        == opening(course(200), high, kidneys, parameters="us")
        == []
    )


def test_08_reticulocytes_in_the_first_week():
    def day(days, *more):
        anaemic = observation("hb", 90, "g/L", ago=days + 1)
        return fire("patient-view", prefetch(course(days, every=(3, 1, "wk")), anaemic, *more))

    assert day(4) == []
    for days in (5, 7):
        assert suggestions(day(days), "response-reticulocytes") == [["reticulocytes"]]
    counted = observation(
        "hb", 180, "10*9/L", ago=1, code={"coding": [{"system": LOINC, "code": RETICULOCYTES}]}
    )
    assert day(7, counted) == []


def test_08_haemoglobin_is_normal_within_2_months():
    def after(days, now):
        before, newest = (
            observation("hb", 90, "g/L", ago=days + 1),
            observation("hb", now, "g/L", ago=1),
        )
        return ids(
            fire("patient-view", prefetch(course(days), before, newest, service_request("b12")))
        )

    assert after(57, 95) == ["response-inadequate"]
    assert after(57, 135) == after(50, 95) == []


def test_09_no_folic_acid_before_or_without_b12():
    cards = fire("order-sign", prefetch(LOW, *NO_RISK), drafts=[folic_acid(id="fa")])
    assert ids(cards) == ["folic-acid-b12-deficient"]
    assert cards[0]["indicator"] == "critical"
    assert suggestions(cards, "folic-acid-b12-deficient") == [
        [LOADING],
        [LOADING, "-MedicationRequest/fa"],
    ]
    assert suggestions(
        fire("order-sign", prefetch(), drafts=[folic_acid()]), "folic-acid-b12-unknown"
    ) == [["serum-b12"]]
    assert suggestions(opening(LOW_FOLATE), "folate-deficiency-b12-unknown") == [["serum-b12"]]


def test_09_where_both_lack_b12_comes_first_and_folic_acid_for_3_months_after_it():
    cards = opening(LOW, LOW_FOLATE)
    assert ids(cards) == ["b12-folate-deficiency"]
    assert suggestions(cards, "b12-folate-deficiency") == [[LOADING]]  # and no folic acid yet
    assert "it follows once B12 treatment has begun" in cards[0]["detail"]
    cards = fire("order-select", prefetch(LOW, LOW_FOLATE, *NO_RISK), drafts=[hydroxocobalamin()])
    assert suggestions(cards, "folate-after-b12") == [["folic-acid-1mg-3-months"]]
    ((dose, route, repeat),) = phases(ordered(cards, "folate-after-b12"))
    assert (dose, route) == ("1 mg", ORAL)
    assert (repeat["frequency"], repeat["period"], repeat["periodUnit"]) == DAILY
    assert (repeat["boundsDuration"]["value"], repeat["boundsDuration"]["code"]) == (3, "mo")
    under_way = opening(LOW_FOLATE, course(30))
    assert suggestions(under_way, "folate-deficiency") == [["folic-acid-1mg-3-months"]]


def test_10_normal_levels_are_no_reason_to_stop():
    under_way = course(400)
    cards = fire(
        "order-sign",
        prefetch(SUFFICIENT, PERNICIOUS_ANAEMIA, under_way),
        drafts=[{**under_way, "status": "stopped"}],
    )
    assert ids(cards) == ["b12-stop-lifelong"]
    assert suggestions(cards, "b12-stop-lifelong") == []
    assert "Normal B12 levels are no reason to stop" in cards[0]["detail"]
    stopped = {
        **course(400),
        "status": "stopped",
        "dosageInstruction": [dosage(1, route=IM, every=EVERY_3_MONTHS)],
    }
    stopped["dosageInstruction"][0]["timing"]["repeat"]["boundsPeriod"] = {
        "start": days_ago(400),
        "end": days_ago(60),
    }
    cards = opening(SUFFICIENT, PERNICIOUS_ANAEMIA, stopped)
    assert ids(cards) == ["therapy-lapsed"]
    assert suggestions(cards, "therapy-lapsed") == [
        ["mma", "hydroxocobalamin-3-monthly"]
    ]  # the cause leaves the result in doubt
    assert "Normal B12 levels are no reason to stop" in cards[0]["detail"]


def test_11_potassium_in_the_first_48_hours():
    anaemic = observation("hb", 101, "g/L", ago=3)
    cards = fire("order-sign", prefetch(LOW, anaemic), drafts=[hydroxocobalamin()])
    assert ids(cards) == ["potassium-monitoring"]
    assert suggestions(cards, "potassium-monitoring") == [
        ["potassium-now", "potassium-24h", "potassium-48h"]
    ]
    due = [
        action["resource"].get("occurrenceDateTime")
        for action in cards[0]["suggestions"][0]["actions"]
    ]
    assert due == [None, "2026-11-24T12:00:00+00:00", "2026-11-25T12:00:00+00:00"]
    assert "replace it if needed" in cards[0]["detail"]


@pytest.mark.parametrize(
    ("value", "card", "checks", "advice"),
    [
        (
            3.2,
            "low-potassium-before-b12",
            ["potassium-now", "potassium-24h", "potassium-48h"],
            "Do not delay B12 because of it",
        ),
        (2.7, "hypokalaemia-before-b12", ["potassium-now"], "Correct potassium first"),
    ],
)
def test_11_low_potassium_is_to_be_replaced_by_the_clinician(value, card, checks, advice):
    record = prefetch(LOW, observation("potassium", value, "mmol/L", ago=1))
    cards = fire("order-sign", record, drafts=[hydroxocobalamin()])
    assert ids(cards) == [card]
    assert suggestions(cards, card) == [
        checks
    ]  # tests only: a potassium supplement is never suggested
    assert advice in cards[0]["detail"]


def test_12_after_bariatric_surgery_every_3_months_or_by_mouth():
    cards = opening(SUFFICIENT, GASTRIC_BYPASS)
    assert ids(cards) == ["bariatric-maintenance"]
    assert suggestions(cards, "bariatric-maintenance") == [
        ["hydroxocobalamin-3-monthly"],
        ["cyanocobalamin-oral-1000"],
    ]
    assert phases(ordered(cards, "bariatric-maintenance")) == [
        ("1 mg", IM, {"frequency": 1, "period": 3, "periodUnit": "mo"})
    ]
    assert opening(SUFFICIENT, GASTRIC_BYPASS, course(30)) == []


@pytest.mark.parametrize(("ago", "due"), [(90, False), (91, True)])
def test_12_b12_every_3_months_of_a_pregnancy_after_bariatric_surgery(ago, due):
    checked = observation("active_b12", 90, "pmol/L", ago=ago)
    cards = opening(checked, GASTRIC_BYPASS, PREGNANT, course(60), who=WOMAN_OF_30)
    assert ids(cards) == (["bariatric-pregnancy"] if due else [])
    if due:
        assert suggestions(cards, "bariatric-pregnancy") == [["active-b12"]]


@pytest.mark.parametrize(
    "ileum",
    [
        pytest.param(resection(resected_length(20.5)), id="more than 20 cm"),
        pytest.param(procedure("37593003"), id="total ileectomy"),
        pytest.param(ILEAL_CROHN, id="ileal Crohn's disease"),
    ],
)
def test_13_extensive_ileal_disease_gets_monthly_prophylaxis(ileum):
    cards = opening(SUFFICIENT, ileum)  # without a documented deficiency
    assert ids(cards) == ["ileal-prophylaxis"]
    assert suggestions(cards, "ileal-prophylaxis") == [["hydroxocobalamin-monthly"]]
    assert phases(ordered(cards, "ileal-prophylaxis")) == [
        ("1 mg", IM, {"frequency": 1, "period": 1, "periodUnit": "mo"})
    ]


def test_13_a_resection_up_to_20_cm_stays_silent_and_the_trace_says_why():
    short = resection(resected_length(20))
    values = prefetch(SUFFICIENT, short, *NO_RISK)
    assert fire("patient-view", values) == []
    call = read_request(
        engine(), json.dumps(hook_request("patient-view", values)).encode(), "ileal-prophylaxis"
    )
    explained = explain_call(engine(), call, NOW, "ileal-prophylaxis")
    (card,) = explained["cards"]
    assert (card["outcome"], card["stopped_by"]) == ("silent", "extensive-ileal-disease")
    length = explained["facts"]["ileum.resection"]
    assert length["value"] == "up-to-20-cm"
    assert [source["reference"] for source in length["sources"]] == [f"Procedure/{short['id']}"]


def test_13_a_resection_of_unknown_length_is_asked_about():
    cards = opening(resection())
    assert ids(cards) == ["ileal-resection-length"]
    assert suggestions(cards, "ileal-resection-length") == [["serum-b12", "serum-folate"]]
    assert "Record the resected length" in cards[0]["detail"]


@pytest.mark.parametrize(
    ("state", "need"),
    [
        pytest.param(
            PREGNANT, "In pregnancy the need rises to 4 to 5 micrograms a day", id="pregnant"
        ),
        pytest.param(
            BREAST_FEEDING, "In lactation the need is 4 micrograms a day", id="breast-feeding"
        ),
    ],
)
def test_14_needs_in_pregnancy_and_lactation_on_a_vegan_diet(state, need):
    cards = opening(SUFFICIENT, state, VEGAN, who=WOMAN_OF_30)
    assert ids(cards) == ["pregnancy-intake"]
    assert need in cards[0]["detail"]
    assert "A breast-fed infant is at risk" in cards[0]["detail"]
    assert suggestions(cards, "pregnancy-intake") == []
    assert opening(SUFFICIENT, state, who=WOMAN_OF_30) == []
    supplement = medication_request(
        CYANOCOBALAMIN_TABLET, dosage(50, "ug", route=ORAL, every=DAILY)
    )
    assert "pregnancy-intake" not in ids(
        opening(SUFFICIENT, state, VEGAN, supplement, who=WOMAN_OF_30)
    )
