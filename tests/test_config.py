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
        ({"http": "4318"}, {}, "", "the command line: http"),
        ({"http": "127.0.0.1:99999"}, {}, "", "HOST:PORT"),
        ({}, {"LIMEN_QUERY_SECONDS": "-1"}, "", "LIMEN_QUERY_SECONDS"),
        ({}, {"LIMEN_OWN_TRACES_URL": "here"}, "", "LIMEN_OWN_TRACES_URL: own_traces_url"),
        ({}, {"LIMEN_CORS_ORIGINS": "https://a.example,*"}, "", "LIMEN_CORS_ORIGINS"),
        ({}, {}, 'cors_origins = ["https://a.example/page"]', "cors_origins"),
        ({}, {}, "shoes = 9", "limen.toml: shoes"),
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
    assert named in str(refused.value)


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
