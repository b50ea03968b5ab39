import os
import sys

import pytest

from app.workspace.editor_page import EditorPage

pytestmark = pytest.mark.gui


def type_text(page, text):
    page.editor.insertPlainText(text)


def press(page, topic, title):
    """Press a button of a page's bar."""
    next(button for button in page.bars.bar(topic).buttons if button.text() == title).click()


def pick(window, qtbot, text):
    """Type into the picker and take what is first."""
    window.bench.picker.line.setText(text)
    qtbot.keyClick(window.bench.picker.line, "\r")


def test_a_file_opens_once_and_shows_how_it_is_written(window, folder):
    window.bench.folder.open(folder)
    page = window.bench.documents.open(folder / "README.md")
    assert isinstance(page, EditorPage)
    assert page.editor.plain_text() == "# Orchard\n\nTrees.\n"
    assert page.info()[:2] == ("UTF-8", "CRLF")
    assert "Markdown" in page.info()[3]
    assert window.bench.documents.open(folder / "README.md") is page
    assert len(window.bench.central.pages) == 1
    assert page.crumbs.whole == "README.md"
    assert window.bench.documents.open(folder / "src" / "tree.py").info()[2] == "Tabs"
    assert window.bench.central.current.crumbs.whole == "src  ›  tree.py"


@pytest.mark.parametrize(
    ("name", "data"), [("gone.py", None), ("picture.bin", b"\x00\x01\x02\xff" * 100), ("huge.txt", b"x" * (21 << 20))]
)
def test_what_cannot_be_opened_is_said_in_a_bar(window, folder, name, data):
    if data is not None:
        (folder / name).write_bytes(data)
    assert window.bench.documents.open(folder / name) is None
    assert name in window.bench.central.bars.texts()["open"]
    assert window.bench.central.pages == []


def test_a_hostile_name_is_shown_as_it_is(window, folder):
    path = folder / "<b>a&b.txt"
    path.write_text("x", encoding="utf-8")
    page = window.bench.documents.open(path)
    assert window.bench.central.tabs.tabText(0) == "<b>a&&b.txt"
    assert page.crumbs.text() == "" or "<b>" in page.crumbs.whole


def test_saving_keeps_line_ends_and_clears_the_dot(window, folder):
    page = window.bench.documents.open(folder / "README.md")
    type_text(page, "x")
    assert page.modified
    assert window.bench.documents.save(page)
    assert (folder / "README.md").read_bytes() == b"x# Orchard\r\n\r\nTrees.\r\n"
    assert not page.modified


def test_a_new_text_asks_where_and_takes_the_name(window, folder):
    page = window.bench.documents.new()
    assert page.path is None
    assert page.name == "Untitled 1"
    type_text(page, "print(1)\n")
    assert not window.bench.documents.save(page)
    assert page.modified
    window.services.dialogs.answers["save_file"] = str(folder / "new.py")
    assert window.bench.documents.save(page)
    assert (folder / "new.py").read_text(encoding="utf-8") == "print(1)\n"
    assert page.info()[3] == "Python"
    assert window.bench.central.tabs.tabText(0) == "new.py"


def test_save_as_refuses_a_file_of_another_tab(window, folder):
    window.bench.documents.open(folder / "README.md")
    page = window.bench.documents.new()
    window.services.dialogs.answers["save_file"] = str(folder / "README.md")
    assert not window.bench.documents.save(page)
    assert "another tab" in page.bars.texts()["save"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_said(window, folder):
    page = window.bench.documents.open(folder / "README.md")
    type_text(page, "x")
    folder.chmod(0o500)
    try:
        assert not window.bench.documents.save(page)
    finally:
        folder.chmod(0o700)
    assert "README.md" in page.bars.texts()["save"]
    assert page.modified


def test_a_folder_that_is_gone_is_said_and_can_be_saved_elsewhere(window, folder):
    page = window.bench.documents.open(folder / "src" / "graft.py")
    type_text(page, "x")
    (folder / "src").rename(folder / "moved")
    assert not window.bench.documents.save(page)
    bar = page.bars.bar("save")
    window.services.dialogs.answers["save_file"] = str(folder / "rescued.py")
    next(button for button in bar.buttons if button.text().startswith("Save as")).click()
    assert (folder / "rescued.py").read_text(encoding="utf-8").startswith("xdef gcd")
    assert page.bars.texts() == {}


def test_a_character_that_does_not_fit_offers_utf8_last(window, folder):
    path = folder / "old.txt"
    path.write_bytes("Äpfel über Bäume, schöne Grüße aus dem Süden\n".encode("latin-1"))
    page = window.bench.documents.open(path)
    assert page.file.encoding != "utf-8"
    type_text(page, "→🍎")
    assert not window.bench.documents.save(page)
    bar = page.bars.bar("save")
    assert [button.text() for button in bar.buttons] == ["Reopen as…", "Save as…", "Convert to UTF-8"]
    bar.buttons[2].click()
    assert path.read_text(encoding="utf-8").startswith("→🍎Äpfel")
    assert not page.modified


def test_another_encoding_and_line_end_take_force_at_the_next_saving(window, folder, qtbot):
    page = window.bench.documents.open(folder / "README.md")
    window.bench.navigation.choose_line_ends()
    window.bench.picker.line.setText("LF")
    qtbot.keyClick(window.bench.picker.line, "\r")
    assert page.modified
    assert window.bench.file_status.line_ends.text() == "LF"
    assert window.bench.documents.save(page)
    assert b"\r" not in (folder / "README.md").read_bytes()


def test_closing_asks_only_about_changes(window, folder):
    asked, answers = window.services.dialogs.asked, window.services.dialogs.answers
    page = window.bench.documents.open(folder / "README.md")
    assert window.bench.close_page(page)
    assert asked == []
    page = window.bench.documents.open(folder / "README.md")
    type_text(page, "x")
    assert not window.bench.close_page(page)
    assert page in window.bench.central.pages
    answers["unsaved"] = "save"
    assert window.bench.close_page(page)
    assert (folder / "README.md").read_bytes().startswith(b"x#")
    assert [name for name, _ in asked] == ["unsaved", "unsaved"]


def test_closing_the_window_asks_and_can_be_cancelled(window, folder):
    page = window.bench.documents.open(folder / "README.md")
    type_text(page, "x")
    assert not window.close()
    assert window.isVisible()
    window.services.dialogs.answers["unsaved"] = "discard"
    assert window.close()
    assert (folder / "README.md").read_bytes().startswith(b"# Orchard")


def test_a_clean_file_follows_the_disk_and_keeps_the_cursor(window, folder, qtbot):
    path = folder / "src" / "graft.py"
    page = window.bench.documents.open(path)
    page.editor.set_cursor_offset(5)
    path.write_text("def gcd(a, b):\n    return b\n", encoding="utf-8")
    qtbot.waitUntil(lambda: "return b" in page.editor.plain_text())
    assert page.editor.cursor_offset() == 5
    assert not page.modified
    other = folder / "other.tmp"
    other.write_text("def gcd():\n    return c\n", encoding="utf-8")
    other.replace(path)  # as editors save: a new file takes the place
    qtbot.waitUntil(lambda: "return c" in page.editor.plain_text())


@pytest.mark.parametrize("choice", ["Reload", "Keep mine"])
def test_a_changed_file_with_changes_here_asks_in_a_bar(window, folder, qtbot, choice):
    path = folder / "src" / "graft.py"
    page = window.bench.documents.open(path)
    type_text(page, "mine ")
    path.write_text("theirs\n", encoding="utf-8")
    qtbot.waitUntil(lambda: "disk" in page.bars.texts())
    next(button for button in page.bars.bar("disk").buttons if button.text() == choice).click()
    if choice == "Reload":
        assert page.editor.plain_text() == "theirs\n"
    else:
        assert page.editor.plain_text().startswith("mine ")
        assert window.bench.documents.save(page)
        assert path.read_text(encoding="utf-8").startswith("mine ")


def test_a_deleted_file_can_be_saved_again(window, folder, qtbot):
    path = folder / "src" / "graft.py"
    page = window.bench.documents.open(path)
    path.unlink()
    qtbot.waitUntil(lambda: "disk" in page.bars.texts())
    assert page.modified
    page.bars.bar("disk").buttons[0].click()
    assert path.read_text(encoding="utf-8").startswith("def gcd")
    assert not page.modified


def test_saving_makes_a_deleted_file_again(window, folder, qtbot):
    path = folder / "src" / "graft.py"
    page = window.bench.documents.open(path)
    path.unlink()
    qtbot.waitUntil(lambda: "disk" in page.bars.texts())
    assert window.bench.documents.save(page)
    assert path.read_text(encoding="utf-8").startswith("def gcd")
    assert page.bars.texts() == {}


def test_saving_over_what_another_program_wrote_asks(window, folder):
    path = folder / "src" / "graft.py"
    page = window.bench.documents.open(path)
    type_text(page, "mine ")
    path.write_text("theirs, and longer than before: 0123456789\n", encoding="utf-8")
    assert not window.bench.documents.save(page)
    bar = page.bars.bar("save")
    next(button for button in bar.buttons if button.text() == "Overwrite").click()
    assert path.read_text(encoding="utf-8").startswith("mine ")


def test_two_files_of_one_name_say_where_they_lie(window, folder):
    (folder / "docs").mkdir()
    (folder / "docs" / "tree.py").write_text("x", encoding="utf-8")
    window.bench.documents.open(folder / "src" / "tree.py")
    window.bench.documents.open(folder / "docs" / "tree.py")
    tabs = window.bench.central.tabs
    assert [tabs.tabText(0), tabs.tabText(1)] == ["tree.py — src", "tree.py — docs"]
    window.bench.close_page(window.bench.central.pages[1])
    assert tabs.tabText(0) == "tree.py"


def test_line_ends_that_another_program_changed_are_kept(window, folder, qtbot):
    path = folder / "README.md"
    page = window.bench.documents.open(path)
    page.set_language("rust")
    path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n"))
    qtbot.waitUntil(lambda: window.bench.file_status.line_ends.text() == "LF")
    assert page.editor.language() == "Rust"  # the person's choice
    type_text(page, "x")
    assert window.bench.documents.save(page)
    assert b"\r" not in path.read_bytes()


def test_a_file_that_comes_back_as_it_was_has_no_changes(window, folder, qtbot):
    path = folder / "src" / "graft.py"
    page, text = window.bench.documents.open(path), path.read_bytes()
    path.unlink()
    qtbot.waitUntil(lambda: "disk" in page.bars.texts())
    path.write_bytes(text)
    qtbot.waitUntil(lambda: "disk" not in page.bars.texts())
    assert not page.modified


def test_the_remedies_of_save_as_keep_its_place(window, folder):
    path = folder / "old.txt"
    path.write_bytes("Äpfel über Bäume, schöne Grüße aus dem Süden\n".encode("latin-1"))
    page = window.bench.documents.open(path)
    type_text(page, "→🍎")
    window.services.dialogs.answers["save_file"] = str(folder / "new.txt")
    assert not window.bench.documents.save_as(page)
    press(page, "save", "Convert to UTF-8")
    assert page.bars.texts() == {}
    assert (folder / "new.txt").read_text(encoding="utf-8").startswith("→🍎Äpfel")


CHINESE = "# 返回用户列表，如果文件不存在\nname = '用户'\n"


def test_a_guess_is_said_and_reopening_reads_the_bytes_anew(window, folder, qtbot):
    path = folder / "old.py"
    data = "# привет, это проверка\n".encode("cp1251") + b"x = 1\n"
    path.write_bytes(data)
    page = window.bench.documents.open(path)
    assert page.info()[0] == "Windows-1251 (a guess)"
    assert window.bench.file_status.encoding.text() == "Windows-1251 (a guess)"
    assert "Windows-1251 is a guess" in page.bars.texts()["encoding"]
    press(page, "encoding", "Reopen as…")
    pick(window, qtbot, "KOI8-R")
    assert page.file.encoding == "koi8-r"
    assert not page.modified
    assert "encoding" not in page.bars.texts()
    window.bench.navigation.reopen_in_encoding()
    pick(window, qtbot, "Windows-1251")
    assert page.editor.plain_text().startswith("# привет")
    type_text(page, "# один\n")
    assert window.bench.documents.save(page)
    assert path.read_bytes() == "# один\n".encode("cp1251") + data


def test_undo_does_not_go_back_behind_reopening(window, folder):
    path = folder / "old.py"
    path.write_bytes(CHINESE.encode("gb18030"))
    page = window.bench.documents.open(path)
    window.bench.documents.reopen(page, "cp1252")
    window.bench.documents.reopen(page, "gb18030")
    page.editor.undo()
    assert page.editor.plain_text() == CHINESE
    assert not page.modified


def test_utf16_without_a_mark_is_said_to_be_a_guess_and_stays_so(window, folder):
    path = folder / "setup.inf"
    data = "[Version]\r\nSignature=$CHICAGO$\r\n".encode("utf-16-le")
    path.write_bytes(data)
    page = window.bench.documents.open(path)
    assert page.info()[:2] == ("UTF-16 LE (a guess)", "CRLF")
    assert "UTF-16 LE is a guess" in page.bars.texts()["encoding"]
    type_text(page, "; mine\n")
    assert window.bench.documents.save(page)
    assert path.read_bytes() == "; mine\r\n".encode("utf-16-le") + data


@pytest.fixture
def old_page(window, folder):
    """A page of a file that was guessed wrong, with what cannot be saved in that encoding."""
    path = folder / "old.py"
    path.write_bytes("# příliš žluťoučký café\r\nx = 1\r\n".encode("cp1250"))
    page = window.bench.documents.open(path)
    window.bench.documents.reopen(page, "cp1252")
    type_text(page, "ř")
    return page


def test_reopening_leaves_all_as_it_is_where_the_person_says_no(window, old_page):
    before = old_page.editor.plain_text()
    assert not window.bench.documents.reopen(old_page, "cp1250")
    assert window.services.dialogs.asked == [("reopen", ("old.py",))]
    assert (old_page.editor.plain_text(), old_page.file.encoding, old_page.modified) == (before, "cp1252", True)


def test_reopening_keeps_unsaved_changes_in_a_tab(window, old_page):
    before = old_page.editor.plain_text()
    window.services.dialogs.answers["reopen"] = "keep"
    assert window.bench.documents.reopen(old_page, "cp1250")
    assert old_page.editor.plain_text() == "# příliš žluťoučký café\nx = 1\n"
    assert not old_page.modified
    assert window.bench.central.current is old_page
    other, kept = window.bench.central.editors
    assert other is old_page
    assert (kept.path, kept.name, kept.modified, kept.editor.plain_text()) == (None, "Untitled 1", True, before)
    assert kept.info()[1] == "CRLF"
    assert "Python" in kept.info()[3]
    assert "is in Untitled 1" in old_page.bars.texts()["kept"]
    press(old_page, "kept", "Show it")
    assert window.bench.central.current is kept
    window.bench.documents.reopen(old_page, "cp1252")  # nothing to lose any more
    assert len(window.bench.central.editors) == 2


def test_what_is_kept_is_saved_with_the_bytes_that_nobody_edited(window, folder):
    path = folder / "odd.py"
    path.write_bytes(b"# caf\xe9 \x81\r\nx = 1\r\n")  # no character in Windows-1252
    page = window.bench.documents.open(path)
    window.bench.documents.reopen(page, "cp1252")
    type_text(page, "y = 2\n")
    window.services.dialogs.answers |= {"reopen": "keep", "save_file": str(folder / "kept.py")}
    assert window.bench.documents.reopen(page, "cp1250")
    kept = window.bench.central.editors[1]
    assert window.bench.documents.save(kept)
    assert (folder / "kept.py").read_bytes() == b"y = 2\r\n# caf\xe9 \x81\r\nx = 1\r\n"
    assert path.read_bytes() == b"# caf\xe9 \x81\r\nx = 1\r\n"


def test_reopening_saves_first_and_stays_where_that_fails(window, folder, old_page):
    window.services.dialogs.answers["reopen"] = "save"
    before = old_page.editor.plain_text()
    assert not window.bench.documents.reopen(old_page, "cp1250")
    assert "which cannot hold 'ř'" in old_page.bars.texts()["save"]
    assert (old_page.editor.plain_text(), old_page.modified) == (before, True)
    old_page.editor.undo()
    type_text(old_page, "y = 2  # ")
    assert window.bench.documents.reopen(old_page, "cp1250")
    assert old_page.editor.plain_text() == "y = 2  # # příliš žluťoučký café\nx = 1\n"
    assert len(window.bench.central.editors) == 1


def test_an_encoding_to_come_is_no_text_to_lose(window, folder):
    path = folder / "old.py"
    path.write_bytes("# café\n".encode("cp1252"))
    page = window.bench.documents.open(path)
    window.bench.documents.convert(page, "utf-8")
    assert window.bench.documents.reopen(page, "cp1250")
    assert window.services.dialogs.asked == []
    assert len(window.bench.central.editors) == 1


@pytest.mark.parametrize("how", ["conflict", "saving"])
def test_reloading_what_was_converted_elsewhere_loses_nothing(window, folder, qtbot, how):
    path = folder / "old.py"
    path.write_bytes("# été à la plage, déjà vu\n".encode("cp1252"))
    page = window.bench.documents.open(path)
    type_text(page, "mine = 1  ")
    mine = page.editor.plain_text()
    if how == "saving":
        window.bench.documents._watcher.changed.disconnect()
    path.write_text("# converted: été\n", encoding="utf-8")
    topic = "disk" if how == "conflict" else "save"
    if how == "saving":
        assert not window.bench.documents.save(page)
    qtbot.waitUntil(lambda: topic in page.bars.texts())
    press(page, topic, "Reload")
    assert page.editor.plain_text() == "# converted: été\n"
    assert [each.editor.plain_text() for each in window.bench.central.editors] == ["# converted: été\n", mine]


def test_a_guess_that_is_right_can_be_kept(window, folder):
    path = folder / "old.py"
    path.write_bytes("# café\n".encode("cp1252"))
    page = window.bench.documents.open(path)
    press(page, "encoding", "Keep Windows-1252")
    assert page.info()[0] == "Windows-1252"
    assert page.bars.texts() == {}
    assert not page.modified


def test_a_chosen_encoding_stays_when_another_program_writes_the_file(window, folder, qtbot):
    path = folder / "old.py"
    path.write_bytes("# café\n".encode("cp1252"))
    page = window.bench.documents.open(path)
    window.bench.documents.reopen(page, "cp1250")
    path.write_bytes("# été à la plage, déjà vu\n".encode("cp1252"))
    qtbot.waitUntil(lambda: "plage" in page.editor.plain_text())
    assert page.file.encoding == "cp1250"


def test_converting_is_another_thing_than_reopening(window, folder, qtbot):
    path = folder / "old.py"
    path.write_bytes(CHINESE.encode("gb18030"))
    page = window.bench.documents.open(path)
    window.bench.navigation.choose_encoding()
    pick(window, qtbot, "Convert")
    pick(window, qtbot, "UTF-8")
    assert page.modified
    assert path.read_bytes() == CHINESE.encode("gb18030")
    assert window.bench.documents.save(page)
    assert path.read_bytes() == CHINESE.encode()
    assert page.info()[0] == "UTF-8"


def test_bytes_without_a_character_are_said_kept_and_not_converted(window, folder):
    path = folder / "mixed.py"
    data = "# größer, schöner, Übung für alle – déjà vu\n".encode() + b"# caf\xe9\n"
    path.write_bytes(data)
    page = window.bench.documents.open(path)
    assert "1 of its bytes" in page.bars.texts()["encoding"]
    type_text(page, "# é\n")
    assert window.bench.documents.save(page)
    assert path.read_bytes() == "# é\n".encode() + data
    assert not window.bench.documents.convert(page, "cp1252")
    assert "cannot be converted" in page.bars.texts()["encoding"]
    assert page.file.encoding == "utf-8"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names are bytes only there")
def test_a_name_that_is_not_utf8_is_shown_saved_and_found_again(window, folder):
    path = folder / os.fsdecode(b"caf\xe9.py")
    path.write_bytes(b"x = 1\n")
    window.bench.folder.open(folder)
    page = window.bench.documents.open(path)
    assert page.name == r"caf\xe9.py"
    assert page.crumbs.whole == r"caf\xe9.py"
    type_text(page, "y")
    assert window.bench.documents.save(page)
    assert path.read_bytes() == b"yx = 1\n"
    assert [entry.name for entry in folder.iterdir() if entry.name.startswith("caf")] == [path.name]
    assert window.bench.documents.open(folder / "caf\ufffd.py") is page  # as Qt's file tree names it
    assert window.close()


@pytest.mark.parametrize(
    ("name", "shown"), [("Makefile", "Tabs"), ("main.go", "Tabs"), ("new.py", "4 spaces"), ("new.css", "2 spaces")]
)
def test_a_new_file_is_indented_as_its_language_and_folder_want(window, folder, name, shown):
    (folder / ".editorconfig").write_text("root = true\n[*.css]\nindent_size = 2\n", encoding="utf-8")
    page = window.bench.documents.new(folder / name)
    assert page.info()[2] == shown


def test_saved_under_another_name_the_indentation_is_decided_anew(window, folder):
    (folder / ".editorconfig").write_text("root = true\n[*.go]\ntab_width = 8\n", encoding="utf-8")
    page = window.bench.documents.new()
    type_text(page, "package main\n")
    assert page.info()[2] == "4 spaces"
    window.services.dialogs.answers["save_file"] = str(folder / "main.go")
    assert window.bench.documents.save(page)
    assert page.info()[2] == "Tabs"
    assert page.editor.indent_style().tab_width == 8
    window.bench.documents.moved(folder / "main.go", folder / "main.py")
    assert page.info()[2] == "4 spaces"


CONFIG = (
    "root = true\n[*.cs]\nend_of_line = crlf\ncharset = utf-8-bom\n"
    "[*.properties]\ncharset = latin1\n"
    "[*.{py,cs}]\ntrim_trailing_whitespace = true\ninsert_final_newline = true\n"
)


@pytest.mark.parametrize("how", ["new", "made", "untitled"])
def test_a_new_file_is_written_as_editorconfig_wants(window, folder, how):
    (folder / ".editorconfig").write_text(CONFIG, encoding="utf-8")
    path, documents = folder / "New.cs", window.bench.documents
    if how == "made":
        path.touch()  # as the tree makes a file
    window.services.dialogs.answers["save_file"] = str(path)
    page = documents.new() if how == "untitled" else documents.open(path) if how == "made" else documents.new(path)
    if how != "untitled":
        assert page.info()[:2] == ("UTF-8 BOM", "CRLF")
    assert not page.modified
    type_text(page, "class A  \n{\n}")
    assert documents.save(page)
    assert path.read_bytes() == b"\xef\xbb\xbfclass A\r\n{\r\n}\r\n"
    assert page.info()[:2] == ("UTF-8 BOM", "CRLF")
    assert not page.modified


def test_an_encoding_from_editorconfig_says_what_it_cannot_hold(window, folder):
    (folder / ".editorconfig").write_text(CONFIG, encoding="utf-8")
    page = window.bench.documents.new(folder / "a.properties")
    type_text(page, "a = é\n")
    assert window.bench.documents.save(page)
    assert page.path.read_bytes() == b"a = \xe9\n"
    type_text(page, "ř")
    assert not window.bench.documents.save(page)
    assert "is in ISO 8859-1, which cannot hold 'ř'" in page.bars.texts()["save"]


def test_a_file_that_is_there_keeps_its_line_ends_and_encoding(window, folder):
    (folder / ".editorconfig").write_text(CONFIG, encoding="utf-8")
    path = folder / "Old.cs"
    path.write_bytes(b"class A\n{\n}")
    page = window.bench.documents.open(path)
    assert page.info()[:2] == ("UTF-8", "LF")
    type_text(page, "// x \n")
    assert window.bench.documents.save(page)
    assert path.read_bytes() == b"// x\nclass A\n{\n}\n"  # the standard's at each saving


def test_a_line_end_is_kept_from_one_saving_to_the_next(window, folder):
    (folder / ".editorconfig").write_text("root = true\n[*]\nend_of_line = crlf\n", encoding="utf-8")
    page = window.bench.documents.new(folder / "a.txt")
    type_text(page, "one")
    assert window.bench.documents.save(page)
    type_text(page, "\ntwo")
    assert window.bench.documents.save(page)
    assert page.path.read_bytes() == b"one\r\ntwo"
    (folder / "b.txt").write_bytes(b"one")
    page = window.bench.documents.open(folder / "b.txt")
    page.editor.selectAll()
    type_text(page, "1\n2")
    assert window.bench.documents.save(page)
    assert page.path.read_bytes() == b"1\r\n2"


def test_what_a_person_chose_for_a_new_file_counts_before_editorconfig(window, folder, qtbot):
    (folder / ".editorconfig").write_text(CONFIG, encoding="utf-8")
    page = window.bench.documents.new()
    type_text(page, "x\n")
    window.bench.navigation.choose_line_ends()
    pick(window, qtbot, "LF")
    assert window.bench.documents.convert(page, "cp1252")
    window.services.dialogs.answers["save_file"] = str(folder / "New.cs")
    assert window.bench.documents.save(page)
    assert page.path.read_bytes() == b"x\n"
    assert page.info()[:2] == ("Windows-1252", "LF")


def test_tidying_is_one_step_that_can_be_undone_and_leaves_the_cursor(window, folder):
    (folder / ".editorconfig").write_text(CONFIG, encoding="utf-8")
    page = window.bench.documents.new(folder / "a.py")
    type_text(page, "é \U0001f600 = 1 \n\nx = 2  \ny = 3")
    page.editor.go_to(3, 2)
    assert window.bench.documents.save(page)
    assert page.editor.plain_text() == "é \U0001f600 = 1\n\nx = 2\ny = 3\n"
    assert page.editor.cursor_place() == (3, 2)
    page.editor.undo()
    assert page.editor.plain_text() == "é \U0001f600 = 1 \n\nx = 2  \ny = 3"


def test_an_empty_file_that_another_program_touched_is_saved(window, folder):
    (folder / ".editorconfig").write_text(CONFIG, encoding="utf-8")
    path = folder / "New.cs"
    path.touch()
    page = window.bench.documents.open(path)
    window.bench.documents._watcher.changed.disconnect()
    os.utime(path, (1_000_000_000, 1_000_000_000))
    type_text(page, "x\n")
    assert window.bench.documents.save(page)
    assert path.read_bytes() == b"\xef\xbb\xbfx\r\n"


def test_another_language_decides_anew_where_nothing_else_did(window, folder):
    page = window.bench.documents.new()
    page.set_language("makefile")
    assert page.info()[2] == "Tabs"
    tree = window.bench.documents.open(folder / "src" / "tree.py")
    tree.set_language("javascript")
    assert tree.info()[2] == "Tabs"
