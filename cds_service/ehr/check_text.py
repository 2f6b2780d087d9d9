"""The report of ``check-ehr``: a table of the lists, remarks on them, and the profile to
configure."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts.queries import ALWAYS_KEPT, QUERIES
from ..fhir.ehr_profile import BUILT_IN, INTENTS, EhrProfile, is_notice
from .check import SLOW_SECONDS, Checked, ListFound, includes_of, software
from .profile_file import ehr_profile

_HEAD = ("list", "status", "entries", "more", "total", "order", "seconds")


def check_text(checked: Checked) -> str:
    """The report as text."""
    rows = [_HEAD, *(_row(found) for found in checked.lists)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    statement = checked.statement
    said = (
        f"the CapabilityStatement could not be read: {statement.told}"
        if statement.told
        else software(statement)
    )
    head = f"{said} ({statement.seconds:.2f} s). Profile used: {checked.asked_as.name}."
    remarks = [f"- {remark}" for found in checked.lists for remark in _remarks(found, checked)] or [
        "- Nothing."
    ]
    parts = [head, "\n".join(table), "What to know:", "\n".join(remarks), _conclusion(checked)]
    return "\n\n".join(parts)


def _row(found: ListFound) -> tuple[str, ...]:
    listed = found.taken and found.query != "patient"
    return (
        found.key,
        str(found.answer.status or "none"),
        str(found.entries) if listed else "",
        ("yes" if found.continues else "no") if listed else "",
        ("stated" if found.total is not None else "not stated") if listed else "",
        found.order,
        f"{found.answer.seconds:.2f}",
    )


def _remarks(found: ListFound, checked: Checked) -> Iterator[str]:
    key = found.key
    if found.absent:
        yield f"{key}: {found.answer.told}. {_if_absent(found)}"
    elif not found.taken:
        yield (
            f"{key}: {found.answer.told or 'the answer contains no data'}. Facts that need it are "
            "unknown on every card."
        )
    yield from _remarks_on_form(found, checked)
    yield from _remarks_on_entries(found, checked)
    if found.answer.seconds > SLOW_SECONDS:
        yield (
            f"{key}: the answer took {found.answer.seconds:.1f} s; CDS_FHIR_BUDGET limits the time "
            "for all reading of a call."
        )


def _remarks_on_form(found: ListFound, checked: Checked) -> Iterator[str]:
    key, asked_as = found.key, checked.asked_as
    for name in sorted(found.refused):
        yield (
            f"{key}: the server refuses a search with "
            f"{'codes with their system' if name == 'code' else name}, and accepts one without."
        )
    if found.ignored:
        ignored = ", ".join(sorted(found.ignored))
        yield f"{key}: according to its self link, the server ignores {ignored}."
    if found.bare > found.entries == 0:
        yield (
            f"{key}: a search by codes with their system finds nothing, by codes alone "
            f"{found.bare} entries: results would wrongly count as absent."
        )
    asked = asked_as.count_of(QUERIES[found.query].resource_type)
    if found.continues and asked and found.entries < asked:
        yield f"{key}: pages of {found.entries} entries, although {asked} are requested."
    if found.continues:
        yield (
            f"{key}: the first page is not the last; if a client prefetches only this page, the "
            "service reads the rest from fhirServer."
        )
    if (
        found.order == "not newest first"
        and "_sort" not in found.refused
        and asked_as.order == "asked"
    ):
        yield (
            f"{key}: not newest first, although that is requested; the newest results may be on a "
            "page that is not read."
        )


def _remarks_on_entries(found: ListFound, checked: Checked) -> Iterator[str]:
    key, kind = found.key, QUERIES[found.query].resource_type
    if found.total is not None and found.total > found.entries and not found.continues:
        yield (
            f"{key}: the total is {found.total}, but {found.entries} entries came, and there is no "
            "link to a next page. What the list lacks counts as unknown."
        )
    if found.nameless:
        more = (
            f" Write 'include: [{kind}]' in the profile to receive them in the same answer."
            if includes_of(checked.statement, kind)
            else ""
        )
        yield (
            f"{key}: {found.nameless} medications are references without a name; each needs "
            f"another request.{more}"
        )
    if found.foreign:
        yield (
            f"{key}: {found.foreign} entries are of another patient or of nobody. What the list "
            "lacks counts as unknown."
        )
    if found.cached:
        yield (
            f"{key}: answered from a cache, although the request has Cache-Control: no-cache. "
            "Newer entries are missing."
        )
    for notice in found.notices:
        if not is_notice([notice], checked.asked_as.notices):
            yield (
                f"{key}: an OperationOutcome {notice.code} ({notice.system}). Unless every answer "
                "has it, the list is incomplete."
            )


def _if_absent(found: ListFound) -> str:
    if found.query in ALWAYS_KEPT:
        return "The service cannot work without it."
    return "If it is declared as not-kept, facts rest on the other lists of their subject."


def _conclusion(checked: Checked) -> str:
    if not checked.usable:
        return (
            "The service cannot answer with this EHR: it needs the Patient and at least one "
            "laboratory list (412)."
        )
    for name in BUILT_IN:
        known = ehr_profile(name)
        if _same(known, checked.profile):
            return f"Profile to configure: CDS_EHR={name}"
    return f"Profile to configure, as a file that CDS_EHR names:\n\n{profile_yaml(checked.profile)}"


def _same(one: EhrProfile, other: EhrProfile) -> bool:
    fields = (
        "not_kept",
        "notices",
        "code_systems",
        "order",
        "count",
        "counted",
        "intents",
        "include",
    )
    return all(getattr(one, name) == getattr(other, name) for name in fields)


def profile_yaml(profile: EhrProfile) -> str:
    """A profile as the YAML file that describes it."""
    lines = [
        f"not-kept: [{', '.join(sorted(profile.not_kept))}]",
        f"codes: {'with-system' if profile.code_systems else 'bare'}",
        f"order: {profile.order}",
        f"count: {profile.count or 'none'}",
    ]
    lines += (
        [f"count-for: [{', '.join(sorted(profile.counted))}]"]
        if profile.counted is not None
        else []
    )
    lines += [f"intents: [{', '.join(profile.intents)}]"] if profile.intents != INTENTS else []
    lines += [f"include: [{', '.join(sorted(profile.include))}]"] if profile.include else []
    lines += [
        "notices:",
        *(
            f'  - {{system: "{notice.system}", code: "{notice.code}"}}'
            for notice in sorted(profile.notices)
        ),
    ]
    return "\n".join(lines)
