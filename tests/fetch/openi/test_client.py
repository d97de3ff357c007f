"""The client against a real server on loopback that misbehaves in every way it can."""

import bisect
import datetime
import ipaddress
from pathlib import Path

import pytest

from stages.common.errors import NetworkError, UserError
from stages.fetch.openi.client import Answer, Client, Counts, RefusedError
from tests.fetch.openi.conftest import quick_network
from tests.openi_site.faults import COMMON_FAULTS, Faults
from tests.openi_site.server import Site, serve

SLOW = ("timeout", "drip")
SHORT = {"read_timeout": 0.3, "answer_timeout": 0.5}


def client(site: Site, **network: object) -> Client:
    return Client(site.address, quick_network(**network), Counts())


def body(answer: Answer) -> bytes:
    return answer.body


@pytest.fixture
def address(site: Site) -> str:
    return site.items[0]["imgLarge"]


@pytest.mark.parametrize("fault", COMMON_FAULTS)
def test_a_bad_answer_is_asked_for_again(site: Site, address: str, fault: str) -> None:
    site.faults = Faults({fault: 1.0}, most=2, hang_seconds=2.0)
    asker = client(site, **SHORT) if fault in SLOW else client(site)
    assert asker.get(address, "image", body, cap=200_000) == site.picture(address)
    assert [visit.outcome for visit in site.visits if visit.outcome == "good"] == ["good"]
    counts = asker.counts.metrics()
    assert counts["requests"] == 3
    assert counts["retries"] + counts["throttles"] == 2


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("server_error", "server"),
        ("timeout", "timeout"),
        ("drip", "timeout"),
        ("truncated", "truncated"),
        ("redirect", "redirect"),
        ("endless", "too_large"),
    ],
)
def test_a_bad_answer_that_stays_is_named(site: Site, address: str, fault: str, reason: str) -> None:
    site.faults = Faults({fault: 1.0}, most=99, hang_seconds=2.0)
    with pytest.raises(RefusedError) as refused:
        client(site, retries=1, **SHORT if fault in SLOW else {}).get(address, "image", body, cap=200_000)
    assert refused.value.reason == reason
    assert len(site.visits) == 2


def test_no_request_reaches_the_host_of_a_foreign_redirect(site: Site, address: str) -> None:
    site.faults = Faults({"redirect": 1.0}, most=2)
    client(site).get(address, "image", body)
    assert {visit.host.partition(":")[0] for visit in site.visits} == {"127.0.0.1"}


def test_throttling_pauses_and_goes_on(site: Site, address: str) -> None:
    site.faults = Faults(throttle_after=2, throttle_seconds=0.15)
    asker = client(site)
    for _ in range(5):
        assert asker.get(address, "image", body) == site.picture(address)
    assert asker.counts.metrics()["throttles"] >= 2
    assert asker.counts.metrics()["retries"] == 0


def test_throttling_without_end_is_an_error_that_says_so(site: Site, address: str) -> None:
    site.faults = Faults(throttle_after=0, throttle_seconds=1000)
    with pytest.raises(NetworkError, match="throttles"):
        client(site, pause=0.01, patience=2).get(address, "image", body)


def test_what_is_not_there_is_not_asked_for_again(site: Site) -> None:
    with pytest.raises(RefusedError, match="404"):
        client(site).get("/imgs/512/1/1/nothing.png", "image", body)
    assert len(site.visits) == 1


def test_nobody_there() -> None:
    asker = Client("http://127.0.0.1:9", quick_network(retries=1), Counts())
    with pytest.raises(RefusedError, match="no connection"):
        asker.get("/", "search", body)


def test_the_user_agent_names_the_project_and_a_contact(site: Site, address: str) -> None:
    client(site, contact="someone@example.org").get(address, "image", body)
    assert site.visits[0].agent == "lesionmap/0.1 (a research pipeline; someone@example.org)"


def test_the_rate_as_the_site_measures_it(site: Site, address: str) -> None:
    """In no stretch of time did more requests come than the setting allows (a minute, and shorter ones alike)."""
    asker = client(site, images_per_minute=1200.0)
    for _ in range(12):
        asker.get(address, "image", body)
    seconds = sorted(visit.seconds for visit in site.visits)
    for stretch in (0.1, 0.25, 60.0):
        allowed = 1200 / 60 * stretch
        most = max(bisect.bisect_left(seconds, begin + stretch) - place for place, begin in enumerate(seconds))
        assert most <= allowed + 1


def test_a_proxy_of_the_environment_is_used(site: Site, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", site.address)
    monkeypatch.delenv("NO_PROXY", raising=False)
    asker = Client("http://openi.invalid", quick_network(), Counts())
    assert asker.get(address, "image", body) == site.picture(address)
    assert site.visits[0].host == "openi.invalid"


def test_a_certificate_of_an_unknown_authority_is_refused_and_of_a_known_one_taken(
    items: list[dict], certificate: tuple[Path, Path]
) -> None:
    site = Site(items, 128)
    with serve(site, certificate):
        path = items[0]["imgLarge"]
        with pytest.raises(NetworkError, match="ca_bundle"):
            client(site).get(path, "image", body)
        assert client(site, ca_bundle=str(certificate[0])).get(path, "image", body) == site.picture(path)


def test_a_missing_certificate_file_is_named(site: Site) -> None:
    with pytest.raises(UserError, match="ca_bundle"):
        client(site, ca_bundle="nowhere.pem")


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Chain and key of a self-signed certificate for 127.0.0.1."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, private = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return chain, private
