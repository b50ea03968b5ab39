"""Models: the catalogue, where files come from, and what is installed."""
