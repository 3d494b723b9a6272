"""The chat page on its own: `python app.py --index indexes/default --port 7860`."""

import argparse
import sys

from rag import Assistant, RagError
from rag.web.page import Answerer, build_page, serve

__all__ = ["build_page", "launch", "main"]


def launch(assistant: Answerer, *, host: str = "127.0.0.1", port: int = 7860) -> None:
    """Serve the page until Ctrl-C."""
    serve(assistant, host=host, port=port, on_start=_announce)


def _announce(url: str) -> None:
    print(f"碳问 Tanwen: {url}  (Ctrl-C 结束 / stops it)", flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Serve the chat page.")
    parser.add_argument("--index", default="indexes/default", help="a folder that `rag index` made")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets other machines in")
    parser.add_argument("--port", type=int, default=7860)
    chosen = parser.parse_args(arguments)
    try:
        launch(Assistant.load(chosen.index), host=chosen.host, port=chosen.port)
    except RagError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
