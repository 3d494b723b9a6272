"""The chat page on its own: `python app.py --index indexes/default --port 7860`."""

import argparse
import sys

from rag import Assistant, RagError, serve


def main(arguments: list[str] | None = None) -> int:
    """Serve the page until Ctrl-C; 2 if there is no index or the port is taken."""
    parser = argparse.ArgumentParser(description="Serve the chat page.")
    parser.add_argument("--index", default="indexes/default", help="a folder that `rag index` made")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets other machines in")
    parser.add_argument("--port", type=int, default=7860)
    chosen = parser.parse_args(arguments)
    try:
        assistant = Assistant.load(chosen.index)
        serve(assistant, host=chosen.host, port=chosen.port, on_start=_announce)
    except RagError as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 2
    return 0


def _announce(address: str) -> None:
    print(f"碳问 Tanwen: {address} (Ctrl-C stops it)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
