"""Finding served models by what people type."""

from __future__ import annotations

import pytest

from metis_tui.chat.catalog import Catalog, ModelState, ServedModel, context_from_name, grouped_by_cluster


def served(name: str, cluster: str, state: ModelState = ModelState.LIVE) -> ServedModel:
    return ServedModel(name, cluster, "api", f"/resource_server/{cluster}/api/v1/chat/completions", state)


CATALOG = Catalog(
    models=(
        served("gpt-oss-120b", "sophia"),
        served("gpt-oss-120b", "metis"),
        served("gemma-4-31B-it", "metis", ModelState.OFFLINE),
        served("gemma-4-31B-it", "sophia", ModelState.STARTING),
        served("openai/gpt-oss-120b", "minerva", ModelState.UNKNOWN),
    )
)


@pytest.mark.parametrize(
    ("wanted", "key"),
    [
        ("gpt-oss-120b", "gpt-oss-120b@metis"),
        ("gpt-oss-120b@sophia", "gpt-oss-120b@sophia"),
        ("GPT-OSS-120B@Sophia", "gpt-oss-120b@sophia"),
        ("gemma-4-31b-it", "gemma-4-31B-it@sophia"),
        ("openai/gpt-oss-120b", "openai/gpt-oss-120b@minerva"),
        ("nothing", None),
        ("", None),
    ],
)
def test_find(wanted: str, key: str | None) -> None:
    found = CATALOG.find(wanted)
    assert (found.key if found else None) == key


def test_the_default_is_live_and_the_nearest_are_live_first() -> None:
    default = CATALOG.default_model()
    assert default is not None
    assert default.key == "gpt-oss-120b@metis"
    assert [m.key for m in CATALOG.nearest("gpt-oss-20b", 2)] == ["gpt-oss-120b@metis", "gpt-oss-120b@sophia"]
    assert Catalog().default_model() is None


def test_groups_start_with_metis_and_with_live_models() -> None:
    groups = grouped_by_cluster(CATALOG.models)
    assert list(groups) == ["metis", "minerva", "sophia"]
    assert [m.state for m in groups["metis"]] == [ModelState.LIVE, ModelState.OFFLINE]
    assert CATALOG.count_by_state()[ModelState.LIVE] == 2


def test_every_state_has_its_own_sign() -> None:
    assert len({state.symbol for state in ModelState}) == len(ModelState)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("gpt-oss-120b-131072", 131072),
        ("Mistral-Large-3-675B-Instruct-2512", None),
        ("plain", None),
        ("x-2048", 2048),
    ],
)
def test_a_context_window_in_a_name(name: str, size: int | None) -> None:
    assert context_from_name(name) == size
