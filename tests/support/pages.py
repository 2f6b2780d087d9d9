"""Pages of ``docs/`` and what they show: fenced blocks, commands with their output, and changes to files."""

from __future__ import annotations

import re
from typing import NamedTuple

from markdown_it import MarkdownIt

OMITTED = "…"


class Block(NamedTuple):
    """A fenced block: what stands after its opening fence, and its text."""

    info: str
    text: str

    @property
    def language(self) -> str:
        return self.info.split(" ")[0]

    @property
    def title(self) -> str:
        """The file that the block is, or changes."""
        found = re.search(r'title="([^"]+)"', self.info)
        return found[1] if found else ""


class Shown(NamedTuple):
    """A command, and the output that a page shows for it."""

    command: str
    output: str


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [
        Block(token.info.strip(), token.content)
        for token in MarkdownIt("commonmark").parse(page)
        if token.type == "fence"
    ]


def shown(block: str) -> list[Shown]:
    """The commands of a block, each after ``$ ``, with the output below it."""
    return [
        Shown(*found) for found in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    ]


def service_commands(page: str) -> dict[str, str]:
    """What a page shows as the output of each command of the service, by the command without ``python -m cds_service``."""
    prefix = "python -m cds_service "
    found = [one for block in blocks(page) for one in shown(block.text)]
    return {
        command.removeprefix(prefix): output
        for command, output in found
        if command.startswith(prefix)
    }


def agrees(shown_output: str, printed: str) -> bool:
    """Whether what is printed is what is shown: ``…`` stands for anything within a line, and for any lines where it is one."""
    parts = re.split(rf"(^{OMITTED}\n|{OMITTED})", shown_output, flags=re.MULTILINE)
    stands_for = {f"{OMITTED}\n": r"(?:.*\n)*", OMITTED: ".*"}
    return bool(
        re.fullmatch("".join(stands_for.get(part) or re.escape(part) for part in parts), printed)
    )


def changed(text: str, change: str) -> str:
    """``text`` with the change that a block of language ``diff`` shows; what it takes out or names must stand there once."""
    lines = change.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] in " -")
    new = "".join(line[1:] for line in lines if line[0] in " +")
    assert text.count(old) == 1, f"{text.count(old)} times in the file:\n{old}"
    return text.replace(old, new)
