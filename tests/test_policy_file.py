"""How a wrong policy file is refused: each of its errors by line and key, with the remedy."""

from pathlib import Path

import pytest

from collector.contract.errors import BadInput
from collector.contract.policy_file import WrongPolicy, read_policy
from tests.store import FULL_POLICY, policy_from

FEATURE = "features.doc_classify"
WRONG = [
    ("threshold = 0.70", "threshold = 1.70", 18, FEATURE + ".threshold", "1 or less"),
    ("threshold = 0.70", 'threshold = "0.7"', 18, FEATURE + ".threshold", "without quotes"),
    ("threshold = 0.70", "treshold = 0.70", 18, FEATURE + ".treshold", "did you mean threshold?"),
    ('["document"]', '["documents"]', 21, "categories.0", "did you mean document?"),
    ('["document"]', '["unknown"]', 21, "categories.0", "there are image, video"),
    ("retention_days = 30", "retention_days = -1", 3, "retention_days", "1 or more"),
    ("size_budget", "retention_days = 31\nsize_budget", 19, "retention_days", "31 is longer"),
    ('"10 MB"', '"ten MB"', 19, FEATURE + ".size_budget", "'10 MB'"),
    ('= "limen.confidence"', '= "limen.confidense"', 5, "myapp.ai.confidence", "limen.confidence"),
    ('= "limen.confidence"', '= "gen_ai.system"', 5, "aliases", "write gen_ai.provider.name"),
    (
        '"myapp.ai.confidence"',
        '"limen.threshold"',
        5,
        "limen.threshold",
        "cannot stand for another",
    ),
    (
        '= "limen.confidence"',
        '= "b"\nb = "limen.confidence"',
        5,
        "aliases",
        "write limen.confidence",
    ),
    (
        '= "limen.confidence"',
        '= "b"\nb = "myapp.ai.confidence"',
        5,
        "aliases",
        "one that Limen knows",
    ),
    ('"bucket:ipv4/24"', '"bucket:ipv4"', 8, '"client.address"', "did you mean bucket:ipv4/24?"),
    ('"checkout.step" = "keep"', '"os.version" = "hash"', 7, '"os.version"', "keep or drop"),
    ('"checkout.step" = "keep"', '"gen_ai.system" = "hash"', 7, '"gen_ai.system"', "keep or drop"),
    (
        '"checkout.step" = "keep"',
        '"limen.output.lable" = "drop"',
        7,
        '"limen.output.lable"',
        "did you mean limen.output.label?",
    ),
    ('role = "first_party"', 'role = "friend"', 12, "hosts.0.role", "there are first_party"),
    (
        'role = "first_party"',
        'role = "processor"',
        28,
        "egress.0.role",
        "processor under [[hosts]]",
    ),
    ("retained = false", "retained = true", 30, "egress.0.retained", "one of the two is wrong"),
    ('match = "api', 'match = "other', 28, "egress.0.role", 'first_party" of api.example.com'),
    ('"hybrid"', '"cloud"', 17, "placement", "offline_critical = true"),
    ('match = "api', 'match = "https://api', 10, "hosts.0.match", "name alone"),
    ('host = "*.example.com"', 'host = "*"', 36, 'from."2.5.0".egress.0.host', "every host"),
    ('purpose = "app_functionality"', 'purpose = "fun"', 25, "egress.0.purpose", "there are app_f"),
    ('purpose = "app_functionality"\n', "", 23, "egress.0.purpose", "it is missing"),
    ('consent = "granted"', 'consent = "denied"', 26, "egress.0.consent", "there are granted"),
    ('region = "eu', 'region = "1-eu', 13, "hosts.0.region", "for example eu-west-1"),
    (
        "[features.doc_classify]",
        '[features."doc classify"]',
        15,
        '"doc classify"',
        "apps can send",
    ),
    (
        'from."2.5.0"]',
        'from."2.5"]\n[features.doc_classify.from."2.5.0"]',
        32,
        "from",
        "same release",
    ),
    ('version = "2026-11-01"', "version = 2026-11-01", 2, "version", 'in quotes, "2026-11-01"'),
    ('version = "2026-11-01"', 'version = "default"', 2, "version", "write another"),
    ('version = "2026-11-01"\n', "", 1, "version", "on the first line"),
    ("[[hosts]]", "[[hosts", 9, "", "not valid TOML"),
    (
        "[aliases]",
        '[features.doc_classify]\nowner = "x"\n[aliases]',
        17,
        FEATURE,
        "twice, first on line 4",
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "key", "remedy"), WRONG)
def test_a_wrong_policy_is_refused_by_file_line_and_key_with_the_remedy(
    tmp_path: Path, old: str, new: str, line: int, key: str, remedy: str
) -> None:
    assert old in FULL_POLICY
    with pytest.raises(WrongPolicy) as refused:
        policy_from(FULL_POLICY.replace(old, new, 1), tmp_path)
    problem = refused.value.problems[0]
    assert (problem.line, remedy in problem.message) == (line, True), problem
    assert key in problem.key
    assert f"policy.toml:{line}: " in str(refused.value)


def test_what_a_later_release_no_longer_has_may_not_leave_in_it(tmp_path: Path) -> None:
    text = FULL_POLICY.replace('categories = ["document", "image"]', 'categories = ["image"]')
    text = text[: text.index('[[features.doc_classify.from."2.5.0"')]
    with pytest.raises(WrongPolicy, match='from."2.5.0".categories: document may leave to'):
        policy_from(text, tmp_path)


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = FULL_POLICY.replace("0.75", "7").replace("= 30", "= 0").replace('"keep"', '"kep"')
    text += '[features.other]\nplacement = "cloud"\noffline_critical = true\nretention_days = 90'
    with pytest.raises(WrongPolicy) as refused:
        policy_from(text, tmp_path)
    assert [problem.line for problem in refused.value.problems] == [3, 7, 32, 39]
    assert len(str(refused.value).splitlines()) == 4


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_as_editors_write_it_is_read_and_its_lines_counted(tmp_path: Path, end: str) -> None:
    text = f'\ufeffversion = "1"  # of\u2028two\x85lines{end}retention_days = %d{end}'
    (tmp_path / "policy.toml").write_bytes((text % 7).encode())
    assert read_policy(tmp_path / "policy.toml").retention_days == 7
    (tmp_path / "policy.toml").write_bytes((text % 0).encode())
    with pytest.raises(WrongPolicy, match="policy.toml:2: retention_days: 0 is less than 1"):
        read_policy(tmp_path / "policy.toml")


def test_what_is_no_text_is_refused_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_bytes(b'version = "1"\n# caf\xe9\n')
    with pytest.raises(WrongPolicy, match="policy.toml:2: it is not UTF-8"):
        read_policy(tmp_path / "policy.toml")


def test_a_missing_policy_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such policy file"):
        read_policy(tmp_path / "nope.toml")
    with pytest.raises(BadInput, match="cannot be read: Is a directory"):
        read_policy(tmp_path)
