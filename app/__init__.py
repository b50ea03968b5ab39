"""The desktop window: Qt only. Talks to the service over HTTP and never imports torch."""
