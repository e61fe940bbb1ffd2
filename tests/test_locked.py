"""DuckDB reaches nothing but its own file, and nobody can change that while it runs."""

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from collector.contract.errors import LimenError
from tests.store import Store


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def store(home: Path) -> Iterator[Store]:
    with Store(home) as opened:
        yield opened


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("select * from read_csv('{0}/policy.toml')", "disabled"),
        ("select * from '{0}/policy.toml'", "disabled|does not exist"),
        ("select * from read_text('/etc/passwd')", "disabled"),
        ("select * from glob('{0}/*')", "disabled"),
        ("select * from read_csv('https://example.com/x.csv')", "disabled"),
        ("copy spans to '{0}/out.csv'", "disabled"),
        ("export database '{0}/out'", "disabled"),
        ("attach '{0}/other.duckdb'", "disabled"),
        ("install httpfs", "disabled"),
        ("force install httpfs from 'https://example.com'", "disabled"),
        ("load httpfs", "disabled"),
        ("load '{0}/my.duckdb_extension'", "disabled"),
        ("set enable_external_access = true", "locked"),
        ("set autoinstall_known_extensions = true", "locked"),
        ("set autoload_known_extensions = true", "locked"),
        ("set allow_unsigned_extensions = true", "locked"),
        ("set custom_extension_repository = 'https://example.com'", "locked"),
        ("set allowed_directories = ['/']", "locked"),
        ("set temp_directory = '/tmp'", "locked"),
        ("set memory_limit = '64GB'", "locked"),
        ("set lock_configuration = false", "locked"),
        ("reset lock_configuration", "locked"),
        ("pragma enable_external_access = true", "locked|disabled"),
    ],
)
def test_the_world_is_out_of_reach(store: Store, home: Path, sql: str, says: str) -> None:
    with pytest.raises(LimenError) as refused, store.database.write() as transaction:
        transaction._cursor.execute(sql.format(home))
    assert isinstance(refused.value.__cause__, duckdb.Error)
    assert re.search(says, str(refused.value.__cause__)), refused.value.__cause__
    assert not list(home.glob("out*"))


def test_what_keeps_it_in_is_in_force(store: Store) -> None:
    settings = {
        row["name"]: row["value"] for row in store.rows("select name, value from duckdb_settings()")
    }
    for name in (
        "enable_external_access",
        "autoinstall_known_extensions",
        "autoload_known_extensions",
        "allow_unsigned_extensions",
    ):
        assert settings[name] == "false", name
    assert settings["lock_configuration"] == "true"
