"""The Medications that a client sent, each found by what refers to it: type and id, or the
``fullUrl`` of its entry."""

from __future__ import annotations

from .newest import is_newer
from .r4 import Medication
from .references import type_and_id

# How many versions of one Medication are compared. Of more, none is taken for the newest.
_MOST_ALIKE = 20
_Filed = tuple[str, Medication]


class MedicationFile:
    """Medications by reference.

    Two of one type and id are the same only if neither has a ``fullUrl`` or both have the same; of
    these the newest version counts (clinical specification, section 2, "Status").
    """

    __slots__ = ("_by_reference", "_told")

    def __init__(self) -> None:
        self._by_reference: dict[str, list[_Filed]] = {}
        self._told: dict[str, Medication | None] = {}  # what find() returned, until the next add()

    def add(self, medication: Medication, full_url: str) -> None:
        """File a Medication. One without an id is referred to by the ``fullUrl`` of its entry (FHIR
        R4, "Resolving references in Bundles")."""
        self._told.clear()
        relative = medication.relative if medication.id else type_and_id(full_url)
        for reference in {relative, full_url} - {""}:
            filed = self._by_reference.setdefault(reference, [])
            if len(filed) <= _MOST_ALIKE and (full_url, medication) not in filed:
                filed.append((full_url, medication))

    def __contains__(self, reference: str) -> bool:
        """Whether a Medication that ``reference`` may mean was sent."""
        return self._key(reference) in self._by_reference

    def find(self, reference: str) -> Medication | None:
        """The Medication that ``reference`` means: a ``fullUrl``, or else a type and id on any
        server. ``None`` if none was sent, or if those that were sent differ and it cannot be told
        which one is meant."""
        key = self._key(reference)
        if key not in self._told:
            self._told[key] = _newest(self._by_reference.get(key, []))
        return self._told[key]

    def _key(self, reference: str) -> str:
        """What a reference is filed under: a ``fullUrl`` without a version, or type and id."""
        target = reference.strip()
        url = target.partition("/_history/")[0]
        return url if url in self._by_reference else type_and_id(target)


def _newest(filed: list[_Filed]) -> Medication | None:
    """The newest version; ``None`` if those that may be the newest differ, or are too many."""
    if len(filed) == 1:
        return filed[0][1]
    newest = [
        medication
        for url, medication in (filed if len(filed) <= _MOST_ALIKE else ())
        if not any(url == other_url and is_newer(other, medication) for other_url, other in filed)
    ]
    alike = all(_is_alike(newest[0], medication) for medication in newest[1:])
    return newest[0] if newest and alike else None


def _is_alike(first: Medication, second: Medication) -> bool:
    """Whether two Medications state the same product, whichever their versions."""
    return all(
        getattr(first, element) == getattr(second, element)
        for element in first.__struct_fields__
        if element not in ("id", "meta")
    )
