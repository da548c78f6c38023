"""What an entry of the corpus claims beyond status and code, each as a check by its name."""

from html.parser import HTMLParser
from typing import Any

from approvals.models import ApprovalRequest, Message
from tests.approvals.bad_inputs import stories
from tests.approvals.bad_inputs.world import World


def holds(claim: str, world: World, entry: dict[str, Any], responses: list[Any]) -> None:
    """Check one claim after all of an entry's requests were answered."""
    name, _, value = claim.partition(":")
    CHECKS[name](world, entry, responses, value)


def one_approval(world: World, entry: dict[str, Any], responses: list[Any], value: str) -> None:
    assert ApprovalRequest.objects.count() == 1
    assert len({response.json()["id"] for response in responses}) == 1


def two_digests(world: World, entry: dict[str, Any], responses: list[Any], value: str) -> None:
    assert len({response.json()["digest"] for response in responses}) == len(responses)


def tier(world: World, entry: dict[str, Any], responses: list[Any], value: str) -> None:
    assert responses[0].json()["required_level"] == value


def flag(world: World, entry: dict[str, Any], responses: list[Any], value: str) -> None:
    for response in responses:
        assert value in [found["code"] for found in response.json()["flags"]]


def pages(world: World, entry: dict[str, Any], responses: list[Any], value: str) -> None:
    """The pages that show it are there, and hold no character that acts on others."""
    for page in pages_of(world, responses):
        if hidden := entry.get("hidden"):
            assert hidden not in page


def shown_as_text(world: World, entry: dict[str, Any], responses: list[Any], value: str) -> None:
    """It can be read, character for character, and has become nothing but text."""
    *_, detail = [Read.of(page) for page in pages_of(world, responses)]
    assert folded(entry["text"]) in folded(detail.text)
    for page in pages_of(world, responses):
        assert Read.of(page).born == []


def pages_of(world: World, responses: list[Any]) -> list[str]:
    found = []
    for response in responses:
        for path in ("/", f"/approvals/{response.json()['id']}/"):
            page = world.browser.get(path)
            assert page.status_code == 200, path
            found.append(page.content.decode())
    return found


class Read(HTMLParser):
    """A page as a browser would take it: its text, and elements that our templates never make."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.born: list[str] = []

    @classmethod
    def of(cls, page: str) -> "Read":
        read = cls()
        read.feed(page)
        return read

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        suspicious = any(name.startswith(("on", "hx-on")) for name in names)
        if suspicious or tag in ("img", "iframe", "object") or (tag == "script" and not names):
            self.born.append(self.get_starttag_text() or tag)
        addresses = [value or "" for name, value in attrs if name in ("href", "src", "action")]
        self.born += [url for url in addresses if url.lower().startswith(("javascript:", "data:"))]

    def handle_data(self, data: str) -> None:
        self.text += data


def folded(text: str) -> str:
    return "".join(text.split())


def one_message(world: World, entry: dict[str, Any], responses: list[Any], value: str) -> None:
    assert Message.objects.count() == 1
    assert ApprovalRequest.objects.get().status == "rejected"


def current(world: World, entry: dict[str, Any], responses: list[Any], value: str) -> None:
    for response in responses:
        approval = ApprovalRequest.objects.get()
        assert response.json()["current"]["status"] == approval.status
        assert response.json()["current"]["decision"] == approval.decided


def still_pending(world: World, entry: dict[str, Any], responses: list[Any], value: str) -> None:
    assert {approval.status for approval in ApprovalRequest.objects.all()} == {"pending"}


def www_authenticate(world: World, entry: dict[str, Any], responses: list[Any], value: str) -> None:
    for response in responses:
        assert response["WWW-Authenticate"].startswith("Bearer")


def one_sentence(world: World, entry: dict[str, Any], responses: list[Any], value: str) -> None:
    assert {response.json()["detail"] for response in responses} == {"The API key is not valid."}


def own_request_id(world: World, entry: dict[str, Any], responses: list[Any], value: str) -> None:
    for response in responses:
        assert response["X-Request-Id"].isalnum()
        assert len(response["X-Request-Id"]) == 32


def json(world: World, entry: dict[str, Any], responses: list[Any], value: str) -> None:
    assert {response["Content-Type"] for response in responses} == {"application/json"}


def no_redirect(world: World, entry: dict[str, Any], responses: list[Any], value: str) -> None:
    assert not any("Location" in response for response in responses)


def retry_after(world: World, entry: dict[str, Any], responses: list[Any], value: str) -> None:
    held_back = [response for response in responses if response.status_code == 429]
    assert held_back
    assert all(int(response["Retry-After"]) >= 1 for response in held_back)
    assert responses[-1].status_code == 201  # another agent's, after the flood


def one_line_logs(world: World, entry: dict[str, Any], responses: list[Any], value: str) -> None:
    forged = stories.FORGED.splitlines()[1]
    assert not any(line.startswith(forged) for line in world.log.getvalue().splitlines())


def no_secret_logged(world: World, entry: dict[str, Any], responses: list[Any], value: str) -> None:
    assert stories.SECRET not in world.log.getvalue()
    for key in world.keys.values():
        assert key.rsplit("_", 1)[1] not in world.log.getvalue()


CHECKS = {
    check.__name__: check
    for check in (
        one_approval,
        two_digests,
        tier,
        flag,
        pages,
        shown_as_text,
        one_message,
        current,
        still_pending,
        www_authenticate,
        one_sentence,
        own_request_id,
        json,
        no_redirect,
        retry_after,
        one_line_logs,
        no_secret_logged,
    )
}
