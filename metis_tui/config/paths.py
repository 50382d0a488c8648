"""Where files live. Knows nothing of what is in them.

Each folder can be set by an environment variable (METIS_TUI_CONFIG_DIR, METIS_TUI_DATA_DIR, METIS_TUI_STATE_DIR,
METIS_TUI_CACHE_DIR); else platformdirs decides.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_APP = "metis_tui"


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders of one user. None of them needs to exist."""

    config: Path
    data: Path
    """Conversations: what a user backs up."""
    state: Path
    """Logs, drafts, measurements."""
    cache: Path

    @property
    def config_file(self) -> Path:
        return self.config / "config.toml"

    @property
    def user_themes(self) -> Path:
        return self.config / "themes"

    def for_demo(self) -> Paths:
        """The same folders for the demo gateway, so that trying things out never mixes with real work."""
        return Paths(self.config, self.data / "demo", self.state / "demo", self.cache / "demo")


def find_paths() -> Paths:
    """The folders for this user."""
    return Paths(
        config=_folder("METIS_TUI_CONFIG_DIR", "config"),
        data=_folder("METIS_TUI_DATA_DIR", "data"),
        state=_folder("METIS_TUI_STATE_DIR", "state"),
        cache=_folder("METIS_TUI_CACHE_DIR", "cache"),
    )


def built_in_themes() -> Path:
    """The folder of the themes that come with the package: inside it when installed, beside it in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / "themes"
    return inside if inside.is_dir() else package.parent / "themes"


def _folder(variable: str, purpose: str) -> Path:
    chosen = os.environ.get(variable, "").strip()
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs  # not needed, and 16 ms, when the variables are set

    by_purpose = {
        "config": platformdirs.user_config_dir,
        "data": platformdirs.user_data_dir,
        "state": platformdirs.user_state_dir,
        "cache": platformdirs.user_cache_dir,
    }
    return Path(by_purpose[purpose](_APP, appauthor=False))


def make_private_folder(folder: Path) -> None:
    """Makes the folder and its missing parents, ours with mode 0700.

    Raises:
        OSError: the folder cannot be made.
    """
    if folder.is_dir():
        return
    make_private_folder(folder.parent) if not folder.parent.exists() else None
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not folder.is_dir():
            raise
