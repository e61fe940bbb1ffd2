"""Records made of what is stored: processing activities, transfers, proposals for app stores."""

from collector.compliance.proposals import proposed
from collector.compliance.record_tables import record_csv, record_page, transfers_csv
from collector.contract.errors import BadInput
from collector.contract.processing import Article30, Proposal, Store
from collector.declarations.apple import write_manifest
from collector.declarations.fides import write_systems
from collector.declarations.play import write_data_safety
from collector.store.audit_log import AuditLog
from collector.store.compliance import Compliance, Scope


class Records:
    """Of what `compliance` finds; `log` notes what is handed out."""

    def __init__(self, compliance: Compliance, log: AuditLog) -> None:
        self._compliance, self._log = compliance, log

    def article30(self, scope: Scope) -> Article30:
        """The processing activities of `scope`."""
        return self._compliance.record(scope)[1]

    def proposal(self, scope: Scope, store: Store) -> Proposal:
        """What a declaration of an app would have to say. Raises BadInput where it is several."""
        review = self._compliance.review(scope)
        apps = sorted({one.app for one in review.check.coverage})
        if scope.app is None and len(apps) != 1:
            raise BadInput(f"name one app, a store knows no others: {', '.join(apps) or 'none'}")
        return proposed(store, scope.app or apps[0], review.seen, review.check)

    def written(self, kind: str, form: str, scope: Scope, token: str | None) -> bytes:
        """A record of `kind` in a form of FORMATS but JSON, asked for by `token`; noted."""
        if kind in ("article30", "transfers", "fides"):
            record = self.article30(scope)
            rows = len(record.transfers if kind == "transfers" else record.activities)
            content = _WRITE[kind, form](record).encode()
        else:
            proposal = self.proposal(scope, "play" if kind == "play" else "apple")
            rows = len(proposal.types)
            content = (
                write_data_safety(proposal).encode() if kind == "play" else write_manifest(proposal)
            )
        self._log.exported(kind, rows, token)
        return content


_WRITE = {
    ("article30", "csv"): record_csv,
    ("article30", "html"): record_page,
    ("transfers", "csv"): transfers_csv,
    ("fides", "yaml"): write_systems,
}
