"""Context: which text around the cursor the model reads."""
