"""Cards loaded anew by SIGHUP while requests come in: none fails, a mistake changes nothing, every worker takes the new set."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import requests

from cds_service.content import CARDS
from tests.fuzz.probes import workers
from tests.support.fhir_builders import days_ago, hook_request, observation, prefetch
from tests.support.serving import Server, serving
from tests.support.waiting import PATIENCE, eventually

SOURCE = (CARDS / "deficiency/b12-deficiency-untreated.yaml").read_text("utf-8")
SUMMARY = next(line for line in SOURCE.splitlines() if line.startswith("  summary:"))
CALL = hook_request(
    "patient-view", prefetch({**observation("b12", 100, "ng/L"), "effectiveDateTime": days_ago(0)})
)


def write(folder: Path, text: str) -> None:
    (folder / "ours").mkdir(parents=True, exist_ok=True)
    (folder / "site.yaml").write_text("owner: st-elsewhere\n", "utf-8")
    (folder / "ours/b12-deficiency-untreated.yaml").write_text(text, "utf-8")


def edition(number: int) -> str:
    return SOURCE.replace(SUMMARY, f'  summary: "Edition {number}"')


def shown(server: Server) -> set[str]:
    """The summaries that twenty calls on connections of their own are answered with."""
    found = set()
    for _ in range(20):
        answer = requests.post(
            f"{server.base}/cds-services/b12-folate-patient-view", json=CALL, timeout=PATIENCE
        )
        found |= {card["summary"] for card in answer.json()["cards"]}
    return found


def hang_up(server: Server, until: str) -> None:
    """Send the signal and wait until the log says so once more."""
    before = server.log.read_text("utf-8").count(until)
    os.kill(server.process.pid, signal.SIGHUP)
    eventually(lambda: server.log.read_text("utf-8").count(until) > before)


def await_edition(server: Server, summary: str) -> None:
    eventually(lambda: shown(server) == {summary} or time.sleep(0.2))


def replace_workers(server: Server) -> None:
    """Kill every worker and wait until another one answers."""
    for worker in workers(server):
        os.kill(worker, signal.SIGKILL)

    def is_answered() -> bool:
        with suppress(requests.ConnectionError):
            return requests.get(f"{server.base}/readyz", timeout=PATIENCE).status_code == 200
        return False

    eventually(is_answered)


class Load:
    """Calls one after the other, on one connection and on new ones, until told to stop; so many that some fall into each part of a
    reload, which takes seconds."""

    def __init__(self, base: str):
        self.answers: list[str] = []
        self._base, self._stop = base, Event()
        self._threads = [Thread(target=self._call, args=(keep,)) for keep in (True, False)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _call(self, keep: bool) -> None:
        session = requests.Session()
        while not self._stop.is_set():
            try:
                caller = session if keep else requests
                answer = caller.post(
                    f"{self._base}/cds-services/b12-folate-patient-view",
                    json=CALL,
                    timeout=PATIENCE,
                )
                self.answers.append(f"{answer.status_code} {answer.json()['cards'][0]['summary']}")
            except (requests.RequestException, LookupError, ValueError) as error:
                self.answers.append(repr(error))
            time.sleep(0.05)


def test_editions_and_mistakes_under_load(tmp_path):
    local = tmp_path / "local"
    write(local, edition(0))
    with serving(tmp_path, "--workers", "2", CDS_CARDS=str(local)) as server:
        assert shown(server) == {"Edition 0"}
        with Load(server.base) as load:
            write(local, edition(1))
            hang_up(server, "The cards were checked; 2 workers take them.")
            await_edition(server, "Edition 1")
            write(local, edition(2).replace("b12.status", "b12.stauts", 1))
            hang_up(server, "The cards were not reloaded")
            assert shown(server) == {"Edition 1"}
            write(local, edition(2).replace("fires: true", "silent: no-b12-treatment", 1))
            hang_up(server, "The cards were not reloaded")
            assert shown(server) == {"Edition 1"}
            write(local, edition(2))
            hang_up(server, "The cards were checked")
            await_edition(server, "Edition 2")
        write(local, edition(3))
        replace_workers(server)
        assert shown(server) == {"Edition 2"}, "what the files say now is not checked yet"
        log = server.log.read_text("utf-8")
    assert len(load.answers) > 20
    assert {answer for answer in load.answers if not answer.startswith("200 Edition")} == set()
    mistake = next(line for line in log.splitlines() if "b12.stauts" in line)
    assert "local/ours/b12-deficiency-untreated.yaml:" in mistake
    assert "Did you mean 'b12.status'" in mistake
