"""Items and events: read, validated, stored, and held in memory for filtering."""
