"""Every setting of the service, once: its name, type, default and one line of documentation.

Settings come from the environment (``CDS_PORT=8081``); command-line options of ``serve`` come before them.
"""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from .urls import url_mistake

PRODUCTS = ("hydroxocobalamin-injection", "cyanocobalamin-injection", "cyanocobalamin-tablets")
_AGENTS = ("hydroxocobalamin", "cyanocobalamin")


class Settings(BaseSettings):
    """The settings of one deployment."""

    model_config = SettingsConfigDict(env_prefix="CDS_", extra="ignore", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=1, le=65535, description="Port to listen on.")
    workers: int = Field(1, ge=1, le=64, description="Worker processes.")
    parameters: Literal["default", "uk", "us"] = Field("default", description="Parameter set: thresholds and regional choices.")
    formulary: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(PRODUCTS),
        description=f"What the site stocks, a comma list of: {', '.join(PRODUCTS)}; an agent alone means all its products.",
    )
    timezone: str = Field("UTC", description="Time zone in which days are counted, an IANA name.")
    order_intent: Literal["proposal", "plan", "order"] = Field("proposal", description="Intent of new suggested orders.")
    max_body_bytes: int = Field(10_000_000, ge=1, description="Largest request body accepted.")
    base_url: str = Field("", description="Public base URL, with which a token's `aud` is compared; needed with `CDS_CLIENTS`.")
    clients: str = Field("", description="File of trusted clients, see [trust](trust.md). With it, every call needs a token.")
    insecure: bool = Field(False, description="Answer callers that are not authenticated, on any address.")
    discovery: Literal["public", "protected"] = Field(
        "public", description="Whether anyone may read discovery (`public`) or a token is needed (`protected`)."
    )
    token_seconds: int = Field(3600, ge=60, le=86400, description="Longest lifetime (`exp` minus `iat`) of a token.")
    replay_store: str = Field(
        "cds-replay.sqlite3",
        description="Where used tokens are noted: a file on a local disk, or for several machines `redis://…`.",
    )
    cors_origins: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(), description="Origins of browser-based clients, a comma list, such as `https://sandbox.cds-hooks.org`."
    )

    @field_validator("formulary", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            value = frozenset(filter(None, (item.strip() for item in value.split(","))))
        return value

    @field_validator("formulary")
    @classmethod
    def _stocked(cls, value: frozenset[str]) -> frozenset[str]:
        if unknown := value - {*PRODUCTS, *_AGENTS}:
            raise ValueError(f"not a product: {', '.join(sorted(unknown))}; choose from {', '.join(PRODUCTS)}")
        return frozenset(product for product in PRODUCTS if product in value or product.split("-")[0] in value)

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{value!r} is not an IANA time zone") from None
        return value

    @field_validator("base_url")
    @classmethod
    def _public(cls, value: str) -> str:
        if value and (mistake := url_mistake(value)):
            raise ValueError(f"{mistake}; write it as https://cds.example.org")
        if "?" in value:
            raise ValueError("a base URL has no query")
        return value.rstrip("/")

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: frozenset[str]) -> frozenset[str]:
        for origin in value:
            if url_mistake(origin) or origin != "{0.scheme}://{0.netloc}".format(urlsplit(origin)):
                raise ValueError(f"{origin!r} is not an origin; write it as https://sandbox.cds-hooks.org, without a path")
        return value
