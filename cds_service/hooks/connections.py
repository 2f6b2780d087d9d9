"""A limit for the connections of one address. Those beyond it are closed, the longest idle first.

The server has no such limit, and accepts 1,024 connections at a time in a worker, so that one
address could keep out all others. The kernel knows when a socket last sent and received data
(Linux, ``TCP_INFO``). On other systems nothing is closed.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from .caller import party_of

MOST_OF_ONE = 512
SWEEP_SECONDS = 0.5
_FDS = "/proc/self/fd"
# struct tcp_info (linux/tcp.h): 8 bytes of flags, then 32-bit numbers. These two are the
# milliseconds since data was last sent and last received.
_LAST_SENT, _LAST_RECEIVED = 9, 11


class _Connection(NamedTuple):
    idle: int
    socket: socket.socket


def watch_connections(port: int, most: int = MOST_OF_ONE) -> None:
    """Watch this process's connections to ``port`` from now on, in a thread of its own."""
    if sys.platform != "linux":
        return

    def watch() -> None:
        while True:
            time.sleep(SWEEP_SECONDS)
            with suppress(OSError):
                close_beyond(port, most)

    threading.Thread(target=watch, name="connections", daemon=True).start()


def close_beyond(port: int, most: int) -> int:
    """Close the connections of each address beyond ``most``. Return how many were closed."""
    # A listing is cheap. Sockets are examined only if there are so many descriptors that one
    # address may have too many.
    if len(os.listdir(_FDS)) <= most:
        return 0
    closed = 0
    held: dict[str, list[_Connection]] = defaultdict(list)
    try:
        for party, connection in _connections(port):
            held[party].append(connection)
        for connections in held.values():
            connections.sort(key=lambda connection: -connection.idle)
            for connection in connections[: max(0, len(connections) - most)]:
                with suppress(OSError):
                    connection.socket.shutdown(socket.SHUT_RDWR)
                    closed += 1
    finally:
        for connections in held.values():
            for connection in connections:
                connection.socket.close()
    return closed


def _connections(port: int) -> Iterator[tuple[str, _Connection]]:
    """Each connection to ``port``, with a copy of its descriptor, which keeps referring to the same
    connection if the original is closed."""
    for name in os.listdir(_FDS):
        try:
            copy = os.dup(int(name))
        except (OSError, ValueError):
            continue
        try:
            found = socket.socket(fileno=copy)
        except OSError:
            os.close(copy)
            continue
        try:
            if (
                found.type == socket.SOCK_STREAM
                and found.family in (socket.AF_INET, socket.AF_INET6)
                and found.getsockname()[1] == port
            ):
                peer = found.getpeername()[0]
                numbers = struct.unpack(
                    "=8x14I", found.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 64)
                )
                yield (
                    party_of(peer),
                    _Connection(min(numbers[_LAST_SENT], numbers[_LAST_RECEIVED]), found),
                )
                continue
        except OSError:
            pass  # the socket that listens, or a connection that has just ended
        found.close()
