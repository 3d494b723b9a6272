"""Many users at once, on this machine alone: errors, seconds an answer, memory at both ends.

    python -m evals.benchmarks.load --index indexes/default --users 50 --seconds 120
    python -m evals.benchmarks.load --only page-slow --users 10 --seconds 20

Each user asks a question of the training set, waits for the answer and asks the next, without a
pause. `python` shares one Assistant among threads; `page` starts `rag chat` and asks over HTTP, as
programs do. `python-slow` and `page-slow` put a scripted language model behind these that takes
two seconds an answer; of ten requests one hangs and one breaks off, which a user must be told, and
every tenth user leaves after a second or so. The model's server counts how many readers went before
the end.

told: answers that failed as they should, because the model did. busy: turned away because too many
wait. errors: anything else that is no answer; there must be none.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from rag import Answer, Assistant, RagError, Settings

QUESTIONS = Path(__file__).parents[1] / "questions" / "train.jsonl"
ANSWER_S, HANGS_S, TIMEOUT_S, LEAVES_AFTER_S = 2.0, 30.0, 5.0, 1.0
PIECES = 20
_PASSAGE = re.compile(r'n="1"[^\n]*\n([^\n]{1,200})')
Ask = Callable[[str, bool], str]  # question, whether the user leaves early -> what came of it


class SlowModel(ThreadingHTTPServer):
    """Quotes the first passage of the prompt, slowly; hangs, and breaks off, now and then."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen, self.left, self.open, self.most_open = 0, 0, 0, 0
        self.counting = threading.Lock()

    def count(self, **more: int) -> int:
        with self.counting:
            for name, by in more.items():
                setattr(self, name, getattr(self, name) + by)
            self.most_open = max(self.most_open, self.open)
            return self.seen


class _Handler(BaseHTTPRequestHandler):
    server: SlowModel

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        number = self.server.count(seen=1, open=1)
        try:
            self._answer(body["messages"][-1]["content"], number)
        except OSError:
            self.server.count(left=1)
        finally:
            self.server.count(open=-1)

    def _answer(self, prompt: str, number: int) -> None:
        if number % 10 == 3:
            time.sleep(HANGS_S)
            return
        found = _PASSAGE.search(prompt)
        quote = found[1] if found else "NO_ANSWER"
        text = f"{quote[: len(quote) // 3]} [1]\n{quote[len(quote) // 3 :]} [1]\n"  # a piece each
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.end_headers()
        size = len(text) // PIECES + 1
        for at in range(0, len(text), size):
            self._event({"delta": {"content": text[at : at + size]}})
            time.sleep(ANSWER_S / PIECES)
            if number % 10 == 7 and at > len(text) // 2:
                return
        self._event({"delta": {}, "finish_reason": "stop"})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, choice: dict[str, object]) -> None:
        self.wfile.write(f"data: {json.dumps({'choices': [choice]})}\n\n".encode())
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Quiet: the counts tell."""


@contextmanager
def slow_model() -> Iterator[SlowModel]:
    server = SlowModel()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def asking_python(assistant: Assistant) -> Ask:
    def ask(question: str, leaves: bool) -> str:
        try:
            began, stream = time.perf_counter(), assistant.stream(question)
            for step in stream:
                if isinstance(step, Answer):
                    return "answered" if step.text else "error: an empty answer"
                if leaves and time.perf_counter() - began > LEAVES_AFTER_S:
                    stream.close()  # type: ignore[attr-defined]
                    return "left"
        except RagError as error:
            return _told(str(error))
        return "error: no answer"

    return ask


@contextmanager
def asking_page(index: str, *options: str) -> Iterator[tuple[Ask, int]]:
    """Over HTTP, and the number of the server's process."""
    import httpx

    port = _free_port()
    command = [sys.executable, "-m", "rag", "chat", "--index", index, "--rate", "0"]
    command += ["--port", str(port), *options]
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        assert process.stdout
        if not process.stdout.readline():
            log.seek(0)
            sys.exit(f"the page didn't start: {log.read()[-1000:]}")
        limits = httpx.Limits(max_connections=None)
        url = f"http://127.0.0.1:{port}/gradio_api/call/ask"
        with httpx.Client(timeout=120, limits=limits) as client:

            def ask(question: str, leaves: bool) -> str:
                data = [question, "", "", "", "", "", 8]
                reply = client.post(url, json={"data": data})
                if reply.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                    return "busy"
                if reply.status_code != httpx.codes.OK:
                    return f"error: status {reply.status_code}"
                patience = httpx.Timeout(120, read=LEAVES_AFTER_S if leaves else 120)
                wanted = f"{url}/{reply.json()['event_id']}"
                with client.stream("GET", wanted, timeout=patience) as stream:
                    event = ""
                    for line in stream.iter_lines():
                        if line.startswith("event:"):
                            event = line[6:].strip()
                        elif line.startswith("data:") and event == "complete":
                            row = json.loads(line[5:])[0]
                            return "answered" if row["text"] else "error: an empty answer"
                        elif line.startswith("data:") and event == "error":
                            return _told(line)
                return "error: the stream ended"

            def ask_or_leave(question: str, leaves: bool) -> str:
                try:
                    return ask(question, leaves)
                except httpx.ReadTimeout:
                    return "left" if leaves else "error: no answer in two minutes"

            yield ask_or_leave, process.pid
        process.terminate()


def _told(message: str) -> str:
    known = ("language model at", "no answer can be given at the moment")
    return "told" if any(words in message for words in known) else f"error: {message[:120]}"


def run(
    name: str, ask: Ask, *, users: int, seconds: float, pid: int, model: SlowModel | None
) -> int:
    """Ask for so long, print one line, and return how many errors there were."""
    questions = [json.loads(line)["question"] for line in QUESTIONS.open(encoding="utf-8")]
    outcomes: Counter[str] = Counter()
    taken_s: list[float] = []
    done = threading.Lock()
    ask(questions[0], False)  # loads what is loaded late
    ends, memory = time.monotonic() + seconds, [memory_mb(pid)]

    def use(user: int) -> None:
        chance = random.Random(user)
        while time.monotonic() < ends:
            began = time.perf_counter()
            try:
                outcome = ask(chance.choice(questions), bool(model) and user % 10 == 0)
            except Exception as error:  # what a user would see as a broken page
                outcome = f"error: {type(error).__name__}: {error}"
            with done:
                outcomes[outcome] += 1
                if outcome == "answered":
                    taken_s.append(time.perf_counter() - began)
            if outcome == "busy":
                time.sleep(1)  # as somebody who is told to wait does

    threads = [threading.Thread(target=use, args=(user,)) for user in range(users)]
    for thread in threads:
        thread.start()
    time.sleep(seconds / 2)
    memory.append(memory_mb(pid))
    for thread in threads:
        thread.join()
    memory.append(memory_mb(pid))
    errors = {what: count for what, count in outcomes.items() if what.startswith("error")}
    told = ", ".join(f"{outcomes[what]} {what}" for what in ("answered", "told", "busy", "left"))
    ranked = sorted(taken_s) or [0.0]
    p50, p95 = (ranked[int(share * (len(ranked) - 1))] for share in (0.5, 0.95))
    print(
        f"{name}, {users} users, {seconds:.0f} s: {told}, {sum(errors.values())} errors; "
        f"p50 {p50:.2f} s, p95 {p95:.2f} s, longest {ranked[-1]:.2f} s; memory "
        f"{' -> '.join(f'{mb:.0f}' for mb in memory)} MB",
        flush=True,
    )
    if model:
        print(f"  the model: {model.seen} requests, {model.left} left, {model.most_open} at once")
    for what, count in errors.items():
        print(f"  {count} x {what}")
    return sum(errors.values())


def memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1000  # type: ignore[index]


def _free_port() -> int:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return int(server.server_port)


SCENARIOS = ("python", "page", "python-slow", "page-slow")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--index", default="indexes/default")
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--only", choices=SCENARIOS, action="append")
    args = parser.parse_args()
    many = {"users": args.users, "seconds": args.seconds}
    errors = 0
    for name in args.only or SCENARIOS:
        with slow_model() as server:
            slow = name.endswith("slow")
            url = f"http://127.0.0.1:{server.server_port}/v1"
            model = server if slow else None
            if name.startswith("python"):
                settings = Settings(generator=url, model="slow", timeout_s=TIMEOUT_S)
                assistant = Assistant.load(args.index, settings=settings if slow else Settings())
                ask = asking_python(assistant)
                errors += run(name, ask, pid=os.getpid(), model=model, **many)
                continue
            given = ["--generator", url, "--model", "slow", "--timeout", f"{TIMEOUT_S:.0f}"]
            with asking_page(args.index, *given if slow else ()) as (ask, pid):
                errors += run(name, ask, pid=pid, model=model, **many)
    sys.exit(bool(errors))


if __name__ == "__main__":
    main()
