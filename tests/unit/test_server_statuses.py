"""Every error of ours has an HTTP status of its own, and is told as it should be."""

import pytest

from llmrec import errors
from llmrec.server.bodies.errors import failures
from llmrec.server.statuses import STATUSES, status_of


def below(kind):
    return [kind, *(inner for one in kind.__subclasses__() for inner in below(one))]


ALL = [one for one in below(errors.LLMRecError) if one.__module__ == errors.__name__]


def test_every_error_is_mapped():
    assert set(ALL) == set(STATUSES)


@pytest.mark.parametrize("kind", ALL)
def test_statuses_are_consistent(kind):
    status = STATUSES[kind]
    assert 400 <= status.status < 600
    # Only what the caller did is told in the error's own words.
    assert (status.says is None) == (status.status < 500) or issubclass(
        kind, (errors.RequestError, errors.ContextOverflow)
    )
    if kind.retryable:
        assert status.status in (429, 503, 504)


def test_an_error_that_is_raised_elsewhere_counts_as_the_nearest_above():
    class Special(errors.IndexMissing):
        pass

    assert status_of(Special) is STATUSES[errors.IndexMissing]


def test_documented_failures_have_words():
    every = failures(*{one.status for one in STATUSES.values()})
    assert all(one["description"] for one in every.values())
