"""Settings of a fusion's fitting."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["FusionSettings"]


class FusionSettings(BaseModel):
    """How a fusion is fitted: on at most ``cases`` shoppers, drawn by ``seed``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cases: int = Field(10_000, ge=10, description="most shoppers whose last new item is asked for")
    l2: float = Field(1e-3, ge=0, description="penalty of the squared weights")
    seed: int = 0
