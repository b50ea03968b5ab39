"""What several tests share: stand-ins for programs and servers, makers of model files, and how long a test waits."""

from pathlib import Path

SUPPORT = Path(__file__).resolve().parent
"""The folder of the stand-ins that run as programs of their own."""
