"""Every action of the application, declared once.

Key bindings, the leader panel (Ctrl+X), slash commands, the palette, the help screen and the README's table read it.
Knows nothing of what an action does: each is a method `action_NAME` of the screen or widget named by `where`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from textual.binding import Binding

Where = Literal["chat", "prompt", "transcript"]

UNSENDABLE_KEYS = frozenset(
    {"ctrl+i", "ctrl+m", "ctrl+h", "ctrl+left_square_bracket", "ctrl+tab", *(f"ctrl+{n}" for n in range(10))}
)
"""Keys that terminals do not send or send as another key, so nothing may be bound to them."""


class Action(NamedTuple):
    name: str
    title: str
    help: str
    keys: str = ""
    """Textual key names, separated by commas; the first is the one shown."""
    leader: str = ""
    """One character after Ctrl+X."""
    slash: str = ""
    """Slash command without its slash."""
    argument: str = ""
    """What the slash command takes, for help; empty when nothing."""
    where: Where = "chat"

    @property
    def shown_key(self) -> str:
        return shown_key(self.keys.split(",")[0]) if self.keys else ""


ACTIONS: tuple[Action, ...] = (
    Action("choose_model", "Choose a model", "List of models with their state", "ctrl+o,f2", "m", "model", "[NAME]"),
    Action("next_model", "Next recent model", "Switch among the models used lately", "f3", "3"),
    Action("new_conversation", "New conversation", "Leave this one as it is and start another", "ctrl+n", "n", "new"),
    Action(
        "conversations",
        "Saved conversations",
        "List and preview; open, tag, pin, archive, trash, export, ask again",
        "ctrl+r",
        "r",
        "history",
        "[WORDS]",
    ),
    Action("search_all", "Search all conversations", "As you type, in all messages", "", "/", "search", "[WORDS]"),
    Action("find", "Find", "In this conversation, also in folded reasoning", "ctrl+f", "f", "find", "[TEXT]"),
    Action("rename", "Rename", "Give this conversation another title", "", "t", "rename", "[TITLE]"),
    Action(
        "settings",
        "Conversation settings",
        "System prompt and parameters of this conversation",
        "f7",
        "s",
        "settings",
    ),
    Action("system", "System prompt", "Set the system prompt", "", "", "system", "[TEXT]"),
    Action("parameter", "Set a parameter", "For example /set temperature = 0.2", "", "", "set", "[NAME = VALUE]"),
    Action("retry", "Ask again", "Send the last prompt once more, beside the reply that is there", "", "a", "retry"),
    Action("go_on", "Go on from here", "Has the model go on from a reply that was cut short", "f9", "o", "continue"),
    Action(
        "compare",
        "Compare models",
        "The same prompt to several models; what is typed, else the prompt at hand",
        "ctrl+t",
        "c",
        "vs",
        "[MODEL...]",
    ),
    Action("matrix", "Open a matrix", "A folder of metis-tui matrix, as a grid", "", "", "matrix", "FOLDER"),
    Action("stop", "Stop the reply", "Keeps what has arrived", "escape", "k", "stop"),
    Action("edit_prompt", "Edit in $EDITOR", "Write the prompt in your editor", "ctrl+g", "e", "edit"),
    Action("copy_menu", "Copy…", "Source, rendered, code N, all", "", "y", "copy", "[WHAT]"),
    Action("cite", "Cite", "BibTeX, acknowledgement, a sentence on methods", "", "", "cite"),
    Action("votes", "Votes", "Which models are better, as far as your votes can tell", "", "V", "votes"),
    Action("theme", "Choose a theme", "Applies at once", "", "h", "theme", "[NAME]"),
    Action("status", "Status details", "Gateway, clusters, access token, storage, line", "f4", "4", "status"),
    Action("refresh_catalog", "Refresh", "Read the models' states again", "f5", "5", "refresh"),
    Action("sign_in", "Sign in", "With Globus, in any browser; the conversation stays as it is", "f8", "g", "login"),
    Action("toggle_mouse", "Mouse on or off", "Off lets the terminal select text itself", "f6", "6", "mouse"),
    Action("redraw", "Redraw", "Paint the whole screen again", "ctrl+l", "l", "redraw"),
    Action("palette", "Command palette", "Find any action by name", "ctrl+p", "p", "palette"),
    Action("leader", "Leader", "Shows the keys that follow it", "ctrl+x"),
    Action("help", "Help", "Keys and commands", "f1", "1", "help"),
    Action("suspend", "Suspend", "Back to the shell; fg returns", "ctrl+z", "z", "suspend"),
    Action(
        "copy_or_stop", "Copy, stop, clear, quit", "Copies a selection; else stops; else clears; else quits", "ctrl+c"
    ),
    Action("leave", "Quit", "Saves everything and leaves", "ctrl+q", "q", "quit"),
    # prompt
    Action("submit", "Send", "Sends the prompt", "enter", where="prompt"),
    Action("newline", "New line", "Also \\ then Enter", "ctrl+j,shift+enter,alt+enter,ctrl+enter", where="prompt"),
    Action("complete", "Complete", "Completes a slash command", "tab", where="prompt"),
    Action("page_up", "Scroll up", "Scrolls the transcript while typing", "pageup", where="prompt"),
    Action("page_down", "Scroll down", "Scrolls the transcript while typing", "pagedown", where="prompt"),
    Action("quit_when_empty", "Quit when empty", "Else deletes to the right", "ctrl+d", where="prompt"),
    # transcript
    Action("next_message", "Next message", "", "j", where="transcript"),
    Action("previous_message", "Previous message", "", "k", where="transcript"),
    Action("first_message", "First message", "", "g", where="transcript"),
    Action("last_message", "Last message", "7G: the seventh", "G", where="transcript"),
    Action("copy_message", "Copy the message", "As its Markdown source", "y", where="transcript"),
    Action("copy_code", "Copy a code block", "Asks which when there are several", "Y", where="transcript"),
    Action("save_code", "Save a code block", "To a file", "s", "", "save", "[N] [PATH]", where="transcript"),
    Action("pipe", "Pipe to a command", "A message or code block", "|", "", "pipe", "[COMMAND]", where="transcript"),
    Action("export", "Export", "To a file of your choice", "x", "x", "export", "[FORMAT] [PATH]", where="transcript"),
    Action("pager", "Open in $PAGER", "The message, else the conversation", "o", "", "pager", where="transcript"),
    Action("toggle_reasoning", "Fold reasoning", "Opens or closes it", "t", where="transcript"),
    Action("toggle_raw", "Raw or rendered", "Shows the Markdown source", "m", where="transcript"),
    Action(
        "edit_branch", "Edit an earlier prompt", "Sends it as a new branch", "e", "w", "branch", where="transcript"
    ),
    Action(
        "regenerate", "Ask again here", "Another reply, beside this one", "r", "", "regenerate", where="transcript"
    ),
    Action("ask_another", "Ask another model", "Or with other parameters", "R", "R", "rerun", where="transcript"),
    Action(
        "previous_sibling",
        "Branch before",
        "Heading 2/3: the second of three",
        "[",
        "[",
        "previous",
        where="transcript",
    ),
    Action("next_sibling", "Branch after", "", "]", "]", "next", where="transcript"),
    Action("fork", "Fork", "A conversation of its own, up to this message", "f", "j", "fork", where="transcript"),
    Action("tree", "Tree of branches", "All branches; Enter shows one", "T", "b", "tree", where="transcript"),
    Action("next_prompt", "Next prompt", "", "J", where="transcript"),
    Action("previous_prompt", "Previous prompt", "", "K", where="transcript"),
    Action("previous_heading", "Previous heading", "", "{", where="transcript"),
    Action("next_heading", "Next heading", "", "}", where="transcript"),
    Action("previous_code", "Previous code block", "", "<", where="transcript"),
    Action("next_code", "Next code block", "", ">", where="transcript"),
    Action("find_here", "Find", "As you type; Enter leaves the keys to n and N", "/", where="transcript"),
    Action("next_hit", "Next place found", "Enter, too", "n", where="transcript"),
    Action("previous_hit", "Place found before", "", "N", where="transcript"),
    Action("fold_all", "Fold all reasoning", "Opens all of it when some is folded", "Z", where="transcript"),
    Action("review", "Review", "To read and to mark; nothing can be sent", "v", "v", "review", where="transcript"),
    Action("toggle_bookmark", "Bookmark", "Sets one, or takes it away", "b", "B", "bookmark", where="transcript"),
    Action("next_bookmark", "Next bookmark", "", "B", where="transcript"),
    Action("note", "Note", "Yours alone, never sent", "a", "N", "note", "[TEXT]", where="transcript"),
    Action(
        "marks",
        "Notes and bookmarks",
        "All of the conversation; Enter goes there",
        "L",
        "L",
        "marks",
        where="transcript",
    ),
    Action("provenance", "Provenance", "How a reply was made", "p", "P", "provenance", where="transcript"),
    Action("compare_here", "Compare models here", "Its prompt to several models", "c", where="transcript"),
    Action("focus_prompt", "Back to the prompt", "", "i,escape", where="transcript"),
)

BY_NAME: Mapping[str, Action] = {action.name: action for action in ACTIONS}
BY_SLASH: Mapping[str, Action] = {action.slash: action for action in ACTIONS if action.slash}
BY_LEADER: Mapping[str, Action] = {action.leader: action for action in ACTIONS if action.leader}

_KEY_WORDS = {
    "escape": "Esc",
    "enter": "Enter",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "tab": "Tab",
    "ctrl": "Ctrl",
    "shift": "Shift",
    "alt": "Alt",
}


def shown_key(key: str) -> str:
    """A key as people write it: ctrl+o is Ctrl+O."""
    parts = key.strip().split("+")
    words = [_KEY_WORDS.get(part, part.upper() if len(parts) > 1 or len(part) > 1 else part) for part in parts]
    return "+".join(words)


_OPENING = frozenset(
    {
        *("choose_model", "conversations", "search_all", "settings", "leader", "palette", "help", "status"),
        *("sign_in", "find", "compare"),
    }
)
"""Actions that open a screen. Their keys are taken before any widget sees them: otherwise keys that arrive in the
same packet, as over a slow line, would go to what is below that screen.
"""


def bindings_for(where: Where) -> list[Binding]:
    """The bindings of one place; their ids are the actions' names, so that a keymap can change them."""
    return [
        Binding(action.keys, action.name, action.title, show=False, priority=is_first, id=action.name)
        for action in ACTIONS
        if action.where == where and action.keys
        # Also as an ordinary key: while another screen closes, keys for what is below it pass through that screen.
        for is_first in ((True, False) if action.name in _OPENING else (False,))
    ]


def checked_keymap(keys: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The user's keys that can work, and what is wrong with the others."""
    keymap: dict[str, str] = {}
    problems: list[str] = []
    for name, text in keys.items():
        action = BY_NAME.get(name)
        if action is None:
            problems.append(f"keys: there is no action {name!r:.40}; metis-tui's help (F1) lists them.")
            continue
        wanted = [key.strip() for key in text.split(",") if key.strip()]
        unsendable = [key for key in wanted if key in UNSENDABLE_KEYS or key.startswith("ctrl+shift+")]
        if unsendable:
            problems.append(f"keys: terminals do not send {', '.join(unsendable)}; {name} keeps {action.keys}.")
        elif wanted:
            keymap[name] = ",".join(wanted)
    return keymap, problems + _clashes(keymap)


def _clashes(keymap: Mapping[str, str]) -> list[str]:
    taken: dict[tuple[str, str], str] = {}
    problems = []
    for action in ACTIONS:
        for key in filter(None, keymap.get(action.name, action.keys).split(",")):
            other = taken.setdefault((action.where, key), action.name)
            if other != action.name:
                problems.append(f"keys: {key} is bound to both {other} and {action.name}.")
    return problems
