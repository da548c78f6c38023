"""What anybody may read: keys, the OpenAPI document, and the page that shows it."""

import base64
import json
import re

import jsonschema_rs
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.test import Client
from django.urls import get_resolver
from drf_spectacular.validation import validate_schema

from approvals.api import bodies, published
from tests.approvals.api.conftest import proposal


class TestKeys:
    def test_verify_the_grants_that_are_given(self, agent, as_person, ada):
        made = agent.submit()
        as_person(ada).decide(made, "approve")
        token = agent.get(f"approvals/{made['id']}/").json()["grant"]

        response = Client().get("/.well-known/jwks.json")

        header, claims, signature = token.split(".")
        (key,) = [
            key
            for key in response.json()["keys"]
            if key["kid"] == json.loads(decoded(header))["kid"]
        ]
        public = Ed25519PublicKey.from_public_bytes(decoded(key["x"]))
        public.verify(decoded(signature), f"{header}.{claims}".encode())
        assert json.loads(decoded(claims))["act"] == made["digest"]
        assert "d" not in key

    def test_may_be_kept_for_a_while(self, db):
        assert Client().get("/.well-known/jwks.json")["Cache-Control"] == "public, max-age=300"

    def test_are_only_read(self, db):
        assert Client().post("/.well-known/jwks.json").status_code == 405


class TestDocument:
    def test_is_openapi_3_1_and_valid(self):
        document = published.openapi()

        assert document["openapi"] == "3.1.0"
        validate_schema(document)

    def test_is_for_anybody_to_read(self, db):
        response = Client().get("/api/schema/")

        assert response["Content-Type"] == "application/json"
        assert response.json() == published.openapi()

    def test_describes_every_endpoint_and_method_once(self):
        document = published.openapi()
        names = [
            operation["operationId"]
            for path in document["paths"].values()
            for operation in path.values()
        ]
        assert len(names) == len(set(names))
        routes = [
            name
            for name in get_resolver("approvals.api.urls").reverse_dict
            if isinstance(name, str) and name not in ("schema", "together")
        ]
        assert len(document["paths"]) == len(routes)

    def test_wants_a_key_everywhere(self):
        for path in published.openapi()["paths"].values():
            for operation in path.values():
                assert operation["security"] == [{"bearer": []}]

    def test_describes_bodies_by_the_very_schemas_that_check_them(self):
        paths = published.openapi()["paths"]
        body = paths["/api/v1/approvals/"]["post"]["requestBody"]
        published_shape = body["content"]["application/json"]["schema"]

        assert published_shape == bodies.SUBMISSION
        jsonschema_rs.Draft202012Validator(published_shape, offline=True).validate(proposal())

    def test_has_a_shape_for_every_answer(self):
        for path in published.openapi()["paths"].values():
            for operation in path.values():
                for status, answer in operation["responses"].items():
                    assert status == "304" or answer["content"], (operation["operationId"], status)


class TestPage:
    def test_runs_no_script_of_its_own_but_from_files(self, db):
        page = Client().get("/api/docs/")

        assert page.status_code == 200
        assert b"<script>" not in page.content
        assert not re.search(rb"\son\w+\s*=", page.content)
        policy = page["Content-Security-Policy"]
        (scripts,) = [part for part in policy.split("; ") if part.startswith("script-src")]
        assert "unsafe" not in scripts

    @pytest.mark.parametrize("path", ["/api/docs/", "/api/schema/"])
    def test_is_only_read(self, db, path):
        assert Client().post(path).status_code == 405


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
