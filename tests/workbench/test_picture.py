"""The patient picture: what stands in it and in its tables, by which limits, and that a clinician can read it on any screen."""

import math
import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from xml.etree import ElementTree

import pytest
from jinja2 import Environment

from cds_service.engine import Call
from cds_service.fhir.dosage import SINGLE_DOSE
from cds_service.workbench.picture import (
    NARROW,
    STYLE_SOURCE,
    WIDE,
    patient_picture,
    picture_svg,
    picture_table,
    svg_of,
    table_of,
)
from cds_service.workbench.picture.measure import width_of, wrapped
from cds_service.workbench.picture.table import ResultRow
from cds_service.workbench.picture.words import rhythm_words
from tests.hooks.synthea import NAMES, load, prefetched
from tests.support.browser import axe_violations, needs_browser, opened
from tests.support.clinic import engine, facts_of, prefetching
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_TABLET,
    DAILY,
    FOLIC_ACID_1MG,
    HYDROXOCOBALAMIN,
    IM,
    ORAL,
    RXNORM,
    SUBJECT,
    UCUM,
    days_ago,
    dosage,
    medication_request,
    observation,
    patient,
)

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</text></style><script>alert(1)</script>&\"'<b>\u202e\ufffe" + "W" * 400
SIZE = 100_000


def given(concept, ago, dose=1):
    amount = {"value": dose, "unit": "mg", "system": UCUM, "code": "mg"}
    route = {"coding": [{"system": "http://snomed.info/sct", "code": IM}]}
    return {
        "resourceType": "MedicationAdministration",
        "id": f"given-{ago}",
        "status": "completed",
        "subject": SUBJECT,
        "medicationCodeableConcept": concept,
        "effectiveDateTime": days_ago(ago),
        "dosage": {"dose": amount, "route": route},
    }


def series(analyte, unit, *values):
    return [
        observation(analyte, value, unit, ago=ago, id=f"{analyte}-{ago}") for value, ago in values
    ]


LOADING_THEN_MAINTENANCE = (
    {
        **dosage(
            1,
            route=IM,
            every=(1, 2, "d"),
            boundsDuration={"value": 14, "unit": "d", "code": "d", "system": UCUM},
        ),
        "sequence": 1,
    },
    {**dosage(1, route=IM, every=(1, 3, "mo")), "sequence": 2},
)


def treated():
    """Deficiency that was found and treated: every test, a course with two phases, folic acid that is over, eight doses."""
    return [
        *series("b12", "pg/mL", (160, 800), (110, 130), (640, 5)),
        observation("b12", 2000, "pg/mL", ago=40, comparator=">", id="b12-40"),
        *series("active_b12", "pmol/L", (18, 129), (44, 60)),
        *series("folate", "ng/mL", (2.4, 130), (9.5, 40)),
        *series(
            "hb", "g/dL", (13.2, 800), (9.1, 130), (9.6, 122), (10.8, 100), (12.1, 70), (12.9, 5)
        ),
        *series("mcv", "fL", (97, 800), (116, 130), (112, 100), (101, 70), (93, 5)),
        *series(
            "potassium",
            "mmol/L",
            (4.2, 130),
            (3.3, 128),
            (2.8, 127),
            (3.4, 126),
            (3.9, 120),
            (4.1, 1),
        ),
        *series("mma", "nmol/L", (900, 130), (210, 40)),
        *series("homocysteine", "umol/L", (38, 130), (11, 40)),
        medication_request(HYDROXOCOBALAMIN, *LOADING_THEN_MAINTENANCE, authoredOn=days_ago(129)),
        medication_request(
            FOLIC_ACID_1MG,
            dosage(
                1,
                route=ORAL,
                every=DAILY,
                boundsDuration={"value": 3, "unit": "mo", "code": "mo", "system": UCUM},
            ),
            authoredOn=days_ago(120),
            status="completed",
        ),
        *(given(HYDROXOCOBALAMIN, ago) for ago in (129, 127, 125, 123, 121, 119, 117, 26)),
    ]


def long_record():
    """Twelve years in two units, with what is old, what cannot be used, what counts as no treatment, and what is only planned."""
    return [
        *series(
            "b12_molar",
            "pmol/L",
            (95, 4400),
            (88, 4380),
            (420, 3600),
            (210, 900),
            (140, 200),
            (121, 30),
        ),
        *series("b12", "pg/mL", (230, 1500), (150000, 1400)),
        observation(
            "b12_molar",
            20,
            "pmol/L",
            ago=29,
            comparator="<",
            status="preliminary",
            id="preliminary",
        ),
        observation("b12", ago=15, valueString="haemolysed, see comment", id="text"),
        *series("hb", "g/L", (92, 4400), (131, 3600), (128, 900), (119, 200), (111, 30)),
        *series("mcv", "fL", (118, 4400), (91, 3600), (96, 900), (101, 200), (106, 30)),
        *series("folate_molar", "nmol/L", (9.1, 30)),
        medication_request(
            HYDROXOCOBALAMIN,
            dosage(1, route=IM, every=(1, 3, "mo")),
            authoredOn=days_ago(4380),
            status="stopped",
        ),
        medication_request(
            CYANOCOBALAMIN_TABLET,
            dosage(50, "ug", route=ORAL, every=DAILY),
            authoredOn=days_ago(600),
        ),
        medication_request(
            HYDROXOCOBALAMIN,
            dosage(
                1,
                route=IM,
                every=(3, 1, "wk"),
                boundsPeriod={"start": days_ago(-6), "end": days_ago(-4000)},
            ),
        ),
        *(given(HYDROXOCOBALAMIN, ago) for ago in range(900, 3900, 91)),
    ]


def hostile():
    """Whatever a record may hold at worst: markup for text, thousands of resources, values and days that nothing has."""
    text = {"coding": [{"system": RXNORM, "code": "317106"}], "text": HOSTILE}
    return [
        *(
            observation("b12", 100 + number % 900, "pg/mL", ago=number % 3000, id=f"many-{number}")
            for number in range(5000)
        ),
        observation(
            "hb", 10, "g/dL", ago=3, valueQuantity={"value": 100, "unit": HOSTILE}, id=HOSTILE
        ),
        observation("hb", ago=4, valueString=HOSTILE),
        observation("hb", 12.5, "g/dL", ago=5, referenceRange=[{"text": HOSTILE[:50]}]),
        observation("mcv", 1e25, "fL", ago=6),
        observation("mcv", 90, "fL", effectiveDateTime="1800-01-01"),
        observation("mcv", 95, "fL", effectiveDateTime="9999-01-01"),
        *(
            medication_request(
                text, dosage(1, route=IM, every=(1, 1 + n % 9, "wk")), authoredOn=days_ago(n * 3)
            )
            for n in range(200)
        ),
        *(given(text if ago < 5 else HYDROXOCOBALAMIN, ago) for ago in range(3000)),
    ]


def few():
    """A child with two results, and nothing of treatment."""
    return [*series("b12", "pg/mL", (150, 10)), *series("hb", "g/dL", (10.2, 10))]


def nothing():
    return []


RECORDS = {
    "treated": treated,
    "long_record": long_record,
    "hostile": hostile,
    "few": few,
    "nothing": nothing,
}


@cache
def picture(name, parameters="default"):
    who = patient(birth="2023-05-01") if name == "few" else None
    return patient_picture(
        facts_of(*RECORDS[name](), who=who, parameters=parameters, hook="patient-view")
    )


def of_synthea(name):
    record, service = load(name), engine()
    identity = record.patient["id"]
    templates = {
        part.key: part.url(identity)
        for part in service.queries.of(service.queries_by_hook["patient-view"])
    }
    call = Call(
        "patient-view", identity, None, None, None, prefetching(prefetched(record, templates))
    )
    return record, service.facts(call, record.now)


def texts(document):
    return [element.text for element in ElementTree.fromstring(document).iter(f"{SVG}text")]


def pointed_at(document, kind=""):
    """What a reader sees who points at each mark of a class."""
    groups = ElementTree.fromstring(document).iter(f"{SVG}g")
    return [
        group.find(f"{SVG}title").text
        for group in groups
        if kind in group.get("class", "").split() and group.find(f"{SVG}title") is not None
    ]


def test_every_result_of_a_record_stands_once_in_picture_and_table():
    record = treated()
    results = {
        f"Observation/{resource['id']}": resource
        for resource in record
        if resource["resourceType"] == "Observation"
    }
    rows = table_of(picture("treated")).results
    assert sorted(row.source for row in rows) == sorted(results)
    told = pointed_at(svg_of(picture("treated")), "point")
    assert len(told) == len(results)
    for row in rows:
        quantity = results[row.source]["valueQuantity"]
        assert (
            row.as_sent == f"{quantity.get('comparator', '')}{quantity['value']} {quantity['unit']}"
        )
        assert sum(words.startswith(f"{row.as_sent}, {row.day}") for words in told) == 1, row


@pytest.mark.parametrize("name", NAMES)
def test_every_result_of_a_synthea_record_stands_once_in_picture_and_table(name):
    record, facts = of_synthea(name)
    codes = {"718-7": "Haemoglobin", "787-2": "Mean corpuscular volume", "6298-4": "Potassium"}
    found = sorted(
        (codes[coding["code"]], f"Observation/{resource['id']}")
        for resource in record.resources
        if resource["resourceType"] == "Observation"
        for coding in resource["code"]["coding"]
        if coding["code"] in codes
    )
    assert (
        sorted(
            (row.what, row.source)
            for row in picture_table(facts).results
            if row.what in codes.values()
        )
        == found
    )
    assert (
        len(pointed_at(picture_svg(facts), "point"))
        == len(picture_table(facts).results)
        >= len(found)
    )


def test_a_result_is_told_as_sent_and_in_the_unit_of_comparison():
    rows = {row.source: row for row in table_of(picture("treated")).results}
    assert rows["Observation/hb-130"][:7] == (
        "Haemoglobin",
        "9.1 g/dL",
        "91",
        "g/L",
        "16 Jul 2026",
        "below today's limit",
        "",
    )
    assert rows["Observation/b12-40"][1:6] == (
        ">2000 pg/mL",
        ">2000",
        "ng/L",
        "14 Oct 2026",
        "sufficient",
    )
    assert rows["Observation/b12-5"].remark == "used by cards"


def test_what_the_laboratory_says_of_a_result_stands_beside_its_class():
    limits = [{"low": {"value": 200, "unit": "pg/mL"}, "high": {"value": 900, "unit": "pg/mL"}}]
    table = picture_table(
        facts_of(
            observation("b12", 195, "pg/mL", ago=5, referenceRange=limits), hook="patient-view"
        )
    )
    assert (table.results[0].level, table.results[0].range) == ("indeterminate", "200 to 900 pg/mL")
    assert table.results[0].remark == "the laboratory calls it low, used by cards"


LIMITS = {
    "default": {
        "Total vitamin B12": ["sufficient >350", "deficient <180"],
        "Methylmalonic acid": ["high >400"],
    },
    "uk": {
        "Total vitamin B12": ["sufficient >350", "deficient <180"],
        "Methylmalonic acid": ["high >280"],
    },
    "us": {
        "Total vitamin B12": ["sufficient >350", "deficient <180"],
        "Methylmalonic acid": ["high >400"],
    },
}


@pytest.mark.parametrize("parameters", LIMITS)
def test_the_limits_are_those_of_the_parameter_set(parameters):
    drawn = picture("treated", parameters)
    told = texts(svg_of(drawn))
    assert f"Limits of the parameter set {parameters}." in " ".join(told)
    for lane in drawn.lanes:
        for short in LIMITS[parameters].get(lane.title, []):
            assert short in told
    every = [
        "deficient <25",
        "sufficient >70",
        "deficient <3",
        "sufficient ≥4.5",
        "anaemia <120",
        "high >100",
        "low <3.5",
        "severely low <3",
    ]
    assert [limit for limit in every if limit not in told] == []
    assert "high >15" in told


def test_results_in_units_that_do_not_compare_have_a_lane_each_with_the_limits_of_the_unit():
    lanes = {
        lane.unit: lane for lane in picture("long_record").lanes if lane.analyte == "b12.total"
    }
    assert [limit.value for limit in lanes["ng/L"].limits] == [180, 350]
    assert [limit.value for limit in lanes["pmol/L"].limits] == [133, 258]
    assert [point.shown for point in lanes["ng/L"].usable] == ["150000", "230"]


def test_a_limit_stands_where_its_value_would():
    """A result at the limit lies on its line, and those on either side lie apart from it."""
    found = facts_of(*series("mcv", "fL", (101, 5), (100, 6), (99, 7)), hook="patient-view")
    root = ElementTree.fromstring(picture_svg(found))
    heights = [
        float(re.search(r" ([\d.]+)\)", group.get("transform"))[1])
        for group in root.iter(f"{SVG}g")
        if group.get("transform")
    ][:3]
    [line] = [path.get("d") for path in root.iter(f"{SVG}path") if path.get("class") == "limit"]
    limit = float(line.split("L")[1].split()[1])
    assert heights[0] > heights[1] == limit > heights[2]


def test_classes_are_told_apart_without_colour():
    root = ElementTree.fromstring(svg_of(picture("long_record")))
    marks = {}
    for group in root.iter(f"{SVG}g"):
        if group.get("class", "").startswith("point ") and group.find(f"{SVG}title") is not None:
            marks.setdefault(group.get("class"), set()).add(group.find(f"{SVG}path").get("d"))
    assert set(marks) == {"point low", "point middle", "point normal", "point high"}
    assert (
        all(len(shapes) == 1 for shapes in marks.values()) and len(set.union(*marks.values())) == 4
    )
    legend = texts(svg_of(picture("long_record")))
    assert [
        words
        for words in ("low or deficient", "indeterminate", "normal or sufficient", "high")
        if words not in legend
    ] == []


def test_what_cannot_be_used_is_drawn_apart_with_the_reason():
    document = svg_of(picture("long_record"))
    told = texts(document)
    assert "25 Oct 2026: a preliminary result (<20 pmol/L) cannot be used." in told
    assert "8 Nov 2026: a result that is text (haemolysed, see comment) cannot be used." in told
    assert set(pointed_at(document, "unusable")) == {
        "<20 pmol/L, 25 Oct 2026, cannot be used: a preliminary result",
        "haemolysed, see comment, 8 Nov 2026, cannot be used: a result that is text",
    }
    unusable = {
        row.source: row.remark for row in table_of(picture("long_record")).results if not row.usable
    }
    assert unusable == {
        "Observation/preliminary": "cannot be used: a preliminary result",
        "Observation/text": "cannot be used: a result that is text",
    }


def test_a_comparator_is_an_arrow_and_breaks_the_line_between_results():
    document = svg_of(picture("treated"))
    assert ">2000" in texts(document)
    root = ElementTree.fromstring(document)
    [group] = [
        g
        for g in root.iter(f"{SVG}g")
        if (title := g.find(f"{SVG}title")) is not None and title.text.startswith(">2000")
    ]
    assert "beyond" in [path.get("class") for path in group.iter(f"{SVG}path")]
    plain = [line for line in root.iter(f"{SVG}path") if line.get("class") == "trend"]
    assert plain[0].get("d").count("L") == 1  # 160 to 110, and none to 640


def test_results_outside_of_the_window_are_said_not_to_count():
    document = picture_svg(facts_of(*series("b12", "pg/mL", (110, 400)), hook="patient-view"))
    assert "Cards use none of these: none within the window of 180 days." in texts(document)


def test_a_course_tells_agent_route_dose_and_rhythm_of_each_phase():
    told = texts(svg_of(picture("treated")))
    assert (
        "Hydroxocobalamin intramuscular: 1 mg on alternate days for 2 weeks, then 1 mg every 3 months"
        in told
    )
    assert "Folic acid by mouth: 1 mg daily for 3 months (completed)" in told
    assert "Hydroxocobalamin by injection: 8 doses given" in told
    assert len(pointed_at(svg_of(picture("treated")), "tick")) == 8


def test_a_course_without_an_end_goes_on_beyond_today_and_one_that_is_over_does_not():
    root = ElementTree.fromstring(svg_of(picture("treated")))
    groups = [group for group in root.iter(f"{SVG}g") if "course" in group.get("class", "").split()]
    courses = {
        told.text.split()[0]: group
        for group in groups
        if (told := group.find(f"{SVG}title")) is not None
    }
    parts = {agent: [part.get("class") for part in group][1:] for agent, group in courses.items()}
    assert parts["Hydroxocobalamin"] == ["bar", "bar ahead", "change", "arrow"]
    assert "arrow" not in parts["Folic"] and "bar ahead" not in parts["Folic"]


def test_what_is_planned_and_what_does_not_count_is_said():
    told = " ".join(texts(svg_of(picture("long_record"))))
    assert "1 mg 3 times a week (planned from 29 Nov 2026)" in told
    assert "Cyanocobalamin by mouth: 50 micrograms daily (does not count as B12 treatment)" in told
    assert "1 mg every 3 months (no longer in force, end not stated)" in told
    rows = {row.regimen: row for row in table_of(picture("long_record")).courses}
    assert (rows["50 micrograms daily"].state, rows["50 micrograms daily"].end) == (
        "under way",
        "not stated",
    )
    assert rows["50 micrograms daily"].medication == "Cyanocobalamin 1 mg tablet"


@pytest.mark.parametrize(
    ("days", "words"),
    [(1, "daily"), (0.5, "twice a day"), (1 / 3, "3 times a day"), (2, "on alternate days"), (7 / 3, "3 times a week"), (7, "every week"),
     (14, "every 2 weeks"), (365.25 / 12, "every month"), (84, "every 12 weeks"), (91, "every 3 months"), (182.625, "every 6 months"),
     (365.25, "every year"), (90, "every 90 days"), (SINGLE_DOSE, "once"), (None, "frequency not stated")],
)  # fmt: skip
def test_rhythms_read_as_clinicians_say_them(days, words):
    assert rhythm_words(days) == words
    assert math.inf == SINGLE_DOSE


def test_days_far_outside_stand_at_the_edge_and_are_said():
    document = svg_of(picture("long_record"))
    told = texts(document)
    assert told.count("earlier") >= 2  # on the axes
    assert "At the left edge: 2 before 16 Sep 2016." in told
    everything = svg_of(picture("long_record"), years=20)
    assert "earlier" not in texts(everything)
    assert sorted(pointed_at(everything, "point")) == sorted(pointed_at(document, "point"))
    assert "Not drawn: a result without a usable date (95 fL) cannot be used." in texts(
        svg_of(picture("hostile"))
    )


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_text_of_the_record_is_text_and_bounded(width):
    document = svg_of(picture("hostile"), width=width)
    root = ElementTree.fromstring(document)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        "svg",
        "title",
        "desc",
        "style",
        "g",
        "text",
        "path",
        "rect",
    }
    assert "</text></style><script>" in "".join(
        filter(None, (element.text for element in root.iter(f"{SVG}text")))
    )
    assert (
        max(
            len(element.text)
            for element in root.iter()
            if element.text and element.tag not in (f"{SVG}style", f"{SVG}desc")
        )
        < 250
    )
    assert not any(
        name.startswith("on") or "href" in name
        for element in root.iter()
        for name in element.attrib
    )
    assert not any(character in document for character in "\u202e\ufffe")
    cells = [
        cell
        for rows in table_of(picture("hostile"))[:3]
        for row in rows
        for cell in row
        if isinstance(cell, str)
    ]
    assert max(map(len, cells)) <= 120 and not any("\u202e" in cell for cell in cells)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_record_with_thousands_of_resources_stays_small_and_says_what_is_left_out(width):
    document = svg_of(picture("hostile"), width=width)
    assert len(document.encode()) < SIZE
    told = " ".join(texts(document))
    assert (
        "4940 of 5000 results are not drawn: of results close in time, only the most abnormal is."
        in told
    )
    assert "190 more courses, which ended or began earlier, are not drawn." in told
    assert "3000 doses given, 80 drawn" in told
    table = table_of(picture("hostile"))
    assert "Total vitamin B12: the newest 150 of 5000 are listed." in table.notes
    assert len(table.results) < 170 and len(table.courses) == 150 and len(table.doses) < 310


def test_where_results_are_left_out_the_newest_and_the_worst_remain():
    record = [
        observation(
            "mma", 150 if number != 333 else 5000, "nmol/L", ago=1 + number, id=f"many-{number}"
        )
        for number in range(600)
    ]
    told = pointed_at(picture_svg(facts_of(*record, hook="patient-view")), "point")
    assert len(told) == 60
    assert any(words.startswith("5000 nmol/L") for words in told)
    assert any("used by cards" in words for words in told)


def test_a_picture_of_nothing_says_so_and_what_was_not_received():
    told = texts(svg_of(picture("nothing")))
    assert "No result of these tests was found in the data received." in told
    assert "None was found in the data received." in told
    without = facts_of(hook="patient-view", without=("b12-results", "medication-dispenses"))
    note = "More may be on record, because not all was received or could be read: results of B12, folate and metabolites, supplies handed over."
    assert note in picture_table(without).notes
    assert note in " ".join(texts(picture_svg(without)))


def test_the_file_stands_alone_and_names_nobody():
    document = svg_of(picture("treated"))
    root = ElementTree.fromstring(document)
    ids = {element.get("id") for element in root.iter()} - {None}
    assert set(root.get("aria-labelledby").split()) == ids and root.get("role") == "img"
    assert root.get("viewBox") and "prefers-color-scheme:dark" in document
    assert not re.search(r"(?:src|href)=|url\(|@import|pat-1|1957", document)
    described = root.find(f"{SVG}desc").text
    assert (
        "Total vitamin B12 in ng/L: 4 results; newest 640 pg/mL, 18 Nov 2026, sufficient"
        in described
    )
    assert "Under way since 17 Jul 2026: Hydroxocobalamin intramuscular" in described


def test_the_same_record_gives_the_same_picture_in_whatever_order_it_came():
    there, back = (
        facts_of(*record, hook="patient-view") for record in (treated(), treated()[::-1])
    )
    strip = re.compile(r"MedicationRequest/m\d+")
    assert strip.sub("", picture_svg(there)) == strip.sub("", picture_svg(back))


PAGE = Environment(autoescape=True).from_string(
    """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Patient picture</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-STYLE' {{ source }}">
<style>{{ style | safe }}</style></head><body><main><h1>Patient picture</h1>
<div class="wide">{{ wide | safe }}</div><div class="narrow">{{ narrow | safe }}</div>
<h2>Results</h2><div class="scroll" tabindex="0" role="region" aria-label="Results"><table>
<tr>{% for name in columns %}<th scope="col">{{ name }}</th>{% endfor %}</tr>
{% for row in table.results %}<tr>{% for cell in row[:-1] %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table></div>
</main></body></html>"""
)
STYLE = (
    ":root{color-scheme:light dark}body{margin:0}svg{width:100%;height:auto}.scroll{overflow:auto}.narrow{display:none}"
    "@media(max-width:40rem){.narrow{display:block}.wide{display:none}}"
)


def embedding(name):
    """A page under a strict policy with both widths and the table, as the package's documentation tells pages to be."""
    drawn = picture(name)
    page = PAGE.render(
        style=STYLE,
        source=STYLE_SOURCE,
        wide=svg_of(drawn),
        narrow=svg_of(drawn, width=NARROW),
        table=table_of(drawn),
        columns=ResultRow._fields[:-1],
    )
    return page.replace("STYLE", b64encode(sha256(STYLE.encode()).digest()).decode(), 1)


# The texts that are seen, each smaller by what its line has above and below the letters, with the picture that they stand in.
_BOXES = """() => { const shown = [...document.querySelectorAll('svg')].find(svg => svg.getBoundingClientRect().width > 0);
  const of = element => { const box = element.getBoundingClientRect(); return [box.left, box.top, box.right, box.bottom]; };
  const scale = shown.getBoundingClientRect().width / shown.viewBox.baseVal.width;
  return {whole: of(shown), scale, texts: [...shown.querySelectorAll('text')].map(text => [text.textContent, ...of(text)]),
          size: parseFloat(getComputedStyle(shown.querySelector('text')).fontSize) * scale}; }"""
SCREENS = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 900}}


@needs_browser
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", RECORDS)
def test_texts_keep_apart_and_within_on_phone_and_desktop(name, screen):
    with opened(viewport=SCREENS[screen]) as page:
        page.set_content(embedding(name))
        seen = page.evaluate(_BOXES)
    left, top, right, bottom = seen["whole"]
    trim = 2.5 * seen["scale"]
    boxes = [(text, x, y + trim, until, under - trim) for text, x, y, until, under in seen["texts"]]
    assert seen["size"] >= 11
    assert [
        box for box in boxes if box[1] < left or box[2] < top or box[3] > right or box[4] > bottom
    ] == []
    overlapping = [
        (first[0], second[0])
        for number, first in enumerate(boxes)
        for second in boxes[number + 1 :]
        if first[1] < second[3]
        and second[1] < first[3]
        and first[2] < second[4]
        and second[2] < first[4]
    ]
    assert overlapping == []


@needs_browser
@pytest.mark.parametrize(
    ("name", "scheme"), [("treated", "light"), ("long_record", "dark"), ("hostile", "light")]
)
def test_a_page_that_embeds_the_picture_is_accessible_and_keeps_its_policy(name, scheme):
    with opened(viewport=SCREENS["desktop"], color_scheme=scheme) as page:
        page.set_content(embedding(name))
        paper = page.evaluate("getComputedStyle(document.querySelector('svg')).backgroundColor")
        assert axe_violations(page) == {}
        assert page.problems == []
    assert paper == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(13, 17, 23)")


@needs_browser
def test_the_downloaded_file_follows_the_screen_of_its_reader(tmp_path):
    file = tmp_path / "picture.svg"
    file.write_text(svg_of(picture("treated")), "utf-8")
    colours = {}
    for scheme in ("light", "dark"):
        with opened(color_scheme=scheme) as page:
            page.goto(file.as_uri())
            colours[scheme] = page.evaluate("getComputedStyle(document.querySelector('text')).fill")
            assert page.problems == []
    assert colours == {"light": "rgb(27, 31, 36)", "dark": "rgb(230, 237, 243)"}


@needs_browser
def test_a_page_gives_the_picture_its_own_colours():
    with opened() as page:
        page.set_content(
            f"<style>:root{{--picture-ink:#123456}}</style>{svg_of(picture('treated'))}"
        )
        assert (
            page.evaluate("getComputedStyle(document.querySelector('text')).fill")
            == "rgb(18, 52, 86)"
        )


def test_text_is_measured_no_narrower_than_common_fonts_set_it():
    # Advance widths of DejaVu Sans at 12 pixels, by its hmtx table: i 278, W 989, space 318 of 1000.
    assert width_of("iW ", "small") >= (278 + 989 + 318) * 12 / 1000
    assert wrapped("one two three", "small", width_of("one two", "small")) == ["one two", "three"]
    assert "".join(wrapped("W" * 50, "small", 100)) == "W" * 50
