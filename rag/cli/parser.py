"""What can be typed after `rag`: the commands, their arguments and their help.

To add a command: write `run_<name>` in a module here, and its line in `COMMANDS`.
"""

import argparse
from collections.abc import Callable
from typing import NamedTuple, NoReturn

from rag.cli.arguments import (
    add_changes,
    add_device,
    add_filters,
    add_generator,
    add_index,
    add_indicator,
    add_json,
    add_making,
    add_query,
    add_question,
    add_questions,
    add_reranker,
    add_runs,
    add_serving,
)
from rag.cli.asking import run_ask, run_chat, run_search, run_targets
from rag.cli.evaluating import run_compare, run_eval
from rag.cli.keeping import run_index, run_info, run_rollback, run_verify
from rag.errors import BadRequest

Command = Callable[[argparse.Namespace], int]


class Entry(NamedTuple):
    """A line of `COMMANDS`. run: gives the exit code. arguments: in the help's order."""

    run: Command
    purpose: str
    examples: tuple[str, ...]
    arguments: tuple[Callable[[argparse.ArgumentParser], None], ...]


def build_parser() -> argparse.ArgumentParser:
    """What it parses holds `command`, the name, and `run`; it raises BadRequest for the rest."""
    parser = _Parser(
        prog="rag", description="Answers from your own documents, with citations that hold."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, entry in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=entry.purpose,
            description=entry.purpose[0].upper() + entry.purpose[1:] + ".",
            epilog="\n  ".join(("examples:", *entry.examples)),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.set_defaults(run=entry.run)
        for add_arguments in entry.arguments:
            add_arguments(command)
    return parser


class _Parser(argparse.ArgumentParser):
    """Tells what is wrong in one line, as every other error is; argparse has no other hook."""

    def error(self, message: str) -> NoReturn:
        raise BadRequest(f"{message}; see `{self.prog} --help`.")


COMMANDS = {
    "index": Entry(
        run_index,
        "read files and folders into the index",
        (
            "rag index corpus/ path/to/compilation.txt reports/*.pdf",
            "rag index reports/ --sync",
            "rag index --remove p003 reports/old.pdf",
        ),
        (add_index, add_device, add_json, add_changes, add_making),
    ),
    "ask": Entry(
        run_ask,
        "answer a question with citations",
        (
            'rag ask "江苏2025年风电装机目标是多少?"',
            'rag ask "What does Hunan plan for 2030?" --json',
            "rag ask                          # a question a line, with follow-ups; Ctrl-D ends",
            'rag ask "..." --generator http://localhost:8000/v1 --model qwen3',
        ),
        (add_index, add_device, add_json, add_question, add_filters, add_generator, add_reranker),
    ),
    "search": Entry(
        run_search,
        "find passages",
        (
            'rag search "屋顶光伏覆盖率" -k 5',
            'rag search "rooftop solar" --region 湖南 --status final',
        ),
        (add_index, add_device, add_json, add_query, add_filters, add_reranker),
    ),
    "chat": Entry(
        run_chat,
        "open the chat page",
        (
            "rag chat",
            "rag chat --port 8080 --mcp",
            "TANWEN_AUTH=anna:SECRET rag chat --host 0.0.0.0 --auth",
        ),
        (add_index, add_device, add_serving, add_generator, add_reranker),
    ),
    "eval": Entry(
        run_eval,
        "ask a question set and score the answers",
        (
            "rag eval evals/questions/dev.jsonl --out evals/reports/dev",
            "rag eval evals/questions/dev.jsonl --fail-under recall@5=0.9 --fail-over violations=0",
            "rag eval evals/questions/dev.jsonl --generator Qwen/Qwen3-4B",
        ),
        (add_index, add_device, add_json, add_questions, add_generator, add_reranker),
    ),
    "compare": Entry(
        run_compare,
        "compare two runs of one question set",
        ("rag compare evals/reports/before evals/reports/after",),
        (add_json, add_runs),
    ),
    "targets": Entry(
        run_targets,
        "list quantified targets, each with its page",
        (
            "rag targets 森林覆盖率 --year 2025",
            'rag targets "non-fossil share" --region Jiangsu --plot jiangsu.png',
        ),
        (add_index, add_json, add_indicator),
    ),
    "info": Entry(
        run_info,
        "what is indexed, with which models, healthy or not",
        ("rag info", "rag info --json"),
        (add_index, add_json),
    ),
    "verify": Entry(
        run_verify,
        "check every file, count, offset and vector of an index",
        ("rag verify", "rag verify --index indexes/mine"),
        (add_index, add_json),
    ),
    "rollback": Entry(
        run_rollback,
        "take the generation before into use again",
        ("rag rollback", "rag rollback --index indexes/mine"),
        (add_index, add_json),
    ),
}
