"""All that a process which serves writes to standard error, whatever it is sent."""

import json
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress

import httpx

from .serving import SLOW, free_port

pytestmark = SLOW
SECRET = "swordfish"


@contextmanager
def running(index):
    """The address of `rag chat` in a process of its own, and a list that gets what it wrote."""
    port, wrote = free_port(), []
    command = [sys.executable, "-m", "rag", "chat", "--index", str(index), "--port", str(port)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        assert "answers at" in process.stdout.readline()
        yield f"http://127.0.0.1:{port}/", wrote
        process.send_signal(signal.SIGINT)
        wrote += process.communicate(timeout=60)[1].splitlines()


def fail_in_every_way(url):
    """Too few inputs, none that fit, no JSON, no HTTP: each with the secret in it."""
    for number, data in enumerate(([SECRET], [{SECRET: 1}] * 7, [[SECRET]] * 12)):
        for function in (0, 1, 2, 5, 9):
            session = f"s{number}-{function}"
            joined = {"data": data, "fn_index": function, "session_hash": session}
            httpx.post(f"{url}gradio_api/queue/join", json=joined, timeout=30)
            with suppress(httpx.HTTPError):
                httpx.get(f"{url}gradio_api/queue/data?session_hash={session}", timeout=5)
        httpx.post(f"{url}gradio_api/call/ask", json={"data": data}, timeout=30)
        httpx.post(f"{url}gradio_api/run/predict", json={"data": data, "fn_index": 1}, timeout=30)
    for body in (f'{{"data": "{SECRET}"', f'["{SECRET}"]', f'{{"data": "{SECRET}"}}'):
        httpx.post(f"{url}gradio_api/queue/join", content=body, timeout=30)
    with socket.create_connection(("127.0.0.1", httpx.URL(url).port)) as plain:
        plain.sendall(f"{SECRET} is no request\r\n\r\n".encode())
        plain.recv(100)


def test_every_line_is_json_and_none_holds_what_was_asked(built):
    with running(built) as (url, wrote):
        fail_in_every_way(url)
    rows = [json.loads(line) for line in wrote]
    failed = [row for row in rows if row["event"] == "a request failed"]
    assert failed
    assert failed[0]["error"] == "ValueError"
    assert failed[0]["at"]
    assert SECRET not in "".join(wrote)


def test_threads_warnings_and_other_logs_are_told_without_their_words():
    program = f"""if True:
        import logging, sys, threading, traceback, warnings
        from rag.logs import start_logs
        from rag.web.faults import gather_faults
        logging.getLogger("uvicorn").addHandler(logging.StreamHandler())
        start_logs(sys.stderr)
        gather_faults()
        def fail(): raise ValueError("{SECRET}")
        thread = threading.Thread(target=fail); thread.start(); thread.join()
        warnings.warn("{SECRET}")
        logging.getLogger("asyncio").error("never retrieved\\nfuture: {SECRET}")
        logging.getLogger("uvicorn.error").error("fault in %s", "{SECRET}")
        logging.getLogger("other").info("chatter")
        try: fail()
        except ValueError: traceback.print_exc(); logging.exception("broken")
        traceback.print_exc()
        logging.getLogger("rag.here").info("ours")
    """
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    rows = [json.loads(line) for line in ran.stderr.splitlines()]
    assert [row["event"] for row in rows] == [
        *("a thread failed", "a warning", "never retrieved", "fault in %s", "a request failed"),
        *("broken", "ours"),
    ]
    assert rows[0]["error"] == "ValueError"
    assert SECRET not in ran.stderr
