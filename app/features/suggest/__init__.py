"""Suggestions in the editor: Qt's side of the session."""
