"""The long versions: twenty kills each, a thousand filters. Run with: make test-slow"""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.slow]

BENCH = Path(__file__).parents[2] / "scripts" / "bench"


def run(script, *arguments):
    command = [sys.executable, BENCH / script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_twenty_kills_of_ingest_leave_what_an_uninterrupted_run_leaves():
    run("kill_ingest.py", "--kills", 20, "--rows", 100_000)


def test_twenty_kills_of_index_leave_what_an_uninterrupted_run_leaves():
    assert run("kill_index.py", 20, "--items", 4000).count(", equal") == 20


@pytest.mark.shared_data
def test_a_thousand_random_filters_hold(shared_data, minilm, tmp_path):
    assert "1000 requests, 0 problems" in run("random_filters.py", 1000, "--work", tmp_path)
