"""The service as a site starts it: its own processes, its own database."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from click.testing import CliRunner

from cds_service.cli import main
from tests.support.waiting import PATIENCE

# A server of the tests has one worker, unless a test says otherwise: on a machine of many cores, many would take long to start.
# As in production, but for the number of workers, so that servers of tests stay cheap.
AS_IN_PRODUCTION = {"CDS_WORKERS": "1", "CDS_WORKBENCH": "off"}


class Server(NamedTuple):
    """A running server, its base URL and the file that it logs to."""

    process: subprocess.Popen[bytes]
    base: str
    log: Path

    def kill(self) -> None:
        """End it and all its workers at once, without a chance to do anything."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Ask it to end, as a service manager does."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)


@contextmanager
def serving(
    folder: Path,
    *arguments: str,
    command: str = "serve",
    ready: Callable[[Server], bool] | None = None,
    program: str = "cds_service",
    cwd: Path | None = None,
    **environment: str,
) -> Iterator[Server]:
    """``python -m cds_service serve``, or another ``command`` with a port, until the block ends; it answers when the block begins, or
    is as ``ready`` has it. ``program``: a module that starts the service in another way. ``cwd``: where it is started.
    """
    log = folder / "log"
    with held_port() as port:
        started = [sys.executable, "-m", program, command, "--port", str(port), *arguments]
        with log.open("wb") as output:
            process = subprocess.Popen(
                started,
                cwd=cwd,
                env={**AS_IN_PRODUCTION, **os.environ, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        server = Server(process, f"http://127.0.0.1:{port}", log)
        try:
            _await(server, ready or _has_said_so)
            yield server
        except BaseException as error:
            error.add_note(f"The server wrote:\n{log.read_text()}")
            raise
        finally:
            if process.poll() is None:
                server.stop()


@contextmanager
def held_port() -> Iterator[int]:
    """A port for a server to start on. Until the block ends no other process is given it: two servers that shared a port would
    each answer some of the calls, and drop those of the other's clients when they end.
    """
    with socket.socket() as holder:
        for shared in (
            socket.SO_REUSEADDR,
            socket.SO_REUSEPORT,
        ):  # with the server, which alone listens
            holder.setsockopt(socket.SOL_SOCKET, shared, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def refused_start(*arguments: str, **environment: str | None) -> str:
    """What ``serve`` says when it ends with status 1 instead of starting, as it must; ``None`` unsets a variable."""
    ended = CliRunner().invoke(main, ["serve", *arguments], env=environment)
    assert isinstance(ended.exception, SystemExit), ended.exception
    assert ended.exit_code == 1
    assert ended.output.startswith("Error: ")
    return ended.output


def _await(server: Server, ready: Callable[[Server], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if ready(server):
            return
        assert server.process.poll() is None, server.log.read_text()
        time.sleep(0.05)
    raise AssertionError(server.log.read_text())


def _has_said_so(server: Server) -> bool:
    """Whether it has said that it answers, which it says once it does."""
    return "top with Ctrl-C" in server.log.read_text("utf-8")
