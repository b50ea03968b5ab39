"""The editor's side of suggestions without an editor: pure state machines and records, no Qt, no clock."""
