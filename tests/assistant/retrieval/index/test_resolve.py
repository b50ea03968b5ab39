import pytest

from assistant.retrieval.index.reader import guesses

FILES = [
    "pkg/__init__.py",
    "pkg/core.py",
    "pkg/sub/__init__.py",
    "pkg/sub/deep.py",
    "src/lib/tool.py",
    "src/lib/__init__.py",
    "scripts/run.py",
    "scripts/helper.py",
    "stubs/only.pyi",
    "web/main.ts",
    "web/util.ts",
    "web/parts/index.tsx",
    "web/data.json",
    "web/src/api/client.ts",
    "web/types.d.ts",
    "web/old.js",
    "go/svc/main.go",
    "go/pkg/store/a.go",
    "go/pkg/store/b.go",
    "go/pkg/store/b.txt",
    "java/src/com/acme/Thing.java",
    "java/src/com/acme/util/Helper.java",
    "rust/src/lib.rs",
    "rust/src/model.rs",
    "rust/src/io/mod.rs",
    "rust/src/io/disk.rs",
    "c/include/acme/list.h",
    "c/src/list.c",
    "c/src/local.h",
    "ruby/lib/acme/thing.rb",
    "ruby/bin.rb",
    "php/src/Acme/Model/User.php",
    "cs/Acme/Store/Db.cs",
    "cs/App.cs",
    "css/a.css",
    "css/b.css",
    "web/page.html",
    "sh/lib.sh",
    "sh/run.sh",
]


@pytest.mark.parametrize(
    ("module", "from_path", "found"),
    [
        ("pkg.core", "scripts/run.py", ["pkg/core.py"]),
        ("pkg", "scripts/run.py", ["pkg/__init__.py"]),
        ("pkg.sub.deep", "pkg/core.py", ["pkg/sub/deep.py"]),
        (".core", "pkg/__init__.py", ["pkg/core.py"]),
        (".", "pkg/core.py", ["pkg/__init__.py"]),
        ("..core", "pkg/sub/deep.py", ["pkg/core.py"]),
        ("..", "pkg/sub/deep.py", ["pkg/__init__.py"]),
        ("...far", "pkg/core.py", []),
        ("lib.tool", "pkg/core.py", ["src/lib/tool.py"]),
        ("lib", "pkg/core.py", ["src/lib/__init__.py"]),
        ("helper", "scripts/run.py", ["scripts/helper.py"]),
        ("only", "scripts/run.py", ["stubs/only.pyi"]),
        ("os.path", "scripts/run.py", []),
        ("./util", "web/main.ts", ["web/util.ts"]),
        ("./util.js", "web/main.ts", ["web/util.ts"]),
        ("./parts", "web/main.ts", ["web/parts/index.tsx"]),
        ("./data.json", "web/main.ts", ["web/data.json"]),
        ("../../util", "web/src/api/client.ts", ["web/util.ts"]),
        ("./types", "web/main.ts", ["web/types.d.ts"]),
        ("./old", "web/main.ts", ["web/old.js"]),
        ("@/api/client", "web/main.ts", ["web/src/api/client.ts"]),
        ("../../../../util", "web/main.ts", []),
        ("react", "web/main.ts", []),
        ("acme.example/go/pkg/store", "go/svc/main.go", ["go/pkg/store/a.go", "go/pkg/store/b.go"]),
        ("fmt", "go/svc/main.go", []),
        ("com.acme.Thing", "java/src/com/acme/util/Helper.java", ["java/src/com/acme/Thing.java"]),
        ("com.acme.Thing.make", "java/src/com/acme/util/Helper.java", ["java/src/com/acme/Thing.java"]),
        ("com.acme.util", "java/src/com/acme/Thing.java", ["java/src/com/acme/util/Helper.java"]),
        ("java.util.List", "java/src/com/acme/Thing.java", []),
        ("crate::model::Item", "rust/src/lib.rs", ["rust/src/model.rs"]),
        ("crate::io", "rust/src/lib.rs", ["rust/src/io/mod.rs"]),
        ("super::model", "rust/src/io/disk.rs", ["rust/src/model.rs"]),
        ("acme/list.h", "c/src/list.c", ["c/include/acme/list.h"]),
        ("local.h", "c/src/list.c", ["c/src/local.h"]),
        ("stdio.h", "c/src/list.c", []),
        ("acme/thing", "ruby/bin.rb", ["ruby/lib/acme/thing.rb"]),
        ("lib/acme/thing", "ruby/bin.rb", ["ruby/lib/acme/thing.rb"]),
        ("Vendor\\Acme\\Model\\User", "php/src/index.php", ["php/src/Acme/Model/User.php"]),
        ("Acme.Store", "cs/App.cs", ["cs/Acme/Store/Db.cs"]),
        ("b.css", "css/a.css", ["css/b.css"]),
        ("../css/a.css?v=2", "web/page.html", ["css/a.css"]),
        ("https://example.org/css/a.css", "web/page.html", []),
        ("./lib.sh", "sh/run.sh", ["sh/lib.sh"]),
        ("", "sh/run.sh", []),
        ("../../../etc/passwd", "sh/run.sh", []),
        ("x" * 900, "pkg/core.py", []),
    ],
)
def test_an_import_leads_to_files_of_the_workspace(desk, module, from_path, found):
    assert desk(dict.fromkeys(FILES, "x\n")).reader.resolve(module, from_path) == found


def test_the_nearest_of_several_comes_first(desk):
    made = desk(dict.fromkeys(["a/x/util.py", "b/x/util.py", "b/y/main.py"], "x\n"))
    assert made.reader.resolve("util", "b/y/main.py") == ["b/x/util.py", "a/x/util.py"]


@pytest.mark.parametrize(
    "language", ["python", "typescript", "go", "java", "rust", "php", "ruby", "c_sharp", "c", None]
)
@pytest.mark.parametrize(
    "module", ["", ".", "..", "::", "\\", "/", "a..b", "self", "super::super", "crate", "*", "'\"", "a/../../b"]
)
def test_strange_modules_are_survived_and_never_lead_out(language, module):
    for one in guesses(module, "a/b.x", language):
        assert not {"", ".", ".."}.intersection(one.path.split("/"))
