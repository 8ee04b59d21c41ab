"""Ask every case, and say how good the answers are."""
