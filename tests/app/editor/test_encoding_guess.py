"""Legacy sources whose encoding nothing tells: comments as people write them, in code that is ASCII."""

import pytest

from app.editor.encoding_guess import default_encoding, guess_encoding

CODE = "import os\n\n\ndef run(path, count=3):\n    # {0}\n    for index in range(count):\n        yield os.path.join(path, {1!r})\n"

# The first comment of each stands alone as well: one line must be enough for the encodings of everyday.
COMMENTS = {
    "cp1252": [
        ("don’t", "“quoted” – and more…"),
        ("5 €", "Preis: 12,50 € für 3 Stück"),
        ("Größe prüfen", "Überläufe abfangen, Straße und Haus"),
        ("déjà vérifié", "où la clé est passée à l’élève, çà et là"),
        ("año de creación", "¿Qué tamaño tiene? Según la configuración, señor"),
        ("não há mais opções", "configuração padrão: três ações são necessárias"),
        ("perché è già così", "la città più bella, qualità e velocità"),
        ("läser filen på nytt", "återställ värdet när användaren har gjort en ändring"),
        ("© 2003 Müller & Söhne", "90° ± 5 µm, Ø 3½"),
        ("naïve", "façade – coöperate"),
        ("smørrebrød på bordet", "må ikke være tom, ellers går det galt"),
        ("TODO: café", "résumé"),
    ],
    "latin-1": [("Größe", "süß"), ("é", "où"), ("señal", "ñandú")],
    "iso8859-15": [("5 €", "10 € für Überstunden"), ("1000 € par an", "prix en €, à vérifier")],
    "cp1250": [
        ("pobierz wartość z pliku i zwróć błąd", "jeśli użytkownik nie istnieje, wyjdź wcześniej"),
        ("příliš žluťoučký kůň úpěl ďábelské ódy", "načte soubor a vrátí řádky, které nejsou prázdné"),
        ("árvíztűrő tükörfúrógép", "a felhasználó által megadott érték ellenőrzése szükséges, különben hiba történik"),
        ("ďalší riadok súboru sa načíta až po kontrole", "ak používateľ neexistuje, vráti sa chyba"),
    ],
    "cp1251": [
        ("проверка", "если файл не найден, вернуть пустой список"),
        ("Получить значение из кэша", "Количество попыток подключения"),
        ("якщо файл не знайдено, повертаємо помилку", "кількість спроб з'єднання"),
        ("ако файлът не съществува, връща грешка", "брой на опитите за връзка"),
    ],
    "koi8-r": [
        ("проверка", "если файл не найден, вернуть пустой список"),
        ("Получить значение из кэша", "Количество попыток подключения"),
        ("здесь был баг", "не трогать без необходимости"),
    ],
    "gb18030": [
        ("返回用户列表", "如果文件不存在则抛出异常"),
        ("读取配置文件，失败时使用默认值", "数据库连接的最大重试次数"),
        ("初始化参数", "这里要注意线程安全"),
    ],
    "big5": [
        ("傳回使用者清單", "如果檔案不存在就丟出例外"),
        ("讀取設定檔，失敗時使用預設值", "資料庫連線的最大重試次數"),
        ("初始化參數", "這裡要注意執行緒安全"),
    ],
    "shift_jis": [
        ("設定ファイルを読み込む", "ファイルが存在しない場合は例外を投げる"),
        ("ユーザー一覧を返す", "接続の最大再試行回数。変更しないこと"),
        ("ここで初期化する", "スレッドセーフではないので注意"),
    ],
    "euc_jp": [
        ("設定ファイルを読み込む", "ファイルが存在しない場合は例外を投げる"),
        ("ユーザー一覧を返す", "接続の最大再試行回数。変更しないこと"),
        ("ここで初期化する", "スレッドセーフではないので注意"),
    ],
    "euc_kr": [
        ("설정 파일을 읽어 온다", "파일이 없으면 예외를 던진다"),
        ("사용자 목록을 반환한다", "연결을 다시 시도하는 최대 횟수"),
        ("여기서 초기화", "스레드에 안전하지 않으니 주의할 것"),
    ],
}


def sources(lines: int) -> list[tuple[str, str]]:
    """Return encoding and text of each source, with comments on one or two lines."""
    return [
        (encoding, CODE.format(first, "x") + (f"    # {second}\n" if lines == 2 else ""))
        for encoding, pairs in COMMENTS.items()
        for first, second in pairs
    ]


@pytest.mark.parametrize(("encoding", "text"), sources(1))
def test_one_comment_is_enough(encoding, text):
    data = text.encode(encoding)
    assert data.decode(guess_encoding(data, "cp1252")) == text


@pytest.mark.parametrize(("encoding", "text"), sources(2))
def test_two_comments_are_read_right(encoding, text):
    data = text.encode(encoding)
    assert data.decode(guess_encoding(data, "cp1252")) == text


def test_without_a_reason_the_default_counts():
    data = b"# \xe9\n"
    assert guess_encoding(data, "cp1252") == "cp1252"
    assert guess_encoding(data, "cp1251") == "cp1251"


def test_what_a_western_file_holds_is_clear_on_a_russian_computer():
    data = "# Größe für Übung, déjà vu und schöne Grüße aus München\n".encode("cp1252")
    assert guess_encoding(data, "cp1251") == "cp1252"


@pytest.mark.parametrize(
    ("language", "encoding"),
    [("ru_RU", "cp1251"), ("ja_JP", "cp932"), ("zh_TW", "big5hkscs"), ("zh_CN", "gb18030"), ("de_DE", "cp1252")],
)
def test_the_default_goes_by_the_language(monkeypatch, language, encoding):
    monkeypatch.setattr("locale.getencoding", lambda: "UTF-8")
    monkeypatch.setattr("locale.getlocale", lambda: (language, "UTF-8"))
    assert default_encoding() == encoding


def test_a_code_page_of_the_system_counts_first(monkeypatch):
    monkeypatch.setattr("locale.getencoding", lambda: "cp1250")
    monkeypatch.setattr("locale.getlocale", lambda: ("ru_RU", "cp1250"))
    assert default_encoding() == "cp1250"


def test_a_long_file_is_guessed_by_its_first_lines():
    data = "# проверка\n".encode("cp1251") + b"x = 1\n" * 200_000 + "# ещё\n".encode("cp1251") * 100_000
    assert guess_encoding(data, "cp1252") == "cp1251"
