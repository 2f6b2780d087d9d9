"""The coverage of the card tests as text for a terminal, as JSON, and as an HTML page."""

from __future__ import annotations

import json
from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from .coverage import Covered, CoveredCard, Seen, percent, totals


def as_text(cards: Sequence[CoveredCard]) -> str:
    """Return a line for each card, followed by its one-sided criteria, and the totals."""
    lines = []
    for card in cards:
        lines.append(f"{card.id}: {card.both} of {len(card.criteria)}")
        for criterion in card.criteria:
            lines += [
                (
                    f"  {criterion.place}: {criterion.part} {criterion.criterion} "
                    f"({criterion.asks}): {how} [{', '.join(sets)}]"
                )
                for how, sets in _by_way(criterion).items()
            ]
    both, every = totals(cards)
    lines.append(f"{both} of {every} criteria seen to decide both ways ({percent(cards):.1f} %)")
    return "\n".join(lines)


def _by_way(criterion: Covered) -> dict[str, list[str]]:
    """Each way in which the criterion is one-sided, with the parameter sets concerned."""
    ways: dict[str, list[str]] = {}
    for name, seen in criterion.one_sided.items():
        ways.setdefault(one_sided_text(seen), []).append(name)
    return ways


def one_sided_text(seen: Seen) -> str:
    """Say which outcome of a criterion the tests never saw."""
    if seen.held:
        return "always seen to hold"
    return "never seen to hold" if seen.did_not_hold or seen.unknown else "never seen"


def as_json(cards: Sequence[CoveredCard]) -> str:
    """Return the percentage, and for each criterion of each card how often the tests of each
    parameter set saw each outcome."""
    return json.dumps(
        {
            "percent": round(percent(cards), 1),
            "cards": [
                {
                    "id": card.id,
                    "both": card.both,
                    "of": len(card.criteria),
                    "criteria": list(map(_criterion, card.criteria)),
                }
                for card in cards
            ],
        },
        indent=2,
    )


def _criterion(criterion: Covered) -> dict[str, object]:
    sets = {
        name: {
            "held": seen.held,
            "did_not_hold": seen.did_not_hold,
            "unknown": seen.unknown,
            "both": seen.both,
        }
        for name, seen in criterion.sets.items()
    }
    return {
        "id": criterion.criterion,
        "part": criterion.part,
        "asks": criterion.asks,
        **criterion.place._asdict(),
        "both": not criterion.one_sided,
        "parameter_sets": sets,
    }


def _alike(criterion: Covered) -> list[tuple[str, Seen]]:
    """The counts of a criterion, with parameter sets of equal counts combined."""
    names: dict[Seen, list[str]] = {}
    for name, seen in criterion.sets.items():
        names.setdefault(seen, []).append(name)
    return [(", ".join(sets), seen) for seen, sets in names.items()]


def as_html(cards: Sequence[CoveredCard]) -> str:
    """Return a self-contained page of every criterion of every card that makes one-sided ones stand
    out."""
    environment = Environment(
        loader=PackageLoader("cds_service.authoring"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(one_sided=one_sided_text, alike=_alike)
    both, every = totals(cards)
    return environment.get_template("coverage.html").render(
        cards=cards, both=both, every=every, percent=percent(cards)
    )
