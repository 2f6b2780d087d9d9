"""Begin a new card: a draft that can already be read, tested and checked, with TODO in place of
each text still to be written."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from ...config import Settings
from ...engine import Engine
from ...rules.card_set import card_files
from ...rules.condition_file import LONGEST_ID, NAME
from ...rules.hook_table import HOOKS
from ...rules.shared_files import OWNER, SHARED_FILES, SITE_FILE
from ..card_tests import with_drafts
from ..check.schema import card_schema

SCHEMA_FILE = "card.schema.json"


class CannotBegin(ValueError):
    """The card cannot be begun as asked; the message says why and how to mend it."""


class Plan(NamedTuple):
    """The author's choices. ``owner``: the owner of a new local folder, ``""`` if the folder
    already names one."""

    card_id: str
    folder: Path
    topic: str
    hooks: tuple[str, ...]
    owner: str


def begin(plan: Plan, settings: Settings, today: date) -> list[Path]:
    """Write the draft that ``plan`` asks for and the files that its folder lacks. Return the files
    written, the card last.

    Nothing is overwritten except the generated schema of a local folder. Raises
    :class:`CannotBegin`, and :class:`~cds_service.authored_yaml.source.AuthoringError` if the
    existing cards cannot be read; in both cases nothing is written.
    """
    _check_names(plan)
    local = (
        not (plan.folder / "parameters" / "default.yaml").exists()
        or (plan.folder / SITE_FILE).exists()
    )
    others = tuple(folder for folder in settings.cards if folder.resolve() != plan.folder.resolve())
    if local:
        exists = (plan.folder / SITE_FILE).exists()
        _check_owner(plan, exists)
        engine = Engine(
            settings.model_copy(update={"cards": (*others, *([plan.folder] if exists else []))})
        )
    else:
        engine = Engine(settings.model_copy(update={"cards": ()}), plan.folder)
    _check_free(plan, engine)
    return list(_write(plan, with_drafts(engine), local, today))


def _check_names(plan: Plan) -> None:
    for what, name in (("card", plan.card_id), ("topic", plan.topic)):
        if not NAME.match(name) or len(name) > LONGEST_ID:
            mend = (
                f"Use lower-case words joined by '-', such as low-b12-after-surgery, {LONGEST_ID} "
                "characters at most."
            )
            raise CannotBegin(f"{name!r} is not usable as the name of a {what}. {mend}")
    if plan.topic in SHARED_FILES:
        raise CannotBegin(f"the folder {plan.topic!r} is not for cards. Give another --topic.")


def _check_owner(plan: Plan, exists: bool) -> None:
    place = plan.folder / SITE_FILE
    if exists and plan.owner:
        raise CannotBegin(f"{place} already names the owner. Leave --owner out.")
    if not exists and not OWNER.match(plan.owner):
        told = (
            "a folder of local cards needs an owner"
            if not plan.owner
            else f"{plan.owner!r} is not usable as the name of an owner"
        )
        raise CannotBegin(
            f"{place}: {told}. Give --owner, a name of letters, digits and single hyphens."
        )


def _check_free(plan: Plan, engine: Engine) -> None:
    for folder in engine.folders:
        for path in card_files(folder):
            if path.stem == plan.card_id:
                mend = (
                    "To change it for one site, copy its file into a local folder "
                    "(docs/local-cards.md)."
                )
                raise CannotBegin(
                    f"the card {plan.card_id!r} exists: {path}. Give yours another id. {mend}"
                )


def _write(plan: Plan, engine: Engine, local: bool, today: date) -> list[Path]:
    source = f"source-of-{plan.card_id}"
    path = plan.folder / plan.topic / f"{plan.card_id}.yaml"
    evidence, site, schema = (
        plan.folder / name for name in ("evidence.yaml", SITE_FILE, SCHEMA_FILE)
    )
    written = []
    path.parent.mkdir(parents=True, exist_ok=True)
    if local and not site.exists():
        site.write_text(f"owner: {plan.owner}\n", "utf-8")
        written.append(site)
    if source not in engine.evidence:
        entry = _filled("evidence", key=source, id=plan.card_id, today=today)
        before = evidence.read_text("utf-8") if evidence.exists() else ""
        evidence.write_text(
            before + ("\n" if before and not before.endswith("\n") else "") + entry, "utf-8"
        )
        written.append(evidence)
    if local:
        known = replace(engine.vocabulary, evidence=[*engine.evidence, source])
        schema.write_text(json.dumps(card_schema(known), indent=1) + "\n", "utf-8")
        written.append(schema)
    subject = "draft.b12" if all(HOOKS[hook].has_drafts for hook in plan.hooks) else "b12.diagnosed"
    text = _filled(
        "card",
        schema=os.path.relpath(schema, path.parent),
        id=plan.card_id,
        rank=_free_rank(engine, plan.hooks),
        hooks=plan.hooks,
        review_by=today + timedelta(days=365),
        source=source,
        subject=subject,
    )
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    return [*written, path]


def _free_rank(engine: Engine, hooks: Sequence[str]) -> int:
    """The first free rank after those of the cards on ``hooks``."""
    taken = {card.rank for card in engine.cards.values()}
    rank = (
        max(
            (card.rank for card in engine.cards.values() if set(card.hooks) & set(hooks)), default=0
        )
        + 1
    )
    while rank in taken:
        rank += 1
    return rank


def _filled(template: str, **values: object) -> str:
    environment = Environment(
        loader=PackageLoader("cds_service.authoring.new", ""),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return environment.get_template(f"{template}.yaml.j2").render(values)
