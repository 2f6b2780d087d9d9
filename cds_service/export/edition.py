"""Canonical URLs and versions of what is handed over.

A url with a version names one content. The files of the project are those of the parameter set
``default``; what another set or a site's own folder says differs, and its version tells so after
the ``+`` (Semantic Versioning 2.0.0, item 10).
"""

from __future__ import annotations

from .. import __version__
from ..engine import Engine
from ..fhir.terminology import BASE
from ..rules.card import Card
from ..rules.shared_files import Package

PUBLISHER = "B12 and folate CDS"
# Nothing that is handed over has had a clinical validation, as the README says; whoever installs it
# must see that there too.
MATURITY = {"status": "draft", "experimental": True}
LIBRARY_ID = "b12-folate-facts"
CRITERIA_ID = "b12-folate-criteria"
CRITERIA_NAME = "B12FolateCriteria"
PATIENT = {
    "coding": [
        {"system": "http://hl7.org/fhir/resource-types", "code": "Patient", "display": "Patient"}
    ]
}


def package_of_site(engine: Engine) -> Package | None:
    """What the last folder of local cards that says so calls their definitions; none
    where no folder does."""
    return next((folder.package for folder in reversed(engine.folders) if folder.package), None)


def base_of(engine: Engine) -> str:
    """The base of the canonical URLs of what is made from the cards and
    parameters of ``engine``."""
    package = package_of_site(engine)
    return package.canonical if package else BASE


def edition(engine: Engine) -> tuple[str, ...]:
    """What the parameters are beyond those of the set ``default``: another set's name, the owners
    of local parameters."""
    return tuple(part for part in engine.parameter_set.split("+") if part != "default")


def version_of(version: str, *editions: str) -> str:
    """``version`` with what sets this edition apart: ``1.0.0+uk.st-elsewhere``; each part once."""
    number, _, owner = version.partition("+")
    parts = dict.fromkeys([*filter(None, [owner]), *editions])
    return f"{number}+{'.'.join(parts)}" if parts else number


def plan_canonical(card: Card, engine: Engine) -> str:
    """The canonical URL, with version, of a card's PlanDefinition."""
    return (
        f"{base_of(engine)}/PlanDefinition/{card.id}|{version_of(card.version, *edition(engine))}"
    )


def library_canonical(engine: Engine) -> str:
    """The canonical URL, with version, of the Library of facts and parameters."""
    return f"{base_of(engine)}/Library/{LIBRARY_ID}|{library_version(engine)}"


def library_version(engine: Engine) -> str:
    """The version of the Library: facts are code, so it is the software's."""
    return version_of(__version__, *edition(engine))


def criteria_canonical(engine: Engine) -> str:
    """The canonical URL of the Library of criteria. It names no version: what a site changes of one
    card changes the whole Library, and would change every other card's definition with it. A
    package has one version of it.

    It ends in the name that the Library has in CQL, by which CQL engines look for it.
    """
    return f"{base_of(engine)}/Library/{CRITERIA_NAME}"


def criteria_version(engine: Engine) -> str:
    """The version of the Library of criteria: it differs with the set and with every
    owner of local cards."""
    return version_of(
        __version__, *edition(engine), *(folder.owner for folder in engine.folders if folder.owner)
    )
