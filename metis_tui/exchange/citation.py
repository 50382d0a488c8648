"""A block for a paper that used the service: whom to cite, whom to thank, what was done. Pure.

The BibTeX entry is the one that the FIRST gateway's own documentation gives, without its abstract and keywords. The
acknowledgement is that of ALCF's policy for work outside INCITE and ALCC, which the service's guide asks for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.printable import printable_line
from metis_tui.chat.provenance import sent_ms, utc_time

BIBTEX = r"""@inproceedings{10.1145/3731599.3767346,
  author = {Tanikanti, Aditya and C\^{o}t\'{e}, Benoit and Guo, Yanfei and Chen, Le and Saint, Nickolaus and
            Chard, Ryan and Raffenetti, Ken and Thakur, Rajeev and Uram, Thomas and Foster, Ian and
            Papka, Michael E. and Vishwanath, Venkatram},
  title = {{FIRST}: Federated Inference Resource Scheduling Toolkit for Scientific {AI} Model Access},
  booktitle = {Proceedings of the SC '25 Workshops of the International Conference for High Performance Computing,
               Networking, Storage and Analysis},
  series = {SC Workshops '25},
  year = {2025},
  pages = {52--60},
  numpages = {9},
  isbn = {9798400718717},
  publisher = {Association for Computing Machinery},
  address = {New York, NY, USA},
  url = {https://doi.org/10.1145/3731599.3767346},
  doi = {10.1145/3731599.3767346}
}"""
ACKNOWLEDGEMENT = (
    "This research used resources of the Argonne Leadership Computing Facility, which is a U.S. Department of Energy "
    "Office of Science User Facility operated under contract DE-AC02-06CH11357."
)
POLICY = "https://docs.alcf.anl.gov/policies/alcf-acknowledgement-policy/"
_DEFAULTS = "the models' default parameters"


def citation(conversations: Sequence[Conversation]) -> str:
    """Three parts with headings, as plain text that can be pasted into a manuscript's source."""
    return "\n".join(
        (
            "Citation (BibTeX)",
            "",
            BIBTEX,
            "",
            "Acknowledgement",
            "",
            ACKNOWLEDGEMENT,
            f"(INCITE and ALCC projects use other words: {POLICY})",
            "",
            "Methods",
            "",
            methods(conversations),
            "",
        )
    )


def methods(conversations: Sequence[Conversation]) -> str:
    """What was done, in sentences: models, versions, clusters, parameters, dates, counts, client. Branches count."""
    messages = [message for conversation in conversations for message in conversation.messages.values()]
    replies = [message for message in messages if message.role == "assistant"]
    prompts = sum(message.role == "user" for message in messages)
    kept = f"The record holds {_count(len(conversations), 'conversation')} with {_count(prompts, 'prompt')}"
    if not replies:
        return f"{kept} and no reply."
    when = [t for c in conversations for m in c.messages.values() if m.role == "assistant" and (t := _sent(c, m))]
    sentences = [
        f"Replies were generated{_dates(when)} by {_listed(_models(replies))}.",
        f"{kept} and {_count(len(replies), 'reply', 'replies')}{_incomplete(replies)}{_clients(replies)}.",
        f"Generation used {_parameters(replies)}.",
        *_imported(conversations),
    ]
    return " ".join(sentences)


def _sent(conversation: Conversation, reply: ChatMessage) -> int:
    return sent_ms(conversation, reply) or reply.created_ms


def _models(replies: Iterable[ChatMessage]) -> list[str]:
    """Such as: gpt-oss-120b (version 3) on the cluster metis."""
    names: dict[str, None] = {}
    for reply in replies:
        name = printable_line(reply.model or "", 120) or "a model whose name was not recorded"
        if reply.model_version:
            name += f" (version {printable_line(reply.model_version, 80)})"
        if reply.cluster:
            name += f" on the cluster {printable_line(reply.cluster, 80)}"
        names[name] = None
    return list(names)


def _parameters(replies: Iterable[ChatMessage]) -> str:
    """Each setting that was used; the models' defaults where a reply had none."""
    used: dict[str, None] = {}
    for reply in replies:
        settings = [f"{printable_line(n, 60)} = {_value(v)}" for n, v in sorted(reply.params.items())]
        used[_listed(settings) if settings else _DEFAULTS] = None
    ways = list(used)
    if ways == [_DEFAULTS]:
        return f"{_DEFAULTS} (none was sent)"
    return "; or ".join(ways) + "; parameters that are not named were not sent"


def _value(value: object) -> str:
    return printable_line(json.dumps(value, ensure_ascii=False, default=str), 120)


def _dates(stamps: Sequence[int]) -> str:
    first, last = (utc_time(stamp)[:10] for stamp in (min(stamps), max(stamps)))
    return f" on {first} (UTC)" if first == last else f" between {first} and {last} (UTC)"


def _clients(replies: Iterable[ChatMessage]) -> str:
    clients = sorted({printable_line(reply.client, 80) for reply in replies if reply.client})
    return f", made with {_listed(clients)}" if clients else ""


def _incomplete(replies: Iterable[ChatMessage]) -> str:
    count = sum(reply.is_incomplete and reply.stop is not None for reply in replies)
    return f" ({count:,} of them incomplete)" if count else ""


def _imported(conversations: Iterable[Conversation]) -> list[str]:
    sources = sorted(
        {c.origin.get("src", "another program") for c in conversations if c.origin.get("kind") == "import"}
    )
    if not sources:
        return []
    named = _listed([printable_line(source, 80) for source in sources])
    return [f"Some of it was imported from {named} and may not have been generated by the service."]


def _count(count: int, one: str, more: str = "") -> str:
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def _listed(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
