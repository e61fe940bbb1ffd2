"""The frame of every page: navigation, filters, and what stands there when nothing can be shown.

Run by `limen dashboard`, which names the collector in the environment.
"""

import streamlit as st

from collector.contract.config import load_settings
from collector.contract.errors import Unauthenticated
from dashboard import links, panels, sign_in, states, theme
from dashboard.questions import Questions
from dashboard.sidebar import choose
from dashboard.views import Reader, View
from dashboard.views.registry import VIEWS


def main() -> None:
    settings = load_settings()
    st.set_page_config(page_icon=theme.mark(wordmark=False), layout="wide")
    st.html(theme.style())
    st.logo(theme.mark(), icon_image=theme.mark(wordmark=False), size="large")

    def run() -> None:
        view.show(questions, selection)

    def page(view: View) -> st.Page:
        path = None if view is VIEWS[0] else view.path
        return st.Page(
            run, title=view.title, icon=view.icon, url_path=path, default=view is VIEWS[0]
        )

    def hidden(view: View, path: str) -> st.Page:
        return st.Page(run, title=view.title, url_path=path, visibility="hidden")

    pages = links.keep({view: page(view) for view in VIEWS})
    known = {shown: view for view, shown in pages.items()}
    for view in VIEWS:
        # An address is typed as the name of a page is written, too.
        for path in filter(None, (view.also, view.path.capitalize())):
            known[hidden(view, path)] = view
    by_reader = {
        str(reader): [shown for shown, view in known.items() if view.reader is reader]
        for reader in Reader
    }
    chosen = st.navigation(by_reader, expanded=True)
    view = known[chosen]
    st.set_page_config(page_title=f"{view.title} · Limen")
    with states.guarded(view.role):
        caller = sign_in.current(settings)
        if caller is None:
            sign_in.show(settings)
            return
        questions = Questions(caller, lambda: sign_in.still(settings))
        try:
            # A place of its own, so that nothing moves where it says that it waits.
            with st.container():
                empty = questions.status()["first_data"] is None and not view.empty
        except Unauthenticated as error:
            if settings.token:
                states.failure(error, view.role)
            else:
                sign_in.show(settings)
            return
        if empty:
            states.no_data(questions)
        else:
            selection = choose(questions, sign_in.sign_out if sign_in.signed_in() else None)
            if view.allows(questions.status()["role"]):
                chosen.run()
            else:
                panels.title(view.title)
                states.withheld("This page is for others", view.role, states.WHY[view.role])


main()
