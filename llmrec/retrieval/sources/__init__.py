"""Candidate sources: each answers one request with its best allowed items."""
