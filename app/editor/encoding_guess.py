"""Guesses the legacy encoding of source text: the one under which its characters beyond ASCII are the likeliest.

Each candidate is an encoding with a language. Its score is the log-likelihood of the text: how often a character beyond
ASCII follows what precedes it (a Cyrillic word has none but those, a French one has one among many), times how frequent
that character is in the language. Source code has few such characters, so the default wins unless another candidate
is clearly likelier.
"""

from __future__ import annotations

import codecs
import locale
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache

# Nats that another encoding has to be ahead of the default: e^3.5 is 33 times as likely.
_SURE = 3.5
_SAMPLE = 32 * 1024

_MARKS = "’“”€‘–—…•«»·°£§©®™±×÷µ²³¼½¾ªº¡¿„‚‹›†‡\u00a0\u00ad"
_SHARE_OF_LETTERS, _SHARE_OF_MARKS, _SHARE_OF_OTHERS = 0.87, 0.11, 0.02
_CAPITALS = 0.06
_IMPOSSIBLE = 1e-8

# What stands before: something beyond ASCII, an ASCII letter, anything else; and how often one beyond ASCII follows.
_AFTER_HIGH, _AFTER_LETTER, _AFTER_OTHER = range(3)
_SPARSE = (0.07, 0.07, 0.02)
_DENSE = (0.85, 0.004, 0.03)

# The letters beyond ASCII of each language, the most frequent first.
_WESTERN = (
    "üäößé",
    "éèàêçôîûùâëïœ",
    "óíáéñúü",
    "ãçáéíóõêúâàôü",
    "àèùéòì",
    "ëéïöü",
    "åäöé",
    "øåæéö",
    "àéèíóòçïúü",
    "áðíéóæþúýö",
)
_CENTRAL = ("ąęłóśżćńź", "íáéěřýčžůšúňťďó", "áíéýčžšúňôťľäóďĺŕ", "áéóíöőüúű", "čšžćđ", "ăîâşţșț")
_RUSSIAN = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё"
_UKRAINIAN = "оанитірвесклмдпуязьбгйчхжшїюцщєфґ"
_BULGARIAN = "аоиетнрсвлкдпмзяъубчгжщцшйхфюь"
_GREEK = "αοιετσνηυρπκμλςωόίάέδγήχθφύώβξζψ"
_HEBREW = "יוהלאתרבמשנעדחקפםןסטגכזצךףץ"
_ARABIC = "اليمنوتربعدفسهكقحجشطصخةأذضزثغظىءإئآؤ"

_SINGLE_BYTE: dict[str, tuple[tuple[str, ...], tuple[float, float, float]]] = {
    "cp1252": (_WESTERN, _SPARSE),
    "iso8859-15": (_WESTERN, _SPARSE),
    "cp1250": (_CENTRAL, _SPARSE),
    "iso8859-2": (_CENTRAL, _SPARSE),
    "cp1251": ((_RUSSIAN, _UKRAINIAN, _BULGARIAN), _DENSE),
    "koi8-r": ((_RUSSIAN, _BULGARIAN), _DENSE),
    "koi8-u": ((_UKRAINIAN,), _DENSE),
    "cp866": ((_RUSSIAN, _UKRAINIAN, _BULGARIAN), _DENSE),
    "iso8859-5": ((_RUSSIAN, _BULGARIAN), _DENSE),
    "cp1253": ((_GREEK,), _DENSE),
    "cp1254": (("ışğüçöİâ",), _SPARSE),
    "cp1255": ((_HEBREW,), _DENSE),
    "cp1256": ((_ARABIC,), _DENSE),
    "cp1257": (("ėšžųįąūęč", "āēīšņķļģžūč"), _SPARSE),
}
# Nats against encodings that few files use, or that hold the same letters as a more usual one.
_RARE = {"iso8859-15": 2.0, "iso8859-2": 2.0, "koi8-u": 3.0, "iso8859-5": 4.0, "cp866": 4.0, "cp1257": 3.0}

# For languages without a legacy code page of their own here, Windows-1252 is the usual one.
_OF_LANGUAGE = {
    **dict.fromkeys(("pl", "cs", "sk", "hu", "ro", "hr", "sl", "sq", "bs"), "cp1250"),
    **dict.fromkeys(("ru", "uk", "bg", "be", "mk", "sr", "kk", "ky", "mn", "tg"), "cp1251"),
    **dict.fromkeys(("lt", "lv", "et"), "cp1257"),
    **dict.fromkeys(("tr", "az"), "cp1254"),
    **dict.fromkeys(("ar", "fa", "ur"), "cp1256"),
    **dict.fromkeys(("zh_TW", "zh_HK"), "big5hkscs"),
    "zh": "gb18030",
    "el": "cp1253",
    "he": "cp1255",
    "ja": "cp932",
    "ko": "cp949",
}

_WIDE_MARKS = "，。、；：？！（）《》「」『』【】・ー…—～“”‘’·％／＝＋－　"
_HANZI = (
    "的一是不了在人有我他这中大来上个国和地到说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成"
    "方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实日者意无此量明机数据文件类返回值参"
    "函配置错误请求列表名字符串为空如果否则默认检查设置读取写入新建删除更改加载保存测试关闭选项"
)
_HANZI_TRADITIONAL = (
    "的一是不了在人有我他這中大來上個國和地到說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成"
    "方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心本前開但因只從想實日者意無此量明機數據文件類返回值參"
    "函配置錯誤請求列表名字符串為空如果否則預設檢查設定讀取寫入新建刪除更改載入儲存測試關閉選項檔案使資料"
)
_HANGUL = (
    "이다는을를의에서고하기지가은로한시어나자사인리스아도니수정일부그으해대라만면있없"
    "않할것들요데제입습값파류오버경우설드"
)


def guess_encoding(data: bytes, default: str = "") -> str:
    """Return the likeliest encoding of ``data``, which is neither ASCII nor UTF-8, as a Python codec's name.

    ``default`` (see default_encoding) is returned unless another one is far likelier.
    """
    default = default or default_encoding()
    sample = b"\n".join(_telling_lines(data))
    pairs = Counter(_pairs(sample.decode("latin-1")))
    scores = {name: _score_bytes(pairs, name) for name in _SINGLE_BYTE}
    scores.update((name, _score_wide(sample, name)) for name in _WIDE)
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] > scores.get(default, -math.inf) + _SURE else default


def default_encoding() -> str:
    """Return the legacy encoding of this computer's language: its code page, or what it had before UTF-8."""
    name = codecs.lookup(locale.getencoding()).name
    if name in _SINGLE_BYTE or name in _WIDE:
        return name
    language = locale.getlocale()[0] or ""
    return _OF_LANGUAGE.get(language[:5]) or _OF_LANGUAGE.get(language[:2], "cp1252")


def _telling_lines(data: bytes) -> Iterator[bytes]:
    left = _SAMPLE
    for line in re.finditer(rb"[^\r\n]*[\x80-\xff][^\r\n]*", data):
        yield line.group()[:left]
        left -= len(line.group())
        if left <= 0:
            return


def _pairs(text: str) -> Iterator[tuple[int, str]]:
    """Yield each character with what stands before it."""
    before = _AFTER_OTHER
    for character in text:
        yield before, character
        before = _AFTER_HIGH if character > "\x7f" else _AFTER_LETTER if character.isalpha() else _AFTER_OTHER


def _likelihood(
    pairs: Mapping[tuple[int, str], int], follows: tuple[float, float, float], chance: Callable[[str], float]
) -> float:
    total = 0.0
    for (before, character), count in pairs.items():
        if character > "\x7f":
            total += count * math.log(follows[before] * chance(character))
        else:  # one of the 70 or so that source text uses: what a character of two bytes may swallow
            ends = 1 - follows[before] if before == _AFTER_HIGH else 1.0  # elsewhere code outweighs all comments
            total += count * math.log(ends / 70)
    return total


# --- one byte a character --------------------------------------------------------------


def _score_bytes(pairs: Mapping[tuple[int, str], int], encoding: str) -> float:
    languages, follows = _SINGLE_BYTE[encoding]
    shown = {chr(byte): bytes([byte]).decode(encoding, "replace") for byte in range(128, 256)}
    best = -math.inf
    for letters in languages:
        chances = _letter_chances(letters)
        rest = _SHARE_OF_OTHERS / 100
        known = {
            byte: chances.get(character, rest if _is_plain(character) else _IMPOSSIBLE)
            for byte, character in shown.items()
        }
        best = max(best, _likelihood(pairs, follows, known.__getitem__))
    return best - _RARE.get(encoding, 0.0)


@cache
def _letter_chances(letters: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for place, letter in enumerate(letters):
        weight = math.exp(-3.5 * place / len(letters))
        weights[letter] = weight
        if len(letter.upper()) == 1 and letter.upper() not in letters:
            weights[letter.upper()] = weight * _CAPITALS
    total = sum(weights.values())
    chances = {letter: _SHARE_OF_LETTERS * weight / total for letter, weight in weights.items()}
    for place, mark in enumerate(_MARKS):
        chances.setdefault(mark, _SHARE_OF_MARKS * math.exp(-place / 10) / 10)
    return chances


def _is_plain(character: str) -> bool:
    return character.isprintable() and character not in "\ufffd¤¨´¸¦¬¯"


# --- two bytes and more ----------------------------------------------------------------


def _score_wide(sample: bytes, encoding: str) -> float:
    chance = _WIDE[encoding]
    return _likelihood(Counter(_pairs(sample.decode(encoding, "replace"))), _DENSE, chance)


def _row(character: str, encoding: str) -> int:
    """Return the first of a character's two bytes; 0 where the character set has it not. Rows go by frequency."""
    try:
        raw = character.encode(encoding)
    except UnicodeEncodeError:
        return 0
    return raw[0] if len(raw) == 2 else 0


@cache
def _japanese(character: str) -> float:
    if "\u3041" <= character <= "\u3093":
        return 0.46 / 83
    if "\u30a1" <= character <= "\u30f6":
        return 0.18 / 86
    if character in _WIDE_MARKS:
        return 0.09 / 30
    row = _row(character, "euc_jp")
    return _by_row(row, (0xB0, 0xCF, 0.24 / 2965), (0xD0, 0xF4, 0.004 / 3390), (0xA3, 0xA3, 0.01 / 62), character)


@cache
def _simplified(character: str) -> float:
    if character in _HANZI:
        return 0.45 / len(_HANZI)
    if character in _WIDE_MARKS:
        return 0.1 / 30
    row = _row(character, "gb2312")
    return _by_row(row, (0xB0, 0xD7, 0.43 / 3755), (0xD8, 0xF7, 0.008 / 3008), (0xA3, 0xA3, 0.005 / 94), character)


@cache
def _traditional(character: str) -> float:
    if character in _HANZI_TRADITIONAL:
        return 0.45 / len(_HANZI_TRADITIONAL)
    if character in _WIDE_MARKS:
        return 0.1 / 30
    row = _row(character, "cp950")
    return _by_row(row, (0xA4, 0xC6, 0.43 / 5401), (0xC9, 0xF9, 0.008 / 7652), (0xA2, 0xA3, 0.005 / 200), character)


@cache
def _korean(character: str) -> float:
    if character in _HANGUL:
        return 0.5 / len(_HANGUL)
    row = _row(character, "euc_kr")
    return _by_row(row, (0xB0, 0xC8, 0.44 / 2350), (0xA1, 0xA3, 0.04 / 280), (0xCA, 0xFD, 0.004 / 4888), character)


def _by_row(
    row: int,
    first: tuple[int, int, float],
    second: tuple[int, int, float],
    third: tuple[int, int, float],
    character: str,
) -> float:
    for start, end, chance in (first, second, third):
        if start <= row <= end:
            return chance
    return 0.001 / 20_000 if row or (character.isprintable() and character != "\ufffd") else _IMPOSSIBLE


_WIDE: dict[str, Callable[[str], float]] = {
    "cp932": _japanese,
    "euc_jp": _japanese,
    "gb18030": _simplified,
    "big5hkscs": _traditional,
    "cp949": _korean,
}
