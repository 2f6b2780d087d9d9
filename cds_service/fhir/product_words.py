"""Words in product names that name no ingredient: forms, routes, salts, fillers, packs, times and
little words.

They are removed from a name before its ingredients are identified (clinical specification, section
2). Words of German, French, Spanish, Italian and Dutch labels are included, without their accents.
Cations (calcium, magnesium) are not: beside a cobalamin they may be the other ingredient.
"""

from __future__ import annotations

from .form_words import FORM_WORDS
from .strength import COUNTED, MASS, VOLUME

_FORMS = """
acting alcohol aqueous brausetablette brausetabletten chew chewable chews coated conc
concentrate controlled cr delayed depot diluent disintegrating dispersible dissolving dr drag
dropper drops dt dye ec effervescent enteric er evohaler extended fast filled film free gel
gluten granules gtt hard immediate implant inf infusion iniettabile injec injectable injectie
injectievloeistof injection injections injektion injektionslosung inyeccion inyectable kit la
liq liquid long losung lyophilised lyophilized melt melts microneedle mini minims modified multi
multidose nasenspray nebules needle needles oil orodispersible pd pdr pellet powder pre
prefilled premix preservative pressurised prolonged pulver pwdr rapid rectal release released
retard sach sachets sf slow sol soln solucao solucion solution solutions soluzione solvent spray
sprays sr sterile strip strips sugar supp suppository susp suspension sustained syr tablettab
tincture topical transdermal trinkampulle trinkampullen tropfen unit use verstuiver water xr
"""
_ROUTES = """
by deep intramuscular intramuscularly intranasal intravenous intravenously nasal nose parenteral
per route slow subcut subcutaneous subcutaneously sublingual tongue under via
"""
_SALTS = """
acetaat acetat acetate acetato anhydrous base bitartrate chlorhydrate chloride citrate
clorhidrato cloridrato dihydrate dihydrochloride fumarate gluconate hci hcl hydrate hydrochlorid
hydrochloride hydrochlorure hydroclorido maleate monohydrate mononitrate nitrate phos phosphate
sulfate sulphate trihydrate
"""
_FILLERS = """
aqua d5w dextrose excipient excipients glucose lactose nacl natriumchlorid natriumchloride saline
"""
_PACKS = """
blister bot bottle bottles box boxes btl bulk carton container count cs ct dispenser dosepack ea
jar multipack n no nr op pack package packet packs pcs pieces pk qty refill st stk strength
strong stuck tub tube wallet x
"""
_TIMES = """
am bd bid breakfast daily day days dinner dosing evening every food hour hourly hours hr hs injected
loading maintenance meal meals month monthly months morning night od once pm prn qd qod take taken
tds then thereafter tid times twice week weekly weeks wk year years
"""
_LITTLE = """
a an approx approximately as at bp brand containing contains content corresponding das de der
des dfe die dietary du each either el elemental eq equal equiv equivalent equivalente eur for
form frac from fur generic has her his i ie il in into ip iu jp la le les lo mfr ne nf of on
only or otc oz per ph pro product products rae rx s suppl supplement supplements t the to u ui
units up use used usp
"""
PLAIN = (
    frozenset(f"{_FORMS} {_ROUTES} {_SALTS} {_FILLERS} {_PACKS} {_TIMES} {_LITTLE}".split())
    | FORM_WORDS
    | COUNTED
    | frozenset(MASS)
    | frozenset(VOLUME)
)
# Units after a number: those of no mass (units, molar amounts), and those that make it a rate.
OTHER_UNITS = frozenset({
    "billion", "cal", "cfu", "ie", "iu", "kcal", "kj", "meq", "million", "mio", "mmol", "mol", "mu",
    "nanogram", "nanograms", "ng", "nmol", "u", "ui", "umol", "unit", "units", "usp",
})  # fmt: skip
RATES = frozenset({
    "d", "dag", "day", "dia", "g", "gram", "h", "hour", "hr", "jour", "kg", "m2", "min", "mo",
    "month", "tag", "week", "wk",
})  # fmt: skip
JOINING = frozenset({"and", "plus", "with"})
# Spellings of the word vitamin on labels and in lists.
VITAMIN = frozenset(
    {
        "vit",
        "vitamin",
        "vitamina",
        "vitaminas",
        "vitamine",
        "vitamines",
        "vitamins",
        "vits",
        "witamina",
    }
)
