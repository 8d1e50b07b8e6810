"""The task that calls a service over HTTP."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, ClassVar

from dlaaw_nb.errors import TaskError
from dlaaw_nb.tasks.json_values import json_text
from dlaaw_nb.tasks.ready import ReadyTask
from dlaaw_nb.workflow.context import context
from dlaaw_nb.workflow.policy import Policy
from dlaaw_nb.workflow.port import Port
from dlaaw_nb.workflow.port_type import port_type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["HTTPCall"]

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
_BODILESS = ("GET", "HEAD")
_EXPECT = {"json": "any", "text": "str", "file": "file"}
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}")
_CHUNK_BYTES = 1 << 16
_SHOWN_BYTES = 2000


@dataclass(frozen=True)
class HTTPCall(ReadyTask):
    """Call a service over HTTP, and give what it answers.

    Parameters
    ----------
    url : str
        Where; it begins with ``http://`` or ``https://``. The optional input ``query`` is added
        to it.
    method : {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"}
        How it is asked. The optional input ``body`` is sent as JSON.
    headers : mapping of str to str
        Sent with it; ``${NAME}`` stands for a variable of the environment, so that no password
        stands in a workflow. They are not sent on to another server.
    expect : {"json", "text", "file"}
        What comes.
    file_name : str
        Name of the file, without folders.
    timeout_s : float
        Seconds to wait for each piece of the answer, above 0 and below 3600.
    most_bytes : int
        Largest answer.

    Raises
    ------
    GraphError
        When a parameter is out of its range.

    Notes
    -----
    A service may answer differently each time, so that the task is not cached unless its policy
    says so. Redirections are followed.
    """

    palette_group = "Scripts and services"
    carries_code: ClassVar[bool] = True
    policy = Policy(cached=False)

    url: str = ""
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    expect: str = "json"
    file_name: str = "response"
    timeout_s: float = 30.0
    most_bytes: int = 256 * 2**20

    def __post_init__(self) -> None:
        self._check_url()
        self._check_choice("method", _METHODS)
        self._check_words("headers", "names of headers to text")
        for name, value in self.headers.items():
            if not _HEADER.fullmatch(name) or not value.isprintable():
                raise self._refuse("headers", "names of headers to text on one line")
        self._check_choice("expect", _EXPECT)
        self._check_file_name()
        self._check_number("timeout_s", 0, 3600)
        self._check_count("most_bytes", 1)

    def _check_url(self) -> None:
        from urllib.parse import urlsplit

        self._check_text("url", empty=False)
        try:
            parts = urlsplit(self.url)
            fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            fits = False
        if not fits or not self.url.isprintable() or " " in self.url:
            raise self._refuse("url", "a URL that starts with http:// or https://")
        if "@" in parts.netloc:
            mend = "Send them as a header: {'Authorization': '${NAME}'}."
            raise self._refuse("url", "a URL without a name and password", mend)

    @property
    def outputs(self) -> tuple[Port, ...]:
        """One port, of the type that `expect` names."""
        return (Port("output", port_type(_EXPECT[self.expect]), "output"),)

    def run(self, body: dict[str, Any] | None = None, query: dict[str, Any] | None = None) -> Any:
        """Make the call."""
        import http.client
        import urllib.error

        request = self._request(body, query)
        try:
            with _opener(self.headers).open(request, timeout=self.timeout_s) as answer:
                return self._taken(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise self._failure(error) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = str(getattr(error, "reason", "") or error) or type(error).__name__
            raise TaskError(
                f"{self.method} {self.url}: the service did not answer ({reason}). Check the "
                "address and the network; retries=2 tries again."
            ) from error

    def _request(self, body: Mapping[str, Any] | None, query: Mapping[str, Any] | None) -> Any:
        from urllib.parse import urlencode
        from urllib.request import Request

        if body is not None and self.method in _BODILESS:
            raise TaskError(
                f"{self.where}: expected no body for {self.method}, got one. Set method='POST', or "
                "give it as query."
            )
        url, _, _fragment = self.url.partition("#")
        if query:
            pairs = {name: _query_text(value) for name, value in query.items()}
            url += ("&" if "?" in url else "?") + urlencode(pairs, doseq=True)
        headers = {"User-Agent": "dlaaw_nb", "Accept": "application/json, */*"}
        data = None
        if body is not None:
            data = json_text(f"{self.where}, body", body).encode()
            headers["Content-Type"] = "application/json"
        headers |= {name: self._header(value) for name, value in self.headers.items()}
        return Request(url, data, headers, method=self.method)  # noqa: S310 - scheme checked

    def _header(self, value: str) -> str:
        missing = [name for name in _VARIABLE.findall(value) if name not in os.environ]
        if missing:
            raise TaskError(
                f"{self.where}: headers: expected the environment to have {missing[0]}, it has "
                "not. Set the variable before the run."
            )
        return _VARIABLE.sub(lambda found: os.environ[found[1]], value)

    def _taken(self, answer: Any) -> Any:
        if self.expect == "file":
            path = context().folder / self.file_name
            with path.open("wb") as file:
                self._copy(answer, file.write)
            return path
        content = bytearray()
        self._copy(answer, content.extend)
        if self.expect == "text":
            return self._decoded(answer, content)
        try:
            return json.loads(bytes(content))
        except (ValueError, RecursionError) as error:
            raise TaskError(
                f"{self.method} {self.url}: expected JSON, got {_shown(bytes(content[:200]))!r} "
                f"({error}). Set expect to 'text' or 'file'."
            ) from error

    def _copy(self, answer: IO[bytes], take: Callable[[bytes], Any]) -> None:
        """Hand the answer on piece by piece."""
        made, taken = context(), 0
        while chunk := answer.read(_CHUNK_BYTES):
            taken += len(chunk)
            if taken > self.most_bytes:
                raise TaskError(
                    f"{self.method} {self.url}: expected at most {self.most_bytes:,} bytes, got "
                    "more. Raise most_bytes, or ask for less."
                )
            if made.cancelled:
                raise TaskError(f"{self.method} {self.url}: left, for the task was cancelled.")
            take(chunk)
        wanted = getattr(answer, "length", None)  # what is left of the announced length
        if wanted and self.method != "HEAD":
            raise TaskError(
                f"{self.method} {self.url}: expected {taken + wanted:,} bytes, got {taken:,} "
                "before the connection ended. Try again (retries=2)."
            )

    def _decoded(self, answer: Any, content: bytearray) -> str:
        charset = answer.headers.get_content_charset() or "utf-8"
        try:
            return content.decode(charset)
        except (LookupError, UnicodeError) as error:
            raise TaskError(
                f"{self.method} {self.url}: expected text in {charset}, got something else "
                f"({error}). Set expect='file'."
            ) from error

    def _failure(self, error: Any) -> TaskError:
        body = _shown(error.read(_SHOWN_BYTES)).strip()
        tail = f" It says:\n{body}" if body else ""
        return TaskError(
            f"{self.method} {self.url}: expected a status from 200 to 299, got {error.code} "
            f"{error.reason}.{tail}"
        )


def _opener(private: Mapping[str, str]) -> Any:
    """Make what opens http and https only, and hands headers to no other server."""
    import urllib.request as web
    from urllib.parse import urlsplit

    class Redirection(web.HTTPRedirectHandler):
        def redirect_request(self, req: Any, *rest: Any) -> Any:
            following = super().redirect_request(req, *rest)
            if following is None:
                return None
            old, new = urlsplit(req.full_url), urlsplit(following.full_url)
            if (old.scheme, old.netloc) != (new.scheme, new.netloc):
                for name in private:
                    following.remove_header(name.capitalize())
            return following

    opener = web.OpenerDirector()
    for handler in (
        web.ProxyHandler, web.HTTPHandler, web.HTTPSHandler, web.HTTPDefaultErrorHandler,
        web.HTTPErrorProcessor, web.UnknownHandler, Redirection,
    ):  # fmt: skip
        opener.add_handler(handler())
    return opener


def _query_text(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_query_text(item) for item in value]
    return ("true" if value else "false") if isinstance(value, bool) else value


def _shown(content: bytes) -> str:
    return content.decode(errors="replace")
