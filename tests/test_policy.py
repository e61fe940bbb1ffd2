"""What a policy says."""

from pathlib import Path

import pytest

from collector.contract.policy import release_key
from collector.contract.policy_file import read_policy
from demo.features import FEATURES
from demo.fleet import POLICY_FILE
from tests.store import FULL_POLICY, POLICY, Store, policy_from


def test_the_documented_policy_is_read(tmp_path: Path) -> None:
    policy = policy_from(FULL_POLICY, tmp_path)
    feature = policy.features["doc_classify"]
    assert (feature.size_budget, feature.categories) == (10_000_000, ("document",))
    assert policy.hosts[0].owner == "Example Ltd"


def test_the_demos_policy_says_all_there_is_to_say_of_a_way_out() -> None:
    features = read_policy(POLICY_FILE).features
    assert set(features) == set(FEATURES)
    for feature in features.values():
        assert all(
            None not in flow.model_dump(exclude={"notice"}).values() for flow in feature.egress
        )
    assert len(list(features["image_classify"].rules())) > 1


def test_without_a_file_the_default_policy_holds() -> None:
    assert read_policy(None).features == {}


@pytest.mark.parametrize(
    ("release", "threshold"),
    [("2.4.0", 0.70), ("2.4.99", 0.70), ("2.5.0-rc1", 0.70), ("2.5.0", 0.75), ("2.5.0+12", 0.75)],
)
def test_an_app_in_the_field_is_judged_by_the_policy_it_shipped_under(
    tmp_path: Path, release: str, threshold: float
) -> None:
    feature = policy_from(FULL_POLICY, tmp_path).features["doc_classify"]
    rule, old = feature.rule(release), threshold == 0.70
    assert (rule.threshold, rule.placement) == (threshold, "hybrid")
    assert rule.categories == (("document",) if old else ("document", "image"))
    assert [flow.host for flow in rule.egress] == ["api.example.com" if old else "*.example.com"]
    assert rule.log_inputs == old


def test_an_unknown_release_is_judged_by_what_all_of_them_agree_in(tmp_path: Path) -> None:
    rule = policy_from(FULL_POLICY, tmp_path).features["doc_classify"].rule(None)
    assert (rule.placement, rule.threshold, rule.log_inputs) == ("hybrid", None, False)
    assert (rule.categories, rule.egress) == (("document",), ())
    only = policy_from(FULL_POLICY.split("[features.doc_classify.from")[0], tmp_path)
    feature = only.features["doc_classify"]
    assert feature.rule(None) == feature.rule("1.0")


def test_the_digest_is_of_what_a_policy_decides(tmp_path: Path) -> None:
    one = policy_from(FULL_POLICY, tmp_path)
    laid_out = FULL_POLICY.replace("0.70", "0.7  # per cent").replace('"10 MB"', "10_000_000")
    assert policy_from(f"# a comment\n{laid_out}\n", tmp_path).digest == one.digest
    decided = {
        policy_from(FULL_POLICY.replace("0.75", t), tmp_path).digest for t in ("0.75", "0.76")
    }
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
        flows = store.rows("select distinct host from policy_flows")
        features = store.rows("select from_key, until_key from policy_features order by from_key")
    assert flows == [{"host": "%.example.org"}]
    assert [f["from_key"] for f in features] == ["", " ", release_key("2.5.0")]
    untils = [f["until_key"] for f in features]
    assert untils == [" ", release_key("2.5.0"), "~~~~"]
