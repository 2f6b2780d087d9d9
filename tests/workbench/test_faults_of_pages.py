"""What the tests of pages look at is enough to find what is wrong with one: in one scheme, on one screen, in one of many elements."""

import pytest

from tests.support.browser import faults, needs_browser, opened

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 700}
PAGE = """<!DOCTYPE html><html lang="en"><head><title>Page</title><style>:root{{color-scheme:light dark}}body{{background:#fff;color:#000}}
@media(prefers-color-scheme:dark){{body{{background:#000;color:#fff}}}}{style}</style></head>
<body><main><h1>Page</h1>{body}</main></body></html>"""
MANY = "".join(
    f"<article class=one><p class=text>text {number}</p></article>" for number in range(9)
)


@needs_browser
@pytest.mark.parametrize(
    ("style", "added", "found"),
    [
        ("", "", set()),
        (
            "@media(prefers-color-scheme:dark) and (max-width:500px){.text{color:#222}}",
            "",
            {(375, "dark", "color-contrast")},
        ),
        (
            "@media(prefers-color-scheme:light) and (min-width:501px){.text{color:#ddd}}",
            "",
            {(1280, "light", "color-contrast")},
        ),
        (
            "@media(prefers-color-scheme:light){.odd{color:#ddd}}",
            "<article class=one><p class=odd>odd</p></article>",
            {(1280, "light", "color-contrast"), (375, "light", "color-contrast")},
        ),
        (
            "@media(prefers-color-scheme:dark){[data-odd]{color:#222}}",
            "<article class=one><p class=text data-odd>odd</p></article>",
            {(1280, "dark", "color-contrast"), (375, "dark", "color-contrast")},
        ),
        (
            "@media(prefers-color-scheme:dark) and (min-width:501px){a{color:#ddf;text-decoration:none}}",
            "<article class=one><p class=linked>text with <a href=#x>a link</a> in it</p></article>",
            {(1280, "dark", "link-in-text-block")},
        ),
        (
            "@media(max-width:500px){.on-desk{display:none}}",
            "<input class=on-desk>",
            {(1280, "label")},
        ),
        (".text{min-width:500px}", "", {"508 pixels wide, on a screen of 375"}),
        ("", "<script>console.error('something')</script>", {"something"}),
    ],
    ids=[
        "nothing",
        "dark on a phone",
        "light on a desk",
        "one of many",
        "an attribute",
        "a link like its text",
        "on one screen",
        "too wide",
        "the console",
    ],
)
def test_what_is_wrong_is_found(style, added, found):
    with opened() as page:
        page.set_content(PAGE.format(style=style, body=MANY + added))
        told = faults(page, (DESK, PHONE))
    assert {fault if isinstance(fault, str) else fault[:-1] for fault in told} == found
