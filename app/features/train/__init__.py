"""The Train page: from a repository to an adapter that is in use, one part for each step."""
