"""One colour per meaning, light and dark; what Streamlit and the figures are told about them.

The meanings stay apart for every kind of colour vision and keep 3:1 on both backgrounds; where
two may meet in one figure, position or a word says it too (`tests/test_theme.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

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


@cache
def style() -> str:
    """What Streamlit's own theme does not say: style.css."""
    sheet = Template(Path(__file__).with_name("style.css").read_text("utf-8"))
    filled = sheet.substitute(
        title_room=TITLE_ROOM,
        ink=LIGHT.text,
        on_accent=DARK.on_accent,
        undeclared=UNDECLARED,
        undeclared_faint=translucent(UNDECLARED, 0.15),
    )
    return f"<style>{filled}</style>"


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
