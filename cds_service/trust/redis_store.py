"""Used tokens in a Redis server that several machines share."""

from __future__ import annotations

import os
import time
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from .replay import StoreFailure

TIMEOUT_SECONDS = 0.5


class RedisStore:
    """Used tokens by digest; Redis forgets them when they expire."""

    def __init__(self, url: str):
        timeouts = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
        try:
            self._shown = f"Redis at {urlsplit(url).hostname}"  # the URL may hold a password
            self._client = redis.Redis.from_url(url, retry=Retry(NoBackoff(), 1), **timeouts)
        except ValueError:
            raise StoreFailure("it is not a Redis URL; write it as redis://host:6379/0") from None

    def check(self) -> None:
        """Write to the server. Raises :class:`StoreFailure`."""
        self.first_use(os.urandom(16), 0)

    def first_use(self, token: bytes, expires: float) -> bool:
        """Store a token and return whether it was new. Raises :class:`StoreFailure`."""
        key, mine = f"cds-hooks:jti:{token.hex()}", os.urandom(8)
        seconds = max(1, int(expires - time.time()) + 1)
        try:
            # The client repeats a command after it lost the connection, so the stored value may be
            # from its first attempt.
            return (
                bool(self._client.set(key, mine, nx=True, ex=seconds))
                or self._client.get(key) == mine
            )
        except redis.RedisError as error:
            raise StoreFailure(f"{self._shown} does not answer ({type(error).__name__})") from None
