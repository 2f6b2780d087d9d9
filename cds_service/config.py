"""Every setting of the service, once: its name, type, default and one line of documentation.

Settings come from the environment (``CDS_PORT=8081``). Command-line options of ``serve`` override
them.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from ssl import create_default_context
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from .cores import usable_cores
from .fhir.ehr_profile import BUILT_IN, EhrProfile
from .fhir_server.servers import LOOPBACK, Server, read_servers
from .urls import is_loopback, url_mistake

MOST_WORKERS = 64
PRODUCTS = ("hydroxocobalamin-injection", "cyanocobalamin-injection", "cyanocobalamin-tablets")
_AGENTS = ("hydroxocobalamin", "cyanocobalamin")


class Settings(BaseSettings):
    """The settings of one deployment."""

    model_config = SettingsConfigDict(env_prefix="CDS_", extra="ignore", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=1, le=65535, description="Port to listen on.")
    workers: int | None = Field(
        None,
        ge=1,
        le=MOST_WORKERS,
        description=(
            "Worker processes. Empty: one for each processor core that the service may use."
        ),
    )
    parameters: Literal["default", "uk", "us"] = Field(
        "default", description="Parameter set: thresholds and regional choices."
    )
    cards: Annotated[tuple[Path, ...], NoDecode] = Field(
        (),
        description=(
            "Folders of the site's own cards and parameters, separated by commas; see [local "
            "cards](local-cards.md)."
        ),
    )
    formulary: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(PRODUCTS),
        description=(
            f"Products that the site stocks, separated by commas: {', '.join(PRODUCTS)}; the name "
            "of an agent alone means all its products."
        ),
    )
    timezone: str = Field(
        "UTC", description="Time zone in which days are counted, by its IANA name."
    )
    order_intent: Literal["proposal", "plan", "order"] = Field(
        "proposal", description="Intent of new suggested orders."
    )
    max_body_bytes: int = Field(
        10_000_000,
        ge=1,
        description=(
            "Largest request body accepted, and the limit of data read from FHIR servers for one "
            "call."
        ),
    )
    fhir_servers: Annotated[tuple[str, ...], NoDecode] = Field(
        (LOOPBACK,),
        description=(
            "Base URLs of FHIR servers that may be read, separated by commas; see [FHIR "
            f"access](fhir-access.md). `{LOOPBACK}`: every server on this machine, while the "
            "service itself listens on loopback and trusts no clients by name."
        ),
    )
    fhir_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (),
        description=(
            "Private networks that may contain FHIR servers listed by name, separated by commas, "
            "such as `10.20.0.0/16`."
        ),
    )
    fhir_budget: float = Field(
        2.0, gt=0, le=30, description="Seconds allowed for all reading of FHIR servers in one call."
    )
    fhir_ca_bundle: str = Field(
        "",
        description=(
            "PEM file of the certificate authorities for FHIR servers, instead of the public ones."
        ),
    )
    ehr: str = Field(
        "",
        description=(
            "Profile of the EHR, see [EHRs](ehrs.md): which lists it keeps and which form of query "
            f"it takes. {', '.join(f'`{name}`' for name in BUILT_IN)}, or a YAML file of the "
            "site's own. Empty: as `generic`, and queries to FHIR servers follow their "
            "CapabilityStatement."
        ),
    )
    database_url: str = Field(
        "sqlite:///cds.sqlite3",
        repr=False,
        description=(
            "Database for cards shown and feedback, see [feedback](feedback.md): "
            "`sqlite:///path` or `postgresql://user@host/database`."
        ),
    )
    snooze_days: int = Field(
        0,
        ge=0,
        le=365,
        description="Days for which an overridden card stays silent for that patient; 0: none.",
    )
    snooze_key: SecretStr = Field(
        SecretStr(""),
        validate_default=True,
        description=(
            "Secret of at least 32 characters for hashing patient ids; needed with "
            "`CDS_SNOOZE_DAYS`."
        ),
    )
    base_url: str = Field(
        "",
        description=(
            "Public base URL, which a token's `aud` must match; needed with `CDS_CLIENTS` "
            "and `CDS_SMART_CLIENT_ID`."
        ),
    )
    clients: str = Field(
        "",
        description=(
            "File of trusted clients, see [trust](trust.md). With it, every call needs a token."
        ),
    )
    insecure: bool = Field(
        False, description="Answer callers that are not authenticated, on any address."
    )
    discovery: Literal["public", "protected"] = Field(
        "public",
        description=(
            "Whether anyone may read discovery and the definitions (`public`) or a token is needed "
            "(`protected`)."
        ),
    )
    service_ids: Literal["distinct", "shared"] = Field(
        "distinct",
        description=(
            "Whether each hook's service has its own id (`distinct`), or all share one (`shared`), "
            "so that a client replaces the cards of an earlier hook with those of a later one."
        ),
    )
    token_seconds: int = Field(
        3600, ge=60, le=86400, description="Longest lifetime (`exp` minus `iat`) of a token."
    )
    calls_per_second: float = Field(
        100,
        ge=0,
        le=100_000,
        description=(
            "Calls a second of one client (by its `iss` and tenant) in a worker, after a burst of "
            "ten seconds' worth; further calls are answered 429. Without a token, an address has "
            "20 at most. 0 means no limit. Applies only with `CDS_CLIENTS`."
        ),
    )
    replay_store: str = Field(
        "cds-replay.sqlite3",
        description=(
            "Where used tokens are recorded: a file on a local disk, or `redis://…` for several "
            "machines."
        ),
    )
    cors_origins: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(),
        description=(
            "Origins of browser-based clients, separated by commas, such as "
            "`https://sandbox.cds-hooks.org`."
        ),
    )

    workbench: Literal["auto", "on", "off"] = Field(
        "auto",
        description=(
            "The pages at `/` on which people try the service. `auto`: on while the service "
            "listens on loopback, has no public name and trusts no clients. With `CDS_CLIENTS` "
            "they need a token, like everything else."
        ),
    )

    smart_client_id: str = Field(
        "",
        pattern=r"^[ -~]*$",
        description=(
            "Client id under which the EHR knows the [SMART app](smart-app.md). With it, every "
            "card has a link that opens the patient's picture inside the EHR."
        ),
    )
    smart_client_secret: SecretStr = Field(
        SecretStr(""),
        description=(
            "Secret of the SMART app where it is registered as a confidential client; without one "
            "it is a public client."
        ),
    )
    smart_frames: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(),
        description=(
            "Origins of the EHR's pages that may show the SMART app in a frame, separated by "
            "commas, such as `https://ehr.example.org`; without them, it opens in its own window."
        ),
    )

    @property
    def smart_launch_url(self) -> str:
        """Where an EHR launches the SMART app; ``""`` if the site does not use it."""
        return f"{self.base_url}/smart/launch" if self.smart_client_id else ""

    @model_validator(mode="after")
    def _smart_app(self) -> Self:
        if self.smart_client_secret.get_secret_value() and not self.smart_client_id:
            raise ValueError(
                "CDS_SMART_CLIENT_SECRET: set CDS_SMART_CLIENT_ID too; without it there is no "
                "SMART app"
            )
        if self.smart_client_id and not self.base_url:
            raise ValueError(
                "CDS_SMART_CLIENT_ID: set CDS_BASE_URL too, for example https://cds.example.org; "
                "the EHR opens the app there"
            )
        return self

    @property
    def is_development(self) -> bool:
        """Whether only this machine can call, under no other name, and no client is registered."""
        named = not self.base_url or is_loopback(urlsplit(self.base_url).hostname or "")
        return is_loopback(self.host) and named and not self.clients and not self.insecure

    @property
    def has_workbench(self) -> bool:
        """Whether the pages of the workbench are served."""
        return self.workbench == "on" or (self.workbench == "auto" and self.is_development)

    @property
    def watches_clients(self) -> bool:
        """Whether the workbench shows what clients sent last, which may be patient data."""
        return self.has_workbench and self.is_development

    @field_validator("workers", mode="before")
    @classmethod
    def _chosen(cls, value: object) -> object:
        return None if value == "" else value

    @property
    def worker_count(self) -> int:
        """The number of worker processes. It is one if the workbench shows what clients sent,
        because each process has its own memory."""
        return self.workers or (1 if self.watches_clients else min(usable_cores(), MOST_WORKERS))

    @field_validator("formulary", "cors_origins", "smart_frames", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            value = frozenset(filter(None, (item.strip() for item in value.split(","))))
        return value

    @field_validator("cards", "fhir_servers", "fhir_networks", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return (
            tuple(filter(None, (item.strip() for item in value.split(","))))
            if isinstance(value, str)
            else value
        )

    @field_validator("ehr")
    @classmethod
    def _known_ehr(cls, value: str) -> str:
        from .authored_yaml.source import AuthoringError
        from .ehr.profile_file import ehr_profile

        try:
            ehr_profile(value)
        except AuthoringError as error:
            raise ValueError(str(error)) from None
        return value

    @property
    def ehr_profile(self) -> EhrProfile:
        """The profile of the EHR; for an empty setting, the generic one."""
        from .ehr.profile_file import ehr_profile

        return ehr_profile(self.ehr)

    @field_validator("fhir_ca_bundle")
    @classmethod
    def _readable(cls, value: str) -> str:
        if value:
            try:
                create_default_context(cafile=value)
            except OSError as error:
                raise ValueError(
                    f"{value!r} cannot be read as a PEM file of certificates: {error.strerror}"
                ) from None
        return value

    @model_validator(mode="after")
    def _fhir_servers(self) -> Self:
        try:
            self.listed_fhir_servers  # noqa: B018
        except ValueError as error:
            raise ValueError(f"CDS_FHIR_SERVERS: {error}") from None
        return self

    @property
    def listed_fhir_servers(self) -> tuple[Server, ...]:
        """The FHIR servers that may be read."""
        development = is_loopback(self.host) and not self.clients
        return read_servers(self.fhir_servers, self.fhir_networks, development=development)

    @field_validator("formulary")
    @classmethod
    def _stocked(cls, value: frozenset[str]) -> frozenset[str]:
        if unknown := value - {*PRODUCTS, *_AGENTS}:
            raise ValueError(
                f"not a product: {', '.join(sorted(unknown))}; choose from {', '.join(PRODUCTS)}"
            )
        return frozenset(
            product for product in PRODUCTS if product in value or product.split("-")[0] in value
        )

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{value!r} is not an IANA time zone") from None
        return value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        from .store.database import url_mistake

        if mistake := url_mistake(value):
            raise ValueError(mistake)
        return value

    @field_validator("snooze_key")
    @classmethod
    def _secret(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if info.data.get("snooze_days") and len(value.get_secret_value()) < 32:
            raise ValueError(
                "snoozing cards needs a secret of at least 32 characters, such as the output of "
                "openssl rand -hex 32"
            )
        return value

    @field_validator("base_url")
    @classmethod
    def _public(cls, value: str) -> str:
        if value and (mistake := url_mistake(value)):
            raise ValueError(f"{mistake}; write it as https://cds.example.org")
        if "?" in value:
            raise ValueError("remove the query: a base URL has none")
        return value.rstrip("/")

    @field_validator("cors_origins", "smart_frames")
    @classmethod
    def _origins(cls, value: frozenset[str]) -> frozenset[str]:
        for origin in value:
            if url_mistake(origin) or origin != "{0.scheme}://{0.netloc}".format(urlsplit(origin)):
                raise ValueError(
                    f"{origin!r} is not an origin; write it as https://sandbox.cds-hooks.org, "
                    "without a path"
                )
        return value
