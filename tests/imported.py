"""Only for the process that collectors are forked from: see `tests.forks`."""

import atexit
import gc

import limen

limen.start_light()

import collector.server.run  # noqa: E402, F401
import tests.forks  # noqa: E402, F401

limen.parser()
# Else each looks through all of it when it has started, and has a copy of its own then.
gc.freeze()
atexit.register(gc.unfreeze)
