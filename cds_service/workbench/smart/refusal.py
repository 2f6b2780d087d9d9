"""The reasons to refuse a launch, in words for the person who opened the page."""

from __future__ import annotations

_AGAIN = "Close this page and open the app again from the patient's chart."
_TELL = f"{_AGAIN} If that does not help, tell those who run this service."


class LaunchRefused(Exception):
    """A launch is refused. ``why`` and ``mend``: reason and remedy, for the page. ``detail``: for
    the log, without any content that was sent."""

    def __init__(self, why: str, mend: str = _TELL, *, status: int = 400, detail: str = ""):
        self.why = why
        self.mend = mend
        self.status = status
        self.detail = detail
        super().__init__(why)


def not_launched() -> LaunchRefused:
    """The page was not opened by an EHR."""
    return LaunchRefused(
        "This page is opened by an EHR.",
        "Open the app from the patient's chart, with the link on a card.",
    )


def unknown_ehr() -> LaunchRefused:
    """The FHIR server of the launch is not listed."""
    mend = (
        "Ask those who run this service to list the EHR's FHIR server in CDS_FHIR_SERVERS, exactly "
        "as the EHR names it."
    )
    return LaunchRefused(
        "The EHR that opened this page is not known to this service.", mend, status=403
    )


def ehr_unusable(detail: str) -> LaunchRefused:
    """The EHR does not declare a safe way to sign in."""
    return LaunchRefused(
        "This service cannot sign in to the EHR that opened this page.", status=502, detail=detail
    )


def other_browser(detail: str) -> LaunchRefused:
    """The callback does not belong to a recent launch in this browser."""
    why = "This sign-in was not begun in this browser, was begun too long ago, or was used before."
    return LaunchRefused(
        why, f"{_AGAIN} The browser must accept this site's cookies.", status=403, detail=detail
    )


def used_before() -> LaunchRefused:
    """The callback was used before."""
    return LaunchRefused(
        "This page was opened before, and each sign-in works only once.", _AGAIN, status=403
    )


def not_granted(detail: str = "") -> LaunchRefused:
    """The EHR gives no access."""
    return LaunchRefused(
        "The EHR did not give this app access to the patient's record.", status=403, detail=detail
    )


def untrusted(detail: str) -> LaunchRefused:
    """The answer of the EHR's authorization server cannot be trusted."""
    return LaunchRefused(
        "The EHR's answer could not be verified, so nothing was read.", status=403, detail=detail
    )


def unread(detail: str) -> LaunchRefused:
    """The record cannot be read."""
    return LaunchRefused(
        "The patient's record could not be read from the EHR.", status=502, detail=detail
    )


def busy(detail: str = "") -> LaunchRefused:
    """Too many launches wait, or the use of a sign-in cannot be stored."""
    return LaunchRefused(
        "The service is busy and cannot open the app now.", _AGAIN, status=503, detail=detail
    )
