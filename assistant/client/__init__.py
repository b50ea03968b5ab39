"""What talks to the service: server-sent events and a small HTTP client."""
