"""Words for numbers: durations, counts, sizes, ages. Pure."""

from __future__ import annotations

import time


def short_duration(seconds: float) -> str:
    """41h12m, 12m, 45 s, 6d: the two largest units at most."""
    whole = int(max(0, seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 72:
        return f"{hours}h{minutes:02d}m"
    return f"{hours // 24}d"


def latency(seconds: float | None) -> str:
    """0.31 s; – when unknown."""
    if seconds is None:
        return "–"
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"


def rate(tokens_per_second: float | None) -> str:
    """642 tok/s, 8.4 tok/s; – when unknown."""
    if tokens_per_second is None:
        return "–"
    return f"{tokens_per_second:,.0f} tok/s" if tokens_per_second >= 10 else f"{tokens_per_second:.1f} tok/s"


def token_count(count: int | None) -> str:
    """3.2k, 131k, 812; – when unknown. 131072 is 131k, as the models' makers write it."""
    if count is None:
        return "–"
    if count < 1000:
        return str(count)
    if count < 10_000:
        return f"{count / 1000:.1f}k".replace(".0k", "k")
    return f"{count // 1000}k" if count < 1_000_000 else f"{count / 1_000_000:.1f}M".replace(".0M", "M")


def byte_count(size: int) -> str:
    if size < 1024:
        return f"{size} B"
    if size < 1024 * 1024:
        return f"{size / 1024:,.0f} KB"
    return f"{size / 1024 / 1024:,.1f} MB"


def age(then: float, now: float) -> str:
    """just now, 12 s ago, 3 min ago, 5 h ago, 6 d ago."""
    seconds = max(0, now - then)
    if seconds < 5:
        return "just now"
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{int(seconds // unit)} {name} ago"
    return f"{int(seconds)} s ago"


def when(then: float, now: float) -> str:
    """14:02 today, Mon 14:02 this week, 3 Nov this year, 2025-11-03 before; local time."""
    moment, today = time.localtime(then), time.localtime(now)
    if moment[:3] == today[:3]:
        return time.strftime("%H:%M", moment)
    if 0 <= now - then < 6 * 86400:
        return time.strftime("%a %H:%M", moment)
    if moment[0] == today[0]:
        return f"{moment[2]} {time.strftime('%b', moment)}"
    return time.strftime("%Y-%m-%d", moment)
