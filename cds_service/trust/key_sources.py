"""The sources of a client's keys: a file, which is read again when it changes, or a URL, which is
fetched and cached.

A thread fetches the set at a URL again after ``REFRESH_SECONDS``, and when a token names an unknown
``kid``. A request therefore seldom waits, and never longer than ``WAIT_SECONDS``. At most
``MOST_WAITING`` requests wait at a time, so that tokens with invented ``kid`` do not occupy every
thread of a worker while a client's server is slow.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path
from typing import Protocol

import requests
from urllib3.exceptions import HTTPError

from .jwks import Key, KeyProblem, KeySet, read_jwks

WAIT_SECONDS = 2.0
REFRESH_SECONDS = 300.0
KEEP_SECONDS = 4 * 3600.0
"""How long fetched keys stay in use while they cannot be fetched again."""
BETWEEN_FETCHES = 10.0
LONGEST_SET = 256 * 1024
MOST_WAITING = 16  # of the threads that answer requests

log = logging.getLogger(__name__)
_EMPTY = KeySet({}, ())
_places = threading.BoundedSemaphore(MOST_WAITING)


class KeySource(Protocol):
    """The source of a client's keys."""

    def find(self, kid: str) -> Key | None:
        """The key with this ``kid``, or ``None``."""

    def check(self) -> tuple[str, ...]:
        """Read the keys; return remarks for the operator. Raises :class:`KeyProblem` if the keys
        can never be read."""


class KeyFile:
    """A JWK Set in a file."""

    def __init__(self, path: Path):
        self._path = path
        self._state: tuple[int, ...] | None = None
        self._set = _EMPTY

    def check(self) -> tuple[str, ...]:
        """Read the file; return why keys in it are not usable. Raises :class:`KeyProblem`."""
        try:
            return tuple(
                f"{self._path}: {reason}"
                for reason in read_jwks(self._path.read_bytes()).passed_over
            )
        except OSError as error:
            raise KeyProblem(f"{self._path} cannot be read: {error.strerror}") from None
        except KeyProblem as problem:
            raise KeyProblem(f"{self._path}: {problem}") from None

    def find(self, kid: str) -> Key | None:
        """The key with this ``kid``. A changed file is read again first; while it cannot be read,
        the previous keys stay in use."""
        if (state := self._stat()) != self._state:
            self._state = state
            try:
                self._set = read_jwks(self._path.read_bytes())
            except (OSError, KeyProblem) as problem:
                log.error("the keys in %s cannot be read: %s", self._path, problem)
        return self._set.keys.get(kid)

    def _stat(self) -> tuple[int, ...]:
        try:
            status = self._path.stat()
        except OSError:
            return ()
        return status.st_mtime_ns, status.st_size, status.st_ino


class KeyUrl:
    """A JWK Set at a URL that the operator allowed."""

    def __init__(self, url: str):
        self._url = url
        self._set = _EMPTY
        self._fetched = self._started = float("-inf")
        self._lock = threading.Lock()
        self._fetching: threading.Thread | None = None

    def check(self) -> tuple[str, ...]:
        """Fetch the set; return why that failed or why keys in it are not usable. A failure raises
        nothing, because a later fetch may succeed."""
        try:
            return tuple(f"{self._url}: {reason}" for reason in fetch_jwks(self._url).passed_over)
        except KeyProblem as problem:
            return (f"{self._url}: {problem}",)

    def find(self, kid: str) -> Key | None:
        """The key with this ``kid``. If it is unknown or the cache is old, the set is fetched again
        first."""
        age = time.monotonic() - self._fetched
        if kid not in self._set.keys or age > 2 * REFRESH_SECONDS:
            if (fetching := self._fetch()) and _places.acquire(blocking=False):
                try:
                    fetching.join(max(0.0, self._started + WAIT_SECONDS - time.monotonic()))
                finally:
                    _places.release()
        elif age > REFRESH_SECONDS:
            self._fetch()
        return self._set.keys.get(kid) if time.monotonic() - self._fetched <= KEEP_SECONDS else None

    def _fetch(self) -> threading.Thread | None:
        """Return the thread of the fetch under way, or start one; ``None`` if the last fetch
        began less than ``BETWEEN_FETCHES`` ago."""
        with self._lock:
            if self._fetching and self._fetching.is_alive():
                return self._fetching
            if time.monotonic() - self._started < BETWEEN_FETCHES:
                return None
            self._started = time.monotonic()
            self._fetching = threading.Thread(target=self._replace, name="jwks", daemon=True)
            self._fetching.start()
            return self._fetching

    def _replace(self) -> None:
        try:
            found = fetch_jwks(self._url)
        except KeyProblem as problem:
            log.error("the keys at %s cannot be fetched: %s", self._url, problem)
        else:
            self._set, self._fetched = found, time.monotonic()


def _session() -> requests.Session:
    """A session that ignores the environment: a proxy could substitute keys, and .netrc holds
    passwords for other servers."""
    session = requests.Session()
    session.trust_env = False
    return session


def fetch_jwks(url: str) -> KeySet:
    """Fetch the JWK Set at ``url`` without following redirects, up to ``LONGEST_SET`` bytes and
    ``WAIT_SECONDS``. Raises :class:`KeyProblem`."""
    deadline = time.monotonic() + WAIT_SECONDS
    # Uncompressed, so that the limit on the bytes counts the bytes that are parsed.
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    authorities = os.environ.get("REQUESTS_CA_BUNDLE") or True
    content = b""
    try:
        with (
            _session() as session,
            session.get(
                url,
                headers=headers,
                timeout=WAIT_SECONDS,
                allow_redirects=False,
                stream=True,
                verify=authorities,
            ) as response,
        ):
            if response.status_code != requests.codes.ok:
                raise KeyProblem(f"it answers with status {response.status_code}")
            while chunk := response.raw.read1(65536, decode_content=False):
                content += chunk
                if len(content) > LONGEST_SET:
                    raise KeyProblem(f"it is larger than {LONGEST_SET} bytes")
                if time.monotonic() > deadline:
                    raise KeyProblem(f"it takes longer than {WAIT_SECONDS:g} s")
    except requests.exceptions.SSLError:
        raise KeyProblem("its certificate is not trusted") from None
    except requests.ConnectionError:
        raise KeyProblem("it cannot be connected to") from None
    except (requests.RequestException, HTTPError, OSError) as error:
        raise KeyProblem(f"it cannot be fetched ({type(error).__name__})") from None
    return read_jwks(content)
