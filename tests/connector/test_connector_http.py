"""One exchange with a host: what is sent, waited for, repeated, and kept secret."""

import socket
import ssl
import threading

import pytest
import requests
import trustme
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from connector.errors import NoAnswer, NotSent
from connector.http import Call, Http, Reply
from connector.service import Address, Request, Service
from sync.remote import Refused, Unavailable
from tests.connector.scripted import Clockwork, FixedTokens, Scripted, Told, at, http_to, told

URL = "https://host.example/path"
CALL = Call(method="GET", url=URL)


def new_connection(reason: Exception) -> requests.ConnectionError:
    return requests.ConnectionError(MaxRetryError(None, URL, reason))


NOT_SENT = [
    pytest.param(requests.ConnectTimeout(), id="no connection in time"),
    pytest.param(new_connection(NewConnectionError(None, "refused")), id="connection refused"),
    pytest.param(
        new_connection(NameResolutionError("host.example", None, socket.gaierror())),
        id="unknown host",
    ),
    pytest.param(new_connection(ConnectTimeoutError(None, "slow")), id="connect timeout inside"),
    pytest.param(requests.exceptions.ProxyError("http://me:pw@proxy"), id="no proxy"),
    pytest.param(
        requests.exceptions.SSLError(MaxRetryError(None, URL, ssl.SSLCertVerificationError())),
        id="certificate not trusted",
    ),
]
PERHAPS_SENT = [
    pytest.param(requests.ReadTimeout(), id="no answer in time"),
    pytest.param(
        requests.ConnectionError(ProtocolError("aborted", ConnectionResetError())), id="reset"
    ),
    pytest.param(requests.exceptions.ChunkedEncodingError(), id="answer cut off"),
    pytest.param(requests.exceptions.SSLError("EOF"), id="TLS broke while reading"),
]


@pytest.mark.parametrize("error", NOT_SENT)
def test_a_failure_before_the_connection_is_certainly_not_executed(error):
    with pytest.raises(NotSent):
        http_to(Scripted([error]), Clockwork()).once(CALL)


@pytest.mark.parametrize("error", PERHAPS_SENT)
def test_a_failure_after_sending_is_perhaps_executed(error):
    with pytest.raises(NoAnswer):
        http_to(Scripted([error]), Clockwork()).once(CALL)


def test_an_address_that_cannot_work_is_not_tried_again():
    adapter = Scripted([requests.exceptions.InvalidURL()])
    with pytest.raises(Refused):
        http_to(adapter, Clockwork()).safely(CALL)
    assert len(adapter.requests) == 1


def test_a_real_refused_connection_is_not_sent():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    call = Call(method="GET", url=f"http://127.0.0.1:{port}/", direct=True)
    with pytest.raises(NotSent):
        Http(Clockwork()).once(call)


def test_a_real_connection_that_closes_without_an_answer_is_unclear():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            connection.recv(1000)
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        port = server.getsockname()[1]
        http = Http(Clockwork())
        with pytest.raises(NoAnswer):
            http.once(Call(method="GET", url=f"http://127.0.0.1:{port}/", direct=True))
        thread.join()
        http.session().close()


def test_reads_are_repeated_with_growing_pauses():
    effects = Clockwork()
    adapter = Scripted([Told(503), requests.ReadTimeout(), Told(200, b"ok")])
    assert http_to(adapter, effects).safely(CALL).content == b"ok"
    assert effects.slept == [0.375, 0.75]


def test_repeats_end_and_hand_on_the_last_answer():
    adapter = Scripted([Told(502)] * 9)
    assert http_to(adapter, Clockwork(), attempts=4).safely(CALL).status == 502
    assert len(adapter.requests) == 4


def test_once_never_repeats():
    adapter = Scripted([Told(503)])
    assert http_to(adapter, Clockwork()).once(CALL).status == 503
    assert len(adapter.requests) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        pytest.param("7", 7.0, id="seconds"),
        pytest.param("Mon, 16 Jun 2025 12:00:30 GMT", 30.0, id="a date, against the answer's own"),
        pytest.param("Mon, 16 Jun 2025 11:00:00 GMT", 0.0, id="a date that has passed"),
        pytest.param("soon", None, id="nonsense"),
    ],
)
def test_retry_after_is_understood(header, seconds):
    told_headers = {"Date": "Mon, 16 Jun 2025 12:00:00 GMT", "Retry-After": header}
    assert Reply(status=429, headers=told_headers).retry_after_seconds() == seconds


def test_retry_after_rules_the_pause():
    effects = Clockwork()
    adapter = Scripted([Told(429, headers={"Retry-After": "12"}), Told(200)])
    assert http_to(adapter, effects).safely(CALL).status == 200
    assert effects.slept == [12.0]


def test_a_pause_that_is_too_long_is_left_to_the_caller():
    adapter = Scripted([Told(429, headers={"Retry-After": "900"})])
    reply = http_to(adapter, Clockwork(), total_pause_seconds=60).safely(CALL)
    assert reply.retry_after_seconds() == 900.0


def test_a_throttled_host_makes_all_its_calls_wait():
    effects = Clockwork()
    adapter = Scripted([Told(429, headers={"Retry-After": "20"}), Told(200), Told(200)])
    http = http_to(adapter, effects)
    http.once(CALL)
    http.once(Call(method="PATCH", url="https://other.example/"))
    assert effects.slept == []
    http.once(Call(method="PATCH", url=URL))
    assert effects.slept == [20.0]


def test_a_write_behind_a_long_pause_is_not_sent():
    adapter = Scripted([Told(429, headers={"Retry-After": "900"})])
    http = http_to(adapter, Clockwork())
    http.once(CALL)
    with pytest.raises(NotSent) as caught:
        http.once(CALL)
    assert caught.value.retry_after_seconds == 900.0
    assert len(adapter.requests) == 1


def test_every_attempt_has_its_own_correlation_id_and_errors_print_it():
    adapter = Scripted([Told(503), requests.ReadTimeout("")])
    call = Call(method="GET", url=URL, correlation_headers=("x-ms-client-request-id",))
    with pytest.raises(NoAnswer) as caught:
        http_to(adapter, Clockwork(), attempts=2).safely(call)
    sent = [request.headers["x-ms-client-request-id"] for request in adapter.requests]
    assert len(set(sent)) == 2
    assert sent[-1] in str(caught.value)


def test_every_call_has_time_limits_and_follows_no_redirect():
    adapter = Scripted([Told(302, headers={"Location": "https://evil.example/"})])
    assert http_to(adapter, Clockwork(), connect_seconds=3, read_seconds=9).once(CALL).status == 302
    assert adapter.options[0]["timeout"] == (3, 9)


def test_secrets_are_never_shown():
    call = Call(method="POST", url=URL, headers={"Authorization": "Bearer s3cret"}, body=b"s3cret")
    request = Request(method="POST", path="x", body=b"s3cret")
    assert "s3cret" not in repr(call) + repr(request)
    error = requests.exceptions.ProxyError("http://me:s3cret@proxy")
    with pytest.raises(NotSent) as caught:
        http_to(Scripted([error]), Clockwork()).once(call)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_cookies_are_dropped():
    requests_seen = []
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: ARRAffinity=1; Path=/\r\n"
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            for _ in range(2):
                connection, _ = server.accept()
                with connection:
                    requests_seen.append(connection.recv(2000))
                    connection.sendall(head + b"Connection: close\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        http = Http(Clockwork())
        for _ in range(2):
            url = f"http://127.0.0.1:{server.getsockname()[1]}/"
            assert http.once(Call(method="GET", url=url, direct=True)).status == 200
        thread.join()
        http.session().close()
    assert [b"cookie" in seen.lower() for seen in requests_seen] == [False, False]


def test_a_foreign_ca_bundle_is_ignored_and_proxies_are_honoured(monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/elsewhere.pem")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "direct.example")
    adapter = Scripted([Told(200), Told(200)])
    http = Http(Clockwork(), "/our-ca.pem", {"https://": adapter})
    http.once(CALL)
    http.once(Call(method="GET", url="https://direct.example/"))
    assert adapter.options[0]["verify"] == "/our-ca.pem"
    assert adapter.options[0]["proxies"]["https"] == "http://proxy.example:3128"
    assert not adapter.options[1]["proxies"].get("https")


def test_each_thread_has_its_own_session():
    http = http_to(Scripted([]), Clockwork())
    others: list[object] = []
    thread = threading.Thread(target=lambda: others.append(http.session()))
    thread.start()
    thread.join()
    assert http.session() is http.session()
    assert others[0] is not http.session()


def test_an_answer_that_is_no_json_is_unavailable():
    with pytest.raises(Unavailable):
        Reply(status=200, content=b"<html>").fast()
    assert Reply(status=200, content=b'\xef\xbb\xbf{"a": 1}').exact() == {"a": 1}


ADDRESS = Address(base="https://host.example/api", name="host")


@pytest.mark.parametrize("safe", [True, False])
def test_after_a_401_any_request_is_sent_once_more_with_a_new_token(safe):
    adapter = Scripted([Told(401), Told(204)])
    tokens = FixedTokens("old", "new")
    service = Service(http_to(adapter, Clockwork()), tokens, ADDRESS)
    assert service.send(Request(method="PATCH", path="x", safe=safe)).status == 204
    assert [r.headers["Authorization"] for r in adapter.requests] == ["Bearer old", "Bearer new"]


def test_a_second_401_is_handed_on():
    adapter = Scripted([Told(401), Told(401)])
    tokens = FixedTokens("only")
    service = Service(http_to(adapter, Clockwork()), tokens, ADDRESS)
    assert service.get("x").status == 401
    assert tokens.forgotten == 1


def test_business_time_is_the_date_of_the_last_answer():
    adapter = Scripted([told({}), told({}, Date="Mon, 16 Jun 2025 11:00:00 GMT")])
    service = Service(http_to(adapter, Clockwork()), FixedTokens("t"), ADDRESS)
    assert service.last_date() is None
    service.get("x")
    assert service.last_date() == at("2025-06-16T12:00:00Z")
    service.get("x")
    assert service.last_date() == at("2025-06-16T11:00:00Z")


@pytest.mark.parametrize(
    ("link", "ours"),
    [
        ("https://host.example/api/next", True),
        ("https://HOST.example/other", True),
        ("https://host.example.evil.org/api", False),
        ("http://host.example/api", False),
        ("/api/next", False),
    ],
)
def test_a_token_follows_links_to_the_own_host_only(link, ours):
    service = Service(http_to(Scripted([]), Clockwork()), FixedTokens("t"), ADDRESS)
    assert service.owns(link) is ours


@pytest.fixture
def tls_server():
    """Serve one answer over TLS, with a certificate of our own authority."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            try:
                with context.wrap_socket(connection, server_side=True) as secured:
                    secured.recv(1000)
                    secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            except (ssl.SSLError, OSError):
                connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"https://localhost:{server.getsockname()[1]}/", authority
        thread.join()


@pytest.mark.parametrize("trusted", [True, False])
def test_only_the_configured_authority_is_trusted(tls_server, trusted, tmp_path, monkeypatch):
    url, authority = tls_server
    for name, issuer in (("ours.pem", authority), ("other.pem", trustme.CA())):
        issuer.cert_pem.write_to_path(str(tmp_path / name))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / ("other.pem", "ours.pem")[not trusted]))
    http = Http(Clockwork(), str(tmp_path / ("ours.pem" if trusted else "other.pem")))
    call = Call(method="PATCH", url=url, direct=True)
    if trusted:
        assert http.once(call).content == b"ok"
    else:
        with pytest.raises(NotSent, match="ca_file"):
            http.once(call)
    http.session().close()


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ProtocolError("cut off"), id="cut off"),
        pytest.param(ReadTimeoutError(None, URL, "slow"), id="too slow"),
        pytest.param(DecodeError("no gzip"), id="garbled"),
        pytest.param(SSLError("bad record"), id="a broken TLS record"),
    ],
)
def test_an_answer_that_breaks_off_was_perhaps_executed(error):
    class Breaking(Scripted):
        def send(self, *args, **kwargs):
            answer = super().send(*args, **kwargs)
            answer.raw.read = lambda **_: (_ for _ in ()).throw(error)
            return answer

    with pytest.raises(NoAnswer):
        http_to(Breaking([told({})]), Clockwork()).once(CALL)
