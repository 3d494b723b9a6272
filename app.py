"""The chat page on its own: `python app.py --port 7860` does what `rag chat --port 7860` does."""

import sys

from rag.cli import main

if __name__ == "__main__":
    sys.exit(main(["chat", *sys.argv[1:]]))
