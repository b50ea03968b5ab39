"""The scheduler: one thread that owns the model and runs jobs by their priority."""
