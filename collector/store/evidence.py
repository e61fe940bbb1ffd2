"""Evidence packs of what is stored, each written to the audit log."""

import time
from collections.abc import Callable

from collector.compliance.export import as_csv, flows_csv
from collector.compliance.record_tables import record_csv, record_page
from collector.contract.about import limen_version
from collector.contract.policy import Policy
from collector.evidence.archive import (
    CHECK,
    DECLARATIONS,
    FINDINGS,
    FLOWS,
    POLICIES,
    RECORD,
    RECORD_PAGE,
)
from collector.evidence.make import make_pack
from collector.evidence.statement import Arrived, Facts, Question, one_form
from collector.evidence.verify import WHAT
from collector.store.audit_log import AuditLog
from collector.store.compliance import Compliance, Scope
from collector.store.declarations import Declarations
from collector.store.policies import Policies
from collector.store.reader import parse_time, rfc3339
from collector.tlog.excerpt import Excerpt


class Evidence:
    """Of what `compliance` finds, `declarations` and `policies` say, and `log` keeps; `policy`
    gives the one in force."""

    def __init__(
        self,
        compliance: Compliance,
        declarations: Declarations,
        policies: Policies,
        log: AuditLog,
        policy: Callable[[], Policy],
    ) -> None:
        self._compliance, self._declarations = compliance, declarations
        self._policies, self._log, self._policy = policies, log, policy

    def make(self, scope: Scope, token: str | None) -> bytes:
        """A pack of `scope` under the policy in force, asked for by `token`. Raises BadInput."""
        now, policy = time.time_ns(), self._policy()
        review, record = self._compliance.record(scope)
        check, seen = review.check, review.seen
        facts = Facts(
            limen=limen_version(),
            made=rfc3339(now),
            question=Question(**{name: getattr(scope, name) for name in Question.model_fields}),
            since=check.since,
            until=check.until,
            policy=policy.version,
            policy_digest=policy.digest,
            flows=len(seen),
            departures=sum(one.transfers for one in seen),
            findings=len(check.findings),
            errors_standing=sum(one.level == "error" and one.stands for one in check.findings),
            k=1,
            completeness=tuple(
                Arrived(app=one.app, release=one.release, completeness=one.completeness)
                for one in check.coverage
            ),
        )
        declared = [
            one.model_dump(mode="json")
            for one in self._declarations.all()
            if scope.app in (None, one.app)
        ]
        files = {
            FLOWS: flows_csv(seen, review.when, rfc3339).encode(),
            FINDINGS: as_csv(check).encode(),
            CHECK: one_form(check.model_dump(mode="json")),
            DECLARATIONS: one_form(declared),
            POLICIES: one_form(self._in_force(check.since, check.until)),
            RECORD: record_csv(record).encode(),
            RECORD_PAGE: record_page(record).encode(),
        }

        def log(digest: str) -> Excerpt:
            tree = self._log.exported(WHAT, len(seen), token, digest=digest)
            return self._log.excerpt(parse_time(check.since, now), tree)

        return make_pack(facts, files, log, self._log.signer)

    def _in_force(self, since: str, until: str) -> list[dict[str, object]]:
        """The policies that were in force in a period, newest first."""
        found = []
        for policy in self._policies.all():
            if policy.since <= until:
                found.append(policy.model_dump(mode="json"))
            if policy.since <= since:
                break
        return found
