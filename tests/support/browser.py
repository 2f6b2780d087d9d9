"""A real browser, where one is installed: what a page says after a script has measured it, and what went to its console."""

import json
import re
import shutil
import subprocess
from contextlib import contextmanager
from html import unescape

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from tests.support.waiting import PATIENCE

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
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


@contextmanager
def opened(**options):
    """A page of a browser that talks to nobody but this machine. ``options``: of the context (``viewport``, ``color_scheme``, …).

    ``page.problems`` has what its console and its requests complained of.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_context(**options).new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.problems = []
        page.on("console", lambda message: page.problems.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("requestfailed", lambda request: page.problems.append(f"{request.url}: {request.failure}"))
        try:
            yield page
        finally:
            browser.close()


def axe_violations(page):
    """What axe finds wrong with the accessibility of a page: the id of each rule with the elements that break it."""
    violations = Axe().run(page).response["violations"]
    return {violation["id"]: [node["target"] for node in violation["nodes"]] for violation in violations}
