"""Record what an experiment has shown; a failure never costs the shopper the answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from llmrec.errors import LLMRecError
from llmrec.experiment.exposures import Exposures, ShownList
from llmrec.types import Recommendations

__all__ = ["WAIT_S", "keep_shown"]

WAIT_S = 1.0
"""Most seconds that an answer waits for another process that is writing."""

_log = logging.getLogger("llmrec.experiment")


def keep_shown(
    experiment: str, opened: Callable[[], Exposures], answers: Sequence[Recommendations]
) -> None:
    """Record the lists of shoppers who are in an arm; a failure is logged, and nothing else.

    Args:
        experiment: its name.
        opened: gives where lists are kept; what it raises counts as a failure, too.
        answers: of one batch.
    """
    lists = [
        ShownList(answer.user, answer.trace.arm, answer.ids)
        for answer in answers
        if answer.user and answer.trace.arm and answer.ids
    ]
    if not lists:
        return
    try:
        opened().record(experiment, lists)
    except LLMRecError as error:
        # Only the error's type: a database's message may quote the shopper's data.
        kind = type(error).__name__
        _log.warning("not counted in the experiment: %d lists (%s)", len(lists), kind)
