"""What is known of a shopper, and what is left when it is forgotten."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from llmrec.server.bodies.base import NO_NUL, Body, Out

__all__ = ["ForgottenOut", "ProfileChange", "ProfileLineOut", "ProfileOut", "ProfileQuery"]


_PIN = r"^[^\x00]*[^\s\x00][^\x00]*$"
"""At least one visible character, and no NUL."""


class ProfileLineOut(Out):
    """One line of a profile, and the ids of the items that it stands on.

    ``pinned`` lines are the shopper's own; ``key`` names a line for as long as it is true.
    """

    key: str
    text: str
    evidence: tuple[str, ...]
    pinned: bool


class ProfileQuery(Body):
    """How a profile is read."""

    language: Literal["en", "de", "zh"] = Field("en", description="of the lines")


class ProfileOut(Out):
    """What is known of a shopper, from counts over the log, their reviews and what they said."""

    lines: tuple[ProfileLineOut, ...]


class ProfileChange(Body):
    """A shopper's correction; either may be left out."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"pin": "No plastic.", "remove": "brand:Acme"}]}
    )

    pin: Annotated[str, StringConstraints(max_length=200, pattern=_PIN)] | None = Field(
        None, description="a line to keep"
    )
    remove: (
        Annotated[str, StringConstraints(min_length=1, max_length=600, pattern=NO_NUL)] | None
    ) = Field(None, description="the key of a line to take away for good")


class ForgottenOut(Out):
    """What was removed; zeros for somebody who was not known."""

    events: int
    sessions: int
    edits: int = Field(description="of the profile")
    lists: int = Field(description="of recommendations, which an experiment had counted")
    keys: int = Field(description="of this shopper, which open nothing any more")
