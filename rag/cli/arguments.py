"""The arguments of the commands: by subject, how each is read, and the values made of them."""

import argparse
from dataclasses import fields
from pathlib import Path

from rag.answering import PASSAGES
from rag.building import MILVUS
from rag.errors import BadRequest
from rag.settings import BACKENDS, DEFAULT_INDEX, Settings
from rag.spreading import LOCAL
from rag.stores import STORES
from rag.stores.milvus import is_uri
from rag.types import LEVELS, STATUSES
from rag.web.gate import MAX_PORT

GATE_CODE = 3  # `rag eval` ran, and a limit asked for isn't reached


def settings_of(args: argparse.Namespace) -> Settings:
    """What the command's arguments say; the default for what it has no argument for."""
    names = [field.name for field in fields(Settings)]
    given = {name: getattr(args, name) for name in names if getattr(args, name, None) is not None}
    return Settings(**given)


def folder_of(args: argparse.Namespace) -> Path:
    """The folder of an index that is written or checked; raises BadRequest for an address."""
    if isinstance(args.index, Path):
        return args.index
    raise BadRequest(
        f"--index is {args.index}, the address of a Milvus; give the folder that the index is "
        f"written from: `rag {args.command} --index {DEFAULT_INDEX}`."
    )


def add_index(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--index",
        type=_read_place,
        default=DEFAULT_INDEX,
        metavar="DIR",
        help=f"default {DEFAULT_INDEX}",
    )


def add_device(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--device", default="", help="cpu or cuda; default: whichever is there")
    add("--backend", choices=BACKENDS, help="what runs an embedding model; default torch")


def add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON for programs")


def add_changes(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("paths", nargs="*", type=Path, metavar="PATH", help="files and folders")
    add(
        "--remove",
        "-r",
        nargs="+",
        action="extend",
        default=[],
        metavar="ID|FILE",
        help="leave out documents, or all of a file",
    )
    add("--sync", action="store_true", help="leave out what is gone from the folders named")


def add_making(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--embedder", help="embedded (default), or a sentence-transformers model or folder")
    add(
        "--chunk-chars",
        type=_read_positive,
        help="longest chunk; default: as the index has, or 400",
    )
    add(
        "--batch-size",
        type=_read_positive,
        default=Settings.batch_size,
        help=f"texts that a model embeds at once, default {Settings.batch_size}",
    )
    add("--store", choices=(*STORES, MILVUS), help="where vectors are searched; default: by count")
    add("--uri", help="with --store milvus: its address, or a file, e.g. ./x.db")
    add(
        "--ray",
        nargs="?",
        const=LOCAL,
        metavar="ADDRESS",
        help="read and embed with Ray: on this machine, or on the cluster at ADDRESS",
    )


def add_question(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("question", nargs="?", help="without one, questions are read a line each, and follow-ups")
    add("--passages", type=_read_positive, default=PASSAGES, help="how many a language model reads")


def add_query(command: argparse.ArgumentParser) -> None:
    command.add_argument("question", metavar="query")
    command.add_argument("-k", "--top-k", type=_read_positive, default=10, help="passages to show")


def add_filters(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--region", help="only documents of this place, in any language")
    add("--level", choices=LEVELS)
    add("--status", choices=STATUSES)
    add("--document", help="only this document id")


def add_serving(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--host", default="127.0.0.1", help="address to listen on")
    add("--port", type=_read_port, default=7860)
    door = command.add_mutually_exclusive_group()
    door.add_argument(
        "--auth",
        action="store_true",
        help="don't start unless TANWEN_AUTH is set: user:password, asked for wherever it is",
    )
    door.add_argument(
        "--no-auth", action="store_true", help="ask for none, and let other machines in"
    )
    add("--mcp", action="store_true", help="offer ask, search and targets as tools")
    add("--log-questions", action="store_true", help="log what is asked, which is left out else")
    add(
        "--rate",
        type=_read_count,
        default=60,
        metavar="N",
        help="questions a minute from one address (default 60; 0 for any number)",
    )


def add_questions(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("questions", type=Path, help="JSON lines or CSV, see evals/questions/")
    add(
        "--out",
        type=Path,
        metavar="DIR",
        help="run folder: rows, report.html, summary; goes on with a run that was broken off there",
    )
    add("--fresh", action="store_true", help="replace what stands in --out")
    add("--workers", type=_read_positive, default=1, help="processes that ask at once (default 1)")
    for flag, need in (("--fail-under", "at least"), ("--fail-over", "at most")):
        add(
            flag,
            action="append",
            default=[],
            metavar="[GROUP:]METRIC=N",
            help=f"exit with {GATE_CODE} unless the metric is {need} N; may be repeated",
        )


def add_runs(command: argparse.ArgumentParser) -> None:
    command.add_argument("before", type=Path, metavar="RUN_A", help="a folder of `rag eval --out`")
    command.add_argument("after", type=Path, metavar="RUN_B")


def add_generator(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add(
        "--generator",
        metavar="NAME",
        help="embedded (default), a transformers chat model or folder, or the base URL of a server"
        " that speaks the OpenAI protocol (its key: TANWEN_API_KEY in the environment)",
    )
    add("--model", metavar="NAME", help="model of that server, if it has several")
    add("--judge", metavar="NAME", help="lexical (default), or an NLI cross-encoder or folder")
    add("--download", dest="downloads", action="store_true", help="fetch a model that isn't here")
    add("--context-tokens", type=_read_positive, metavar="N", help="the model's context window")
    add(
        "--answer-tokens",
        type=_read_positive,
        metavar="N",
        help="longest answer of a language model",
    )
    add(
        "--timeout",
        dest="timeout_s",
        type=_read_positive,
        metavar="S",
        help="of a server, in seconds",
    )


def add_reranker(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--reranker", metavar="NAME", help="embedded (default), none, or a cross-encoder or folder"
    )


def add_indicator(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("indicator", nargs="?", help="in any of the ten languages; all if left out")
    add("--region", help="only plans of this place, in any language")
    add("--year", help="only targets for this year")
    add("--csv", action="store_true", help="print CSV")
    add("--plot", type=Path, metavar="PNG", help="also draw a bar chart")


def _read_place(text: str) -> Path | str:
    """A folder; or the address of a Milvus, which would lose a stroke as a path."""
    return text if is_uri(text) else Path(text)


def _read_positive(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _read_count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or above")
    return int(text)


def _read_port(text: str) -> int:
    if _read_positive(text) > MAX_PORT:
        raise argparse.ArgumentTypeError(f"{text} is above {MAX_PORT}, the highest port")
    return int(text)
