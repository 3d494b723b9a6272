"""The `rag` command: index, ask, search, targets, chat, eval, compare, info, verify, rollback."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

from rag.answering import PASSAGES
from rag.assistant import Assistant
from rag.building import MILVUS
from rag.errors import BadRequest, IndexDamaged, RagError
from rag.generations import roll_back
from rag.indexing import Change, update_index
from rag.integrity import verify_index
from rag.rendering import (
    answer_row,
    answer_text,
    checked_text,
    csv_text,
    hit_row,
    hits_text,
    outcome_row,
    outcome_text,
    sources_text,
    table_text,
    target_row,
)
from rag.settings import BACKENDS, DEFAULT_INDEX, Settings
from rag.spreading import LOCAL
from rag.stores import STORES
from rag.stores.milvus import is_uri
from rag.types import Answer
from rag.web.gate import Address

_LEVELS = ("national", "ministry", "province", "city", "district")
_MAX_PORT = 65535
_GATE_CODE = 3  # `rag eval` ran, and a limit asked for isn't reached
_HINT = "Ask, and ask on (“那浙江呢?”, “and in 2030?”); Ctrl-D ends."
Command = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns 0, 2 for a RagError or what the system refuses, 130 for Ctrl-C,
    3 for an evaluation that misses a limit, 1 for a fault of our own.

    Each failure is one line on standard error; RAG_TRACE=1 shows where a fault of our own arose.
    """
    if isinstance(sys.stdout, TextIOWrapper):  # a terminal without Chinese shows \u6c5f for 江
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        args = _parser().parse_args(argv)
        run: Command = args.run
        code = run(args)
        sys.stdout.flush()
        return code
    except RagError as error:
        return _fail(2, str(error))
    except KeyboardInterrupt:
        return _fail(130, "stopped; the index is as it was before.")
    except BrokenPipeError:  # the reader of our output left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("RAG_TRACE"):
            raise
        if isinstance(error, OSError) and error.strerror:
            where = f"{error.filename}: " if error.filename else ""
            return _fail(2, f"{where}{error.strerror}; check the path, its rights and the disk.")
        hint = "set RAG_TRACE=1 to see where, and report it."
        return _fail(1, f"unexpected {type(error).__name__}: {error}; {hint}")


def _fail(code: int, reason: str) -> int:
    print(f"rag: {' '.join(reason.split())}", file=sys.stderr)
    return code


def _index(args: argparse.Namespace) -> int:
    if not (args.paths or (args.remove and not args.sync)):
        raise BadRequest("name a PATH to read, or what to --remove; see `rag index --help`.")
    with _Bars(hidden=args.json) as bars:
        change = Change(args.paths, args.remove, args.sync)
        outcome = update_index(change, _folder(args), settings=_settings(args), progress=bars)
    if outcome.lost:
        print(f"rag: {outcome.lost}", file=sys.stderr)
    for _, reason in outcome.failed:
        print(f"rag: left out: {reason}", file=sys.stderr)
    return _show(args, outcome_row(outcome), outcome_text(args.index, outcome))


def _ask(args: argparse.Namespace) -> int:
    assistant = Assistant.load(args.index, settings=_settings(args))
    if args.question is None:
        return _talk(args, assistant)
    _answer(args, assistant, args.question)
    return 0


def _talk(args: argparse.Namespace, assistant: Assistant) -> int:
    """Answer a question a line, each with those before it, until the input ends."""
    history: list[Answer] = []
    for question in filter(str.strip, _lines()):
        try:
            history.append(_answer(args, assistant, question, history=history))
            print(end="" if args.json else "\n", flush=True)
        except BadRequest as error:
            _fail(2, str(error))
    return 0


def _lines() -> Iterator[str]:
    """What is typed at a prompt, or piped in."""
    if not sys.stdin.isatty():
        if isinstance(sys.stdin, TextIOWrapper):
            sys.stdin.reconfigure(encoding="utf-8", errors="replace")
        yield from sys.stdin
        return
    print(_HINT, file=sys.stderr)
    while True:
        try:
            yield input("? ")
        except EOFError:
            print()
            return


def _answer(
    args: argparse.Namespace, assistant: Assistant, question: str, *, history: Sequence[Answer] = ()
) -> Answer:
    """Answer and print; to a person as it comes, to a file or a program whole."""
    steps = assistant.stream(
        question,
        history=history,
        region=args.region,
        level=args.level,
        status=args.status,
        document=args.document,
        passages=args.passages,
    )
    live = not args.json and sys.stdout.isatty()
    for step in steps:
        if isinstance(step, Answer):
            answer = step
        elif live:
            print(step, end="", flush=True)
    if live:
        told = [f"→ {answer.resolved}"] if answer.resolved else []
        print("\n\n".join(["", *told, *filter(None, [sources_text(answer)])]))
    elif args.json:
        row = answer_row(answer)
        print(json.dumps(row, ensure_ascii=False, indent=None if args.question is None else 1))
    else:
        print(answer_text(answer))
    return answer


def _search(args: argparse.Namespace) -> int:
    assistant = Assistant.load(args.index, settings=_settings(args))
    hits = assistant.search(
        args.question,
        top_k=args.top_k,
        region=args.region,
        level=args.level,
        status=args.status,
        document=args.document,
    )
    return _show(args, [hit_row(hit) for hit in hits], hits_text(hits))


def _chat(args: argparse.Namespace) -> int:
    from rag.web.page import serve  # loads gradio

    assistant = Assistant.load(args.index, settings=_settings(args))
    serve(
        assistant,
        index=assistant.index.folder,  # none where it is read out of a Milvus
        address=_address(args),
        mcp=args.mcp,
        log_questions=args.log_questions,
        per_minute=args.rate,
        on_start=_announce,
    )
    return 0


def _address(args: argparse.Namespace) -> Address:
    password = os.environ.get("TANWEN_AUTH", "") if args.auth else ""
    if args.auth and not password:
        raise BadRequest(
            "TANWEN_AUTH is not set; give it a user and a password: "
            "`TANWEN_AUTH=user:password rag chat --auth`."
        )
    return Address(args.host, args.port, password, args.no_auth)


def _announce(address: str) -> None:
    print(f"Tanwen answers at {address} (Ctrl-C stops it)", flush=True)


def _eval(args: argparse.Namespace) -> int:
    from rag.evaluation import batches, files, gates, reports  # load pandas

    wanted = [gates.read_gate(text) for text in args.fail_under]
    wanted += [gates.read_gate(text, is_ceiling=True) for text in args.fail_over]
    with _Bars(hidden=args.json) as bars:
        run = batches.evaluate(
            args.questions,
            index=args.index,
            settings=_settings(args),
            out=args.out,
            workers=args.workers,
            fresh=args.fresh,
            progress=lambda done, total: bars("asking", done, total),
        )
    summary = reports.summarise(run.rows)
    if args.out:
        files.write_reports(run, summary, args.out)
    told = "\n\n".join(filter(None, (reports.render(summary), reports.judge_note(run.rows))))
    _show(args, summary, told)
    failures = list(gates.find_failures(summary, wanted))
    for failure in failures:
        print(f"rag: {failure}", file=sys.stderr)
    return _GATE_CODE if failures else 0


def _compare(args: argparse.Namespace) -> int:
    from rag.evaluation import comparisons, folders

    runs = [folders.load_run(folder) for folder in (args.before, args.after)]
    found = comparisons.compare(*runs, names=(str(args.before), str(args.after)))
    return _show(args, comparisons.comparison_row(found), comparisons.render_comparison(found))


def _info(args: argparse.Namespace) -> int:
    assistant = Assistant.load(args.index, settings=_settings(args))
    manifest = assistant.index.manifest
    folder = assistant.index.folder
    files = [path for path in folder.rglob("*") if path.is_file()] if folder else []
    row = {
        "index": str(args.index),
        "healthy": True,
        "works": len({document.work for document in assistant.documents}),
        "documents": manifest.documents,
        "chunks": manifest.chunks,
        "characters": sum(len(document.text) for document in assistant.documents),
        "embedder": manifest.embedder,
        "dimensions": manifest.dim,
        "chunk_chars": manifest.chunk_chars,
        "created": manifest.created,
        "megabytes": round(sum(path.stat().st_size for path in files) / 1e6, 1),
    }
    return _show(args, row, "\n".join(f"{name:12} {value}" for name, value in row.items()))


def _verify(args: argparse.Namespace) -> int:
    checked = verify_index(_folder(args))
    _show(args, {"index": str(args.index), **checked._asdict()}, checked_text(args.index, checked))
    for fault in checked.faults:
        print(f"rag: {fault}", file=sys.stderr)
    if not checked.faults:
        return 0
    raise IndexDamaged(
        f"{args.index} is damaged; go back to the generation before: `rag rollback --index "
        f"{args.index}`, or rebuild it: `rag index corpus/ --index {args.index}`."
    )


def _rollback(args: argparse.Namespace) -> int:
    now, before = roll_back(_folder(args))
    assert before is not None, "it was in use a moment ago"
    row = {"index": str(args.index), "in_use": now.name, "before": before.name}
    told = f"generation {now.name} is in use again, {before.name} is kept as the one before"
    return _show(args, row, f"{args.index}: {told}")


def _targets(args: argparse.Namespace) -> int:
    assistant = Assistant.load(args.index, settings=_settings(args))
    rows = assistant.targets(args.indicator, region=args.region, year=args.year)
    ranked = sorted(assistant.documents, key=lambda d: (d.kind != "brief", d.language == "zh"))
    titles = {document.work: document for document in ranked}  # the last, an original, stays
    if args.plot:
        from rag.charts import draw_targets

        labels = {work: document.region for work, document in titles.items()}
        drafts = [work for work, document in titles.items() if document.status == "draft"]
        title = " ".join(filter(None, (args.indicator, args.region, args.year))) or "targets"
        draw_targets(rows, labels, out=args.plot, title=title, drafts=drafts)
    table = [target_row(row, titles[row.plan]) for row in rows]
    return _show(args, table, csv_text(table) if args.csv else table_text(table))


def _settings(args: argparse.Namespace) -> Settings:
    """What the command's arguments say; the default for what it has no argument for."""
    names = [field.name for field in fields(Settings)]
    given = {name: getattr(args, name) for name in names if getattr(args, name, None) is not None}
    return Settings(**given)


def _show(args: argparse.Namespace, row: Any, text: str) -> int:  # noqa: ANN401 - any JSON
    print(json.dumps(row, ensure_ascii=False, indent=1) if args.json else text)
    return 0


class _Bars:
    """One progress bar a stage, on standard error if a person watches it; gone at the end."""

    def __init__(self, *, hidden: bool) -> None:
        self._disable = hidden or None  # None: tqdm looks whether standard error is a terminal
        self._bar: Any = None
        self._doing = ""

    def __enter__(self) -> "_Bars":
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, doing: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if doing != self._doing:
            self.__exit__()
            self._doing = doing
            self._bar = tqdm(total=total, desc=doing, leave=False, disable=self._disable)
        self._bar.update(done - self._bar.n)


_EXAMPLES = {
    "index": "rag index corpus/ path/to/compilation.txt reports/*.pdf\n"
    "  rag index reports/ --sync\n  rag index --remove p003 reports/old.pdf",
    "ask": 'rag ask "江苏2025年风电装机目标是多少?"\n'
    '  rag ask "What does Hunan plan for 2030?" --json\n'
    "  rag ask                          # a question a line, with follow-ups; Ctrl-D ends\n"
    '  rag ask "..." --generator http://localhost:8000/v1 --model qwen3',
    "search": 'rag search "屋顶光伏覆盖率" -k 5\n'
    '  rag search "rooftop solar" --region 湖南 --status final',
    "chat": "rag chat\n  rag chat --port 8080 --mcp\n"
    "  TANWEN_AUTH=anna:SECRET rag chat --host 0.0.0.0 --auth",
    "eval": "rag eval evals/questions/dev.jsonl --out evals/reports/dev\n"
    "  rag eval evals/questions/dev.jsonl --fail-under recall@5=0.9 --fail-over violations=0\n"
    "  rag eval evals/questions/dev.jsonl --generator Qwen/Qwen3-4B",
    "compare": "rag compare evals/reports/before evals/reports/after",
    "targets": "rag targets 森林覆盖率 --year 2025\n"
    '  rag targets "non-fossil share" --region Jiangsu --plot jiangsu.png',
    "info": "rag info\n  rag info --json",
    "verify": "rag verify\n  rag verify --index indexes/mine",
    "rollback": "rag rollback\n  rag rollback --index indexes/mine",
}


class _Parser(argparse.ArgumentParser):
    """Tells what is wrong in one line, as every other error is; argparse has no other hook."""

    def error(self, message: str) -> NoReturn:
        raise BadRequest(f"{message}; see `{self.prog} --help`.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="rag", description="Answers from your own documents, with citations that hold."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    index = _command(commands, "index", _index, "read files and folders into the index")
    index.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files and folders")
    index.add_argument(
        *("--remove", "-r"),
        nargs="+",
        action="extend",
        default=[],
        metavar="ID|FILE",
        help="leave out documents, or all of a file",
    )
    index.add_argument(
        "--sync", action="store_true", help="leave out what is gone from the folders named"
    )
    index.add_argument(
        "--embedder", help="embedded (default), or a sentence-transformers model or folder"
    )
    index.add_argument(
        "--chunk-chars", type=_positive, help="longest chunk; default: as the index has, or 400"
    )
    index.add_argument(
        "--batch-size",
        type=_positive,
        default=Settings.batch_size,
        help=f"texts that a model embeds at once, default {Settings.batch_size}",
    )

    index.add_argument(
        "--store", choices=(*STORES, MILVUS), help="where vectors are searched; default: by count"
    )
    index.add_argument("--uri", help="with --store milvus: its address, or a file, e.g. ./x.db")
    index.add_argument(
        *("--ray",),
        nargs="?",
        const=LOCAL,
        metavar="ADDRESS",
        help="read and embed with Ray: on this machine, or on the cluster at ADDRESS",
    )

    ask = _command(commands, "ask", _ask, "answer a question with citations")
    ask.add_argument(
        "question", nargs="?", help="without one, questions are read a line each, and follow-ups"
    )
    ask.add_argument(
        "--passages", type=_positive, default=PASSAGES, help="how many a language model reads"
    )
    search = _command(commands, "search", _search, "find passages")
    search.add_argument("question", metavar="query")
    search.add_argument("-k", "--top-k", type=_positive, default=10, help="passages to show")
    for narrowed in (ask, search):
        narrowed.add_argument("--region", help="only documents of this place, in any language")
        narrowed.add_argument("--level", choices=_LEVELS)
        narrowed.add_argument("--status", choices=("final", "draft"))
        narrowed.add_argument("--document", help="only this document id")

    chat = _command(commands, "chat", _chat, "open the chat page")
    chat.add_argument("--host", default="127.0.0.1", help="address to listen on")
    chat.add_argument("--port", type=_port, default=7860)
    door = chat.add_mutually_exclusive_group()
    door.add_argument(
        "--auth", action="store_true", help="ask for TANWEN_AUTH, which holds user:password"
    )
    door.add_argument("--no-auth", action="store_true", help="let other machines in without")
    chat.add_argument("--mcp", action="store_true", help="offer ask, search and targets as tools")
    chat.add_argument(
        "--log-questions", action="store_true", help="log what is asked, which is left out else"
    )
    chat.add_argument(
        "--rate", type=_count, default=60, metavar="N",
        help="questions a minute from one address (default 60; 0 for any number)",
    )  # fmt: skip

    evaluate = _command(commands, "eval", _eval, "ask a question set and score the answers")
    evaluate.add_argument("questions", type=Path, help="JSON lines or CSV, see evals/questions/")
    evaluate.add_argument(
        "--out", type=Path, metavar="DIR", help="run folder: rows, report.html, summary; goes on"
        " with a run that was broken off there",
    )  # fmt: skip
    evaluate.add_argument("--fresh", action="store_true", help="replace what stands in --out")
    evaluate.add_argument(
        "--workers", type=_positive, default=1, help="processes that ask at once (default 1)"
    )
    for flag, need in (("--fail-under", "at least"), ("--fail-over", "at most")):
        evaluate.add_argument(
            flag, action="append", default=[], metavar="[GROUP:]METRIC=N",
            help=f"exit with {_GATE_CODE} unless the metric is {need} N; may be repeated",
        )  # fmt: skip

    compare = _command(commands, "compare", _compare, "compare two runs of one question set")
    compare.add_argument("before", type=Path, metavar="RUN_A", help="a folder of `rag eval --out`")
    compare.add_argument("after", type=Path, metavar="RUN_B")

    for answering in (ask, chat, evaluate):
        _add_generator(answering)
    for searching in (ask, search, chat, evaluate):
        searching.add_argument(
            "--reranker",
            metavar="NAME",
            help="embedded (default), none, or a cross-encoder or folder",
        )

    targets = _command(commands, "targets", _targets, "list quantified targets, each with its page")
    targets.add_argument(
        "indicator", nargs="?", help="in any of the ten languages; all if left out"
    )
    targets.add_argument("--region", help="only plans of this place, in any language")
    targets.add_argument("--year", help="only targets for this year")
    targets.add_argument("--csv", action="store_true", help="print CSV")
    targets.add_argument("--plot", type=Path, metavar="PNG", help="also draw a bar chart")

    _command(commands, "info", _info, "what is indexed, with which models, healthy or not")
    _command(commands, "verify", _verify, "check every file, count, offset and vector of an index")
    _command(commands, "rollback", _rollback, "take the generation before into use again")
    return parser


def _add_generator(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--generator",
        metavar="NAME",
        help="embedded (default), a transformers chat model or folder, or the base URL of a server"
        " that speaks the OpenAI protocol (its key: TANWEN_API_KEY in the environment)",
    )
    command.add_argument("--model", metavar="NAME", help="model of that server, if it has several")
    command.add_argument(
        "--judge", metavar="NAME", help="lexical (default), or an NLI cross-encoder or folder"
    )
    command.add_argument(
        "--download", dest="downloads", action="store_true", help="fetch a model that isn't here"
    )
    command.add_argument(
        "--context-tokens", type=_positive, metavar="N", help="the model's context window"
    )
    command.add_argument(
        "--answer-tokens", type=_positive, metavar="N", help="longest answer of a language model"
    )
    command.add_argument(
        "--timeout", dest="timeout_s", type=_positive, metavar="S", help="of a server, in seconds"
    )


def _command(commands: Any, name: str, run: Command, purpose: str) -> argparse.ArgumentParser:  # noqa: ANN401
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=purpose,
        description=purpose[0].upper() + purpose[1:] + ".",
        epilog=f"examples:\n  {_EXAMPLES[name]}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "--index",
        type=_place,
        default=DEFAULT_INDEX,
        metavar="DIR",
        help=f"default {DEFAULT_INDEX}",
    )
    command.add_argument("--device", default="", help="cpu or cuda; default: whichever is there")
    command.add_argument(
        "--backend", choices=BACKENDS, help="what runs an embedding model; default torch"
    )
    command.add_argument("--json", action="store_true", help="print JSON for programs")
    command.set_defaults(run=run)
    return command


def _place(text: str) -> Path | str:
    """A folder; or the address of a Milvus, which would lose a stroke as a path."""
    return text if is_uri(text) else Path(text)


def _folder(args: argparse.Namespace) -> Path:
    if isinstance(args.index, Path):
        return args.index
    raise BadRequest(
        f"--index is {args.index}, the address of a Milvus; give the folder that the index is "
        f"written from: `rag {args.command} --index {DEFAULT_INDEX}`."
    )


def _positive(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or above")
    return int(text)


def _port(text: str) -> int:
    if _positive(text) > _MAX_PORT:
        raise argparse.ArgumentTypeError(f"{text} is above {_MAX_PORT}, the highest port")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
