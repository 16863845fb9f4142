"""The server: one static page, a few questions in JSON, and a socket on which a training is shown."""

import asyncio
import json
import logging
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from rivalry.data.names import NAMES
from rivalry.errors import BadRequest, RunFailed
from rivalry.report.family import family
from rivalry.studio import asked as get
from rivalry.studio.asked import Asked
from rivalry.studio.family import about
from rivalry.studio.guard import Guard, TooLong, is_local

TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
LONGEST = 10**7  # rounds


class Studio:
    """What the page can ask for.

    Args:
        folder: of the runs.
        data: names of data of the user's own, and where they lie.
        trainer: see `Trainer`; by default one whose trainings have processes of their own.
    """

    def __init__(self, folder: Path, data: dict[str, Path] | None = None, trainer: Any = None):
        from rivalry.studio.compared import beside, measured
        from rivalry.studio.judge import Judging
        from rivalry.studio.shelf import Shelf
        from rivalry.studio.trainer import Trainer
        from rivalry.studio.use import Uses

        self.shelf, self.data, self.trainer = Shelf(folder), data or {}, trainer or Trainer()
        self.second = Trainer(self.trainer.start)  # of a game that is trained beside another
        self.uses, self.judging = Uses(self.shelf), Judging(self.shelf)
        self.beside, self.measured = beside, measured

    def train(self, asked: Asked) -> dict[str, Any]:
        """Begin a training, or two of the same data and seed: `beside` names the second game.

        Settings are refused here, each by its name, before anything is started.
        """
        game, data = get.text(asked, "game"), get.text(asked, "data", "")
        request: dict[str, Any] = {"data": self.place_of(data)}
        request |= {"seed": get.whole(asked, "seed", 0, 0, 2**32 - 1), "paused": asked.get("paused") is True}
        request |= {"rounds": get.whole(asked, "rounds", 20_000, 1, LONGEST)}
        if recipe := get.text(asked, "recipe", ""):
            request["recipe"] = recipe
        if env := get.text(asked, "env", ""):
            request["env"] = env
            request["data"] = request["data"] or None
        name = self.shelf.free(f"{game}-{data or env}")
        first = {**request, "game": game, "settings": settings_for(game, asked, "settings")}
        if not (other := get.text(asked, "beside", "")):
            self._begin(name, first)
            return {"run": name}
        beside = self.shelf.free(f"{other}-{data or env}", taken=name)
        own = settings_for(other, asked, "beside_settings", "beside.")
        second = {**request, "game": other, "settings": own}
        second.pop("recipe", None)
        self._begin(name, first)
        self._begin(beside, second, self.second)
        return {"run": name, "beside": beside}

    def _begin(self, name: str, request: dict[str, Any], trainer: Any = None) -> None:
        """Begin one training; while it goes on, no other may begin but its neighbor."""
        if trainer is None:
            for one in (self.trainer, self.second):
                one.require_free()
            self.second.forget()
        self.shelf.folder.mkdir(parents=True, exist_ok=True)
        (trainer or self.trainer).begin(name, {**request, "run": str(self.shelf.place(name))})

    def place_of(self, data: str) -> str | None:
        """The data of this name: one of `rivalry list data`, or of the user's own; never a path from the page."""
        own = self.data | self.shelf.drawn()
        if data and data not in NAMES and data not in own:
            raise Refused(f"there are no data {data!r}; choose one of the list", "data")
        return str(own[data]) if data in own else data or None

    def draw(self, asked: Asked) -> dict[str, Any]:
        """Keep points of the plane that were drawn on the page, as data to train on."""
        return {"data": self.shelf.keep(get.points(asked, "points"))}

    def resume(self, asked: Asked) -> dict[str, Any]:
        """Go on with a run, to its own goal or to more rounds."""
        name = get.text(asked, "run")
        run = self.shelf.run(name)
        more = {"rounds": get.whole(asked, "rounds", 1, 1, LONGEST)} if asked.get("rounds") else {}
        self._begin(run.path.name, {**more, "resume": True})
        return {"run": name}

    def live(self, asked: Asked) -> dict[str, Any]:
        """Pass a command on to the training, and to the one beside it."""
        command: dict[str, Any] = {"do": get.text(asked, "do")}
        if command["do"] == "rate":
            factor = get.number(asked, "factor")
            if factor is None or not 0 < factor <= 100:
                raise BadRequest("step sizes are multiplied by a number above 0, up to 100")
            command["factor"] = factor
        if command["do"] == "point":
            command["at"] = get.whole(asked, "at", 0, 0, 999) if asked.get("at") is not None else None
        for trainer in [one for one in (self.trainer, self.second) if one.busy] or [self.trainer]:
            trainer.tell(command)
        return {}

    def named_data(self) -> dict[str, Any]:
        """The data that one can train on."""
        own = [{"name": name, "kind": "", "what": "your own"} for name in self.data | self.shelf.drawn()]
        return {"data": own + [{"name": n, "kind": d.kind, "what": d.what} for n, d in NAMES.items()]}


class Refused(BadRequest):
    """A request of which one field makes no sense."""

    def __init__(self, message: str, field: str):
        super().__init__(message)
        self.field = field


def settings_for(game: str, asked: Asked, name: str, field: str = "") -> dict[str, Any]:
    """The settings of a game that were asked for by this name.

    Args:
        field: before the name of a setting that is refused.

    Raises:
        BadRequest: no table, or a setting that makes no sense.
    """
    given = asked.get(name) or {}
    if not isinstance(given, dict) or len(given) > 100:
        raise BadRequest("settings are a table")
    refuse_settings(game, given, field)
    return given


def refuse_settings(game: str, given: dict[str, Any], field: str) -> None:
    """Refuse a setting that the game does not have or take, by `field` and its name.

    Raises:
        Refused: the first of them.
    """
    from rivalry import catalog, settings

    make = catalog.maker(catalog.find(game))
    for name, value in given.items():
        try:
            settings.check(make, {name: value}, game)
        except BadRequest as trouble:
            raise Refused(str(trouble), f"{field}{name}") from trouble


# ---------------------------------------------------------------------- answering

Answer = Callable[[Studio, Asked], Any]

# Path -> what answers it, given what was asked.
QUESTIONS: dict[str, Answer] = {
    "/api/train": Studio.train,
    "/api/resume": Studio.resume,
    "/api/live": Studio.live,
    "/api/draw": Studio.draw,
    "/api/use/{what}": lambda studio, asked: studio.uses.do(asked["what"], asked),
    "/api/judge/{what}": lambda studio, asked: studio.judging.do(asked["what"], asked),
    "/api/compare": lambda studio, asked: studio.beside(studio.shelf, get.texts(asked, "runs", 20)),
    "/api/measure": lambda studio, asked: studio.measured(studio.shelf, get.texts(asked, "runs", 20)),
}
THINGS: dict[str, Answer] = {
    "/api/family": lambda studio, asked: {"games": family()},
    "/api/game/{name}": lambda studio, asked: about(asked["name"]),
    "/api/data": lambda studio, asked: studio.named_data(),
    "/api/runs": lambda studio, asked: {"runs": studio.shelf.runs(), "studies": studio.shelf.studies()},
    "/api/run/{name}": lambda studio, asked: studio.shelf.record(asked["name"]),
}
PICTURES: dict[str, Answer] = {
    "/api/sheet/{name}/{at}.png": lambda studio, asked: studio.shelf.sheet(asked["name"], asked["at"]),
    "/api/judged/{name}/{number}.png": lambda studio, asked: studio.judging.image(
        asked["name"],
        int(asked["number"]) if asked["number"].isdecimal() and len(asked["number"]) < 9 else -1,
    ),
}


async def _asked(request: Request) -> Asked:
    """What the request asks: the parts of its path, and the table in JSON that it sends."""
    if request.method == "GET":
        return dict(request.path_params)
    try:
        told = json.loads(await request.body())
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise BadRequest("send a table in JSON")
    return {**told, **request.path_params}


def _route(path: str, answer: Answer, studio: Callable[[], Studio], method: str, kind: str) -> Route:
    """A route that answers in a thread, and says in words what it refuses."""

    async def respond(request: Request) -> Response:
        try:
            asked = await _asked(request)
            found = await run_in_threadpool(lambda: answer(studio(), asked))
            return Response(found, media_type=kind) if isinstance(found, bytes) else in_json(found)
        except TooLong:
            return in_json({"error": "this is too long"}, 413)
        except (BadRequest, RunFailed) as trouble:
            said = {"error": studio().shelf.without(trouble), "field": getattr(trouble, "field", "")}
            return in_json(said, 400 if isinstance(trouble, BadRequest) else 500)
        except Exception:
            logging.getLogger("rivalry.studio").exception("a request failed")
            return in_json({"error": "this failed; the terminal of the studio shows how", "field": ""}, 500)

    return Route(path, respond, methods=[method])


def in_json(value: Any, status: int = 200) -> Response:
    from rivalry.studio.shelf import as_json

    return Response(as_json(value), status, media_type="application/json")


def application(
    folder: Path,
    *,
    host: str = "127.0.0.1",
    token: str = "",
    data: dict[str, Path] | None = None,
    trainer: Any = None,
) -> Guard:
    """The studio as an ASGI application, behind its guard."""
    held: list[Studio] = []
    lock = threading.Lock()

    def studio() -> Studio:  # torch is imported here, while the page is loading already
        with lock:
            held[:] = held or [Studio(folder, data, trainer)]
        return held[0]

    async def watch(client: WebSocket) -> None:
        await client.accept()
        opened = await run_in_threadpool(studio)
        await shown_to(client, opened.second if client.url.path.endswith("/beside") else opened.trainer)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        threading.Thread(target=studio, daemon=True).start()
        yield
        trainers = (held[0].trainer, held[0].second) if held else ()
        await asyncio.gather(*(run_in_threadpool(trainer.close) for trainer in trainers))

    routes: list[Any] = [Route("/", _page), Route("/page/{name}", _page)]
    routes += [WebSocketRoute(path, watch) for path in ("/watch", "/watch/beside")]
    routes += [_route(path, answer, studio, "POST", "") for path, answer in QUESTIONS.items()]
    routes += [_route(path, answer, studio, "GET", "") for path, answer in THINGS.items()]
    routes += [_route(path, answer, studio, "GET", "image/png") for path, answer in PICTURES.items()]
    return Guard(Starlette(routes=routes, lifespan=lifespan), host, token)


async def _page(request: Request) -> Response:
    """A file of the page: index.html, or one that lies beside it."""
    name = request.path_params.get("name", "index.html")
    found = {file.name: file for file in files("rivalry.studio").joinpath("page").iterdir()}
    ending = Path(name).suffix
    if name not in found or ending not in TYPES:
        return Response("there is no such page", 404)
    return Response(found[name].read_bytes(), media_type=TYPES[ending])


async def shown_to(client: WebSocket, trainer: Any) -> None:
    """Send the newest messages until the client leaves.  What it does not take in time is left out."""
    from rivalry.studio.trainer import Viewer

    viewer = Viewer(asyncio.get_running_loop())
    try:
        trainer.admit(viewer)
    except BadRequest as trouble:
        await client.close(1013, str(trouble))
        return
    leaving = asyncio.create_task(_left(client))
    try:
        while not leaving.done():
            taking = asyncio.create_task(viewer.take())
            await asyncio.wait({leaving, taking}, return_when=asyncio.FIRST_COMPLETED)
            if not taking.done():
                taking.cancel()
                break
            for message in taking.result():
                await client.send_text(message)
    except (WebSocketDisconnect, RuntimeError):
        pass  # it left while something was sent
    finally:
        leaving.cancel()
        trainer.dismiss(viewer)


async def _left(client: WebSocket) -> None:
    """Ends when the client leaves; what it says is not heard."""
    with suppress(WebSocketDisconnect, RuntimeError):
        while (await client.receive())["type"] != "websocket.disconnect":
            pass


# ---------------------------------------------------------------------- serving


def serve(runs: Path, host: str, port: int, folders: tuple[Path, ...] = ()) -> None:
    """Serve the studio until it is interrupted.

    Raises:
        BadRequest: the port is taken, the host is not this machine's, or there are no such data.
    """
    for folder in folders:
        if not folder.exists():
            raise BadRequest(f"no file or folder {str(folder)!r}")
    if runs.exists() and not runs.is_dir():
        raise BadRequest(f"{runs} is no folder; name the one that holds the runs")
    token = "" if is_local(host) else secrets.token_urlsafe(24)
    app = application(
        runs, host=host, token=token, data={folder.resolve().name: folder.resolve() for folder in folders}
    )
    with _bound(host, port) as bound:
        where = f"http://{f'[{host}]' if ':' in host else host}:{bound.getsockname()[1]}/"
        print(f"the studio is at {where}{f'?token={token}' if token else ''}  (Ctrl-C ends it)", flush=True)
        settings = uvicorn.Config(
            app, log_level="warning", ws="websockets-sansio", ws_max_size=2**16, server_header=False, access_log=False,
            timeout_graceful_shutdown=2,
        )  # fmt: skip
        uvicorn.Server(settings).run(sockets=[bound])


def _bound(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise BadRequest(
            f"cannot listen on {host}:{port}: {error.strerror or error}; --port names another"
        ) from error
