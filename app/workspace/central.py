"""The central area: tabs over a stack of pages, and the welcome page where there are none."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.widgets.icons import IconSet
from app.widgets.message_bar import MessageBars
from app.widgets.page import Page
from app.workspace.editor_page import EditorPage
from app.workspace.tabs import TabBar

AnyPage = EditorPage | Page


class Central(QWidget):
    """Keeps the tabs and the stack in step. ``bars`` hold what concerns the whole window."""

    current_changed = Signal()
    close_wanted = Signal(object)

    def __init__(self, icons: IconSet, welcome: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pages: list[AnyPage] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._strip = QFrame()
        self._strip.setObjectName("tabs")
        self._strip.setFixedHeight(37)
        row = QHBoxLayout(self._strip)
        row.setContentsMargins(0, 0, 0, 0)
        self.tabs = TabBar(icons)
        row.addWidget(self.tabs, 1, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._strip)
        self.bars = MessageBars(icons)
        column.addWidget(self.bars)
        self._stack = QStackedWidget()
        self._stack.addWidget(welcome)
        self._welcome = welcome
        column.addWidget(self._stack, 1)
        self.tabs.currentChanged.connect(self._on_current)
        self.tabs.tabMoved.connect(self._on_moved)
        self.tabs.close_wanted.connect(lambda index: self.close_wanted.emit(self._pages[index]))
        self._strip.hide()

    @property
    def pages(self) -> list[AnyPage]:
        """The pages in the order of their tabs."""
        return list(self._pages)

    @property
    def editors(self) -> list[EditorPage]:
        """The pages that are files."""
        return [page for page in self._pages if isinstance(page, EditorPage)]

    @property
    def current(self) -> AnyPage | None:
        """The page in front."""
        index = self.tabs.currentIndex()
        return self._pages[index] if 0 <= index < len(self._pages) else None

    def add(self, page: AnyPage) -> None:
        """Add a page at the end and bring it to the front."""
        self._pages.append(page)
        self._stack.addWidget(page)
        self._strip.show()
        index = self.tabs.add(page.title, page.title, page.icon_name)
        if isinstance(page, EditorPage):
            self.setTabOrder(self.tabs, page.editor)
            page.title_changed.connect(self._retitle)
            self._retitle()
        self.tabs.setCurrentIndex(index)
        self._on_current(index)

    def remove(self, page: AnyPage) -> None:
        """Take a page away; a file's page is destroyed, the others are kept for the next time."""
        index = self._pages.index(page)
        self.tabs.blockSignals(True)
        self._pages.remove(page)
        self.tabs.removeTab(index)
        self.tabs.blockSignals(False)
        self._stack.removeWidget(page)
        page.hide()
        if isinstance(page, EditorPage):
            page.deleteLater()
        else:
            page.setParent(self)
        self._retitle()
        self._strip.setVisible(bool(self._pages))
        self._on_current(self.tabs.currentIndex())

    def bring_to_front(self, page: AnyPage) -> None:
        """Show a page that has a tab, and give it the focus."""
        self.tabs.setCurrentIndex(self._pages.index(page))
        page.setFocus()

    def give_focus(self) -> None:
        """Put the focus into the page in front, if there is one."""
        if self.current is not None:
            self.current.setFocus()

    def step(self, by: int) -> None:
        """Go to the next or the previous tab, round the ends."""
        if self._pages:
            self.tabs.setCurrentIndex((self.tabs.currentIndex() + by) % len(self._pages))

    def _retitle(self) -> None:
        """Write every file's tab: two of one name say where each lies, so the titles hang together."""
        count = Counter(page.name for page in self.editors)
        for index, page in enumerate(self._pages):
            if isinstance(page, EditorPage):
                where = page.path.parent.name if page.path and count[page.name] > 1 else ""
                title = f"{page.name} — {where}" if where else page.name
                self.tabs.set_title(index, title, str(page.path or page.name), page.modified)

    def _on_current(self, index: int) -> None:
        page = self._pages[index] if 0 <= index < len(self._pages) else None
        self._stack.setCurrentWidget(page or self._welcome)
        self.give_focus()
        self.current_changed.emit()

    def _on_moved(self, start: int, end: int) -> None:
        self._pages.insert(end, self._pages.pop(start))
