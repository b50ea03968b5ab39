"""The few modal questions, each behind a replaceable function so that tests can answer them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QCoreApplication, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

UnsavedAnswer = Literal["save", "discard", "cancel"]
ReopenAnswer = Literal["save", "keep", "cancel"]
"""Save the text and then read the file again; keep the text in another tab; leave everything as it is."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Dialogs", text)


def choose_open_files(parent: QWidget, folder: str) -> list[str]:
    """Ask for files to open; empty when the person changed their mind."""
    return QFileDialog.getOpenFileNames(parent, _tr("Open files"), folder)[0]


def choose_folder(parent: QWidget, title: str, folder: str) -> str:
    """Ask for a folder; empty when the person changed their mind."""
    return QFileDialog.getExistingDirectory(parent, title, folder)


def choose_save_file(parent: QWidget, path: str) -> str:
    """Ask where to save; empty when the person changed their mind."""
    return QFileDialog.getSaveFileName(parent, _tr("Save as"), path)[0]


def choose_model_file(parent: QWidget, folder: str) -> str:
    """Ask for a GGUF file; empty when the person changed their mind."""
    return QFileDialog.getOpenFileName(parent, _tr("Add a model file"), folder, _tr("GGUF models (*.gguf)"))[0]


def ask_unsaved(parent: QWidget, names: Sequence[str]) -> UnsavedAnswer:
    """Ask what to do with files that have unsaved changes."""
    box = QMessageBox(parent)
    box.setWindowTitle(_tr("Unsaved changes"))
    if len(names) == 1:
        box.setText(_tr("Save the changes to {name}?").format(name=names[0]))
    else:
        box.setText(_tr("Save the changes to these {count} files?").format(count=len(names)))
        shown = list(names[:8]) + ([_tr("and {count} more").format(count=len(names) - 8)] if len(names) > 8 else [])
        box.setInformativeText("\n".join(shown))
    buttons = QMessageBox.StandardButton
    box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
    box.setDefaultButton(buttons.Save)
    answer = box.exec()
    if answer == buttons.Save:
        return "save"
    return "discard" if answer == buttons.Discard else "cancel"


def ask_reopen(parent: QWidget, name: str) -> ReopenAnswer:
    """Ask what becomes of the unsaved changes to a file that is to be read again."""
    box = QMessageBox(parent)
    box.setWindowTitle(_tr("Unsaved changes"))
    box.setText(_tr("Save the changes to {name} before it is read again?").format(name=name))
    box.setInformativeText(
        _tr("Saving writes them in the present encoding. Without saving, your text goes to a tab of its own.")
    )
    save = box.addButton(_tr("Save and reopen"), QMessageBox.ButtonRole.AcceptRole)
    keep = box.addButton(_tr("Keep in a new tab"), QMessageBox.ButtonRole.DestructiveRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(QMessageBox.StandardButton.Cancel)
    box.exec()
    if box.clickedButton() is save:
        return "save"
    return "keep" if box.clickedButton() is keep else "cancel"


def confirm(parent: QWidget, question: str, detail: str, yes: str) -> bool:
    """Ask before something that cannot be undone; the safe answer is the default."""
    box = QMessageBox(QMessageBox.Icon.Question, yes, question, QMessageBox.StandardButton.Cancel, parent)
    box.setInformativeText(detail)
    accept = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    box.setDefaultButton(QMessageBox.StandardButton.Cancel)
    box.exec()
    return box.clickedButton() is accept


def browse(path: str) -> bool:
    """Open a file of this computer in the browser; return whether something opened."""
    return QDesktopServices.openUrl(QUrl.fromLocalFile(path))


@dataclass
class Dialogs:
    """The questions the window may ask."""

    open_files: Callable[[QWidget, str], list[str]] = choose_open_files
    folder: Callable[[QWidget, str, str], str] = choose_folder
    save_file: Callable[[QWidget, str], str] = choose_save_file
    model_file: Callable[[QWidget, str], str] = choose_model_file
    unsaved: Callable[[QWidget, Sequence[str]], UnsavedAnswer] = ask_unsaved
    reopen: Callable[[QWidget, str], ReopenAnswer] = ask_reopen
    confirm: Callable[[QWidget, str, str, str], bool] = confirm
    browse: Callable[[str], bool] = browse
