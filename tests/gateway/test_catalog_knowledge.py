"""Merging what the routes tell into one catalog."""

from __future__ import annotations

from metis_tui.chat.catalog import ModelState, ServedModel
from metis_tui.gateway.catalog_knowledge import CatalogKnowledge
from metis_tui.gateway.wire import Capabilities, ListedCluster, read_jobs

METIS = ListedCluster(
    "metis", "/m", (ServedModel("a", "metis", "api", "/m/a"), ServedModel("b-32768", "metis", "api", "/m/b"))
)
MINERVA = ListedCluster("minerva", "/n", (ServedModel("c", "minerva", "api", "/n/c"),))


def known() -> CatalogKnowledge:
    knowledge = CatalogKnowledge()
    knowledge.take_list((METIS, MINERVA), 10.0)
    return knowledge


def take_jobs(knowledge: CatalogKnowledge, now: float, **lists: str) -> None:
    board = read_jobs({name: [{"Models": names, "Framework": "api"}] for name, names in lists.items()})
    assert board is not None
    knowledge.take_jobs("metis", board, now)


def states(knowledge: CatalogKnowledge) -> dict[str, ModelState]:
    return {model.name: model.state for model in knowledge.catalog.models}


def test_listed_models_are_unknown_until_their_cluster_answers() -> None:
    knowledge = known()
    assert set(states(knowledge).values()) == {ModelState.UNKNOWN}
    assert knowledge.catalog.as_of == 10.0
    take_jobs(knowledge, 11.0, running="a")
    assert states(knowledge) == {"a": ModelState.LIVE, "b-32768": ModelState.OFFLINE, "c": ModelState.UNKNOWN}
    assert knowledge.catalog.clusters["metis"].as_of == 11.0
    assert knowledge.catalog.clusters["minerva"].as_of is None


def test_a_state_keeps_the_time_it_was_first_seen() -> None:
    knowledge = known()
    for now, board in ((11.0, "running"), (71.0, "running"), (131.0, "stopped"), (191.0, "stopped")):
        take_jobs(knowledge, now, **{board: "a"})
    model = knowledge.catalog.find("a@metis")
    assert model is not None
    assert model.state_since == 131.0
    knowledge.take_list((METIS, MINERVA), 200.0)
    assert knowledge.catalog.find("a@metis") == model


def test_a_cluster_that_cannot_be_read_hides_no_other() -> None:
    knowledge = known()
    take_jobs(knowledge, 11.0, running="a")
    knowledge.take_jobs_trouble("minerva", "down", 12.0)
    assert states(knowledge)["a"] is ModelState.LIVE
    assert knowledge.catalog.clusters["minerva"].trouble == "down"
    knowledge.take_jobs_trouble("metis", "down", 13.0)
    assert states(knowledge)["a"] is ModelState.UNKNOWN
    assert knowledge.catalog.clusters["metis"].as_of == 11.0
    take_jobs(knowledge, 14.0, running="a")
    assert knowledge.catalog.clusters["metis"].trouble == ""


def test_a_notice_stays_until_the_cluster_is_up_again() -> None:
    knowledge = known()
    knowledge.take_status({"metis": True}, 11.0)
    assert knowledge.catalog.clusters["metis"].is_up is True
    assert knowledge.catalog.clusters["minerva"].is_up is None
    knowledge.take_notice("metis", "until 17:00", 12.0)
    knowledge.take_status({"metis": False}, 13.0)
    status = knowledge.catalog.clusters["metis"]
    assert (status.is_up, status.notice) == (False, "until 17:00")
    knowledge.take_status({}, 14.0)
    assert knowledge.catalog.clusters["metis"].is_up is False
    knowledge.take_status({"metis": True}, 15.0)
    status = knowledge.catalog.clusters["metis"]
    assert (status.is_up, status.notice) == (True, "")


def test_capabilities_complete_the_model_and_the_name_stands_in() -> None:
    knowledge = known()
    knowledge.take_capabilities(
        "metis", {"a": Capabilities(65536, True, ("low",), ("text", "image")), "b-32768": Capabilities()}, 11.0
    )
    a, b, c = knowledge.catalog.models
    assert (a.context_window, a.has_reasoning, a.effort_levels, a.input_modalities) == (
        65536,
        True,
        ("low",),
        ("text", "image"),
    )
    assert (b.context_window, b.has_reasoning) == (None, None)
    assert c.context_window is None


def test_models_that_are_not_listed_are_never_shown() -> None:
    knowledge = known()
    take_jobs(knowledge, 11.0, running="a, hidden")
    assert [model.name for model in knowledge.catalog.models] == ["a", "b-32768", "c"]
