"""Base model and adapter side by side at the cursor."""
