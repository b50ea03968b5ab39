"""When to ask the service for a suggestion and what to show of its answers: for every front, and for what measures."""
