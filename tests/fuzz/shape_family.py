"""Odd shapes at every endpoint, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any
from urllib.parse import urlencode

from tests.fuzz import seeds
from tests.fuzz.report import Finding, Report
from tests.fuzz.shapes import SURROGATE, TEXTS, Path, as_bytes, at, deep, mutated, places, replaced
from tests.fuzz.target import FORM, Target, faults
from tests.support.waiting import eventually

HARSH: tuple[Any, ...] = (SURROGATE, deep(930, objects=False), 1e15, {}, [[]])
TYPES = (
    "ValueSet",
    "PlanDefinition",
    "CodeSystem",
    "ActivityDefinition",
    "Library",
    "Nothing",
    "metadata",
    "_search",
)
NAMES = (
    "url",
    "_id",
    "name",
    "name:exact",
    "name:contains",
    "status",
    "version",
    "_count",
    "_offset",
    "_format",
    "name:x",
    "more",
)


class _Seed:
    """A valid body, where it is sent, and which of its places are made odd."""

    def __init__(self, path: str, value: Any, below: str = "") -> None:
        self.path = path
        self.value = value
        self.text = as_bytes(value)
        self.targets = [place for place in places(value) if not below or place[0] == below]
        # What is ordered and what is taken is read most closely.
        therapy = [
            place
            for place in self.targets
            if {"dosageInstruction", "draftOrders", "dosage"}.intersection(place)
        ]
        self.closely = therapy or self.targets

    def mutated(self, rng: Random) -> bytes:
        """The body with something odd in it."""
        return as_bytes(
            mutated(self.value, self.closely if rng.random() < 0.4 else self.targets, rng)
        )


class Shapes:
    """Tries mutated bodies, one at a time, with a seeded choice."""

    def __init__(self, target: Target, report: Report, seed: int) -> None:
        self.target = target
        self.report = report
        self.rng = Random(seed)
        requests = [*seeds.hook_requests(), *seeds.of_cards()]
        self.hooks = [
            _Seed(f"/cds-services/b12-folate-{request['hook']}", request) for request in requests
        ]
        self.applied = [
            _Seed(f"/fhir/PlanDefinition/{card}/$apply", body)
            for card, body in seeds.apply_requests()
        ]
        self.feedback = _Seed("/cds-services/b12-folate-order-sign/feedback", seeds.feedback())
        self.fetching = [
            _Seed(f"/cds-services/b12-folate-{request['hook']}", request)
            for request in seeds.fetching_requests()
        ]
        records = (seeds.record(therapy=False), seeds.fetched_therapy())
        self.fetched = [[_Seed("", value) for value in record.values()] for record in records]

    def step(self) -> None:
        """Try one body."""
        kind = self.rng.random()
        if kind < 0.66:
            self._post("hooks", self.rng.choice(self.hooks))
        elif kind < 0.80:
            self._fetched()
        elif kind < 0.90:
            self._post("apply", self.rng.choice(self.applied))
        elif kind < 0.94:
            self._post("feedback", self.feedback)
        elif kind < 0.96:
            self._post("envelope", self.rng.choice(self.fetching))
        else:
            self._search()

    def sweep(self, part: int = 0, parts: int = 1) -> None:
        """Put the harshest shapes into every place, one at a time, of what is sent and of what FHIR servers answer; of all such
        bodies those of one ``part``."""
        for number, (seed, path, shape) in enumerate(
            self._harsh([*self.hooks, *self.applied, self.feedback, *self.fetching])
        ):
            if number % parts == part:
                body = as_bytes(replaced(seed.value, path, shape))
                self._judge("sweep", body, self._sent(seed, body))
        for record in self.fetched:
            for number, (seed, path, shape) in enumerate(self._harsh(record)):
                if number % parts == part:
                    odd = as_bytes(replaced(seed.value, path, shape))
                    for request in self.fetching:
                        self._answer_with(record, seed, odd, request)

    def _harsh(self, chosen: list[_Seed]) -> Iterator[tuple[_Seed, Path, Any]]:
        for seed in chosen:
            for path in seed.targets:
                for shape in (*HARSH, [at(seed.value, path)]):
                    yield seed, path, shape

    def _post(self, family: str, seed: _Seed) -> None:
        body = seed.mutated(self.rng)
        self._judge(family, body, self._sent(seed, body))

    def _sent(self, seed: _Seed, body: bytes) -> Any:
        def send() -> Any:
            return self.target.send("POST", seed.path, body)

        return _unless_busy(send) if seed is self.feedback else send()

    def _fetched(self) -> None:
        """The request is as it should be, and what the FHIR server answers is odd."""
        record = self.rng.choice(self.fetched)
        position = self.rng.randrange(len(record))
        seed = record[position]
        self._answer_with(record, seed, seed.mutated(self.rng), self.rng.choice(self.fetching))

    def _answer_with(self, record: list[_Seed], odd: _Seed, text: bytes, request: _Seed) -> None:
        self.target.servers.answers = [text if seed is odd else seed.text for seed in record]
        self._judge("fetched", text, self.target.send("POST", request.path, request.text))

    def _search(self) -> None:
        chosen = [
            (self.rng.choice(NAMES), self._text()) for _ in range(self.rng.choice((0, 1, 1, 2, 5)))
        ]
        form = urlencode(chosen, errors="replace").encode()
        kind = self.rng.choice(TYPES)
        if self.rng.random() < 0.5:
            answer = self.target.send("POST", f"/fhir/{kind}/_search", form, FORM)
        else:
            answer = self.target.send(
                "GET",
                f"/fhir/{kind}",
                query=form.decode(),
                HTTP_PREFER=self.rng.choice(("", "handling=strict")),
            )
        # Up to a hundred definitions of ours.
        self._judge("search", form, answer._replace(content=answer.content[:1] and b"{}"))
        weeks = urlencode({"weeks": self._text()}, errors="replace")
        self._judge(
            "report", b"", _unless_busy(lambda: self.target.send("GET", "/api/report", query=weeks))
        )

    def _text(self) -> str:
        return str(
            self.rng.choice((*TEXTS, "active", "1", "100", ",,,", "|", "a,b", "0", "9" * 30))
        )

    def _judge(self, family: str, body: bytes, answer: Any) -> None:
        self.report.count(family, answer.status)
        for fault in faults(answer, len(body)):
            self.report.add(Finding(family, fault, body))


def _unless_busy(send: Callable[[], Any]) -> Any:
    """The answer of the store: where a busy disk made it refuse (503), that to the same sent once more."""

    def accepted() -> Any:
        answer = send()
        return answer if answer.status != 503 else None

    return accepted() or eventually(accepted)
