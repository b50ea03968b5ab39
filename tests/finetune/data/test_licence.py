import pytest

from finetune.data.licence import foreign, is_licence_file, read_own

MIT = "MIT License\n\nCopyright (c) 2024 Ada Lovelace\n\nPermission is hereby granted, free of charge, to any person"
OWN = read_own([MIT], [])


@pytest.mark.parametrize(
    "text",
    [
        "import os\n",
        "# SPDX-License-Identifier: MIT\nimport os\n",
        "# SPDX-License-Identifier: MIT OR Apache-2.0\n",
        "# Copyright 2024 Ada Lovelace. All rights reserved.\n# Licensed under the MIT License\n",
        "# Copyright (c) 2023-2025 Ada Lovelace and contributors\n# MIT License\n",
        "# Copyright 2020 Charles Babbage\nimport os\n",  # an owner alone may well be one of the project
        'LICENCE = "GNU General Public License"\n',
        "import os\n\n# SPDX-License-Identifier: GPL-3.0-only\n",  # no header
    ],
)
def test_a_header_that_is_the_repositorys_own_is_fine(text):
    assert foreign(text, OWN) is None


@pytest.mark.parametrize(
    "text",
    [
        "# SPDX-License-Identifier: GPL-3.0-only\nimport os\n",
        "/*\n * This program is free software under the terms of the\n * GNU General Public\n * License\n */\nint a;\n",
        "// Licensed under the Apache License, Version 2.0\npackage a\n",
        '"""A module.\n\nRedistribution and use in source and binary forms, with or without\n"""\n',
        "#!/usr/bin/env python\n# Copyright 2020 Charles Babbage. All rights reserved.\n# MIT License\n",
    ],
)
def test_a_header_of_somebody_else_is_said(text):
    assert foreign(text, OWN)


def test_without_a_licence_of_its_own_nothing_is_foreign():
    own = read_own([], [])
    assert foreign("# SPDX-License-Identifier: GPL-3.0-only\n", own) is None


def test_an_owner_whom_three_files_name_is_one_of_the_project():
    header = "# Copyright 2020 Charles Babbage. All rights reserved.\n# MIT License\n"
    assert foreign(header, read_own([MIT], [header] * 2))
    assert foreign(header, read_own([MIT], [header] * 3)) is None


@pytest.mark.parametrize(
    ("path", "is_one"), [("LICENSE", True), ("LICENSE-MIT.txt", True), ("COPYING", True), ("docs/LICENSE", False)]
)
def test_where_the_licence_stands(path, is_one):
    assert is_licence_file(path) is is_one
