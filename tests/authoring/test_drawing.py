"""A card's decision as a list in HTML and as a graph: what they say, that everybody can read them, and other programs, too."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from xml.etree import ElementTree

import html5lib
import pytest
from click.testing import CliRunner

from cds_service.authoring.drawing.dot import dot
from cds_service.authoring.drawing.drawn import drawn
from cds_service.authoring.drawing.html import decision_list, decision_page
from cds_service.authoring.drawing.ladder import Rung, ladder_as_authored, ladder_of_decision
from cds_service.authoring.example import example_request
from cds_service.cli import main
from cds_service.config import Settings
from cds_service.engine import PARAMETER_SETS, Engine
from cds_service.hooks.any_hook import read_request
from cds_service.rules.conditions import Criterion
from cds_service.rules.decision import Decisions
from tests.support.browser import faults, needs_browser, opened
from tests.support.fhir_builders import CYANOCOBALAMIN_TABLET
from tests.support.waiting import PATIENCE

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")


@cache
def engine(parameters="default"):
    return Engine(Settings(parameters=parameters))


@cache
def ladders():
    """Every card, and again in the sets in which it is another one."""
    found = {}
    for name in PARAMETER_SETS:
        for card in engine(name).cards.values():
            found.setdefault(
                (card.include, card.exclude, card.indicator, card.summary),
                ladder_as_authored(card, name),
            )
    return {f"{ladder.card} {ladder.parameter_set}": ladder for ladder in found.values()}


HOSTILE = '</text><script>alert("1")</script> & \\N {x|y} <b> \\"; shape=none //'


def hostile():
    plain = ladders()["b12-neuro-regimen default"]
    rungs = [
        Rung(HOSTILE, HOSTILE, "W" * 300, False, "unknown", (HOSTILE * 3,), card=HOSTILE),
        *plain.rungs,
    ]
    return replace(plain, title=HOSTILE, summary="x" * 500, rungs=tuple(rungs), outcome=HOSTILE)


def example(hook="order-select"):
    return json.dumps(example_request(hook, NOW)).encode()


def of_call(card_id, hook="order-select"):
    """The page of what a card came to for the example request."""
    return drawn(engine(), "html", card_id, read_request(engine(), example(hook)), NOW)


def parsed(page):
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)


def words(element):
    return " ".join(" ".join(element.itertext()).split())


def of_class(root, name):
    return [element for element in root.iter() if name in element.get("class", "").split()]


def criteria(page):
    """The criteria on a page in order, each as it reads, its parts included."""
    return [words(item) for each in parsed(page).iter("ol") for item in each]


def outcome(page):
    [found] = of_class(parsed(page), "outcome")
    return words(found)


def test_a_card_as_authored_shows_its_criteria_in_order_and_the_card_at_the_end():
    page = drawn(engine(), "html", "b12-neuro-regimen", None, NOW)
    assert criteria(page) == [
        "drafted cobalamin cobalamin-drafted: draft.b12 is true",
        "neurological features neurological-features: neuro.involvement is true",
        "any of these deficiency-possible"
        " vitamin B12 status: deficient or indeterminate b12.status in deficient, indeterminate"
        " vitamin B12 status: not known b12.status is unknown",
        "regimen of the cobalamin in this session: less or unstated"
        " not-on-alternate-days: session.b12_regimen in less, unstated",
        "B12 treatment under way b12-treatment-active: b12_therapy.active is true",
        "cobalamin allergy: severe severe-allergy: allergy.cobalamin in severe",
        "paediatric age below-16-years: patient.paediatric is true",
    ]
    assert [words(group) for group in of_class(parsed(page), "label")] == [
        "Fires when all of these hold",
        "Silent when any of these holds",
        "the card fires (warning)",
    ]
    assert outcome(page).endswith(
        "B12 regimen with neurological features"
        " Neurological features: B12 by injection on alternate days is advised"
    )


def test_a_request_shows_each_truth_in_words_the_values_and_where_it_stopped():
    page = of_call("folic-acid-b12-unknown")
    drafted, status, deficient, add_b12, *_ = criteria(page)
    assert drafted == (
        "✓ drafted folate above the low dose holds: lets the card through"
        " draft.folate_above_400_ug = yes folate-drafted: draft.folate_above_400_ug is true"
    )
    assert status == (
        "✗ B12 status not settled does not hold: stopped here: the card is silent"
        " b12.status_open = no b12-status-open: b12.status_open is true"
    )
    assert deficient == (
        "✗ the card folic-acid-b12-deficient fires holds: would also have stopped it"
        " folic-acid-b12-deficient fires b12-deficient-card: card folic-acid-b12-deficient holds"
    )
    assert add_b12.startswith("– the card folic-acid-add-b12 fires does not hold folic-acid-add")
    assert outcome(page) == (
        "silent, stopped by b12-status-open Folic acid before B12 is known"
        " Not shown: Check B12 before folic acid: B12 deficiency is not ruled out"
    )


def test_the_outcome_at_the_top_leads_to_the_criterion_that_stopped_the_card():
    root = parsed(of_call("folic-acid-b12-unknown"))
    [link] = [
        link for link in root.iter("a") if words(link) == "silent, stopped by b12-status-open"
    ]
    [target] = [item for item in root.iter("li") if item.get("id")]
    assert link.get("href") == f"#{target.get('id')}"
    assert "B12 status not settled" in words(target)


def test_a_card_that_fires_has_no_stop():
    page = of_call("folic-acid-b12-deficient")
    assert all("lets the card through" in criterion for criterion in criteria(page))
    assert outcome(page).startswith("fires (critical) Folic acid in B12 deficiency")
    assert "stopped" not in outcome(page) and "Not shown" not in page


def without(*keys, medication=None):
    """The example request with some keys of its prefetch missing, and another drug in its draft."""
    request = example_request("order-select", NOW)
    for key in keys:
        del request["prefetch"][key]
    [entry] = request["context"]["draftOrders"]["entry"]
    if medication:
        entry["resource"]["medicationCodeableConcept"] = medication
    return read_request(engine(), json.dumps(request).encode())


def test_what_has_to_hold_and_is_not_known_stops_the_card():
    call = without("conditions", medication=CYANOCOBALAMIN_TABLET)
    assert criteria(drawn(engine(), "html", "cyanocobalamin-leber", call, NOW))[1] == (
        "? Leber's hereditary optic neuropathy not known: stopped here: the card is silent"
        " leber = unknown (conditions not all received) leber: leber is true"
    )


def test_what_would_silence_the_card_and_is_not_known_lets_it_through():
    page = drawn(engine(), "html", "folic-acid-b12-deficient", without("medication-requests"), NOW)
    [treatment] = [text for text in criteria(page) if "effective B12 treatment" in text]
    assert treatment.startswith("? effective B12 treatment not known: lets the card through")
    assert outcome(page).startswith("fires (critical)")


def test_of_an_any_of_each_part_has_its_own_truth():
    root = parsed(of_call("b12-neuro-regimen"))
    [parts] = root.iter("ul")
    assert [words(part) for part in parts] == [
        "✓ vitamin B12 status: deficient or indeterminate holds"
        " b12.status = deficient b12.status in deficient, indeterminate",
        "– vitamin B12 status: not known does not hold b12.status = deficient b12.status is unknown",
    ]


def test_results_are_shown_with_their_value_and_day():
    """No built-in card asks a result itself, so a card is made to."""
    card = engine().cards["folic-acid-b12-deficient"]
    asking = replace(
        card, include=(Criterion("low", "b12.total", "below", 180, None, card.place),), exclude=()
    )
    facts = engine().facts(read_request(engine(), example()), NOW)
    decisions = Decisions({card.id: asking}, facts, whole_trace=True)
    ladder = ladder_of_decision(decisions[card.id], decisions, facts, "default", "fires")
    assert ladder.rungs[0].values == ("b12.total = 110 pg/mL (20 Nov 2026)",)


def test_what_a_call_fills_in_is_told_by_its_title():
    page = drawn(engine(), "html", "monitoring-due", None, NOW)
    assert "B12 treatment since [start of B12 treatment]: monitoring is due" in outcome(page)


def test_the_page_of_every_card_is_html_that_brings_nothing_from_elsewhere():
    for name, ladder in ladders().items():
        page = decision_page(ladder)
        root = parsed(page)
        assert words(next(root.iter("title"))) == ladder.heading
        shown = {element.tag for element in root.iter()}
        assert not shown & {"script", "link", "img", "iframe"}, name
        assert not re.search(r"url\(|@import|@font-face|https?://", page), name
        links = [element.get("href") for element in root.iter("a")]
        assert links == [f"{rung.card}.html" for rung in ladder.rungs if rung.card], name
        assert len(criteria(page)) == len(ladder.rungs), name


def test_a_card_without_a_page_is_named_without_a_link():
    ladder = ladders()["folic-acid-b12-unknown default"]
    told = decision_list(ladder, lambda card_id: "")
    assert "the card folic-acid-b12-deficient fires" in told and "<a " not in told


def test_hostile_texts_stay_texts():
    root = parsed(decision_page(hostile()))
    assert not list(root.iter("script"))
    assert words(next(root.iter("h1"))) == " ".join(HOSTILE.split())


@needs_browser
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            lambda: drawn(engine(), "html", "b12-indeterminate", None, NOW), id="authored"
        ),
        pytest.param(lambda: of_call("b12-neuro-regimen"), id="silent"),
        pytest.param(lambda: of_call("folic-acid-b12-deficient"), id="fires"),
        pytest.param(lambda: of_call("cyanocobalamin-renal"), id="not known"),
        pytest.param(lambda: decision_page(hostile()), id="long words"),
    ],
)
def test_axe_finds_nothing_in_light_and_dark_and_on_a_phone_and_the_policy_stops_nothing(
    page, tmp_path
):
    file = tmp_path / "decision.html"
    file.write_text(page(), "utf-8")
    with opened() as tab:
        tab.goto(file.as_uri())
        assert (
            tab.evaluate("getComputedStyle(document.querySelector('.decision')).display") == "grid"
        )
        sizes = ({"width": 1280, "height": 900}, {"width": 375, "height": 700})
        assert faults(tab, sizes) == []


@needs_dot
def test_graphviz_accepts_the_graphs():
    drawings = [*ladders().values(), hostile()]
    graphs = "".join(map(dot, drawings))
    done = subprocess.run(
        ["dot", "-Tplain"], input=graphs, capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stderr) == (0, "")
    plain = done.stdout.split("stop\n")[:-1]
    assert len(plain) == len(drawings)
    for ladder, graph in zip(drawings, plain, strict=True):
        parts = sum(len(rung.alternatives) + 1 for rung in ladder.rungs if rung.alternatives)
        assert len(re.findall(r"^node ", graph, re.MULTILINE)) == len(ladder.rungs) + parts + 3


@needs_dot
def test_hostile_texts_stay_texts_in_the_graph():
    graph = subprocess.run(
        ["dot", "-Tsvg"],
        input=dot(hostile()),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    ).stdout
    told = [
        "".join(element.itertext())
        for element in ElementTree.fromstring(graph).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert HOSTILE in [line.replace("\xa0", " ") for line in told]


def explain(*arguments, **environment):
    return CliRunner().invoke(main, ["explain", *arguments], env=environment)


def test_explain_shows_a_card_for_a_request_or_as_authored(tmp_path):
    request = tmp_path / "request.json"
    request.write_bytes(example())
    told = explain(
        str(request),
        "--card",
        "folic-acid-b12-unknown",
        "--html",
        "--now",
        "2026-11-23T12:00:00+00:00",
    )
    assert told.exit_code == 0 and told.output == drawn(
        engine(), "html", "folic-acid-b12-unknown", read_request(engine(), example()), NOW
    )
    graph = explain("--card", "cyanocobalamin-renal", "--dot", CDS_PARAMETERS="uk")
    assert (
        graph.exit_code == 0
        and "parameter set uk" in graph.output
        and '"the card fires\\ninfo: Cyanocobalamin' in graph.output
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--html"], "--html and --dot show one card: name it with --card ID."),
        (["--card", "b12-neuro-regimen"], "only --html and --dot work without a request"),
        (
            ["--card", "b12-neuro-regime", "--html"],
            "There is no card 'b12-neuro-regime' in the parameter set default. Did you mean 'b12-neuro-regimen'?",
        ),
    ],
)
def test_explain_tells_what_is_missing_to_show_a_card(arguments, told):
    answer = explain(*arguments)
    assert answer.exit_code and told in answer.output
