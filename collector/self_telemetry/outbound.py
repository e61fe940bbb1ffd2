"""Every way by which something can leave Limen itself, and where to."""

from collections.abc import Iterator

from pydantic import HttpUrl

from collector.contract.config import Settings
from collector.contract.self_audit import WayOut


def ways_out(settings: Settings) -> Iterator[WayOut]:
    """Those of a collector. The rest of an address can be a secret, as webhooks have it."""
    file = settings.audit_heads_file
    yield WayOut(
        setting="forward_url",
        what="every span as it is stored here, redacted",
        to=_origin(settings.forward_url),
    )
    yield WayOut(
        setting="audit_heads_file",
        what="signed heads of the audit log",
        to=None if file is None else str(file),
    )
    yield WayOut(
        setting="audit_heads_url",
        what="signed heads of the audit log",
        to=_origin(settings.audit_heads_url),
    )
    yield WayOut(
        setting="own_traces_url",
        what="spans of its own work, no value of a client",
        to=_origin(settings.own_traces_url),
    )


def _origin(url: HttpUrl | None) -> str | None:
    return None if url is None else f"{url.scheme}://{url.host}:{url.port}"
