"""Drawings of a card's decision: what they say, that they fit, and that other programs can read them."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from cds_service.authoring.drawing.dot import dot
from cds_service.authoring.drawing.drawn import drawn
from cds_service.authoring.drawing.ladder import Rung, ladder_as_authored, ladder_of_decision
from cds_service.authoring.drawing.layout import laid_out
from cds_service.authoring.drawing.measure import width_of, wrapped
from cds_service.authoring.drawing.svg import svg
from cds_service.authoring.example import example_request
from cds_service.cli import main
from cds_service.config import Settings
from cds_service.engine import PARAMETER_SETS, Engine
from cds_service.hooks.any_hook import read_request
from cds_service.rules.conditions import Criterion
from cds_service.rules.decision import Decisions
from tests.support.browser import measured, needs_browser
from tests.support.waiting import PATIENCE

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")


@cache
def engine(parameters="default"):
    return Engine(Settings(parameters=parameters))


def _ladders():
    """Every card, and again in the sets in which it is another one."""
    found = {}
    for name in PARAMETER_SETS:
        for card in engine(name).cards.values():
            found.setdefault(
                (card.include, card.exclude, card.indicator, card.summary),
                ladder_as_authored(card, name),
            )
    return {f"{ladder.card} {ladder.parameter_set}": ladder for ladder in found.values()}


LADDERS = _ladders()
HOSTILE = '</text><script>alert("1")</script> & \\N {x|y} <b> \\"; shape=none //'


def hostile():
    plain = LADDERS["b12-neuro-regimen default"]
    rungs = [
        Rung(HOSTILE, HOSTILE, "W" * 300, False, "unknown", (HOSTILE * 3,), card=HOSTILE),
        *plain.rungs,
    ]
    return replace(plain, title=HOSTILE, summary="x" * 500, rungs=tuple(rungs), outcome=HOSTILE)


def example(hook="order-select"):
    return json.dumps(example_request(hook, NOW)).encode()


def texts(document):
    return [element.text for element in ElementTree.fromstring(document).iter(f"{SVG}text")]


def group_of(document, words):
    """The class and texts of the box that has ``words`` in it."""
    for group in ElementTree.fromstring(document).iter(f"{SVG}g"):
        told = [element.text for element in group.iter(f"{SVG}text")]
        if words in told:
            return group.get("class"), told
    raise AssertionError(words)


def test_a_card_as_authored_shows_its_criteria_in_order_and_the_card_at_the_end():
    assert texts(drawn(engine(), "svg", "b12-neuro-regimen", None, NOW)) == [
        "fires when all of these hold",
        "and none of these",
        "drafted cobalamin",
        "cobalamin-drafted: draft.b12 is true",
        "neurological features",
        "neurological-features: neuro.involvement is true",
        "any of",
        "deficiency-possible",
        "vitamin B12 status: deficient or",
        "indeterminate",
        "b12.status in deficient, indeterminate",
        "vitamin B12 status: not known",
        "b12.status is unknown",
        "regimen of the cobalamin in this session:",
        "less or unstated",
        "not-on-alternate-days: session.b12_regimen in less,",
        "unstated",
        "B12 treatment under way",
        "b12-treatment-active: b12_therapy.active is true",
        "cobalamin allergy: severe",
        "severe-allergy: allergy.cobalamin in severe",
        "paediatric age",
        "below-16-years: patient.paediatric is true",
        "the card fires: warning",
        "B12 regimen with neurological features",
        "Neurological features: B12 by injection on alternate days",
        "is advised",
    ]


def test_a_request_shows_each_truth_in_words_the_values_and_where_it_stopped():
    document = drawn(
        engine(), "svg", "folic-acid-b12-unknown", read_request(engine(), example()), NOW
    )
    told = group_of(document, "B12 status not settled")
    assert told == (
        "include false stops",
        [
            "B12 status not settled",
            "b12-status-open: b12.status_open is true",
            "b12.status_open = no",
            "stopped here: the card is silent",
            "false",
        ],
    )
    assert (
        group_of(document, "folate-drafted: draft.folate_above_400_ug is true")[0] == "include true"
    )
    assert group_of(document, "the card folic-acid-b12-deficient") == (
        "exclude true",
        [
            "the card folic-acid-b12-deficient",
            "fires",
            "b12-deficient-card: card folic-acid-b12-deficient holds",
            "folic-acid-b12-deficient fires",
            "true",
        ],
    )
    assert group_of(document, "silent, stopped by b12-status-open")[0] == "outcome warning silent"
    assert len(re.findall("stopped here", document)) == 1


def test_a_card_that_fires_has_no_stop_and_what_is_not_known_is_drawn_so():
    fires = drawn(
        engine(), "svg", "folic-acid-b12-deficient", read_request(engine(), example()), NOW
    )
    assert "stopped here" not in fires and group_of(fires, "fires")[0] == "outcome critical"
    renal = drawn(engine(), "svg", "cyanocobalamin-renal", read_request(engine(), example()), NOW)
    assert (
        group_of(renal, "renal dysfunction")[0] == "include unknown"
        and group_of(renal, "renal dysfunction")[1][-1] == "unknown"
    )


def test_of_an_any_of_each_part_has_its_own_truth():
    document = drawn(engine(), "svg", "b12-neuro-regimen", read_request(engine(), example()), NOW)
    assert group_of(document, "any of")[0] == "include true"
    assert group_of(document, "b12.status in deficient, indeterminate")[0] == "include true"
    assert group_of(document, "b12.status is unknown")[0] == "include false"


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


@pytest.mark.parametrize("name", LADDERS)
def test_no_text_leaves_its_box_and_no_box_its_place(name):
    check_fit(laid_out(LADDERS[name]))


def test_long_words_and_hostile_texts_stay_in_their_boxes_too():
    check_fit(laid_out(hostile()))


def check_fit(layout):
    bottom = 0.0
    for box in layout.boxes:
        assert box.y >= bottom and box.x >= 0 and box.x + box.width <= layout.width
        bottom = box.y + box.height
        badge = 84 if box.truth else 0
        for text in box.texts:
            room = badge if text.style == "words" else 0
            assert (
                text.x >= box.x + 10 and text.x + text.width <= box.x + box.width - 10 - room + 0.01
            ), text
            assert box.y < text.y - 10 and text.y < bottom
    assert bottom < layout.height


def test_text_is_measured_no_narrower_than_common_fonts_set_it():
    # Advance widths of DejaVu Sans, by its hmtx table: i 278, W 989, space 318.
    assert width_of("iW ", 1000) >= 278 + 989 + 318
    assert wrapped("one two three", width_of("one two", 12), 12) == ["one two", "three"]
    assert "".join(wrapped("W" * 50, 100, 12)) == "W" * 50


@pytest.mark.parametrize("name", LADDERS)
def test_svg_is_named_and_described_and_brings_nothing_from_elsewhere(name):
    ladder = LADDERS[name]
    root = ElementTree.fromstring(svg(ladder))
    assert root[0].tag == f"{SVG}title" and ladder.title in root[0].text
    assert root[1].tag == f"{SVG}desc" and root[1].text.startswith("Fires when all of these hold: ")
    assert root.get("aria-labelledby").split() == [root[0].get("id"), root[1].get("id")]
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg",
        "title",
        "desc",
        "style",
        "path",
        "text",
        "g",
        "rect",
        "a",
    }
    assert not re.search(
        r"url\(|@import|@font-face|https?://(?!www\.w3\.org/2000/svg)", svg(ladder)
    )
    links = [element.get("href") for element in root.iter(f"{SVG}a")]
    assert links == [f"{rung.card}.svg" for rung in ladder.rungs if rung.card]


def test_hostile_texts_stay_texts_in_svg():
    root = ElementTree.fromstring(svg(hostile()))
    assert not list(root.iter(f"{SVG}script"))
    assert "<script>" in "".join(element.text for element in root.iter(f"{SVG}text"))


@needs_dot
def test_graphviz_accepts_the_graphs():
    ladders = [*LADDERS.values(), hostile()]
    graphs = "".join(map(dot, ladders))
    done = subprocess.run(
        ["dot", "-Tplain"], input=graphs, capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stderr) == (0, "")
    plain = done.stdout.split("stop\n")[:-1]
    assert len(plain) == len(ladders)
    for ladder, graph in zip(ladders, plain, strict=True):
        parts = sum(len(rung.alternatives) + 1 for rung in ladder.rungs if rung.alternatives)
        assert len(re.findall(r"^node ", graph, re.MULTILINE)) == len(ladder.rungs) + parts + 3


@needs_dot
def test_hostile_texts_stay_texts_in_the_graph():
    drawn_svg = subprocess.run(
        ["dot", "-Tsvg"],
        input=dot(hostile()),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    ).stdout
    told = [
        "".join(element.itertext())
        for element in ElementTree.fromstring(drawn_svg).iter(f"{SVG}text")
    ]
    assert HOSTILE in [line.replace("\xa0", " ") for line in told]


@needs_browser
def test_a_browser_sets_every_text_within_its_box(tmp_path):
    drawings = "".join(svg(ladder) for ladder in [*LADDERS.values(), hostile()])
    script = """return [...document.querySelectorAll('.ladder g')].flatMap(g => {
      const r = g.querySelector('.frame').getBBox();
      return [...g.querySelectorAll('text')].filter(t => {const b = t.getBBox();
        return b.x < r.x || b.x + b.width > r.x + r.width || b.y < r.y || b.y + b.height > r.y + r.height}).map(t => t.textContent)})"""
    wider = f"<style>.wider text{{font-family:'DejaVu Sans'!important}}</style><div class=wider>{drawings}</div>"
    assert measured(tmp_path / "drawings.html", drawings + wider, script, tmp_path / "profile") == (
        [],
        [],
    )


def explain(*arguments, **environment):
    return CliRunner().invoke(main, ["explain", *arguments], env=environment)


def test_explain_draws_a_card_for_a_request_or_as_authored(tmp_path):
    request = tmp_path / "request.json"
    request.write_bytes(example())
    told = explain(
        str(request),
        "--card",
        "folic-acid-b12-unknown",
        "--svg",
        "--now",
        "2026-11-23T12:00:00+00:00",
    )
    assert told.exit_code == 0 and told.output == drawn(
        engine(), "svg", "folic-acid-b12-unknown", read_request(engine(), example()), NOW
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
        (["--svg"], "A drawing shows one card: name it with --card ID."),
        (["--card", "b12-neuro-regimen"], "only a drawing (--svg, --dot) can do without a request"),
        (
            ["--card", "b12-neuro-regime", "--svg"],
            "There is no card 'b12-neuro-regime' in the parameter set default. Did you mean 'b12-neuro-regimen'?",
        ),
    ],
)
def test_explain_tells_what_a_drawing_lacks(arguments, told):
    answer = explain(*arguments)
    assert answer.exit_code and told in answer.output
