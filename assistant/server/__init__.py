"""The service: HTTP on loopback over one engine."""
