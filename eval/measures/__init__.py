"""Numbers over arrays: metrics, what lies beyond them, intervals and tests."""
