"""The canonical URL of the code system that a client names in ``Coding.system``.

Usual variants are normalised (clinical specification, section 2): https for http, capital letters,
``www.``, a closing slash or ``#``, a version after ``|``, ``/version/`` or a slash, an edition of
SNOMED CT, OIDs with or without ``urn:oid:``, the URLs of FHIR STU3 for the tables of HL7 v2 and v3,
and the names of national modifications of ICD-10 and ATC. ``docs/code-systems.md`` names the source
of each.
"""

from __future__ import annotations

import re
from functools import lru_cache

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
ICD_10 = "http://hl7.org/fhir/sid/icd-10"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
UNITS_OF_MEASURE = "http://unitsofmeasure.org"
NDC = "http://hl7.org/fhir/sid/ndc"
DMD = "https://dmd.nhs.uk"
OPCS_4 = "https://fhir.hl7.org.uk/CodeSystem/OPCS-4"
NCI_THESAURUS = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"
EDQM = "http://standardterms.edqm.eu"
NPU = "http://npu-terminology.org"
OWN = "https://b12-folate-cds.example.org/fhir/CodeSystem/b12-folate-cds"
_THO = "http://terminology.hl7.org/CodeSystem"
V2_ROUTES = f"{_THO}/v2-0162"
V3_ROUTES = f"{_THO}/v3-RouteOfAdministration"
V3_INTERPRETATION = f"{_THO}/v3-ObservationInterpretation"
V3_TIMES = f"{_THO}/v3-GTSAbbreviation"

# The canonical URL of each code system, with the OIDs and other URLs that mean it. National
# modifications of ICD-10 keep the meaning of WHO's codes and subdivide some. ICD-10-CM does not
# keep it, so it has value sets of its own.
CODE_SYSTEMS: dict[str, tuple[str, ...]] = {
    LOINC: ("2.16.840.1.113883.6.1",),
    SNOMED: ("2.16.840.1.113883.6.96",),
    RXNORM: ("2.16.840.1.113883.6.88",),
    ATC: (
        "2.16.840.1.113883.6.73",
        "http://fhir.de/CodeSystem/bfarm/atc",
        "http://fhir.de/CodeSystem/dimdi/atc",
    ),
    ICD_10: (
        "2.16.840.1.113883.6.3",
        f"{_THO}/icd10",
        "2.16.840.1.113883.6.260",
        f"{_THO}/ICD-10DualCoding",
        "2.16.840.1.113883.6.3.1",
        f"{_THO}/icd10ae",
        "2.16.840.1.113883.6.3.2",
        f"{_THO}/ICD10dut",
        "http://hl7.org/fhir/sid/icd-10-nl",
        "2.16.840.1.113883.6.3.3",
        f"{_THO}/dmdICD10",
        "2.16.840.1.113883.6.94",
        f"{_THO}/icd10-CA",
        "http://hl7.org/fhir/sid/icd-10-ca",
        "2.16.840.1.113883.6.135",
        "http://hl7.org/fhir/sid/icd-10-am",
        "1.2.276.0.76.5.409",
        "http://fhir.de/CodeSystem/bfarm/icd-10-gm",
        "http://fhir.de/CodeSystem/dimdi/icd-10-gm",
        "https://termgit.elga.gv.at/CodeSystem/icd-10-bmsgpk",
        "1.2.752.116.1.1.1.1.3",
        "http://hl7.org/fhir/sid/icd-10-se",
        "2.16.578.1.12.4.1.1.7110",
        "1.2.246.537.6.1",
        "https://fhir.ee/CodeSystem/rhk-10",
        "https://smt.esante.gouv.fr/terminologie-cim-10",
        "http://hl7.org/fhir/sid/icd-10-uk",
    ),
    ICD_10_CM: ("2.16.840.1.113883.6.90", f"{_THO}/icd10CM"),
    UNITS_OF_MEASURE: ("2.16.840.1.113883.6.8",),
    NDC: ("2.16.840.1.113883.6.69",),
    DMD: (),
    OPCS_4: (),
    NCI_THESAURUS: ("2.16.840.1.113883.3.26.1.1", "http://ncithesaurus-stage.nci.nih.gov"),
    EDQM: ("0.4.0.127.0.16.1.1.2.1",),
    NPU: (),
    OWN: (),
    V2_ROUTES: ("2.16.840.1.113883.18.80", "2.16.840.1.113883.12.162"),
    V3_ROUTES: ("2.16.840.1.113883.5.112",),
    V3_INTERPRETATION: (
        "2.16.840.1.113883.5.83",
        f"{_THO}/v2-0078",
        "2.16.840.1.113883.12.78",
    ),
    V3_TIMES: ("2.16.840.1.113883.5.1022",),
}

# No code system has a longer URL; the bound keeps hostile strings out of the cache.
_LONGEST = 200
_SCHEME = re.compile(r"https?://(?:www\.)?", re.IGNORECASE)
_OID = re.compile(r"(?:urn:oid:)?([0-2](?:\.(?:0|[1-9][0-9]*))+)\Z", re.IGNORECASE)
# A version at the end: a number, a date, an edition of SNOMED CT, or the year in the
# name of an edition.
_VERSION = re.compile(r"(?:/version/.*|/v?[0-9][0-9.-]*|-20[0-9]{2})\Z", re.IGNORECASE)
# The URLs of FHIR STU3 for the tables of HL7 v2 and v3; R4 has them under terminology.hl7.org.
_STU3_TABLE = re.compile(r"hl7\.org/fhir/(v[23])/(?:cs/)?([^/]+)\Z", re.IGNORECASE)


def canonical_system(system: str) -> str:
    """The URL of the code system that ``system`` means, as the value sets write it.

    An unlisted system keeps its name, with these changes: surrounding blanks, a version after ``|``
    and a closing slash or ``#`` are dropped, a URL gets ``http`` and a lower-case host, and a bare
    OID becomes ``urn:oid:…``. Two names of one code system become equal; names of different code
    systems never do (clinical specification, section 2, "Codes").
    """
    return _canonical(system) if len(system) <= _LONGEST else system


@lru_cache(maxsize=2048)
def _canonical(system: str) -> str:
    name = system.partition("|")[0].strip()
    # Removing a closing slash may uncover a blank at the end, and removing the blank another slash.
    while (shorter := name.rstrip("/#").rstrip()) != name:
        name = shorter
    if oid := _OID.match(name):
        return _BY_OID.get(oid[1], f"urn:oid:{oid[1]}")
    scheme = _SCHEME.match(name)
    if not scheme:
        return name
    bare = name[scheme.end() :]
    known = _known(bare)
    if known:
        return known
    if table := _STU3_TABLE.match(bare):
        return (
            _known(f"terminology.hl7.org/CodeSystem/{table[1]}-{table[2]}")
            or f"{_THO}/{table[1].lower()}-{table[2]}"
        )
    host, slash, path = name.partition("://")[2].partition("/")
    return f"http://{host.lower()}{slash}{path}"


def _known(bare: str) -> str:
    """The listed code system that ``bare`` (a URL without its scheme) names, with or without a
    version; ``""`` if there is none."""
    key = bare.casefold()
    while key not in _BY_URL:
        shorter = _VERSION.sub("", key)
        if shorter == key:
            return ""
        key = shorter
    return _BY_URL[key]


def _bare(url: str) -> str:
    return _SCHEME.sub("", url).casefold()


_BY_OID = {
    name: system for system, names in CODE_SYSTEMS.items() for name in names if _OID.match(name)
}
_BY_URL = {
    _bare(name): system
    for system, names in CODE_SYSTEMS.items()
    for name in (system, *names)
    if _SCHEME.match(name)
}
