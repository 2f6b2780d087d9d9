"""Connections to FHIR servers: only to checked addresses, pooled, and never longer than an exchange
may last.

Each thread makes one exchange at a time. The connection finds its exchange in the thread.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from ssl import SSLContext
from typing import Any, Protocol

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util import Retry
from urllib3.util.connection import create_connection

from .servers import IPAddress

POOLED_SERVERS = 8
POOLED_CONNECTIONS = 64

_current = threading.local()


class Destination(Protocol):
    """A server that may be contacted: a listed one, or one that a listed server names."""

    def may_connect(self, address: IPAddress) -> bool:
        """Whether a connection may go to ``address``."""


class Exchange:
    """One request to ``server`` and its answer, up to the moment ``ends`` (of
    ``time.monotonic``)."""

    def __init__(self, server: Destination, ends: float):
        self.server = server
        self.ends = ends
        self._connection: _Checked | None = None
        self._lock = threading.Lock()

    @property
    def left(self) -> float:
        """Seconds left, at least a millisecond: a socket takes 0 as no limit."""
        return max(self.ends - time.monotonic(), 0.001)

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self.ends

    def uses(self, connection: _Checked | None) -> None:
        """Note the connection in use."""
        with self._lock:
            self._connection = connection

    def abandon(self) -> None:
        """Break off the connection, so that a server that sends byte by byte holds no thread."""
        with self._lock:
            used = self._connection.sock if self._connection else None
            if used is not None:
                with suppress(OSError):
                    # The plain socket is shut down: TLS has nothing more to send, and its own
                    # shutdown is not safe for two threads.
                    socket.socket.shutdown(used, socket.SHUT_RDWR)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Make this the exchange of the thread for the block."""
        _current.exchange = self
        try:
            yield
        finally:
            self.uses(None)
            del _current.exchange


class _Checked(HTTPConnection):
    """A connection to an address that its server's entry allows. The address is resolved once, so
    that the one that was checked is the one that is used."""

    def _new_conn(self) -> socket.socket:
        exchange: Exchange = _current.exchange
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise NameResolutionError(self.host, self, socket.gaierror(*error.args)) from error
        except UnicodeError:
            raise NewConnectionError(self, "not a host name") from None
        addresses = [
            str(item[4][0]) for item in found if exchange.server.may_connect(ip_address(item[4][0]))
        ]
        in_time = True
        for address in addresses:
            if exchange.over:
                break
            try:
                return create_connection(
                    (address, self.port), exchange.left / 2, socket_options=self.socket_options
                )
            except OSError as error:
                in_time = not isinstance(error, TimeoutError)
        if not in_time or exchange.over:
            raise ConnectTimeoutError(self, "not in time")
        raise NewConnectionError(self, "no address that may be connected to answers")

    def request(self, *arguments: Any, **options: Any) -> None:
        """Send a request as part of the thread's exchange."""
        _current.exchange.uses(self)
        super().request(*arguments, **options)


class _CheckedTls(_Checked, HTTPSConnection):
    """The same with TLS. The certificate must be the host's, whatever the address."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Checked


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _CheckedTls


class CheckedAdapter(HTTPAdapter):
    """Pooled connections of :mod:`requests` that are made by :class:`_Checked`, within an
    :class:`Exchange`.

    ``tls``: the trusted authorities. They are loaded once, because reading a list of authorities
    takes longer than an answer.
    """

    def __init__(self, tls: SSLContext) -> None:
        self._tls = tls
        # One retry after a connection that failed or dropped; an exchange whose time is up opens
        # no connection. An error that asks for a later attempt (Retry-After) is an answer too, and
        # its body is not awaited.
        retry = Retry(
            1,
            connect=1,
            read=1,
            redirect=0,
            status=0,
            other=0,
            allowed_methods={"GET"},
            respect_retry_after_header=False,
        )
        super().__init__(POOLED_SERVERS, POOLED_CONNECTIONS, retry)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the pools with checked connections."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """The key of the pool for a request: its scheme, host and port."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._tls} if host["scheme"] == "https" else {}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Do nothing: the pool already has its TLS context."""
