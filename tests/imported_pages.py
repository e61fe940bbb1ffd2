"""Only for the process that dashboards are forked from: see `tests.forks`.

Not the pages themselves: what they ask Streamlit to keep is kept by the server that runs.
"""

import atexit
import gc

import pandas  # type: ignore[import-untyped]  # noqa: F401
import plotly.graph_objects  # noqa: F401
import streamlit.web.bootstrap
import streamlit.web.cli  # noqa: F401

import collector.contract.client
import collector.tlog.checkpoint  # noqa: F401
import dashboard.sentences  # noqa: F401
import tests.forks  # noqa: F401

gc.freeze()
atexit.register(gc.unfreeze)
