"""Mistakes that an author of cards can make: what is written for what, where it must be told, and what is said there.

``at`` begins where the mistake is told: its file, line and column are those of this text in the mistaken file.
"""

from __future__ import annotations

import re
from typing import NamedTuple

CARD = """\
id: our-card
version: 1.0.0
title: Our card
rank: 900
hooks: [patient-view]
include:
  - {id: b12-deficient, fact: b12.status, in: [deficient]}
  - {id: long-treated, fact: b12_therapy.days, at_least: 90 d}
exclude:
  - {id: below-16-years, fact: patient.paediatric, is: true}
card:
  indicator: info
  summary: "Something to say"
  detail:
    - "More of it."
    - when: [{fact: neuro.involvement, is: true}]
      text: "With {potassium}."
  values: [b12.total]
  source: nice-ng239
  evidence: [bsh-2014]
  suggestions:
    - label: "Measure {order.b12}"
      create: [{fact: order.b12}]
  override_reasons: [patient-refuses]
tests:
  - name: long treated
    facts: {b12.status: deficient, b12_therapy.days: 90 d}
    fires: true
  - name: not deficient
    facts: {b12.status: sufficient, b12_therapy.days: 90 d}
    silent: b12-deficient
  - name: not long treated
    facts: {b12.status: deficient, b12_therapy.days: 89 d}
    silent: long-treated
  - name: a child
    facts: {b12.status: deficient, b12_therapy.days: 90 d, patient.paediatric: true}
    silent: below-16-years
"""


class Mistake(NamedTuple):
    """``before`` is written as ``after``; the finding ``at`` says ``said`` (all of it, where it is several texts)."""

    what: str
    before: str
    after: str
    at: str
    said: str

    def text(self, card: str = CARD) -> str:
        """The mistaken file."""
        assert self.before in card, self.what
        return card.replace(self.before, self.after, 1)


def _keys() -> list[Mistake]:
    """A slip in each key of a card file."""
    slips = {
        "id:": "idd:", "version:": "verison:", "title:": "titel:", "rank:": "rnak:", "hooks:": "hook:", "include:": "inlcude:",
        "exclude:": "exlude:", "card:\n": "crad:\n", "tests:": "test:", "  indicator:": "  indicater:", "  summary:": "  sumary:",
        "  detail:": "  details:", "  values:": "  value:", "  source:": "  sorce:", "  evidence:": "  evidense:",
        "  suggestions:": "  sugestions:", "  override_reasons:": "  override_reason:", "label:": "lable:", "create:": "creat:",
        "when:": "whn:", "text:": "txt:", "- name:": "- nmae:", "facts:": "fact:", "fires:": "fire:", "silent:": "silence:",
    }  # fmt: skip
    found = []
    for before, after in slips.items():
        key, slip = (re.findall(r"[a-z_]+", text)[0] for text in (before, after))
        found.append(
            Mistake(
                f"a slip in {key!r}",
                before,
                after,
                f"{slip}:",
                f"there is no key {slip!r} here. Did you mean {key!r}?",
            )
        )
    return found


NAMES = [
    Mistake("a slip in a fact", "fact: b12.status", "fact: b12.stauts", "fact: b12.stauts", "there is no fact 'b12.stauts'. Did you mean 'b12.status'?"),
    Mistake("a fact with '_' for '.'", "fact: b12_therapy.days", "fact: b12_therapy_days", "fact: b12_therapy_days", "Did you mean 'b12_therapy.days'?"),
    Mistake("a fact in capitals", "fact: b12.status", "fact: B12.status", "fact: B12.status", "Did you mean 'b12.status'?"),
    Mistake("a fact with a Cyrillic letter", "fact: b12.status", "fact: b12.st\u0430tus", "fact: b12.st", "U+0430 (CYRILLIC SMALL LETTER A). Did you mean 'b12.status'?"),
    Mistake("a slip in a fact of a text", "{potassium}", "{potasium}", 'text: "With', "there is no fact and no parameter 'potasium'. Did you mean 'potassium'?"),
    Mistake("a slip in a value", "[b12.total]", "[b12.totl]", "b12.totl", "there is no fact 'b12.totl'. Did you mean 'b12.total'?"),
    Mistake("a slip in an operator", "at_least: 90 d", "atleast: 90 d", "atleast", "there is no key 'atleast' here. Did you mean 'at_least'?"),
    Mistake("an operator of another language", "at_least: 90 d", "gte: 90 d", "gte", "there is no key 'gte' here. Choose from: absent, at_least"),
    Mistake("a slip in an operand", "in: [deficient]", "in: [deficent]", "deficent", "'b12.status' has no value 'deficent'. Did you mean 'deficient'?"),
    Mistake("a slip in an order", "create: [{fact: order.b12}]", "create: [serum-b21]", "serum-b21", "there is no order 'serum-b21'. Did you mean 'serum-b12'?"),
    Mistake("a slip in a fact of orders", "create: [{fact: order.b12}]", "create: [{fact: order.b21}]", "fact: order.b21", "Did you mean 'order.b12'?"),
    Mistake("an order that is a fact", "create: [{fact: order.b12}]", "create: [order.b12]", "order.b12]", "there is no order 'order.b12'. Write {fact: order.b12}."),
    Mistake("a fact of no orders", "create: [{fact: order.b12}]", "create: [{fact: b12.status}]", "fact: b12.status}]", "the fact 'b12.status' does not name orders. Facts that do: regimen.start"),
    Mistake("a slip in a source", "source: nice-ng239", "source: nice-ng293", "source", "there is no source 'nice-ng293'. Did you mean 'nice-ng239'?"),
    Mistake("a source by its title", "source: nice-ng239", "source: NICE NG239", "source", "there is no source 'NICE NG239'. Did you mean 'nice-ng239'?"),
    Mistake("a slip in evidence", "[bsh-2014]", "[bsh2014]", "bsh2014", "there is no evidence 'bsh2014'. Did you mean 'bsh-2014'?"),
    Mistake("a slip in an override reason", "[patient-refuses]", "[patient-refused]", "patient-refused", "there is no override reason 'patient-refused'. Did you mean 'patient-refuses'?"),
    Mistake("a slip in a hook", "[patient-view]", "[patient-veiw]", "patient-veiw", "there is no hook 'patient-veiw'. Did you mean 'patient-view'?"),
    Mistake("a slip in an indicator", "indicator: info", "indicator: inof", "indicator", "there is no indicator 'inof'. Did you mean 'info'?"),
    Mistake("an indicator of CDS Hooks 1", "indicator: info", "indicator: hard-stop", "indicator", "there is no indicator 'hard-stop'. Choose from: critical, info, warning."),
    Mistake("a slip in a status", "rank: 900", "rank: 900\nstatus: retierd", "status", "there is no status 'retierd'. Did you mean 'retired'?"),
    Mistake("a slip in a parameter set", "card:\n", "parameter_sets: {ukk: {}}\ncard:\n", "ukk", "there is no key 'ukk' here. Did you mean 'uk'?"),
    Mistake("a set that changes what it cannot", "card:\n", "parameter_sets: {uk: {rank: 3}}\ncard:\n", "rank: 3", "there is no key 'rank' here. Choose from: card, exclude, hooks, include, status."),
    Mistake("a slip within a set", "card:\n", "parameter_sets: {uk: {card: {sumary: x}}}\ncard:\n", "sumary", "Did you mean 'summary'?"),
    Mistake("a slip in 'when_unknown'", "is: true}", "is: true, when_unkown: fire}", "when_unkown", "Did you mean 'when_unknown'?"),
    Mistake("a slip in what 'when_unknown' says", "is: true}", "is: true, when_unknown: fires}", "when_unknown", "'when_unknown' can only be 'fire', not 'fires'."),
    Mistake("'when_unknown' of 'unknown'", "is: true}", "unknown: true, when_unknown: fire}", "when_unknown", "'unknown' always has an answer, so 'when_unknown' has no effect. Remove it."),
    Mistake("an id that is not the file's name", "id: our-card", "id: other-card", "id", "the card 'other-card' is in our-card.yaml. Rename the file to other-card.yaml, or change the id to our-card."),
    Mistake("an id with capitals", "id: our-card", "id: Our-Card", "id", "'Our-Card' is not a card id. Use lower-case words joined by '-'."),
    Mistake("a criterion's id with blanks", "id: long-treated", "id: long treated", "id: long treated", "'long treated' is not the name of a criterion. Use lower-case words"),
    Mistake("a criterion's id that is too long for FHIR", "id: below-16-years", "id: " + "x" * 65, "id: xxx", "Use at most 64 characters."),
    Mistake("two criteria of one name", "id: long-treated", "id: b12-deficient", "{id: b12-deficient, fact: b12_therapy.days", "two criteria are called 'b12-deficient'."),
    Mistake("an operand of a fact without such values", "fact: b12.status, in: [deficient]", "fact: mma.level, in: [deficient]", "deficient]", "'mma.level' has no value 'deficient'."),
]  # fmt: skip

UNITS = [
    Mistake("an exclusion that would fire where nothing is known", "is: true}", "is: true, when_unknown: fire}", "when_unknown", "under 'exclude', 'when_unknown: fire' would silence the card where the fact is not known. Leave it out"),
    Mistake("a bare number", "at_least: 90 d", "at_least: 90", "at_least", "90 is not a limit for 'b12_therapy.days'. Write it as '90 d' (d: days)."),
    Mistake("a unit that is not UCUM's", "at_least: 90 d", "at_least: 90 days", "at_least", "'90 days' is not a limit for 'b12_therapy.days'. Write it as '1 d' (d: days)."),
    Mistake("no blank before the unit", "at_least: 90 d", "at_least: 90d", "at_least", "'90d' is not a limit"),
    Mistake("a unit of another dimension", "at_least: 90 d", "at_least: 90 ng/L", "at_least", "'90 ng/L' is not a limit for 'b12_therapy.days'. Write it as '1 d' (d: days)."),
    Mistake("another unit of the dimension", "fact: b12_therapy.days, at_least: 90 d", "fact: potassium, at_least: 3.5 mg/dL", "at_least", "Write it as '1 mmol/L'."),
    Mistake("a decimal comma", "fact: b12_therapy.days, at_least: 90 d", "fact: potassium, at_least: '3,5 mmol/L'", "at_least", "'3,5 mmol/L' is not a limit for 'potassium'."),
    Mistake("a percentage", "at_least: 90 d", "at_least: 90 %", "at_least", "'90 %' is not a limit"),
    Mistake("a negative limit", "at_least: 90 d", "at_least: -90 d", "at_least", "'-90 d' is below zero, and 'b12_therapy.days' never is. Remove the minus sign."),
    Mistake("a range as a limit", "at_least: 90 d", "at_least: 90-120 d", "at_least", "'90-120 d' is not a limit"),
    Mistake("a limit with a sign of comparison", "at_least: 90 d", "at_least: '>90 d'", "at_least", "'>90 d' is not a limit"),
    Mistake("Arabic-Indic digits", "at_least: 90 d", "at_least: \u0669\u0660 d", "at_least", "is not a limit for 'b12_therapy.days'"),
    Mistake("a list of limits", "at_least: 90 d", "at_least: [90 d]", "at_least", "is not a limit for 'b12_therapy.days'"),
    Mistake("a result of two unit families", "fact: b12_therapy.days, at_least: 90 d", "fact: b12.total, below: 180 ng/L", "below", "Use its level: {fact: b12.total.level, in: [...]}."),
    Mistake("a window of a number", "at_least: 90 d", "within: 90 d", "within", "'within' does not apply to 'b12_therapy.days', a fact of the kind number. Write 'below: 1 d', for example."),
    Mistake("a window in months", "fact: b12_therapy.days, at_least: 90 d", "fact: b12_therapy.start, within: 3 mo", "within", "'3 mo' is not a number of days. Write it as '90 d' (d: days)."),
    Mistake("a window beyond the calendar", "fact: b12_therapy.days, at_least: 90 d", "fact: b12_therapy.start, within: 99999999999 d", "within", "'99999999999 d' is more than a lifetime."),
    Mistake("a limit of a yes/no fact", "is: true}", "at_least: 1 d}", "at_least: 1 d", "'at_least' does not apply to 'patient.paediatric', a fact of the kind yes-no. Write 'is: true', for example."),
    Mistake("'is' of a number", "at_least: 90 d", "is: 90 d", "is: 90 d", "'is' does not apply to 'b12_therapy.days', a fact of the kind number. Write 'below: 1 d', for example."),
    Mistake("'in' of a number", "at_least: 90 d", "in: [90 d]", "in: [90 d]", "'in' does not apply to 'b12_therapy.days', a fact of the kind number."),
    Mistake("a lone value of 'in'", "in: [deficient]", "in: deficient", "in: deficient", "'in' needs a list of values. Choose from: [paediatric, treated, deficient,"),
    Mistake("a value twice", "in: [deficient]", "in: [deficient, deficient]", "deficient]}", "'deficient' appears twice."),
    Mistake("two operators", "at_least: 90 d", "at_least: 90 d, below: 120 d", "{id: long-treated", "a criterion must have exactly one operator. Operators: is, in,"),
    Mistake("no operator", ", at_least: 90 d", "", "{id: long-treated", "a criterion must have exactly one operator."),
    Mistake("'absent' with a text", "is: true}", "absent: never}", "absent", "'absent' must be true or false."),
]  # fmt: skip

MISSING = [
    Mistake("no id", "id: our-card\n", "", "version: 1.0.0", "the key 'id' is missing. Add it."),
    Mistake("no version", "version: 1.0.0\n", "", "id: our-card", "the key 'version' is missing."),
    Mistake("no title", "title: Our card\n", "", "id: our-card", "the key 'title' is missing."),
    Mistake("no rank", "rank: 900\n", "", "id: our-card", "the key 'rank' is missing."),
    Mistake("no hooks", "hooks: [patient-view]\n", "", "id: our-card", "the key 'hooks' is missing."),
    Mistake("no include", CARD[CARD.index("include:") : CARD.index("exclude:")], "", "id: our-card", "the key 'include' is missing."),
    Mistake("no indicator", "  indicator: info\n", "", 'summary: "Something', "the key 'indicator' is missing."),
    Mistake("no summary", '  summary: "Something to say"\n', "", "indicator: info", "the key 'summary' is missing."),
    Mistake("no source", "  source: nice-ng239\n", "", "indicator: info", "the key 'source' is missing."),
    Mistake("no fact", "fact: patient.paediatric, ", "", "{id: below-16-years", "the key 'fact' is missing."),
    Mistake("no label", 'label: "Measure {order.b12}"\n      create:', "create:", "create: [{fact", "the key 'label' is missing."),
    Mistake("no text", '\n      text: "With {potassium}."', "", "when: [{fact: neuro", "the key 'text' is missing."),
    Mistake("an any_of without id", "id: below-16-years, fact: patient.paediatric, is: true", "any_of: [{fact: patient.paediatric, is: true}]", "{any_of", "the key 'id' is missing."),
    Mistake("a card without holds", "fact: patient.paediatric, is: true", "card: b12-deficiency-neuro", "{id: below-16-years", "the key 'holds' is missing."),
    Mistake("a test without name", "- name: a child\n    facts", "- facts", "facts: {b12.status: deficient, b12_therapy.days: 90 d, patient", "the key 'name' is missing."),
    Mistake("a test without facts", "    facts: {b12.status: sufficient, b12_therapy.days: 90 d}\n", "", "name: not deficient", "the key 'facts' is missing."),
    Mistake("a test without outcome", "\n    silent: long-treated", "", "name: not long treated", "the test does not say what it expects. Write 'fires: true' or 'silent: <criterion>'."),
    Mistake("no hook in the list", "[patient-view]", "[]", "hooks", "the list under 'hooks' is empty. Add at least one entry."),
    Mistake("nothing under include", CARD[CARD.index("include:") : CARD.index("exclude:")], "include: []\n", "include", "the list under 'include' is empty."),
    Mistake("include commented out", CARD[CARD.index("include:") : CARD.index("exclude:")], "include:\n", "include", "'include' must be a list."),
    Mistake("an empty any_of", "fact: patient.paediatric, is: true", "any_of: []", "any_of", "the list under 'any_of' is empty."),
    Mistake("an empty in", "in: [deficient]", "in: []", "in: []", "'in' needs a list of values."),
    Mistake("an empty when", "when: [{fact: neuro.involvement, is: true}]", "when: []", "when", "the list under 'when' is empty."),
    Mistake("an empty create", "create: [{fact: order.b12}]", "create: []", "create", "the list under 'create' is empty."),
    Mistake("a suggestion of nothing", '"Measure {order.b12}"\n      create: [{fact: order.b12}]', '"Measure B12"', "label", "a suggestion without 'create' or 'delete' suggests nothing."),
    Mistake("a blank title", "title: Our card", "title: ' '", "title", "'title' is empty. Write the text."),
    Mistake("a blank summary", '"Something to say"', '""', "summary", "'summary' is empty."),
    Mistake("an empty id", "id: our-card", "id:", "id", "'id' must be a text."),
    Mistake("a test of no parameter set", "    silent: below-16-years", "    silent: below-16-years\n    parameter_sets: []", "parameter_sets", "the list under 'parameter_sets' is empty."),
]  # fmt: skip

TYPES = [
    Mistake("a summary that is always too long", "Something to say", "Something to say " * 9, "summary", "the summary has 152 characters without its placeholders; it would be cut off at 140. Shorten it"),
    Mistake("a text for a list", "[patient-view]", "patient-view", "hooks", "'hooks' must be a list. Write [patient-view], or a line '- …' for each entry."),
    Mistake("a mapping for a list", "[b12.total]", "{fact: b12.total}", "values", "'values' must be a list."),
    Mistake("a list for a text", "title: Our card", "title: [Our card]", "title", "'title' must be a text. Write one text; quote it if it begins with a brace or bracket."),
    Mistake("a number for a text", "title: Our card", "title: 12", "title", "'title' must be a text."),
    Mistake("a number for an id", "id: long-treated", "id: 90", "id: 90", "'id' must be a text."),
    Mistake("a list for an id", "id: long-treated", "id: [a]", "id: [a]", "'id' must be a text."),
    Mistake("a text for a number", "rank: 900", "rank: '900'", "rank", "'rank' must be a number. Write it in digits, without quotes."),
    Mistake("a rank between two", "rank: 900", "rank: 900.5", "rank", "'rank' must be a whole number from 0 to 99999."),
    Mistake("a rank below zero", "rank: 900", "rank: -1", "rank", "'rank' must be a whole number from 0 to 99999."),
    Mistake("a rank that fills the memory", "rank: 900", "rank: 1.0e999999999", "rank", "'rank' must be a number."),
    Mistake("a criterion as a text", "{id: below-16-years, fact: patient.paediatric, is: true}", "patient.paediatric", "patient.paediatric\n", "a mapping (key: value) is expected here."),
    Mistake("a card as a text", CARD[CARD.index("card:\n") : CARD.index("tests:")], "card: x\n", "card: x", "a mapping (key: value) is expected here."),
    Mistake("a test as a text", "  - name: a child\n", "  - a child\n  - name: a child\n", "a child\n", "a test must be a mapping. Give it 'name', 'facts', and 'fires: true' or 'silent: <criterion>'."),
    Mistake("facts as a list", "{b12.status: deficient, b12_therapy.days: 89 d}", "[b12.status]", "facts: [", "'facts' must be a mapping. Write {fact: value}, or {} for none."),
    Mistake("a test's sets as a text", "    silent: below-16-years", "    silent: below-16-years\n    parameter_sets: uk", "parameter_sets", "'parameter_sets' must be a list. Write [uk]"),
    Mistake("a test's sets as a number", "    silent: below-16-years", "    silent: below-16-years\n    parameter_sets: 5", "parameter_sets", "'parameter_sets' must be a list."),
    Mistake("a slip in a test's set", "    silent: below-16-years", "    silent: below-16-years\n    parameter_sets: [ukk]", "ukk", "there is no parameter set 'ukk'. Did you mean 'uk'?"),
    Mistake("a set without changes", "card:\n", "parameter_sets: {uk: none}\ncard:\n", "uk: none", "a mapping (key: value) is expected here."),
    Mistake("a day that is not", "rank: 900", "rank: 900\nreview_by: 2027-02-30", "review_by", "'review_by' is not a date. Write it as 2026-11-23."),
    Mistake("a day of another country", "rank: 900", "rank: 900\nreview_by: 31/01/2027", "review_by", "'review_by' is not a date."),
    Mistake("a hook twice", "[patient-view]", "[patient-view, patient-view]", "patient-view]", "'patient-view' appears twice."),
    Mistake("an any_of in an any_of", "fact: patient.paediatric, is: true", "any_of: [{id: x, any_of: [{fact: leber, is: true}]}]", "any_of: [{fact", "'any_of' cannot be used inside 'any_of'. Use only criteria with 'fact' there."),
    Mistake("a card in an any_of", "fact: patient.paediatric, is: true", "any_of: [{id: x, card: pregnancy-intake, holds: true}]", "card: pregnancy", "'card' cannot be used inside 'any_of'."),
]  # fmt: skip

YAML = [
    Mistake("no for false", "is: true", "is: no", "is: no", "'patient.paediatric' is a yes-no fact. Write true or false."),
    Mistake("yes for true", "is: true", "is: yes", "is: yes", "Write true or false."),
    Mistake("on for true", "fact: patient.paediatric, is: true", "card: pregnancy-intake, holds: on", "holds", "'holds' must be true or false."),
    Mistake("off for false", "      create:", "      recommended: off\n      create:", "recommended", "'recommended' must be true or false. Write it in small letters, without quotes."),
    Mistake("a capital True", "is: true", "is: True", "is: True", "Write true or false."),
    Mistake("a quoted true", "is: true", "is: 'true'", "is: 'true'", "Write true or false."),
    Mistake("on as a key", "rank: 900", "rank: 900\non: x", "on: x", "there is no key 'on' here."),
    Mistake("yes for fires", "fires: true", "fires: yes", "fires", "'fires' can only be true. If the card is silent, write 'silent: <criterion>'."),
    Mistake("fires: false", "silent: long-treated", "fires: false", "fires: false", "'fires' can only be true."),
    Mistake("a key twice", "rank: 900", "rank: 900\nrank: 901", "rank: 901", "the key 'rank' appears twice. Remove one of the two."),
    Mistake("a fact of a test twice", "b12.status: sufficient,", "b12.status: sufficient, b12.status: deficient,", "b12.status: deficient, b12_therapy.days: 90 d}\n    silent: b12", "the key 'b12.status' appears twice."),
    Mistake("a tab", "  indicator", "\tindicator", "\tindicator", "A tab cannot indent: use spaces."),
    Mistake("an unquoted colon", "title: Our card", "title: Our card: the best", ": the best", "Quote a text that has ': '"),
    Mistake("an unquoted placeholder", 'summary: "Something to say"', "summary: {potassium}", "summary", "'summary' must be a text. Write one text; quote it if it begins with a brace or bracket."),
    Mistake("an unquoted placeholder in the detail", '- "More of it."', "- {potassium} is low", "is low", "Quote a text that has ': '"),
    Mistake("a paragraph that became a mapping", '- "More of it."', "- Potassium is low: watch it", "Potassium is low", "a paragraph must be a text, or have 'when' and 'text'. Quote a text that has ': '"),
    Mistake("an unquoted text in stars", '- "More of it."', "- **More** of it.", "*More", "Quote the text that begins with '*' or '&'."),
    Mistake("octal", "rank: 900", "rank: 0o17", "rank", "'rank' must be a number."),
    Mistake("hexadecimal", "rank: 900", "rank: 0x384", "rank", "'rank' must be a number."),
    Mistake("sexagesimal", "rank: 900", "rank: 15:00", "rank", "'rank' must be a number."),
    Mistake("digits in groups", "rank: 900", "rank: 9_00", "rank", "'rank' must be a number."),
    Mistake("infinity", "rank: 900", "rank: .inf", "rank", "'rank' must be a number."),
    Mistake("not a number", "rank: 900", "rank: .nan", "rank", "'rank' must be a number."),
    Mistake("a number that begins with 0", "rank: 900", "rank: 0900", "0900", "0900 begins with 0, which some programs read as octal. Remove the leading 0 of a number"),
    Mistake("a text that a comment cuts off", "title: Our card", "title: Card #5 of ours", "Card", "the text ends before '#5': what follows a '#' is a comment. Quote the text"),
    Mistake("a tag of YAML's own", "rank: 900", "rank: !!str 900", "!!str", "a tag (tag:yaml.org,2002:str) is not used in these files."),
    Mistake("no blank after a key", "rank: 900", "rank:900", "rank:900", "A key is followed by ': ' (with the space) and its value"),
    Mistake("an entry of a list without its dash", "  - {id: long-treated", "  {id: long-treated", "{id: long-treated", "a list entry begins with '- '."),
    Mistake("curly quotation marks", '"Something to say"', "\u201cOne: to say\u201d", ": to say", 'Write straight quotation marks (") instead.'),
    Mistake("a quotation mark that swallows a line", '"Something to say"\n  detail:\n    - "More of it."', '"Something to say\n  detail:\n    - "**More** of it."', '"Something', "The quotation mark or bracket that begins here is not closed"),
    Mistake("a file that goes on and on", "tests:", "# " + "x" * 1_000_000 + "\ntests:", "id: our-card", "the file has more than 1000000 bytes."),
    Mistake("a version of one point", "version: 1.0.0", "version: 1.0", "version", "1.0 is not a version. Write it as 1.0.0; quotes are not needed."),
    Mistake("a version with v", "version: 1.0.0", "version: v1.0.0", "version", "'v1.0.0' is not a version."),
    Mistake("a version with a leading zero", "version: 1.0.0", "version: 1.01.0", "version", "'1.01.0' is not a version."),
    Mistake("an alias", "[bsh-2014]", "&e [bsh-2014]\n  links: *e", "links", "an alias (*) repeats a value from elsewhere. Write the value out here."),
    Mistake("an alias of nothing", "title: Our card", "title: *Our card", "*Our", "Quote the text that begins with '*'."),
    Mistake("a tag", "title: Our card", "title: !!python/name:os.system x", "!!python", "is not used in these files."),
    Mistake("a second document", "tests:", "---\ntests:", "---", "One file holds one document: no second '---'."),
    Mistake("a bracket that stays open", "[patient-view]", "[patient-view", "[patient", "The quotation mark or bracket that begins here is not closed"),
    Mistake("a quotation mark that stays open", '"Something to say"', '"Something to say', '"Something', "The quotation mark or bracket that begins here is not closed"),
    Mistake("an indentation that is off", "  indicator", "   indicator", "summary:", "Look at the indentation and the quotation marks here and above."),
    Mistake("a list as a key", "title: Our card", "? [a]\n: b\ntitle: Our card", "[a]", "a key must be a plain text."),
    Mistake("very deep nesting", "title: Our card", f"title: {'[' * 90}{']' * 90}", "[" * 40 + "]", "this is nested too deeply."),
    Mistake("a control character", "Our card", "Our\x07card", "\x07card", "U+0007 (a control character) is invisible."),
    Mistake("a zero-width space in an id", "id: long-treated", "id: long-\u200btreated", "\u200btreated", "U+200B (ZERO WIDTH SPACE) is invisible. Remove it"),
    Mistake("text turned about", "Our card", "Our \u202edrac", "\u202edrac", "U+202E (RIGHT-TO-LEFT OVERRIDE) is invisible."),
    Mistake("a no-break space", "at_least: 90 d", "at_least: 90\u00a0d", "\u00a0d", "U+00A0 (NO-BREAK SPACE) is invisible. Remove it, or write a plain space."),
    Mistake("a line separator", "Our card", "Our\u2028card", "\u2028card", "U+2028 (LINE SEPARATOR) is invisible."),
]  # fmt: skip

TEXTS = [
    Mistake("a placeholder with a blank", "{potassium}", "{ potassium }", 'text: "With', "a brace is not part of a placeholder. Write {fact.name} or {parameter.name}, without spaces"),
    Mistake("a placeholder in two braces", "{potassium}", "{{potassium}}", 'text: "With', "a brace is not part of a placeholder."),
    Mistake("a brace that stays open", "{potassium}", "{potassium", 'text: "With', "a brace is not part of a placeholder."),
    Mistake("a placeholder of a reference", "{potassium}", "{b12_therapy.order}", 'text: "With', "'b12_therapy.order' is a fact of the kind reference, which cannot be shown in a text. Kinds that can: category, date, number, result, yes-no."),
    Mistake("a placeholder of orders elsewhere", "{potassium}", "{regimen.start}", 'text: "With', "'regimen.start' is a fact of the kind orders, which cannot be shown in a text."),
    Mistake("a label of orders that it does not make", "Measure {order.b12}", "Measure {regimen.start}", "label", "'regimen.start' is a fact of the kind orders"),
    Mistake("a placeholder in the title", "title: Our card", "title: 'Our {potassium}'", "title", "'title' cannot show facts. Remove the braces."),
    Mistake("a value that is none", "[b12.total]", "[anaemia]", "anaemia", "'anaemia' is a fact of the kind yes-no, which has no value to show."),
    Mistake("HTML", "More of it.", "More <b>of</b> it.", '"More <b>', "texts cannot have HTML ('<b'). Use Markdown in the detail"),
    Mistake("a script", "Something to say", "<script>alert(1)</script>", "summary", "texts cannot have HTML ('<s')."),
    Mistake("an entity", "More of it.", "More &lt; it.", '"More &lt;', "texts cannot have HTML ('&lt;')."),
    Mistake("a link", "More of it.", "[More](https://example.org)", '"[More]', "texts cannot have links"),
    Mistake("an address", "More of it.", "See https://example.org", '"See https', "Name the source under 'evidence': it is shown as a link."),
    Mistake("a link that runs", "More of it.", "javascript:alert(1)", '"javascript:', "texts cannot have links"),
    Mistake("Markdown in the summary", "Something to say", "**Something** to say", "summary", "this text is shown without Markdown ('**'). Use Markdown only in the detail."),
    Mistake("a summary of two lines", '"Something to say"', "|\n    Something\n    to say", "summary", "this text is shown on one line. Use '>-' instead of '|'"),
    Mistake("a draft that is none", "create: [{fact: order.b12}]", "create: [{fact: order.b12}]\n      delete: b12.status", "delete", "the fact 'b12.status' does not name drafts that can be removed. Facts that do: draft.b12, draft.cyanocobalamin, draft.folate."),
    Mistake("a draft of another fact of the session", "create: [{fact: order.b12}]", "create: [{fact: order.b12}]\n      delete: draft.b12_parenteral", "delete", "does not name drafts that can be removed"),
    Mistake("replaces with a fact of orders", "create: [{fact: order.b12}]", "create: [{fact: order.b12}]\n      replaces: regimen.start", "replaces", "the fact 'regimen.start' does not name an order. Facts that do: b12_therapy.order, b12_therapy.planned_order."),
    Mistake("replaces without an order", '"Measure {order.b12}"\n      create: [{fact: order.b12}]', '"Stop"\n      delete: draft.b12\n      replaces: b12_therapy.order', "replaces", "'replaces' needs an order under 'create' as the replacement."),
]  # fmt: skip

TESTS = [
    Mistake("two tests of one name", "name: not long treated", "name: not deficient", "name: not deficient\n    facts: {b12.status: deficient", "two tests are called 'not deficient'. Give one of them another name."),
    Mistake("a test of an unknown fact", "b12_therapy.days: 89 d", "b12_therapy.day: 89 d", "b12_therapy.day:", "there is no fact 'b12_therapy.day'. Did you mean 'b12_therapy.days'?"),
    Mistake("a test with a wrong unit", "b12_therapy.days: 89 d", "b12_therapy.days: 89 weeks", "b12_therapy.days: 89", "'89 weeks' is not a value of 'b12_therapy.days', a fact of the kind number. Write it as '1 d', or as absent or unknown."),
    Mistake("a test with a bare number", "b12_therapy.days: 89 d", "b12_therapy.days: 89", "b12_therapy.days: 89", "89 is not a value of 'b12_therapy.days', a fact of the kind number."),
    Mistake("a test with a value that is none", "b12.status: sufficient", "b12.status: normal", "b12.status: normal", "'normal' is not a value of 'b12.status', a fact of the kind category."),
    Mistake("a test with yes", "patient.paediatric: true", "patient.paediatric: yes", "patient.paediatric: yes", "'yes' is not a value of 'patient.paediatric', a fact of the kind yes-no. Write it as true or false, or as absent or unknown."),
    Mistake("a test with a day that is not", "b12_therapy.days: 89 d", "b12_therapy.days: 89 d, b12_therapy.start: 2026-02-30", "b12_therapy.start", "'2026-02-30' is not a value of 'b12_therapy.start', a fact of the kind date. Write it as 2026-11-23"),
    Mistake("a test that waits for no criterion", "silent: long-treated", "silent: long-treatd", "silent: long-treatd", "the card has no criterion 'long-treatd'. Did you mean 'long-treated'?"),
    Mistake("a test that waits for several", "silent: long-treated", "silent: [long-treated]", "silent: [", "the card has no criterion ['long-treated']."),
    Mistake("a test with both outcomes", "silent: long-treated", "fires: true\n    silent: long-treated", "silent: long-treated", "a test must not have both 'fires' and 'silent'."),
    Mistake("a test of another key", "silent: long-treated", "silent: long-treated\n    because: x", "because", "there is no key 'because' here."),
]  # fmt: skip

IN_CARDS = [*_keys(), *NAMES, *UNITS, *MISSING, *TYPES, *YAML, *TEXTS, *TESTS]


class InFolder(NamedTuple):
    """``files`` of a local folder, with what is told of which ``file``, as in :class:`Mistake`. ``alone``: another folder over this one
    would hide it."""

    what: str
    files: dict[str, str | bytes]
    file: str
    at: str
    said: str
    alone: bool = False


def _site(what: str, text: str | bytes, at: str, said: str) -> InFolder:
    return InFolder(what, {"site.yaml": text}, "site.yaml", at, said)


EVIDENCE = """\
our-handbook:
  title: Our handbook
  url: https://example.org/handbook
  date: 2026-06-01
  strength: local
  supports: our limits
"""


def _evidence(what: str, before: str, after: str, at: str, said: str) -> InFolder:
    assert before in EVIDENCE, what
    return InFolder(
        what, {"evidence.yaml": EVIDENCE.replace(before, after, 1)}, "evidence.yaml", at, said
    )


def _superseded_by(other: str) -> str:
    return EVIDENCE.replace(
        "  supports", f"  status: superseded\n  superseded_by: {other}\n  supports"
    )


def _limit(
    what: str,
    text: str,
    at: str,
    said: str,
    file: str = "parameters/default.yaml",
    *,
    alone: bool = False,
) -> InFolder:
    return InFolder(what, {file: text + "\n"}, file, at, said, alone)


B12 = "b12.total.deficient_below: {{value: {}, source: nice-ng239, basis: local-policy}}"
DAYS = "window.b12: {{value: {}, source: local-policy, basis: local-policy}}"

IN_FOLDERS = [
    _site("no owner", "{}\n", "{}", "this file must name an owner (letters, digits and single hyphens), and may otherwise have only 'package'. Write this line: owner: the-name-of-your-site."),
    _site("an empty site file", "", "", "a mapping (key: value) is expected here. The file is empty."),
    _site("an owner in two words", "owner: two words\n", "owner", "this file must name an owner (letters, digits and single hyphens)"),
    _site("an owner that is a number", "owner: 12\n", "owner", "this file must name an owner (letters, digits and single hyphens)"),
    _site("a further key", "owner: us\nname: x\n", "name", "and may otherwise have only 'package'."),
    _site("a site file that is not UTF-8", b"owner: us\n# caf\xe9\n", "", "this is not UTF-8 text. Let your editor save the file as UTF-8."),
    _site("a site file in UTF-16", "owner: us\n".encode("utf-16"), "", "this is not UTF-8 text."),
    _site("a package without a version", "owner: us\npackage: {id: org.us.b12, canonical: 'https://us.example.org/fhir'}\n", "{id", "the key 'version' is missing. Add it."),
    _site("a package that is named as a title", "owner: us\npackage: {id: Our Cards, canonical: 'https://us.example.org/fhir', version: 1.0.0}\n", "id: Our", "'Our Cards' is not a valid id of a package. Write it as org.st-elsewhere.b12-folate."),
    _site("a package with a version of two parts", "owner: us\npackage: {id: org.us.b12, canonical: 'https://us.example.org/fhir', version: '1.0'}\n", "version", "'1.0' is not a valid version of a package. Write it as 1.0.0."),
    _site("a base that ends in a slash", "owner: us\npackage: {id: org.us.b12, canonical: 'https://us.example.org/', version: 1.0.0}\n", "canonical", "is not a valid canonical of a package. Write it as https://fhir.st-elsewhere.org/b12-folate."),
    _evidence("a slip in a key of evidence", "title:", "titel:", "titel", "there is no key 'titel' here. Did you mean 'title'?"),
    _evidence("a key of evidence in capitals", "our-handbook:", "Our_Handbook:", "Our_Handbook", "'Our_Handbook' is not a key of evidence."),
    _evidence("evidence that another folder has", "our-handbook:", "nice-ng239:", "nice-ng239", "the evidence key 'nice-ng239' is used in another folder. Give yours another key."),
    _evidence("evidence without supports", "  supports: our limits\n", "", "title", "the key 'supports' is missing. Add it."),
    _evidence("evidence without a title", "title: Our handbook", "title:", "title", "'title' must be a text."),
    _evidence("an address without https", "https://example.org/handbook", "example.org/handbook", "url", "'example.org/handbook' is not the address of a page. Write it as https://www.example.org/page."),
    _evidence("an address that runs", "https://example.org/handbook", "javascript:alert(1)", "url", "'javascript:alert(1)' is not the address of a page."),
    _evidence("a list of addresses", "https://example.org/handbook", "[https://example.org]", "url", "'url' must be a text."),
    _evidence("a date of another country", "2026-06-01", "01.06.2026", "date", "'date' is not a date. Write it as 2026-11-23."),
    _evidence("a year alone", "2026-06-01", "2026", "date", "'date' is not a date."),
    _evidence("a strength that is none", "strength: local", "strength: strong", "strength", "there is no strength 'strong'. Choose from: cohort, expert, guideline"),
    _evidence("a slip in review", "  supports", "  review: neded\n  supports", "review", "there is no review 'neded'. Did you mean 'needed'?"),
    _evidence("review: yes", "  supports", "  review: yes\n  supports", "review", "there is no review 'yes'."),
    _evidence("retired evidence", "  supports", "  status: retired\n  supports", "status", "there is no status 'retired'. Choose from: current, superseded."),
    _evidence("superseded by nobody knows what", "  supports", "  status: superseded\n  supports", "status", "a superseded source must name its successor."),
    InFolder("superseded by what there is not", {"evidence.yaml": _superseded_by("nice-ng238")}, "evidence.yaml", "our-handbook", "there is no evidence 'nice-ng238'. Did you mean 'nice-ng239'?", alone=True),
    InFolder("superseded by itself", {"evidence.yaml": _superseded_by("our-handbook")}, "evidence.yaml", "our-handbook", "the evidence 'our-handbook' is superseded by itself", alone=True),
    _evidence("current and yet superseded", "  supports", "  superseded_by: nice-ng239\n  supports", "superseded_by", "only a superseded source has 'superseded_by'. Write status: superseded."),
    _evidence("a day of checking that is none", "  supports", "  checked_on: last May\n  supports", "checked_on", "'checked_on' is not a date."),
    _evidence("evidence as a text", EVIDENCE, "our-handbook: https://example.org\n", "our-handbook", "a mapping (key: value) is expected here."),
    InFolder("evidence as a list", {"evidence.yaml": "- our-handbook\n"}, "evidence.yaml", "- our", "a mapping (key: value) is expected here."),
    _limit("a slip in a parameter", B12.format("{ng/L: 200, pmol/L: 148}").replace("deficient", "deficent"), "b12.total.deficent_below", "Did you mean 'b12.total.deficient_below'?"),
    _limit("a value in one unit of two", B12.format("{ng/L: 200}"), "value", "this parameter needs a value in each of: ng/L, pmol/L. Write it as {ng/L: 180, pmol/L: 133}."),
    _limit("a value without unit", B12.format("200"), "value", "this parameter needs a value in each of: ng/L, pmol/L."),
    _limit("a value in another unit", B12.format("{ug/L: 200, pmol/L: 148}"), "ug/L", "this parameter needs a value in each of: ng/L, pmol/L. Did you mean 'ng/L'?"),
    _limit("a value that is a text", B12.format("{ng/L: 200 ng/L, pmol/L: 148}"), "ng/L: 200", "'200 ng/L' is not a number from 0 to 100000. Write the number alone; its unit is its key, or is under 'unit'."),
    _limit("a negative value", DAYS.format("-5"), "value", "-5 is not a number from 0 to 100000."),
    _limit("a percentage", DAYS.format("5%"), "value", "'5%' is not a number"),
    _limit("not a number", DAYS.format(".nan"), "value", "'.nan' is not a number"),
    _limit("days with a unit", DAYS.format("90 d"), "value", "'90 d' is not a number from 0 to 100000."),
    _limit("days beyond the calendar", DAYS.format("9999999"), "value", "9999999 is not a number from 0 to 100000."),
    _limit("a number for a name", "folate.regimen: {value: 5, source: local-policy, basis: local-policy}", "value", "this parameter must be a name, such as folic-acid-1mg-3-months. Write the id of an order."),
    _limit("a slip in an order", "folate.regimen: {value: folic-acid-5mg-4-month, source: local-policy, basis: local-policy}", "folate.regimen", "folate.regimen cannot be 'folic-acid-5mg-4-month': it is no such order. Did you mean 'folic-acid-5mg-4-months'?", alone=True),
    _limit("an order of another kind", "folate.regimen: {value: hydroxocobalamin-monthly, source: local-policy, basis: local-policy}", "folate.regimen", "folate.regimen cannot be 'hydroxocobalamin-monthly'", alone=True),
    _limit("units that are not the same limit", B12.format("{ng/L: 200, pmol/L: 200}"), "pmol/L", "200 ng/L and 200 pmol/L are not the same limit. 200 ng/L is about 148 pmol/L. Results in each unit are compared with the limit in that unit."),
    _limit("days that begin with 0", DAYS.format("090"), "090", "090 begins with 0, which some programs read as octal."),
    _limit("a limit left out", DAYS.format(""), "value", "nothing is not a number from 0 to 100000."),
    InFolder("an ending that an editor added", {"ours/our-card.yaml.txt": CARD}, "ours/our-card.yaml.txt", "id: our-card", "a file that ends in .yaml.txt is not read. Rename it to our-card.yaml."),
    InFolder("a slip in the name of a shared file", {"evidences.yaml": EVIDENCE}, "evidences.yaml", "our-handbook", "this file is read as a card but has none of its keys. Did you mean evidence.yaml?"),
    InFolder("a slip in the name of the folder of limits", {"parameter/default.yaml": "window.b12: {value: 90, source: local-policy, basis: local-policy}\n"}, "parameter/default.yaml", "window.b12", "Did you mean parameters?"),
    _limit("limits reversed", B12.format("{ng/L: 400, pmol/L: 296}"), "b12.total", "b12.total.deficient_below (400 ng/L) is above b12.total.sufficient_above (350 ng/L). Correct them: patients between the two"),
    _limit("a parameter without source", "window.b12: {value: 90, basis: local-policy}", "{value", "the key 'source' is missing."),
    _limit("a parameter as a number", "window.b12: 90", "window.b12", "a mapping (key: value) is expected here."),
    _limit("a basis that is none", DAYS.format("90").replace("basis: local-policy", "basis: our-policy"), "basis", "there is no basis 'our-policy'. Did you mean 'local-policy'?"),
    _limit("a source that is none", DAYS.format("90").replace("source: local-policy", "source: local-polcy"), "source", "there is no source 'local-polcy'. Did you mean 'local-policy'?"),
    _limit("a parameter twice", f"{DAYS.format(90)}\n{DAYS.format(80)}", "window.b12: {value: 80", "the key 'window.b12' appears twice."),
    _limit("a set that there is not", DAYS.format("90"), "window", "there is no parameter set 'uks', so this file is not read. Did you mean 'us'?", "parameters/uks.yaml"),
    InFolder("a card that ends in .yml", {"ours/our-card.yml": CARD}, "ours/our-card.yml", "id", "a file that ends in .yml is not read. Rename it to our-card.yaml."),
    InFolder("a card that ends in .YAML", {"ours/our-card.YAML": CARD}, "ours/our-card.YAML", "id", "a file that ends in .YAML is not read."),
    InFolder("parameters that end in .yml", {"parameters/uk.yml": DAYS.format("90")}, "parameters/uk.yml", "window", "Rename it to uk.yaml."),
    InFolder("a card in a file of another name", {"ours/card.yaml": CARD}, "ours/card.yaml", "id", "the card 'our-card' is in card.yaml. Rename the file to our-card.yaml, or change the id to card."),
    InFolder("two files with one card", {"a/our-card.yaml": CARD, "b/our-card.yaml": CARD}, "b/our-card.yaml", "id", "another file has the same card 'our-card':"),
    InFolder("evidence beside the cards", {"ours/evidence.yaml": EVIDENCE}, "ours/evidence.yaml", "our-handbook", "this is not a card; a file of this name is read only at the top of a folder. Move it there, or rename it."),
    InFolder("parameters beside the cards", {"ours/parameters/uk.yaml": DAYS.format("90") + "\n"}, "ours/parameters/uk.yaml", "window", "this is not a card; a file of this name is read only at the top of a folder."),
    InFolder("an empty card file", {"ours/our-card.yaml": ""}, "ours/our-card.yaml", "", "a mapping (key: value) is expected here. The file is empty."),
    InFolder("a card file that is not UTF-8", {"ours/our-card.yaml": CARD.replace("Our card", "Ou\u00e9").encode("latin-1")}, "ours/our-card.yaml", "", "this is not UTF-8 text."),
    InFolder("an alias bomb", {"ours/our-card.yaml": "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefghijklmnopqrstuvwxy", "bcdefghijklmnopqrstuvwxyz", strict=True))}, "ours/our-card.yaml", "&b [*a", "an alias (*) repeats a value from elsewhere."),
    InFolder("nesting that fills the stack", {"ours/our-card.yaml": "id: " + "[" * 100_000}, "ours/our-card.yaml", "[" * 99_001, "exceeded maximum nesting depth"),
    InFolder("a merge key", {"ours/our-card.yaml": CARD.replace("- {id: long-treated,", "- &c {id: long-treated,").replace("{id: below-16-years,", "{<<: *c, id: below-16-years,")}, "ours/our-card.yaml", "<<", "an alias (*) repeats a value from elsewhere. Write the value out here."),
    InFolder("a card that there is not", {"ours/our-card.yaml": CARD.replace("fact: patient.paediatric, is: true", "card: b12-deficiency-nuero, holds: true")}, "ours/our-card.yaml", "{id: below-16-years", "there is no card 'b12-deficiency-nuero'. Did you mean 'b12-deficiency-neuro'?", alone=True),
    InFolder("a card that asks about itself", {"ours/our-card.yaml": CARD.replace("fact: patient.paediatric, is: true", "card: our-card, holds: true")}, "ours/our-card.yaml", "{id: below-16-years", "in a circle: our-card asks about itself.", alone=True),
    InFolder(
        "cards that look at each other in a circle",
        {f"ours/card-{name}.yaml": CARD.replace("our-card", f"card-{name}").replace("fact: patient.paediatric, is: true", f"card: card-{other}, holds: true") for name, other in ("ab", "bc", "ca")},
        "ours/card-a.yaml", "{id: below-16-years", "cards cannot ask about each other in a circle: card-a asks about card-b asks about card-c asks about card-a.",
    ),
]  # fmt: skip
