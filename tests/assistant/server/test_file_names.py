"""What file another editor asks about."""

import pytest

from assistant.server.file_names import find_path, guess_language

SAMPLES = {
    "python": 'import os\n\n\ndef find(path):\n    for name in os.listdir(path):\n        if name == "x":\n            return name\n    return None\n\n\nclass Shop:\n    def total(self):\n        return sum(self.items)\n',
    "javascript": "const fs = require('fs');\n\nfunction find(path) {\n  for (const name of fs.readdirSync(path)) {\n    if (name === 'x') {\n      return name;\n    }\n  }\n  return null;\n}\n\nlet cart = new Map();\nmodule.exports = { find };\n",
    "go": 'package main\n\nimport "fmt"\n\nfunc find(xs []int, x int) (int, error) {\n\tfor i, each := range xs {\n\t\tif each == x {\n\t\t\treturn i, nil\n\t\t}\n\t}\n\tdefer fmt.Println("x")\n\treturn 0, fmt.Errorf("none")\n}\n',
    "java": "package shop;\n\nimport java.util.List;\n\npublic class Cart {\n    private final List<Item> items = new ArrayList<>();\n\n    public int total() throws IOException {\n        int sum = 0;\n        for (Item item : items) {\n            if (item == null) {\n                continue;\n            }\n            sum += item.price();\n        }\n        return sum;\n    }\n}\n",
    "rust": "use std::io;\n\npub fn find(xs: &[i32], x: i32) -> Option<usize> {\n    for (i, each) in xs.iter().enumerate() {\n        if *each == x {\n            return Some(i);\n        }\n    }\n    let none = None;\n    none\n}\n\nimpl Cart {\n    pub fn new() -> Self { Cart { items: vec![] } }\n}\n",
}


@pytest.mark.parametrize(("language", "text"), SAMPLES.items())
def test_code_tells_its_language(language, text):
    cut = text.index("\n", len(text) // 2) + 1
    assert guess_language(text[:cut], "\n" + text[cut:]) == language


LITTLE = {
    "python": "class Counter:\n    def increment(self):\n        self.count += 1\n",
    "ruby": "class Counter\n  def increment\n    @count += 1\n  end\nend\n",
    "bash": "if true; then\n  echo 1\nfi\n",
    "cpp": "#include <vector>\n\nclass A {\n public:\n  int b() const;\n};\n",
}


@pytest.mark.parametrize(("language", "text"), LITTLE.items())
def test_little_code_tells_its_language_where_no_other_reads_it(language, text):
    assert guess_language(text, "\n") == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "import shop.cart\nimport shop.money\n",
        "int f(int n)\n{\n    return n;\n}\n",
        "public class A {\n    private int b;\n}\n",
        "If this is for you:\n\n- import it\n- or not\n",
        "x = 1\ny = 2\n",
        "Dear all,\n\nthe meeting is for the new shop, if it is open.\n",
        "def add(a, b) {\n  \n}\n",
    ],
)
def test_what_is_not_sure_has_no_language(text):
    assert guess_language(text, "\n") is None
    assert find_path("", None, text, "") is None


def test_the_language_stays_while_a_line_is_typed():
    text = SAMPLES["python"]
    assert {guess_language(text + typed, "") for typed in ("", "i", "if (", "if (((((")} == {"python"}


NAMES = [
    ("shop/cart.py", None, "", "shop/cart.py"),
    ("/home/me/shop/lib/cart.py", "/home/me/shop", "", "lib/cart.py"),
    ("/home/me/shop/cart.py", "/home/you", "", "cart.py"),
    ("C:\\shop\\lib\\cart.py", "C:\\shop", "", "lib/cart.py"),
    ("C:\\shop\\cart.py", None, "", "cart.py"),
    ("../../etc/cart.py", None, "", "cart.py"),
    ("", None, "#!/usr/bin/env python3\nx = 1\n", "untitled"),
    ("", None, "// Path: src/cart.ts\nlet x\n", "src/cart.ts"),
    ("", None, "# Path: other.py\n# def f(): ...\n# Path: src/cart.py\nx = 1\n", "src/cart.py"),
    # As Continue puts other files and differences before the open one.
    ("", None, "// Path: a.css\n// b { c: d }\n// shop/cart.js\nlet x\n", "shop/cart.js"),
    ("", None, "// Path: a.css\n" + "// b { c: d }\n" * 500 + "// shop/cart.js\nlet x\n", "shop/cart.js"),
    ("", None, "// diff --git a/a.css b/a.css\n// @@ -1 +1 @@\n// -b\n// +c\n// shop/cart.js\nlet x\n", "shop/cart.js"),
    ("", None, "# Path: src/cart.py\n# calls\n# other.js\n# and prints\nx = 1\n", "src/cart.py"),
    ("", None, "# Run this after\n# other.js\nx = 1\n", None),
    ("", None, "/** Language: Go **/\n/** File uri: file:///home/me/cart.go **/\n", "cart.go"),
    ("", None, "<!-- shop/page.html -->\n", "shop/page.html"),
    ("", None, "# see cart.py\nx = 1\n", None),
    ("", None, "path = 1\n# Path: later.py\n", None),
    ("", None, SAMPLES["python"], "untitled.py"),
]


@pytest.mark.parametrize(("given", "workspace", "before", "path"), NAMES)
def test_the_path_for_the_prompt(given, workspace, before, path):
    assert find_path(given, workspace, before, "") == path
