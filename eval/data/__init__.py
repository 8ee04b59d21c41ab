"""Where cases come from: events and items, splits without leaks, public sets."""
