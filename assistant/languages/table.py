"""The records of the languages: here those with a grammar, in coloured.py those without."""

from __future__ import annotations

from assistant.languages import blocks, import_paths
from assistant.languages.coloured import COLOURED
from assistant.languages.record import Comments, Language

_SLASHES = Comments(("//",), (("/*", "*/"),))
_HASH = Comments(("#",))
_HASH_ALONE = Comments(("#",), alone=True)
_MARKUP = Comments(block=(("<!--", "-->"),))
_BOTH = ('"', "'")
_SCRIPT = ('"', "'", "`")
_TWO = "  "
_TAB = "\t"

PARSED = (
    Language(
        name="python",
        endings=(".py", ".pyi", ".pyw"),
        files=("sconstruct", "sconscript"),
        programs=("python", "pypy"),
        grammar=("tree_sitter_python", "language"),
        comments=_HASH,
        blocks=blocks.PYTHON,
        quotes=('"""', "'''", '"', "'"),
        doc_form='"""{}"""',
        doc_string=True,
        colon_blocks=True,
        import_paths=import_paths.python,
        lexer="python",
    ),
    Language(
        name="javascript",
        endings=(".js", ".jsx", ".mjs", ".cjs"),
        programs=("node", "nodejs", "bun"),
        grammar=("tree_sitter_javascript", "language"),
        comments=_SLASHES,
        blocks=blocks.SCRIPT,
        quotes=_SCRIPT,
        indent=_TWO,
        import_paths=import_paths.script,
    ),
    Language(
        name="typescript",
        endings=(".ts", ".mts", ".cts"),
        programs=("deno", "ts-node", "tsx"),
        grammar=("tree_sitter_typescript", "language_typescript"),
        comments=_SLASHES,
        blocks=blocks.SCRIPT,
        quotes=_SCRIPT,
        indent=_TWO,
        import_paths=import_paths.script,
        lexer="typescript",
    ),
    Language(
        name="tsx",
        endings=(".tsx",),
        grammar=("tree_sitter_typescript", "language_tsx"),
        comments=_SLASHES,
        blocks=blocks.SCRIPT,
        quotes=_SCRIPT,
        indent=_TWO,
        import_paths=import_paths.script,
    ),
    Language(
        name="java",
        endings=(".java",),
        grammar=("tree_sitter_java", "language"),
        comments=_SLASHES,
        blocks=blocks.JAVA,
        import_paths=import_paths.java,
        import_separator=".",
    ),
    Language(
        name="go",
        endings=(".go",),
        grammar=("tree_sitter_go", "language"),
        comments=_SLASHES,
        blocks=blocks.GO,
        quotes=('"', "`"),
        indent=_TAB,
        import_paths=import_paths.go,
    ),
    Language(
        name="rust",
        endings=(".rs",),
        grammar=("tree_sitter_rust", "language"),
        comments=_SLASHES,
        blocks=blocks.RUST,
        import_paths=import_paths.rust,
    ),
    Language(name="c", endings=(".c",), grammar=("tree_sitter_c", "language"), comments=_SLASHES, blocks=blocks.C),
    Language(
        name="cpp",
        # A header may be of C or C++; the grammar of C++ reads nearly all of C.
        endings=(".cpp", ".cc", ".cxx", ".hpp", ".hh", ".hxx", ".h", ".ipp", ".inl"),
        grammar=("tree_sitter_cpp", "language"),
        comments=_SLASHES,
        blocks=blocks.C,
        lexer="cpp",
    ),
    Language(
        name="c_sharp",
        endings=(".cs",),
        grammar=("tree_sitter_c_sharp", "language"),
        comments=_SLASHES,
        blocks=blocks.JAVA,
        doc_markup=True,
        import_paths=import_paths.c_sharp,
    ),
    Language(
        name="ruby",
        endings=(".rb", ".rake", ".gemspec", ".ru"),
        files=("rakefile", "gemfile", "vagrantfile", "podfile", "brewfile", "guardfile", "capfile"),
        programs=("ruby",),
        grammar=("tree_sitter_ruby", "language"),
        comments=_HASH,
        blocks=blocks.RUBY,
        quotes=_BOTH,
        indent=_TWO,
        import_paths=import_paths.ruby,
        lexer="ruby",
    ),
    Language(
        name="php",
        endings=(".php", ".phtml"),
        programs=("php",),
        grammar=("tree_sitter_php", "language_php"),
        # #[...] is an attribute.
        comments=Comments(("//", "#"), (("/*", "*/"),), not_comments=("#[",)),
        blocks=blocks.PHP,
        quotes=_BOTH,
        import_paths=import_paths.php,
        import_separator="\\",
    ),
    Language(
        name="bash",
        endings=(".sh", ".bash", ".bats"),
        files=(".bashrc", ".bash_profile", ".bash_aliases", ".profile", "pkgbuild"),
        programs=("sh", "bash", "dash", "ash", "bats"),
        grammar=("tree_sitter_bash", "language"),
        # $# and ${#name} are no comments.
        comments=_HASH_ALONE,
        blocks=blocks.SHELL,
        quotes=_BOTH,
        lexer="bash",
    ),
    Language(
        name="html",
        endings=(".html", ".htm", ".xhtml"),
        grammar=("tree_sitter_html", "language"),
        comments=_MARKUP,
        blocks=blocks.MARKUP,
        indent=_TWO,
        is_code=False,
    ),
    Language(
        name="css",
        endings=(".css",),
        grammar=("tree_sitter_css", "language"),
        # // begins no comment here: url(//host/x) is a place.
        comments=Comments(block=(("/*", "*/"),)),
        blocks=blocks.CSS,
        quotes=_BOTH,
        indent=_TWO,
        is_code=False,
    ),
    Language(
        name="json",
        endings=(".json", ".webmanifest"),
        grammar=("tree_sitter_json", "language"),
        indent=_TWO,
        is_code=False,
        lexer="json",
    ),
    Language(
        name="jsonc",
        endings=(".jsonc", ".json5", ".code-workspace"),
        files=("tsconfig.json", "jsconfig.json", "tsconfig.*.json", ".eslintrc", ".babelrc"),
        grammar=("tree_sitter_json", "language"),
        queries="json",
        comments=_SLASHES,
        indent=_TWO,
        is_code=False,
        lexer="json",
    ),
)

RECORDS = (*PARSED, *COLOURED)
