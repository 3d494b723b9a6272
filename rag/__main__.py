"""`python -m rag` does what the `rag` command does."""

import sys

from rag.cli import main

sys.exit(main())
