"""The command line: thin fronts on models, service and client."""
