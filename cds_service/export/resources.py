"""All exported resources: the files of ``fhir_profiles``, and the definitions made from the cards.

No file holds the latter. They are made for the package, and when the service starts to serve them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from ..config import Settings
from ..content import PROFILES
from ..engine import Engine
from ..fhir.terminology import BASE
from .card_topics import card_topics
from .criteria_library import criteria_library
from .expansion import expanded
from .library import library
from .narrative import with_narrative
from .order_profiles import DRUGS, with_regimens, with_site_products
from .plan_definition import PlanDefinitions
from .result_profiles import result_profile, result_value_sets
from .site_value_sets import with_site_codes

EXAMPLES = "examples"
_PROFILES = "structure-definitions"


def definitions(engine: Engine) -> list[dict[str, Any]]:
    """Return the definitions by type and id: the files, with the site's codes in value sets and
    profiles of orders, and those made from the cards of ``engine``.

    Value sets have their expansions, and all definitions have a narrative. Files that another
    publisher defines are used here and not exported.
    """
    files = [
        resource for folder in _folders() if folder.name != EXAMPLES for resource in _read(folder)
    ]
    ours = [resource for resource in files if resource["url"].startswith(f"{BASE}/")]
    found = [
        with_site_products(with_site_codes(resource, engine.terminology), engine)
        for resource in ours
    ]
    value_sets = {
        resource["url"]: resource for resource in found if resource["resourceType"] == "ValueSet"
    }
    found = [
        expanded(item, value_sets) if item["url"] in value_sets else item
        for item in [*found, *generated(engine)]
    ]
    return sorted(
        map(with_narrative, found), key=lambda resource: (resource["resourceType"], resource["id"])
    )


def examples() -> list[dict[str, Any]]:
    """Return the example resources, by type and id."""
    return sorted(
        map(with_narrative, _read(PROFILES / EXAMPLES)),
        key=lambda resource: (resource["resourceType"], resource["id"]),
    )


def generated(engine: Engine) -> Iterator[dict[str, Any]]:
    """Yield the definitions made from the cards and parameters of ``engine``, and the topics of the
    built-in cards."""
    made = [
        *PlanDefinitions(engine).all(),
        library(engine),
        criteria_library(engine),
        card_topics(engine),
    ]
    yield from map(_with_plain_units, made)


def _with_plain_units(element: Any) -> Any:
    """``element`` with ASCII units: HAPI served "mL/min/1.73 m²" in another encoding than it
    declared."""
    if isinstance(element, dict):
        return {name: _with_plain_units(item) for name, item in element.items()}
    if isinstance(element, list):
        return [_with_plain_units(item) for item in element]
    return element.replace("m²", "m2") if isinstance(element, str) else element


def _folders() -> list[Path]:
    return sorted(path for path in PROFILES.iterdir() if path.is_dir())


def _read(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]


def text(resource: dict[str, Any]) -> str:
    """Return a resource as the text of its file."""
    return orjson.dumps(resource, option=orjson.OPT_INDENT_2).decode() + "\n"


@cache
def _wanted() -> Mapping[str, str]:
    """The text of each generated profile by its path, with the order templates of the set
    ``default``."""
    engine = Engine(Settings(parameters="default", cards=()))
    return {
        f"{_PROFILES}/{profile['id']}.json": text(profile)
        for profile in _completed_profiles(engine)
    }


def _completed_profiles(engine: Engine) -> Iterator[dict[str, Any]]:
    """The generated profiles: those of results entirely, those of orders with their regimens."""
    for drug in DRUGS:
        yield with_regimens(_resource(f"{_PROFILES}/{drug}-order"), engine.publication.templates)
    for value_set, analyte in result_value_sets():
        before = f"{_PROFILES}/{value_set}-result"
        yield result_profile(
            _resource(f"value-sets/{value_set}"),
            analyte,
            engine.terminology.measured_as,
            _resource(before) if (PROFILES / f"{before}.json").exists() else {},
        )


def _resource(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PROFILES / f"{name}.json").read_text("utf-8"))
    return found


def stale(profiles: Path) -> Iterator[str]:
    """Yield the files under ``profiles`` whose generated part is out of date."""
    for name, wanted in sorted(_wanted().items()):
        path = profiles / name
        if not path.exists() or path.read_text("utf-8") != wanted:
            yield name


def write(profiles: Path) -> Iterator[str]:
    """Write the stale generated profiles under ``profiles``; yield the names of the files
    written."""
    for name in list(stale(profiles)):
        path = profiles / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_wanted()[name], "utf-8")
        yield name
