"""What is released can be installed and run. Builds and installs without any network."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.packaging
PROJECT = Path(__file__).parent.parent


def run(*command: str | Path, cwd: Path) -> str:
    """Standard output of a command that must succeed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("distributions")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, PROJECT, cwd=folder)
    return folder


def test_the_wheel_holds_the_program_and_its_themes(distributions: Path) -> None:
    (wheel,) = distributions.glob("*-py3-none-any.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"metis_tui/__main__.py", "metis_tui/themes/metis-dark.toml", "metis_tui/themes/metis-light.toml"} <= names
    sheets = {path.relative_to(PROJECT).as_posix() for path in (PROJECT / "metis_tui").rglob("*.tcss")}
    assert sheets <= names
    assert {name.split("/")[0] for name in names} == {"metis_tui", wheel.name.rsplit("-", 3)[0] + ".dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_sdist_holds_the_tests_and_the_papers(distributions: Path) -> None:
    (sdist,) = distributions.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {"README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", "tests/conftest.py", ".ci/run"} <= names
    assert "themes/metis-dark.toml" in names
    assert "metis_tui/wiring.py" in names


@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
def test_it_installs_and_runs_in_a_fresh_environment(distributions: Path, tmp_path: Path, kind: str) -> None:
    place = tmp_path / "venv"
    venv.create(place, with_pip=False, symlinks=True)
    (packages,) = place.glob("lib/python*/site-packages")
    # the libraries of the environment that runs the tests, but not its editable install of the project
    borrowed = packages / "borrowed"
    borrowed.mkdir()
    source = Path(sysconfig.get_paths()["purelib"])
    for item in source.iterdir():
        if not item.name.startswith(("metis_tui", "_metis_tui", "_editable_impl_metis_tui", "__pycache__")):
            (borrowed / item.name).symlink_to(item)
    (packages / "borrowed.pth").write_text(str(borrowed))
    (found,) = distributions.glob(kind)
    python = place / "bin" / "python"
    run(python, "-m", "pip", "install", "--no-deps", "--no-index", "--no-build-isolation", found, cwd=tmp_path)
    command = place / "bin" / "metis-tui"
    assert run(command, "--version", cwd=tmp_path) == "metis-tui 0.1.0\n"
    assert run(command, "ask", "--demo", "-m", "gpt-oss-120b", "2+2?", cwd=tmp_path).strip()
    where = "from metis_tui.config import paths as p; f = p.built_in_themes(); print(f, len(list(f.iterdir())))"
    folder, count = run(python, "-c", where, cwd=tmp_path).split()
    assert Path(folder).is_relative_to(packages)
    assert int(count) >= 2
