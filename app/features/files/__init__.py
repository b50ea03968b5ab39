"""The folder that is open, as a tree beside the editor."""
