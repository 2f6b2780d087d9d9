"""The one engine behind the hooks, the command line and the tests: a call in, cards out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from . import facts as _registered  # noqa: F401  (registers the catalogue)
from .authored_yaml.reader import meant
from .authored_yaml.source import AuthoringError, Mistakes, Place
from .config import Settings
from .content import CARDS, PROFILES
from .facts.catalogue import CATALOGUE, Facts, closure
from .facts.drafts import DRAFTS_BY_FACT
from .facts.queries import QUERIES, Queries
from .facts.record import PatientRecord
from .facts.session import OrderingSession, SessionReader
from .facts.site import Site
from .fhir.definitions import DefinitionError, read_definition, using
from .fhir.ehr_profile import EhrProfile
from .fhir.index import ResourceIndex
from .fhir.reading import Value
from .fhir.references import is_id
from .fhir.retrieval import Fetch, fetch_nothing, not_fetching, retrieve
from .fhir.terminology import LOINC, SNOMED, Terminology
from .rendering.card_in_call import Patient
from .rendering.cards import RenderedCard, render_cards
from .rendering.orders import OrderTemplate, drugs_of, load_templates, with_site_codings
from .rendering.publication import Evidence, Publication, fixed_parts
from .rendering.shown import select_shown
from .rules.card import Card
from .rules.card_set import (
    EvidenceEntry,
    ParameterEntry,
    folders,
    load_cards,
    load_evidence,
    load_parameters,
    of_hook,
)
from .rules.condition_file import Vocabulary
from .rules.decision import Decision, Decisions
from .rules.hook_table import HOOKS
from .rules.parameter_file import words_of
from .rules.sign_off_file import load_sign_offs
from .site_codes import load_site_codes, with_site_codes
from .troubles import TROUBLES

# UK laboratories report in SNOMED CT: a server that is queried with LOINC codes alone answers that
# there are no results.
_RESULTS_CODED_IN = {"uk": (LOINC, SNOMED)}
log = logging.getLogger(__name__)
PARAMETER_SETS = ("default", "uk", "us")
# The prefetch keys whose values may contain Medications that other resources refer to.
_MEDICATION_QUERIES = tuple(
    key for key, query in QUERIES.items() if query.resource_type.startswith("Medication")
)


class WrongPatient(Exception):
    """The Patient received is not the one that the hook's context names."""


class MissingData(Exception):
    """Required data is not in the prefetch and cannot be fetched. ``keys``: the prefetch keys.
    ``why``: by key, the reason why it could not be fetched, without patient data."""

    def __init__(self, keys: tuple[str, ...], why: Mapping[str, str]):
        self.keys = keys
        self.why = why
        super().__init__(", ".join(keys))


class Unrendered(Exception):
    """A card fires, but cannot be rendered from the data received."""


@dataclass(frozen=True, slots=True)
class Call:
    """One hook call, as far as the engine needs it. ``prefetch`` decodes the prefetched values of
    some queries. ``fetch`` reads missing data from the client's FHIR server, if it may be read.

    ``fhir_server``: the base URL of the client's FHIR server. ``user_id``: who is shown the cards.
    Both are ``""`` if the client names none. ``ehr``: the profile from that server's
    CapabilityStatement, if the site does not describe its EHR.
    """

    hook: str
    patient_id: str
    encounter_id: str | None
    draft_orders: Value
    selections: list[Any] | None
    prefetch: Callable[[tuple[str, ...]], Mapping[str, Value]]
    fetch: Fetch = fetch_nothing
    fhir_server: str = ""
    user_id: str = ""
    ehr: EhrProfile | None = None


def queries_of(cards: Mapping[str, Card]) -> tuple[str, ...]:
    """The queries that the facts of ``cards`` read, in the order of the catalogue of queries."""
    # patient.paediatric guards every suggestion, so the patient is always read.
    names = closure(
        [name for card in cards.values() for name in card.facts] + ["patient.paediatric"]
    )
    wanted = {query for name in names for query in CATALOGUE[name].queries}
    return tuple(query for query in QUERIES if query in wanted)


class Engine:
    """Cards, facts and order templates of one deployment, loaded and checked as a whole.

    ``built_in``: the folder of cards that local ones change. ``activate``: ids of drafts that
    fire as if they were active, for their authors. ``words``: how texts show each
    parameter.
    """

    def __init__(
        self, settings: Settings, built_in: Path | None = None, activate: Collection[str] = ()
    ):
        self.settings = settings
        self.zone = ZoneInfo(settings.timezone)
        published, templates = definitions(settings.parameters)
        self.folders = folders(built_in or CARDS, settings.cards)
        added = load_site_codes(self.folders, published, drugs_of(templates, published))
        self.terminology = with_site_codes(published, added.codes)
        templates = with_site_codings(templates, self.terminology)
        self.evidence: dict[str, EvidenceEntry] = load_evidence(self.folders)
        self.parameters = load_parameters(self.folders, settings.parameters, self.evidence)
        self.site = Site(
            settings.parameters,
            {name: entry.value for name, entry in self.parameters.items()},
            settings.formulary,
            self.zone,
            self.terminology,
            added.units,
        )
        self._check_orders(templates)
        self.words = words_of(
            self.parameters, {order: template.title for order, template in templates.items()}
        )
        self.vocabulary = vocabulary(self.evidence, templates, self.words)
        self.sign_offs = load_sign_offs(self.folders)
        self.cards: dict[str, Card] = load_cards(
            self.folders, self.vocabulary, settings.parameters, activate
        )
        self.publication = self._publication(templates)
        self.cards_by_hook = {hook: of_hook(self.cards, hook) for hook in HOOKS}
        self.queries = Queries(settings.ehr_profile, self.terminology)
        self._queries_of: Callable[[EhrProfile], Queries] = lru_cache(64)(
            lambda profile: Queries(profile, self.terminology)
        )
        self.queries_by_hook = {
            hook: queries_of(cards) for hook, cards in self.cards_by_hook.items()
        }

    def _check_orders(self, templates: dict[str, OrderTemplate]) -> None:
        built_in = load_parameters(self.folders[:1], self.settings.parameters, self.evidence)
        mistakes = Mistakes()
        note_wrong_orders(self.parameters, built_in, templates, mistakes)
        mistakes.tell()

    def _publication(self, templates: dict[str, OrderTemplate]) -> Publication:
        sources = {key: Evidence(entry.label, entry.url) for key, entry in self.evidence.items()}
        reasons, app = _override_reasons(), self.settings.smart_launch_url
        fixed = {
            card_id: fixed_parts(card, sources, reasons, app)
            for card_id, card in self.cards.items()
        }
        return Publication(self.parameter_set, templates, fixed, self.settings.order_intent)

    @property
    def parameter_set(self) -> str:
        """The parameter set as cards name it, with the owners of local folders that change
        parameters."""
        changed = {
            entry.place.file.rpartition("/parameters/")[0] for entry in self.parameters.values()
        }
        return "+".join(
            [
                self.settings.parameters,
                *(
                    folder.owner
                    for folder in self.folders
                    if folder.owner and folder.shown in changed
                ),
            ]
        )

    def facts(self, call: Call, now: datetime) -> Facts:
        """The facts of a call, computed on demand. The session is read now, and the record when a
        fact first needs it.

        ``now``: an aware datetime.
        """
        session = self._session(call)
        return Facts(
            self.site,
            session,
            now.astimezone(self.zone),
            lambda: self._record(call),
            tell=TROUBLES.note_unread,
        )

    def decisions(self, call: Call, facts: Facts, *, whole_trace: bool = False) -> Decisions:
        """The decisions on every card of the hook."""
        return Decisions(self.cards_by_hook[call.hook], facts, whole_trace=whole_trace)

    def answer(
        self, call: Call, now: datetime, snoozed: Container[tuple[str, str]] = ()
    ) -> list[RenderedCard]:
        """The cards for a call, without the ``snoozed`` ones (card id and version).

        Raises :class:`MissingData` if required data is missing.
        """
        return self.cards_from(self.facts(call, now), call, snoozed)

    def cards_from(
        self, facts: Facts, call: Call, snoozed: Container[tuple[str, str]] = ()
    ) -> list[RenderedCard]:
        """:meth:`answer` from the ``facts`` of the call: decide, select the cards to
        show, render them. Raises :class:`UnreadableOrders` if no card fires that would name a draft
        which cannot be identified."""
        decisions = self.decisions(call, facts)
        if decisions.are_silent:
            facts.session.refuse_untold()
        firing = select_shown(decisions, snoozed, most=None)
        if firing and facts["patient.deceased"].holds:
            return []
        patient, tell = _patient(call, facts), TROUBLES.note_dropped
        return render_cards(firing, decisions, facts, patient, self.publication, tell=tell)

    def answer_of(
        self, card_id: str, call: Call, now: datetime
    ) -> tuple[Decision, RenderedCard | None]:
        """The decision on one card of the hook and, if it fires, the card as the hook would show
        it without the limit of cards.

        Raises :class:`MissingData` if required data is missing, :class:`Unrendered` if the card
        cannot be rendered.
        """
        facts = self.facts(call, now)
        decisions = self.decisions(call, facts)
        decision = decisions[card_id]
        if decision.fires and facts["patient.deceased"].holds:
            decision = decision._replace(fires=False, stopped_by="patient-deceased")
        if not decision.fires:
            if facts.session.untold and decisions.are_silent:
                facts.session.refuse_untold()
            return decision, None
        # Rendered with the cards before it, because only the first that starts a cobalamin
        # course suggests one.
        firing = select_shown(decisions, most=None)
        patient, tell = _patient(call, facts), TROUBLES.note_dropped
        cards = render_cards(
            firing, decisions, facts, patient, self.publication, most=None, tell=tell
        )
        found = next((card for card in cards if card.source.id == card_id), None)
        if found is None:
            raise Unrendered
        return decision, found

    def _session(self, call: Call) -> OrderingSession:
        if call.draft_orders is None:
            return OrderingSession()
        medications = partial(call.prefetch, _MEDICATION_QUERIES)
        reader = SessionReader(
            call.patient_id, self.terminology, self.zone, call.fetch, medications
        )
        return reader.read(
            call.draft_orders, call.selections, still_choosing=HOOKS[call.hook].has_selections
        )

    def _record(self, call: Call) -> PatientRecord:
        queries = self._queries_of(call.ehr) if call.ehr else self.queries
        parts = queries.of(self.queries_by_hook[call.hook])
        index = ResourceIndex(call.patient_id, self.terminology, self.zone)
        fetch = (
            call.fetch
            if is_id(call.patient_id)
            else not_fetching("context.patientId is no id of a FHIR resource")
        )
        sent = call.prefetch(tuple(parts.by_key))
        # Null means that a list is empty; but a Patient always exists.
        found = retrieve(
            index,
            call.patient_id,
            parts.by_key,
            {key: value for key, value in sent.items() if key != "patient" or value is not None},
            fetch,
        )
        if index.passed_over:
            counts = ", ".join(f"{count} {why}" for why, count in index.passed_over.items())
            log.info("resources that do not count were received: %s", counts)
        if index.patient is None and index.passed_over["another patient"]:
            raise WrongPatient
        missing = {"patient"} & parts.by_key.keys() if index.patient is None else set()
        if HOOKS[call.hook].requires_results and found.received.isdisjoint(parts.laboratory):
            missing |= parts.laboratory
        if missing:
            raise MissingData(tuple(key for key in parts.by_key if key in missing), found.problems)
        return PatientRecord(index, parts, found.complete, self.site)


def _patient(call: Call, facts: Facts) -> Patient:
    return Patient(f"Patient/{call.patient_id}", call.encounter_id, facts.now, call.user_id)


def definitions(parameter_set: str) -> tuple[Terminology, dict[str, OrderTemplate]]:
    """The value sets and the order templates. Raises :class:`AuthoringError`."""
    with _told_to_authors():
        terminology = Terminology.load(PROFILES)
        if parameter_set in _RESULTS_CODED_IN:
            terminology = _asking_in(terminology, _RESULTS_CODED_IN[parameter_set])
        return terminology, load_templates(
            PROFILES / "activity-definitions", terminology, parameter_set
        )


@lru_cache(maxsize=2)
def _asking_in(terminology: Terminology, systems: tuple[str, ...]) -> Terminology:
    """The same terminology for the same published one, because results computed with it are
    cached in it."""
    return terminology.asking_in(systems)


@contextmanager
def _told_to_authors() -> Iterator[None]:
    try:
        yield
    except DefinitionError as error:
        file = f"{PROFILES.name}/{error.file.relative_to(PROFILES).as_posix()}"
        raise AuthoringError(Place(file, error.line, error.column), error.what) from None


def vocabulary(
    evidence: Collection[str], templates: Collection[str], parameters: Mapping[str, str]
) -> Vocabulary:
    """The names that cards may use, with those of ``evidence`` and of order ``templates``.
    ``parameters``: as texts show them. Equal names return the same object, by which parsed cards
    are cached."""
    reasons, shown = tuple(_override_reasons()), tuple(parameters.items())
    return _vocabulary(tuple(evidence), tuple(templates), reasons, shown)


@lru_cache(maxsize=16)
def _vocabulary(
    evidence: tuple[str, ...],
    templates: tuple[str, ...],
    reasons: tuple[str, ...],
    shown: tuple[tuple[str, str], ...],
) -> Vocabulary:
    removable = tuple(DRAFTS_BY_FACT)
    return Vocabulary(
        CATALOGUE, evidence, templates, reasons, PARAMETER_SETS, removable, dict(shown)
    )


def note_wrong_orders(
    parameters: Mapping[str, ParameterEntry],
    built_in: Mapping[str, ParameterEntry],
    templates: Mapping[str, OrderTemplate],
    mistakes: Mistakes,
) -> None:
    """Note each parameter that should name an order and does not name one of the same kind as the
    ``built_in`` parameter."""

    def kind(order: str) -> tuple[str, bool]:
        template = templates[order]
        return template.resource["resourceType"], template.starts_cobalamin

    for name, entry in parameters.items():
        if not isinstance(entry.value, str):
            continue
        before = built_in[name].value
        alike = [
            order for order in templates if before not in templates or kind(order) == kind(before)
        ]
        if entry.value not in alike:
            told = f"{name} cannot be {entry.value!r}: it is no such order."
            mistakes.note(AuthoringError(entry.place, told, meant(entry.value, alike)))


@cache
def _override_reasons() -> dict[str, str]:
    path = PROFILES / "code-systems" / "non-adherence-reason-codes.json"
    with _told_to_authors(), using(path):
        return {
            concept["code"]: concept["display"]
            for concept in read_definition(path, "CodeSystem")["concept"]
        }
