"""Calls to a real server on this machine."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from task_support import in_folder

from dlaaw_nb.errors import GraphError, TaskError
from dlaaw_nb.tasks.http_call import HTTPCall


class Handler(BaseHTTPRequestHandler):
    other = ""

    def do_GET(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length).decode()
        path = self.path.partition("?")[0]
        if path in ("/there", "/away", "/ftp"):
            target = {"/there": "/echo", "/away": f"{self.other}/echo", "/ftp": "ftp://x/y"}[path]
            return self.answer(302, b"", Location=target)
        if path == "/broken":
            return self.answer(503, b"the queue is full\n<b>later</b>")
        if path == "/large":
            return self.answer(200, b"x" * 100_000)
        if path == "/latin":
            return self.answer(
                200, "grün".encode("latin-1"), **{"Content-Type": "text/plain; charset=latin-1"}
            )
        if path == "/cut":
            return self.answer(200, b"half", **{"Content-Length": "100"})
        if path == "/slow":
            threading.Event().wait(3)
        headers = {name.lower(): value for name, value in self.headers.items()}
        told = {"method": self.command, "path": self.path, "body": body, "headers": headers}
        return self.answer(200, json.dumps(told).encode())

    do_POST = do_GET  # noqa: N815 - as the server wants it

    def answer(self, status, content, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def serve():
    servers = []

    def start(other=""):
        kind = type("Own", (Handler,), {"other": other})
        server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def made(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with in_folder(tmp_path / "try", "HTTPCall1") as context:
        yield context


def test_http_call_query_and_headers_are_sent(serve, monkeypatch):
    monkeypatch.setenv("DLAAW_TOKEN", "s3cret")
    task = HTTPCall(serve() + "/echo?a=1", headers={"Authorization": "Bearer ${DLAAW_TOKEN}"})
    told = task.run(query={"b": "x y", "c": [1, 2], "d": True})
    assert told["path"] == "/echo?a=1&b=x+y&c=1&c=2&d=true"
    assert told["headers"]["authorization"] == "Bearer s3cret"
    assert "s3cret" not in json.dumps(task.parameters)


def test_http_call_body_is_json(serve):
    told = HTTPCall(serve() + "/echo", method="POST").run(body={"n": [1, None]})
    assert told["method"] == "POST"
    assert json.loads(told["body"]) == {"n": [1, None]}
    assert told["headers"]["content-type"] == "application/json"
    with pytest.raises(TaskError, match="no body for GET"):
        HTTPCall(serve() + "/echo").run(body={"n": 1})


def test_http_call_ports_follow_what_is_expected():
    for expect, kind in (("json", "any"), ("text", "str"), ("file", "file")):
        task = HTTPCall("http://x/", expect=expect)
        assert [port.type.name for port in task.outputs] == [kind]
        assert [(port.name, port.required) for port in task.inputs] == [
            ("body", False),
            ("query", False),
        ]
    assert not task.policy.cached
    assert task.carries_code


def test_http_call_text_and_file_come_whole(serve, made):
    url = serve()
    assert HTTPCall(url + "/latin", expect="text").run() == "grün"
    path = HTTPCall(url + "/large", expect="file", file_name="x.bin").run()
    assert path == made.folder / "x.bin"
    assert path.stat().st_size == 100_000


def test_http_call_failure_shows_status_and_body(serve):
    with pytest.raises(TaskError, match="got 503") as caught:
        HTTPCall(serve() + "/broken").run()
    assert "the queue is full" in str(caught.value)


@pytest.mark.parametrize(
    ("path", "parameters", "text"),
    [
        ("/large", {"most_bytes": 1000, "expect": "text"}, "at most 1,000 bytes"),
        ("/large", {}, "expected JSON, got 'xxx"),
        ("/cut", {"expect": "text"}, "expected 100 bytes, got 4"),
        ("/slow", {"timeout_s": 0.3}, "did not answer"),
        ("/ftp", {}, "ftp"),
        ("/echo", {"headers": {"A": "${DLAAW_NOT_THERE}"}}, "to have DLAAW_NOT_THERE"),
    ],
)
def test_http_call_wrong_answer_is_an_error(serve, path, parameters, text):
    with pytest.raises(TaskError, match=text):
        HTTPCall(serve() + path, **parameters).run()


def test_http_call_nobody_listens_is_an_error(serve):
    url = serve()
    port = int(url.rpartition(":")[2])
    with pytest.raises(TaskError, match="did not answer"):
        HTTPCall(f"http://127.0.0.1:{port}1/" if port < 6553 else "http://127.0.0.1:1/").run()


def test_http_call_headers_do_not_go_to_another_server(serve):
    other = serve()
    url = serve(other)
    headers = {"Authorization": "Bearer x", "X-Key": "y"}
    stayed = HTTPCall(url + "/there", headers=headers).run()["headers"]
    went = HTTPCall(url + "/away", headers=headers).run()["headers"]
    assert (stayed["authorization"], stayed["x-key"]) == ("Bearer x", "y")
    assert "authorization" not in went
    assert "x-key" not in went


def test_http_call_cancelled_is_left(serve, made):
    made.end.set()
    with pytest.raises(TaskError, match="cancelled"):
        HTTPCall(serve() + "/large", expect="text").run()


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"url": ""}, "url"),
        ({"url": "file:///etc/passwd"}, "http:// or https://"),
        ({"url": "http://me:pass@x/"}, "without a name and password"),
        ({"url": "http://x/a b"}, "url"),
        ({"url": "http://x:99999/"}, "url"),
        ({"url": "http://x/", "method": "TRACE"}, "method"),
        ({"url": "http://x/", "headers": {"A": "b\r\nC: d"}}, "on one line"),
        ({"url": "http://x/", "headers": {"A B": "c"}}, "headers"),
        ({"url": "http://x/", "expect": "xml"}, "expect"),
        ({"url": "http://x/", "file_name": "a/b"}, "bare file name"),
        ({"url": "http://x/", "timeout_s": 0}, "timeout_s"),
    ],
)
def test_http_call_wrong_parameter_is_refused(parameters, text):
    with pytest.raises(GraphError, match=text):
        HTTPCall(**parameters)
