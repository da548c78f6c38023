"""A person in a browser, as far as the server can tell: cookies, forms, CSRF tokens."""

import re
from http.cookies import SimpleCookie

from tests.chaos.wire import Answer, Connection

# What the page of a conflict is headed with, and the status that tells of.
_ENDINGS = {
    b"approved it": "approved",
    b"rejected it": "rejected",
    b"The agent withdrew it": "cancelled",
    b"Nobody decided in time: rejected": "rejected",
}
_TITLE = re.compile(rb'id="conflict-title"[^>]*>([^<]+)<')
_TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="([^"]+)"')


class Browser:
    def __init__(self, port: int) -> None:
        self._connection = Connection(port)
        self._cookies: dict[str, str] = {}
        self._token = ""

    async def sign_in(self, name: str, password: str) -> None:
        page = await self._connection.request("GET", "/sign-in/")
        self._keep(page)
        answer = await self._post("/sign-in/", login=name, password=password)
        assert answer.status == 302, answer.body
        # Signing in gives a new token, which stands in the form of every page.
        self._keep(await self._connection.request("GET", "/", Cookie=self._cookie_header()))

    async def decide(self, approval: str, verdict: str, *, revision: int, digest: str) -> Answer:
        """303 or 302 where it was taken; else the page that says why not."""
        said = {"verdict": verdict, "revision": str(revision), "digest": digest}
        return await self._post(f"/approvals/{approval}/decide/", **said)

    async def _post(self, path: str, **fields: str) -> Answer:
        fields["csrfmiddlewaretoken"] = self._token
        answer = await self._connection.post_form(path, fields, Cookie=self._cookie_header())
        self._keep(answer)
        return answer

    def _cookie_header(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def _keep(self, answer: Answer) -> None:
        for line in answer.headers.get("set-cookie", []):
            cookies = SimpleCookie(line)
            self._cookies |= {name: morsel.value for name, morsel in cookies.items()}
        if found := _TOKEN.search(answer.body):
            self._token = found[1].decode()


def status_told_by(conflict: Answer) -> str | None:
    """What became of the request, from the heading of the page that says so."""
    heading = _TITLE.search(conflict.body)
    ended = (status for words, status in _ENDINGS.items() if heading and words in heading[1])
    return next(ended, None)
