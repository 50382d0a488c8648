"""Joins the rooms: the single place that names concrete classes. Opens what a command needs and closes it again.

Imports each adapter only where a command needs it, so that no command pays for another one's libraries.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from metis_tui.config.paths import Paths, built_in_themes, find_paths, make_private_folder
from metis_tui.config.settings import Settings, load_settings, with_environment

if TYPE_CHECKING:
    import argparse

    from metis_tui.auth.sources import TokenSources
    from metis_tui.chat.exchange import Imported
    from metis_tui.chat.ports import ConversationStore, SaveStatus
    from metis_tui.chat.search import ConversationSearch
    from metis_tui.cli.signals import StopSignals
    from metis_tui.exchange.file_exchange import FileExchange
    from metis_tui.gateway.client import GatewayClient
    from metis_tui.store.conversation_store import ConversationFiles
    from metis_tui.store.memory import MemoryStore
    from metis_tui.store.search import ConversationIndex
    from metis_tui.tui.services import OpenedFile, Services

SLOW_FRAMES_PER_SECOND = 15


@dataclass(frozen=True, slots=True)
class Ground:
    """What every command stands on."""

    paths: Paths
    settings: Settings
    problems: list[str]
    """What was wrong with config.toml."""


def run(options: argparse.Namespace) -> int:
    """Runs the command that the options name; gives its exit code."""
    if options.command == "demo-gateway":
        return _run_demo_gateway(options)
    if options.demo and options.scenario != "default" and (problem := _scenario_problem(options.scenario)):
        return problem
    ground = _find_ground(options)
    if options.command == "config":
        return _run_config(options, ground)
    if options.command is None:
        return _run_application(options, ground)
    _start_log(options, ground)
    from metis_tui.cli import signals

    if options.command == "ask":
        from metis_tui.cli import attachments

        prompt = attachments.build_prompt(options.prompt, options.files)  # blocks, so before the event loop
        return signals.run(lambda stop: _ask(options, ground, prompt, stop))
    if options.command == "compare":
        from metis_tui.cli import attachments

        if options.open_id:
            return signals.run(lambda stop: _compare_report(options, ground))
        prompt = attachments.build_prompt(options.prompt, options.files)
        return signals.run(lambda stop: _compare(options, ground, prompt, stop))
    if options.command == "matrix":
        return signals.run(lambda stop: _matrix(options, ground))
    if options.command == "models":
        return signals.run(lambda stop: _models(options, ground))
    if options.command == "status":
        return signals.run(lambda stop: _status(options, ground))
    if options.command == "doctor":
        return signals.run(lambda stop: _doctor(options, ground))
    if options.command == "auth":
        return signals.run(lambda stop: _auth(options, ground))
    if options.command == "votes":
        return signals.run(lambda stop: _votes(options, ground))
    return signals.run(lambda stop: _history(options, ground))


def _scenario_problem(name: str) -> int:
    """Tells those that there are, when there is none of this name; the exit code, or 0."""
    from metis_tui.demo.scenario import find_scenario

    try:
        find_scenario(name)
    except ValueError as error:
        from metis_tui.cli import diagnostics
        from metis_tui.cli.diagnostics import UsageProblem

        return diagnostics.fail(UsageProblem(f"{error}."))
    return 0


def _find_ground(options: argparse.Namespace) -> Ground:
    paths = find_paths()
    settings, problems = load_settings(paths.config_file)
    settings = with_environment(settings, options.base_url)
    return Ground(paths.for_demo() if options.demo else paths, settings, problems)


# Commands


def _run_demo_gateway(options: argparse.Namespace) -> int:
    from metis_tui.cli import diagnostics
    from metis_tui.demo.server import DEMO_TOKEN, DemoGateway, run_forever

    def tell(gateway: DemoGateway) -> None:
        if not gateway.scenario.needs_sign_in:
            diagnostics.warn(f"its access token: METIS_TUI_TOKEN={DEMO_TOKEN}")
        diagnostics.warn(f"to sign in to it: GLOBUS_SDK_SERVICE_URL_AUTH={gateway.auth_url}")

    return run_forever(options.port, options.scenario, when_ready=tell)


def _run_config(options: argparse.Namespace, ground: Ground) -> int:
    from metis_tui.cli import config
    from metis_tui.cli.output import Output

    return config.run(
        options,
        path=ground.paths.config_file,
        settings=ground.settings,
        problems=ground.problems,
        output=Output(),
    )


async def _history(options: argparse.Namespace, ground: Ground) -> int:
    from metis_tui.cli import history
    from metis_tui.cli.output import Output

    async with _saved(ground) as store:
        return await history.run(
            options,
            store=store,
            search=lambda: _search(ground),
            exchange=make_exchange,
            output=Output(),
        )


async def _votes(options: argparse.Namespace, ground: Ground) -> int:
    from metis_tui.cli import votes
    from metis_tui.cli.output import Output

    async with _saved(ground, is_reading=True) as store:
        return await votes.run(options, store=store, voter=await store.voter(), output=Output())


async def _models(options: argparse.Namespace, ground: Ground) -> int:
    from metis_tui.cli import models
    from metis_tui.cli.output import Output

    _tell(ground.problems)
    async with _service(options, ground) as service:
        return await models.run(options, gateway=service.gateway, base_url=service.base_url, output=Output())


async def _status(options: argparse.Namespace, ground: Ground) -> int:
    from metis_tui.cli import status
    from metis_tui.cli.output import Output

    _tell(ground.problems)
    async with _service(options, ground) as service:
        return await status.run(
            options,
            gateway=service.gateway,
            authenticator=service.authenticator,
            sign_in=service.authenticator,
            base_url=service.base_url,
            data_folder=ground.paths.data,
            output=Output(),
        )


async def _doctor(options: argparse.Namespace, ground: Ground) -> int:
    from metis_tui.cli import doctor
    from metis_tui.cli.output import Output
    from metis_tui.gateway import checkup
    from metis_tui.store import damage

    async with _service(options, ground) as service:
        return await doctor.run(
            options,
            base_url=service.base_url,
            network=lambda: checkup.examine(service.base_url, service.gateway.route),
            sign_in=service.authenticator,
            gateway=service.gateway,
            look_for_damage=lambda seconds: damage.examine(ground.paths.data, seconds=seconds),
            data_folder=ground.paths.data,
            state_folder=ground.paths.state,
            problems=ground.problems,
            output=Output(),
        )


async def _auth(options: argparse.Namespace, ground: Ground) -> int:
    from metis_tui.cli import auth
    from metis_tui.cli.output import Output

    _tell(ground.problems)
    async with _service(options, ground) as service:
        return await auth.run(
            options,
            sign_in=service.authenticator,
            authenticator=service.authenticator,
            gateway=service.gateway,
            base_url=service.base_url,
            output=Output(),
        )


async def _ask(options: argparse.Namespace, ground: Ground, prompt: str, stop: StopSignals) -> int:
    from metis_tui.chat.engine import ChatEngine
    from metis_tui.cli import ask
    from metis_tui.cli.output import Output

    _tell(ground.problems)
    async with _service(options, ground) as service, _saved(ground, is_reading=options.no_save) as saved:
        store = _keeping(options, ground, saved)
        engine = ChatEngine(service.gateway, store)
        stop.before_end = engine.interrupt
        return await ask.run(
            options,
            prompt,
            engine=engine,
            gateway=service.gateway,
            saved=saved,
            store=store,
            settings=ground.settings,
            last_model=lambda: _last_model(ground),
            warm_up=service.gateway.warm_up,
            output=Output(),
        )


def _keeping(options: argparse.Namespace, ground: Ground, saved: ConversationStore) -> ConversationStore:
    """Where a command keeps its conversation: on disk, or in memory when that is wished or the disk takes nothing."""
    trouble = "" if options.no_save else folder_trouble(ground.paths.data)
    if trouble:
        _tell([f"Conversations are not saved: {trouble}"])
    if not options.no_save and not trouble:
        return saved
    from metis_tui.store.memory import MemoryStore

    return MemoryStore(trouble)


async def _compare(options: argparse.Namespace, ground: Ground, prompt: str, stop: StopSignals) -> int:
    from metis_tui.chat.delivery import Recourse
    from metis_tui.chat.engine import ChatEngine
    from metis_tui.chat.patience import Patience
    from metis_tui.cli import compare
    from metis_tui.cli.output import Output
    from metis_tui.exchange.matrix_reports import MatrixReportFiles

    _tell(ground.problems)
    async with _service(options, ground) as service, _saved(ground, is_reading=options.no_save) as saved:
        store = _keeping(options, ground, saved)
        engine = ChatEngine(service.gateway, store, recourse=Recourse(Patience(pauses=())))
        stop.before_end = engine.interrupt
        return await compare.run(
            options,
            prompt,
            engine=engine,
            gateway=service.gateway,
            store=store,
            settings=ground.settings,
            reports=MatrixReportFiles(),
            warm_up=service.gateway.warm_up,
            output=Output(),
        )


async def _compare_report(options: argparse.Namespace, ground: Ground) -> int:
    from metis_tui.cli import compare
    from metis_tui.cli.output import Output
    from metis_tui.exchange.matrix_reports import MatrixReportFiles

    async with _saved(ground, is_reading=True) as saved:
        return await compare.report(options, saved=saved, reports=MatrixReportFiles(), output=Output())


async def _matrix(options: argparse.Namespace, ground: Ground) -> int:
    from metis_tui.chat.engine import ChatEngine
    from metis_tui.cli import matrix
    from metis_tui.cli.output import Output
    from metis_tui.exchange.matrix_reports import MatrixReportFiles
    from metis_tui.store.matrix_folder import MatrixFiles
    from metis_tui.store.memory import PassingStore

    if options.report:
        return await matrix.report(options, open_folder=MatrixFiles, reports=MatrixReportFiles(), output=Output())
    _tell(ground.problems)
    async with _service(options, ground) as service:
        return await matrix.run(
            options,
            engine=ChatEngine(service.gateway, PassingStore()),
            gateway=service.gateway,
            base_url="demo" if options.demo else service.base_url,
            settings=ground.settings,
            open_folder=MatrixFiles,
            reports=MatrixReportFiles(),
            output=Output(),
        )


def _last_model(ground: Ground) -> str:
    from metis_tui.config.choices import ChoicesFile

    return ChoicesFile(ground.paths.state).load().model


def _run_application(options: argparse.Namespace, ground: Ground) -> int:
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        from metis_tui.cli import diagnostics
        from metis_tui.cli.diagnostics import UsageProblem

        return diagnostics.fail(
            UsageProblem(
                "The application draws on a terminal, and this is none.",
                title="No terminal",
                hint="In a script or a pipe use: metis-tui ask PROMPT",
            )
        )
    suit_the_line(ground.settings)
    return _run_on_terminal(options, ground)


def _run_on_terminal(options: argparse.Namespace, ground: Ground) -> int:
    # Until the application has loaded everything, nearly all that is made stays: collecting garbage would only
    # delay the first paint. The chat screen switches it on again.
    gc.disable()
    from metis_tui.config.choices import ChoicesFile
    from metis_tui.tui.app import run_app
    from metis_tui.tui.services import Launch, Start

    choices = ChoicesFile(ground.paths.state)
    is_file = bool(options.open_id) and is_file_name(options.open_id)
    with ExitStack() as at_the_end:
        return run_app(
            Launch(
                settings=ground.settings,
                choices=choices,
                state_folder=ground.paths.state,
                theme=ground.settings.theme or choices.load().theme,
                connect=lambda: _services_for_application(options, ground, at_the_end),
                theme_folders=[built_in_themes(), ground.paths.user_themes],
                problems=ground.problems,
                log=lambda line: _log(line, options, ground),
                start=Start(
                    model=options.model or "",
                    conversation_id=None if is_file else options.open_id,
                    file=options.open_id if is_file else "",
                    history_query=options.history_query,
                    continue_last=options.continue_last,
                    is_demo=options.demo,
                ),
            )
        )


def _log(line: str, options: argparse.Namespace, ground: Ground) -> None:
    import logging

    from metis_tui.chat.printable import printable_line

    if not logging.getLogger("metis_tui").handlers:
        _start_log(options, ground)
    logging.getLogger("metis_tui.display").warning("%s", printable_line(line, 400))


def _start_log(options: argparse.Namespace, ground: Ground) -> None:
    """The file is opened with the first line only: a run in which all goes well leaves none."""
    import platform

    from metis_tui import __version__
    from metis_tui.config import log_file

    first_line = f"metis-tui {__version__} {options.command or 'application'}, python {platform.python_version()}"
    log_file.start(ground.paths.state, first_line, is_debug=getattr(options, "debug", False))


def _log_save_status(status: SaveStatus) -> None:
    import logging

    log = logging.getLogger("metis_tui.store")
    if status.trouble:
        log.info("%d records wait for the disk: %s", status.pending_count, status.trouble)
    else:
        log.debug("everything is saved" if status.is_saved else "saving")


def _services_for_application(options: argparse.Namespace, ground: Ground, at_the_end: ExitStack) -> Services:
    from metis_tui.chat.delivery import Recourse
    from metis_tui.chat.engine import ChatEngine
    from metis_tui.chat.patience import Patience
    from metis_tui.exchange.matrix_reports import MatrixReportFiles
    from metis_tui.gateway.client import GatewayClient
    from metis_tui.store.drafts import DraftFile
    from metis_tui.store.matrix_folder import MatrixFiles
    from metis_tui.store.measurements import MeasurementFile
    from metis_tui.tui.services import Services

    _start_log(options, ground)
    state = ground.paths.state
    base_url, sources = at_the_end.enter_context(_access(options, ground))
    gateway = GatewayClient(base_url, sources)
    exchange = make_exchange()
    store, troubles = _store_for_application(options, ground)
    search = _search_in_memory(store) if options.no_save else make_search(ground)
    opened = None
    if options.open_id and is_file_name(options.open_id) and not os.path.isdir(options.open_id):
        store, search, opened = with_guests(Path(options.open_id).expanduser(), exchange, store)
        troubles = [*troubles, *opened.problems]
    measurements, drafts = MeasurementFile(state), DraftFile(state)
    at_the_end.callback(measurements.close)
    at_the_end.callback(drafts.close)
    return Services(
        engine=ChatEngine(gateway, store, recourse=Recourse(Patience())),
        gateway=gateway,
        store=store,
        search=search,
        authenticator=sources,
        sign_in=sources,
        whoami=gateway.whoami,
        route=gateway.route.in_words(),
        measurements=measurements,
        drafts=ForgetfulDrafts() if options.no_save else drafts,
        exchange=exchange,
        reports=MatrixReportFiles(),
        matrix_folder=MatrixFiles,
        opened_file=opened,
        base_url=gateway.base_url,
        is_saving=not options.no_save,
        problems=troubles,
    )


def make_search(ground: Ground) -> ConversationIndex:
    """Full-text search over what is saved; it opens nothing yet. Close it at the end."""
    from metis_tui.store.search import ConversationIndex

    return ConversationIndex(ground.paths.data, cache=ground.paths.cache)


@asynccontextmanager
async def _search(ground: Ground) -> AsyncIterator[ConversationIndex]:
    index = make_search(ground)
    try:
        yield index
    finally:
        await index.close()


def _search_in_memory(store: ConversationStore) -> ConversationSearch:
    from metis_tui.store.memory_search import MemorySearch

    return MemorySearch(store)


def _store_for_application(options: argparse.Namespace, ground: Ground) -> tuple[ConversationStore, list[str]]:
    """Where the application keeps conversations, and what to tell about the one to continue.

    A folder that takes nothing is the store's own to tell and to try again: what is in it can still be read.
    """
    from metis_tui import __version__
    from metis_tui.store.conversation_store import ConversationFiles

    if options.no_save:
        import asyncio

        return asyncio.run(_borrowed(options, ground))  # in the thread that connects, which has no event loop
    files = ConversationFiles(ground.paths.data, app_version=__version__)
    files.watch_status(_log_save_status)
    trouble = folder_trouble(ground.paths.data)
    return files, [f"When metis-tui started: {trouble}"] if trouble else []


def with_guests(
    path: Path, exchange: FileExchange, home: ConversationStore
) -> tuple[ConversationStore, ConversationSearch, OpenedFile]:
    """The conversations of a file to be shown, read-only, and a search over them.

    Raises:
        ImportFailure: it cannot be read or is no known format.
    """
    from metis_tui.chat.printable import printable_line
    from metis_tui.store.guests import GuestStore
    from metis_tui.tui.services import OpenedFile

    found, name = exchange.read(path), printable_line(path.name, 80)
    store = GuestStore(found.conversations, name, home)
    ids = tuple(conversation.id for conversation in found.conversations)
    return store, _search_in_memory(store), OpenedFile(name, found.source, ids, found.problems)


def is_file_name(text: str) -> bool:
    """Whether `--open` means a file or a folder, not a conversation: ids have neither points nor slashes."""
    return "/" in text or "." in text or os.path.exists(text)


async def _borrowed(options: argparse.Namespace, ground: Ground) -> tuple[MemoryStore, list[str]]:
    """A store in memory that holds the conversation to continue, if any; nothing that follows is written."""
    from metis_tui.chat.errors import ChatError
    from metis_tui.cli.opening import open_conversation
    from metis_tui.store.memory import MemoryStore

    memory = MemoryStore()
    wanted = options.open_id or ("last" if options.continue_last else "")
    if not wanted or is_file_name(wanted):
        return memory, []
    try:
        async with _saved(ground, is_reading=True) as saved:
            conversation = await open_conversation(saved, wanted)
    except ChatError as error:
        return memory, [str(error)]
    await memory.set_value(conversation, "title", conversation.title)
    return memory, []


def make_exchange() -> FileExchange:
    """Exports and imports of conversations. Loads the formats only when they are used."""
    from metis_tui.exchange.file_exchange import FileExchange

    def read_llm_logs(path: Path) -> Imported:
        from metis_tui.store import llm_logs  # SQLite is loaded for this only

        return llm_logs.read_llm_logs(path)

    return FileExchange(read_llm_logs)


class ForgetfulDrafts:
    """A DraftKeeper for runs that leave no words on disk."""

    def load(self, key: str) -> str:
        return ""

    def save(self, key: str, text: str) -> None:
        """Nothing to do."""


def suit_the_line(settings: Settings) -> None:
    """Frames, animation and colours that the line and the terminal take. Textual reads these variables once, when
    it is imported.
    """
    from metis_tui.tui.display.terminal_traits import is_gnu_screen, is_remote

    is_far = is_remote(os.environ)
    is_slow = settings.line == "slow" or (settings.line == "auto" and is_far)
    if is_gnu_screen(os.environ):  # it takes the parts of a colour of 24 bits for attributes: 5 blinks
        colours = "256" if "256color" in os.environ.get("TERM", "") else "standard"
        os.environ.setdefault("TEXTUAL_COLOR_SYSTEM", colours)
    if settings.frames_per_second:
        os.environ["TEXTUAL_FPS"] = str(settings.frames_per_second)
    elif is_slow and settings.display == "full":  # the frugal display keeps the pace itself, and echoes at once
        os.environ.setdefault("TEXTUAL_FPS", str(SLOW_FRAMES_PER_SECOND))
    if is_far or is_slow:
        os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")


# What commands are made of


@dataclass(frozen=True, slots=True)
class Service:
    """The gateway and what it takes to use it."""

    gateway: GatewayClient
    authenticator: TokenSources
    base_url: str


@asynccontextmanager
async def _service(options: argparse.Namespace, ground: Ground) -> AsyncIterator[Service]:
    from metis_tui.gateway.client import GatewayClient

    with _access(options, ground) as (base_url, sources):
        gateway = GatewayClient(base_url, sources)
        try:
            yield Service(gateway, sources, gateway.base_url)
        finally:
            await gateway.close()


@asynccontextmanager
async def _saved(ground: Ground, *, is_reading: bool = False) -> AsyncIterator[ConversationFiles]:
    """The saved conversations; unless it is for reading only, replies of processes that died are adopted."""
    from metis_tui import __version__
    from metis_tui.store.conversation_store import ConversationFiles

    store = ConversationFiles(ground.paths.data, app_version=__version__)
    try:
        if not is_reading:
            await store.recover()
        yield store
    finally:
        status = await store.close()
        if not status.is_saved:
            _tell([f"not everything is saved: {status.trouble or 'the disk is slow'}"])


def folder_trouble(folder: Path) -> str:
    """Why conversations cannot be saved there; empty when they can."""
    try:
        make_private_folder(folder)
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        return f"{folder} cannot be used ({(error.strerror or 'no reason given').lower()})."
    return ""


@contextmanager
def _access(options: argparse.Namespace, ground: Ground) -> Iterator[tuple[str, TokenSources]]:
    """The gateway's address and the way to an access token; for the demo its gateway runs meanwhile."""
    from metis_tui.auth.sources import TokenSources

    days = ground.settings.sign_in_days
    if not options.demo:
        yield ground.settings.base_url, TokenSources(state_folder=ground.paths.state, sign_in_days=days)
        return
    from tempfile import TemporaryDirectory

    from metis_tui.demo.server import DemoGateway

    # The demo's sign-in ends with its gateway, so it never meets the user's own credential file.
    with (
        DemoGateway(scenario=getattr(options, "scenario", "default")) as gateway,
        TemporaryDirectory(prefix="metis-tui-demo-", ignore_cleanup_errors=True) as folder,
    ):
        files = (Path(folder) / "tokens.json",)
        sources = TokenSources(
            environ={}, files=files, auth_url=gateway.auth_url, state_folder=Path(folder), sign_in_days=days
        )
        if not gateway.scenario.needs_sign_in:
            sources.adopt(gateway.oauth.issue())
        yield gateway.url, sources


def _tell(problems: list[str]) -> None:
    from metis_tui.cli import diagnostics

    for problem in problems:
        diagnostics.warn(problem)
