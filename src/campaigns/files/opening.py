"""Opening what a person named: a regular file that can be read as often as needed, or a fault.

A pipe would block or be gone at the second read, a directory is a slip, a spreadsheet or an
archive is no text: each is told apart before anything is decoded.
"""

from __future__ import annotations

import stat
from pathlib import Path

from campaigns.errors import DefinitionError, Fault

_MAGIC = (
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"PK\x03\x04", "a spreadsheet (.xlsx) or an archive", "export it as CSV UTF-8"),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet (.xls)", "export it as CSV UTF-8"),
    (b"%PDF", "a PDF", "export the list as CSV UTF-8"),
)
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def regular(path: Path, shown: str, *, at: str = "", key: str = "") -> None:
    """Refuse what is no file of bytes that can be read again and again."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            with path.open("rb"):
                return
        got = "a directory" if stat.S_ISDIR(mode) else "no regular file"
        hint = "name the file inside it" if stat.S_ISDIR(mode) else "save it to a file first"
    except FileNotFoundError:
        got, hint = f"no file {shown}", "look for a slip in its name or directory"
    except PermissionError:
        got, hint = f"{shown}, which may not be read", "change its permissions"
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        got, hint = f"{shown}: {reason}", ""
    raise DefinitionError(
        [Fault(at=at or shown, key=key, expected="a file that can be read", got=got, hint=hint)]
    )


def texts_only(head: bytes, shown: str, *, encoding: str | None = None) -> None:
    """Refuse a file whose first bytes say that it is no text, or text in another encoding.

    `encoding` is given where a person may name one.
    """
    for magic, got, hint in _MAGIC:
        if head.startswith(magic):
            raise _not_text(shown, got, hint)
    if encoding is not None and encoding.startswith(("utf-16", "utf-32")):
        return
    or_name_it = ", or name its encoding: {}" if encoding is not None else ""
    if head.startswith(_UTF_16):
        raise _not_text(shown, "UTF-16", f"save it as UTF-8{or_name_it.format('utf-16')}")
    if head.count(0) > len(head) // 4:
        raise _not_text(shown, "NUL bytes", f"save it as UTF-8{or_name_it.format('utf-16-le')}")


def not_in(encoding: str, shown: str, line: int, byte: int) -> DefinitionError:
    """A byte that the encoding does not have."""
    hint = (
        "save it as UTF-8, or name its encoding in contacts.encoding, for Windows often cp1252"
        if encoding == "utf-8"
        else "name the encoding that the file was saved in, or save it as UTF-8"
    )
    fault = Fault(
        at=f"{shown}:{line}",
        expected=f"text in {encoding}",
        got=f"the byte 0x{byte:02x}",
        hint=hint,
    )
    return DefinitionError([fault])


def _not_text(shown: str, got: str, hint: str) -> DefinitionError:
    return DefinitionError([Fault(at=shown, expected="a text file", got=got, hint=hint)])
