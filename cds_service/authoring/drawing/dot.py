"""A drawing as a graph in Graphviz's language, for readers who lay out and join graphs
themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

from .ladder import FALSE, NOT_ASKED, TRUE, UNKNOWN, Ladder, Rung

_COLOURS = {
    TRUE: ("#00568a", "#e3f1fa"),
    FALSE: ("#96400b", "#fdeee3"),
    UNKNOWN: ("#5b5263", "#f0edf3"),
    NOT_ASKED: ("#57606a", "#f6f8fa"),
}


def dot(ladder: Ladder) -> str:
    """Return the drawing as a directed graph, with an edge for each answer that lets the card
    through and a dashed one to ``silent`` for each that stops it."""
    return "\n".join(_graph(ladder)) + "\n"


def _graph(ladder: Ladder) -> Iterator[str]:
    yield f"digraph {_quoted(ladder.card)} {{"
    yield (
        f"  label={_quoted(ladder.heading)}; labelloc=t; fontname=Helvetica; "
        f"tooltip={_quoted(ladder.described())};"
    )
    yield (
        "  node [shape=box, fontname=Helvetica, fontsize=12, style=filled]; edge "
        "[fontname=Helvetica, fontsize=11];"
    )
    yield _node("start", "a hook is called", "shape=ellipse", NOT_ASKED)
    yield _node("silent", "silent", "shape=ellipse", NOT_ASKED)
    before = "start"
    for position, rung in enumerate(ladder.rungs):
        name = f"c{position}"
        yield (
            f"  {_quoted(before)} -> "
            f"{_quoted(name)}{_on(ladder.rungs[position - 1]) if position else ''};"
        )
        yield from _criterion(name, rung)
        yield (
            f"  {_quoted(name)} -> silent [style=dashed, "
            f"label={_quoted('holds' if rung.excludes else 'otherwise')}];"
        )
        before = f"{name}.end" if rung.alternatives else name
    told = [
        ladder.outcome or "the card fires",
        f"{ladder.indicator}: {ladder.title}",
        ladder.summary,
    ]
    yield _node("card", "\n".join(told), "shape=note", NOT_ASKED, thick=ladder.fires)
    yield f"  {_quoted(before)} -> card{_on(ladder.rungs[-1]) if ladder.rungs else ''};"
    yield "}"


def _on(rung: Rung) -> str:
    return f" [label={_quoted('otherwise' if rung.excludes else 'holds')}]"


def _criterion(name: str, rung: Rung) -> Iterator[str]:
    if not rung.alternatives:
        yield _rung(name, rung)
        return
    yield _rung(name, replace(rung, words="any of", alternatives=()))
    yield f"  {_quoted(f'{name}.end')} [shape=point];"
    for position, alternative in enumerate(rung.alternatives):
        part = f"{name}.{position}"
        yield _rung(part, alternative)
        yield f"  {_quoted(name)} -> {_quoted(part)}; {_quoted(part)} -> {_quoted(f'{name}.end')};"


def _rung(name: str, rung: Rung) -> str:
    truth = [rung.truth.upper()] if rung.truth else []
    lines = [rung.words, rung.asks, *rung.values, *truth, *(["STOPPED HERE"] if rung.stops else [])]
    more = [f"URL={_quoted(quote(rung.card) + '.svg')}"] if rung.card else []
    return _node(
        name, "\n".join(lines), ", ".join(more), rung.truth, dashed=rung.excludes, thick=rung.stops
    )


def _node(
    name: str, label: str, more: str, truth: str, *, dashed: bool = False, thick: bool = False
) -> str:
    line, fill = _COLOURS[truth]
    style = _quoted("filled,dashed") if dashed and not thick else "filled"
    looks = [
        f"label={_quoted(label)}",
        f'color="{line}"',
        f'fillcolor="{fill}"',
        f"style={style}",
        f"penwidth={3 if thick else 1}",
        more,
    ]
    return f"  {_quoted(name)} [{', '.join(filter(None, looks))}];"


def _quoted(text: str) -> str:
    """A quoted id of the DOT language. ``\\`` begins an escape in a label and ``&`` an HTML entity,
    so both are escaped."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return '"' + text.replace("\r", " ").replace("\n", "\\n").replace("\0", "") + '"'
