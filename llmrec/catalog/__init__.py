"""Items and events: stored in a database, and held in memory for filtering."""
