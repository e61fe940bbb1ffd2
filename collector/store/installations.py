"""Finds an installation among what is stored: by its identifier, under every key there is."""

from collector.contract.attributes import INSTALLATION
from collector.contract.persons import FoundPseudonym, Lookup
from collector.persons.pseudonyms import Pseudonyms
from collector.store.database import Database
from collector.store.queries import query
from collector.store.reader import rfc3339


class Installations:
    """Of `database`, known by `pseudonyms`."""

    def __init__(self, database: Database, pseudonyms: Pseudonyms) -> None:
        self._database, self._pseudonyms = database, pseudonyms

    def find(self, identifier: str, token: str | None = None) -> Lookup:
        """What is stored of the installation whose `app.installation.id` this is.

        The audit log notes that it was asked and by which `token`, neither identifier nor
        pseudonym; None where no tokens are in use.
        """
        made = self._pseudonyms.all(INSTALLATION, identifier)
        with self._database.write() as transaction:
            transaction.note(
                "installation looked up", by=token, keys=[key_id for key_id, _ in made]
            )
        values = {"pseudonyms": [pseudonym for _, pseudonym in made]}
        rows = self._database.read(query("find_installations"), values).to_pylist()
        stored = {row.pop("installation"): row for row in rows}
        return Lookup(
            pseudonyms=tuple(
                FoundPseudonym(
                    key_id=key_id,
                    installation=pseudonym.hex(),
                    spans=row["spans"],
                    inputs=row["inputs"],
                    exports=row["exports"],
                    first_received=rfc3339(row["first_received"]),
                    last_received=rfc3339(row["last_received"]),
                )
                if (row := stored.get(pseudonym))
                else FoundPseudonym(key_id=key_id, installation=pseudonym.hex())
                for key_id, pseudonym in made
            )
        )
