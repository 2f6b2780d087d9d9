"""Connections that one address may hold: what it has beyond that is closed, the idlest first.

The server keeps no count of its own and accepts 1,024 connections at a time in a worker, so that
one address could keep all others out. What a socket has received, and when, the kernel tells
(Linux, ``TCP_INFO``); elsewhere nothing is closed.
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
# struct tcp_info (linux/tcp.h): 8 bytes of flags, then 32-bit numbers, of which these say how many
# milliseconds ago data was sent and received last.
_LAST_SENT, _LAST_RECEIVED = 9, 11


class _Connection(NamedTuple):
    idle: int
    socket: socket.socket


def watch_connections(port: int, most: int = MOST_OF_ONE) -> None:
    """Look after the connections to ``port`` of this process from now on, in a
    thread of its own."""
    if sys.platform != "linux":
        return

    def watch() -> None:
        while True:
            time.sleep(SWEEP_SECONDS)
            with suppress(OSError):
                close_beyond(port, most)

    threading.Thread(target=watch, name="connections", daemon=True).start()


def close_beyond(port: int, most: int) -> int:
    """Close what any address holds beyond ``most`` connections; how many those were."""
    # A listing is cheap; each socket is looked at only where there are so many that one address
    # may have too many.
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
    """Each connection to ``port``, by a copy of its descriptor, which stands for the same
    connection whatever becomes of that."""
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
            pass  # the socket that listens, or one that just ended
        found.close()
