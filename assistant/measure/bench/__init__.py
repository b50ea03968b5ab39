"""Measuring how fast this program is, side by side with other servers of the same model."""
