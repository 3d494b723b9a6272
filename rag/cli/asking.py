"""The commands that answer out of an index: ask, search, targets, chat."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from io import TextIOWrapper

from rag.assistant import Assistant
from rag.cli.arguments import settings_of
from rag.cli.terminal import one_line, show, warn
from rag.errors import BadRequest
from rag.rendering import (
    answer_row,
    answer_text,
    csv_text,
    hit_row,
    hits_text,
    main_documents,
    sources_text,
    table_text,
    target_row,
)
from rag.types import Answer
from rag.web.gate import Address

_HINT = "Ask, and ask on (“那浙江呢?”, “and in 2030?”); Ctrl-D ends."


def run_ask(args: argparse.Namespace) -> int:
    assistant = _load(args)
    if args.question is None:
        _talk(args, assistant)
    else:
        _answer(args, assistant, args.question)
    return 0


def _load(args: argparse.Namespace) -> Assistant:
    return Assistant.load(args.index, settings=settings_of(args))


def _talk(args: argparse.Namespace, assistant: Assistant) -> None:
    """Answer a question a line, each with those before it, until the input ends."""
    history: list[Answer] = []
    for question in filter(str.strip, _lines()):
        try:
            history.append(_answer(args, assistant, question, history=history))
            print(end="" if args.json else "\n", flush=True)
        except BadRequest as error:
            warn(one_line(str(error)))


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
    else:
        indent = None if args.question is None else 1  # of a talk, an answer a line
        show(args, answer_row(answer), answer_text(answer), indent=indent)
    return answer


def run_search(args: argparse.Namespace) -> int:
    hits = _load(args).search(
        args.question,
        top_k=args.top_k,
        region=args.region,
        level=args.level,
        status=args.status,
        document=args.document,
    )
    show(args, [hit_row(hit) for hit in hits], hits_text(hits))
    return 0


def run_targets(args: argparse.Namespace) -> int:
    assistant = _load(args)
    found = assistant.targets(args.indicator, region=args.region, year=args.year)
    documents = main_documents(assistant.documents)
    if args.plot:
        from rag.charts import draw_targets

        labels = {work: document.region for work, document in documents.items()}
        drafts = [work for work, document in documents.items() if document.status == "draft"]
        title = " ".join(filter(None, (args.indicator, args.region, args.year))) or "targets"
        draw_targets(found, labels, out=args.plot, title=title, drafts=drafts)
    rows = [target_row(target, documents[target.plan]) for target in found]
    show(args, rows, csv_text(rows) if args.csv else table_text(rows))
    return 0


def run_chat(args: argparse.Namespace) -> int:
    from rag.web.page import serve  # loads gradio

    assistant = _load(args)
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
    password = "" if args.no_auth else os.environ.get("TANWEN_AUTH", "")
    if args.auth and not password:
        raise BadRequest(
            "TANWEN_AUTH is not set; give it a user and a password: "
            "`TANWEN_AUTH=user:password rag chat --auth`."
        )
    return Address(args.host, args.port, password, args.no_auth)


def _announce(address: str) -> None:
    print(f"Tanwen answers at {address} (Ctrl-C stops it)", flush=True)
