"""Chat templates: programs of the models' publishers, rendered by a process of their own with bounds."""
