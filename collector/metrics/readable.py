"""SQL as a person reads it: what a question fills in stands there as a comment."""

import re

_PLACE = re.compile(r"\{(\w+)(?::\w+)*\}")

_ASKED = {
    "where": "/* and what is filtered by */",
    "selected": "/* and what is selected */",
    "by": "/*, what is asked by */",
    "same": "/* and the same of what is asked by */",
    "within": "/* and the same time, where that is asked by */",
    "order": "/* what is ordered by, */",
}


def readable(sql: str) -> str:
    """`sql` with comments in its places; a source is called by its name."""
    return _PLACE.sub(lambda place: _ASKED.get(place[1], f"{place[1]} /* of the period */"), sql)
