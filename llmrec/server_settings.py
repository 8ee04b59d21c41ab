"""The settings of ``llmrec serve``: section ``[server]``."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ServerSettings"]


class ServerSettings(BaseModel):
    """What ``llmrec serve`` listens to and how much it takes on at a time.

    A rate is written like ``100/minute`` or ``5 per second`` and counts over a moving window.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="address to listen at")
    port: int = Field(8080, ge=0, le=65535, description="0: any that is free")
    running: int = Field(
        4, ge=1, description="requests in the language model at a time; more for a model server"
    )
    waiting: int = Field(64, ge=0, description="requests that may wait for one of these places")
    share: float = Field(
        0.75,
        gt=0,
        le=1,
        description="most of these places that one key (without keys: one address) may have",
    )
    wait_s: float = Field(10.0, gt=0, description="most seconds of that waiting; then 503")
    timeout_s: float = Field(60.0, gt=0, description="most seconds of a request's work; then 504")
    body_s: float = Field(20.0, gt=0, description="most seconds in which a body must have come")
    shutdown_s: float = Field(
        30.0, gt=0, description="most seconds in which running requests are finished at the end"
    )
    max_body_bytes: int = Field(4 * 2**20, ge=1024, description="of a request; above it 413")
    shopper_body_bytes: int = Field(
        128 * 2**10, ge=1024, description="of a request with a shopper's key; above it 413"
    )
    rates: Mapping[str, str] = Field(
        default_factory=lambda: {
            "shopper": "120/minute",
            "merchant": "6000/minute",
            "admin": "6000/minute",
            "stranger": "300/minute",
        },
        description="requests that one key may make, by its scope, refused ones too; stranger: "
        "those without a good key, by address; no entry: any number",
    )
    event_rates: Mapping[str, str] = Field(
        default_factory=lambda: {"shopper": "600/hour"},
        description="events that one shopper, or one key of another scope, may send; a request "
        "with more than are left is refused whole; no entry: any number",
    )
    cors_origins: tuple[str, ...] = Field(
        (), description="web origins whose pages may call, e.g. https://shop.example"
    )
    open_metrics: bool = Field(False, description="answer /metrics without a key")
