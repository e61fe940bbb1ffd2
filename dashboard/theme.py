"""One colour per meaning, light and dark; what Streamlit and the figures are told about them.

The meanings stay apart for every kind of colour vision and keep 3:1 on both backgrounds; where
two may meet in one figure, position or a word says it too (`tests/test_theme.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

DEVICE = "#1F77C9"
CLOUD = "#CB7C0A"
BLOCKED = "#50716E"
UNKNOWN = "#8D939E"
UNDECLARED = "#C51360"
ERROR = "#A8452B"

NEUTRAL = "#747C88"
"""Marks and whiskers, which mean nothing by their colour."""

TITLE_ROOM = 72
"""How high the title of a figure is, in pixels: a picture of it has one, the page cuts it off."""

DECISIONS: Mapping[str, str] = {
    "accept": DEVICE,
    "fallback": CLOUD,
    "cloud": CLOUD,
    "blocked": BLOCKED,
    "error": ERROR,
}

PLACEMENTS: Mapping[str, str] = {"device": DEVICE, "hybrid": DEVICE, "cloud": CLOUD}

RELEASES: Sequence[tuple[str, str]] = (
    ("#7A5AE0", "solid"),
    ("#12938A", "dash"),
    ("#A0702D", "dot"),
    ("#B0569B", "dashdot"),
    ("#5E8C2A", "longdash"),
    ("#6F7F95", "longdashdot"),
)
"""Colour and dash of a release, newest first; older ones share the last."""


@dataclass(frozen=True, kw_only=True)
class Mode:
    background: str
    raised: str
    text: str
    border: str
    accent: str
    on_accent: str


LIGHT = Mode(
    background="#FFFFFF", raised="#F3F5F8", text="#17202C", border="#DDE2E9",
    accent="#3A4FB0", on_accent="#FFFFFF",
)  # fmt: skip
DARK = Mode(
    background="#12161D", raised="#1B212B", text="#E4E9F0", border="#323B48",
    accent="#8496F0", on_accent="#12161D",
)  # fmt: skip


def release_style(position: int) -> tuple[str, str]:
    """Colour and dash of the release at `position`, 0 the newest."""
    return RELEASES[min(position, len(RELEASES) - 1)]


def mode(kind: str | None) -> Mode:
    """The colours of a page that is `light` or `dark`."""
    return DARK if kind == "dark" else LIGHT


def translucent(colour: str, opacity: float) -> str:
    """`#RRGGBB` as an rgba() of that opacity."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def flags() -> Iterator[str]:
    """The theme as options of `streamlit run`."""
    for name, mode in (("light", LIGHT), ("dark", DARK)):
        side = f"--theme.{name}"
        yield f"{side}.primaryColor={mode.accent}"
        yield f"{side}.backgroundColor={mode.background}"
        yield f"{side}.secondaryBackgroundColor={mode.raised}"
        yield f"{side}.textColor={mode.text}"
        yield f"{side}.borderColor={mode.border}"
        yield f"{side}.sidebar.backgroundColor={mode.raised}"
        yield f"{side}.sidebar.secondaryBackgroundColor={mode.background}"
    yield "--theme.baseRadius=0.5rem"
    yield "--theme.metricValueFontSize=1.6rem"
    yield "--theme.metricValueFontWeight=600"
    yield '--theme.headingFontSizes=["1.9rem", "1.4rem", "1.2rem"]'
    yield "--theme.headingFontWeights=[700, 600, 600]"
    yield "--theme.paddingTop=1.5rem"
    yield "--theme.paddingBottom=3rem"
    yield "--theme.showSidebarBorder=true"


def style() -> str:
    """What Streamlit's own theme does not say: paper has no controls and lies on its side, so that
    no table is cut; tables have the room of a desktop's margins; four or six headline numbers stand
    in even rows, and so do facts; a filter grows with what is chosen in it, and cuts none of it; a
    figure's title is for its pictures alone.
    Streamlit writes white on the accent, light or dark."""
    tiles = "[class*=st-key-tiles]"
    four, six = (f"{tiles}:has(> :nth-child({n}):last-child)" for n in (4, 6))
    filters = "[data-testid=stMultiSelect]"
    chosen = "[data-testid=stMultiSelectTagsContainer]"
    # On paper these are not torn apart, and those stay with what follows them.
    whole = (
        "[data-testid=stPlotlyChart],[data-testid=stDataFrame],[data-testid=stExpander],"
        "[data-testid=stCode],[data-testid=stMetric],[class*=st-key-tiles],[class*=st-key-finding-],"
        "[class*=st-key-declaration-],[class*=st-key-activity-],[class^=limen-]"
    )
    follow = "[data-testid=stPlotlyChart],[data-testid=stDataFrame],.limen-facts"
    leading = (
        "[class*=st-key-head-],[data-testid=stElementContainer]:has([data-testid=stHeading]),"
        f"[data-testid=stVerticalBlock]>:not(:has({follow})):has(+ * :is({follow}))"
    )
    on_accent = "[data-testid^=stBaseButton-primary],[data-tag]"
    return (
        "<style>"
        "@media print{[data-testid=stSidebar],[data-testid=stHeader],[data-testid=stPopover],"
        "[data-testid=stButton],[data-testid=stDownloadButton],.st-key-live,.modebar"
        "{display:none!important}[data-testid=stMainBlockContainer]{zoom:0.85}"
        f":is({whole}){{break-inside:avoid}}"
        f":is({leading}){{break-after:avoid}}"
        ".gtitle{visibility:hidden}.main-svg{background:none!important}}"
        "@page{size:landscape}"
        "@media(min-width:768px){[data-testid=stMainBlockContainer]{padding-left:2rem;"
        "padding-right:2rem}}"
        "@media(prefers-color-scheme:dark){"
        f":is({on_accent}),:is({on_accent}) *{{color:{DARK.on_accent}!important}}}}"
        f"{tiles}[class*=-room]{{container-type:inline-size}}"
        f"{four}{{display:grid;grid-template-columns:repeat(4,minmax(0,1fr))}}"
        f"{six}{{display:grid;grid-template-columns:repeat(6,minmax(0,1fr))}}"
        f"[class*=st-key-chart-]{{margin-top:-{TITLE_ROOM}px;pointer-events:none}}"
        "[data-testid=stPlotlyChart]{pointer-events:auto}"
        f"@media screen{{[data-testid=stPlotlyChart]{{clip-path:inset({TITLE_ROOM}px 0 0 0)}}}}"
        f"[data-testid=stPlotlyChart] .modebar-container{{top:{TITLE_ROOM}px!important}}"
        ".limen-facts{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:2px 16px;"
        "margin:0}.limen-facts dt{opacity:0.75}.limen-facts dt::first-letter"
        "{text-transform:uppercase}.limen-facts dd{margin:0;overflow-wrap:anywhere}"
        f".limen-facts mark{{color:inherit;background:{translucent(UNDECLARED, 0.15)};"
        f"border-bottom:2px solid {UNDECLARED};padding:0 4px}}"
        "@media(max-width:480px){.limen-facts{grid-template-columns:1fr}.limen-facts dd{"
        "margin-bottom:6px}}"
        f"{filters}{{container-type:inline-size}}"
        f"@container (max-width:180px){{{filters} [aria-label='Clear all']{{display:none}}}}"
        f"{filters} [data-rac][role=group]{{max-height:none!important}}"
        f"{chosen}{{flex-wrap:wrap!important;min-width:0;mask-image:none!important}}"
        f"{chosen}:has([data-tag]) input:not(:focus){{min-width:0;flex:0 0 1px;padding:0;"
        "margin-left:-1px}"
        "[data-tag]{height:auto!important;min-height:1.75rem;"
        "max-width:calc(100% - 0.25rem)!important}"
        "[data-tag]>span{white-space:normal!important;overflow-wrap:anywhere;line-height:1.3;"
        "padding-block:2px}"
        ".st-key-search [data-testid=stPopover]{margin-top:1.75rem}"
        f"@container (max-width:960px){{{six}{{grid-template-columns:repeat(3,1fr)}}}}"
        f"@container (max-width:480px){{{four},{six}{{"
        "grid-template-columns:repeat(2,1fr)}}"
        "</style>"
    )


def mark(wordmark: bool = True) -> str:
    """The mark: a threshold, the device below it and the cloud above; with or without the name."""
    name = (
        '<text x="42" y="25" font-family="system-ui, sans-serif" font-size="25" '
        'font-weight="650" textLength="74" lengthAdjust="spacingAndGlyphs" class="ink">Limen</text>'
    )
    width = 120 if wordmark else 32
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 32" '
        f'width="{width}" height="32" role="img" aria-label="Limen">'
        f"<style>.ink{{fill:{LIGHT.text}}}"
        f"@media (prefers-color-scheme:dark){{.ink{{fill:{DARK.text}}}}}</style>"
        '<rect class="ink" x="1" y="14.5" width="30" height="3" rx="1.5"/>'
        f'<circle cx="21" cy="6.5" r="5" fill="{CLOUD}"/>'
        f'<circle cx="11" cy="25.5" r="5" fill="{DEVICE}"/>'
        f"{name if wordmark else ''}</svg>"
    )
