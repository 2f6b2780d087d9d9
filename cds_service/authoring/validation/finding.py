"""What ``validate`` has to say of a resource, and what it looked at."""

from __future__ import annotations

from typing import NamedTuple

SEVERITIES = ("error", "warning", "info")


class Finding(NamedTuple):
    """``path``: the element; ``code``: the kind of check, or the key of the invariant; ``mend``:
    how to mend it, or why it matters."""

    severity: str
    path: str
    code: str
    what: str
    mend: str = ""

    def within(self, path: str) -> Finding:
        """The same finding for a resource that stands at ``path`` of another one."""
        _, dot, rest = self.path.partition(".")
        return self._replace(path=f"{path}{dot}{rest}")


class Checked(NamedTuple):
    """A resource that was checked: where it stands, its type, and the ids of the profiles that it
    was held against."""

    path: str
    resource_type: str
    profiles: tuple[str, ...]


class Report(NamedTuple):
    """What was checked and what was found."""

    checked: tuple[Checked, ...]
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> bool:
        """Whether there is an error."""
        return any(finding.severity == "error" for finding in self.findings)
