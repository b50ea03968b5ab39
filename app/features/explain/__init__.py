"""The panel "Why this suggestion": what the service tells of the suggestion that is shown, or was shown last."""
