"""Only for the process that collectors are forked from: see `tests.forks`."""

import limen

limen.start_light()

import collector.server.run  # noqa: E402, F401
import tests.forks  # noqa: E402, F401

limen.parser()
