"""Tokens that were made or ended, in the audit log: the command changes their file whether a
collector runs or not, so that is noted when the collector next looks."""

import json
from contextlib import suppress

from collector.contract.errors import TokensUnreadable
from collector.permissions.tokens import Token, Tokens
from collector.store.database import Database
from collector.store.queries import query

_MADE, _REVOKED = "token made", "token revoked"


class TokenNotes:
    """Notes in `database` what became of `tokens`. Used from one thread."""

    def __init__(self, database: Database, tokens: Tokens) -> None:
        self._database, self._tokens = database, tokens
        self._seen: tuple[Token, ...] | None = None

    def look(self) -> None:
        """Notes what was not noted yet; next to nothing while the file is the same."""
        with suppress(TokensUnreadable):
            tokens = self._tokens.all()
            if tokens is not self._seen:
                self._note(tokens)
                self._seen = tokens

    def _note(self, tokens: tuple[Token, ...]) -> None:
        rows = self._database.read(query("noted_tokens")).to_pylist()
        noted = {(row["action"], json.loads(row["detail"])["token"]) for row in rows}
        done = [(_MADE, one, one.created) for one in tokens]
        done += [(_REVOKED, one, one.revoked) for one in tokens if one.revoked]
        fresh = [one for one in done if (one[0], one[1].id) not in noted]
        if not fresh:
            return
        with self._database.write() as transaction:
            for action, token, at in fresh:
                # Whoever may write to the home folder may do it: nobody is named.
                transaction.note(
                    action, by=None, token=token.id, role=token.role, at=at.isoformat()
                )
