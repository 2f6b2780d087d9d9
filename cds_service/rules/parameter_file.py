"""Reads the files of parameters: ``default.yaml`` of each folder, and a set's own file over it.

Each ``load`` raises an :class:`AuthoringError` with all mistakes found; each ``read`` notes them
and goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Mapping as AnyMapping
from decimal import Decimal
from typing import Any, NamedTuple

from ..authored_yaml.reader import Reader, meant
from ..authored_yaml.source import AuthoringError, Mapping, Mistakes, Place
from .grammar import TEXT, Key, form, in_code, one_of, read_keys
from .parameter_text import UNITS, parameter_words
from .shared_files import BASES, PARAMETERS, Folder, Override, read_file

# Above every limit, dose and number of days in use, but no more days than the calendar can count.
HIGHEST = 100_000
# How far, as a factor, rounding may move the values of one limit in its units apart.
MOST_APART = Decimal("1.15")
# The second limit may never be below the first: classes between them would be empty or reversed.
ASCENDING = (
    ("b12.total.deficient_below", "b12.total.sufficient_above"),
    ("b12.active.deficient_below", "b12.active.sufficient_above"),
    ("folate.serum.deficient_below", "folate.serum.sufficient_from"),
    ("potassium.severe_below", "potassium.low_below"),
    ("anaemia.severe_below", "anaemia.women"),
    ("anaemia.severe_pregnant_or_under_5", "anaemia.pregnant_below"),
    ("anaemia.pregnant_below", "anaemia.pregnant_none_from"),
    ("anaemia.women", "anaemia.men"),
    ("therapy.oral_from_dietary", "therapy.oral_from"),
    ("window.potassium", "window.potassium_recent"),
    ("monitoring.every", "monitoring.every_when_stable"),
    ("patient.childbearing_from", "patient.childbearing_to"),
    ("anaemia.pregnancy_unknown_from", "anaemia.pregnancy_unknown_to"),
    ("therapy.gap", "therapy.gap_unstated"),
)


class ParameterEntry(NamedTuple):
    """An entry of a parameter file: ``value`` is a number in ``unit``, a number for each unit, or
    the name of an order."""

    value: Any
    unit: str
    source: str
    basis: str
    note: str
    place: Place


def load_parameters(
    folders: Sequence[Folder], parameter_set: str, evidence: Collection[str]
) -> dict[str, ParameterEntry]:
    """The parameters of a set: ``default.yaml`` of each folder, with the set's own file over it.
    Raises :class:`AuthoringError`."""
    mistakes = Mistakes()
    found = read_parameters(folders, parameter_set, evidence, mistakes, [])
    mistakes.tell()
    return found


def read_parameters(
    folders: Sequence[Folder],
    parameter_set: str,
    evidence: Collection[str],
    mistakes: Mistakes,
    overrides: list[Override],
) -> dict[str, ParameterEntry]:
    """The parameters without mistaken entries; what a local folder overrides is added to
    ``overrides``."""
    found: dict[str, ParameterEntry] = {}
    for folder in folders:
        for name in dict.fromkeys(("default", parameter_set)):
            path = folder.root / PARAMETERS / f"{name}.yaml"
            if folder.owner and not path.exists():
                continue
            with mistakes.noting():
                changes = _parameter_file(read_file(path, folder), evidence, found, mistakes)
                if folder.owner:
                    overrides += [
                        Override(
                            (
                                f"{key} is {value_words(entry.value, entry.unit)}, not "
                                f"{value_words(found[key].value, entry.unit)}"
                            ),
                            entry.place,
                            found[key].place,
                        )
                        for key, entry in changes.items()
                    ]
                found.update(changes)
                _check_order(found, changes, mistakes)
    return found


def words_of(
    parameters: AnyMapping[str, ParameterEntry], order_titles: AnyMapping[str, str]
) -> dict[str, str]:
    """Each parameter as a text shows it. ``order_titles``: the titles of orders by id."""
    return {
        name: parameter_words(entry.value, entry.unit, order_titles)
        for name, entry in parameters.items()
    }


def value_words(value: Any, unit: str = "") -> str:
    """A parameter's value for a reader, as its file has it; a single number with its ``unit``."""
    if isinstance(value, dict):
        return ", ".join(f"{number} {each}" for each, number in value.items())
    return f"{value} {unit}".strip()


def _parameter_file(
    content: Mapping,
    evidence: Collection[str],
    known: AnyMapping[str, ParameterEntry],
    mistakes: Mistakes,
) -> dict[str, ParameterEntry]:
    found = {}
    for key in content:
        with mistakes.noting():
            if known and key not in known:
                raise AuthoringError(
                    content.at(key), f"there is no parameter {key!r}.", meant(key, known)
                )
            found[key] = _parameter_entry(content, key, evidence, known.get(key))
    return found


def _parameter_entry(
    content: Mapping, key: str, evidence: Collection[str], before: ParameterEntry | None
) -> ParameterEntry:
    mistakes = Mistakes()
    parts: dict[str, Any] = {}
    with mistakes.noting():
        parts = read_keys(
            _ParameterReader(mistakes, evidence, before), content[key], content.at(key), PARAMETER
        )
    mistakes.tell()
    return ParameterEntry(
        place=content.at(key), **{**parts, "unit": parts["unit"] or (before.unit if before else "")}
    )


class _ParameterReader(Reader):
    """Reads a parameter that replaces ``before``, if there is one."""

    def __init__(
        self, mistakes: Mistakes, evidence: Collection[str], before: ParameterEntry | None
    ):
        super().__init__(mistakes)
        self.vocabulary = evidence
        self._before = before

    def number(self, entry: Mapping, key: str) -> Any:
        """The value. One that replaces another has its form: the same units, a number for a number,
        a name for a name."""
        before = self._before.value if self._before else None
        value, place = entry.get(key), entry.at(key)
        if isinstance(before, dict) and (
            not isinstance(value, Mapping) or set(value) != set(before)
        ):
            wrong = (
                next((unit for unit in value if unit not in before), "")
                if isinstance(value, Mapping)
                else ""
            )
            mend = (
                meant(wrong, before)
                if wrong
                else (
                    "Write it as "
                    f"{{{', '.join(f'{unit}: {number}' for unit, number in before.items())}}}."
                )
            )
            at = value.at(wrong) if wrong and isinstance(value, Mapping) else place
            raise AuthoringError(
                at, f"this parameter needs a value in each of: {', '.join(before)}.", mend
            )
        if isinstance(before, str) and not isinstance(value, str):
            raise AuthoringError(
                place,
                f"this parameter must be a name, such as {before}.",
                "Write the id of an order.",
            )
        if isinstance(value, Mapping):
            for unit in value:
                _check_number(value[unit], value.at(unit))
            if isinstance(before, dict):
                _check_units(value, before)
        elif not isinstance(value, str) or isinstance(before, Decimal):
            _check_number(value, place)
        return value

    def unit(self, entry: Mapping, key: str) -> str:
        """The unit of a number; one that replaces another keeps its unit."""
        before = self._before.unit if self._before else None
        unit = self.one_of(entry, key, UNITS)
        if before is not None and unit != before:
            told = f"is measured in {before}" if before else "has no unit besides its value"
            raise AuthoringError(
                entry.at(key),
                f"this parameter {told}.",
                "Write the number in it, and leave 'unit' out.",
            )
        if not isinstance(entry.get("value"), Decimal):
            raise AuthoringError(
                entry.at(key), "only a single number can have 'unit'.", "Remove 'unit'."
            )
        return unit


PARAMETER = (
    Key(
        "value",
        form(_ParameterReader.number),
        (
            "a number; a number for each unit, which must be the same limit, `{ng/L: 200, pmol/L: "
            "148}`; or the name of an order"
        ),
        required=True,
    ),
    Key("source", one_of(lambda known: known), "a key of `evidence.yaml`", required=True),
    Key("basis", one_of(lambda known: BASES), in_code(BASES), required=True),
    Key(
        "unit",
        form(_ParameterReader.unit),
        (
            "the unit of a single number; a value that replaces another keeps its unit, so this "
            "can be left out"
        ),
    ),
    Key("note", TEXT, "a remark for readers"),
)


def _check_units(value: Mapping, before: AnyMapping[str, Decimal]) -> None:
    """Raise :class:`AuthoringError` unless a limit is about the same concentration in each of its
    units, by their ratio in the limit that it replaces."""
    first, *others = before
    for unit in others:
        asked = value[first] * before[unit] / before[first]
        if not asked / MOST_APART <= value[unit] <= asked * MOST_APART:
            what = f"{value[first]} {first} and {value[unit]} {unit} are not the same limit."
            raise AuthoringError(
                value.at(unit),
                what,
                (
                    f"{value[first]} {first} is about {asked:.3g} {unit}. Results in each unit are "
                    "compared with the limit in that unit."
                ),
            )


def _check_number(value: Any, place: Place) -> None:
    if not isinstance(value, Decimal) or not 0 <= value <= HIGHEST:
        told = repr(value) if isinstance(value, str) else "nothing" if value is None else str(value)
        raise AuthoringError(
            place,
            f"{told} is not a number from 0 to {HIGHEST}.",
            "Write the number alone; its unit is its key, or is under 'unit'.",
        )


def _check_order(
    parameters: AnyMapping[str, ParameterEntry],
    changes: AnyMapping[str, ParameterEntry],
    mistakes: Mistakes,
) -> None:
    for low, high in ASCENDING:
        changed = changes.get(low) or changes.get(high)
        if changed is None or low not in parameters or high not in parameters:
            continue
        below, above = (
            value if isinstance(value, dict) else {"": value}
            for value in (parameters[low].value, parameters[high].value)
        )
        if below.keys() != above.keys() or not all(
            isinstance(number, Decimal) for number in (*below.values(), *above.values())
        ):
            mistakes.note(
                AuthoringError(
                    changed.place,
                    f"{low} and {high} must be numbers in the same units.",
                    "Write both in the same units.",
                )
            )
            continue
        for unit in below:
            if below[unit] > above[unit]:
                told = (
                    f"{low} ({below[unit]} {unit}".rstrip()
                    + f") is above {high} ({above[unit]} {unit}".rstrip()
                    + ")."
                )
                mistakes.note(
                    AuthoringError(
                        changed.place,
                        told,
                        "Correct them: patients between the two would be in no class, or in two.",
                    )
                )
