"""Tuning of a model on a repository. The package holds no code yet."""
