"""The codes of the project's clinical fact base of 2026-11-22, by section and by how they were verified.

The fact base is kept outside the repository. Its codes are copied here, so that the value sets can be held against them;
the wording, the value sets and the reasons are the project's own. A code that ends in ``.x`` there stands for all codes below it.
"""

from __future__ import annotations

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD_10 = "http://hl7.org/fhir/sid/icd-10"
DMD = "https://dmd.nhs.uk"
INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
OPCS = "https://fhir.hl7.org.uk/CodeSystem/OPCS-4"

Codes = dict[str, dict[str, str]]

# Section → system → value set → codes that a source was read for.
VERIFIED: dict[str, dict[str, Codes]] = {
    "1.1": {
        LOINC: {
            "b12-total": "2132-9 14685-2 35201-3",
            "b12-active": "72160-5",
            "mma": "13964-2",
            "homocysteine": "13965-9",
            "folate-serum": "2284-8 14732-2",
            "folate-red-cell": "2283-0 14731-4",
            "hb": "718-7 20509-6 30350-3 30313-1 30352-9 59260-0",
            "mcv": "30428-7",
            "reticulocytes": "60474-4 14196-0 40665-2 17849-1 4679-7",
            "potassium-laboratory": "2823-3",
            "potassium-point-of-care": "6298-4 39789-3 32713-0 39790-1 41656-0 77142-8",
            "creatinine": "2160-0 14682-9 38483-4 35203-9",
            "egfr": "33914-3 77147-7 48642-3 50044-7 50210-4",
            "platelets": "777-3 26515-7",
            "leukocytes": "6690-2 26464-8",
            "intrinsic-factor-antibody": "31444-3 31443-5",
            "parietal-cell-antibody": "8087-9 40960-7 14241-4 26969-6",
            "tissue-transglutaminase-antibody": "31017-7 46128-5",
        }
    },
    "1.3": {
        INTERPRETATION: {
            "positive-answer": "POS",
            "negative-answer": "NEG",
            "equivocal-answer": "IND",
        }
    },
    "4.1": {
        RXNORM: {
            "cyanocobalamin": "11248 309594 309611 244997",
            "hydroxocobalamin": "317106",
            "cobalamin-antidote": "700499",
            "cobalamin-allergy": "11248 309594 317106 700499",
            "potassium-chloride": "8591",
            "metformin": "6809",
            "acid-suppressant": "7646 283742 17128 40790 816346 4278 2541",
            "b12-lowering-drug": "2683 38404",
            "methotrexate": "6851 105585",
            "nitrous-oxide": "7486",
            "folate-lowering-drug": "8183 72236 40254 10829 10831 9524",
            "anticoagulant": "11289 1364430",
        }
    },
    "4.2": {
        ATC: {
            "cyanocobalamin": "B03BA01 B03BA02",
            "hydroxocobalamin": "B03BA03",
            "adenosylcobalamin": "B03BA04",
            "mecobalamin": "B03BA05",
            "cobalamin-combination": "B03BA51 B03BA53",
            "cobalamin-allergy": "B03BA01 B03BA02 B03BA03 B03BA04 B03BA05 B03BA51 B03BA53",
            "folic-acid": "B03BB01",
            "folate-combination": "B03BB51",
        },
        DMD: {
            "hydroxocobalamin": "327529002 10048511000001107",
            "cyanocobalamin": "30010009",
            "mecobalamin": "18132411000001100",
            "cobalamin-allergy": "327529002 10048511000001107 30010009 18132411000001100",
            "folic-acid": "6247001",
            "folate-combination": "418777000 419441003 418558000 420207003",
        },
        SNOMED: {
            "hydroxocobalamin": "409258004",
            "cyanocobalamin": "419382002",
            "mecobalamin": "259512006",
            "cobalamin-allergy": "409258004 419382002 259512006",
            "folic-acid": "63718003",
        },
    },
    "4.3": {
        SNOMED: {
            "b12-diagnosed": "190634004 64117007 84027009 1153333001 234362006 49472006 267517008 44910003 717947009 1171357005"
            " 1153353002 1153409008 191142007 26333003 735452003 234360003 78997000 191154007 60576007 1186880002 192817003"
            " 762297005 1142087002 234363001 234361004 191139001",
            "pernicious-anaemia": "84027009 1153333001 234362006 191139001",
            "dietary-b12-deficiency": "267517008 44910003 234360003 78997000",
            "drug-induced-b12-deficiency": "717947009",
            "hereditary-cobalamin-disorder": "735452003 1142087002 68700003 234363001 234361004 234362006 191142007 26333003",
            "folate-deficiency-anaemia": "85649008 191148006 191149003 267518003 191154007",
            # The fact base files 91217009 under B12; the name that was read, megaloblastic anaemia due to pregnancy, does not.
            "macrocytic-anaemia": "83414005 53165003 91217009",
            "nitrous-oxide-exposure": "73891003 1105051000000102",
            "neurological-features": "91019004 309086004 309087008 62507009 44077006 386033004 302226006 42345000 20262006 85102008"
            " 445458007 25136009 22325002 394616008 130980003 386806002 386807006 52448006 60576007 1105051000000102 1186880002"
            " 192817003 762297005 77157004 82108004 76976005",
            "leber": "58610003 194045006",
            "glossitis": "45534005",
            "hypokalaemia": "43339004",
            "bariatric": "430715008 427074001 87604009 427980007 443906008 30803004 24883002 267010000 100841000119109",
            "bariatric-malabsorptive": "427074001 87604009 427980007 443906008 24883002",
            "total-gastrectomy": "26452005 708987006 439878001 1153353002",
            "ileal-resection": "307193005 359587007 1220548009 1220549001 173947001 173948006 173949003 173950003",
            "crohn-ileum": "38106008 196977009",
            "coeliac-disease": "396331005",
            "ckd-3-to-5": "433144002 700378005 700379002 431857002 433146000 46177005",
            "dialysis": "236435004 105502003 302497006 265764009",
            "diabetic-nephropathy": "127013003 236500003 236499007",
            "pregnancy": "77386006 100841000119109 91217009",
            "lactation": "1260078007 1258999009 866041003",
        }
    },
    "4.4": {
        ICD_10_CM: {
            "b12-diagnosed-if-named": "E53.8",
            "b12-diagnosed": "D51.0 D51.1 D51.2 D51.3 D51.8 D51.9",
            "pernicious-anaemia": "D51.0",
            "dietary-b12-deficiency": "D51.3",
            "hereditary-cobalamin-disorder": "D51.1 D51.2",
            "folate-deficiency-anaemia": "D52.0 D52.1 D52.8 D52.9",
            "macrocytic-anaemia": "D53.1",
            "neurological-features": "G32.0 G63 G99.2 R20.0 R20.1 R20.2 R20.3 R20.8 R20.9 R26.0 R26.2 R26.81 R26.89 R26.9 R27.0"
            " G31.84 R41.3 R41.81 R41.89 F02.80 F03.90 F06.70 H46.2 H46.3 H47.20",
            "leber-possible": "H47.22",
            "glossitis": "K14.0 K14.4 K14.6",
            "bariatric": "Z98.84 O99.840 O99.841 O99.842 O99.843 O99.844 O99.845",
            "crohn-ileum": "K50.00 K50.011 K50.019",
            "coeliac-disease": "K90.0",
            "intestinal-b12-loss": "K63.8211 K63.8212 K63.8219 K90.2 B70.0",
            "ckd-3-to-5": "N18.30 N18.31 N18.32 N18.4 N18.5 N18.6",
            "dialysis": "Z99.2",
            "diabetic-nephropathy": "E10.21 E10.22 E11.21 E11.22 E13.21 E13.22 E08.21 E09.21",
            "pregnancy": "Z33.1 Z34.00 Z34.91 O09.10 O09.93 O99.011 O99.019",
            "lactation": "Z39.1",
            "stomach-cancer": "C16.0 C16.9 Z85.028",
            "needle-phobia": "F40.231",
            "nitrous-oxide-exposure": "F18.10 F18.99 T41.0X5A",
            "haemolysis": "D55.0 D56.1 D57.00 D57.1 D57.20 D57.40 D57.80 D58.0 D59.10",
            "thrombocytopenia": "D69.6",
            "hypokalaemia": "E87.6",
        },
        ICD_10: {
            "b12-diagnosed-if-named": "E53.8",
            "b12-diagnosed": "D51.0 D51.1 D51.2 D51.3 D51.8 D51.9",
            "pernicious-anaemia": "D51.0",
            "dietary-b12-deficiency": "D51.3",
            "hereditary-cobalamin-disorder": "D51.1 D51.2",
            "folate-deficiency-anaemia": "D52.0 D52.1 D52.8 D52.9",
            "macrocytic-anaemia": "D53.1",
            "neurological-features": "G32.0 G63 G99.2 R20.0 R20.1 R20.2 R20.3 R20.8 R26.0 R26.2 R27.0 R41.3 F06.7",
            "glossitis": "K14.0 K14.4 K14.6",
            "crohn-ileum": "K50.0",
            "coeliac-disease": "K90.0",
            "intestinal-b12-loss": "K90.2 B70.0",
            "ckd-3-to-5": "N18.3 N18.4 N18.5",
            "dialysis": "Z99.2",
            "lactation": "Z39.1",
            "stomach-cancer": "C16.0 C16.9",
            "haemolysis": "D55.0 D56.1 D57.0 D57.1 D57.2 D57.8 D58.0 D59.1",
            "thrombocytopenia": "D69.6",
            "hypokalaemia": "E87.6",
        },
        OPCS: {"bariatric": "G28.4 G28.5", "bariatric-malabsorptive": "G28.4 G28.5"},
    },
    "5": {
        LOINC: {"blood-count-panel": "58410-2 57021-8", "basic-metabolic-panel": "24321-2 51990-0"}
    },
}

# Section → system → value set → verified codes that look right and are not: the value set excludes them by name.
EXCLUDED: dict[str, dict[str, Codes]] = {
    "1.1": {
        LOINC: {
            "b12-total": "16695-9 26916-7 16696-7 30904-7 30905-4 30906-2 54376-9 54377-7 54378-5 55850-2 2171-7 2170-9",
            "folate-serum": "27088-4 2282-2 25415-1",
            "folate-red-cell": "2282-2 25415-1",
            "potassium-laboratory": "42569-4 22760-3 2824-1 51618-7 29349-8 12812-4 12813-2 2828-2",
            "egfr": "48643-1 88293-6",
        }
    },
    "4.3": {
        SNOMED: {
            "b12-diagnosed": "161457000 91217009",
            "leber": "26360005",
            "bariatric": "59657005 173747005",
            "bariatric-malabsorptive": "173747005 30803004",
            "total-gastrectomy": "49209004 40234006 287816003",
            "ileal-resection": "173958005 236783000 174073001 174080004 174081000",
            "crohn-ileum": "34000006 56689002 71833008",
            "autoimmune-gastritis": "84568007",
            "ckd-3-to-5": "431855005 431856006",
        }
    },
    "4.4": {
        ICD_10_CM: {
            "bariatric": "Z98.0",
            "total-gastrectomy": "Z90.3 K91.1",
            "ileal-resection": "Z90.49 K91.2",
            "crohn-ileum": "K50.80 K50.90",
            "autoimmune-gastritis": "K29.40 K29.41",
            "ckd-3-to-5": "N18.1 N18.2 N18.9",
            "dialysis": "Z94.0",
            "hereditary-cobalamin-disorder": "E71.120 E72.11 E72.12",
            "anticoagulant": "Z79.01",
            "cobalamin-allergy": "T45.2X5A T45.2X5D",
            "haemolysis": "D57.3",
        },
        ICD_10: {
            "total-gastrectomy": "Z90.3",
            "crohn-ileum": "K50.1 K50.8 K50.9",
            "autoimmune-gastritis": "K29.4",
            "ckd-3-to-5": "N18.1 N18.2 N18.9",
            "haemolysis": "D57.3",
        },
    },
}

# Section → system → codes for which only a secondary source was read, or none: they need review until a public source confirms them.
UNVERIFIED: dict[str, Codes] = {
    "1.1": {LOINC: {"secondary": "2428-1 787-2 98979-8 62238-1", "memory": "88294-4"}},
    "1.3": {SNOMED: {"memory": "10828004 260385009 42425007"}},
    "4.1": {
        RXNORM: {
            "secondary": "103010 2001499 103016 4511 198640 310410",
            "memory": "114979 9143 6313 8134 8691 2002 187832 11118 1114195 1599538 1546356 67108 5224 3407 4603 1588",
        }
    },
    "4.2": {ATC: {"memory": "V03AB33"}},
    "4.4": {ICD_10: {"memory": "E10.2 E11.2 E12.2 E13.2 E14.2 Z33"}},
}

# Codes that are retired in their code system: they match old records and are never emitted.
RETIRED: Codes = {SNOMED: {"": "191139001 194045006 196977009"}, DMD: {"": "10048511000001107"}}

# Codes that circulate with a wrong meaning. None may be in any value set.
WRONG: Codes = {
    LOINC: {"folate, MMA, red-cell folate": "2285-5 25130-6 15152-2"},
    RXNORM: {"folic acid": "197805 314422 315966 42963"},
    SNOMED: {"ileum, Leber, gait, sleeve": "43075005 409609008 73430006 427074008"},
}

# Codings of orders that are no value set's: routes and the category of a laboratory order (sections 4 and 5).
ORDER_CODINGS: dict[str, str] = {SNOMED: "78421000 26643006 34206005 46713006 37839007 108252007"}
