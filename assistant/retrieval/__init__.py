"""Retrieval: what the rest of the repository has to say about the place of the cursor."""
