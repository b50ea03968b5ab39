"""Saves a text file atomically: the old file stays whole until the new one is on the disk."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QFileDevice, QSaveFile

from app.editor.newlines import split_breaks
from app.editor.text_file import FileChanged, TextFile, encode_text, stamp_of
from assistant.errors import DiskError


def save_text_file(file: TextFile, text: str, *, overwrite: bool = False) -> TextFile:
    """Write a text in the file's encoding and line ends and return the file as it is now.

    Permissions are kept, and a symbolic link stays one: its target is written. Raises
    CannotEncode, FileChanged where another program wrote the file since it was read
    (unless ``overwrite``), and DiskError; in each case the file on disk is as it was.
    """
    data = encode_text(file, text)
    target = Path(os.path.realpath(file.path))
    now = stamp_of(target)
    if not overwrite and now is not None and now != file.stamp:  # a file that is gone is made again
        raise FileChanged(
            _tr("{0} was changed by another program since you opened it. Overwrite it, or open it again.").format(
                file.path.name
            )
        )
    _write(target, data, file.path)
    written = data[len(file.bom) :].decode(file.encoding)
    return dataclasses.replace(file, text=text, breaks=split_breaks(written)[1], stamp=stamp_of(target))


def _write(target: Path, data: bytes, shown: Path) -> None:
    device = QSaveFile(str(target))
    device.setDirectWriteFallback(False)
    if not device.open(QFileDevice.OpenModeFlag.WriteOnly):
        raise _refused(shown, device.errorString())
    if device.write(data) != len(data) or not device.flush():
        reason = device.errorString()
        device.cancelWriting()
        device.commit()
        raise _refused(shown, reason)
    if not device.commit():
        raise _refused(shown, device.errorString())


def _refused(path: Path, reason: str) -> DiskError:
    words = _tr("{0} could not be saved: {1}. The file on disk is as it was; free space or save it elsewhere.")
    return DiskError(words.format(path.name, reason.rstrip(".") or _tr("the disk refused")))


def _tr(text: str) -> str:
    return QCoreApplication.translate("save", text)
