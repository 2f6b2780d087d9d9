"""Which product codes, names and ingredients identify: by code, or else by name.

Source: clinical specification, section 2, "Codes" and "Dose, route, timing".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from .code_systems import ATC
from .placeholders import is_placeholder
from .product import AGENTS, ANTIDOTE_FROM, COBALAMINS, COMBINATIONS, FOLATES, Product
from .product_ingredients import Ingredient
from .product_name import ProductName, parse_product_name
from .strength import StatedQuantity, Strength, agreed_strength, strength_of_ratio
from .terminology import Terminology

_MOST = 20
# Real codes and names of a medication are short; the bound keeps hostile ones out of the cache.
_LONGEST = 300
_LONGEST_SYSTEM = 100
_LONGEST_READ = 2000  # no product has a longer name; a longer text is not read
_MOST_WORDS = 5
_NO_AGENTS: frozenset[str] = frozenset()
_WITH_COBALAMIN = COBALAMINS | {"cobalamin-antidote"}
_CYANO = re.compile(r"c[yi]ano")
# Length of an ATC code of the fifth level, which names one substance or combination.
_ATC_SUBSTANCE = 7


class IngredientPart(NamedTuple):
    """An active ingredient of a Medication as sent: its codes, its names, and the Ratio of its
    strength."""

    codes: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    numerator: StatedQuantity | None = None
    denominator: StatedQuantity | None = None


def identify(
    codes: tuple[tuple[str, str], ...],
    names: tuple[str, ...],
    ingredients: tuple[IngredientPart, ...],
    terminology: Terminology,
    form: str = "",
) -> Product:
    """The product that codes, names and ingredients identify. The result is cached if they are no
    longer than real ones.

    ``codes``: ``(system, code)``; ``names``: the text, then the displays; ``form``: the names of
    its form, which identify nothing. Never raises.
    """
    length, number = _length(codes, (*names, form)), len(codes)
    for part in ingredients:
        length += _length_of_part(part)
        number += 1 + len(part.codes)
    compute = _identify if length <= _LONGEST and number <= _MOST else _identify.__wrapped__
    return compute(codes, names, ingredients, terminology, form)


def _length(codes: tuple[tuple[str, str], ...], names: tuple[str, ...]) -> int:
    """The number of characters in codes and names. Of a code system, only those beyond
    ``_LONGEST_SYSTEM`` count."""
    length = sum(map(len, names))
    for system, code in codes:
        length += len(code) + max(0, len(system) - _LONGEST_SYSTEM)
    return length


def _length_of_part(part: IngredientPart) -> int:
    quantities = [
        quantity for quantity in (part.numerator, part.denominator) if quantity is not None
    ]
    return _length(part.codes, part.names) + sum(
        len(quantity.unit) + len(quantity.code) for quantity in quantities
    )


@lru_cache(maxsize=8192)
def _identify(
    codes: tuple[tuple[str, str], ...],
    names: tuple[str, ...],
    ingredients: tuple[IngredientPart, ...],
    terminology: Terminology,
    form: str,
) -> Product:
    parts_codes = tuple(code for part in ingredients for code in part.codes)
    parts_names = tuple(name for part in ingredients for name in part.names)
    all_codes, all_names = codes + parts_codes, names or parts_names
    coded = frozenset().union(*(terminology.sets_of(*code) for code in all_codes)) & AGENTS
    displays = [terminology.displays[code] for code in codes if terminology.displays.get(code)]
    read = _read((*names, *parts_names), terminology, whole=bool(coded))
    label = _label(names, ingredients, all_codes, terminology)
    if not (coded or ingredients or any(name.ingredients for name in read)):
        return _of_no_agent(label, codes, names, read, terminology)
    named = frozenset().union(*(name.meanings for name in read))
    agents, shown = coded or named & AGENTS, displays if coded else []
    by = "code" if coded else "name" if agents or all_names else ""
    of_codes = [parse_product_name(display, terminology.vocabulary) for display in shown]
    stated = _Stated([*of_codes, *read], _part_strengths(ingredients, terminology))
    cobalamins = _cobalamins(coded & COBALAMINS, stated.names)
    agents = agents - COBALAMINS | (cobalamins & agents)
    if _is_antidote(agents, stated):
        agents, cobalamins = (agents - COBALAMINS) | {"cobalamin-antidote"}, frozenset()
    elif combination := _combination(
        agents, named, cobalamins, all_codes, ingredients, stated.names, terminology
    ):
        agents = ((agents | named & AGENTS) - COBALAMINS) | {combination}
    return Product(
        agents,
        by,
        label,
        stated.strength(agents),
        _identified(all_codes, read, agents, terminology),
        " ".join((*shown, *all_names, form))[:_LONGEST_READ],
        cobalamins,
        _note(read, agents),
    )


def _of_no_agent(
    label: str,
    codes: tuple[tuple[str, str], ...],
    names: tuple[str, ...],
    read: list[ProductName],
    terminology: Terminology,
) -> Product:
    """A product without a sign of a relevant agent, as most are: nothing more is examined."""
    told = _identified(codes, read, _NO_AGENTS, terminology)
    described = " ".join(names)[:_LONGEST_READ]
    return Product(_NO_AGENTS, "name" if names else "", label, None, told, described)


def _label(
    names: tuple[str, ...],
    ingredients: Iterable[IngredientPart],
    codes: Iterable[tuple[str, str]],
    terminology: Terminology,
) -> str:
    """The name of the product: its own, those of its ingredients, or the display of its first known
    code."""
    label = names[0] if names else " / ".join(part.names[0] for part in ingredients if part.names)
    return label or next(filter(None, map(terminology.displays.get, codes)), "")


def _read(names: Iterable[str], terminology: Terminology, *, whole: bool) -> list[ProductName]:
    """The parsed names, without placeholders and those that are too long. A name without a word of
    the closed list is not parsed, unless ``whole``."""
    vocabulary = terminology.vocabulary
    return [
        parse_product_name(name, vocabulary)
        if whole or vocabulary.may_stand_in(name)
        else ProductName((), False, (), False, any(map(str.isalpha, name)))
        for name in names
        if len(name) <= _LONGEST_READ and not is_placeholder(name)
    ]


class _Stated(NamedTuple):
    """The parsed names, and the strengths of coded ingredients with the agents they mean."""

    names: list[ProductName]
    structured: list[tuple[frozenset[str], Strength]]

    def strength(self, agents: frozenset[str]) -> Strength | None:
        """The strength of a product of ``agents``; of a combination, that of its folate. ``None``
        if it is unstated or contradictory."""
        if agents & COMBINATIONS:
            return self._agreed(FOLATES)
        if agents & COBALAMINS:
            return self._of_cobalamins()
        return self._agreed(agents) or agreed_strength(self._all())

    def _of_cobalamins(self) -> Strength | None:
        """The strength of all cobalamins together, in a product without other agents."""
        totals = [total for name in self.names if (total := _total(name)) is not None]
        stated = totals + [strength for agents, strength in self.structured if agents & COBALAMINS]
        return agreed_strength(stated) if stated else agreed_strength(self._all())

    def _agreed(self, meanings: Iterable[str]) -> Strength | None:
        return agreed_strength(self._strengths(frozenset(meanings)))

    def _strengths(self, meanings: frozenset[str]) -> list[Strength]:
        in_names = [strength for name in self.names for strength in name.strengths_of(meanings)]
        return in_names + [strength for agents, strength in self.structured if agents & meanings]

    def _all(self) -> list[Strength]:
        return [strength for name in self.names for strength in name.strengths] + [
            strength for _, strength in self.structured
        ]


def _total(name: ProductName) -> Strength | None:
    """The strength of a name's cobalamins: the sum of several cobalamins; for several names of one,
    the strength on which they agree."""
    sums = []
    for bracket in {item.bracket for item in name.ingredients}:
        found = [
            item
            for item in name.ingredients
            if item.bracket == bracket and item.meanings & COBALAMINS and item.strengths
        ]
        each = [
            agreed_strength(
                strength for item in found if item.meanings == agent for strength in item.strengths
            )
            for agent in {item.meanings for item in found}
        ]
        read = [strength for strength in each if strength is not None]
        if read and len(read) == len(each) and len({strength.per_ml for strength in read}) == 1:
            sums.append(
                Strength(
                    sum((strength.micrograms for strength in read), Decimal(0)), read[0].per_ml
                )
            )
    return agreed_strength(sums)


def _part_strengths(
    ingredients: tuple[IngredientPart, ...], terminology: Terminology
) -> list[tuple[frozenset[str], Strength]]:
    found = []
    for part in ingredients:
        strength = strength_of_ratio(part.numerator, part.denominator)
        if strength is not None:
            found.append((_part_agents(part, terminology), strength))
    return found


def _part_agents(part: IngredientPart, terminology: Terminology) -> frozenset[str]:
    coded = (
        frozenset().union(*(terminology.sets_of(system, code) for system, code in part.codes))
        & AGENTS
    )
    return coded or frozenset().union(*(terminology.sets_named_in(name) for name in part.names))


def _cobalamins(coded: frozenset[str], names: list[ProductName]) -> frozenset[str]:
    """The cobalamins of a product, by code or else by name. "Vitamin B12" beside the name of
    another cobalamin means the vitamin, not cyanocobalamin."""
    found = [item for name in names for item in name.ingredients if item.meanings & COBALAMINS]
    named = frozenset().union(*(item.meanings for item in found)) & COBALAMINS
    others = named - {"cyanocobalamin"}
    if coded or not others or "cyanocobalamin" not in named:
        return coded or named
    if any(
        "cyanocobalamin" in item.meanings
        and (_CYANO.search(item.words) or _stands_beside(item, found))
        for item in found
    ):
        return named
    return others


def _stands_beside(vitamin: Ingredient, found: list[Ingredient]) -> bool:
    """Whether an ingredient called vitamin B12 has a strength of its own, beside another cobalamin
    that also has one."""
    if vitamin.meanings != {"cyanocobalamin"} or not vitamin.strengths:
        return False
    return any(
        item.bracket == vitamin.bracket and item.strengths and "cyanocobalamin" not in item.meanings
        for item in found
    )


def _is_antidote(agents: frozenset[str], stated: _Stated) -> bool:
    """Whether the product is the antidote to cyanide: by its code or name, or by a strength of at
    least ``ANTIDOTE_FROM`` of hydroxocobalamin."""
    strength = stated.strength(agents) if "hydroxocobalamin" in agents else None
    return "cobalamin-antidote" in agents or (
        strength is not None and not strength.per_ml and strength.micrograms >= ANTIDOTE_FROM
    )


def _combination(
    agents: frozenset[str],
    named: frozenset[str],
    cobalamins: frozenset[str],
    codes: tuple[tuple[str, str], ...],
    ingredients: tuple[IngredientPart, ...],
    names: list[ProductName],
    terminology: Terminology,
) -> str:
    """``cobalamin-combination`` for a product with another agent beside its cobalamins,
    ``folate-combination`` for one beside its folates and without a cobalamin, else ``""`` (clinical
    specification, section 2, "Codes")."""
    if "cobalamin-combination" in agents and not cobalamins:
        return "cobalamin-combination"
    family, combination = FOLATES, "folate-combination"
    if cobalamins:
        family, combination = _WITH_COBALAMIN, "cobalamin-combination"
    elif combination in agents or not agents & FOLATES:
        return ""
    if (agents | named) - family - {"cobalt"} or any(name.combined for name in names):
        return combination
    atc = [code for system, code in codes if system == ATC and len(code) == _ATC_SUBSTANCE]
    if any(not terminology.sets_of(ATC, code) & family for code in atc):
        return combination
    partners = len(ingredients) > 1 and any(
        _is_partner(part, family, terminology) for part in ingredients
    )
    return combination if partners else ""


def _is_partner(part: IngredientPart, family: frozenset[str], terminology: Terminology) -> bool:
    """Whether an ingredient is another agent than those of a family. A salt or a filler is none."""
    if _part_agents(part, terminology) & family:
        return False
    read = [parse_product_name(name, terminology.vocabulary) for name in part.names]
    return not read or any(name.ingredients for name in read)


def _identified(
    codes: tuple[tuple[str, str], ...],
    names: list[ProductName],
    agents: frozenset[str],
    terminology: Terminology,
) -> bool:
    """Whether codes or names identify the product: a code of a system that is read, or names that
    can be read in only one way."""
    if agents or any(code.strip() and terminology.reads(system) for system, code in codes):
        return True
    return any(name.has_letters for name in names) and not any(name.doubtful for name in names)


def _note(names: list[ProductName], agents: frozenset[str]) -> str:
    """The first words that were not understood in the names of a product with a known agent."""
    words = (
        dict.fromkeys(word[:30] for name in names for word in name.not_understood) if agents else {}
    )
    return ", ".join(list(words)[:_MOST_WORDS])
