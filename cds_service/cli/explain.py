"""The command that explains how the cards are decided for a request."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from .call_time import now_option
from .reading_settings import read_settings
from .server_options import Asked, asked, server_options


@click.command()
@click.argument(
    "request_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
@server_options
@click.option("--card", help="Only this card; a draft is decided as if it were active.")
@click.option(
    "--why-not",
    metavar="CARD-ID",
    help="Find the smallest change of facts that would change this card's outcome.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--html",
    "form",
    flag_value="html",
    help="Print the card's decision as an HTML page; without a request, the card as authored.",
)
@click.option("--dot", "form", flag_value="dot", help="The same, as a graph for Graphviz.")
@now_option
def explain(
    request_file: Path | None,
    card: str | None,
    why_not: str | None,
    as_json: bool,
    form: str | None,
    moment: datetime,
    **server: Any,
) -> None:
    """Explain each card for a hook request: whether it fires, which criterion decided,
    and from which facts."""
    import orjson

    from ..authoring.drawing.drawn import drawn
    from ..authoring.explanation import explain_call, explanation_text
    from ..authoring.why_not_report import why_not_call, why_not_text
    from ..engine import Engine
    from ..hooks.any_hook import read_request

    given = asked(request_file, **server)
    _check_combination(given, card, why_not, form)
    with _telling_of(given):
        named = why_not if card is None else card
        engine = Engine(read_settings(), activate=[named] if named else [])
        call = read_request(engine, given.body, named, given.fhir) if given else None
        if form and card:
            click.echo(drawn(engine, form, card, call, moment), nl=False)
            return
        assert call is not None, "only --html and --dot work without a request"
        explained = (
            why_not_call(engine, call, moment, why_not)
            if why_not is not None
            else explain_call(engine, call, moment, card)
        )
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(explained, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        click.echo(why_not_text(explained) if why_not is not None else explanation_text(explained))


@contextmanager
def _telling_of(given: Asked | None) -> Iterator[None]:
    """Report a faulty request in one line that names its file or patient, instead of a
    traceback."""
    from ..engine import MissingData
    from ..facts.session import UnreadableOrders
    from ..hooks.errors import BadRequest, missing_data_text

    named = given.named if given else ""
    try:
        yield
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    except UnreadableOrders as error:
        raise click.ClickException(f"{named}: context.draftOrders: {error}") from None
    except (BadRequest, MissingData) as error:
        element = getattr(error, "element", "")
        what = missing_data_text(error) if isinstance(error, MissingData) else str(error)
        raise click.ClickException(f"{named}: {element + ': ' if element else ''}{what}") from None


def _check_combination(
    given: Asked | None, card: str | None, why_not: str | None, form: str | None
) -> None:
    if form and not card:
        raise click.UsageError("--html and --dot show one card: name it with --card ID.")
    if card is not None and why_not is not None:
        raise click.UsageError("--why-not names the card; leave --card out.")
    if given is None and not form:
        raise click.UsageError(
            "Missing argument 'REQUEST_FILE' or option --fhir-server: only --html and --dot work "
            "without a request."
        )
