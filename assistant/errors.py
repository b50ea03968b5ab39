"""Errors whose message is one sentence for a person: what happened, and what to do."""

from __future__ import annotations


class GrafterError(Exception):
    """Base of every error that Grafter raises on purpose. ``code`` is for programs."""

    code = "internal_error"


class StoppedError(Exception):
    """Work ends because it was asked to stop, which is no failure; its docstring says what of it is kept."""


class InputError(GrafterError):
    """The person or program asked for something that cannot be: bad option, bad file, bad place."""

    code = "invalid_request"


class ModelError(GrafterError):
    """A model is missing, damaged or cannot be loaded."""

    code = "model_error"


class DownloadError(ModelError):
    """A model could not be fetched; what arrived so far is kept for the next try."""

    code = "download_error"


class DiskError(GrafterError):
    """The disk is full or may not be written."""

    code = "disk_error"


class OutOfMemory(GrafterError):  # noqa: N818 - the name that people search for
    """The device has no room for this request; the model stays usable."""

    code = "out_of_memory"


class ServiceError(GrafterError):
    """The service cannot be reached or answered something unexpected."""

    code = "service_error"
