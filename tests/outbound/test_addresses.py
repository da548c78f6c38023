from ipaddress import ip_address, ip_network

import pytest

from approvals.outbound.addresses import PRIVATE, check_url, is_allowed, is_public

LOOPBACK = [ip_network("127.0.0.0/8")]


def objection(url: str, *, prefixes=None, networks=()) -> str | None:
    """The objection to `url` for an agent whose allow-list has its very origin, or `prefixes`."""
    return check_url(
        url, allowed_prefixes=[url] if prefixes is None else prefixes, allowed_networks=networks
    )


class TestPublicAddresses:
    @pytest.mark.parametrize(
        "address",
        ["93.184.216.34", "8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "198.20.0.1"],
    )
    def test_are_ordinary_ipv4_hosts(self, address):
        assert is_public(ip_address(address))

    @pytest.mark.parametrize(
        "address", ["2606:4700:4700::1111", "2a00:1450:4001::1", "2001:4860::1"]
    )
    def test_are_ordinary_ipv6_hosts(self, address):
        assert is_public(ip_address(address))

    @pytest.mark.parametrize(
        "address",
        """0.0.0.0 0.1.2.3 10.0.0.5 10.255.255.255 100.64.0.1 100.100.100.200 127.0.0.1
        127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1
        192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1
        239.255.255.255 240.0.0.1 255.255.255.255
        :: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:8.8.8.8 64:ff9b::7f00:1
        64:ff9b::808:808 64:ff9b:1::1 100::1 2001::1 2001:20::1 2001:db8::1 2002:7f00:1::
        2002:808:808::1 3fff::1 5f00::1 fc00::1 fd00::1 fe80::1 fec0::1 ff02::1
        fd00:ec2::254""".split(),
    )
    def test_are_none_of_the_reserved_ones(self, address):
        assert not is_public(ip_address(address))

    def test_are_joined_by_the_networks_the_operator_names(self):
        assert is_allowed(ip_address("127.0.0.1"), allowed_networks=LOOPBACK)
        assert not is_allowed(ip_address("::ffff:127.0.0.1"), allowed_networks=LOOPBACK)
        assert not is_allowed(ip_address("10.0.0.5"), allowed_networks=LOOPBACK)


class TestCallbackAddresses:
    @pytest.mark.parametrize(
        "url",
        [
            "https://example.com",
            "https://example.com/",
            "HTTPS://Example.COM/hooks?a=b%20c&d",
            "http://example.com:80/",
            "https://example.com:8443/x",
            "https://xn--exmple-cua.com/",
            "https://8.8.8.8/hook",
            "https://[2606:4700:4700::1111]:8443/hook",
            "https://a_b.example.com/",
        ],
    )
    def test_may_be_public_hosts(self, url):
        assert objection(url) is None

    @pytest.mark.parametrize(
        "url",
        [
            # BI-133, BI-134, BI-136
            "http://127.0.0.1/",
            "http://[::1]:8000/",
            "http://[::ffff:169.254.169.254]/",
            # BI-137
            "http://0x7f000001/",
            "http://2130706433/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://0x7f.1/",
            "http://127.0.0.1./",
            # BI-139
            "http://localhost./",
            "http://LOCALHOST/",
            "http://foo.localhost/",
            # BI-140
            "http://10.0.0.5/",
            "http://172.16.0.1/",
            "http://192.168.1.1/",
            "http://100.64.0.1/",
            "http://198.18.0.1/",
            "http://0.0.0.0/",
            "http://0/",
            "http://224.0.0.1/",
            "http://[fd00::1]/",
            "http://[fe80::1%25eth0]/",
            "http://[64:ff9b::7f00:1]/",
        ],
    )
    def test_may_not_be_private_or_reserved_however_they_are_written(self, url):
        assert objection(url) == PRIVATE

    @pytest.mark.parametrize(
        "url",
        [
            "https://user:pw@example.com/",
            "https://user@example.com/",
            "https://@example.com/",
            "https://example.com@127.0.0.1/",
            "https://example.com\\@127.0.0.1/",
        ],
    )
    def test_may_not_carry_user_or_password(self, url):
        assert objection(url) == "No user name or password in the address."

    @pytest.mark.parametrize(
        "url",
        [
            "https://ex\u0430mple.com/",
            "https://１２７.0.0.1/",
            "https://ⓛocalhost/",
        ],
    )
    def test_may_not_have_a_host_outside_ascii(self, url):
        assert "ASCII" in objection(url)

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "example.com",
            "//example.com/",
            "https:example.com",
            "https:/example.com",
            "ftp://example.com/",
            "file:///etc/passwd",
            "gopher://example.com/",
            "javascript:alert(1)",
            "ws://example.com/",
        ],
    )
    def test_may_only_be_http_or_https(self, url):
        assert objection(url) == "Only http:// and https:// addresses can be called."

    @pytest.mark.parametrize(
        "url",
        [
            "https://",
            "https:///path",
            "https://?q",
            "https://[::1/",
            "https://[127.0.0.1]/",
            "https://[v1.example]/",
            "https://::1/",
            "https://example.com:99999/",
            "https://example.com:-1/",
            "https://example.com:８0/",
            "https://exa mple.com/",
            "https://example.com/a b",
            "https://example.com/a\tb",
            "https://example.com/\r\nHost: evil",
            "https://example.com/\x00",
            " https://example.com/",
            "https://example.com/é",
            "https://example.com\\.evil.com/",
            "https://127%2e0.0.1/",
            "https://-example.com/",
            "https://example..com/",
            "https://example.com./",
            f"https://{'a' * 64}.com/",
            f"https://{'a.' * 127}com/",
            f"https://example.com/{'a' * 2048}",
            "https://example.com/#fragment",
            "https://example.com/hooks/../admin",
            "https://example.com/hooks/%2e%2E/admin",
            "https://example.com/hooks/..%2fadmin",
            "https://example.com/hooks/..%5cadmin",
            "https://1.2.3.999/",
        ],
    )
    def test_may_not_be_readable_in_two_ways(self, url):
        assert objection(url, prefixes=[url, "https://example.com"]) is not None

    def test_are_refused_in_odd_spellings_even_of_public_addresses(self):
        assert objection("http://0x08080808/") == "Write the IP address as 8.8.8.8."
        assert objection("http://2130706433/", networks=LOOPBACK) == (
            "Write the IP address as 127.0.0.1."
        )

    @pytest.mark.parametrize("port", [0, 1, 22, 25, 81, 444, 1023])
    def test_may_not_name_the_port_of_another_service(self, port):
        assert "ports" in objection(f"https://example.com:{port}/")

    def test_may_not_leave_the_port_open(self):
        assert "ports" in objection("https://example.com:/")


class TestPrivateNetworks:
    @pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST"])
    def test_are_open_where_the_operator_allows_them(self, host):
        assert objection(f"http://{host}:9000/hook", networks=LOOPBACK) is None

    def test_are_open_no_further_than_that(self):
        assert objection("http://10.0.0.5/", networks=LOOPBACK) == PRIVATE
        assert objection("http://[::1]/", networks=LOOPBACK) == PRIVATE
        assert objection("http://localhost/", networks=[ip_network("10.0.0.0/8")]) == PRIVATE
        assert objection("http://localhost./", networks=LOOPBACK) == PRIVATE
        assert objection("http://[::1]/", networks=[ip_network("::1/128")]) is None


class TestAllowList:
    PREFIX = "https://hooks.example/placet"

    @pytest.mark.parametrize(
        "url",
        [
            "https://hooks.example/placet",
            "https://hooks.example/placet/",
            "https://hooks.example/placet/a/b?c=d",
            "https://hooks.example:443/placet",
            "HTTPS://HOOKS.example/placet?c=d",
        ],
    )
    def test_admits_what_lies_under_a_prefix(self, url):
        assert objection(url, prefixes=[self.PREFIX]) is None
        assert objection(url, prefixes=["https://other.example", f"{self.PREFIX}/"]) is None

    @pytest.mark.parametrize(
        "url",
        [
            "https://hooks.example/",
            "https://hooks.example/placetevil",
            "https://hooks.example/PLACET",
            "https://hooks.example.evil.com/placet",
            "https://evil.com/https://hooks.example/placet",
            "https://a.hooks.example/placet",
            "https://hooks.example:8443/placet",
            "http://hooks.example/placet",
            "https://hooks.example//placet",
        ],
    )
    def test_admits_nothing_that_only_looks_alike(self, url):
        assert objection(url, prefixes=[self.PREFIX]) == (
            "The callback address is not on this agent's allow-list."
        )

    def test_compares_hosts_whole(self):
        assert objection("https://a.example.evil.com/", prefixes=["https://a.example"])
        assert objection("https://a.examples/", prefixes=["https://a.example"])
        assert objection("https://a.example/", prefixes=["https://a.example"]) is None

    def test_takes_an_entry_with_a_query_as_it_stands(self):
        entry = "https://hooks.example/in?key=1"

        assert objection(entry, prefixes=[entry]) is None
        assert objection("https://hooks.example/in?key=2", prefixes=[entry])
        assert objection("https://hooks.example/in/x?key=1", prefixes=[entry])

    @pytest.mark.parametrize(
        "prefixes", [[], [""], ["*"], ["https://"], ["a.example"], ["https://u@a.example"]]
    )
    def test_admits_nothing_without_a_proper_prefix(self, prefixes):
        assert objection("https://a.example/", prefixes=prefixes) is not None

    def test_does_not_admit_private_addresses(self):
        assert objection("http://169.254.169.254/", prefixes=["http://169.254.169.254"]) == PRIVATE
