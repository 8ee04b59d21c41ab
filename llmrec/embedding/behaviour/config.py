"""The shape of a behaviour encoder: what its weights cannot be read without."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["BehaviourConfig", "LayerKind", "Positions"]

LayerKind: TypeAlias = Literal["preln", "ligr"]
Positions: TypeAlias = Literal["recent", "relative", "none"]


class BehaviourConfig(BaseModel):
    """Sizes and parts of the network.

    ``kinds`` are the event kinds that it tells apart, empty where the log had one. ``text_encoder``
    is the fingerprint of the encoder whose vectors of length ``text_dim`` are the side input; 0 is
    none, and ``text_rank`` is what they are reduced to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    dim: int = Field(128, ge=2, description="length of item and user vectors")
    layers: int = Field(2, ge=1)
    heads: int = Field(2, ge=1)
    feedforward: int = Field(4, ge=1, description="inner width of a layer, in multiples of dim")
    layer: LayerKind = "preln"
    positions: Positions = "recent"
    history: int = Field(50, ge=1, description="most recent events that are read")
    kinds: tuple[str, ...] = ()
    gaps: bool = Field(False, description="whether the time since the event before is read")
    text_dim: int = Field(0, ge=0)
    text_rank: int = Field(0, ge=0)
    text_encoder: str = ""

    @model_validator(mode="after")
    def _fits(self) -> BehaviourConfig:
        if self.dim % self.heads:
            raise ValueError(f"dim {self.dim} cannot be divided by heads {self.heads}")
        if bool(self.text_dim) != bool(self.text_rank) or self.text_rank > self.text_dim:
            raise ValueError(f"text_rank {self.text_rank} does not fit text_dim {self.text_dim}")
        return self
