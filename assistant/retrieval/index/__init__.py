"""The index of a workspace: what is known of its files, kept fresh by a process of its own."""
