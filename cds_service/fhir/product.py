"""What a product is: its agents, its strength, and whether it is identified at all.

Source: clinical specification, section 2, "Codes" and "Dose, route, timing".
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from .once import once
from .product_forms import is_solid_form, route_of_form
from .product_sides import COBALAMINS as COBALAMINS
from .product_sides import FOLATES as FOLATES
from .routes import Route
from .strength import Strength

# They are ordered and given cycle by cycle, and folate is taken beyond the last dose.
CYCLIC_ANTIFOLATES = ("pemetrexed", "pralatrexate")
ANTIFOLATES = ("methotrexate", *CYCLIC_ANTIFOLATES)
COMBINATIONS = frozenset({"cobalamin-combination", "folate-combination"})
AGENTS = COBALAMINS | FOLATES | COMBINATIONS | frozenset({
    "cobalamin-antidote", "methotrexate", "pemetrexed", "pralatrexate", "digoxin", "loop-diuretic",
    "thiazide-diuretic", "antiarrhythmic", "metformin", "acid-suppressant", "anticoagulant",
    "nitrous-oxide",
})  # fmt: skip
ANTIDOTE_FROM = Decimal(2_500_000)  # micrograms: no product for deficiency holds more than 5 mg


@dataclass(frozen=True)
class Product:
    """A medication as recognised. ``by``: ``code``, ``name``, or ``""`` if nothing identifies it.

    ``label`` is its name; ``described`` joins its codes' displays and its names, which may state
    its form. ``agents`` is empty for a medication that is recognised and contains none of
    ``AGENTS``. ``identified`` is false if there is neither a code of a system that is read nor a
    name, or if the name can be read in two ways. ``cobalamins``: those it contains, alone or in a
    combination, as far as known. ``note``: words of its names that were not understood.
    ``applied_elsewhere``: to the eye or the skin, for instance, where a cobalamin treats no
    deficiency.
    """

    agents: frozenset[str]
    by: str
    label: str
    strength: Strength | None
    identified: bool = True
    described: str = ""
    cobalamins: frozenset[str] = frozenset()
    note: str = ""
    applied_elsewhere: bool = False

    @once
    def source_text(self) -> str:
        """Its name for the provenance of a fact, with how it was recognised and which words were
        not understood."""
        told = ["recognised by name"] if self.by == "name" else []
        told += [f"not understood: {self.note}"] if self.note else []
        return f"{self.label} ({'; '.join(told)})" if told else self.label

    @once
    def cobalamin(self) -> str:
        """The cobalamin of a product without other agents, or ``""``. If there are several,
        cyanocobalamin, which needs the most care."""
        if self.applied_elsewhere:
            return ""
        found = self.agents & COBALAMINS if not self.agents & COMBINATIONS else frozenset()
        return "cyanocobalamin" if "cyanocobalamin" in found else min(found, default="")

    @once
    def has_folate(self) -> bool:
        """Whether the product contains a folate, alone or combined."""
        return bool(self.agents & FOLATES) or "folate-combination" in self.agents

    @once
    def has_cobalamin(self) -> bool:
        """Whether the product contains a cobalamin, alone or combined. The antidote does not
        count."""
        return bool(self.agents & (COBALAMINS | {"cobalamin-combination"}))

    @once
    def made_for(self) -> Route | None:
        """The route of the form that its names state, or ``None`` if they state none."""
        return route_of_form(self.described)

    @once
    def is_solid(self) -> bool:
        """Whether its names state a solid form to swallow or suck, such as a tablet."""
        return is_solid_form(self.described)


def dose_matters(product: Product) -> bool:
    """Whether the dose of a product matters: it does for a cobalamin, a folate, and a product that
    is not identified."""
    return not product.identified or product.has_cobalamin or product.has_folate


def is_folate(product: Product, route: str | None) -> bool:
    """Whether a product taken by ``route`` counts as folate: leucovorin only by mouth, a
    combination only if the strength of its folate is stated."""
    if "leucovorin" in product.agents and route != "oral":
        return False
    return product.has_folate and (
        not product.agents & COMBINATIONS or product.strength is not None
    )
