"""Decoding: from token ids to the next ones, whatever computes the scores."""
