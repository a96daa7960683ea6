"""Tokens and identities: what opens a conversation, and what does not."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import aiohttp
import jwt
import pytest

from adapters.web.tokens import Tokens, derived
from tests.web_callers import Caller, calling, closed_with, socket_of
from tests.web_fixtures import SECRET, Served, served

WIDGET_SECRET = "the secret that the shop and we share"


def bad_tokens(caller: Caller) -> dict[str, str]:
    future = int(time.time()) + 3600
    claims = {"sub": caller.id, "exp": future, "customer": "C1"}
    key = derived(SECRET, "conversation token")
    head, body, signature = caller.token.split(".")
    nothing = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return {
        "empty": "",
        "no token": "nonsense",
        "alg none": jwt.encode(claims, None, algorithm="none"),
        "alg none, our body": f"{nothing}.{body}.",
        "alg none, our signature": f"{nothing}.{body}.{signature}",
        "another key": jwt.encode(claims, "y" * 40, algorithm="HS256"),
        "another algorithm": jwt.encode(claims, key * 2, algorithm="HS512"),
        "the bare secret": jwt.encode(claims, SECRET, algorithm="HS256"),
        "the identities' key": jwt.encode(claims, derived(SECRET, "demo identity"), algorithm="HS256"),
        "expired": jwt.encode(claims | {"exp": int(time.time()) - 5}, key, algorithm="HS256"),
        "no expiry": jwt.encode({"sub": caller.id}, key, algorithm="HS256"),
        "body changed": f"{head}.{body[:-4]}AAAA.{signature}",
    }


async def test_a_bad_token_opens_nothing() -> None:
    async with served() as shop, calling(shop) as caller:
        for name, token in bad_tokens(caller).items():
            caller.proof = {"Authorization": f"Bearer {token}"}
            status, body, headers = await caller.post({"id": "a", "text": "Hi"})
            assert (status, headers["www-authenticate"]) == (401, "Bearer"), name
            assert "error" in body
            async with caller.http.get(f"{caller.path}/events", headers=caller.proof) as answer:
                assert answer.status == 401, name
            async with socket_of(caller) as ws:
                await ws.send(json.dumps({"token": token}))
                assert await closed_with(ws) == 4401, name
        assert shop.postbox.accepted == []


async def test_a_token_without_its_scheme_or_in_the_address_is_not_taken() -> None:
    async with served() as shop, calling(shop) as caller:
        for headers in ({}, {"Authorization": caller.token}, {"Authorization": f"Basic {caller.token}"}):
            async with caller.http.get(f"{caller.path}/events?token={caller.token}", headers=headers) as answer:
                assert answer.status == 401


async def test_a_token_is_good_for_its_own_conversation_only() -> None:
    async with served() as shop, calling(shop) as mine, calling(shop) as theirs:
        await theirs.post({"id": "a", "text": "private"})
        mine.path = theirs.path
        assert (await mine.post({"id": "b", "text": "Hi"}))[0] == 404
        async with mine.http.get(f"{mine.path}/events", headers=mine.proof) as answer:
            assert answer.status == 404
        async with socket_of(mine) as ws:
            await ws.send(json.dumps({"token": mine.token}))
            assert await closed_with(ws) == 4401
        assert [incoming.text for incoming in shop.postbox.accepted] == ["private"]


async def test_a_foreign_event_id_or_message_id_shows_nothing_of_another_conversation() -> None:
    async with served() as shop, calling(shop) as mine, calling(shop) as theirs:
        await theirs.post({"id": "same", "text": "private"})
        place = (await theirs.events())[0]["id"]
        assert await mine.events(after=place) == []
        _, reply, _ = await mine.post({"id": "same", "text": "mine"})
        assert "private" not in json.dumps([reply, await mine.events(after=place), await mine.events()])


async def test_a_socket_ends_when_its_token_does() -> None:
    async with served() as shop, calling(shop) as caller:
        claims = {"sub": caller.id, "exp": int(time.time()) + 2}
        token = jwt.encode(claims, derived(SECRET, "conversation token"), algorithm="HS256")
        async with socket_of(caller) as ws:
            await ws.send(json.dumps({"token": token}))
            assert await closed_with(ws) == 4401


def identity(key: str = WIDGET_SECRET, algorithm: str = "HS256", **claims: object) -> str:
    return jwt.encode({"sub": "C7", "exp": int(time.time()) + 600, **claims}, key, algorithm=algorithm)


def relabelled(algorithm: str) -> str:
    """A good signature of HS256 under a header that says something else, as one does who knows only a public key."""
    head = {"typ": "JWT", **({"alg": algorithm} if algorithm else {})}
    first = base64.urlsafe_b64encode(json.dumps(head).encode()).rstrip(b"=").decode()
    body = identity().split(".")[1]
    signature = hmac.digest(WIDGET_SECRET.encode(), f"{first}.{body}".encode(), hashlib.sha256)
    return f"{first}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


async def start(shop: Served, signed: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession(shop.url) as http:
        answer = await http.post("/v1/conversations", json={"identity": signed})
        return answer.status, await answer.json()


async def test_a_signed_identity_binds_the_customer_to_every_message() -> None:
    async with served({"SHOPDESK_WIDGET_SECRET": WIDGET_SECRET}) as shop, calling(shop, identity=identity()) as caller:
        await caller.post({"id": "a", "text": "Where is my order?"})
        assert shop.postbox.accepted[0].customer == "C7"


def bad_identities() -> dict[str, tuple[str, str]]:
    """Made when they are used: some are good for a minute, and tests may wait longer for their turn."""
    return {
        "expired": (identity(exp=int(time.time()) - 60), "it has expired"),
        "too far ahead": (identity(exp=int(time.time()) + 25 * 3600), "more than 24 hours"),
        "no exp": (jwt.encode({"sub": "C7"}, WIDGET_SECRET, algorithm="HS256"), "'exp' is missing"),
        "no sub": (jwt.encode({"exp": int(time.time()) + 60}, WIDGET_SECRET, algorithm="HS256"), "'sub' is missing"),
        "empty sub": (identity(sub=""), "sub must be"),
        "sub too long": (identity(sub="x" * 201), "sub must be"),
        "another secret": (identity(key="another secret, also long enough!"), "signature does not match"),
        "alg none": (jwt.encode({"sub": "C7", "exp": int(time.time()) + 60}, None, algorithm="none"), "HS256"),
        "HS512": (identity(key=WIDGET_SECRET * 2, algorithm="HS512"), "HS256"),
        "RS256, signed with the secret": (relabelled("RS256"), "HS256"),
        "HS384 in the header": (relabelled("HS384"), "HS256"),
        "no alg at all": (relabelled(""), "HS256"),
        "for another service": (identity(aud="newsletter"), "meant for somebody else"),
        "for other services": (identity(aud=["newsletter", "blog"]), "meant for somebody else"),
        "for nobody": (identity(aud=[]), "meant for somebody else"),
        "signed in the future": (identity(iat=int(time.time()) + 3600), "not good yet"),
        "not yet good": (identity(nbf=int(time.time()) + 3600), "not good yet"),
        "sub a number": (identity(sub=7), "not a signed JSON web token"),
        "exp no number": (identity(exp="tomorrow"), "not a signed JSON web token"),
        "nonsense": ("nonsense", "not a signed JSON web token"),
    }


@pytest.mark.parametrize("case", bad_identities())
async def test_a_bad_identity_is_refused_and_the_error_says_why(case: str) -> None:
    signed, why = bad_identities()[case]
    async with served({"SHOPDESK_WIDGET_SECRET": WIDGET_SECRET}) as shop:
        status, body = await start(shop, signed)
        assert status == 401
        assert body["error"].startswith("identity: ")
        assert why in body["error"]


def good_identities() -> dict[str, str]:
    return {
        "the shop's clock is a little slow": identity(exp=int(time.time()) - 10),
        "the shop's clock is a little fast": identity(iat=int(time.time()) + 10, nbf=int(time.time()) + 10),
        "meant for us": identity(aud="shopdesk"),
        "meant for us among others": identity(aud=["newsletter", "shopdesk"]),
    }


@pytest.mark.parametrize("case", good_identities())
async def test_a_good_identity_is_taken(case: str) -> None:
    async with served({"SHOPDESK_WIDGET_SECRET": WIDGET_SECRET}) as shop:
        status, _ = await start(shop, good_identities()[case])
        assert status == 201


async def test_an_identity_that_somebody_copied_opens_no_conversation_that_was() -> None:
    """It starts another as the same customer, as long as it lives; what was said before stays where it was said."""
    signed = identity()
    async with served({"SHOPDESK_WIDGET_SECRET": WIDGET_SECRET}) as shop, calling(shop, identity=signed) as mine:
        await mine.post({"id": "a", "text": "private"})
        async with calling(shop, identity=signed) as copied:
            assert copied.id != mine.id
            assert "private" not in json.dumps(await copied.events())
            copied.path = mine.path
            assert (await copied.post({"id": "b", "text": "Hi"}))[0] == 404
        async with mine.http.get(f"{mine.path}/events", headers={"Authorization": f"Bearer {signed}"}) as answer:
            assert answer.status == 401


async def test_a_customer_in_a_message_or_a_changed_identity_is_not_believed() -> None:
    async with served({"SHOPDESK_WIDGET_SECRET": WIDGET_SECRET}) as shop, calling(shop, identity=identity()) as caller:
        await caller.post({"id": "a", "text": "Hi", "customer": "C8", "author": "C8"})
        assert all(one.customer == "C7" and not one.author for one in shop.postbox.accepted)
        head, _, signature = identity().split(".")
        body = identity(sub="C8").split(".")[1]
        assert (await start(shop, f"{head}.{body}.{signature}"))[0] == 401


async def test_without_a_secret_no_identity_is_believed() -> None:
    async with served(demo=False) as shop:
        status, body = await start(shop, identity())
        assert status == 401
        assert "SHOPDESK_WIDGET_SECRET is not set" in body["error"]


async def test_a_conversation_token_is_no_identity() -> None:
    async with served() as shop:
        _, token = Tokens(SECRET, 24).issue("C1")
        assert (await start(shop, token))[0] == 401
