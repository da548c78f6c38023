"""What goes wrong at the door is told as problem details, whatever it was."""

import gzip
import json
import uuid

import pytest
from django.test import Client

from approvals.models import ApprovalRequest
from tests.approvals.api import contract
from tests.approvals.api.conftest import problem, proposal


class TestAddress:
    @pytest.mark.parametrize(
        "path",
        [
            "/api/",
            "/api/v1/",
            "/api/v1/nothing/",
            "/api/v2/approvals/",
            "/api/v1/approvals",
            "/api/v1/evaluate",
            "/api/v1/approvals/12345678901234567890123456789/",
            "/api/v1/approvals/not-a-uuid/",
            "/api/v1/approvals/%00/",
            "/api/v1/approvals/../../admin/",
            "/api/v1/approvals/.%2e/",
            f"/api/v1/approvals/{uuid.UUID(int=1)}.json",
            f"/api/v1/approvals/{uuid.UUID(int=1)}/../",
            "/api/v1/approvals/%FF%FE/",
            "/api/v1/checkpoints/a%00b/",
            "/api/v1/" + "x" * 8000,
            "/.well-known/nothing",
        ],
    )
    def test_that_leads_nowhere_is_a_problem_and_never_a_page_or_a_redirect(self, db, path):
        for method in ("get", "post", "put", "delete", "options"):
            response = getattr(Client(), method)(path)

            problem(response, 404, "not_found")
            assert "Location" not in response

    def test_without_its_slash_is_completed_for_people_only(self, db):
        assert Client().get("/sign-in").status_code == 301

    @pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
    @pytest.mark.parametrize("path", ["approvals/", "inbox/", "decisions/batch/"])
    def test_takes_its_own_methods_only(self, agent, as_person, ada, method, path):
        caller = agent if path == "approvals/" else as_person(ada)

        response = getattr(caller.client, method)(
            f"/api/v1/{path}", headers={"Authorization": f"Bearer {caller.key}"}
        )

        problem(response, 405, "method_not_allowed")
        assert response["Allow"]

    def test_with_more_parameters_than_anybody_has_is_a_problem(self, agent):
        query = "&".join(f"a{n}=1" for n in range(2000))

        response = agent.client.get(
            f"/api/v1/approvals/?{query}", headers={"Authorization": f"Bearer {agent.key}"}
        )

        problem(response, 400, "malformed_request")

    def test_of_another_host_is_a_problem(self, agent):
        response = Client(headers={"host": "evil.example"}).get("/api/v1/approvals/")

        assert response.status_code in (400, 401)
        contract.assert_problem(response)


class TestBody:
    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            (b"", 400, "malformed_json"),
            (b"   \n", 400, "malformed_json"),
            (b"{", 400, "malformed_json"),
            (b"{}x", 400, "malformed_json"),
            (b'{"a": NaN}', 400, "malformed_json"),
            (b'{"action": "\xff\xfe"}', 400, "invalid_encoding"),
            (json.dumps(proposal()).encode("utf-16"), 400, "invalid_encoding"),
            (b"\xef\xbb\xbf{}", 400, "invalid_encoding"),
            (b'{"action": 1, "action": 2}', 400, "duplicate_key"),
            (b'{"arguments": {"a": {"b": 1, "b": 2}}}', 400, "duplicate_key"),
            (b'{"arguments": {"a": 1e400}}', 422, "number_out_of_range"),
            (b'{"arguments": {"a": 9007199254740992}}', 422, "number_out_of_range"),
            (b'{"arguments": {"a": "\\u0000"}}', 422, "forbidden_character"),
            (b'{"arguments": {"\\ud800": 1}}', 422, "forbidden_character"),
            (b"[" * 200_000, 422, "too_deep"),
            (b"x" * 262_145, 413, "too_large"),
            (b"[]", 422, "not_an_object"),
            (b"null", 422, "not_an_object"),
            (b'"text"', 422, "not_an_object"),
            (b"true", 422, "not_an_object"),
            (b"0", 422, "not_an_object"),
            (b"0.5", 422, "not_an_object"),
            (b"{}", 422, "required"),
        ],
    )
    def test_that_does_not_pass_is_refused_with_a_code(self, agent, body, status, code):
        problem(agent.post("approvals/", body), status, code)

        assert ApprovalRequest.objects.count() == 0

    @pytest.mark.parametrize(
        ("content_type", "status"),
        [
            ("application/json", 201),
            ("application/json; charset=utf-8", 201),
            ('APPLICATION/JSON; charset="UTF-8"', 201),
            ("application/json;charset=utf8", 201),
            ("application/json; charset=bogus", 415),
            ("application/json; charset=utf-16", 415),
            ("application/json; charset=utf-8; charset=latin1", 415),
            ("text/json", 415),
            ("text/plain", 415),
            ("application/x-www-form-urlencoded", 415),
            ("multipart/form-data; boundary=x", 415),
            ("application/jsonx", 415),
            ("application/merge-patch+json", 415),
            ("json", 415),
            (";", 415),
            ("", 415),
        ],
    )
    def test_is_json_in_utf_8_and_says_so(self, agent, content_type, status):
        response = agent.client.generic(
            "POST",
            "/api/v1/approvals/",
            json.dumps(proposal()),
            content_type=content_type,
            headers={"Authorization": f"Bearer {agent.key}"},
        )

        assert response.status_code == status
        assert ApprovalRequest.objects.count() == (1 if status == 201 else 0)

    def test_comes_uncompressed(self, agent):
        bomb = gzip.compress(b" " * 10_000_000)

        problem(
            agent.post("approvals/", bomb, Content_Encoding="gzip"),
            415,
            "unsupported_content_encoding",
        )

    @pytest.mark.parametrize("length", ["abc", "-5", "", "٥"])
    def test_whose_length_is_nonsense_counts_as_empty(self, agent, length):
        response = agent.client.post(
            "/api/v1/approvals/",
            json.dumps(proposal()),
            content_type="application/json",
            headers={"Authorization": f"Bearer {agent.key}"},
            CONTENT_LENGTH=length,
        )

        problem(response, 400, "malformed_json")

    def test_at_fault_in_many_places_is_told_all_of_them_up_to_a_bound(self, agent):
        body = proposal() | {f"x{n}": n for n in range(200)} | {"action": 5, "run": ""}

        said = problem(agent.post("approvals/", body), 422, "unknown_field")

        assert 3 <= len(said["errors"]) <= 50


class TestAnswer:
    @pytest.mark.parametrize(
        "accept", ["text/html", "application/xml", "*/*;q=0", "image/png", "x", "", ","]
    )
    def test_is_json_whatever_the_client_would_rather_have(self, agent, accept):
        response = agent.get("approvals/", Accept=accept)

        assert response.status_code == 200
        assert response["Content-Type"] == "application/json"

    @pytest.mark.parametrize("name", ["a-1.b_c", "x" * 64])
    def test_carries_the_caller_s_request_id_if_it_is_a_plain_name(self, agent, name):
        response = agent.get("nothing/", X_Request_Id=name)

        assert problem(response, 404, "not_found")["request_id"] == name

    @pytest.mark.parametrize("name", ["<b>", "x" * 10_000, "a b", "", "a\tb", "é"])
    def test_carries_an_id_of_our_own_otherwise(self, agent, name):
        response = agent.get("nothing/", X_Request_Id=name)

        request_id = problem(response, 404, "not_found")["request_id"]
        assert request_id == uuid.UUID(request_id).hex

    def test_says_nothing_of_the_inside_when_something_breaks(self, agent, monkeypatch):
        def broken(*_args, **_kwargs):
            raise RuntimeError("SELECT secret FROM /etc/passwd")

        monkeypatch.setattr("approvals.operations.submission.submit", broken)
        agent.client.raise_request_exception = False

        response = agent.client.post(
            "/api/v1/approvals/",
            json.dumps(proposal()),
            content_type="application/json",
            headers={"Authorization": f"Bearer {agent.key}"},
        )

        said = problem(response, 500, "internal_error")
        assert "SELECT" not in str(said)
        assert "passwd" not in str(said)

    def test_is_not_read_as_anything_else_by_a_browser(self, agent):
        response = agent.get("approvals/")

        assert response["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in response["Content-Security-Policy"]
