"""Nobody gets in without the token, from another origin or under another name."""

import httpx
import pytest
from starlette.responses import PlainTextResponse

from assistant.server.guard import Guard

PORT = 8123
TOKEN = "a-token-of-this-start-0123456789"
URL = f"http://127.0.0.1:{PORT}"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def get(headers):
    guard = Guard(PlainTextResponse("in"), token=TOKEN, port=PORT)

    async def ask():
        transport = httpx.ASGITransport(guard)
        async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
            return await client.get("/anything", headers=headers)

    import asyncio

    return asyncio.run(ask())


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"LOCALHOST:{PORT}"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_right_host_and_token_pass(host, scheme):
    response = get({"Host": host, "Authorization": f"{scheme} {TOKEN}"})
    assert (response.status_code, response.text) == (200, "in")


def test_the_same_origin_passes():
    assert get({**BEARER, "Origin": URL}).status_code == 200


@pytest.mark.parametrize(
    "value",
    [None, "", TOKEN, "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer \xff"],
)
def test_a_wrong_token_is_refused(value):
    headers = [] if value is None else [(b"authorization", value.encode("latin-1"))]
    response = get(headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["error"]["code"] == "invalid_api_key"
    assert TOKEN not in response.text


def test_two_tokens_are_refused():
    assert get([("Authorization", f"Bearer {TOKEN}"), ("Authorization", "Bearer other")]).status_code == 401


HOSTS = [
    "evil.example",
    f"evil.example:{PORT}",
    "127.0.0.1",
    "localhost",
    f"127.0.0.1:{PORT + 1}",
    f"127.0.0.1.evil.example:{PORT}",
    f"[::1]:{PORT}",
    f"0.0.0.0:{PORT}",
    "",
]
ORIGINS = [None, "null", "http://evil.example", URL]
CONTENT_TYPES = ["application/json", "text/plain", "application/x-www-form-urlencoded"]


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("host", HOSTS)
def test_another_name_is_refused_even_with_the_token(host, origin, content_type):
    headers = {**BEARER, "Host": host, "Content-Type": content_type, **({"Origin": origin} if origin else {})}
    response = get(headers)
    assert response.status_code == 403
    assert response.json()["error"]["type"] == "permission_error"


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://evil.example",
        f"https://127.0.0.1:{PORT}",
        f"http://localhost:{PORT}",
        f"http://127.0.0.1:{PORT + 1}",
        f"http://127.0.0.1:{PORT}.evil.example",
        "file://",
        "vscode-webview://abc",
    ],
)
def test_a_foreign_origin_is_refused_even_with_the_token(origin, content_type):
    response = get({**BEARER, "Origin": origin, "Content-Type": content_type})
    assert response.status_code == 403
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_no_host_and_two_hosts_are_refused():
    import asyncio

    async def ask(headers):
        sent = []

        async def send(message):
            sent.append(message)

        await Guard(PlainTextResponse("in"), token=TOKEN, port=PORT)({"type": "http", "headers": headers}, None, send)
        return sent[0]["status"]

    token = (b"authorization", f"Bearer {TOKEN}".encode())
    host = (b"host", f"127.0.0.1:{PORT}".encode())
    assert asyncio.run(ask([host, token])) == 200
    assert asyncio.run(ask([token])) == 403
    assert asyncio.run(ask([host, host, token])) == 403


def test_a_web_socket_is_closed():
    import asyncio

    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(
        Guard(PlainTextResponse("in"), token=TOKEN, port=PORT)({"type": "websocket", "headers": []}, None, send)
    )
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_port_80_needs_no_port_in_the_host():
    import asyncio

    async def ask():
        transport = httpx.ASGITransport(Guard(PlainTextResponse("in"), token=TOKEN, port=80))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get("/", headers=BEARER)

    assert asyncio.run(ask()).status_code == 200
