"""What the chat screen shows first: as the command line says, else what was typed last. Owns no state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metis_tui.chat.background import in_background

if TYPE_CHECKING:
    from metis_tui.chat.ports import ConversationStore
    from metis_tui.config.settings import Settings
    from metis_tui.tui.screens.chat import ChatScreen
    from metis_tui.tui.services import OpenedFile, Start


async def show_first(chat: ChatScreen, start: Start) -> None:
    """Opens a conversation, a file or the history screen if that is wanted; else brings the draft back."""
    services = chat.services
    if services.opened_file is not None:
        await _show_file(chat, services.opened_file)
        return
    if start.file:
        from metis_tui.tui.reports import Reports

        Reports(chat).open_matrix(start.file)
        return
    wanted = start.conversation_id
    if wanted is None and start.continue_last:
        newest = await services.store.list(limit=1)
        wanted = newest[0].id if newest else None
        if wanted is None:
            chat.tell("There is no conversation to continue yet.")
    if wanted is not None:
        await chat.open_conversation(wanted)
        if start.model:
            chat.wish_model(start.model)
        return
    draft = await in_background(lambda: services.drafts.load("new"))
    if draft and not chat.prompt.text:
        chat.prompt.replace_all(draft)
    if start.history_query is not None:
        chat.open_history(start.history_query or None)


async def _show_file(chat: ChatScreen, opened: OpenedFile) -> None:
    if len(opened.ids) == 1:
        await chat.open_conversation(opened.ids[0])
        return
    count = len(opened.ids)
    chat.tell(f"{count or 'No'} conversations in {opened.name} ({opened.source}).", title="Read-only")
    if opened.ids:
        chat.open_history(None)


async def tidy(store: ConversationStore, settings: Settings) -> None:
    """Takes away what has been in the trash for long."""
    if settings.trash_days:
        await store.empty_trash(days=settings.trash_days)
