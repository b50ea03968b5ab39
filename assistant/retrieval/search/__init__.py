"""Search: what the index knows that helps at the cursor, found, ranked, and packed into the prompt's budget."""
