"""Every policy that was in force is kept with its digest, and every row names one of them."""

import json
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import pytest

from collector.contract.errors import BadInput
from collector.contract.policy import Policy
from tests.otlp import logged_input, request_span, traces
from tests.store import POLICY, Store, policy_from

FIRST, LONGER = Policy(version="1"), Policy(version="2", retention_days=60)


def test_every_policy_that_was_in_force_is_kept_with_its_digest(tmp_path: Path) -> None:
    for policy in (FIRST, FIRST, LONGER, FIRST):
        with Store(tmp_path, policy) as store:
            kept = store.policies.all()
            audited = store.rows("select action, detail from audit")
    assert [one.version for one in kept] == ["1", "2", "1"]
    assert [one.digest for one in kept] == [FIRST.digest, LONGER.digest, FIRST.digest]
    assert kept[1].content == {"retention_days": 60}
    text = json.dumps(kept[1].content, sort_keys=True, separators=(",", ":"))
    assert sha256(text.encode()).hexdigest() == kept[1].digest
    assert {one.limen for one in kept} == {version("limen")}
    assert sorted(one.since for one in kept) == [one.since for one in reversed(kept)]
    assert [row["action"] for row in audited] == [
            "policy put in force", "policy replaced", "policy replaced",
        ]  # fmt: skip
    assert json.loads(audited[1]["detail"])["digest"] == LONGER.digest


def test_a_version_that_is_kept_with_another_content_is_refused_with_the_remedy(
    tmp_path: Path,
) -> None:
    for policy in (FIRST, LONGER):
        with Store(tmp_path, policy):
            pass
    with pytest.raises(BadInput, match=r"version 1 .* another content: .*; write a new version"):
        Store(tmp_path, Policy(version="1", retention_days=60))
    with Store(tmp_path, LONGER) as store:
        assert [one.version for one in store.policies.all()] == ["2", "1"]


def test_every_row_names_the_version_that_let_it_in(tmp_path: Path) -> None:
    for number in ("1", "2"):
        text = POLICY.replace('"2026-11-01"', f'"{number}"')
        with Store(tmp_path, policy_from(text, tmp_path)) as store:
            span = request_span()
            store.take(traces(span), logged_input(span, b"input"))
    with Store(tmp_path, policy_from(text, tmp_path)) as store:
        for table in ("spans", "inputs", "batches"):
            found = store.rows(f"select distinct policy_version as v from {table} order by v")
            assert [row["v"] for row in found] == ["1", "2"], table
