"""What the sign-in screen says, part by part, and which keys it names. Pure; no access token gets in here."""

from __future__ import annotations

import time
from typing import NamedTuple

from rich.console import Group
from rich.table import Table
from rich.text import Text

from metis_tui.chat.errors import ChatError, WrongIdentity
from metis_tui.chat.printable import printable, printable_line
from metis_tui.chat.sign_in import SignInFacts
from metis_tui.tui.sign_in_flow import SignInFlow, Step
from metis_tui.tui.sign_in_words import access_clock, deadline_clock, identity_words

_LONGEST_REASON = 320


def steps(*, is_short: bool) -> tuple[str, str]:
    """What stands before the address, and before the field."""
    if is_short:
        return "1  Open this address in a browser:", "2  Paste the code, press Enter:"
    return (
        "1  Open this address in a browser, on any machine:",
        "2  Sign in there and allow access.\n3  Paste the code that you are given here, and press Enter:",
    )


class Keys(NamedTuple):
    """What the keys can do now."""

    is_typing: bool
    """Letters go into the field, so other keys do it."""
    has_browser: bool
    has_qr: bool


def why(flow: SignInFlow, reason: ChatError | None, waiting_count: int, *, is_short: bool) -> Text:
    """Why a sign-in is wanted, and what becomes of what waits for it."""
    text = Text()
    kept = ""
    if waiting_count:
        many = "Your prompt is" if waiting_count == 1 else f"Your {waiting_count} prompts are"
        kept = f"{many} kept and sent after the sign-in.\n"
    text.append(kept if is_short else "")  # where the rest may be cut
    if flow.fixed_source:
        source = printable_line(flow.fixed_source, 60)
        text.append(f"! The access token of {source} is in use and wins over a sign-in: unset it first.\n", "bold")
    if reason is None and flow.known is not None and flow.known.is_usable and not flow.fixed_source:
        text.append(_present_state(flow.known))
    if reason is not None:
        text.append(f"✕ {printable_line(reason.title, 100)}", "bold")
        text.append(f" — {shortened(reason)}\n")
        if isinstance(reason, WrongIdentity):  # what the others advise is this screen
            text.append(f"{printable_line(reason.hint, 200)}\n")
    text.append("" if is_short else kept)
    text.right_crop(1)
    return text


def _present_state(facts: SignInFacts) -> str:
    """For somebody who need not sign in, and asks all the same."""
    now = time.time()
    deadline = f"; sign-in {deadline_clock(facts.deadline, now)}" if facts.deadline is not None else ""
    return f"You are signed in: access token {access_clock(facts, now)}{deadline}. To do it anew:\n"


def shortened(error: ChatError) -> str:
    return printable_line(error.reason, _LONGEST_REASON)


def keys(can: Keys, *, is_short: bool) -> str:
    pairs = [("c", "Ctrl+Y", "copy"), ("w", "Ctrl+T", "alone" if is_short else "alone on the screen")]
    pairs += [("q", "Ctrl+R", "QR code")] if can.has_qr else []
    pairs += [("o", "Ctrl+O", "open here")] if can.has_browser else []
    return " · ".join(f"{other if can.is_typing else letter} {does}" for letter, other, does in pairs)


def news(flow: SignInFlow, note: str) -> Text:
    """What is going on, or went wrong, or was done with the address."""
    failure = flow.failure
    if flow.step is Step.PREPARING and failure is None:
        return Text("Preparing the address…")
    if flow.step is Step.ASKING:
        return Text("Asking Globus… Esc cancels.")
    text = Text()
    if failure is not None:
        text.append(f"✕ {printable_line(failure.title, 100)}", "bold")
        text.append(f" — {shortened(failure)}\n{printable_line(failure.hint, 200)}\n")
        if flow.step is Step.READY and not failure.can_retry:
            text.append("The address above is a new one.\n")
    if flow.step is Step.OTHER_IDENTITY:
        text.append("\nr  replace the stored identity by this one\nn  sign in again with the right account\n")
        text.append("Esc  keep the stored one and close\n")
    elif flow.step is Step.UNUSABLE:
        text.append("n  try again\n")
    if note:
        text.append(f"{printable(note)}\n")
    text.right_crop(1)
    return text


def done(flow: SignInFlow, *, was_awaited: bool) -> Group:
    """What was gained by the sign-in."""
    now = time.time()
    signed_in, facts = flow.signed_in, flow.facts
    if signed_in is None:
        return Group()
    rows = [("Identity", _identity(flow, signed_in.identity_id))]
    if facts is not None:
        renewed = ", renewed by itself" if facts.is_renewable else ""
        rows.append(("Access token", f"{access_clock(facts, now)}{renewed}"))
        if facts.deadline is not None:
            rows.append(("Sign-in", deadline_clock(facts.deadline, now)))
        rows.append(("Kept in", facts.file if not signed_in.trouble else "memory only"))
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, Text(value))
    return Group(Text("✓ Signed in\n", "bold"), table, *_remarks(flow, signed_in.trouble, was_awaited=was_awaited))


def _remarks(flow: SignInFlow, trouble: str, *, was_awaited: bool) -> list[Text]:
    text = Text()
    if trouble:
        text.append(f"\n! Not saved: {printable(trouble)}", "bold")
        text.append(" It lasts until metis-tui ends.\n")
    if flow.fixed_source:
        text.append(f"\n! Not used yet: the access token of {flow.fixed_source} wins. Unset it.\n", "bold")
    if flow.failure is not None:
        text.append(f"\n✕ {printable_line(flow.failure.title, 100)}", "bold")
        text.append(f" — {shortened(flow.failure)}\n{printable_line(flow.failure.hint, 200)}\n")
    if was_awaited:
        text.append("\nYour prompt is on its way again.\n")
    text.right_crop(1)
    return [text] if text else []


def _identity(flow: SignInFlow, identity_id: str) -> str:
    if flow.identity is not None:
        return identity_words(flow.identity)
    if flow.failure is not None:
        return f"{printable_line(identity_id, 60)} (the gateway did not tell the name)"
    return f"{printable_line(identity_id, 60)} (asking the gateway for the name…)"


def way_out(flow: SignInFlow, *, is_typing: bool, is_narrow: bool) -> str:
    """The keys in the frame."""
    if flow.step is Step.DONE:
        return "n signs in again · Enter closes" if flow.failure is not None else "Enter closes"
    if flow.step is Step.READY and is_narrow:
        return "Enter sends it · Esc cancels"
    if flow.step is Step.READY:
        other = "Tab: one-letter keys" if is_typing else "Tab: to the code"
        return f"Enter sends the code · {other} · Esc cancels"
    return "Esc cancels"
