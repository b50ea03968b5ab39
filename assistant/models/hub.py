"""The Hugging Face hub as a source: what a repository holds, and its files with progress, resume and hashes.

Our own ranged download on the hub library's session and headers: it reports true bytes, resumes across
runs, and ends at once when asked to.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from huggingface_hub import HfApi, ModelInfo, constants, hf_hub_url
from huggingface_hub import utils as hub_utils
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError
from huggingface_hub.utils import get_session, hf_raise_for_status

from assistant.errors import DownloadError, ModelError
from assistant.models.catalogue import CatalogueEntry, HubSource, is_plain_name
from assistant.models.sources import Fetched, Report, SourceError
from assistant.system.disk import hash_file, human_bytes
from assistant.system.files import disk_errors, put
from assistant.system.modes import make_folder, public

# Whole wait for the first answer: behind a firewall that swallows packets, the next source gets its turn soon.
_FIRST_ANSWER_S = 8.0
_CONNECT_S = 5.0
_READ_S = 30.0
# Tries in a row that bring nothing, before a lost connection is reported.
_TRIES = 3
_REFUSALS = (401, 403, 404)

_TEXT_FILES = re.compile(r".+\.(json|jinja|tiktoken)|tokenizer\.model|(merges|vocab)\.txt|LICENSE|NOTICE")
_Answer = TypeVar("_Answer")

_COMMIT = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a repository: its size, and the hash that the hub vouches for (SHA-256, or git's id of small files)."""

    name: str
    bytes: int
    sha256: str | None
    blob_id: str | None


@dataclass(frozen=True, slots=True)
class HubPlan:
    """The files to fetch from one commit."""

    repo: str
    commit: str
    files: tuple[RemoteFile, ...]
    single: bool

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(file.bytes for file in self.files)

    def folder(self, downloads: Path) -> Path:
        """Where the files of this commit are gathered."""
        return downloads / f"hub-{self.commit[:12]}"

    def have(self, downloads: Path) -> int:
        """Bytes of these files that are already on the disk."""
        folder, count = self.folder(downloads), 0
        for file in self.files:
            for path in (folder / file.name, folder / f"{file.name}.part"):
                count += path.stat().st_size if path.is_file() else 0
        return min(count, self.bytes)


def make_plan(entry: CatalogueEntry, source: HubSource, endpoint: str | None = None) -> HubPlan:
    """Ask the hub what to fetch, at one commit.

    Raises SourceError when the hub cannot be reached or lacks the repository, ModelError when the licence
    was not accepted yet or the hub's hash is not the catalogue's.
    """
    # Else each request says what else runs here, after asking the hub for a list of programs to look for.
    constants.HF_HUB_DISABLE_TELEMETRY = True  # pyright: ignore[reportConstantRedefinition]
    api = HfApi(endpoint=endpoint)

    def ask() -> ModelInfo:
        return api.model_info(source.repo, revision=source.revision, files_metadata=True, timeout=_CONNECT_S)

    with _Failures(entry, source.repo, api.endpoint):
        info = _within(_FIRST_ANSWER_S, ask)
    if not info.sha or not _COMMIT.fullmatch(info.sha):
        raise SourceError(f"it names no commit for {source.repo}")
    remote = [
        RemoteFile(sibling.rfilename, sibling.size, sibling.lfs.sha256 if sibling.lfs else None, sibling.blob_id)
        for sibling in info.siblings or ()
        if sibling.size is not None and is_plain_name(sibling.rfilename)
    ]
    wanted = _single(remote, entry, source) if source.file else _folder_files(remote, source)
    for file in wanted:
        if not file.sha256 and not file.blob_id:
            raise SourceError(f"it gives no hash for {file.name}, so the file could not be checked")
    return HubPlan(source.repo, info.sha, tuple(wanted), single=source.file is not None)


def _single(remote: list[RemoteFile], entry: CatalogueEntry, source: HubSource) -> list[RemoteFile]:
    found = next((file for file in remote if file.name == source.file), None)
    if found is None:
        raise SourceError(f"{source.repo} has no file {source.file}")
    if entry.file and found.sha256 and found.sha256 != entry.file.sha256:
        raise ModelError(
            f"{found.name} on the hub is not the file that the catalogue vouches for (SHA-256 {found.sha256[:12]}…, "
            f"not {entry.file.sha256[:12]}…); nothing was fetched. Try '--source index' or a newer Grafter."
        )
    return [found]


def _folder_files(remote: list[RemoteFile], source: HubSource) -> list[RemoteFile]:
    weights = [file for file in remote if file.name.endswith(".safetensors")]
    # Some publishers add the same weights a second time in their own layout (consolidated.safetensors).
    named = [file for file in weights if file.name.startswith("model")]
    texts = [file for file in remote if _TEXT_FILES.fullmatch(file.name)]
    if not weights or not any(file.name == "config.json" for file in texts):
        raise SourceError(f"{source.repo} has no safetensors with a config.json")
    return texts + (named or weights)


def download(
    entry: CatalogueEntry,
    plan: HubPlan,
    downloads: Path,
    report: Report,
    endpoint: str | None = None,
    pause: float = 1.0,
) -> Fetched:
    """Fetch all files of a plan into a folder under ``downloads`` and check each against the hub's hash.

    Whole files and beginnings of files from an earlier try are used. Raises SourceError when not one byte
    came, DownloadError when the connection was lost or a hash is wrong (that file is then deleted), ModelError
    when the licence was not accepted yet.
    """
    folder = plan.folder(downloads)
    failures = _Failures(entry, plan.repo, endpoint or constants.ENDPOINT)
    with failures, disk_errors(f"{plan.repo} could not be saved"):
        make_folder(folder)
        counter = _Counter(report, plan.bytes)
        counter.move(plan.have(downloads))
        for file in plan.files:
            _fetch_file(plan, file, folder, counter, endpoint, pause)
    where = folder / plan.files[0].name if plan.single else folder
    return Fetched(where, f"{plan.repo}@{plan.commit}")


class _Counter:
    """Reports the bytes of all files that are there."""

    def __init__(self, report: Report, total: int) -> None:
        self._report, self._total, self._done = report, total, 0

    def move(self, count: int) -> None:
        """Count so many bytes more, or fewer."""
        self._done += count
        self._report("download", self._done, self._total)


def _fetch_file(
    plan: HubPlan, file: RemoteFile, folder: Path, counter: _Counter, endpoint: str | None, pause: float
) -> None:
    target, part = folder / file.name, folder / f"{file.name}.part"
    if target.exists():
        return
    failures = 0
    while (have := part.stat().st_size if part.exists() else 0) < file.bytes or not part.exists():
        problem = _stream(plan, file, part, have, counter, endpoint)
        failures = failures + 1 if part.stat().st_size <= have else 0
        if problem and failures >= _TRIES:
            raise _lost(file, part, problem)
        if problem:
            time.sleep(pause)
    _check(file, part)
    put(part, target)


def _lost(file: RemoteFile, part: Path, problem: str) -> DownloadError:
    have = part.stat().st_size
    if have == 0:
        return SourceError(f"{file.name} could not be fetched ({problem})")
    return DownloadError(
        f"The connection was lost after {human_bytes(have)} of {human_bytes(file.bytes)} of {file.name} ({problem}). "
        "What arrived is kept: run the same command again to go on from there."
    )


def _stream(plan: HubPlan, file: RemoteFile, part: Path, have: int, counter: _Counter, endpoint: str | None) -> str:
    """Append what one request brings to ``part``. Returns what went wrong, or an empty string."""
    url = hf_hub_url(plan.repo, file.name, revision=plan.commit, endpoint=endpoint)
    headers = hub_utils.build_hf_headers()  # pyright: ignore[reportUnknownMemberType]
    headers["Accept-Encoding"] = "identity"
    if have:
        headers["Range"] = f"bytes={have}-"
    with open(part, "ab", opener=public) as out:
        try:
            with get_session().stream("GET", url, headers=headers, timeout=_READ_S) as response:
                hf_raise_for_status(response)
                if have and response.status_code != 206:
                    out.truncate(0)  # the server began from the start
                    counter.move(-have)
                    have = 0
                for block in response.iter_bytes():
                    if have + len(block) > file.bytes:
                        out.truncate(0)
                        counter.move(-have)
                        return "it sent more bytes than the file has"
                    have += len(block)
                    out.write(block)
                    out.flush()
                    counter.move(len(block))
        except HfHubHTTPError as error:
            if error.response.status_code in _REFUSALS:
                raise
            return _reason(error)
        except _transport_error() as error:
            return _reason(error)
    return "" if have == file.bytes else "the connection was closed early"


def _check(file: RemoteFile, part: Path) -> None:
    right = hash_file(part) == file.sha256 if file.sha256 else _git_blob_id(part) == file.blob_id
    if not right:
        part.unlink()
        raise DownloadError(
            f"{file.name} arrived damaged: its hash is not the one that the hub gives. "
            "It was deleted; run the same command again to fetch it anew."
        )


def _git_blob_id(path: Path) -> str:
    """Return the id under which git stores a file: how the hub names its small files."""
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


class _Failures:
    """Turns the hub library's errors inside the block into ours."""

    def __init__(self, entry: CatalogueEntry, repo: str, endpoint: str) -> None:
        self.entry, self.repo, self.endpoint = entry, repo, endpoint

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            return
        status = error.response.status_code if isinstance(error, HfHubHTTPError) else None
        if isinstance(error, GatedRepoError) or (self.entry.gated and status in (401, 403)):
            raise ModelError(
                f"{self.entry.name} is given only to those who accept its licence ({self.entry.licence}): accept it at "
                f"{self.endpoint}/{self.repo}, make an access token there, and pull again with the "
                "token in the environment variable HF_TOKEN."
            ) from None
        if status in _REFUSALS:
            raise SourceError(f"it has no repository {self.repo} that you may read") from None
        # What httpx says of a SOCKS proxy without the package for it, and of kinds of proxies that it does not know.
        if isinstance(error, ImportError) or (isinstance(error, ValueError) and "proxy" in str(error)):
            raise SourceError(f"it cannot be asked through the proxy of the environment ({_reason(error)})") from None
        if isinstance(error, (_transport_error(), OSError)):
            raise SourceError(f"it cannot be reached at {self.endpoint} ({_reason(error)})") from None


def _transport_error() -> type[Exception]:
    # The HTTP library under huggingface_hub is httpx in 1.x and httpx2 in 2.x; this is its base error in both.
    base = HfHubHTTPError.__bases__[0]
    return base if issubclass(base, Exception) else OSError


def _reason(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return (text[0].rstrip(". ") if text else type(error).__name__)[:200]


def _within(seconds: float, ask: Callable[[], _Answer]) -> _Answer:
    """Run a call with a limit on the whole of it; a socket tries each address in turn with the full time-out."""
    answer: list[_Answer] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            answer.append(ask())
        except BaseException as error:  # noqa: BLE001 - handed to the waiting thread
            failure.append(error)

    thread = threading.Thread(target=work, name="hub", daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        raise failure[0]
    if not answer:
        raise TimeoutError(f"no answer in {seconds:.0f} s")
    return answer[0]
