"""Widgets and styles that know nothing of what they show."""
