"""Measuring: how well a model fills in, and how fast this program is."""
