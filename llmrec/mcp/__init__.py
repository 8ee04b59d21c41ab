"""The shop's tools for any client of the Model Context Protocol."""
