"""Declarations of apps in the forms that stores and phones give them, read into one record."""

from collections.abc import Callable, Mapping

from collector.contract.declarations import Declaration, Kind
from collector.contract.errors import BadInput, TooLarge
from collector.declarations.apple import read_manifest
from collector.declarations.fides import begins_system, read_system
from collector.declarations.play import read_data_safety
from collector.declarations.report import read_report

# The largest of them, Google's, takes a quarter of a MiB.
LARGEST_BYTES = 8 * 2**20

_READERS: Mapping[Kind, Callable[[str, bytes], Declaration]] = {
    "apple": read_manifest,
    "play": read_data_safety,
}


def read_declaration(name: str, content: bytes, bundle: str | None = None) -> Declaration:
    """What the file called `name` declares; its form is told by how it begins.

    `bundle` is what is meant, of a report of several apps or of several systems. Raises BadInput
    with what is wrong and where, and TooLarge.
    """
    if len(content) > LARGEST_BYTES:
        raise TooLarge(f"{name}: a declaration is at most {LARGEST_BYTES:,} bytes")
    kind = _kind(name, content)
    if kind == "report":
        return read_report(name, content, bundle)
    if kind == "fides":
        return read_system(name, content, bundle)
    if bundle is not None:
        raise BadInput(f"{name}: only of a report or of systems a bundle is chosen; leave it out")
    return _READERS[kind](name, content)


def _kind(name: str, content: bytes) -> Kind:
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise BadInput(f"{name}: it is empty; export it again")
    if start.startswith(b"PK\x03\x04"):
        raise BadInput(f"{name}: this is an archive (zip); take the declaration out of it")
    if content.startswith(b"bplist") or start.startswith(b"<"):
        return "apple"
    if start.startswith(b"{"):
        return "report"
    if begins_system(start):
        return "fides"
    if b"," in start.partition(b"\n")[0]:
        return "play"
    raise BadInput(
        f"{name}: this is neither a PrivacyInfo.xcprivacy (property list, XML or binary), nor the "
        "Data safety CSV of Google Play, nor an App Privacy Report (NDJSON), nor a manifest of "
        "fideslang with a system (YAML)"
    )
