"""The frame of every HTML file that is exported: nothing is loaded, nothing runs, light and dark. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from metis_tui.exchange.html_text import line_html

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def html_page(title: str, style_sheets: Iterable[str], body: Iterable[str]) -> bytes:
    """A whole page.

    Args:
        style_sheets: names of files beside this module, put into the page one after the other.
    """
    here = Path(__file__)
    style = "".join(here.with_name(name).read_text(encoding="utf-8") for name in style_sheets)
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n',
        '<meta name="referrer" content="no-referrer">\n',
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        f"<title>{line_html(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n",
        *body,
        "<footer>Exported by metis-tui.</footer>\n</body>\n</html>\n",
    ]
    return "".join(parts).encode("utf-8", "replace")
