"""The site in a real browser, opened as files: where its start page leads, what its search finds, and that axe finds nothing."""

import re

import pytest

from cds_service.authoring.website.audiences import audiences
from cds_service.authoring.website.build import write
from tests.authoring.test_website import KINDS, ROOT
from tests.authoring.test_website import site as built
from tests.support.browser import faults, needs_browser, opened

pytestmark = needs_browser
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 700}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    write(built(), folder)
    return folder


def found(page):
    """The addresses of what was found, best first, without the folder of the site."""
    return [
        re.sub(r".*/site\d+/", "", link.evaluate("link => link.href"))
        for link in page.locator("#results a").all()
    ]


def look_for(page, words):
    page.locator("#query").fill(words)
    return found(page)


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for kind in KINDS
        if kind not in ("cards/b12-indeterminate", "evidence", "cards", "settings")
    ],
)
def test_axe_finds_nothing_in_light_and_dark_and_on_a_phone_and_the_policy_stops_nothing(
    site, kind
):
    with opened() as page:
        page.goto((site / f"{kind}.html").as_uri())
        assert faults(page, (DESK, PHONE)) == []


def test_the_start_page_leads_each_audience_through_the_documents_in_the_order_of_readme(site):
    readme = (ROOT / "README.md").read_text("utf-8")
    with opened(viewport=DESK) as page:
        page.goto((site / "index.html").as_uri())
        assert "watches over vitamin B12 and folate" in page.locator("main").inner_text()
        for audience in audiences(readme):
            group = page.locator(".audience").filter(
                has=page.get_by_role("heading", name=audience.name, exact=True)
            )
            assert group.locator("li > a").all_inner_texts() == [
                reading.label for reading in audience.readings
            ]
        page.get_by_role("link", name="EHRs", exact=True).click()
        for title in ("Trust", "FHIR access", "The SMART app", "Feedback, report, snoozing"):
            page.locator("a[rel=next]").click()
            assert page.get_by_role("heading", level=1).inner_text() == title
        page.locator("a[rel=prev]").click()
        assert page.get_by_role("heading", level=1).inner_text() == "The SMART app"
    assert [audience.name for audience in audiences(readme)] == [
        "EHR integrators",
        "Clinicians and informaticians",
        "Authors of cards",
        "Users of FHIR",
        "Operators",
        "Developers",
    ]


def test_every_document_is_for_an_audience():
    told = {
        reading.href
        for audience in audiences((ROOT / "README.md").read_text("utf-8"))
        for reading in audience.readings
    }
    assert {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} <= told


def test_the_search_finds_cards_parameters_settings_and_messages_without_a_server(site):
    with opened(viewport=DESK) as page:
        page.goto((site / "trust.html").as_uri())
        page.get_by_role("searchbox").fill("do not give folic acid alone")
        page.get_by_role("button", name="Search").click()
        page.wait_for_url("**/search.html?q=*")
        assert found(page)[0] == "cards/folic-acid-b12-deficient.html"
        assert (
            look_for(page, "b12.total.deficient_below")[0]
            == "parameters.html#b12.total.deficient_below"
        )
        assert look_for(page, "CDS_EHR")[0] == "settings.html#CDS_EHR"
        assert look_for(page, "kid is not in the client's JWK Set")[0] == "trust.html#try-it"
        assert look_for(page, "194045006") == ["value-sets.html#leber"]
        assert look_for(page, "pernicious anemia") == look_for(page, "pernicious anaemia") != []
        assert (
            look_for(page, "xyzzy") == []
            and page.get_by_role("status").inner_text() == "Nothing was found."
        )
        assert page.url.endswith("?q=xyzzy")
        assert (
            look_for(page, "leber xyzzy")
            and "No place has all of these words" in page.get_by_role("status").inner_text()
        )
        look_for(page, "CDS_EHR")
        page.locator("#results a").first.click()
        assert "Profile of the EHR" in page.locator("tr:target").inner_text()
        assert page.problems == []


def test_without_javascript_all_can_be_read_and_found_by_name(site):
    with opened(viewport=PHONE, java_script_enabled=False) as page:
        page.goto((site / "index.html").as_uri())
        page.get_by_role("searchbox").fill("leber")
        page.get_by_role("button", name="Search").click()
        assert "needs JavaScript" in page.locator("noscript").inner_text()
        page.get_by_text("Value set (").click()
        page.get_by_role("link", name="Leber's hereditary optic neuropathy", exact=True).click()
        page.locator("article:target").wait_for()


def test_code_is_copied_by_a_button_and_headings_and_contents_lead_to_their_places(site):
    with opened(viewport=DESK, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.goto((site / "trust.html").as_uri())
        page.locator(".code").first.hover()
        page.locator(".copy").first.click()
        page.get_by_role("button", name="Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()").startswith("clients:\n  - iss: ")
        page.get_by_role("navigation", name="On this page").get_by_role(
            "link", name="What is refused"
        ).click()
        assert page.locator("h2:target").inner_text() == "What is refused"
        page.get_by_role("heading", name="Rotate keys").get_by_role("link").click()
        assert page.url.endswith("#rotate-keys")
        page.emulate_media(media="print")
        assert [
            page.locator(part).first.is_visible()
            for part in ("details.contents", ".copy", "form.search", "h1")
        ] == [False] * 3 + [True]
