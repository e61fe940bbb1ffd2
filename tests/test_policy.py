"""The policy file: what it says, and how a wrong one is refused."""

from pathlib import Path

import pytest

from collector.contract.errors import BadInput
from collector.contract.policy import read_policy, release_key
from tests.store import POLICY, Store, policy_from

SKETCH = """
version = "2026-11-01"
retention_days = 30
[aliases]
"myapp.ai.confidence" = "limen.confidence"
[attributes]
"checkout.step" = "keep"
"client.address" = "bucket:ipv4/24"
[[hosts]]
match = "api.example.com"
owner = "Example Ltd"
role = "first_party"
region = "eu-west-1"
retained = false
[features.doc_classify]
owner = "field-docs@example.com"
placement = "hybrid"
threshold = 0.70
size_budget = "10 MB"
offline_critical = true
categories = ["document"]
log_inputs = true
[[features.doc_classify.egress]]
host = "api.example.com"
purpose = "app_functionality"
consent = "granted"
[features.doc_classify.from."2.5.0"]
threshold = 0.75
"""


def test_the_documented_policy_is_read(tmp_path: Path) -> None:
    policy = policy_from(SKETCH, tmp_path)
    feature = policy.features["doc_classify"]
    assert (feature.size_budget, feature.categories) == (10_000_000, ("document",))
    assert policy.hosts[0].owner == "Example Ltd"


def test_without_a_file_the_default_policy_holds() -> None:
    assert read_policy(None).features == {}


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("threshold = 0.70", "threshold = 1.70", "features.doc_classify.threshold"),
        ("threshold = 0.70", "treshold = 0.70", "features.doc_classify.treshold"),
        ('categories = ["document"]', 'categories = ["shoes"]', "features.doc_classify.categories"),
        ("retention_days = 30", "retention_days = -1", "retention_days"),
        ("size_budget", "retention_days = 31\nsize_budget", "doc_classify.retention_days: 31 is"),
        ('"10 MB"', '"ten MB"', "features.doc_classify.size_budget"),
        ('= "limen.confidence"', '= "no.such.name"', "aliases"),
        ('= "bucket:ipv4/24"', '= "bucket:shoes"', "attributes.client.address"),
        ('"checkout.step" = "keep"', '"os.version" = "hash"', "attributes.os.version"),
        ('"checkout.step" = "keep"', '"gen_ai.system" = "hash"', "attributes.gen_ai.system"),
        ('role = "first_party"', 'role = "friend"', "hosts.0.role"),
        ('purpose = "app_functionality"', 'purpose = "fun"', "egress.0.purpose"),
        ("[[hosts]]", "[[hosts", "not valid TOML"),
        ("[aliases]", '[features.doc_classify]\nowner = "x"\n[aliases]', "not valid TOML"),
    ],
)
def test_a_wrong_policy_is_refused_by_file_and_key(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    assert old in SKETCH
    with pytest.raises(BadInput) as refused:
        policy_from(SKETCH.replace(old, new), tmp_path)
    assert named in str(refused.value) and "policy.toml" in str(refused.value)


def test_a_missing_policy_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such policy file"):
        read_policy(tmp_path / "nope.toml")
    with pytest.raises(BadInput, match="cannot be read: Is a directory"):
        read_policy(tmp_path)


@pytest.mark.parametrize(
    ("release", "threshold"),
    [("2.4.0", 0.70), ("2.4.99", 0.70), ("2.5.0-rc1", 0.70), ("2.5.0", 0.75), ("2.5.0+12", 0.75)],
)
def test_an_app_in_the_field_is_judged_by_the_policy_it_shipped_under(
    tmp_path: Path, release: str, threshold: float
) -> None:
    assert policy_from(SKETCH, tmp_path).threshold("doc_classify", release) == threshold


def test_the_digest_is_of_what_a_policy_decides(tmp_path: Path) -> None:
    one = policy_from(SKETCH, tmp_path)
    laid_out = SKETCH.replace("0.70", "0.7  # per cent").replace('"10 MB"', "10_000_000")
    assert policy_from(f"# a comment\n{laid_out}\n", tmp_path).digest == one.digest
    decided = {policy_from(SKETCH.replace("0.75", t), tmp_path).digest for t in ("0.75", "0.76")}
    assert len(decided | {read_policy(None).digest}) == 3


def test_releases_sort_as_people_do() -> None:
    releases = ["1.9", "1.10", "2.0.0-rc2", "2.0.0-rc10", "2.0.0", "2.0.0+9", "2.0.0+12", "2.0.1"]
    releases += ["2.5.9", "10.0", "10.0.0.1"]
    assert sorted(reversed(releases), key=release_key) == releases
    assert release_key("2.5") == release_key("2.5.0")


def test_the_policy_in_force_replaces_the_one_before(tmp_path: Path) -> None:
    with Store(tmp_path):
        pass
    longer = POLICY.replace("api.example.com", "*.example.org").replace("2026-11-01", "2026-12-01")
    with Store(tmp_path, policy_from(longer, tmp_path)) as store:
        flows = store.rows("select host from policy_flows")
        features = store.rows("select from_key, until_key from policy_features order by from_key")
    assert flows == [{"host": "%.example.org"}]
    assert [f["from_key"] for f in features] == ["", release_key("2.5.0")]
    assert features[0]["until_key"] == features[1]["from_key"]
