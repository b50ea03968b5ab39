"""Which encoding a file is in, and how that is known: by a mark, its bytes, what it says of itself, or a guess."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from assistant.editing.encodings.guess import guess_encoding

Evidence = Literal["unicode", "declared", "guess", "chosen"]
"""Valid Unicode; named in the file itself or by .editorconfig; guessed; chosen by the person."""

# UTF-32's little-endian mark begins with UTF-16's, so it is looked for first.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

CHOICES: dict[str, tuple[str, str]] = {
    "utf-8": ("UTF-8", "Unicode"),
    "cp1252": ("Windows-1252", "Western European"),
    "iso8859-15": ("ISO 8859-15", "Western European, with €"),
    "latin-1": ("ISO 8859-1", "Western European"),
    "cp1250": ("Windows-1250", "Central European"),
    "iso8859-2": ("ISO 8859-2", "Central European"),
    "cp1251": ("Windows-1251", "Cyrillic"),
    "koi8-r": ("KOI8-R", "Russian"),
    "koi8-u": ("KOI8-U", "Ukrainian"),
    "iso8859-5": ("ISO 8859-5", "Cyrillic"),
    "cp866": ("IBM 866", "Cyrillic, DOS"),
    "gb18030": ("GB18030", "Chinese, simplified; also GBK and GB2312"),
    "big5hkscs": ("Big5", "Chinese, traditional"),
    "cp932": ("Shift JIS", "Japanese"),
    "euc_jp": ("EUC-JP", "Japanese"),
    "iso2022_jp": ("ISO-2022-JP", "Japanese"),
    "cp949": ("EUC-KR", "Korean; also Windows-949"),
    "cp1253": ("Windows-1253", "Greek"),
    "iso8859-7": ("ISO 8859-7", "Greek"),
    "cp1254": ("Windows-1254", "Turkish"),
    "cp1255": ("Windows-1255", "Hebrew"),
    "cp1256": ("Windows-1256", "Arabic"),
    "cp1257": ("Windows-1257", "Baltic"),
    "cp1258": ("Windows-1258", "Vietnamese"),
    "cp874": ("Windows-874", "Thai"),
    "cp437": ("IBM 437", "DOS, United States"),
    "cp850": ("IBM 850", "DOS, Western European"),
    "cp852": ("IBM 852", "DOS, Central European"),
    "mac-roman": ("Mac Roman", "Western European, before Mac OS X"),
    "utf-16-le": ("UTF-16 LE", "Unicode, two bytes"),
    "utf-16-be": ("UTF-16 BE", "Unicode, two bytes"),
}
"""The encodings that a person may choose: Python's codec, the name for people, and for what (to be translated)."""

# Codecs that hold all of another one and more, as browsers read them too.
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-1": "latin-1",
    "ascii": "utf-8",
    "utf-8-sig": "utf-8",
}
# Names that Python does not know, from HTML, Vim, Emacs and LaTeX.
_OTHER_NAMES = {
    "ansinew": "cp1252",
    "applemac": "mac-roman",
    "cp1252": "cp1252",
    "x-sjis": "cp932",
    "x-euc-jp": "euc_jp",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "utf8x": "utf-8",
    "utf-8-unix": "utf-8",
}

# Each looks where its kind of file says it: the head of the file in bytes, its last lines for Vim.
_DECLARED = (
    re.compile(rb"(?i)\A(?:[^\n]*\n)?[ \t\f]*(?:#|//|--|;+|%+|/\*+|\"+|REM|')[^\n]*?coding[:=][ \t]*[\"']?([-\w.]+)"),
    re.compile(rb"(?i)\A[^\n]*-\*-[^\n]*?coding:[ \t]*([-\w.]+)[^\n]*-\*-"),
    re.compile(rb"(?i)\A(?:[^\n]*\n)?[^\n]*-\*-[^\n]*?coding:[ \t]*([-\w.]+)[^\n]*-\*-"),
    re.compile(rb"(?i)\A\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']([-\w.:]+)"),
    re.compile(rb"(?i)<meta\b[^>]*?\bcharset\s*=\s*[\"']?\s*([-\w.:]+)"),
    re.compile(rb"(?i)\A@charset \"([-\w.:]+)\";"),
    re.compile(rb"\\usepackage\[([-\w]+)\]\{inputenc\}"),
    re.compile(rb"(?im)^\"Content-Type:[^\n]*charset=([-\w.]+)"),
)
_MODELINE = re.compile(rb"(?i)(?:^|\s)(?:vim?|ex):[^\n]*?\b(?:fenc|fileencoding)=([-\w.]+)")
_MODELINES = 5
_HEAD = 4096

# UTF-8 with few bytes that are none, e.g. one line pasted from elsewhere, counts as UTF-8 all the same.
_MULTI_BYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]")
_VALID_FOR_EACH_BAD = 3
_MAX_BAD = 0.02

# UTF-16 without a mark is only what cannot be anything else: the upper byte of much of it is nothing, the lower one of
# little is, and all of it is text. Shorter ones are as likely numbers, or names with a zero behind each.
_LEAST_UNITS = 8
_LEAST_NARROW = 0.25
_MOST_AT_THE_OTHER_BYTE = 1 / 8  # of those: 一 and half of an emoji end with a zero
_NO_TEXT = frozenset({"Cc", "Cn", "Co", "Cs"})
_TEXT_CONTROLS = frozenset("\t\n\v\f\r\x1b")


@dataclass(frozen=True, slots=True)
class Found:
    """An encoding (a Python codec), the byte order marks at the start, and how it is known."""

    encoding: str
    bom: bytes = b""
    evidence: Evidence = "unicode"


def find_mark(data: bytes) -> Found | None:
    """Return the encoding that a byte order mark shows; None without one, or where the bytes behind it are others."""
    for mark, encoding in _MARKS:
        if not data.startswith(mark):
            continue
        end = len(mark)
        while data.startswith(mark, end):  # programs that join files leave several
            end += len(mark)
        if encoding == "utf-8" or _share_of_bad(data[end:], encoding) <= _MAX_BAD:
            return Found(encoding, data[:end])
    return None


def find_utf16(data: bytes) -> Found | None:
    """Return UTF-16 for a text in it without a byte order mark, as a guess; None where that is not certain."""
    units = len(data) // 2
    if units < _LEAST_UNITS or len(data) % 2:
        return None
    zeros = {"utf-16-be": data[::2].count(0), "utf-16-le": data[1::2].count(0)}
    encoding = max(zeros, key=zeros.__getitem__)
    if zeros[encoding] < _LEAST_NARROW * units or min(zeros.values()) > _MOST_AT_THE_OTHER_BYTE * zeros[encoding]:
        return None
    try:
        characters = set(data.decode(encoding))
    except UnicodeError:
        return None
    if any(unicodedata.category(each) in _NO_TEXT for each in characters - _TEXT_CONTROLS):
        return None
    return Found(encoding, evidence="guess")


def mark_of(encoding: str) -> bytes:
    """Return the byte order mark that a new file in ``encoding`` gets: none but for UTF-16 and UTF-32."""
    return next((mark for mark, name in _MARKS if name == encoding != "utf-8"), b"")


def find_encoding(data: bytes) -> Found:
    """Return the encoding of a text without a byte order mark."""
    if _decodes(data, "utf-8"):
        return Found("utf-8")
    named = declared_encoding(data)
    if named and named != "utf-8" and _decodes(data, named):
        return Found(named, evidence="declared")
    valid = _MULTI_BYTE.findall(data)
    bad = len(_HIGH.findall(data)) - sum(map(len, valid))
    if len(valid) >= _VALID_FOR_EACH_BAD * bad:
        return Found("utf-8", evidence="guess")
    return Found(guess_encoding(data), evidence="guess")


def declared_encoding(data: bytes) -> str:
    """Return the encoding that the text names (PEP 263, HTML, XML, CSS, LaTeX, gettext, Emacs, Vim); '' for none."""
    head = data[:_HEAD]
    ends = b"\n".join([*head.splitlines()[:_MODELINES], *data[-_HEAD:].splitlines()[-_MODELINES:]])
    for pattern, where in (*((pattern, head) for pattern in _DECLARED), (_MODELINE, ends)):
        found = pattern.search(where)
        if found and (codec := codec_of(found.group(1).decode("ascii", "replace"))):
            return codec
    return ""


def codec_of(name: str) -> str:
    """Return Python's codec for an encoding's name in a file; '' for an unknown one and for what is no encoding."""
    name = _OTHER_NAMES.get(name.lower(), name.lower())
    try:
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
    known = _WIDER.get(known, known)
    return next((codec for codec in CHOICES if codecs.lookup(codec).name == codecs.lookup(known).name), "")


def name_for_people(codec: str) -> str:
    """Return the name that people know an encoding by, e.g. Windows-1252."""
    if codec in CHOICES:
        return CHOICES[codec][0]
    return codec.upper().replace("_", "-").replace("-LE", " LE").replace("-BE", " BE")


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except (UnicodeError, LookupError):
        return False
    return True


def _share_of_bad(data: bytes, encoding: str) -> float:
    text = data.decode(encoding, "replace")
    return text.count("\ufffd") / len(text) if text else 0.0
