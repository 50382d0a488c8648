"""What can be known of a terminal from its environment alone, so that nothing waits for an answer. Pure."""

from __future__ import annotations

from collections.abc import Mapping

_FILLING = (
    *("xterm", "rxvt", "tmux", "alacritty", "foot", "kitty", "wezterm", "st-", "konsole", "vte", "gnome", "linux"),
    *("contour", "ghostty", "iterm", "mintty", "putty", "ms-terminal"),
)
"""Terminals that erase with the background in use (terminfo: bce). GNU screen does not, unless told to."""
_WITHOUT_LINKS = ("linux", "dumb", "vt100", "vt220")


def fills_background(environment: Mapping[str, str]) -> bool:
    """Whether erased cells surely get the background in use."""
    if environment.get("TMUX"):
        return environment.get("TERM_PROGRAM") == "tmux"  # set since tmux 3.2; older ones are not sure
    if environment.get("STY"):
        return False
    return environment.get("TERM", "").startswith(_FILLING)


def is_gnu_screen(environment: Mapping[str, str]) -> bool:
    """Whether GNU screen is between the application and the terminal."""
    if environment.get("TMUX"):
        return False
    return bool(environment.get("STY")) or environment.get("TERM", "").startswith("screen")


def is_remote(environment: Mapping[str, str]) -> bool:
    """Whether the terminal is at the other end of an SSH connection."""
    return bool(environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"))


def takes_links(environment: Mapping[str, str]) -> bool:
    """Whether a hyperlink (OSC 8) does no harm: most terminals skip what they do not know, these would show it."""
    return not is_gnu_screen(environment) and environment.get("TERM", "dumb") not in _WITHOUT_LINKS
