"""The words for the form of a product, in one table: whether it is injected, swallowed or applied,
and which forms are pieces to swallow or suck.

The words are those of RxNorm, dm+d, AMT and EDQM, the abbreviations of US and German lists, and
those of German, French, Spanish, Portuguese, Italian and Dutch labels, in small letters without
accents.
"""

from __future__ import annotations

from typing import NamedTuple


class FormWords(NamedTuple):
    """The words for one kind of form.

    ``words`` count only whole. ``parts`` count wherever they stand, as in "Injektionslösung" and
    "Filmtabletten": they are too long to stand in another word by chance.
    """

    words: frozenset[str]
    parts: tuple[str, ...] = ()

    def stand_in(self, text: str, words: frozenset[str]) -> bool:
        """Whether a text, or its ``words``, state a form of this kind."""
        return not words.isdisjoint(self.words) or self.is_part_of(text)

    def is_part_of(self, text: str) -> bool:
        """Whether one of the ``parts`` stands in a text."""
        return any(part in text for part in self.parts)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


INJECTIONS = FormWords(
    _words("ilo iil inj injlsg iny shot shots"),
    ("injec", "injek", "injet", "injiz", "iniett", "iniez", "inyec", "infusi", "perfusi",
     "intramusc", "intra-musc", "intramusk", "intraven", "intra-ven", "intravein", "intra-vein",
     "endoven", "subcut", "sub-cut", "subkut", "souscut", "sous-cut", "sottocut", "intraderm",
     "intra-derm", "parenter"),
)  # fmt: skip
# Beside a solid form these mean something else: SC is "sugar-coated", "im" is German for "in the".
INJECTION_ROUTES = FormWords(_words("im iv sc sq subq"))
SOLIDS = FormWords(
    _words("""
    cap capletas caplet caplets caps capsula capsulas capsule capsules compr compressa compresse
    comprime comprimes comprimido comprimidos confetti confetto cp cpr cps dragee dragees drg
    filmtablette filmtabletten filmtbl fta ftbl gelcap gelcaps gelule gelules gragea grageas gummies
    gummy hkp kaplet kaplets kaps kapsel kapseln kps lozenge lozenges loz lutschtablette
    lutschtabletten odt pastiglia pastiglie pastilla pastillas pastille pastilles pil pill pille
    pillen pillola pillole pills pilule pilules softgel softgels tab tabl tablet tableta tabletas
    tablets tablett tablette tabletten tabs tbl troche troches wkp
    """),
    ("tablet", "kapsel", "capsul", "caplet", "softgel", "gelcap", "lozenge", "dragee", "comprimid",
     "pastill", "pastigli"),
)  # fmt: skip
ORALS = FormWords(
    _words("""
    bebible bevibile buccal buvable buvables drank elixir jarabe mouth oral orale oraler orales
    orally sciroppo sirop sirup stroop syrop syrup xarope
    """),
    ("sublingual", "sub-lingual", "orodispers", "oromucos", "peroral", "chew", "trink",
     "effervescen"),
)  # fmt: skip
NASALS = FormWords(frozenset(), ("nasal", "nasensp", "neusspray"))
APPLIED = FormWords(
    _words("""
    cerotto cream crema creme parche parches patch patches pflaster pomada pomata pommade salbe zalf
    """),
    ("eye drop", "eye-drop", "eyedrop", "ophthalm", "augentropf", "augensalb", "oogdruppel",
     "collyre", "collirio", "colirio", "ointment", "lotion", "topical", "transderm",
     "suppositor"),
)  # fmt: skip
# Beside an ampoule, these may be part of a maker's name ("S.L."), as may abbreviated solid forms.
ORAL_ROUTES = FormWords(_words("po sl subl"))
# What they hold is injected, unless a word in full says otherwise ("oral syringe", "Trinkampulle").
CONTAINERS = FormWords(
    _words("""
    amp ampola ampolas ampolla ampollas ampolleta ampolletas ampoule ampoules amps ampul ampule
    ampules ampulle ampullen ampuls carpule cartridge cartridges fertigspritze fertigspritzen fiala
    fiale jeringa jeringas mdv pen pens sdv seringue seringues siringa siringhe spritze spritzen
    spuit spuiten syringe syringes vial viales vials
    """),
    ("ampoul", "ampull", "syringe", "seringue", "siring", "spritze", "stechflasche"),
)
FORM_WORDS = frozenset().union(
    *(
        each.words
        for each in (
            INJECTIONS,
            INJECTION_ROUTES,
            SOLIDS,
            ORALS,
            ORAL_ROUTES,
            NASALS,
            APPLIED,
            CONTAINERS,
        )
    )
)
