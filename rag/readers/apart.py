"""A file read in a process of its own: `python apart.py MODULE FUNCTION FILE BYTES SECONDS`.

PDFium and libxml2 are native code and take what a file asks for: a PDF of 100 KB can ask for 8 GB,
a Word file of 1 MB for 4, and a damaged one can crash them. Apart, and with limits of memory and
time, it costs that file alone. Nothing of `rag` is imported here, nor by what is run here, so that
the process begins in 0.05 s.
"""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

MAX_MEMORY_BYTES = 2 << 30  # a compilation of 1,068 pages takes a tenth of it
MAX_CPU_S = 60  # and a tenth of that
_MAX_WALL_S = 300  # on a machine that is busy otherwise

Found = dict[str, Any]


def read_apart(read: Callable[[str], Found], path: Path) -> Found | None:
    """What `read` gives for a file; None if it goes beyond the limits, crashes or raises.

    read: a function of a module that imports nothing of `rag`; what it gives must fit into JSON.
    """
    import subprocess  # not needed by the process that is begun

    limits = (str(MAX_MEMORY_BYTES), str(MAX_CPU_S))
    named = (read.__code__.co_filename, read.__name__, str(path.resolve()))
    try:
        done = subprocess.run(
            [sys.executable, "-P", __file__, *named, *limits],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=_MAX_WALL_S,
        )
        found: Found = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return None
    return found


def tell_limits() -> str:
    """For an error: 2,048 MB and 60 s."""
    return f"{MAX_MEMORY_BYTES >> 20:,} MB and {MAX_CPU_S} s"


def _limit(memory_bytes: int, cpu_s: int) -> None:
    """Let the kernel refuse memory and end this process, rather than the machine suffer."""
    with suppress(ImportError):  # Windows has no such limits
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _load(module: str, function: str) -> Callable[[str], Found]:
    spec = spec_from_file_location("reader", module)
    assert spec, f"{module} is no module"
    assert spec.loader
    loaded = module_from_spec(spec)
    spec.loader.exec_module(loaded)
    read: Callable[[str], Found] = getattr(loaded, function)
    return read


if __name__ == "__main__":
    _limit(int(sys.argv[4]), int(sys.argv[5]))
    found = _load(sys.argv[1], sys.argv[2])(sys.argv[3])
    sys.stdout.buffer.write(json.dumps(found).encode())
