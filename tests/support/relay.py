"""Run in a node: pass TCP on to another port of the same machine, each way a little later.

Usage: ``python relay.py PORT TARGET_PORT DELAY_S``
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time

_AHEAD = 64  # pieces under way in one direction, so that a slow reader slows its writer


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float
) -> None:
    """Write what comes when it is ``delay_s`` old, in its order."""
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_AHEAD)

    async def read() -> None:
        some = b"."
        while some:
            with contextlib.suppress(OSError):
                some = b""
                some = await reader.read(65536)
            await waiting.put((time.monotonic() + delay_s, some))

    reading = asyncio.create_task(read())
    with contextlib.suppress(OSError):
        while True:
            due, some = await waiting.get()
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if not some:
                break
            writer.write(some)
            await writer.drain()
    reading.cancel()
    with contextlib.suppress(OSError):
        writer.close()


async def main(port: int, target: int, delay_s: float) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(
            _pass_on(reader, far_writer, delay_s), _pass_on(far_reader, writer, delay_s)
        )

    server = await asyncio.start_server(serve, "0.0.0.0", port)  # noqa: S104 - of a node's network
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
