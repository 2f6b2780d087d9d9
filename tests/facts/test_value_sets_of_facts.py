"""The value sets that a fact names as what it reads are those that it reads: none is missing."""

import pytest

from cds_service.content import PROFILES
from cds_service.facts.catalogue import CATALOGUE, closure
from cds_service.fhir.index import ResourceIndex
from cds_service.fhir.product_identification import _identify
from cds_service.fhir.product_tokens import Vocabulary
from cds_service.fhir.terminology import Terminology
from tests.facts.test_fact_declarations import REQUESTS, answers, computed
from tests.support.clinic import engine, facts_of
from tests.support.fhir_builders import condition

VALUE_SETS = {path.stem for path in (PROFILES / "value-sets").glob("*.json")}


def value_sets(name):
    return tuple(sorted(CATALOGUE[name].needs.value_sets))


def test_every_value_set_that_a_fact_names_exists():
    assert {name for fact in CATALOGUE for name in value_sets(fact)} <= VALUE_SETS


@pytest.mark.parametrize(
    ("fact", "wanted"),
    [
        ("b12.total", ("b12-total",)),
        ("egfr", ("creatinine", "egfr")),
        ("leber", ("leber", "leber-possible")),
        ("bariatric", ("bariatric", "bariatric-malabsorptive")),
        ("test.pending.folate", ("folate-red-cell", "folate-serum")),
        ("test.pending.creatinine", ("basic-metabolic-panel", "creatinine", "egfr")),
        (
            "b12.earlier_deficient",
            (
                "adenosylcobalamin",
                "b12-active",
                "b12-total",
                "cobalamin-combination",
                "cyanocobalamin",
                "folate-combination",
                "hydroxocobalamin",
                "mecobalamin",
                "pregnancy",
            ),
        ),
        ("metformin.long", ("metformin",)),
        (
            "session.folate",
            (
                "cobalamin-combination",
                "folate-combination",
                "folic-acid",
                "leucovorin",
                "levomefolate",
            ),
        ),
        (
            "patient.pregnant",
            (
                "not-pregnant-answer",
                "pregnancy",
                "pregnancy-possible",
                "pregnancy-status",
                "pregnant-answer",
            ),
        ),
    ],
)
def test_value_sets_are_those_that_the_fact_reads(fact, wanted):
    assert value_sets(fact) == wanted


@pytest.mark.parametrize(
    "fact", ["regimen.start", "order.clarification", "b12.status", "mma.level", "patient.age"]
)
def test_a_fact_that_reads_other_facts_or_no_codes_names_no_value_set(fact):
    """Some have the names of value sets in them: of facts (leber) or of order templates (mma)."""
    assert value_sets(fact) == ()


@pytest.mark.parametrize("request_name", REQUESTS)
def test_what_changes_without_a_value_set_names_it_or_reads_a_fact_that_does(
    request_name, monkeypatch
):
    """Each value set that occurs in the request is taken away in turn; whatever then changes must have named it."""
    met, dropped = set(), set()

    def watched(original):
        def sets(self, *arguments):
            found = original(self, *arguments)
            met.update(found)
            return frozenset(found) - dropped

        return sets

    def named(self, tokens, index, original=Vocabulary.match):
        match = original(self, tokens, index)
        met.update(match[:1] if match else ())
        return None if match and match[0] in dropped else match

    for method in ("sets_of", "sets_of_concept"):
        monkeypatch.setattr(Terminology, method, watched(getattr(Terminology, method)))
    monkeypatch.setattr(Vocabulary, "match", named)
    # What is taken away here was asked for all the same.
    monkeypatch.setattr(ResourceIndex, "_answers", lambda *_: True)
    terminology = engine("default").site.terminology
    assert isinstance(terminology, Terminology)
    seen = set()
    with_all = answers(computed(request_name, CATALOGUE))
    for value_set in sorted(met & VALUE_SETS):
        dropped.clear()
        dropped.add(value_set)
        _identify.cache_clear()
        without = answers(computed(request_name, CATALOGUE))
        changed = {name for name in CATALOGUE if without[name] != with_all[name]}
        seen.update(changed)
        assert not {
            name
            for name in changed
            if value_set not in {code for read in closure([name]) for code in value_sets(read)}
        }
    _identify.cache_clear()
    assert seen or request_name in ("nothing", "unknown age and sex", "a medication not known")


@pytest.mark.parametrize(
    ("code", "counts"),
    [("G63.4*", True), ("F02.8", True), ("G63.2", False), ("G63.1", False), ("H47.2", False)],
)
def test_a_neurological_feature_by_the_code_of_who(code, counts):
    problem = condition(code, system="http://hl7.org/fhir/sid/icd-10")
    assert facts_of(problem)["neuro.involvement"].holds is counts
