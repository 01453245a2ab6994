"""Lines of text files, with broken UTF-8 reported by line; files that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from khabar.faults import FaultLog, KhabarError, Origin


def numbered_lines(path: str | Path, log: FaultLog) -> Iterator[tuple[int, str]]:
    """Line numbers (from 1) and lines without their line ends, split at LF and CRLF alone.

    A line that is not UTF-8 is reported and left out. Raises KhabarError if the file can't be opened.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(Path(path).open("rb"))
        except OSError as error:
            raise KhabarError(f"{path}: {error.strerror}. Remedy: give the path of a readable file.") from error
        yield from decoded_lines(file, str(path), log)


def decoded_lines(file: Iterable[bytes], name: str, log: FaultLog) -> Iterator[tuple[int, str]]:
    """The same of an open file, which may be one that is unpacked in reading; `name` is what faults name."""
    for number, raw in enumerate(file, 1):
        if number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            log.add(
                "broken UTF-8",
                f"byte 0x{raw[error.start]:02X} at byte {error.start} of the line",
                "save the file as UTF-8 (iconv -f CP1256 -t UTF-8, if it came from Windows)",
                origin=Origin(name, number),
            )
            continue
        yield number, line.rstrip("\n").removesuffix("\r")


@contextmanager
def whole_path(path: str | Path) -> Iterator[Path]:
    """A path to write a file to; it takes the name `path` only when the block ends without an error."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    os.close(handle)
    try:
        yield Path(name)
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def whole_file(path: str | Path) -> Iterator[IO[str]]:
    """Opens `path` for writing UTF-8; the file takes its name only when the block ends without an error."""
    with whole_path(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        yield file


@contextmanager
def whole_folder(path: str | Path) -> Iterator[Path]:
    """A folder to write files into that takes the name `path` only when the block ends without an error.

    Raises KhabarError when `path` is there already and not empty: what another run wrote is not mixed with this one's.
    """
    target = Path(path)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise KhabarError(f"{path} is there already. Remedy: remove it, or give another name.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as name:
        inside = Path(name) / "content"
        inside.mkdir()
        yield inside
        if target.exists():
            target.rmdir()
        shutil.move(inside, target)
