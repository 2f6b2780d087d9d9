"""A real browser, where one is installed: what a page says after a script has measured it, and what went to its console."""

import json
import re
import shutil
import subprocess
from html import unescape

import pytest

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
