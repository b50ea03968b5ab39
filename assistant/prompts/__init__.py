"""Prompts: the fill-in-the-middle format of each model family, from tables."""
