"""`python -m bench.crowd` sends many forms and tells what became of each.

It reads a JSON object from its standard input: ``port``, ``at`` (the moment of the start, in seconds since 1970),
``clients`` and ``requests``, each with ``place``, ``path``, ``body`` and ``headers``. With 0 clients every request has
a connection of its own and all are sent at that moment; otherwise so many clients send them one after the other over
connections that stay open. It writes ``answers``, each as [place, status, seconds, text], and when they had ``ended``.
"""

from __future__ import annotations

import http.client
import json
import re
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

Answers = list[Any]
KEPT = 300
"""Characters of a refusal's words that are told on."""
_TAGS = re.compile(r"\s*<[^>]*>\s*|\s+")


def _send(link: http.client.HTTPConnection, wanted: dict[str, Any]) -> list[Any]:
    began = time.perf_counter()
    try:
        link.request("POST", wanted["path"], body=wanted["body"], headers=wanted["headers"])
        answer = link.getresponse()
        text = answer.read().decode("utf-8", "replace")
        took = time.perf_counter() - began
        told = (
            _TAGS.sub(" ", text[max(text.find('role="alert"'), 0) :])[:KEPT] if answer.status >= 400 else ""
        )
        return [wanted["place"], answer.status, took, told]
    except (OSError, http.client.HTTPException) as problem:
        link.close()
        return [wanted["place"], 0, time.perf_counter() - began, repr(problem)]


def _one_after_the_other(
    port: int, at: float, wanted: Sequence[tuple[int, dict[str, Any]]], answers: Answers
) -> None:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    link.connect()
    time.sleep(max(0.0, at - time.time()))
    for place, each in wanted:
        answers[place] = _send(link, each)


def main() -> None:
    task = json.load(sys.stdin)
    wanted = list(enumerate(task["requests"]))
    answers: Answers = [None] * len(wanted)
    lots = [[each] for each in wanted]
    if task["clients"]:
        lots = [wanted[first :: task["clients"]] for first in range(task["clients"])]
    threads = [
        threading.Thread(target=_one_after_the_other, args=(task["port"], task["at"], lot, answers))
        for lot in lots
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    json.dump({"answers": answers, "ended": time.time()}, sys.stdout)


if __name__ == "__main__":
    main()
