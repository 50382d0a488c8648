"""Entries of other programs' exports, as those programs write them."""

from __future__ import annotations

from typing import Any

CHATGPT_TIME = 1_700_000_000.5
WEBUI_TIME = 1_700_000_000
REASONING = (
    '<details type="reasoning" done="true" duration="3">\n<summary>Thought for 3 seconds</summary>\n'
    "&gt; Is 1 &lt; 2?\n&gt; Yes.\n</details>\nIt is."
)


def chatgpt_node(
    node_id: str, parent: str | None, role: str | None = None, content: Any = None, **facts: Any
) -> tuple[str, dict[str, Any]]:
    message = None
    if role is not None:
        if isinstance(content, str):
            content = {"content_type": "text", "parts": [content]}
        author = {"role": role, "name": facts.pop("name", None), "metadata": {}}
        message = {
            "id": node_id,
            "author": author,
            "create_time": CHATGPT_TIME,
            "content": content,
            "metadata": {},
            **facts,
        }
    return node_id, {"id": node_id, "message": message, "parent": parent, "children": []}


def chatgpt_chat(*nodes: tuple[str, dict[str, Any]], **facts: Any) -> dict[str, Any]:
    mapping = dict(nodes)
    for node_id, fields in mapping.items():
        if fields["parent"] in mapping:
            mapping[fields["parent"]]["children"].append(node_id)
    return {"title": "Fusion", "create_time": CHATGPT_TIME, "mapping": mapping, "conversation_id": "c-1", **facts}


def webui_message(message_id: str, parent: str | None, role: str, content: object, **facts: Any) -> dict[str, Any]:
    return {"id": message_id, "parentId": parent, "childrenIds": [], "role": role, "content": content,
            "timestamp": WEBUI_TIME, **facts}  # fmt: skip


def webui_chat(*messages: dict[str, Any], current: str | None = None, **facts: Any) -> dict[str, Any]:
    history = {"messages": {m["id"]: m for m in messages}, "currentId": current}
    chat = {"title": "Fusion", "models": ["m"], "history": history, "messages": [], "tags": [], **facts}
    meta = {"tags": ["physics", {"name": "iter"}]}
    return {"id": "w-1", "title": "Fusion", "chat": chat, "created_at": WEBUI_TIME, "meta": meta, "pinned": True}
