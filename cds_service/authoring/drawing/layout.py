"""Where everything of a drawing stands: boxes, lines and texts with coordinates, from top to
bottom. Pure data."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from .ladder import Ladder, Rung
from .measure import width_of, wrapped

# Narrow enough to be read on a phone.
WIDTH = 416.0
_CENTRE = WIDTH / 2
_EDGE, _INSET = 14.0, 42.0
_PAD, _GAP, _RAIL = 10.0, 22.0, 22.0
_BADGE = 84.0


class Style(NamedTuple):
    """How a kind of text is set."""

    size: float
    line: float
    bold: bool = False


STYLES = {
    "words": Style(14, 19, True),
    "small": Style(12, 16),
    "value": Style(12, 17, True),
    "label": Style(12, 16, True),
    "mark": Style(12, 18, True),
}


class Text(NamedTuple):
    """A line of text; ``y`` is its baseline. ``style``: a key of :data:`STYLES`."""

    x: float
    y: float
    text: str
    style: str
    anchor: str = "start"

    @property
    def width(self) -> float:
        """The most that it can be wide."""
        style = STYLES[self.style]
        return width_of(self.text, style.size, bold=style.bold)


class Box(NamedTuple):
    """A frame with its texts. ``kind``: ``include``, ``exclude`` or ``outcome``; ``truth`` is told
    in its upper right corner."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    truth: str
    stops: bool
    link: str
    texts: tuple[Text, ...]


class Line(NamedTuple):
    """A line through ``points``, with an arrow at its end. ``reached``: the
    decision came this way."""

    points: tuple[tuple[float, float], ...]
    arrow: bool
    reached: bool


class Layout(NamedTuple):
    """A drawing, ready for any form of output. ``indicator``: of the card at its end."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    texts: tuple[Text, ...]
    indicator: str
    fires: bool


def laid_out(ladder: Ladder) -> Layout:
    """The drawing of a ladder."""
    return _Layouter(ladder).layout()


class _Layouter:
    """Places one thing below the other; ``y`` is where the next begins."""

    def __init__(self, ladder: Ladder):
        self.ladder = ladder
        self.y = 4.0
        self.boxes: list[Box] = []
        self.lines: list[Line] = []
        self.texts: list[Text] = []
        self.reached = True

    def layout(self) -> Layout:
        for excludes, label in (
            (False, "fires when all of these hold"),
            (True, "and none of these"),
        ):
            rungs = [rung for rung in self.ladder.rungs if rung.excludes is excludes]
            if rungs:
                self._section(label)
            for rung in rungs:
                self._rung(rung)
        self._outcome()
        return Layout(
            WIDTH,
            self.y + 4,
            tuple(self.boxes),
            tuple(self.lines),
            tuple(self.texts),
            self.ladder.indicator,
            self.ladder.fires,
        )

    def _section(self, label: str) -> None:
        if self.boxes:
            self._spine(_GAP / 2, arrow=False)
        style = STYLES["label"]
        self.texts.append(Text(_CENTRE, self.y + style.size, label, "label", "middle"))
        self.y += style.line + 4

    def _spine(self, length: float = _GAP, *, arrow: bool = True) -> None:
        self.lines.append(
            Line(((_CENTRE, self.y), (_CENTRE, self.y + length)), arrow, self.reached)
        )
        self.y += length

    def _rung(self, rung: Rung) -> None:
        self._spine()
        if rung.alternatives:
            self._branch(rung)
        else:
            self._box(rung, _EDGE)
        self.reached = self.reached and not rung.stops

    def _branch(self, rung: Rung) -> None:
        """Alternatives between two rails: in on the left, out on the right."""
        self._box(replace(rung, words="any of", alternatives=()), _EDGE)
        top, left, right = self.y, _EDGE + 8, WIDTH - _EDGE - 8
        middles = []
        for alternative in rung.alternatives:
            self.y += _RAIL / 2
            before = self.y
            self._box(alternative, _INSET)
            middles.append((before + self.y) / 2)
        bottom = self.y + _RAIL / 2
        goes_on = self.reached and not rung.stops
        self.lines.append(Line(((left, top), (left, middles[-1])), False, self.reached))
        self.lines.append(
            Line(((right, middles[0]), (right, bottom), (_CENTRE, bottom)), False, goes_on)
        )
        for middle in middles:
            self.lines.append(Line(((left, middle), (_INSET, middle)), True, self.reached))
            self.lines.append(Line(((WIDTH - _INSET, middle), (right, middle)), False, goes_on))
        self.y = bottom

    def _box(self, rung: Rung, x: float) -> None:
        width = WIDTH - 2 * x
        inner = width - 2 * _PAD
        texts, y = self._set(
            rung.words, "words", x + _PAD, self.y + _PAD, inner - (_BADGE if rung.truth else 0)
        )
        mark = ["stopped here: the card is silent"] if rung.stops else []
        for style, told in (("small", [rung.asks]), ("value", rung.values), ("mark", mark)):
            for line in told:
                more, y = self._set(line, style, x + _PAD, y, inner)
                texts += more
        kind = "exclude" if rung.excludes else "include"
        self._add(
            Box(
                x,
                self.y,
                width,
                y + _PAD - self.y,
                kind,
                rung.truth,
                rung.stops,
                rung.card,
                tuple(texts),
            )
        )

    def _outcome(self) -> None:
        self._spine()
        inner = WIDTH - 2 * _EDGE - 2 * _PAD - 8
        x = _EDGE + _PAD + 8
        texts, y = self._set(
            self.ladder.outcome or f"the card fires: {self.ladder.indicator}",
            "label",
            x,
            self.y + _PAD,
            inner,
        )
        for text, style in ((self.ladder.title, "words"), (self.ladder.summary, "small")):
            more, y = self._set(text, style, x, y, inner)
            texts += more
        self._add(
            Box(
                _EDGE,
                self.y,
                WIDTH - 2 * _EDGE,
                y + _PAD - self.y,
                "outcome",
                "",
                False,
                "",
                tuple(texts),
            )
        )

    def _add(self, box: Box) -> None:
        self.boxes.append(box)
        self.y = box.y + box.height

    @staticmethod
    def _set(text: str, style: str, x: float, y: float, width: float) -> tuple[list[Text], float]:
        """The lines of ``text`` from ``y`` down, and where they end."""
        set_in = STYLES[style]
        lines = wrapped(text, width, set_in.size, bold=set_in.bold)
        placed = [
            Text(x, y + set_in.line * position + set_in.size, line, style)
            for position, line in enumerate(lines)
        ]
        return placed, y + set_in.line * len(lines)
