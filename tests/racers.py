"""`python -m tests.racers` sends many requests at one moment and tells what became of each.

It reads a JSON object from its standard input: `port`, `at` (the moment of the start, in seconds since 1970) and
`requests`, each with `path`, `body` and `headers`. It writes a JSON list of [status, seconds, text] to its output.
"""

import http.client
import json
import sys
import threading
import time
from typing import Any


def race(port: int, at: float, wanted: dict[str, Any], place: int, answers: list[Any]) -> None:
    """Connect early, send at the moment, and keep the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.connect()
    time.sleep(max(0.0, at - time.time()))
    began = time.perf_counter()
    try:
        connection.request("POST", wanted["path"], body=wanted["body"], headers=wanted["headers"])
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        answers[place] = [answer.status, time.perf_counter() - began, text]
    except OSError as problem:
        answers[place] = [0, time.perf_counter() - began, repr(problem)]
    finally:
        connection.close()


def main() -> None:
    task = json.load(sys.stdin)
    answers: list[Any] = [None] * len(task["requests"])
    threads = [
        threading.Thread(target=race, args=(task["port"], task["at"], wanted, place, answers))
        for place, wanted in enumerate(task["requests"])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
