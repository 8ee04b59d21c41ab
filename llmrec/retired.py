"""Settings that mean nothing any more: read for a release, warned about, and ignored."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

__all__ = ["without_retired"]


def without_retired(values: Any, section: str, retired: Mapping[str, str]) -> Any:
    """``values`` without the settings that are retired; a ``FutureWarning`` for each that is there.

    Args:
        values: what a model is made of; returned as it is if that is no mapping.
        section: where the settings stand, for the warning.
        retired: by name, why it means nothing.
    """
    if not isinstance(values, Mapping):
        return values
    for name in retired.keys() & values.keys():
        warnings.warn(
            f"The setting {section}.{name} is ignored: {retired[name]}. Take it out; a later "
            "release refuses it.",
            FutureWarning,
            stacklevel=2,
        )
    return {name: value for name, value in values.items() if name not in retired}
