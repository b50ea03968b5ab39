"""Saves a text file so that its old or its new content is on the disk whole, and all that belongs to the file stays."""

from __future__ import annotations

import dataclasses
import errno
import os
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from app.editor.files.disk import BackupLeft, write_file
from app.editor.files.file_names import shown
from app.editor.files.text_file import FileChanged, TextFile, breaks_of, encode_text, stamp_of
from assistant.errors import DiskError


def save_text_file(file: TextFile, text: str, *, overwrite: bool = False) -> TextFile:
    """Write a text in the file's encoding and line ends and return the file as it is now.

    Permissions, owner and links are kept; see app.editor.files.disk. Raises CannotEncode, FileChanged
    where another program wrote the file since it was read (unless ``overwrite``), and DiskError;
    in each case the file on disk is as it was, or the message says where its content is.
    """
    data = encode_text(file, text)
    target = Path(os.path.realpath(file.path))
    if not overwrite and _is_changed(file, target):
        raise FileChanged(
            _tr("{0} was changed by another program since you opened it. Overwrite it, or open it again.").format(
                shown(file.path.name)
            )
        )
    try:
        write_file(target, data)
    except BackupLeft as error:
        words = _tr("{0} could not be saved: {1}. What it held before is in {2}; save your text elsewhere.")
        raise DiskError(words.format(shown(file.path.name), _reason(error.cause), error.backup)) from None
    except (OSError, ValueError) as error:
        words = _tr("{0} could not be saved: {1}. The file on disk is as it was; {2}.")
        raise DiskError(words.format(shown(file.path.name), _reason(error), _advice(error))) from None
    # A text of one line has no line end yet that would say what the next one gets.
    breaks = breaks_of(file, data) or file.breaks[:1]
    return dataclasses.replace(file, text=text, breaks=breaks, stamp=stamp_of(target))


def _is_changed(file: TextFile, target: Path) -> bool:
    """Return whether another program wrote the file. One that is gone is made again."""
    now = stamp_of(target)
    if now is None or now == file.stamp:
        return False
    if file.stamp is None:
        return True
    try:  # a new time or inode alone, as after a checkout, is no change
        data = target.read_bytes()
    except OSError:
        return True
    return data != encode_text(file, file.text) and bool(data or file.text)  # an empty one has no mark yet


def _reason(error: OSError | ValueError) -> str:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return reason.rstrip(".") or _tr("the disk refused")


def _advice(error: OSError | ValueError) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number in {errno.ENOSPC, getattr(errno, "EDQUOT", None)}:
        return _tr("free space or save it elsewhere")
    if number in {errno.EACCES, errno.EPERM}:
        return _tr("change its permissions or save it elsewhere")
    return _tr("save it elsewhere")


def _tr(text: str) -> str:
    return QCoreApplication.translate("save", text)
