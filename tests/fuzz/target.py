"""The service in this process, as its server calls it, with FHIR servers whose answers the fuzzer chooses."""

from __future__ import annotations

import gc
import io
import logging
import re
import sys
import time
from collections.abc import Mapping
from functools import _lru_cache_wrapper
from tempfile import mkdtemp
from typing import Any, NamedTuple
from unittest.mock import patch

import orjson

from cds_service import app as application
from cds_service.collector import collect_rarely, freeze_loaded
from cds_service.config import Settings
from cds_service.fhir.reading import read_value
from cds_service.fhir.retrieval import Fetched
from tests.support.fhir_builders import NOW

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
LONGEST_LINE = 2000
# An answer is made of cards of ours; what was sent may come back in it a few times, shortened.
MOST_ANSWER = 300_000
EXPECTED = frozenset({200, 304, 400, 404, 405, 406, 412, 413, 415, 422, 429})


class Answer(NamedTuple):
    """What came back; ``seconds`` of CPU; ``logged`` lines."""

    status: int
    content: bytes
    seconds: float
    logged: list[str]


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


class Servers:
    """FHIR servers: ``answers`` are the JSON texts, by the beginning of the query, that they give."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.answers: list[bytes] = []

    def reading(self, *_: Any) -> Any:
        """What a call fetches by."""
        return self._fetch

    def profile_of(self, *_: Any) -> None:
        """None is of a product that is known."""

    def _fetch(self, urls: Mapping[str, str]) -> dict[str, Fetched]:
        found = {}
        for text, name in zip(self.answers, urls, strict=False):
            try:
                found[name] = Fetched(read_value(text))
            except UnicodeDecodeError:
                continue  # no answer, as the client of FHIR servers has it
        return found


class Target:
    """The application; ``send`` makes a call to it."""

    def __init__(self, **settings: Any) -> None:
        self.servers = Servers()
        stored = {
            "database_url": f"sqlite:///{mkdtemp(prefix='cds-fuzz-')}/cds.sqlite3",
            **settings,
        }
        with patch.object(application, "FhirClient", lambda *_, **__: self.servers):
            self.app = application.create_app(Settings(**stored), clock=lambda: NOW)
        store = self.app.extensions["store"]
        store.start()
        store._writer.tables_ready.wait(
            20
        )  # or what that loads would be taken for what calls leave
        # As in a worker (app.create_worker_app): the garbage collector does not walk what was loaded, and looks seldom.
        gc.collect()
        self._caches = [cached for cached in gc.get_objects() if _remembers_calls(cached)]
        freeze_loaded()
        collect_rarely()
        self.lines = _Lines()
        logger = logging.getLogger("cds_service")
        logger.addHandler(self.lines)
        logger.propagate = False
        logger.setLevel(logging.INFO)

    def forget(self) -> None:
        """Empty what remembers calls: what a caller sends for the first time is in none of it."""
        for cached in self._caches:
            cached.cache_clear()

    def close(self) -> None:
        """End what it started."""
        logging.getLogger("cds_service").removeHandler(self.lines)
        self.app.extensions["store"].close()

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        content_type: str = JSON,
        query: str = "",
        **headers: str,
    ) -> Answer:
        """Make a call. ``headers`` by their names in WSGI."""
        environ = {
            "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query, "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8080", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost:8080",
            "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": content_type, "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": True,
            "wsgi.run_once": False, **headers,
        }  # fmt: skip
        started: list[Any] = []
        self.lines.lines = []
        begun = time.process_time()
        content = b"".join(
            self.app.wsgi_app(environ, lambda status, head, _=None: started.extend((status, head)))
        )
        return Answer(int(started[0][:3]), content, time.process_time() - begun, self.lines.lines)


def _remembers_calls(found: Any) -> bool:
    """Whether it is a cache for values of callers, and not one for what is loaded, which is small."""
    return (
        isinstance(found, _lru_cache_wrapper) and (found.cache_parameters()["maxsize"] or 0) > 256
    )


_PLACE = re.compile(r"unexpected (\w+) at ([\w.]+:\d+)")


def faults(answer: Answer, sent: int) -> list[str]:
    """What is wrong with an answer to so many bytes: its kind, and where in the code it came from."""
    found = []
    if answer.status not in EXPECTED:
        places = [
            " at ".join(match.groups()) for line in answer.logged if (match := _PLACE.search(line))
        ]
        found.append(f"status {answer.status}: {places[0] if places else 'nothing in the log'}")
    if answer.content:
        try:
            orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            found.append("the answer is not JSON")
    if len(answer.content) > max(MOST_ANSWER, 0.2 * sent):
        found.append(f"an answer of {len(answer.content) / max(sent, 1):.1f} times what was sent")
    if any(len(line) > LONGEST_LINE for line in answer.logged):
        found.append("a line without limit in the log")
    return found
