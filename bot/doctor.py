"""What `shopdesk doctor` says: of every setting and server what was found and what to do."""

import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import obstore

from bot.answering.prompting import PromptError
from bot.channels import Channel, Finding
from bot.desk.findings import staff_finding
from bot.knowledge.embedding.findings import embedding_findings
from bot.knowledge.searching.choosing import milvus_findings
from bot.knowledge.searching.entry_book import EntryBook
from bot.knowledge.versions import current
from bot.letters.mail import MailFailed, Smtp, smtp_server
from bot.model_server import AskedServer, ask_model_servers, ask_to_look
from bot.object_stores import TROUBLE
from bot.opening.attachments import place_of_attachments, store_of_attachments
from bot.opening.knowledge import built_with
from bot.opening.places import database_url, read_prompts
from bot.redis.findings import redis_finding
from bot.settings import Settings
from bot.shop.catalogue import read_catalogue
from bot.shop.database import open_database
from bot.shop.guessing import LIKELY, NumbersInUse, read_numbers
from bot.shop.records import ShopProfile
from bot.shop.store import open_store

LEAST_FREE_BYTES = 500_000_000


async def examine(settings: Settings, channels: Sequence[Channel]) -> list[Finding]:
    """Looks and changes nothing."""
    findings = [_python(), _data_folder(settings.data_dir), _prompts(settings)]
    findings += [
        await redis_finding(settings),
        _secret(settings),
        await _database(settings),
        _knowledge(settings),
        *await embedding_findings(settings, built_with(settings)),
        *await milvus_findings(settings),
        *await _model(settings),
        await _attachments(settings),
    ]
    findings += [*await _proofs(settings), await staff_finding(settings)]
    for channel in channels:
        findings += await channel.check()
    return findings


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info >= (3, 11), version, "" if sys.version_info >= (3, 11) else "Use 3.11+.")


def _data_folder(folder: Path) -> Finding:
    existing = next(parent for parent in (folder.resolve(), *folder.resolve().parents) if parent.exists())
    if not os.access(existing, os.W_OK):
        return Finding("SHOPDESK_DATA_DIR", False, f"{folder} cannot be written", "Set it to a folder of your own.")
    free = shutil.disk_usage(existing).free
    advice = "" if free > LEAST_FREE_BYTES else "Make room: the embedded Redis refuses messages when the disk is full."
    return Finding("SHOPDESK_DATA_DIR", not advice, f"{folder.resolve()}, {free // 1_000_000} MB free", advice)


def _prompts(settings: Settings) -> Finding:
    try:
        prompts = read_prompts(settings)
    except PromptError as error:
        return Finding("SHOPDESK_PROMPTS_DIR", False, str(error), "Mend that file.")
    return Finding("SHOPDESK_PROMPTS_DIR", True, f"languages {', '.join(prompts.languages)}")


def _secret(settings: Settings) -> Finding:
    name = "SHOPDESK_SECRET"
    if settings.secret.get_secret_value():
        return Finding(name, True, "set: processes on any machine can share the visitors")
    advice = "Set it to the same 32 characters or more everywhere before there are several machines."
    return Finding(name, True, f"not set; a file in {settings.data_dir}", advice if settings.redis_url else "")


async def _database(settings: Settings) -> Finding:
    name = "SHOPDESK_DATABASE_URL"
    if not settings.database_url and not (settings.data_dir / "shop.sqlite").exists():
        return Finding(name, True, "not set; `shopdesk run` makes an SQLite file with the demo shop")
    try:
        async with open_store(database_url(settings)) as store:
            profile, products = await store.profile(), await store.products()
    except OSError as error:
        return Finding(name, False, str(error).removeprefix(f"{name}: "), "Start that server, or correct the address.")
    if profile is None:
        return Finding(name, True, "empty; `shopdesk run` puts the demo shop there", "Or import your own first.")
    demo = "the demo shop" if profile.demo else profile.name.get("en") or next(iter(profile.name.values()))
    return Finding(name, True, f"{demo}, {len(products)} products")


async def _proofs(settings: Settings) -> list[Finding]:
    """What the shop's customers can prove: with a mailed code, and how safely with an order number."""
    if not settings.database_url and not (settings.data_dir / "shop.sqlite").exists():
        return [await _mail(settings, None)]
    try:
        async with open_database(database_url(settings)) as database, database.reading() as connection:
            profile = (await read_catalogue(connection)).profile
            numbers = await read_numbers(connection)
    except OSError:  # the finding on the database says so
        return [await _mail(settings, None)]
    return [await _mail(settings, profile), _order_numbers(numbers)]


async def _mail(settings: Settings, profile: ShopProfile | None) -> Finding:
    name, url = "SHOPDESK_SMTP_URL", settings.smtp_url.get_secret_value()
    if not url:
        if profile is None or profile.demo:
            return Finding(name, True, f"not set; the demo shop's mails are files in {settings.data_dir / 'mail'}")
        found = "not set; no one-time codes: whoever wants an address or the payment changed has to ask your staff"
        return Finding(name, True, found, "Set it to smtp://user:password@mail.example.com:587.")
    server = smtp_server(url)
    try:
        await Smtp(server, settings.mail_from).check()
    except MailFailed as error:
        return Finding(name, False, f"{server.host}:{server.port}: {error}", f"Correct {name}, or start that server.")
    return Finding(name, True, f"{server.host}:{server.port} takes mail")


def _order_numbers(numbers: NumbersInUse | None) -> Finding:
    name = "order numbers"
    if numbers is None:
        return Finding(name, True, "none, or numbers with letters: how easily they are guessed is not reckoned")
    found = (
        f"{numbers.chance_a_day:.1e} a day: the chance to find, knowing an e-mail address, one of the "
        f"{numbers.most_of_a_customer} orders of the customer with most, among {numbers.span} numbers in use"
    )
    if numbers.chance_a_day < LIKELY:
        return Finding(name, True, found)
    return Finding(name, False, found, f"Give new orders longer or random numbers: under {LIKELY:.0e} is safe.")


def _knowledge(settings: Settings) -> Finding:
    folder = settings.data_dir / "knowledge"
    version = current(folder)
    if not version:
        return Finding("knowledge", True, "nothing published yet; `shopdesk run` publishes the demo's")
    try:
        with closing(EntryBook(folder / version)) as book:
            counted = book.counted()
    except OSError as error:
        advice = "The next `shopdesk run` builds what another release has published; else import your texts again."
        return Finding("knowledge", False, f"version {version} cannot be read: {error}", advice)
    kinds = {kind: sum(n for (one, _), n in counted.items() if one == kind) for kind in ("faq", "policy", "product")}
    found = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    advice = "" if kinds["faq"] or kinds["policy"] else "Import your FAQ: shopdesk knowledge import PATH"
    return Finding("knowledge", not advice, f"version {version}: {found}", advice)


async def _model(settings: Settings) -> list[Finding]:
    """One finding for each replica."""
    if not settings.model_url:
        found = "not set; answers are quoted from the shop's texts"
        return [Finding("SHOPDESK_MODEL_URL", True, found, "See README, Connect a model.")]
    servers = [_model_server(settings, asked) for asked in await ask_model_servers(settings)]
    return servers + [_sees(asked) for asked in (await ask_to_look(settings) if settings.model_sees else [])]


def _sees(asked: AskedServer) -> Finding:
    name = "SHOPDESK_MODEL_SEES"
    if asked.trouble:
        advice = "Serve a model that takes pictures (serving/README.md), or take the setting away."
        return Finding(name, False, f"{asked.url} does not take a picture ({asked.trouble})", advice)
    return Finding(name, True, f"{asked.url} takes pictures")


def _is_folder(path: str) -> bool:
    return Path(path).is_dir()


async def _attachments(settings: Settings) -> Finding:
    """Where customers' photos and files are kept; nothing is made there."""
    name, place = "SHOPDESK_ATTACHMENTS_URL", place_of_attachments(settings)
    most = f"up to {settings.attachment_mb} MB each"
    if not settings.attachments_url:
        advice = "Set it where channels and workers are on several machines." if settings.redis_url else ""
        return Finding(name, True, f"not set; {place}, {most}", advice)
    if place.startswith("file://") and not _is_folder(place.removeprefix("file://")):
        return Finding(name, False, f"{place} is no folder", "Make it, or mount it, on this machine and all others.")
    try:
        async for _ in obstore.list(store_of_attachments(settings), chunk_size=1):
            break
    except TROUBLE as error:
        return Finding(name, False, f"{place} does not answer: {error}", "Correct the address, or who we are there.")
    return Finding(name, True, f"{place}, {most}")


def _model_server(settings: Settings, asked: AskedServer) -> Finding:
    name = "SHOPDESK_MODEL_URL"
    if asked.trouble:
        advice = "Start the model server (make serve-model), or correct SHOPDESK_MODEL_URL and SHOPDESK_MODEL_KEY."
        return Finding(name, False, f"{asked.url} does not answer as a model server ({asked.trouble})", advice)
    if settings.model_name not in asked.serves:
        found = f"{asked.url} serves {', '.join(asked.serves)}"
        return Finding("SHOPDESK_MODEL_NAME", False, found, "Set it to one of these.")
    return Finding(name, True, f"{asked.url} serves {settings.model_name}")
