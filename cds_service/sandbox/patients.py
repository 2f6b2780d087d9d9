"""The handwritten made-up patients: one for each card, and a healthy one without a card.
``by_example`` adds to them."""

from __future__ import annotations

from typing import NamedTuple

from . import chart as c
from .chart import Entry


class Choice(NamedTuple):
    """A medicine in the list of the CDS Hooks Sandbox: its RxNorm code and its name in that
    list."""

    code: str
    name: str


class Person(NamedTuple):
    """A patient, the card that the record is meant for, the record and the draft order.

    ``age``: in years. ``card``: the card's id, ``""`` for none. ``order``: the draft order, for
    cards at ordering; ``choice``: the same order in the list of the CDS Hooks Sandbox, which has
    only tablets and capsules. ``stops``: the index in ``entries`` of a prescription that the
    draft order stops.
    """

    given: str
    family: str
    gender: str
    age: int
    card: str
    story: str
    entries: tuple[Entry, ...]
    order: Entry | None = None
    choice: Choice | None = None
    stops: int | None = None

    @property
    def id(self) -> str:
        """The id of the Patient resource."""
        return f"{self.given}-{self.family}".lower()


_FOLIC_ACID = Choice("310410", "Folic Acid 1 MG Oral Tablet")
_VITAMIN_B12 = Choice("309593", "Vitamin B 12 1 MG Oral Tablet")
_LITTLE_B12 = Choice("105686", "Vitamin B 12 0.05 MG Oral Tablet")

_FOLIC_ACID_DAILY = c.prescribed(c.FOLIC_ACID_1MG, c.ONE_A_DAY, 0, status="draft")
_B12_DAILY = c.prescribed(c.VITAMIN_B12_1MG, c.ONE_A_DAY, 0, status="draft")
_LITTLE_B12_DAILY = c.prescribed(c.VITAMIN_B12_50UG, c.ONE_A_DAY, 0, status="draft")
_LOADING = c.prescribed(c.HYDROXOCOBALAMIN, c.LOADING, 0, status="draft")
_MAINTENANCE = c.prescribed(c.HYDROXOCOBALAMIN, c.EVERY_3_MONTHS, 0, status="draft")

_PERNICIOUS_ANAEMIA = ("84027009", "Pernicious anaemia")
_PARAESTHESIA = ("309087008", "Tingling in both feet")
_PREGNANCY = ("77386006", "Pregnancy")
_SLEEVE_GASTRECTOMY = ("427074001", "Laparoscopic sleeve gastrectomy")
_ILEUM_RESECTED = ("1220548009", "Open resection of ileum for Crohn's disease")


def _injections(days_ago: int) -> Entry:
    """Injections every 3 months, prescribed ``days_ago`` days before today."""
    return c.prescribed(c.HYDROXOCOBALAMIN, c.EVERY_3_MONTHS, days_ago, apart=True)


_HEALTHY_BLOOD = (c.result("hb", 14.1, 9), c.result("mcv", 89, 9))
_HEALTHY = (
    c.result("b12", 480, 9),
    c.result("folate", 9.4, 9),
    *_HEALTHY_BLOOD,
    c.result("potassium", 4.2, 9),
)

# Patients whose order is missing from the CDS Hooks Sandbox's list come first, because other
# clients offer only the first dozen patients.
AT_ORDERING = (
    Person(
        "Harold", "Finch", "male", 74, "hypokalaemia-before-b12",
        "Potassium is very low, and loading with hydroxocobalamin is about to begin.",
        (c.result("b12", 95, 4), c.result("potassium", 2.7, 1)), _LOADING,
    ),
    Person(
        "Edith", "Lowe", "female", 81, "low-potassium-before-b12",
        "Potassium is a little low, and loading with hydroxocobalamin is about to begin.",
        (c.result("b12", 120, 4), c.result("potassium", 3.2, 1)), _LOADING,
    ),
    Person(
        "Arthur", "Pike", "male", 68, "potassium-monitoring",
        "Severe anaemia; loading with hydroxocobalamin is about to begin.",
        (c.result("b12", 88, 3), c.result("hb", 7.4, 2), c.result("mcv", 121, 2)), _LOADING,
    ),
    Person(
        "Beatrice", "Nolan", "female", 63, "b12-loading-missing",
        "B12 is low; maintenance injections are ordered without a loading course.",
        (c.result("b12", 110, 5), c.result("hb", 11.2, 5)), _MAINTENANCE,
    ),
    Person(
        "Walter", "Grant", "male", 77, "b12-bleeding-risk",
        "Takes warfarin; an intramuscular injection is ordered.",
        (c.result("b12", 118, 6), c.prescribed(c.WARFARIN, c.ONE_A_DAY, 90)), _LOADING,
    ),
    Person(
        "Florence", "Webb", "female", 70, "folate-after-b12",
        "Folate is low too; loading with hydroxocobalamin is about to begin.",
        (c.result("b12", 105, 3), c.result("folate", 1.6, 3)), _LOADING,
    ),
    Person(
        "George", "Marsh", "male", 66, "b12-stop-lifelong",
        "Has pernicious anaemia; the injections are being stopped.",
        (c.problem(*_PERNICIOUS_ANAEMIA, 1450),
         c.prescribed(c.HYDROXOCOBALAMIN, c.EVERY_3_MONTHS, 420)), stops=1,
    ),
    Person(
        "Margaret", "Hill", "female", 69, "folic-acid-b12-deficient",
        "Macrocytic anaemia with a low B12; folic acid alone is about to be prescribed.",
        (c.result("b12", 110, 3), c.result("folate", 8.2, 3), c.result("hb", 10.1, 3),
         c.result("mcv", 112, 3)),
        _FOLIC_ACID_DAILY, _FOLIC_ACID,
    ),
    Person(
        "Priya", "Nair", "female", 29, "folic-acid-add-b12",
        "Pregnant, with a low B12; folic acid is about to be prescribed, which she needs.",
        (c.problem(*_PREGNANCY, 60), c.result("b12", 110, 6), c.result("hb", 11.4, 6)),
        _FOLIC_ACID_DAILY, _FOLIC_ACID,
    ),
    Person(
        "Peter", "Long", "male", 58, "folic-acid-b12-unknown",
        "B12 was never measured; folic acid is about to be prescribed.",
        (c.result("hb", 11.8, 5), c.result("mcv", 103, 5)), _FOLIC_ACID_DAILY, _FOLIC_ACID,
    ),
    Person(
        "Ruth", "Abel", "female", 52, "folic-acid-await-b12",
        "B12 was requested yesterday; folic acid is about to be prescribed before the result.",
        (c.requested("b12", 1),), _FOLIC_ACID_DAILY, _FOLIC_ACID,
    ),
    Person(
        "Daniel", "Cole", "male", 31, "cyanocobalamin-leber",
        ("Has Leber's optic neuropathy; vitamin B12 tablets, which are cyanocobalamin, are about "
         "to be prescribed."),
        (c.problem("58610003", "Leber's hereditary optic neuropathy", 2200),), _B12_DAILY,
        _VITAMIN_B12,
    ),
    Person(
        "Joan", "Baker", "female", 72, "cyanocobalamin-renal",
        ("The kidneys work poorly; vitamin B12 tablets, which are cyanocobalamin, are about to be "
         "prescribed."),
        (c.result("egfr", 38, 20),), _B12_DAILY, _VITAMIN_B12,
    ),
    Person(
        "Simon", "Drew", "male", 47, "cobalamin-anaphylaxis",
        "Had anaphylaxis after cyanocobalamin; vitamin B12 tablets are about to be prescribed.",
        (c.allergy("419382002", "Cyanocobalamin: anaphylaxis", "high", 1500),), _B12_DAILY,
        _VITAMIN_B12,
    ),
    Person(
        "Nora", "Quinn", "female", 39, "cobalamin-allergy",
        "A rash after cyanocobalamin is on record; vitamin B12 tablets are about to be prescribed.",
        (c.allergy("419382002", "Cyanocobalamin: rash", "low", 1500),), _B12_DAILY, _VITAMIN_B12,
    ),
    Person(
        "Frank", "Osei", "male", 64, "b12-neuro-regimen",
        "B12 is low and the feet tingle; tablets are about to be prescribed.",
        (c.result("b12", 110, 4), c.problem(*_PARAESTHESIA, 70)), _B12_DAILY, _VITAMIN_B12,
    ),
    Person(
        "Grace", "Silva", "female", 55, "b12-oral-dose-low",
        "B12 is low; 50 micrograms a day are about to be prescribed.",
        (c.result("b12", 110, 4),), _LITTLE_B12_DAILY, _LITTLE_B12,
    ),
    Person(
        "Oscar", "Lind", "male", 71, "b12-duplicate",
        ("Has injections every 3 months; vitamin B12 tablets are about to be prescribed beside "
         "them."),
        (c.prescribed(c.HYDROXOCOBALAMIN, c.EVERY_3_MONTHS, 30), c.result("b12", 520, 30)),
        _B12_DAILY, _VITAMIN_B12,
    ),
    Person(
        "Helen", "Frost", "female", 60, "b12-sample-first",
        "B12 was never measured; vitamin B12 tablets are about to be prescribed.",
        (c.result("hb", 12.6, 12),), _B12_DAILY, _VITAMIN_B12,
    ),
    Person(
        "Lucy", "Hart", "female", 12, "b12-paediatric",
        "A child of 12 years; vitamin B12 tablets are about to be prescribed.",
        (), _B12_DAILY, _VITAMIN_B12,
    ),
)  # fmt: skip

ON_OPENING = (
    Person(
        "Eleanor", "Marsh", "female", 69, "b12-deficiency-untreated",
        "B12 was low last week, and nothing has been done.",
        (c.result("b12", 110, 6), c.result("hb", 11.0, 6)),
    ),
    Person(
        "Thomas", "Reed", "male", 67, "b12-deficiency-neuro",
        "B12 was low last week, and the feet tingle.",
        (c.result("b12", 110, 6), c.problem(*_PARAESTHESIA, 45)),
    ),
    Person(
        "Jack", "Moran", "male", 24, "nitrous-oxide-neuro",
        "Nitrous oxide was inhaled, the feet tingle, and B12 is normal.",
        (c.problem("73891003", "Megaloblastic anaemia after nitrous oxide", 20),
         c.problem(*_PARAESTHESIA, 15), c.result("b12", 480, 2)),
    ),
    Person(
        "Agnes", "Cross", "female", 83, "b12-folate-deficiency",
        "B12 and folate are both low.",
        (c.result("b12", 110, 6), c.result("folate", 1.5, 6)),
    ),
    Person(
        "Henry", "Stone", "male", 75, "b12-low-on-therapy",
        "Has had injections for more than a year, and B12 is still low.",
        (_injections(420), c.result("b12", 110, 6)),
    ),
    Person(
        "Clara", "Voss", "female", 58, "b12-cause-untreated",
        "Pernicious anaemia is on record, and no treatment.",
        (c.problem(*_PERNICIOUS_ANAEMIA, 700),),
    ),
    Person(
        "Robert", "Ames", "male", 70, "therapy-lapsed",
        "Has pernicious anaemia; the injections were stopped.",
        (c.problem(*_PERNICIOUS_ANAEMIA, 1450),
         c.prescribed(c.HYDROXOCOBALAMIN, c.EVERY_3_MONTHS, 420, status="stopped")),
    ),
    Person(
        "Irene", "Todd", "female", 44, "folate-deficiency-b12-unknown",
        "Folate is low, and B12 was never measured.",
        (c.result("folate", 1.5, 6),),
    ),
    Person(
        "Samuel", "Kerr", "male", 62, "response-inadequate",
        "Anaemic before treatment began 100 days ago, and still is.",
        (_injections(100), c.result("hb", 9.0, 100), c.result("hb", 9.1, 2)),
    ),
    Person(
        "Marion", "Yates", "female", 65, "b12-indeterminate-neuro",
        "B12 is neither low nor normal, and the feet tingle.",
        (c.result("b12", 250, 6), c.problem(*_PARAESTHESIA, 45)),
    ),
    Person(
        "Victor", "Hale", "male", 54, "b12-indeterminate",
        "B12 is neither low nor normal.",
        (c.result("b12", 250, 6),),
    ),
    Person(
        "Sylvia", "Penn", "female", 61, "b12-past-deficiency",
        "B12 was low more than a year ago; nothing is known since.",
        (c.result("b12", 110, 420),),
    ),
    Person(
        "Martin", "Boyd", "male", 48, "ileal-prophylaxis",
        "30 cm of ileum were removed; no B12 is given.",
        (c.operation(*_ILEUM_RESECTED, 900, resected=30),),
    ),
    Person(
        "Laura", "Fenn", "female", 41, "ileal-resection-length",
        "Ileum was removed; how much is not on record.",
        (c.operation(*_ILEUM_RESECTED, 900),),
    ),
    Person(
        "Diane", "Rowe", "female", 46, "bariatric-maintenance",
        "Had bariatric surgery; B12 is normal, and none is given.",
        (c.operation(*_SLEEVE_GASTRECTOMY, 800), c.result("b12", 480, 9)),
    ),
    Person(
        "Sofia", "Blanc", "female", 30, "bariatric-pregnancy",
        "Pregnant after bariatric surgery; B12 was not measured in this pregnancy.",
        (c.operation(*_SLEEVE_GASTRECTOMY, 900), c.problem(*_PREGNANCY, 60), _injections(420)),
    ),
    Person(
        "Philip", "Wood", "male", 59, "b12-test-indicated",
        "The red cells are large, and B12 was never measured.",
        (c.result("mcv", 112, 8), c.result("hb", 13.6, 8)),
    ),
    Person(
        "Anne", "Kent", "female", 37, "folate-deficiency",
        "Folate is low, and B12 is normal.",
        (c.result("folate", 1.5, 6), c.result("b12", 480, 6)),
    ),
    Person(
        "Edward", "Shaw", "male", 73, "monitoring-due",
        "Injections began 4 months ago; no blood count since.",
        (_injections(120),),
    ),
    Person(
        "Louise", "Bell", "female", 68, "homocysteine-above-target",
        "Injections began 4 months ago; homocysteine is still high.",
        (_injections(120), c.result("homocysteine", 14, 5), c.result("egfr", 88, 5)),
    ),
    Person(
        "Ernest", "Ford", "male", 79, "maintenance-interval",
        "Has injections every 3 months, and the feet still tingle.",
        (_injections(420), c.problem(*_PARAESTHESIA, 900), c.result("homocysteine", 8, 5)),
    ),
    Person(
        "Alice", "Gould", "female", 66, "response-reticulocytes",
        "Anaemic; the first injection was a week ago.",
        (_injections(7), c.result("hb", 9.0, 8)),
    ),
    Person(
        "Maya", "Stein", "female", 28, "pregnancy-intake",
        "Pregnant and vegan.",
        (c.problem(*_PREGNANCY, 60), c.problem("24930006", "Vegan diet", 2000)),
    ),
)  # fmt: skip

# No hook leads to a card for this patient, with or without the folic acid order.
HEALTHY = Person(
    "William",
    "Hope",
    "male",
    50,
    "",
    "Healthy: every result is normal.",
    _HEALTHY,
    _FOLIC_ACID_DAILY,
    _FOLIC_ACID,
)

PEOPLE = (*AT_ORDERING, *ON_OPENING, HEALTHY)
