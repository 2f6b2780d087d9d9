"""The findings of ``validate`` on a resource, and the record of what it checked."""

from __future__ import annotations

from typing import NamedTuple

SEVERITIES = ("error", "warning", "info")


class Finding(NamedTuple):
    """A finding. ``path``: the element; ``code``: the kind of check, or the key of the invariant;
    ``mend``: how to mend it, or why it matters."""

    severity: str
    path: str
    code: str
    what: str
    mend: str = ""

    def within(self, path: str) -> Finding:
        """Return the same finding for a resource at ``path`` within another one."""
        _, dot, rest = self.path.partition(".")
        return self._replace(path=f"{path}{dot}{rest}")


class Checked(NamedTuple):
    """A resource that was checked: its path, its type, and the ids of the profiles applied."""

    path: str
    resource_type: str
    profiles: tuple[str, ...]


class Report(NamedTuple):
    """The resources checked and the findings."""

    checked: tuple[Checked, ...]
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> bool:
        """Whether there is an error."""
        return any(finding.severity == "error" for finding in self.findings)
