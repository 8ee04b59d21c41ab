"""Learning how much each retrieval source counts, from a shop's own log."""
