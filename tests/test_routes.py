"""Paths, names of spans and URLs keep their shape and lose their ids."""

import pytest

from collector.contract.policy import Policy
from collector.redaction.hosts import Hosts
from collector.redaction.routes import clean_path, clean_span_name, clean_url

UUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/v1/users/{id}/notes", "/v1/users/{id}/notes"),
        ("/users/:id/*", "/users/:id/*"),
        ("/v1/models/vision:predict", "/v1/models/vision:predict"),
        ("/v1/users/123456", "/v1/users/{id}"),
        ("/v1/users/12/34/56", "/v1/users/{id}/{id}/{id}"),
        (f"/x/{UUID}", "/x/{id}"),
        (f"/x/{UUID.replace('-', '')}.jpg", "/x/{id}"),
        ("/x/deadbeef12/y", "/x/{id}/y"),
        ("/x/ada@example.com", "/x/{id}"),
        ("/x/ada%40example.com/", "/x/{id}/"),
        ("/find/my symptoms?q=ada#top", "/find/{id}"),
        ("https://ada:pw@example.com/x?y", "/x"),
        ("x/y", None),
        ("", None),
        ("/x" * 100, None),
    ],
)
def test_a_path_keeps_its_names_only(path: str, kept: str | None) -> None:
    assert clean_path(path) == kept


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("route image_classify", "route image_classify"),
        ("POST /v1/classify", "POST /v1/classify"),
        ("GET /users/123456?q=ada", "GET /users/{id}"),
        ("/users/{id}", "/users/{id}"),
        ("GET https://ada:pw@example.com/users/12345", "GET /users/{id}"),
        (f"shop.Orders/{UUID}", "shop.Orders/{id}"),
        ("chat gpt-4o", "chat gpt-4o"),
        ("user 49171123456", None),
        ("mail to Ada now", None),
    ],
)
def test_a_spans_name_keeps_its_words_and_loses_its_ids(name: str, kept: str | None) -> None:
    assert clean_span_name(name) == kept


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        (
            f"https://ada:pw@api.example.com:8443/users/{UUID}?q=ada&page=2#me",
            "https://example.com:8443/users/{id}?q={value}&page={value}",
        ),
        ("https://203.0.113.9/x", "https://203.0.113.0/24/x"),
        ("https://adas-macbook/x", "https://{host}/x"),
        ("https://ada@b@api.example.com/x", "https://example.com/x"),
        ("/users/123456?token=abc", "/users/{id}?token={value}"),
        ("q=ada&ada@example.com=1", "?q={value}&{value}"),
        ("users/{id}/notes", "users/{id}/notes"),
        ("ada was here", "{id}"),
    ],
)
def test_a_url_keeps_where_it_goes_and_the_names_of_its_query(url: str, kept: str) -> None:
    assert clean_url(url, Hosts(Policy())) == kept
