"""The one way a pack is written as a zip file: fixed members and order, stored, no time, nothing
extra. What is not exactly that is not a pack."""

import io
import struct
import zipfile
from collections.abc import Iterable, Mapping

from collector.contract.errors import BadInput

README, FLOWS, FINDINGS, CHECK = "README.txt", "flows.csv", "findings.csv", "check.json"
DECLARATIONS, POLICIES = "declarations.json", "policies.json"
RECORD, RECORD_PAGE = "record.csv", "record.html"
# What it is about, in the order that it stands in.
CONTENTS = (README, FLOWS, FINDINGS, CHECK, DECLARATIONS, POLICIES, RECORD, RECORD_PAGE)

LOG, PROOF, CHECKPOINT, KEY = "audit.jsonl", "audit.tlog-proof", "checkpoint.txt", "key.pem"
MANIFEST, ENVELOPE = "manifest.json", "manifest.intoto.json"
# What the manifest holds the digests of.
SUBJECTS = (*CONTENTS, LOG, PROOF, CHECKPOINT, KEY)
MEMBERS = (*SUBJECTS, MANIFEST, ENVELOPE)

LARGEST = 2**30

_TIME = (1980, 1, 1, 0, 0, 0)
_FILE = 0o100644 << 16
# What zipfile raises about what is no zip file.
_BROKEN = (
    zipfile.BadZipFile, struct.error, EOFError, NotImplementedError, OSError, RuntimeError,
    ValueError,
)  # fmt: skip


def packed(members: Mapping[str, bytes]) -> bytes:
    """`members`, by their names, as a zip file."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name in MEMBERS:
            info = zipfile.ZipInfo(name, _TIME)
            info.create_system, info.external_attr = 3, _FILE
            archive.writestr(info, members[name])
    return sink.getvalue()


def unpacked(content: bytes) -> dict[str, bytes]:
    """The members of a pack. Raises BadInput with what is wrong, and where."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = archive.infolist()
            _only_members([info.filename for info in found])
            if any(info.compress_type != zipfile.ZIP_STORED for info in found):
                raise BadInput("it is compressed, and a pack is not")
            members = {info.filename: archive.read(info) for info in found}
    except _BROKEN as exc:
        raise BadInput(f"it is no zip file that can be read: {exc}") from None
    if (rebuilt := packed(members)) != content:
        pairs = enumerate(zip(rebuilt, content, strict=False))
        at = next((at for at, (a, b) in pairs if a != b), min(len(rebuilt), len(content)))
        raise BadInput(f"byte {at} is not what a pack of these members has there")
    return members


def _only_members(names: Iterable[str]) -> None:
    seen: list[str] = []
    for name in names:
        if name not in MEMBERS:
            raise BadInput(f"a pack has no member {name!r}; it has {', '.join(MEMBERS)}")
        if name in seen:
            raise BadInput(f"{name} is in it twice")
        seen.append(name)
    for name in MEMBERS:
        if name not in seen:
            raise BadInput(f"{name} is missing")
    if tuple(seen) != MEMBERS:
        raise BadInput(f"its members are in another order than {', '.join(MEMBERS)}")
