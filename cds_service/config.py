"""Every setting of the service, once: its name, type, default and one line of documentation.

Settings come from the environment (``CDS_PORT=8081``); command-line options of ``serve`` come before them.
"""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

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
    database_url: str = Field(
        "sqlite:///cds.sqlite3",
        repr=False,
        description="Where cards shown and feedback are kept, see [feedback](feedback.md): `sqlite:///path` or `postgresql://user@host/database`.",
    )
    snooze_days: int = Field(0, ge=0, le=365, description="Days for which an overridden card stays silent for that patient; 0 is off.")
    snooze_key: SecretStr = Field(
        SecretStr(""),
        validate_default=True,
        description="Secret of at least 32 characters, with which patient ids are hashed; needed with `CDS_SNOOZE_DAYS`.",
    )

    @field_validator("formulary", mode="before")
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
            raise ValueError("a secret of at least 32 characters is needed to snooze cards: openssl rand -hex 32")
        return value
