"""The studio: who may ask, what is confined, and that it trains, uses, compares and judges as the package does."""

import base64
import io
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from multiprocessing import Pipe
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

pytest.importorskip("starlette", reason="needs the extra `studio`")
pytest.importorskip("httpx", reason="the test client of starlette needs httpx")

from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from toys import engine_of

import rivalry
from rivalry.catalog import CATALOG, find, maker
from rivalry.cli.app import app
from rivalry.data import open_data
from rivalry.errors import BadRequest
from rivalry.human import Study
from rivalry.play.goal import Goal
from rivalry.report.family import PARENTS, family
from rivalry.studio import frames, guard
from rivalry.studio.compared import differences, equal_rounds
from rivalry.studio.family import about
from rivalry.studio.live import Pace, learn
from rivalry.studio.server import application
from rivalry.studio.shelf import Shelf
from rivalry.studio.trainer import Trainer

PAGE = Path(rivalry.__file__).parent / "studio" / "page"
HOME = "http://127.0.0.1:8000"
QUICK = {"measure": False, "quiet": True}
PLANE = {"game": "gan", "data": "ring", "seed": 4, "settings": {"width": 16}}


def in_a_thread(asked, line):
    """What runs a training in these tests: a thread, which costs no second import of torch."""
    worker = threading.Thread(target=learn, args=({**asked, "measure": False}, line), daemon=True)
    worker.start()
    return worker


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs on digits and one in the plane."""
    folder = tmp_path_factory.mktemp("runs")
    for name, settings in {"one": {"width": 16}, "two": {"width": 24}}.items():
        rivalry.train("gan", "digits", run=folder / name, rounds=3, recipe="paper", **settings, **QUICK)
    rivalry.train("gan", "ring", run=folder / "plane", rounds=8, seed=4, width=16, **QUICK)
    return folder


@pytest.fixture
def client(runs: Path) -> Iterator[TestClient]:
    with TestClient(application(runs, trainer=Trainer(in_a_thread)), HOME) as one:
        yield one


def post(client: TestClient, path: str, **asked):
    return client.post(path, json=asked)


# ---------------------------------------------------------------------- who may ask


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example:8000"},
        {"host": ""},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_what_another_page_asks_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    assert client.get("/api/runs").status_code == 200
    assert client.get("/api/runs", headers=headers).status_code == 403
    assert client.post("/api/live", json={"do": "stop"}, headers=headers).status_code == 403


def test_a_form_of_another_page_starts_nothing(client: TestClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = client.post("/api/train", content=b'{"game": "gan"}', headers={"content-type": kind})
        assert answer.status_code == 403


def test_a_socket_needs_our_own_origin(client: TestClient) -> None:
    for origin in ({}, {"origin": "http://evil.example"}):
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/watch", headers=origin):
            pass
    with client.websocket_connect("/watch", headers={"host": "127.0.0.1:8000", "origin": HOME}) as looking:
        assert json.loads(looking.receive_text())["is"] == "state"


def test_from_elsewhere_one_needs_the_token(runs: Path) -> None:
    guarded = application(runs, host="192.0.2.7", token="a-token")
    client = TestClient(guarded, "http://192.0.2.7:8000")
    assert client.get("/").status_code == 401
    assert client.get("/?token=wrong").status_code == 401
    assert client.get("/", headers={"cookie": f"{guard.COOKIE}=wrong"}).status_code == 401
    assert client.get("/api/runs").status_code == 401
    entered = client.get("/?token=a-token", follow_redirects=False)
    assert entered.status_code == 303 and "HttpOnly; SameSite=Strict" in entered.headers["set-cookie"]
    assert client.get("/page/main.js").status_code == 200  # the client keeps the cookie


def test_too_much_is_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MOST_BYTES", 100)
    assert client.post("/api/live", json={"do": "x" * 200}).status_code == 403
    parts = (b"x" * 60 for _ in range(3))  # no length is told
    answer = client.post("/api/live", content=parts, headers={"content-type": "application/json"})
    assert answer.status_code == 413


def test_a_picture_of_too_many_pixels_is_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rivalry.studio.asked.MOST_PIXELS", 63)
    answer = post(client, "/api/use/invert", run="one", picture=in_base64(Image.new("L", (8, 8))))
    assert answer.status_code == 400 and "63 pixels" in answer.json()["error"]
    answer = post(client, "/api/use/invert", run="one", picture=base64.b64encode(b"%!PS-Adobe").decode())
    assert answer.status_code == 400 and "cannot be read as a picture" in answer.json()["error"]


@pytest.mark.parametrize("name", ["..", "../one", ".one", "one/samples", "", "a" * 200, "one\n", "~"])
def test_a_name_leads_nowhere_else(runs: Path, name: str) -> None:
    with pytest.raises(BadRequest):
        Shelf(runs).run(name)


def test_a_link_is_not_followed(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(runs / "one")
    with pytest.raises(BadRequest, match="is a link"):
        Shelf(tmp_path).run("linked")
    assert Shelf(tmp_path).runs() == []


def test_answers_name_no_path_of_the_machine(client: TestClient, runs: Path) -> None:
    asked = [
        client.get(path) for path in ("/api/runs", "/api/run/one", "/api/run/none", "/api/sheet/one/9.png")
    ]
    asked += [post(client, "/api/train", game="gan", data=str(runs)), post(client, "/api/resume", run="none")]
    asked += [
        post(client, "/api/use/facts", run="../one"),
        post(client, "/api/compare", runs=["one", "none"]),
    ]
    assert [answer.status_code for answer in asked] == [200, 200, 400, 400, 400, 400, 400, 400]
    assert not [
        answer.text for answer in asked if str(runs) in answer.text or str(Path.home()) + "/" in answer.text
    ]


def test_an_answer_may_load_nothing_from_elsewhere(client: TestClient) -> None:
    headers = client.get("/").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert client.get("/page/..%2fserver.py").status_code == client.get("/page/none.js").status_code == 404


def test_what_cannot_be_served_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    studio = lambda *words: CliRunner().invoke(app, ["studio", *words], catch_exceptions=False)
    (tmp_path / "file").touch()
    with pytest.raises(BadRequest, match="is no folder"):
        studio(str(tmp_path / "file"))
    with pytest.raises(BadRequest, match="no file or folder"):
        studio(str(tmp_path), "--data", str(tmp_path / "none"))
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(BadRequest, match="--port names another"),
    ):
        studio(str(tmp_path), "--port", str(taken.getsockname()[1]))
    monkeypatch.setattr("rivalry.cli.studio.find_spec", lambda name: None)
    with pytest.raises(BadRequest, match=r"rivalry\[studio\]"):
        studio(str(tmp_path))


# ---------------------------------------------------------------------- the page


def test_the_page_is_small_and_makes_no_markup_of_text() -> None:
    written = {file.name: file.read_text() for file in PAGE.iterdir()}
    assert sum(len(text.encode()) for text in written.values()) < 300_000
    for name, text in written.items():
        for forbidden in (
            "innerHTML",
            "outerHTML",
            "insertAdjacent",
            "document.write",
            "eval(",
            "https://",
            "//cdn",
        ):
            assert forbidden not in text, name


def test_every_word_of_the_page_is_in_both_languages() -> None:
    table = (PAGE / "words.js").read_text()
    pairs = re.findall(r'(\w+): \[\s*"((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)"\s*\]', table)
    known = {name for name, english, chinese in pairs if english and chinese}
    said = {
        name
        for file in PAGE.glob("*.js")
        for name in re.findall(r'\b(?:say|button|number)\("(\w+)"', file.read_text())
    }
    assert len(said) > 60 and said <= known


# ---------------------------------------------------------------------- family


def test_parents_are_known_and_not_younger() -> None:
    year = {entry.name: entry.year for entry in CATALOG}
    assert set(PARENTS) <= set(year)
    for child, parents in PARENTS.items():
        assert set(parents) <= set(year), child
        assert all(year[parent] <= year[child] for parent in parents), child


def test_nobody_is_among_his_own_forebears() -> None:
    forebears = lambda name: {name for one in PARENTS.get(name, ()) for name in ({one} | forebears(one))}
    assert not [name for name in PARENTS if name in forebears(name)]


def test_a_game_tells_what_it_is() -> None:
    assert [one["name"] for one in family()] == [entry.name for entry in CATALOG]
    told = about("gan")
    fields = {one["name"]: one for one in told["settings"]}
    assert "2014" in told["doc"] and "lr" in fields and any(one["choices"] for one in told["settings"])
    assert "ring" in told["data"] and "oracle" not in told["data"]


# ---------------------------------------------------------------------- live


def test_what_makes_no_sense_is_refused_beside_its_field(client: TestClient) -> None:
    answer = post(client, "/api/train", game="gan", data="ring", settings={"width": "12", "lr": "-1"}).json()
    assert answer["field"] == "lr" and "> 0" in answer["error"]
    assert post(client, "/api/train", game="gan", data="rong").json()["field"] == "data"
    assert post(client, "/api/live", do="play").json()["error"] == "nothing is being trained"


def until(looking, kind: str, true=lambda told: True) -> dict:
    """The first message of this kind for which something is true; what comes before is left."""
    for _ in range(300):
        message = json.loads(looking.receive_text())
        if message["is"] == kind and true(message["told"]):
            return message["told"]
    raise AssertionError(f"no {kind}")


def test_a_game_is_learned_turn_by_turn_and_is_an_ordinary_run(client: TestClient, runs: Path) -> None:
    with client.websocket_connect("/watch", headers={"host": "127.0.0.1:8000", "origin": HOME}) as looking:
        name = post(client, "/api/train", **PLANE, rounds=8, paused=True).json()["run"]
        begun = until(looking, "begun")
        assert begun["players"] == ["generator", "critic"] and len(begun["real"]) > 100
        shown = until(looking, "frame")
        assert shown["t"] == 1 and len(shown["surface"]["values"]) == shown["surface"]["size"] ** 2
        assert len(shown["made"]) == 400 and len(shown["arrows"][0]) == 4 and shown["modes"]["of"] == 8
        refused = post(client, "/api/train", game="gan", data="ring").json()
        assert "one training at a time" in refused["error"]
        for player in ("critic", "generator"):
            post(client, "/api/live", do="turn")
            turn = until(looking, "turn")
            assert turn["moves"][0]["player"] == player and turn["moves"][0]["notes"]["gradient"] > 0
        post(client, "/api/live", do="turn")
        assert until(looking, "turn") == {"t": 2, "turn": 0, "moves": []}
        post(client, "/api/live", do="round")
        until(looking, "frame", lambda told: told["t"] == 3)
        post(client, "/api/live", do="play")
        assert until(looking, "ended") == {"run": name, "how": "done"}
    watched, alone = (rivalry.Run.open(runs / one).read("newest") for one in (name, "plane"))
    assert watched[0].round == alone[0].round == 8
    assert all(torch.equal(watched[1][key], alone[1][key]) for key in alone[1])
    assert (runs / name / "report.html").exists()


def test_two_games_are_trained_side_by_side_on_the_same_data_and_seed(client: TestClient, runs: Path) -> None:
    ours = {"host": "127.0.0.1:8000", "origin": HOME}
    asked = {**PLANE, "beside": "gan", "beside_settings": {"width": "8"}, "rounds": 10**6}
    refused = post(client, "/api/train", **{**asked, "beside_settings": {"lr": "-1"}}).json()
    assert refused["field"] == "beside.lr"
    with (
        client.websocket_connect("/watch", headers=ours) as one,
        client.websocket_connect("/watch/beside", headers=ours) as two,
    ):
        names = post(client, "/api/train", **asked).json()
        shown = [until(looking, "frame", lambda told: told["t"] > 1) for looking in (one, two)]
        assert all(len(each["made"]) in (frames.FEW, frames.MADE) for each in shown)
        assert "one training at a time" in post(client, "/api/train", **PLANE).json()["error"]
        post(client, "/api/live", do="stop")  # tells both
        for looking, name in ((one, names["run"]), (two, names["beside"])):
            assert until(looking, "ended") == {"run": name, "how": "stopped"}
    configs = [rivalry.Run.open(runs / name).config for name in (names["run"], names["beside"])]
    assert [config["settings"]["width"] for config in configs] == [16, 8]
    assert len({(config["data"], config["seed"]) for config in configs}) == 1


def test_a_distribution_that_was_drawn_is_learned(client: TestClient, runs: Path) -> None:
    points = torch.randn(60, 2).clamp(-3, 3).tolist()
    name = post(client, "/api/draw", points=points).json()["data"]
    assert name in [one["name"] for one in client.get("/api/data").json()["data"]]
    with client.websocket_connect("/watch", headers={"host": "127.0.0.1:8000", "origin": HOME}) as looking:
        run = post(
            client, "/api/train", **{**PLANE, "data": name, "settings": {"width": 16, "batch": 20}}, rounds=2
        )
        assert len(until(looking, "begun")["real"]) == 60
        assert until(looking, "ended") == {"run": run.json()["run"], "how": "done"}
    told = client.get(f"/api/run/{run.json()['run']}").json()["about"]["data"]
    assert str(runs) not in told
    assert post(client, "/api/draw", points=points[:5]).status_code == 400


def trained(tmp_path: Path, *commands: dict, rounds: int = 20) -> tuple[Path, list[tuple[str, dict]]]:
    """A run that was told these commands in advance, and what it sent."""
    ours, theirs = Pipe()
    for command in commands:
        ours.send(command)
    worker = in_a_thread({**PLANE, "rounds": rounds, "run": str(tmp_path / "run")}, theirs)
    sent = []
    while not sent or sent[-1][0] != "ended":
        kind, text = ours.recv()
        sent.append((kind, json.loads(text)))
    worker.join()
    return tmp_path / "run", sent


def test_a_step_size_is_changed_in_flight_and_the_run_says_so(tmp_path: Path, runs: Path) -> None:
    path, _ = trained(tmp_path, {"do": "rate", "factor": 0.01}, rounds=8)
    said = [line["message"] for line in rivalry.Run.open(path).lines() if line.get("event") == "changed"]
    assert said == ["each step size is 0.01 times its own from here on, while this training lasts"]
    _, weights, _ = rivalry.Run.open(path).read("newest")
    _, others, _ = rivalry.Run.open(runs / "plane").read("newest")
    name = next(name for name in weights if name.startswith("G.") and name.endswith("weight"))
    assert not torch.equal(weights[name], others[name])


def test_a_frame_is_made_when_the_last_was_taken(tmp_path: Path) -> None:
    """Nobody answers "ready": one frame is sent, and the training goes on to its end."""
    _, sent = trained(tmp_path)
    assert [kind for kind, _ in sent] == ["begun", "frame", "ended"]


def test_the_surface_comes_with_some_frames_and_then_there_are_more_points() -> None:
    engine = engine_of(maker(find("gan")), open_data("ring"))
    engine.play(Goal(rounds=1))
    few, whole = (frames.frame(engine, whole=each) for each in (False, True))
    assert len(few["made"]) == frames.FEW and "surface" not in few and few["modes"]["of"] == 8
    assert whole["made"][: frames.FEW] == few["made"]  # of the same codes
    assert len(whole["surface"]["values"]) == whole["surface"]["size"] ** 2


@pytest.mark.parametrize("between", [0.001, 0.3, 0.7])
def test_what_takes_a_share_of_the_time_takes_it_in_the_mean(
    monkeypatch: pytest.MonkeyPatch, between: float
) -> None:
    now, taken, pace = 0.0, 0.0, Pace(0.1)
    monkeypatch.setattr("time.perf_counter", lambda: now)
    pace.took(5.0)  # the first, of which one says nothing
    while now < 300:
        now += between  # it is asked between two rounds only
        if pace.is_due():
            now += 0.1
            taken += 0.1
            pace.took(0.1)
    assert 0.095 < taken / now < 0.105


def test_what_was_late_for_long_is_not_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now, pace = 0.0, Pace(0.1)
    monkeypatch.setattr("time.perf_counter", lambda: now)
    pace.took(1.0)
    now = 1000.0
    pace.took(1.0)
    assert pace.next == now
    pace.took(1.0)
    assert pace.next == now + 10


def test_a_training_whose_studio_has_gone_saves_and_ends(tmp_path: Path) -> None:
    ours, theirs = Pipe()
    asked = {**PLANE, "rounds": 10**6, "run": str(tmp_path / "run")}
    worker = in_a_thread(asked, theirs)
    ours.recv()
    ours.close()
    worker.join(20)
    assert not worker.is_alive()
    assert rivalry.Run.open(tmp_path / "run").newest()[0].round >= 1


def test_a_slow_viewer_gets_the_newest_frame_alone() -> None:
    import asyncio

    from rivalry.studio.trainer import Viewer

    async def look() -> list[str]:
        viewer = Viewer(asyncio.get_running_loop())
        for k in range(1000):
            viewer.put("frame", str(k))
        viewer.put("turn", "0")
        await asyncio.sleep(0)
        return await viewer.take()

    assert asyncio.run(look()) == ['{"is":"frame","told":999}', '{"is":"turn","told":0}']


def test_a_training_that_cannot_begin_says_why(tmp_path: Path) -> None:
    ours, theirs = Pipe()
    in_a_thread({"game": "dcgan", "data": "ring", "run": str(tmp_path / "run")}, theirs)
    kind, text = ours.recv()
    assert kind == "ended" and json.loads(text)["how"] == "failed" and json.loads(text)["why"]


# ---------------------------------------------------------------------- use


def in_base64(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "png")
    return base64.b64encode(file.getvalue()).decode()


def test_a_generator_is_used(client: TestClient) -> None:
    facts = post(client, "/api/use/facts", run="one").json()
    assert facts["latent"] and facts["image"] and facts["shape"] == [1, 8, 8]
    found = post(client, "/api/use/sample", run="one", n=3, seed=5).json()
    assert len(found["pictures"]) == len(found["codes"]) == 3
    code, other = found["codes"][:2]
    still = post(client, "/api/use/steer", run="one", code=code, amounts={}).json()
    moved = post(
        client, "/api/use/steer", run="one", code=code, amounts={"direction": {"0": 3}, "number": {"1": 1}}
    ).json()
    assert still["pictures"] == found["pictures"][:1] and moved["codes"] != still["codes"]
    back = {"between": 1.0}
    turned = post(
        client, "/api/use/steer", run="one", code=other, amounts=back, plus=[code], minus=[other]
    ).json()
    assert torch.allclose(torch.tensor(turned["codes"][0]), torch.tensor(code), atol=1e-4, rtol=0)
    way = post(client, "/api/use/path", run="one", **{"from": code, "to": other}, steps=3).json()
    assert way["codes"][0] == code and way["codes"][2] == other
    paint = Image.new("RGBA", (8, 8))
    paint.putpixel((3, 4), (255, 255, 255, 255))
    done = post(client, "/api/use/brush", run="one", code=code, paint=in_base64(paint), steps=2).json()
    assert len(done["pictures"]) == 8 and len(done["inside"]) == 8


@pytest.mark.parametrize(
    ("what", "asked", "words"),
    [
        ("sample", {"n": 10**6}, "from 1 to 64"),
        ("sample", {"seed": "1; drop"}, "whole number"),
        ("steer", {"code": [0, 1], "amounts": {}}, "finite numbers"),
        ("steer", {"code": None, "amounts": {}}, "finite numbers"),
        ("brush", {"code": "x"}, "nothing was painted"),
        ("launch", {}, "the studio can"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    client: TestClient, what: str, asked: dict, words: str
) -> None:
    answer = post(client, f"/api/use/{what}", run="one", **asked)
    assert answer.status_code == 400 and words in answer.json()["error"]


def test_the_brush_of_the_command_line_is_the_same(client: TestClient, runs: Path, tmp_path: Path) -> None:
    paint = Image.new("RGBA", (8, 8))
    paint.paste((255, 255, 255, 255), (2, 2, 5, 5))
    paint.save(tmp_path / "paint.png")
    words = [
        "edit",
        "brush",
        str(runs / "one"),
        "--paint",
        str(tmp_path / "paint.png"),
        "-o",
        str(tmp_path / "x.png"),
    ]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0 and (tmp_path / "x.png").exists()
    code = post(client, "/api/use/sample", run="one", n=1).json()["codes"][0]
    shown = post(client, "/api/use/brush", run="one", code=code, paint=in_base64(paint)).json()
    kept = np.load(tmp_path / "x.npz")
    np.testing.assert_allclose(kept["codes"], np.array(shown["codes"]), atol=1e-4)
    assert kept["inside"][0] < 1
    Image.new("RGB", (8, 8)).save(tmp_path / "flat.png")
    with pytest.raises(BadRequest, match="has no alpha"):
        CliRunner().invoke(app, [*words[:4], str(tmp_path / "flat.png")], catch_exceptions=False)


# ---------------------------------------------------------------------- compare


def test_runs_are_compared(client: TestClient) -> None:
    found = post(client, "/api/compare", runs=["one", "two"]).json()
    assert {row["name"]: row["values"] for row in found["different"]} == {"width": ["16", "24"]}
    assert (
        found["rows"] and client.get(f"/api/sheet/one/{found['rows'][-1][0]:06d}.png").content[1:4] == b"PNG"
    )
    assert post(client, "/api/compare", runs=["one"]).status_code == 400


def test_rounds_and_settings_are_set_side_by_side() -> None:
    assert equal_rounds([[10, 20, 30], [5, 19]]) == [[10, 19]]
    assert equal_rounds([[1, 2, 3], [1, 2, 3]]) == [[1, 1], [2, 2], [3, 3]]
    assert differences([{"lr": "1", "a": "x"}, {"lr": "1", "b": "y"}]) == [
        {"name": "a", "values": ["x", ""]},
        {"name": "b", "values": ["", "y"]},
    ]


# ---------------------------------------------------------------------- judge


def test_a_study_of_twenty_questions_is_that_of_rivalry_human(client: TestClient, runs: Path) -> None:
    study = post(client, "/api/judge/new", runs=["one"], kind="real-or-fake", n=15).json()["study"]
    who = {"study": study, "judge": "judge-1"}
    asked = post(client, "/api/judge/next", **who).json()["question"]
    assert post(client, "/api/judge/next", **who).json()["question"] == asked  # a page that was loaded again
    for k in range(20):
        image = client.get(f"/api/judged/{study}/{asked['items'][0]}.png")
        assert image.headers["content-type"] == "image/png" and image.content[1:4] == b"PNG"
        answer = {**who, "items": asked["items"], "answer": ["real", "fake"][k % 2], "seconds": 0.5}
        asked = post(client, "/api/judge/answer", **answer).json()["question"]
    assert post(client, "/api/judge/answer", **{**answer, "items": [0]}).status_code == 400
    assert post(client, "/api/judge/next", **who).json()["answered"] == 20
    with Study.open(runs / study) as opened:
        own = [score.to_json() for score in opened.result()]
    assert post(client, "/api/judge/result", **who).json()["scores"] == json.loads(json.dumps(own))
    assert any(score["details"].get("interval") for score in own)
    assert client.get(f"/api/judged/{study}/99999.png").status_code == 400
    assert study in client.get("/api/runs").json()["studies"]


def test_the_clock_of_a_paused_training_is_no_play(tmp_path: Path) -> None:
    ours, theirs = Pipe()
    asked = {**PLANE, "rounds": 3, "run": str(tmp_path / "run"), "paused": True}
    worker = in_a_thread(asked, theirs)
    ours.recv()
    time.sleep(0.5)
    ours.send({"do": "play"})
    worker.join(20)
    last = [line for line in rivalry.Run.open(tmp_path / "run").lines() if line.get("event") == "done"][-1]
    assert last["seconds"] - last["in_play"] > 0.4
