"""The setting ``CDS_EHR``: a built-in profile or a site's own YAML file. Each mistake is reported
with its file and line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from ..authored_yaml.reader import Reader, meant
from ..authored_yaml.source import AuthoringError, Mapping, Mistakes, Place, load
from ..facts.queries import ALWAYS_KEPT, QUERIES
from ..fhir.ehr_profile import BUILT_IN, GENERIC, INTENTS, EhrProfile, Notice, Order

_FOLDER = Path(__file__).resolve().parent / "profiles"
_TYPES = frozenset(query.resource_type for query in QUERIES.values())
_MEDICATION_TYPES = frozenset(name for name in _TYPES if name.startswith("Medication"))
_KEYS = (
    "like",
    "not-kept",
    "notices",
    "codes",
    "order",
    "count",
    "count-for",
    "intents",
    "include",
)
_ORDERS = ("asked", "unknown")
_MOST = 1000


def ehr_profile(name: str) -> EhrProfile:
    """Read the profile that ``CDS_EHR`` names: one of :data:`BUILT_IN`, the path of a YAML file,
    or ``""`` for ``generic``.

    Raises :class:`AuthoringError`.
    """
    if name in BUILT_IN or not name:
        name = name or GENERIC.name
        return _read(_FOLDER / f"{name}.yaml", name)
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        raise AuthoringError(
            Place(name, 1, 1),
            "there is no EHR profile of this name.",
            f"{meant(name, BUILT_IN)} Or name a YAML file.",
        )
    return _read(path, path.stem)


def _read(path: Path, name: str) -> EhrProfile:
    top = Place(str(path), 1, 1)
    try:
        content = load(path)
    except OSError as error:
        raise AuthoringError(
            top, f"the EHR profile (CDS_EHR) cannot be read: {error.strerror}."
        ) from None
    mistakes = Mistakes()
    profile = _Reader(mistakes).profile(content, top, name)
    mistakes.tell()
    return profile


class _Reader(Reader):
    """Reads one profile."""

    def profile(self, value: Any, place: Place, name: str) -> EhrProfile:
        entry = self.mapping(value, place, _KEYS)
        base = ehr_profile(self.one_of(entry, "like", BUILT_IN)) if "like" in entry else GENERIC
        readings = {
            "not-kept": ("not_kept", lambda: self.not_kept(entry)),
            "notices": ("notices", lambda: frozenset(self.each(entry, "notices", self.notice))),
            "codes": (
                "code_systems",
                lambda: self.one_of(entry, "codes", ("with-system", "bare")) == "with-system",
            ),
            "order": ("order", lambda: cast(Order, self.one_of(entry, "order", _ORDERS))),
            "count": ("count", lambda: self.count(entry)),
            "count-for": (
                "counted",
                lambda: frozenset(self.names(entry, "count-for", _TYPES, "resource type")),
            ),
            "intents": (
                "intents",
                lambda: self.names(entry, "intents", INTENTS, "intent that counts"),
            ),
            "include": (
                "include",
                lambda: frozenset(
                    self.names(entry, "include", _MEDICATION_TYPES, "resource type of medications")
                ),
            ),
        }
        changes = self.parts(
            **{field: read for key, (field, read) in readings.items() if key in entry}
        )
        return replace(base, name=name, **changes)

    def not_kept(self, entry: Mapping) -> frozenset[str]:
        named = self.names(entry, "not-kept", QUERIES, "list")
        if needed := sorted(ALWAYS_KEPT.intersection(named)):
            what = (
                f"{needed[0]!r} cannot be declared as not kept: without it the service can say "
                "nothing about a patient."
            )
            raise AuthoringError(
                entry.at("not-kept"),
                what,
                "If the EHR cannot provide it, this service cannot work with the EHR.",
            )
        return frozenset(named)

    def notice(self, value: Any, place: Place) -> Notice:
        entry = self.mapping(value, place, ("system", "code"), ("system", "code"))
        return Notice(self.text(entry, "system"), self.text(entry, "code"))

    def count(self, entry: Mapping) -> int | None:
        if entry["count"] == "none":
            return None
        count = self.whole_number(entry, "count", _MOST)
        if not count:
            raise AuthoringError(
                entry.at("count"),
                "a page of 0 entries is always empty.",
                "Write 'none' to request no number.",
            )
        return count
