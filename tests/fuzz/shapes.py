"""What may stand in the place of an element, and putting it there. A mutation shares all that it does not change."""

from __future__ import annotations

import copy
import json
import re
from random import Random
from typing import Any

Path = tuple[str | int, ...]


def nested(depth: int, *, objects: bool = False) -> Any:
    """Lists (or objects) nested so deep."""
    value: Any = 1
    for _ in range(depth):
        value = {"a": value} if objects else [value]
    return value


def deep(depth: int, *, objects: bool) -> str:
    """A text in whose place :func:`as_bytes` writes what is nested so deep: Python itself cannot write it."""
    return f"@nested {depth} {'objects' if objects else 'lists'}@"


_DEEP = re.compile(rb'"@nested (\d+) (\w+)@"')


def _written(match: re.Match[bytes]) -> bytes:
    depth = int(match[1])
    begin, end = (b'{"a":', b"}") if match[2] == b"objects" else (b"[", b"]")
    return begin * depth + b"1" + end * depth


SURROGATE = "\ud800"
TYPES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    0.1,
    "",
    " ",
    "x",
    [],
    {},
    [[]],
    [None],
    [{}],
    [[], {}, None, "x", 1],
    {"": None},
    {"a": {}},
]
NUMBERS: list[Any] = [
    1e15,
    1e-15,
    -1e15,
    1e308,
    -1e308,
    5e-324,
    10**18,
    10**19,
    2**63,
    2**64,
    1e14,
    1e9,
    366,
    1000000,
    0.5,
    10**30,
    -0.0,
]
TEXTS: list[Any] = [
    "\u0000", "x" * 3000, "2026", "2026-13-45", "0000-00-00", "0001-01-01", "9999-12-31", "9999-12-31T23:59:60+14:00",
    "2026-11-22T10:00:00+99:99", "24:00", "NaN", "-Infinity", "1e999", "<", ">= 1 mg", "1,5", "٣", "#", "#m", "urn:uuid:x", "Patient/",
    "/", "Patient/pat-1/_history/", "https://[", "\ud7ff", "😀" * 50, SURROGATE, "a" + SURROGATE, "1" * 400, "9" * 4000 + " pg/mL", "mg",
    "http://127.0.0.1:9/fhir/Medication/1", "a", "wk", "completed", "stopped", "entered-in-error", "active", "amended", "B12", "cobalamin",
]  # fmt: skip
STRUCTURES: list[Any] = [
    {"resourceType": "Bundle"}, {"resourceType": []}, {"entry": None}, {"entry": [None, 1, "x", []]}, {"coding": {}},
    {"coding": [None, "x", {"system": 1, "code": []}]}, {"value": {}}, {"reference": ["Patient/pat-1"]}, {"value": nested(30)},
    {"system": ["http://loinc.org"], "code": {"a": 1}}, {"reference": "#" + "a" * 200}, {"value": 1e15, "code": "a", "unit": "years"},
]  # fmt: skip
DEEP = (200, 850, 900, 930, 962, 990, 1015)
_UNITS = ("s", "min", "h", "d", "wk", "mo", "a")
_EXTREMES = (1e15, 1e-15, 1e14, 1e9, 1e6, 1000, 1, 2, 0.5)
# Texts that an element may well have, and that change what others mean.
WORDS: dict[str, tuple[Any, ...]] = {
    "periodUnit": _UNITS,
    "status": (
        "active",
        "completed",
        "stopped",
        "draft",
        "on-hold",
        "final",
        "amended",
        "preliminary",
        "entered-in-error",
    ),
    "intent": ("order", "plan", "proposal", "reflex-order"),
    "comparator": ("<", "<=", ">", ">=", "ad"),
    "unit": ("mg", "ug", "mL", "tablet", "pg/mL", "pmol/L", "weeks", "years", "a"),
    "when": (["MORN", "NIGHT"], ["C"], ["MORN"] * 9),
}


def regimen(rng: Random) -> dict[str, Any]:
    """The repetition of a dosage, in numbers at the edge of what is read."""
    numbers = ("frequency", "frequencyMax", "period", "periodMax", "count", "countMax")
    found: dict[str, Any] = {name: rng.choice(_EXTREMES) for name in numbers if rng.random() < 0.5}
    found["periodUnit"] = rng.choice(_UNITS)
    if rng.random() < 0.3:
        found["boundsDuration"] = {"value": rng.choice(_EXTREMES), "code": rng.choice(_UNITS)}
    if rng.random() < 0.2:
        found["boundsPeriod"] = {"start": rng.choice(("0001-01-01", "2026-11-22", "9999-12-31"))}
    if rng.random() < 0.2:
        found["dayOfWeek"] = ["mon"] * rng.choice((1, 7, 400))
    return found


def odd(rng: Random, present: Any, path: Path = ("",)) -> Any:
    """Something odd to stand where ``present`` does; mostly of its type or of what FHIR might have there."""
    kind = rng.random()
    name = path[-1]
    if name in ("repeat", "timing") and kind < 0.5:
        repeat = regimen(rng)
        return repeat if name == "repeat" else {"repeat": repeat}
    if name in WORDS and kind < 0.4:
        return copy.deepcopy(rng.choice(WORDS[str(name)]))
    kind = rng.random()
    if kind < 0.35:
        return copy.deepcopy(rng.choice(TYPES))
    if kind < 0.55 or (
        kind < 0.75 and isinstance(present, (int, float)) and not isinstance(present, bool)
    ):
        return rng.choice(NUMBERS)
    if kind < 0.82:
        return rng.choice(TEXTS)
    if kind < 0.93:
        return copy.deepcopy(rng.choice(STRUCTURES))
    if kind < 0.97:
        return deep(rng.choice(DEEP), objects=rng.random() < 0.5)
    return [present] * rng.choice((2, 5, 50))


def places(value: Any, path: Path = ()) -> list[Path]:
    """The place of everything in a JSON value, itself excluded."""
    found: list[Path] = []
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in items:
        found.append((*path, key))
        found += places(item, (*path, key))
    return found


def at(value: Any, path: Path) -> Any:
    """What stands at a place."""
    for step in path:
        value = value[step]
    return value


def replaced(value: Any, path: Path, new: Any) -> Any:
    """``value`` with ``new`` at a place; only what is on the way there is copied."""
    if not path:
        return new
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[path[0]] = replaced(value[path[0]], path[1:], new)
    return changed


def without(value: Any, path: Path) -> Any:
    """``value`` without what stands at a place."""
    above = at(value, path[:-1])
    kept = (
        {k: v for k, v in above.items() if k != path[-1]}
        if isinstance(above, dict)
        else [*above[: path[-1]], *above[path[-1] + 1 :]]
    )
    return replaced(value, path[:-1], kept)


def mutated(value: Any, targets: list[Path], rng: Random) -> Any:
    """``value`` with one to four of its places made odd, dropped, wrapped or repeated."""
    for path in rng.choices(targets, k=rng.choice((1, 1, 1, 2, 2, 3, 4))):
        try:
            present = at(value, path)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier mutation took this place away
        kind = rng.random()
        if kind < 0.7:
            value = replaced(value, path, odd(rng, present, path))
        elif kind < 0.8:
            value = without(value, path)
        elif kind < 0.88:
            value = replaced(value, path, [present])
        elif isinstance(present, list):
            value = replaced(value, path, [*present, *present, odd(rng, None)])
        elif isinstance(present, dict):
            value = replaced(value, path, {**present, "added": odd(rng, None)})
        else:
            value = replaced(value, path, odd(rng, present, path))
    return value


def as_bytes(value: Any) -> bytes:
    """A JSON text; a lone surrogate is written as its escape."""
    return _DEEP.sub(_written, json.dumps(value).encode())
