"""Text that spreadsheets show and do not run."""

FORMULA = "=+@\t\r-"
"""What spreadsheets take for the beginning of a formula."""


def harmless(text: str) -> str:
    """`text` with an apostrophe before what a spreadsheet would run."""
    return f"'{text}" if text.startswith(tuple(FORMULA)) else text
