import pytest

import placet


@pytest.fixture
def client_of(connect, clock):
    def make(server, **given):
        return connect(transport=server.transport, clock=clock, **given)

    return make


class TestWhereTheServerIs:
    def test_is_read_from_the_environment(self, client_of, server, body, monkeypatch):
        monkeypatch.setenv("PLACET_URL", "https://env.example/")
        monkeypatch.setenv("PLACET_API_KEY", "plc_agent_env_key\n")
        server.then(body())

        client_of(server).get("some-id")

        assert str(server.last.url) == "https://env.example/api/v1/approvals/some-id/"
        assert server.last.headers["Authorization"] == "Bearer plc_agent_env_key"

    @pytest.mark.parametrize(
        ("url", "asked"),
        [
            ("http://h.example", "http://h.example/api/v1/approvals/x/"),
            ("http://h.example:81/below/", "http://h.example:81/below/api/v1/approvals/x/"),
            ("http://h.example/api/v1/", "http://h.example/api/v1/approvals/x/"),
        ],
    )
    def test_may_be_below_another_path(self, client_of, server, body, url, asked):
        server.then(body())

        client_of(server, url=url, api_key="k").get("x")

        assert str(server.last.url) == asked

    @pytest.mark.parametrize("url", ["approvals.example", "ftp://approvals.example", "file:///x"])
    def test_must_be_an_http_address(self, client_of, server, url):
        with pytest.raises(ValueError, match="begins with http"):
            client_of(server, url=url, api_key="k")

    def test_must_be_known(self, client_of, server, monkeypatch):
        monkeypatch.delenv("PLACET_URL", raising=False)

        with pytest.raises(ValueError, match="set PLACET_URL"):
            client_of(server, api_key="k")


class TestTheKey:
    def test_must_be_known(self, client_of, server, monkeypatch):
        monkeypatch.delenv("PLACET_API_KEY", raising=False)

        with pytest.raises(ValueError, match="set PLACET_API_KEY"):
            client_of(server, url="http://h.example")

    @pytest.mark.parametrize("key", ["two words", "kéy", "line\nbreak"])
    def test_that_cannot_be_one_is_refused_without_showing_it(self, client_of, server, key):
        with pytest.raises(ValueError, match="no key has") as refused:
            client_of(server, url="http://h.example", api_key=key)

        assert key not in str(refused.value)

    def test_is_never_shown(self, client):
        assert "plc_agent" not in repr(client)


def test_the_client_says_who_it_is(client, server, body):
    server.then(body())

    client.get("x")

    assert server.last.headers["User-Agent"] == f"placet-python/{placet.__version__}"


def test_a_client_can_be_closed_by_leaving_its_block(client_of, server, body):
    server.then(body())

    with client_of(server, url="http://h.example", api_key="k") as client:
        client.get("x")

    with pytest.raises(RuntimeError, match="closed"):
        client.get("x")
