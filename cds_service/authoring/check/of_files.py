"""Mistakes in single files: everything that reading a card file reports, and the mistakes in its
tests even if the card itself cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...authored_yaml.source import Mapping, Mistakes, Sequence
from ...engine import PARAMETER_SETS
from ...rules.card_set import Folder, card_files, load_card
from ...rules.condition_file import Vocabulary
from ...rules.shared_files import read_file
from ..card_tests import applicable_tests, read_test
from .finding import Finding


def file_findings(folder: Folder, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Yield the mistakes in the card files of ``folder``, each once."""
    for path in card_files(folder):
        mistakes = Mistakes()
        for parameter_set in PARAMETER_SETS:
            card = None
            with mistakes.noting():
                card = load_card(path, folder, vocabulary, parameter_set)
            with mistakes.noting():
                for test in applicable_tests(card, parameter_set) if card else _tests(path, folder):
                    with mistakes.noting():
                        read_test(card, test)
        yield from map(Finding.of, mistakes)


def _tests(path: Path, folder: Folder) -> list[Mapping]:
    """The tests of a file whose card cannot be read, if they are there."""
    tests = read_file(path, folder).get("tests")
    return (
        [test for test in tests if isinstance(test, Mapping)] if isinstance(tests, Sequence) else []
    )
