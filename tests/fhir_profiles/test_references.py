"""The names of codes against what public value sets and tables call them.

``references.json`` holds, by source title and code system, the names as they were read in that source. The sources are not
installable or not licensed for redistribution as a whole, so what was read of them is kept here.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fhir_profiles.profiles import ENTRIES, codings_in

HERE = Path(__file__).parent
REFERENCES: dict[str, dict[str, dict[str, str]]] = json.loads(
    (HERE / "references.json").read_text("utf-8")
)
# Of this table only the names in references.json were kept; of the others, every name.
PARTLY_KEPT = {
    "RxNorm Current Prescribable Content of October 2025, as tabulated in the public repository davidanderson3/rxnorm-ingredients"
}
SEMANTIC_TAG = re.compile(
    r" \((disorder|finding|procedure|situation|substance|qualifier value|regime/therapy)\)$"
)


def plain(name: str) -> str:
    return SEMANTIC_TAG.sub("", name).casefold()


@pytest.mark.parametrize("title", REFERENCES)
def test_every_code_has_the_name_that_its_source_gives(title):
    different = []
    for system, names in REFERENCES[title].items():
        for code, name in names.items():
            entries = [
                entry
                for entry in ENTRIES
                if (entry.system, entry.code, entry.side) == (system, code, "include")
            ]
            assert entries, f"{system}|{code} is in no value set"
            different += [
                (entry.value_set, code, entry.display, name)
                for entry in entries
                if not entry.is_filter and plain(entry.display) != plain(name)
            ]
    assert different == []


@pytest.mark.parametrize("title", sorted(REFERENCES.keys() - PARTLY_KEPT))
def test_every_code_that_names_a_source_was_read_there(title):
    unread = [
        (entry.value_set, entry.code)
        for entry in ENTRIES
        if title in entry.sources and entry.code not in REFERENCES[title].get(entry.system, {})
    ]
    assert unread == []


def synthea_codings() -> Iterator[tuple[str, str, str]]:
    """System, code and name of every coding in the Synthea records: the names are those of the Synthea modules."""
    for path in sorted((HERE.parent / "fixtures" / "synthea-r4").glob("*.json.gz")):
        for coding in codings_in(json.loads(gzip.decompress(path.read_bytes()))):
            if isinstance(coding.get("display"), str):
                yield coding["system"], coding["code"], coding["display"]


def words(name: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", name.casefold()))


def alike(one: str, other: str) -> bool:
    """Synthea shortens names: at least half of the words of the shorter name are in the longer."""
    return len(words(one) & words(other)) * 2 >= min(len(words(one)), len(words(other)))


def test_synthea_records_call_the_codes_what_the_value_sets_call_them():
    ours = {
        (entry.system, entry.code): entry.display
        for entry in ENTRIES
        if entry.side == "include" and not entry.is_filter
    }
    theirs: dict[tuple[str, str], set[str]] = {}
    for system, code, name in synthea_codings():
        if (system, code) in ours:
            theirs.setdefault((system, code), set()).add(name)
    assert theirs
    # A code may have a laboratory's short name beside the official one.
    different = [
        (key, names, ours[key])
        for key, names in theirs.items()
        if not any(alike(name, ours[key]) for name in names)
    ]
    assert different == []
