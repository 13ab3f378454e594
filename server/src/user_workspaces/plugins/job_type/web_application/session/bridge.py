"""Relays connections from the job's Unix socket to a TCP port in the job's own network."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

CHUNK = 65_536
CANNOT_RUN = 126
OF_SIGNALS = 128
"""Shells add this to the signal number for the exit code of a killed program."""


def run_behind_socket(command: Sequence[str], environment: dict[str, str], *, path: str, port: int) -> int:
    """Run the application and relay connections to it until it ends; return its exit code."""
    return asyncio.run(_run(command, environment, path=path, port=port))


async def _run(command: Sequence[str], environment: dict[str, str], *, path: str, port: int) -> int:
    try:
        process = await asyncio.create_subprocess_exec(*command, env=environment)
    except OSError as error:
        print(f"Cannot start {command[0]}: {error.strerror}.", file=sys.stderr)  # noqa: T201  the log of the job
        return CANNOT_RUN
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _pass_on, process, number)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _relay(reader, writer, port=port)

    # bind(2) applies the umask: with a later chmod(2), other accounts could connect in between.
    old = os.umask(0o177)
    server = await asyncio.start_unix_server(relay, path)
    os.umask(old)
    code = await process.wait()
    server.close()
    with suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108  the path is a text here
    return code if code >= 0 else OF_SIGNALS - code


def _pass_on(process: asyncio.subprocess.Process, number: int) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, port: int) -> None:
    """Relay one connection in both directions until both have ended; close it if the application does not listen."""
    try:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        writer.close()
        return
    try:
        await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
    except OSError:
        pass
    finally:
        for end in (inner_writer, writer):
            end.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(CHUNK):
        target.write(data)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()
