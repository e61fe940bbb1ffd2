"""The entries of the audit log, and the leaf that each is in its tree."""

import json
import secrets
from dataclasses import dataclass
from typing import Any

from collector.tlog.merkle import leaf_hash

# Who did what the collector does by itself.
COLLECTOR = "collector"

SALT_BYTES = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What was done: `action`, at `time` (ns), by `actor`, for `reason`, to `count` of something.

    `actor` is the id of a token, the collector itself, or None where no tokens are in use;
    `detail` is JSON. Without the `salt` (hex) nobody can guess an entry from its hash.
    """

    number: int
    time: int
    action: str
    actor: str | None
    reason: str | None
    count: int | None
    detail: str
    salt: str

    def columns(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def content(self) -> bytes:
        """JSON as RFC 8785 has it, the time as text."""
        content = self.columns() | {"time": str(self.time)}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return text.encode()

    def leaf(self) -> bytes:
        """The hash of this entry in the tree."""
        return leaf_hash(self.content)


def fresh_salt() -> str:
    return secrets.token_bytes(SALT_BYTES).hex()
