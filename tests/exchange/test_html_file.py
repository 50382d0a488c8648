"""The HTML export: readable, and unable to do anything, whatever is in the messages."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from exchange_samples import HOSTILE, PNG, START, attachment, prompt, reply, rich_conversation, ulid

from metis_tui.chat.conversation import Conversation, FailureNote
from metis_tui.exchange.file_exchange import FileExchange

ATTACKS = [
    HOSTILE,
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![p](http://example.org/track.png) ![p](//example.org/track.png) ![p](file:///etc/passwd)",
    "[a](javascript:alert(1)) [a](JaVaScRiPt:alert(1)) [a](data:text/html,<b>) [a](vbscript:x) [a](//x) [a](x.html)",
    '<javascript:alert(1)> <https://example.org/"onmouseover="alert(1)>',
    '[a](https://example.org "t\\" onmouseover=\\"alert(1)")',
    '```"><script>\ncode</code></pre><script>alert(1)</script>\n```',
    "~~~ <img/src=x>\nx",
    "</article></section></body></html><style>*{display:none}</style>",
    "$<img src=x onerror=alert(1)>$ \\(<b>\\)\n\n$$\n</pre><script>alert(1)</script>\n$$\n\n\\[ <svg onload=x> \\]",
    "|<script>|\n|---|\n|<img src=x onerror=alert(1)>|",
    "![x](data:image/svg+xml;base64,PHN2Zy8+) ![x](data:image/png;base64,iVBORw0KGgo=)",
    "&lt;script&gt; &#x3c;script&#x3e;",
    "\u202egnp.exe\u202c \u2066x\u2069 \x1b]52;c;aGk=\x07 \x9b2J \ud800 \x00",
    "# a\n" * 50 + "> " * 500 + "[" * 3000 + "*_" * 2000,
]
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "nav", "section", "article", "header", "footer", "h1", "h2"),
    *("h4", "h5", "h6", "p", "div", "span", "a", "strong", "em", "s", "ul", "ol", "li", "dl", "dt", "dd", "details"),
    *(
        "summary",
        "pre",
        "code",
        "blockquote",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "hr",
        "br",
        "img",
        "figure",
    ),
    "figcaption",
}
VOID = {"meta", "img", "br", "hr"}
ATTRIBUTES = {"class", "id", "href", "rel", "src", "alt", "title", "colspan", "lang", "charset", "style", "start"}


class Page(HTMLParser):
    """Reads a page as a browser would and notes everything that a page of text has no business to hold."""

    def __init__(self, data: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.open: list[str] = []
        self.links: list[dict[str, str | None]] = []
        self.text: list[str] = []
        self.feed(data.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        if tag not in TAGS:
            self.faults.append(f"<{tag}>")
        if tag != "meta":
            self.faults += [f"{tag} {name}" for name in facts if name not in ATTRIBUTES]
        if "style" in facts and not re.fullmatch(r"text-align:(left|right|center)", facts["style"] or ""):
            self.faults.append(f"style {facts['style']}")
        if not re.match(r"(https?:|mailto:|#)|\Z", facts.get("href") or ""):
            self.faults.append(f"href {facts['href']}")
        if "src" in facts and not (facts["src"] or "").startswith("data:image/"):
            self.faults.append(f"src {facts['src']}")
        if tag == "a":
            self.links.append(facts)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"a comment: {data}")


def page(*conversations: Conversation) -> tuple[str, Page]:
    data = FileExchange().export(conversations, "html")
    return data.decode(), Page(data)


def hostile(attack: str) -> Conversation:
    """Everything that a conversation can hold is the attack."""
    page = attachment(attack.encode("utf-8", "replace"), attack, "text/html")
    asked = prompt(1, attack, attachments=(attachment(PNG, attack), page))
    told: dict[str, object] = dict.fromkeys(
        ("reasoning", "model", "cluster", "framework", "request_id", "client"), attack
    )
    failure = FailureNote(attack, attack, attack, attack)
    answer = reply(2, attack, asked.id, params={attack: attack}, failure=failure, stop="error", **told)
    other = reply(3, attack, asked.id)
    made = Conversation(ulid(0), attack, START, tags=(attack,), system=attack, origin={"kind": attack, "src": attack})
    for message in (asked, answer, other):
        made.add(message)
    made.notes[answer.id], made.votes[answer.id] = attack, attack
    return made


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_nothing_in_a_message_becomes_anything_but_text(attack: str) -> None:
    text, read = page(hostile(attack), hostile(attack))
    assert read.faults == []
    assert read.open == []
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)


def test_it_loads_nothing_and_leads_nowhere_unasked() -> None:
    text, read = page(rich_conversation())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "script" not in policy[1]
    assert not re.search(r"<script|@import|url\(", text)
    linked = rich_conversation()
    linked.messages[ulid(2)] = replace(
        linked.messages[ulid(2)], text="[ITER](https://iter.org) ![plot](https://x.org/p.png)"
    )
    _, read = page(linked)
    outward = [link for link in read.links if (link["href"] or "").startswith("http")]
    assert [link["href"] for link in outward] == ["https://iter.org", "https://x.org/p.png"]
    assert all("noreferrer" in (link["rel"] or "") for link in outward)
    assert "[picture: plot]" in "".join(read.text)


def test_what_a_reader_finds_in_it() -> None:
    text, read = page(rich_conversation())
    words = "".join(read.text)
    for part in (
        "Good question",
        "Check this",
        "against the paper.",
        "Bookmarked",
        "Vote: better",
        "You are a plasma",
    ):
        assert part in words
    assert words.index("A ring of plasma.") < words.index("And a stellarator?") < words.index("Twisted.")
    assert "Other branch: Reply 1 · gpt-oss-120b@metis" in words
    assert "not sent: the reply cannot be repeated exactly" in words
    assert "cut short by a failure (Cut short: The line broke.)" in words
    assert "$q = \\frac{rB_t}{RB_p}$" in words, "formulas stay as they are written"
    assert '<span class="nb">print</span>' in text
    assert f"data:image/png;base64,{base64.b64encode(PNG).decode()}" in text
    assert len(re.findall('<details class="branch">', text)) == 2
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_several_conversations_have_a_list_and_long_ones_their_contents() -> None:
    long = Conversation(ulid(0), "Long", START)
    for number in range(1, 11, 2):
        asked = prompt(number, f"Question <{number}>", long.head)
        long.add(asked)
        long.add(reply(number + 1, "Yes", asked.id))
    text, read = page(long, rich_conversation())
    targets = [link["href"] for link in read.links if (link["href"] or "").startswith("#")]
    assert targets[:2] == ["#c1", "#c2"]
    assert {f'id="{(target or "")[1:]}"' in text for target in targets} == {True}
    assert "Contents: 5 prompts" in "".join(read.text)


def test_a_chain_of_branches_inside_branches_is_shown_whole() -> None:
    made = Conversation(ulid(0), "Deep", START)
    for number in range(1, 1500):
        made.add(prompt(number, f"text {number}", made.head))
    made.head = ulid(1)
    for head in (made.head, None, "nobody"):
        made.head = head
        _, read = page(made)
        assert read.faults == []
        assert all(f"text {number}\n" in "".join(read.text) or number == 0 for number in (1, 2, 700, 1499))


def test_very_long_and_very_nested_texts_take_no_time_worth_speaking_of() -> None:
    made = Conversation(ulid(0), "Hostile", START)
    for number, piece in enumerate(("$", "[", "\\(", "`", "$$ a\n", "<!--\n", "> ", "- ", "*a ", "<a "), start=1):
        made.add(prompt(number, piece * (8_000 // len(piece)), made.head))
    _, read = page(made)
    assert read.faults == []
