"""What a fact reads, as values: each says what it needs, and is evaluated only when the fact asks
for it.

A fact is a :class:`Computation`, a class whose attributes are its reads; or, if there is nothing to
work out, a single :class:`Read`. The needs of a fact are the sum of those of its reads, so that
each is declared once, where it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar, overload

from .fact import Fact, either, known, unknown
from .site import Site

if TYPE_CHECKING:
    from .catalogue import Facts
    from .domains import Domain

T = TypeVar("T")
_Shared = TypeVar("_Shared", bound="Computation")


class Needs(NamedTuple):
    """What a read takes: other ``facts``; ``queries`` of the record and the ``value_sets`` to look
    for there or in the session; ``parameters``; and whether it reads the orders of the
    ``session``."""

    facts: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
    value_sets: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    session: bool = False

    def and_those_of(self, other: Needs) -> Needs:
        """The needs of both, each once."""

        def each_once(mine: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(dict.fromkeys((*mine, *theirs)))

        return Needs(
            each_once(self.facts, other.facts),
            each_once(self.queries, other.queries),
            each_once(self.value_sets, other.value_sets),
            each_once(self.parameters, other.parameters),
            self.session or other.session,
        )


class Read(Generic[T]):
    """Something that a fact can read. ``needs``: what the read takes; ``evaluate``: returns its
    value for the facts of a call.

    As an attribute of a :class:`Computation`, it is evaluated anew at each access.
    """

    __slots__ = ("evaluate", "needs")

    def __init__(self, needs: Needs, evaluate: Callable[[Facts], T]):
        self.needs = needs
        self.evaluate = evaluate

    @overload
    def __get__(self, instance: None, owner: type) -> Read[T]: ...

    @overload
    def __get__(self, instance: Computation, owner: type) -> T: ...

    def __get__(self, instance: Computation | None, owner: type) -> Any:
        return self if instance is None else self.evaluate(instance.facts)

    def __or__(self: Read[Fact], other: Read[Fact]) -> Read[Fact]:
        """Kleene *or* of two yes/no facts (:func:`~cds_service.facts.fact.either`)."""
        first, second = self.evaluate, other.evaluate
        return Read(
            self.needs.and_those_of(other.needs), lambda facts: either(first(facts), second(facts))
        )

    def is_one_of(self: Read[Fact], *values: str) -> Read[Fact]:
        """Whether a fact has one of ``values``; unknown if the fact is."""
        evaluate = self.evaluate

        def has_one(facts: Facts) -> Fact:
            found = evaluate(facts)
            return (
                unknown(found.note)
                if found.is_unknown
                else known(found.value in values, *found.sources)
            )

        return Read(self.needs, has_one)


class _OfFact(Read[Fact]):
    """Another fact, looked up here as :meth:`Facts.__getitem__` does: a call reads facts some
    hundred times, and one function call more would cost a tenth of that time."""

    __slots__ = ("_name",)

    def __init__(self, name: str):
        super().__init__(Needs(facts=(name,)), lambda facts: facts[name])
        self._name = name

    def __get__(self, instance: Computation | None, owner: type) -> Any:
        if instance is None:
            return self
        facts, name = instance.facts, self._name
        if facts.being_read is not None:
            facts.being_read.append(name)
        found = facts.so_far.get(name)
        return facts.work_out(name) if found is None else found


class _OfSite(Read[T]):
    """A value that the site fixes under a name, looked up without a further function call."""

    __slots__ = ("_look_up", "_name")

    def __init__(self, needs: Needs, look_up: Callable[[Site, str], T], name: str):
        super().__init__(needs, lambda facts: look_up(facts.site, name))
        self._look_up = look_up
        self._name = name

    def __get__(self, instance: Computation | None, owner: type) -> Any:
        return self if instance is None else self._look_up(instance.facts.site, self._name)


class Computation:
    """How a fact is worked out, or something that several facts share; its attributes are what it
    reads.

    ``needs``: what all its reads need, including those of its base classes. ``domain``: the
    possible values of the fact, see :mod:`.domains`.
    """

    __slots__ = ("facts",)
    needs: ClassVar[Needs] = Needs()
    domain: ClassVar[Domain | None] = None

    def __init__(self, facts: Facts):
        self.facts = facts

    def compute(self) -> Fact:
        """The fact."""
        raise NotImplementedError

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        needs = Needs()
        for base in cls.__mro__:
            for value in vars(base).values():
                if isinstance(value, Read):
                    needs = needs.and_those_of(value.needs)
        cls.needs = needs


def of(name: str) -> Read[Fact]:
    """The fact ``name``."""
    return _OfFact(name)


def any_of(*names: str) -> Read[Fact]:
    """Kleene *or* of the yes/no facts ``names``."""
    return Read(Needs(facts=names), lambda facts: either(*map(facts.__getitem__, names)))


def each(*names: str) -> Read[Iterator[Fact]]:
    """The facts ``names`` in order; the next one is evaluated only if those before it did not
    settle the matter."""
    return Read(Needs(facts=names), lambda facts: map(facts.__getitem__, names))


def part(kind: type[_Shared]) -> Read[_Shared]:
    """A computation that several facts share, for one of them to use."""
    return Read(kind.needs, kind)


def computed(kind: type[Computation]) -> Read[Fact]:
    """The fact that ``kind`` computes."""
    new, compute = kind.__new__, kind.compute

    def evaluate(facts: Facts) -> Fact:
        computation = new(kind)  # spares the call of __init__
        computation.facts = facts
        return compute(computation)

    return Read(kind.needs, evaluate)


def number(name: str) -> Read[Decimal]:
    """The parameter ``name``."""
    return _OfSite(Needs(parameters=(name,)), Site.number, name)


def number_by_unit(name: str) -> Read[Callable[[str], Decimal]]:
    """The parameter ``name``, which has a value for each unit, as a function of the UCUM code."""
    return Read(Needs(parameters=(name,)), lambda facts: lambda unit: facts.site.number(name, unit))


def days(name: str) -> Read[timedelta]:
    """The parameter ``name``, a window or an age in days."""
    return _OfSite(Needs(parameters=(name,)), Site.days, name)


def text(name: str) -> Read[str]:
    """The parameter ``name``, whose value is a name."""
    return _OfSite(Needs(parameters=(name,)), Site.text, name)


def stocked(product: str) -> Read[bool]:
    """Whether the site's formulary has ``product``."""
    return _OfSite(Needs(), Site.stocks, product)
