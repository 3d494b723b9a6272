"""The chat page on its own: `python app.py --index indexes/default --port 7860`."""

import argparse
import os
import sys

from rag import Address, Assistant, RagError, serve


def main(arguments: list[str] | None = None) -> int:
    """Serve the page until Ctrl-C; 2 if there is no index, no port, or no password where needed."""
    parser = argparse.ArgumentParser(description="Serve the chat page.")
    parser.add_argument("--index", default="indexes/default", help="a folder, or a Milvus")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets other machines in")
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument("--no-auth", action="store_true", help="let them in without TANWEN_AUTH")
    parser.add_argument("--mcp", action="store_true", help="offer ask, search, targets as tools")
    parser.add_argument("--log-questions", action="store_true", help="log what is asked, too")
    parser.add_argument("--rate", type=int, default=60, help="questions a minute from one address")
    chosen = parser.parse_args(arguments)
    password = "" if chosen.no_auth else os.environ.get("TANWEN_AUTH", "")  # user:password
    address = Address(chosen.host, chosen.port, password, chosen.no_auth)
    try:
        assistant = Assistant.load(chosen.index)
        serve(
            assistant,
            index=assistant.index.folder,
            address=address,
            mcp=chosen.mcp,
            log_questions=chosen.log_questions,
            per_minute=max(0, chosen.rate),
            on_start=_announce,
        )
    except RagError as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 2
    return 0


def _announce(address: str) -> None:
    print(f"碳问 Tanwen: {address} (Ctrl-C stops it)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
