"""What is kept of a destination."""

import pytest

from collector.contract.policy import Feature, Flow, Host, Policy
from collector.redaction.hosts import Hosts

POLICY = Policy(
    hosts=(
        Host(match="API.example.com", owner="Example", role="first_party"),
        Host(match="*.example.net", owner="Example", role="processor"),
        Host(match="*.cdn.example.net", owner="Example", role="processor"),
        Host(match="solo.org", owner="Solo", role="processor"),
        Host(match="192.0.2.7", owner="Solo", role="processor"),
    ),
    features={"scan": Feature(egress=(Flow(host="llm.example.org", purpose="app_functionality"),))},
)


@pytest.mark.parametrize(
    ("host", "kept"),
    [
        ("api.EXAMPLE.com", "api.example.com"),
        ("api.example.com.", "api.example.com"),
        ("a.example.net", "*.example.net"),
        ("a.cdn.example.net", "*.cdn.example.net"),
        ("llm.example.org", "llm.example.org"),
        ("192.0.2.7", "192.0.2.7"),
        # not listed
        ("ads.api.example.com", "example.com"),
        ("www.shop.co.uk", "shop.co.uk"),
        ("ada-lovelace.github.io", "github.io"),
        ("bucket.s3.eu-west-1.amazonaws.com", "amazonaws.com"),
        ("x.xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        # below a listed domain, which it is not
        ("www.solo.org", "*.solo.org"),
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("[2001:db8:1:2::3]", "2001:db8:1::/48"),
        ("::5", "::/48"),
        ("localhost", "localhost"),
        ("127.0.0.1", "localhost"),
        ("::1", "localhost"),
        # nobody's domain
        ("co.uk", None),
        ("adas-macbook.local", None),
        ("adas-macbook", None),
        ("203.0.113.77.5", None),
        ("1.2.3.4/ada", None),
        ("ada@example.com", None),
        ("ada:pw@example.com", None),
        ("-ada.example.com", None),
        ("x" * 64 + ".example.com", None),
        ("a." * 200 + "com", None),
        ("", None),
    ],
)
def test_a_host_is_kept_whole_only_where_the_policy_lists_it(host: str, kept: str | None) -> None:
    hosts = Hosts(POLICY)
    assert hosts.kept(host) == kept
    # Another collector, to which it is passed on, keeps the same.
    assert kept is None or hosts.kept(kept) == kept
