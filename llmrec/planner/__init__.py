"""Which engine, precision, context and batch this machine takes, and why."""
