"""Webhooks over TLS: the name is what counts, the address is where we checked it to be."""

import datetime as dt
import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.outbound.receivers import OK, receiver, send


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> dict[str, Path]:
    """A certificate authority, and what it signed: a good and an expired one for hook.example."""
    directory = tmp_path_factory.mktemp("certificates")
    now = datetime.now(UTC)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test authority")])

    def certificate(name, key, *, names=(), is_authority=False, until=now + dt.timedelta(days=1)):
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(authority_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=2))
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
                critical=False,
            )
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(authority_key, hashes.SHA256())

    def write(what, key, *signed):
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        pem += b"".join(one.public_bytes(serialization.Encoding.PEM) for one in signed)
        path = directory / f"{what}.pem"
        path.write_bytes(pem)
        return path

    hook = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hook.example")])
    hook_names = [x509.DNSName("hook.example"), x509.IPAddress(ip_address("127.0.0.9"))]
    key = ec.generate_private_key(ec.SECP256R1())
    expired = now - dt.timedelta(days=1)
    return {
        "authority": write(
            "authority",
            authority_key,
            certificate(authority_name, authority_key, is_authority=True),
        ),
        "good": write("good", key, certificate(hook, key, names=hook_names)),
        "expired": write("expired", key, certificate(hook, key, names=hook_names, until=expired)),
    }


class TestTLS:
    @pytest.fixture
    def seen(self) -> list[str | None]:
        """The names that callers asked for in their TLS greeting."""
        return []

    @pytest.fixture
    def secured(self, certificates, seen):
        def context(which: str) -> ssl.SSLContext:
            served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            served.load_cert_chain(certificates[which])
            served.sni_callback = lambda _socket, name, _context: seen.append(name)
            return served

        return context

    @pytest.fixture
    def trusted(self, certificates) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=certificates["authority"])

    def test_asks_for_and_verifies_the_name_while_connecting_to_the_address(
        self, secured, trusted, seen
    ):
        with receiver(OK, tls=secured("good")) as agent:
            answer = send(
                f"https://hook.example:{agent.port}/",
                trusted=trusted,
                resolve=lambda host, port: ["127.0.0.1"],
            )

        assert answer.accepted
        assert answer.body_start == "thanks"
        assert seen == ["hook.example"]

    @pytest.mark.parametrize(
        ("which", "host", "believes_authority", "reason"),
        [
            ("good", "other.example", True, "mismatch"),
            ("expired", "hook.example", True, "expired"),
            ("good", "hook.example", False, "unable to get"),
        ],
    )
    def test_sends_nothing_to_one_that_cannot_prove_its_name(
        self, secured, trusted, which, host, believes_authority, reason
    ):
        with receiver(OK, tls=secured(which)) as agent:
            answer = send(
                f"https://{host}:{agent.port}/",
                trusted=trusted if believes_authority else None,
                resolve=lambda host, port: ["127.0.0.1"],
            )

        assert (answer.status, answer.code) == (None, "tls_failed")
        assert reason in answer.error
        assert agent.requests == []

    def test_reports_one_that_does_not_speak_it(self):
        with receiver(OK, listens=False) as agent:
            answer = send(f"https://127.0.0.1:{agent.port}/")

        assert answer.status is None
        assert answer.code in ("tls_failed", "unreachable")

    def test_waits_for_a_handshake_no_longer_than_for_all_else(self):
        server = socket.create_server(("127.0.0.1", 0))

        answer = send(
            f"https://127.0.0.1:{server.getsockname()[1]}/", total_timeout=timedelta(seconds=0.4)
        )

        assert answer.code == "timeout"
        assert answer.duration_ms < 900
        server.close()

    def test_bounds_what_it_reads_of_an_encrypted_answer_too(self, secured, trusted):
        def flood(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                connection.sendall(b"A" * 65536)

        with receiver(flood, tls=secured("good")) as agent:
            answer = send(
                f"https://hook.example:{agent.port}/",
                trusted=trusted,
                resolve=lambda host, port: ["127.0.0.1"],
            )

        assert (answer.status, answer.code) == (200, "too_large")
