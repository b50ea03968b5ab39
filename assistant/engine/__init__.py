"""Engines: token generation behind one small protocol."""
