"""Makes a data folder with many conversations: python tests/benchmarks/corpus.py FOLDER [--count 10000] [--seed 1]

What a user would have after two years: titles, tags, pins, archived and trashed ones, several models, code, Chinese,
Japanese and accented text, branches, replies that were cut and recorded again, notes, several boots. The same seed
and last day give the same content. Files and journals are written by the product's own encoder, without the waiting.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from itertools import accumulate
from pathlib import Path

# ruff: noqa: SIM905
sys.path.insert(0, str(Path(__file__).parents[2]))

from metis_tui.chat.conversation import ChatMessage, Conversation, Timing, Usage, title_from_prompt
from metis_tui.store import drafting
from metis_tui.store.activity import Hint, encode_hint
from metis_tui.store.layout import Layout
from metis_tui.store.records import encode

DAY_MS = 24 * 3600 * 1000
SPAN_DAYS = 730
BOOTS = 24
MODELS = (
    "gpt-oss-120b@metis",
    "gemma-4-31B-it@metis",
    "Llama-4-Maverick-17B-128E@sophia",
    "Meta-Llama-3.1-405B-Instruct@sophia",
    "Qwen3-235B-A22B@sophia",
    "AuroraGPT-IT-v4@sophia",
)
TAGS = (
    "vasp",
    "lammps",
    "aurora",
    "polaris",
    "paper",
    "proposal",
    "debug",
    "plots",
    "mpi",
    "todo",
    "teaching",
    "量子",
)
COMMON = (
    "the of and to in a is that for with as it on are this by be from or an can we you not if which when will use "
    "each value time data file model energy system run node job error result method field case size memory number "
    "set type code function state phase rate order step test output input grid mesh boundary plasma density "
    "temperature pressure velocity lattice electron ion spin charge band structure solver matrix vector tensor "
    "kernel thread process rank message buffer queue scheduler allocation walltime module compiler library path "
    "environment variable python fortran conda container image checkpoint restart convergence tolerance iteration "
    "gradient loss training batch epoch layer attention token embedding dataset sample noise spectrum frequency "
    "detector beam sample scan reconstruction tomography diffraction scattering crystal polymer molecule reaction "
    "catalyst surface interface defect diffusion transport simulation experiment analysis uncertainty posterior"
).split()
RARE = ("tokamak", "stellarator", "magnetohydrodynamics", "gyrokinetic", "bremsstrahlung", "perovskite", "Kolmogorov")
ACCENTED = (
    "naïve",
    "Schrödinger",
    "Poincaré",
    "Ångström",
    "Hückel",
    "Erdős",
    "façade",
    "café",
    "Bézier",
    "coöperate",
)
IDENTIFIERS = (
    "MPI_Allreduce", "MPI_Comm_rank", "getUserName", "np.linalg.eigh", "torch.nn.functional", "foo_bar",
    "std::vector<double>", "--exclusive-node", "cudaMemcpyAsync", "readEnergyGrid", "OMP_NUM_THREADS", "h5py.File",
    "LibXC_functional", "pair_style", "self.hidden_state", "write_checkpoint", "KokkosViewAllocation", "qsub",
)  # fmt: skip
CHINESE = (
    "量子力学中的波函数描述了粒子的状态。", "请解释一下如何并行计算矩阵的特征值。",
    "这个程序在节点之间传递消息时出现错误。",
    "托卡马克装置利用磁场约束等离子体。", "我们需要检查收敛条件和时间步长。", "密度泛函理论用于计算电子结构。",
)  # fmt: skip
JAPANESE = (
    "分子動力学シミュレーションの結果を説明してください。",
    "プラズマの温度と密度を計算します。",
    "並列計算の効率が低いです。",
)
CODE = {
    "python": "import numpy as np\n\ndef {f}({a}, {b}=0.{n}):\n    # {w}\n    {a} = np.asarray({a})\n"
    "    return {a}.mean() * {b} + {n}\n",
    "fortran": "subroutine {f}({a}, {b})\n  real(8), intent(in) :: {a}({n})\n  call MPI_Allreduce({a}, {b}, {n})\n"
    "end subroutine {f}\n",
    "bash": "#!/bin/bash\n#PBS -l select={n}:system=polaris\n#PBS -l walltime=0:30:00\n"
    "mpiexec -n {n} ./{f} --{a}={b}\n",
    "cpp": "template <typename T>\nT {f}(const std::vector<T>& {a}) {{\n"
    "  T {b} = {n};\n  for (auto x : {a}) {b} += x;\n  return {b};\n}}\n",
}
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


@dataclass(frozen=True, slots=True)
class Corpus:
    """What was made."""

    conversations: int
    messages: int
    bytes: int


class Writer:
    """Makes words, sentences and messages from one source of chance."""

    def __init__(self, seed: int, sentences: int = 30_000) -> None:
        self.chance = random.Random(seed)
        words = [*COMMON, *self._made_up(sentences * 4 // 3)]
        weights = list(accumulate(1.0 / (rank + 3) for rank in range(len(words))))
        self._sentences = [self._sentence(words, weights) for _ in range(sentences)]

    def _made_up(self, count: int) -> list[str]:
        starts = "b c d f g h k l m n p r s t v br cl dr fl gr pl pr st tr th ch sh qu".split()
        ends = "an el in or us ate ion ity ent ism ing al er on yl ene ide ose ic ium".split()
        middle = "a e i o u ai ea io ou".split()
        pick = self.chance.choice
        made: dict[str, None] = {}
        while len(made) < count:
            syllables = "".join(pick(starts) + pick(middle) for _ in range(self.chance.randint(1, 3)))
            made[syllables + pick(ends)] = None
        return list(made)

    def _sentence(self, words: list[str], weights: list[float]) -> str:
        chosen = self.chance.choices(words, cum_weights=weights, k=self.chance.randint(6, 22))
        roll = self.chance.random()
        for source, share in ((IDENTIFIERS, 0.05), (ACCENTED, 0.02), (RARE, 0.004)):
            if roll < share:
                chosen[self.chance.randrange(len(chosen))] = self.chance.choice(source)
        ending = self.chance.choice((".", ".", ".", "?", ":", " – and so on."))
        return f"{' '.join(chosen).capitalize()}{ending}"

    def sentences(self, count: int, script: str) -> str:
        if script == "latin":
            return " ".join(self.chance.choices(self._sentences, k=count))
        return "".join(self.chance.choices(CHINESE if script == "chinese" else JAPANESE, k=count))

    def code(self) -> str:
        language = self.chance.choice(list(CODE))
        names = {key: self.chance.choice(COMMON) for key in "abw"}
        body = CODE[language].format(
            f=f"{names['a']}_{self.chance.choice(COMMON)}", n=self.chance.randint(2, 512), **names
        )
        return f"\n\n```{language}\n{body}```\n"

    def prompt(self, script: str) -> str:
        text = self.sentences(self.chance.randint(1, 4), script)
        return text + self.code() if self.chance.random() < 0.08 else text

    def reply(self, script: str) -> str:
        paragraphs = max(1, min(24, int(self.chance.lognormvariate(0.92, 0.6))))
        parts = [self.sentences(self.chance.randint(2, 7), script) for _ in range(paragraphs)]
        if self.chance.random() < 0.3:
            parts.insert(1, f"## {self.sentences(1, script)[:40]}")
        if self.chance.random() < 0.35:
            parts.append(self.code())
        if self.chance.random() < 0.1:
            parts.append(f"Job {self.chance.randrange(10**7)} ended with 0x{self.chance.randrange(16**8):08x}.")
        return "\n\n".join(parts)

    def ulid(self, milliseconds: int) -> str:
        number = (milliseconds << 80) | self.chance.getrandbits(80)
        return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def conversation(writer: Writer, created_ms: int, until_ms: int) -> Iterator[Conversation]:
    """One conversation after each of its turns; the last state is what it is now."""
    chance = writer.chance
    script = chance.choices(("latin", "chinese", "japanese"), (93, 5, 2))[0]
    made = Conversation(id=writer.ulid(created_ms), created_ms=created_ms, model=chance.choice(MODELS))
    turns, stamp = min(60, int(chance.lognormvariate(1.27, 0.75)) + 1), created_ms
    for turn in range(turns):
        if turn:
            gap = chance.choice((60_000, 300_000, 3_600_000)) * (1 + chance.random())
            stamp = int(stamp + gap + (chance.random() < 0.05) * chance.random() * 30 * DAY_MS)
            if stamp > until_ms:
                return
        prompt = ChatMessage(writer.ulid(stamp), made.head, "user", writer.prompt(script), stamp)
        made.add(prompt)
        if turn == 0:
            made.title = title_from_prompt(prompt.text)
        made.add(answer(writer, made, prompt, stamp + 1500, script))
        if chance.random() < 0.03:
            made.add(answer(writer, made, prompt, stamp + 60_000, script))
        yield made


def answer(writer: Writer, made: Conversation, prompt: ChatMessage, stamp: int, script: str) -> ChatMessage:
    text = writer.reply(script)
    model, cluster = (made.model or "m@metis").split("@")
    count = len(text) // 4
    return ChatMessage(
        id=writer.ulid(stamp),
        parent=prompt.id,
        role="assistant",
        text=text,
        created_ms=stamp,
        model=model,
        cluster=cluster,
        framework="vllm",
        params={"temperature": 0.2},
        usage=Usage(100, count, count + 100),
        timing=Timing(count / 50, 0.3, 0.4),
        stop="stop",
        request_id=f"chatcmpl-{writer.chance.getrandbits(64):016x}",
    )


class FolderWriter:
    """Writes conversations as several boots of one machine would have left them."""

    def __init__(self, folder: Path, writer: Writer, until_ms: int) -> None:
        self._root, self._writer, self._until_ms = folder, writer, until_ms
        self._boots = [f"{writer.chance.getrandbits(32):08x}" for _ in range(BOOTS)]
        self._hints: dict[str, list[Hint]] = {boot: [] for boot in self._boots}
        self._notes: list[Hint] = []
        self.messages = self.bytes = 0

    def add(self, created_ms: int) -> None:
        clock = drafting.HybridClock(lambda: moment[0] / 1000)
        moment = [created_ms]
        written: dict[str, list[bytes]] = {}
        saved: set[str] = set()
        for state in conversation(self._writer, created_ms, self._until_ms):
            for message in [m for m in state.messages.values() if m.id not in saved]:
                saved.add(message.id)
                moment[0] = message.created_ms
                boot = self._boot(message.created_ms)
                if boot not in written:
                    written[boot] = [drafting.header_record(state, "0.1.0", clock)]
                written[boot] += self._records(state, message, clock)
                self._hints[boot].append(Hint(clock.last(state.id), state.summary()))
        boot = self._boot(moment[0])
        written[boot] += self._settings(state, clock)
        self._hints[boot].append(Hint(clock.last(state.id), state.summary()))
        for boot, lines in written.items():
            self._write(Layout(self._root, boot).segment(state.id), b"".join(lines))
        self.messages += len(state.messages)

    def finish(self) -> None:
        for boot, hints in self._hints.items():
            hints.sort(key=lambda hint: hint.ts)
            self._write(Layout(self._root, boot).journal, b"".join(map(encode_hint, hints)))
        store = {"format": 1, "store": self._writer.ulid(self._until_ms), "created": self._until_ms}
        self._write(self._root / "store.json", (str(store).replace("'", '"') + "\n").encode())

    def _boot(self, stamp: int) -> str:
        age = (self._until_ms - stamp) / (SPAN_DAYS * DAY_MS)
        return self._boots[min(BOOTS - 1, max(0, int(age * BOOTS)))]

    def _records(self, state: Conversation, message: ChatMessage, clock: drafting.HybridClock) -> list[bytes]:
        lines = []
        if (
            message.role == "assistant" and self._writer.chance.random() < 0.01
        ):  # adopted after a crash, then finished
            part = replace(message, text=message.text[: len(message.text) // 2], stop="interrupted")
            lines.append(drafting.message_record(state.id, part, clock))
        return [*lines, drafting.message_record(state.id, message, clock)]

    def _settings(self, state: Conversation, clock: drafting.HybridClock) -> list[bytes]:
        chance, lines = self._writer.chance, []

        def put(record_type: str, content: dict[str, object]) -> None:
            lines.append(encode(record_type, clock.stamp(state.id), content))

        put("set", {"key": "model", "val": state.model})
        if chance.random() < 0.3:
            state.tags = tuple(chance.sample(TAGS, chance.randint(1, 3)))
            put("tag", {"add": list(state.tags), "del": []})
        for share, key, name in ((0.02, "pin", "is_pinned"), (0.08, "archive", "is_archived")):
            if chance.random() < share:
                setattr(state, name, True)
                put("set", {"key": key, "val": True})
        if chance.random() < 0.1:
            state.title = self._writer.sentences(1, "latin")[:48]
            put("set", {"key": "title", "val": state.title})
        if chance.random() < 0.05:
            put("note", {"msg": state.head, "text": self._writer.sentences(1, "latin")})
        if chance.random() < 0.03:
            state.is_trashed = True
            put("trash", {})
        return lines

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_bytes(data)
        path.chmod(0o600)
        self.bytes += len(data)


def make(
    folder: Path,
    count: int,
    *,
    seed: int = 1,
    until: float | None = None,
    sentences: int = 30_000,
    progress: Callable[[int], None] = lambda _: None,
) -> Corpus:
    """Fills a folder.

    Args:
        until: Unix time in seconds of the end of the last day; unset: last midnight (UTC).
        sentences: different ones that texts are made of; few are made sooner.
    """
    until_ms = int((until or time.time() // 86400 * 86400) * 1000)
    writer = Writer(seed, sentences)
    files = FolderWriter(folder, writer, until_ms)
    start = until_ms - SPAN_DAYS * DAY_MS
    for number in range(count):
        files.add(start + int((number + writer.chance.random()) * SPAN_DAYS * DAY_MS / count))
        progress(number)
    files.finish()
    return Corpus(count, files.messages, files.bytes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--until", help="the last day, such as 2026-11-24; else yesterday")
    options = parser.parse_args()
    if options.folder.exists() and any(options.folder.iterdir()):
        parser.error(f"{options.folder} is not empty")
    until = datetime.fromisoformat(options.until).replace(tzinfo=timezone.utc).timestamp() if options.until else None
    started = time.perf_counter()
    made = make(options.folder, options.count, seed=options.seed, until=until)
    seconds = time.perf_counter() - started
    size = f"{made.bytes / 1e6:.0f} MB"
    print(f"{made.conversations:,} conversations, {made.messages:,} messages, {size} in {seconds:.0f} s")


if __name__ == "__main__":
    main()
