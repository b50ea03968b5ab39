"""Tuning of a model on a repository: what is asked for and told, its data, its training, its proof."""
