"""A real browser, where one is installed: what a page says after a script has measured it, and what went to its console."""

import asyncio
import atexit
import itertools
import json
import re
import shutil
import subprocess
from contextlib import contextmanager
from functools import cache
from html import unescape

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import sync_playwright

from tests.support.waiting import PATIENCE

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no chromium is installed")
_CONSOLE = re.compile(r"CONSOLE[:(].*")


def measured(page, body, script, scratch):
    """Open ``body`` as the file ``page`` and return what ``script`` (a function body) returns, with the lines of the console."""
    page.write_text(
        f"<!DOCTYPE html><meta charset=utf-8><title>t</title>{body}<pre id=answer></pre><script>window.addEventListener('load',()=>"
        f"{{document.getElementById('answer').textContent=JSON.stringify((()=>{{{script}}})())}})</script>",
        "utf-8",
    )
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--enable-logging=stderr",
               f"--user-data-dir={scratch}", "--virtual-time-budget=10000", "--dump-dom", page.as_uri()]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    answer = re.search(r'<pre id="answer">(.*?)</pre>', done.stdout, re.DOTALL)[1]
    return json.loads(unescape(answer)), _CONSOLE.findall(done.stderr)


@cache
def _browser():
    """One for all tests of a process, with its loop: starting one takes longer than most tests."""
    playwright = sync_playwright().start()
    loop = asyncio.get_running_loop()
    atexit.register(_stop, playwright, loop)
    return playwright.chromium.launch(
        executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"]
    ), loop


def _stop(playwright, loop):
    asyncio._set_running_loop(loop)
    playwright.stop()


@cache
def _context(options):
    """One for all pages with the same ``options``. The page in it stays open, since a first page takes long to open."""
    context = _browser()[0].new_context(**json.loads(options))
    context.new_page()
    return context


@contextmanager
def opened(**options):
    """A page of a browser that talks to nobody but this machine. ``options``: of its context (``viewport``, ``color_scheme``, …).

    ``page.problems`` has what its console and its requests complained of.
    """
    # Playwright's loop counts as running as long as there is Playwright; other tests of this thread run loops of their own.
    asyncio._set_running_loop(_browser()[1])
    page = _context(json.dumps(options, sort_keys=True)).new_page()
    try:
        page.set_default_timeout(PATIENCE * 1000)
        page.problems = []
        page.on(
            "console",
            lambda message: (
                page.problems.append(message.text) if message.type in ("error", "warning") else None
            ),
        )
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on(
            "requestfailed",
            lambda request: page.problems.append(f"{request.url}: {request.failure}"),
        )
        yield page
    finally:
        page.close()
        page.context.clear_cookies()
        asyncio._set_running_loop(None)


def axe_violations(page):
    """What axe finds wrong with the accessibility of a page: the id of each rule with the elements that break it."""
    return _axe(page, {})


def faults(page, sizes):
    """What is wrong with a page that is open, at each of the ``sizes`` in light and in dark: what axe finds, what was complained of,
    and that it has to be scrolled sideways.

    What axe finds beside colours depends on the size alone. Colours are looked at where they can differ, which is in each kind of
    element: hundreds that have the same classes within the same ones take long, and have the same colours. The page is left with
    these.
    """
    schemes = ("light", "dark")
    found = []
    for size, scheme in zip(sizes, itertools.cycle(schemes), strict=False):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        width = page.evaluate("document.documentElement.scrollWidth")
        found += page.problems
        found += (
            [f"{width} pixels wide, on a screen of {size['width']}"]
            if width > size["width"]
            else []
        )
        found += [
            (size["width"], *violation)
            for violation in _axe(
                page, {"rules": {rule: {"enabled": False} for rule in _OF_COLOURS}}
            ).items()
        ]
        page.problems.clear()  # axe asks for style sheets once more, and the policy of files stops that
    page.evaluate(_LEAVE_TWO_OF_A_KIND)
    for size, scheme in itertools.product(sizes, schemes):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        found += [
            (size["width"], scheme, *violation)
            for violation in _axe(page, {"runOnly": _OF_COLOURS}).items()
        ]
    return found


# The rules that look at colours: of texts, and of links within texts.
_OF_COLOURS = ["color-contrast", "link-in-text-block"]
# The first two elements of each kind that have text of their own or can be filled in stay, by what CSS can tell apart of them.
_LEAVE_TWO_OF_A_KIND = """() => {
  const hasText = element => element.matches('input,select,textarea')
    || [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const told = ({name, value}) => name + (name === 'class' || name === 'type' ? '=' + value : '');
  const counts = {}, kept = new Set();
  for (const element of [...document.querySelectorAll('body *')].filter(hasText)) {
    let kind = '';
    for (let part = element; part; part = part.parentElement)
      kind += ' ' + part.tagName + [...part.attributes].filter(({name}) => !['id', 'href', 'title', 'data-label'].includes(name)).map(told);
    counts[kind] = (counts[kind] ?? 0) + 1;
    for (let part = element; part && counts[kind] < 3; part = part.parentElement) kept.add(part);
  }
  for (const part of document.querySelectorAll('article, section, tr, li, p'))
    if (!kept.has(part)) part.remove();
}"""


def _axe(page, options):
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    # What breaks no rule is long, and is not brought here.
    found = "{violations}) => violations.map(({id, nodes}) => [id, nodes.map(node => node.target)])"
    return dict(
        page.evaluate(
            f"axe.run({json.dumps({'resultTypes': ['violations'], **options})}).then(({found})"
        )
    )
