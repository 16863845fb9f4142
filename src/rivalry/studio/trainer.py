"""A training of a studio: its process, and everybody who looks on.

Each viewer has room for one message of a kind.  A newer frame takes the place of one that was not sent yet, so a slow
client sees fewer frames and holds up nobody.
"""

import asyncio
import contextlib
import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Protocol

from rivalry.errors import BadRequest
from rivalry.studio.live import COMMANDS, learn

MOST_VIEWERS = 32
PATIENCE = 20.0  # seconds that a training may take to save what it has


class Worker(Protocol):
    """What runs `learn`: a process, or in tests a thread."""

    def is_alive(self) -> bool: ...
    def join(self, timeout: float | None = None) -> None: ...


def in_a_process(asked: dict[str, Any], line: Connection) -> Worker:
    """Run `learn` in a fresh process."""
    process = multiprocessing.get_context("spawn").Process(target=learn, args=(asked, line))
    process.start()
    line.close()  # this side's copy of the other end
    return process


class Viewer:
    """A client that looks on: the newest message of each kind that it was not sent yet."""

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self.loop, self.waiting, self.there = loop, dict[str, str](), asyncio.Event()

    def put(self, kind: str, text: str) -> None:
        """Called from any thread."""
        self.loop.call_soon_threadsafe(self._put, kind, text)

    def _put(self, kind: str, text: str) -> None:
        self.waiting[kind] = text
        self.there.set()

    async def take(self) -> list[str]:
        """The messages that wait, oldest kind first, once there are any."""
        await self.there.wait()
        self.there.clear()
        taken, self.waiting = self.waiting, {}
        return [f'{{"is":"{kind}","told":{text}}}' for kind, text in taken.items()]


class Trainer:
    """Starts, commands and ends trainings, one at a time.  A studio has two, for two games side by side.

    Args:
        start: runs `learn`.
    """

    def __init__(self, start: Callable[[dict[str, Any], Connection], Worker] = in_a_process):
        self.start, self.lock = start, threading.Lock()
        self.worker: Worker | None = None
        self.line: Connection | None = None
        self.run = ""  # the name of what is trained, or was last
        self.viewers: set[Viewer] = set()
        self.last: dict[str, str] = {}  # the newest message of each kind, for who comes later
        self.owed = False  # a frame was taken while nobody looked on: no next one was asked for

    @property
    def busy(self) -> bool:
        return self.worker is not None and self.worker.is_alive()

    def begin(self, name: str, asked: dict[str, Any]) -> None:
        """Begin to train the run `name`.

        Raises:
            BadRequest: another training goes on.
        """
        with self.lock:
            self.require_free()
            self.line, theirs = multiprocessing.Pipe()
            self.run, self.last, self.owed = name, {}, False
            self._publish("state", f'{{"busy":true,"run":"{name}"}}')
            self.worker = self.start(asked, theirs)
            threading.Thread(target=self._pump, args=(self.line, self.worker, name), daemon=True).start()

    def require_free(self) -> None:
        """Raises BadRequest while something is being trained.  A training that has ended may still be leaving."""
        if self.worker is not None and "ended" in self.last:
            self.worker.join(PATIENCE)
        if self.busy:
            raise BadRequest(f"one training at a time: {self.run} is being trained; stop it first")

    def forget(self) -> None:
        """Show nothing any more of a training that is over."""
        with self.lock:
            self.run, self.last = "", {}
            self._publish("state", '{"busy":false,"run":""}')

    def tell(self, command: dict[str, Any]) -> None:
        """Pass a command on.

        Raises:
            BadRequest: nothing is trained, or no such command.
        """
        if command.get("do") not in COMMANDS:
            raise BadRequest(f"a training can be told: {', '.join(COMMANDS)}")
        if not self.busy or self.line is None:
            raise BadRequest("nothing is being trained")
        try:
            self.line.send(command)
        except OSError:
            raise BadRequest("the training has just ended") from None

    def close(self) -> None:
        """End the training; what it has is saved."""
        if self.busy and self.worker and self.line:
            with contextlib.suppress(OSError):
                self.line.send({"do": "stop"})
            self.worker.join(PATIENCE)

    # ------------------------------------------------------------------ viewers

    def admit(self, viewer: Viewer) -> None:
        """Let somebody look on, beginning with the newest message of each kind.

        Raises:
            BadRequest: too many look on.
        """
        if len(self.viewers) >= MOST_VIEWERS:
            raise BadRequest(f"{MOST_VIEWERS} pages look on already")
        self.viewers.add(viewer)
        viewer.put("state", f'{{"busy":{str(self.busy).lower()},"run":"{self.run}"}}')
        for kind, text in list(self.last.items()):
            viewer.put(kind, text)
        if self.owed and self.busy and self.line:
            self.owed = False
            self._ask_for_more(self.line)

    def dismiss(self, viewer: Viewer) -> None:
        self.viewers.discard(viewer)

    def _publish(self, kind: str, text: str) -> None:
        if kind != "state":
            self.last[kind] = text
        for viewer in list(self.viewers):
            viewer.put(kind, text)

    def _pump(self, line: Connection, worker: Worker, name: str) -> None:
        """Pass on what the training tells, until it ends."""
        try:
            while True:
                kind, text = line.recv()
                self._publish(kind, text)
                if kind == "ended":
                    break
                if kind == "frame" and self.viewers:
                    self._ask_for_more(line)
                self.owed = self.owed or (kind == "frame" and not self.viewers)
        except (EOFError, OSError):
            self._publish("ended", f'{{"run":"{name}","how":"failed","why":"its process has gone"}}')
        worker.join()
        line.close()
        self._publish("state", f'{{"busy":false,"run":"{name}"}}')

    def _ask_for_more(self, line: Connection) -> None:
        with contextlib.suppress(OSError):
            line.send({"do": "ready"})
