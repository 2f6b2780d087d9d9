"""The site that ``doc --html`` writes: valid, whole, the same every time, and readable in a browser without a server."""

import os
import posixpath
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import html5lib
import pytest
from click.testing import CliRunner

from cds_service.authoring.website.addresses import way
from cds_service.authoring.website.build import build
from cds_service.authoring.website.markdown import as_html, inline_html
from cds_service.cli import main
from cds_service.config import Settings
from cds_service.engine import Engine
from cds_service.facts.catalogue import CATALOGUE
from tests.support.browser import measured, needs_browser
from tests.support.once import made_once

ROOT = Path(__file__).parents[2]
# One of each kind of page.
KINDS = (
    "card-list", "index", "search", "cards/folic-acid-b12-deficient", "cards/b12-indeterminate", "cards/cyanocobalamin-renal", "facts", "value-sets", "orders",
    "parameters", "evidence", "conformance", "cards", "settings", "security", "files/tests/spec/test_cards.py",
)  # fmt: skip
ASSETS = frozenset(
    {
        "style.css",
        "decision.css",
        "filter.js",
        "reading.js",
        "search.js",
        "search-index.js",
        "icon.svg",
    }
)


@cache
def site():
    return made_once("site", lambda: build(ROOT / "docs"))


def parsed(path):
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(site()[path])


@cache
def trees():
    return made_once("trees", lambda: {path: parsed(path) for path in pages()})


def tree(path):
    return trees()[path]


def pages():
    """All but most of those that show a file of the repository, which differ in nothing but the file."""
    return [
        path
        for path in site()
        if path.endswith(".html")
        and (not path.startswith("files/") or path.removesuffix(".html") in KINDS)
    ]


def words(element):
    """The text of an element with one space between its parts."""
    return " ".join(" ".join(element.itertext()).split())


def article(path, name):
    """The text of the entry ``name``."""
    return words(
        next(element for element in tree(path).iter("article") if element.get("id") == name)
    )


def text_of(path, element_id):
    """The text of the element with an id, and of all that follows it up to the next heading of the same kind."""
    (found,) = [element for element in tree(path).iter() if element.get("id") == element_id]
    parent = next(element for element in tree(path).iter() if found in list(element))
    following = list(parent)[list(parent).index(found) :]
    end = next(
        (position for position, element in enumerate(following[1:], 1) if element.tag == found.tag),
        len(following),
    )
    return " ".join(map(words, following[:end]))


def test_every_page_is_html5_without_an_error_and_each_id_stands_once():
    for path in pages():
        ids = [element.get("id") for element in tree(path).iter() if element.get("id")]
        assert len(set(ids)) == len(ids), (path, [name for name in ids if ids.count(name) > 1])
        assert len([element for element in tree(path).iter("h1")]) == 1, path
        assert next(tree(path).iter("html")).get("lang") == "en-GB" and next(
            tree(path).iter("title")
        ).text.strip(" –")


def test_every_internal_link_leads_to_a_page_and_a_place_on_it():
    ids = {path: set(re.findall(r' id="([^"]+)"', text)) for path, text in site().items()}
    followed = 0
    for path in pages():
        for element in tree(path).iter():
            href = element.get("href")
            if href is None or href.startswith(("https://", "http://", "mailto:")):
                continue
            target, _, fragment = href.partition("#")
            there = (
                posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(target)))
                if target
                else path
            )
            assert there in site(), f"{path}: {href}"
            assert not fragment or unquote(fragment) in ids[there], f"{path}: {href}"
            followed += 1
    assert followed > 2000


def test_nothing_is_loaded_from_elsewhere():
    for path in pages():
        loaded = [
            element.get("src") or element.get("href")
            for element in tree(path).iter()
            if element.tag in ("script", "link", "img", "iframe", "object", "embed")
        ]
        assert (
            all(address.split("#")[0] for address in loaded)
            and {posixpath.basename(address) for address in loaded} <= ASSETS
        ), path
        assert not any(address.startswith(("http", "//", "/")) for address in loaded)
    own = "".join(site()[name] for name in ASSETS - {"search-index.js", "icon.svg"})
    assert not re.search(r"url\(|@import|https?:", own)


def test_it_comes_out_the_same_every_time(tmp_path):
    answer = CliRunner().invoke(
        main, ["doc", "--out", str(ROOT / "docs"), "--html", str(tmp_path / "site")]
    )
    assert answer.exit_code == 0, answer.output
    written = {
        path.relative_to(tmp_path / "site").as_posix(): path.read_text("utf-8")
        for path in tmp_path.rglob("*.*")
        if path.is_file()
    }
    assert written == site()
    assert (
        answer.output
        == f"{tmp_path / 'site' / 'index.html'} and {len(site()) - 1} further files written\n"
    )


def test_every_card_fact_and_document_has_its_place():
    assert {path for path in site() if path.startswith("cards/")} == {
        f"cards/{card_id}.html" for card_id in Engine(Settings()).cards
    }
    facts = [element.get("id") for element in tree("facts.html").iter("article")]
    assert sorted(facts) == sorted(CATALOGUE)
    assert {f"{path.stem}.html" for path in (ROOT / "docs").glob("*.md")} <= set(site())
    cards = {f"cards/{card_id}.html" for card_id in Engine(Settings()).cards}
    assert cards <= {element.get("href") for element in tree("card-list.html").iter("a")}
    linked = {element.get("href") for element in tree("search.html").iter("a")}
    assert cards <= linked
    assert {
        "settings.html",
        "trust.html",
        "local-cards.html",
        "facts.html#b12.status",
        "value-sets.html#leber",
    } <= linked


def test_a_card_page_tells_when_what_and_why():
    page = "cards/cyanocobalamin-renal.html"
    decision = text_of(page, "decision")
    assert decision.startswith(
        "How it is decided Fires when all of these hold"
        " drafted cyanocobalamin cyanocobalamin-drafted: draft.cyanocobalamin is true"
        " renal dysfunction renal-dysfunction: renal.dysfunction is true"
        " Silent when any of these holds Leber's hereditary optic neuropathy leber: leber is true"
    )
    assert "Parameter set default." in decision and "In the parameter sets uk, us" in decision
    example = text_of(page, "example")
    assert "with this order: cyanocobalamin injection 3-monthly" in example
    assert "Renal dysfunction on record: cyanocobalamin is not the first choice" in example
    assert "eGFR 40 mL/min/1.73 m² 22 Nov 2026" in example
    assert "Order: Hydroxocobalamin 1 mg IM every 3 months Remove the draft" in example
    assert (
        "Do not delay treatment: cyanocobalamin now is better than hydroxocobalamin late."
        in text_of(page, "says")
    )
    assert "Replace cyanocobalamin with hydroxocobalamin in place of the draft" in text_of(
        page, "suggests"
    )
    assert "(trial, " in text_of(page, "evidence")
    differing = text_of(page, "sets")
    assert differing.startswith(
        "Where parameter sets differ uk : indicator: info. suggests: Replace cyanocobalamin with hydroxocobalamin"
    )
    assert (
        "three times a week for 2 weeks, then every 6 months" in differing
        and " us : indicator: info. evidence: " in differing
    )
    assert "Find a test" in text_of(page, "tests") and "fires" in text_of(page, "tests")
    assert text_of(page, "file").startswith(
        "File cards/cyanocobalamin/cyanocobalamin-renal.yaml id: cyanocobalamin-renal version: "
    )


def test_a_source_that_waits_for_review_says_so_beside_its_link():
    assert "Read it ; review needed." in text_of("cards/b12-indeterminate.html", "evidence")


def test_every_card_has_an_example_in_which_it_fires():
    """The built-in cards; of a local card whose state is not found the page says so."""
    for path in pages():
        if path.startswith("cards/"):
            assert [
                element
                for element in tree(path).iter("article")
                if element.get("aria-label") == "Example card"
            ], path


@pytest.mark.parametrize(
    ("card", "result"),
    [
        ("b12-deficiency-untreated", "Total vitamin B12 110 ng/L"),
        ("b12-indeterminate", "Total vitamin B12 250 ng/L"),
        ("hypokalaemia-before-b12", "Potassium 2.7 mmol/L"),
        ("folate-deficiency", "Serum folate 5 nmol/L"),
        ("response-inadequate", "Haemoglobin 90 g/L"),
        ("b12-test-indicated", "Mean corpuscular volume 112 fL"),
    ],
)
def test_results_of_an_example_go_with_its_words(card, result):
    assert result in text_of(f"cards/{card}.html", "example")


def test_a_fact_tells_type_definition_codes_and_what_is_read():
    told = article("facts.html", "egfr")
    assert "Type laboratory result (mL/min/{1.73_m2})" in told
    assert "Codes creatinine , egfr Worked out from" in told
    assert "Reads patient, renal-and-potassium" in told
    assert (
        "one of paediatric , treated , deficient , unlikely , indeterminate , sufficient"
        in article("facts.html", "b12.status")
    )


def test_a_value_set_lists_its_codes_and_who_reads_it():
    told = article("value-sets.html", "leber")
    assert "Read by leber , leber.certain ." in told and "2 codes, 1 left out" in told
    assert "SNOMED CT 194045006 Leber's optic atrophy (retired concept) retired" in told
    possible = article("value-sets.html", "leber-possible")
    assert "Read by leber ." in possible
    assert "ICD-10-CM H47.22 Hereditary optic atrophy" in possible


def test_markdown_of_others_becomes_no_html_of_its_own():
    def nowhere(href):
        return None

    told = as_html(
        "# Title\n\n<script>alert(1)</script>\n\na <img src=x onerror=alert(1)> b<br>c ![alt](x.png) <!-- not shown -->",
        nowhere,
    )
    assert "<script>" not in told and "<img" not in told and "b<br>c" in told
    assert (
        inline_html("[text](javascript:alert(1)) & <b>", nowhere)
        == "[text](javascript:alert(1)) &amp; &lt;b&gt;"
    )
    assert inline_html("[`a`](elsewhere.md)", nowhere) == "<code>a</code>"


def test_any_document_becomes_a_page_and_what_it_leads_to_another(tmp_path):
    files = {"docs/index.md": "# Ours\n\n[a](orders.md#x) [b](../notes/b.py) [c](../secret.bin) [d](../../etc/passwd) [e](facts.md#hb)",
             "docs/orders.md": "# Theirs\n\n## X\n\n[back](index.md)", "notes/b.py": "print('<b>')", "secret.bin": "no"}  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    built = build(tmp_path / "docs")
    (paragraph,) = re.findall(r"<p>(<a href=\"orders.*?)</p>", built["index-document.html"])
    assert paragraph == (
        '<a href="orders-document.html#x">a</a> <a href="files/notes/b.py.html">b</a> c d <a href="facts.html#hb">e</a>'
    )
    assert "print(&#39;&lt;b&gt;&#39;)" in built["files/notes/b.py.html"]
    assert (
        '<a href="index-document.html">Ours</a>' in built["index.html"]
        and 'id="x"' in built["orders-document.html"]
    )


def test_pages_lead_to_each_other_by_relative_addresses():
    assert way("index.html", "cards/a.html") == "cards/a.html"
    assert way("cards/a.html", "facts.html#b12.total") == "../facts.html#b12.total"
    assert way("cards/a.html", "cards/a.html#tests") == "#tests"
    assert way("files/tests/x.py.html", "style.css") == "../../style.css"


LOCAL_CARD = """\
id: our-<card>
version: 1.0.0
title: "Our < card & 'title'"
rank: 900
hooks: [patient-view]
include:
  - {id: b12-deficient, fact: b12.status, in: [deficient]}
exclude:
  - {id: below-16-years, fact: patient.paediatric, is: true}
card:
  indicator: info
  summary: "Ask < the ward & write"
  detail: ["See 5 < 6 **now**: {b12.total}."]
  source: our-handbook
tests:
  - name: a <script>alert(1)</script>test
    facts: {b12.status: deficient}
    fires: true
"""


def test_local_cards_and_limits_are_on_it_and_the_documents_may_be_missing(tmp_path):
    local = tmp_path / "local"
    for folder in ("ward", "parameters"):
        (local / folder).mkdir(parents=True)
    (local / "site.yaml").write_text("owner: st-elsewhere\n")
    (local / "evidence.yaml").write_text(
        "our-handbook: {title: Our <handbook>, url: 'https://example.org/h', date: 2026-06-01, strength: local, supports: our limit}\n"
    )
    limit = "b12.total.deficient_below: {value: {ng/L: 200, pmol/L: 148}, source: our-handbook, basis: local-policy}\n"
    (local / "parameters" / "default.yaml").write_text(limit)
    (local / "ward" / "our-card.yaml").write_text(
        LOCAL_CARD.replace("id: our-<card>", "id: our-card")
    )
    command = [sys.executable, "-m", "cds_service", "doc", "--html", "site"]
    path = os.pathsep.join([str(ROOT), *sys.path])
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "CDS_CARDS": str(local), "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site" / "cards" / "our-card.html").read_text("utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    assert "version 1.0.0+st-elsewhere" in page and "Our &lt; card &amp; &#39;title&#39;" in page
    assert '<article class="ehr info"' in page and "Ask &lt; the ward &amp; write" in page
    assert "<script>alert" not in page and "a &lt;script&gt;alert(1)&lt;/script&gt;test" in page
    assert "200 ng/L, 148 pmol/L" in (tmp_path / "site" / "parameters.html").read_text("utf-8")
    index = (tmp_path / "site" / "index.html").read_text("utf-8")
    cards = (tmp_path / "site" / "card-list.html").read_text("utf-8")
    assert (
        'href="cards/our-card.html"' in cards
        and '<h2 id="topic-ward"><a class="self" href="#topic-ward">Ward</a></h2>' in cards
    )
    assert not (tmp_path / "site" / "conformance.html").exists() and "Conformance" not in index


def test_what_cannot_be_done_is_told_without_a_traceback(tmp_path):
    (tmp_path / "file").write_text("in the way")
    answer = CliRunner().invoke(
        main, ["doc", "--html", str(tmp_path / "file" / "site"), "--out", str(ROOT / "docs")]
    )
    assert (answer.exit_code, answer.output) == (
        1,
        f"Error: {tmp_path / 'file' / 'site'}: Not a directory\n",
    )
    answer = CliRunner().invoke(main, ["doc", "--html", str(tmp_path), "--check"])
    assert answer.exit_code == 2 and "a site is always written anew" in answer.output


def test_without_documents_the_pages_in_markdown_cannot_be_written(tmp_path):
    answer = CliRunner().invoke(main, ["doc", "--out", str(tmp_path / "none")])
    assert answer.exit_code == 2 and "There is no folder" in answer.output


def test_cells_name_their_column_where_a_narrow_screen_stacks_them():
    rows = [row for row in tree("parameters.html").iter("tr") if row.find("td") is not None]
    assert rows and all(
        [cell.get("data-label") for cell in row]
        == ["parameter", "default", "uk", "us", "source (basis)", "note"]
        for row in rows
    )


@needs_browser
def test_a_browser_shows_it_at_375_pixels_without_scrolling_sideways_and_the_filter_finds(tmp_path):
    for path, text in site().items():
        (tmp_path / "site" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "site" / path).write_text(text, "utf-8")
    frames = "".join(
        f'<iframe src="site/{kind}.html" style="width:375px;height:700px"></iframe>'
        for kind in KINDS
    )
    script = """
      const frames = [...document.querySelectorAll('iframe')].map(frame => frame.contentDocument);
      const box = frames[0].querySelector('input[data-filter=".card-row"]');
      box.value = 'leber critical'; box.dispatchEvent(new Event('input'));
      const found = [...frames[0].querySelectorAll('.card-row')].filter(row => !row.hidden).map(row => row.querySelector('a').textContent);
      return {wide: frames.filter(page => page.documentElement.scrollWidth > 375).map(page => page.URL), found,
              told: box.closest('.filter').querySelector('output').textContent, frames: frames.length}"""
    seen, console = measured(tmp_path / "frames.html", frames, script, tmp_path / "profile")
    assert console == []
    told = f"1 of {len(Engine(Settings()).cards)}"
    assert seen == {
        "wide": [],
        "found": ["Cyanocobalamin in Leber's hereditary optic neuropathy"],
        "told": told,
        "frames": len(KINDS),
    }
