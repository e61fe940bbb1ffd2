"""Settings: file, then environment, then flags."""

import tomllib
from pathlib import Path

import pytest

from collector.contract.config import Address, Settings, load_settings
from collector.contract.errors import BadInput

ROOT = Path(__file__).parent.parent


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "limen.toml"
    file.write_text('http = "127.0.0.1:1"\napi = "127.0.0.1:1"\ndashboard = "127.0.0.1:1"\n')
    environment = {"LIMEN_API": "127.0.0.1:2", "LIMEN_DASHBOARD": "127.0.0.1:2"}
    flags = {"dashboard": "127.0.0.1:3", "home": None}
    found = load_settings(flags, file=file, environment=environment)
    assert [a.port for a in (found.http, found.api, found.dashboard)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("flags", "environment", "text", "named"),
    [
        ({"http": "4318"}, {}, "", "the command line: http: '4318' is not HOST:PORT"),
        ({"http": "127.0.0.1:99999"}, {}, "", "HOST:PORT"),
        ({}, {"LIMEN_QUERY_SECONDS": "-1"}, "", "LIMEN_QUERY_SECONDS"),
        ({}, {"LIMEN_OWN_TRACES_URL": "here"}, "", "LIMEN_OWN_TRACES_URL: own_traces_url"),
        ({}, {"LIMEN_CORS_ORIGINS": "https://a.example,*"}, "", "LIMEN_CORS_ORIGINS"),
        ({}, {}, 'cors_origins = ["https://a.example/page"]', "cors_origins"),
        ({}, {"LIMEN_FORWARD_URL": "tempo:4318"}, "", "LIMEN_FORWARD_URL: forward_url"),
        ({}, {"LIMEN_FORWARD_URL": "http://me:secret@tempo"}, "", "go into forward_headers"),
        ({}, {"LIMEN_FORWARD_HEADERS": "secret"}, "", "LIMEN_FORWARD_HEADERS: forward_headers"),
        ({}, {"LIMEN_FORWARD_HEADERS": "a=secret%0D%0Ab: c"}, "", "NAME=VALUE"),
        ({}, {}, "shoes = 9", "limen.toml: shoes"),
        ({}, {}, "hme = 9", "did you mean home?"),
        ({}, {}, "= 9", "cannot be read"),
    ],
)
def test_a_wrong_setting_is_named_with_where_it_was_set(
    tmp_path: Path, flags: dict[str, object], environment: dict[str, str], text: str, named: str
) -> None:
    file = tmp_path / "limen.toml"
    file.write_text(text)
    with pytest.raises(BadInput) as refused:
        load_settings(flags, file=file, environment=environment)
    assert named in str(refused.value) and "secret" not in str(refused.value)


def test_headers_to_forward_are_written_as_for_exporters_and_stay_out_of_sight() -> None:
    settings = load_settings(
        environment={"LIMEN_FORWARD_HEADERS": "authorization=Bearer%20a%3Db%2Cc, x-scope=team 1"}
    )
    assert settings.headers_to_forward() == {"authorization": "Bearer a=b,c", "x-scope": "team 1"}
    assert "Bearer" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_every_setting_is_in_the_example_with_its_default() -> None:
    text = (ROOT / "limen.example.toml").read_text("utf-8")
    keys = {line.lstrip("# ").split(" =")[0] for line in text.splitlines() if " = " in line}
    assert keys == Settings.model_fields.keys()
    uncommented = "\n".join(line.removeprefix("# ") for line in text.splitlines() if " = " in line)
    written = tomllib.loads(uncommented)
    optional = {key for key, field in Settings.model_fields.items() if field.default is None}
    for key in written.keys() - optional - {"home"}:
        read = Settings.model_validate({key: written[key]})
        assert getattr(read, key) == getattr(Settings(), key), key


def test_addresses_are_read_and_written_alike() -> None:
    for text in ("127.0.0.1:4318", "[::1]:4318"):
        assert str(Address.parse(text)) == text


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    file = tmp_path / "limen.toml"
    file.write_bytes(b"\xff")
    with pytest.raises(BadInput, match=r"limen\.toml: cannot be read as settings"):
        load_settings(file=file, environment={})
    # Longer than any name of a file may be: what looks at it is refused, as elsewhere for a right.
    home = Settings(home=tmp_path / ("x" * 300))
    with pytest.raises(BadInput, match="cannot be used: File name too long"):
        home.policy_file()
