"""
Somebody who decides at a steady pace, in a process of their own.

    echo '{"port": …, "token": …, "per_second": 20, "items": [[id, digest], …]}' |
        python -m tests.chaos.deciding

Prints a JSON list of `[id, sent, answered]`, in seconds of the machine's monotonic clock.
"""

import asyncio
import json
import sys
import time

from tests.chaos.wire import Connection

CONNECTIONS = 8


async def decide_all(
    port: int, token: str, per_second: float, items: list[list[str]]
) -> list[tuple[str, float, float]]:
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await Connection(port, bearer=token).open())
    began = time.monotonic()

    async def decide(place: int, approval: str, digest: str) -> tuple[str, float, float]:
        await asyncio.sleep(began + place / per_second - time.monotonic())
        connection = await free.get()
        body = {"verdict": "approve", "revision": 1, "digest": digest}
        sent = time.monotonic()
        answer = await connection.request("POST", f"/api/v1/approvals/{approval}/decisions/", body)
        answered = time.monotonic()
        assert answer.status == 200, answer.body
        free.put_nowait(connection)
        return approval, sent, answered

    return await asyncio.gather(*(decide(place, *item) for place, item in enumerate(items)))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(decide_all(**json.load(sys.stdin)))))
