"""A light client: prebuilt requests over a few keep-alive connections, each answer checked by a marker that it holds."""

from __future__ import annotations

import socket
import threading
import time
from typing import NamedTuple

TIMEOUT = 10


class Target(NamedTuple):
    """What is sent where, and what the answer must hold."""

    port: int
    request: bytes
    expected: bytes


class Load(NamedTuple):
    """What one run measured: seconds from first to last, and the latency of each request in seconds."""

    seconds: float
    latencies: list[float]


def target(port: int, path: str, body: bytes, expected: bytes) -> Target:
    """A POST of a JSON body as bytes."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: bench\r\nAccept: application/json\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return Target(port, head.encode() + body, expected)


def once(target: Target) -> bytes:
    """One checked request; the body of the answer."""
    with _connected(target) as connection:
        return _exchange(connection, target)


def load(target: Target, connections: int, seconds: float) -> Load:
    """As many requests as ``connections`` clients can send one after the other in ``seconds``."""
    latencies: list[list[float]] = [[] for _ in range(connections)]
    failures: list[Exception] = []
    begin = time.perf_counter()

    def send(mine: list[float]) -> None:
        try:
            with _connected(target) as connection:
                now = time.perf_counter()
                while now - begin < seconds:
                    _exchange(connection, target)
                    before, now = now, time.perf_counter()
                    mine.append(now - before)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=send, args=(mine,), daemon=True) for mine in latencies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return Load(time.perf_counter() - begin, [latency for mine in latencies for latency in mine])


def _connected(target: Target) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", target.port), TIMEOUT)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _exchange(connection: socket.socket, target: Target) -> bytes:
    connection.sendall(target.request)
    received = b""
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _some(connection)
    head = received[:end].lower()
    length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
    while len(received) < end + 4 + length:
        received += _some(connection)
    answer = received[end + 4 :]
    if not received.startswith(b"HTTP/1.1 200") or target.expected not in answer:
        raise RuntimeError(f"unexpected answer: {received[:300]!r}")
    return answer


def _some(connection: socket.socket) -> bytes:
    chunk = connection.recv(65536)
    if not chunk:
        raise ConnectionError("the server closed the connection")
    return chunk
