"""Settings of a training from the command line: options and ``--set NAME=VALUE``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from llmrec.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["training_settings"]

T = TypeVar("T", bound="BaseModel")


def training_settings(
    kind: type[T],
    given: Mapping[str, Any],
    pairs: Sequence[str],
    start: Mapping[str, Any] | None = None,
) -> T:
    """Options that were given, with ``NAME=VALUE`` pairs over them.

    Args:
        kind: the settings.
        given: options; ``None`` where one was not given.
        pairs: values are JSON, or else text.
        start: what holds where nothing else is said; defaults otherwise.

    Raises:
        ConfigError: a name that there is not, or a value that cannot be.
    """
    from pydantic import ValidationError

    values = dict(start or {})
    values |= {name: value for name, value in given.items() if value is not None}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ConfigError(f"--set {pair} has no value.", hint="Write --set dropout=0.4.")
        try:
            values[name] = json.loads(value)
        except ValueError:
            values[name] = value
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "settings"
        raise ConfigError(
            f"--set {field}: {first['msg']}.",
            hint=f"There are: {', '.join(kind.model_fields)}.",
        ) from error
