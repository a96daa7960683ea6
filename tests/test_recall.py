"""An answer is remembered with the version of its text: who was told what is not right any more gets the correction."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from bot.insights.corrections import worded
from bot.insights.outdated import Outdated
from bot.insights.told import Telling
from bot.insights.unanswered import UnansweredQuestions
from bot.keys import Keys
from bot.knowledge.passages import Passage
from bot.messages import STAFF, Incoming
from bot.redis.connection import Connection
from serving.script import Call, Reply, Rule, Script, When
from serving.scripted_model import scripted_model
from tests.care_ground import Ground, care_ground

ENTRY, CHINESE = "faq:delivery-time:en", "faq:delivery-time:zh"
QUESTION, QUESTION_ZH = "How many days until my parcel arrives?", "多久能送到？"
NEW = "Standard delivery takes 9 working days."
NEW_ZH = "标准配送需要9个工作日。"


@pytest_asyncio.fixture
async def ground(demo_data: Path, redis_url: str, connection: Connection) -> AsyncIterator[Ground]:
    async with care_ground(demo_data, redis_url, connection, Keys()) as opened:
        yield opened


@pytest_asyncio.fixture
async def any_ground(
    demo_data: Path, any_url: str, any_connection: Connection, any_keys: Keys
) -> AsyncIterator[Ground]:
    """On each kind of Redis."""
    async with care_ground(demo_data, any_url, any_connection, any_keys) as opened:
        yield opened


async def test_who_was_told_the_old_text_is_listed_and_gets_the_correction_once(any_ground: Ground) -> None:
    ground, ada, ben, zoe = any_ground, any_ground.customer(), any_ground.customer(), any_ground.customer()
    old = await ground.index.passage(ENTRY)
    assert old and old.text in (await ada.says(QUESTION)).text
    await ben.says("What payment methods do you accept?")
    assert CHINESE in (await zoe.says(QUESTION_ZH)).sources
    assert await ground.outdated("delivery-time") == []
    await ground.put(ENTRY, text=NEW)
    await ground.put(CHINESE, text=NEW_ZH)

    found = await ground.outdated("delivery-time")
    assert {one.telling.conversation for one in found} == {ada.conversation, zoe.conversation}
    (hers,) = [one for one in found if one.telling.conversation == ada.conversation]
    assert hers.old and hers.old.text == old.text and hers.new and hers.new.text == NEW
    assert (hers.telling.channel, hers.telling.version) == ("test", old.version)
    assert [one.telling.conversation for one in await ground.outdated(CHINESE)] == [zoe.conversation]

    drafted = await ground.corrections("delivery-time")
    assert {one.language for one in drafted} == {"en", "zh"}
    outcomes = [await ground.sending.send(one) for one in drafted]
    again = [await ground.sending.send(one) for one in drafted]
    assert (set(outcomes), set(again)) == ({"sent"}, {"not_needed"})
    (told,) = await ground.from_staff(ada)
    assert "Otter & Twig" in told and NEW in told and "The otter is quick" in told
    (told_zoe,) = await ground.from_staff(zoe)
    assert NEW_ZH in told_zoe and "更正" in told_zoe
    assert await ground.from_staff(ben) == []
    assert await ground.outdated("delivery-time") == []


async def test_what_is_corrected_is_outdated_again_when_the_entry_changes_again(ground: Ground) -> None:
    ada = ground.customer()
    await ada.says(QUESTION)
    await ground.put(ENTRY, text=NEW)
    (first,) = await ground.corrections(ENTRY)
    assert await ground.sending.send(first) == "sent"
    await ground.put(ENTRY, text="Standard delivery takes 4 working days.")
    (second,) = await ground.corrections(ENTRY)
    assert NEW in second.text and "4 working days" in second.text
    assert await ground.sending.send(second) == "sent"
    assert len(await ground.from_staff(ada)) == 2


async def test_who_was_told_what_is_right_later_gets_no_correction(ground: Ground) -> None:
    ada = ground.customer()
    await ada.says(QUESTION)
    await ground.put(ENTRY, text=NEW)
    drafted = await ground.corrections(ENTRY)
    new = await ground.index.passage(ENTRY)
    await ground.asks(ada, QUESTION, new)
    assert await ground.outdated(ENTRY) == []
    assert [await ground.sending.send(one) for one in drafted] == ["not_needed"]
    assert await ground.from_staff(ada) == []


async def test_a_correction_that_was_sent_by_one_who_died_is_not_sent_again(ground: Ground) -> None:
    ada = ground.customer()
    await ada.says(QUESTION)
    await ground.put(ENTRY, text=NEW)
    (drafted,) = await ground.corrections(ENTRY)
    await ada.postbox.accept(Incoming(STAFF, ada.conversation, drafted.message, drafted.text))
    await ground.connection.commands.delete(ground.keys.dedupe(ada.conversation, drafted.message))  # a day later
    assert await ground.sending.send(drafted) == "sent_before"
    assert len(await ground.from_staff(ada)) == 1
    assert await ground.outdated(ENTRY) == []


async def test_more_phrasings_and_another_address_are_no_correction(ground: Ground) -> None:
    ada = ground.customer()
    await ada.says(QUESTION)
    await ground.publishing.add_questions(ENTRY, ["when does the otter come"])
    await ground.put(ENTRY, url="https://shop.example/delivery")
    now = await ground.index.passage(ENTRY)
    assert now and "when does the otter come" in now.questions
    assert await ground.outdated("delivery-time") == []


async def test_an_entry_that_is_gone_is_corrected_without_a_new_text(ground: Ground) -> None:
    ada = ground.customer()
    await ada.says(QUESTION)
    await ground.publishing.remove(["delivery-time"])
    await ground.follows(ENTRY, None)
    (one,) = await ground.outdated("delivery-time")
    assert one.old and one.new is None
    (drafted,) = await ground.corrections("delivery-time")
    assert "do not rely on that" in drafted.text and "working days" in drafted.text
    assert await ground.sending.send(drafted) == "sent"
    assert await ground.outdated("delivery-time") == []


async def test_a_conversation_that_is_erased_was_told_nothing(any_ground: Ground) -> None:
    ground, ada, ben = any_ground, any_ground.customer(), any_ground.customer()
    await ada.says(QUESTION)
    await ben.says(QUESTION)
    await ada.says("Do you breed alpacas in the mountains?")
    await ground.put(ENTRY, text=NEW)
    drafted = await ground.corrections(ENTRY)
    await ground.desk.handles.postbox.erase(ada.conversation)  # type: ignore[attr-defined]
    assert [one.telling.conversation for one in await ground.outdated(ENTRY)] == [ben.conversation]
    outcomes = {one.conversation: await ground.sending.send(one) for one in drafted}
    assert outcomes == {ada.conversation: "not_needed", ben.conversation: "sent"}
    left: list[str] = await ground.connection.commands.keys("*")
    assert not [key for key in left if ada.conversation in key and not key.startswith(("dedupe:", "turn:"))]
    for number in range(ground.keys.shards):
        tag = ground.keys.shard(number)
        for name in (ground.keys.tellings(tag), ground.keys.tellings_by_time(tag), ground.keys.unanswered(tag)):
            members: list[str] = await ground.connection.commands.zrange(name, 0, -1)
            assert not [one for one in members if ada.conversation in one], name


async def test_what_is_kept_expires_with_the_conversations(ground: Ground) -> None:
    ada = ground.customer()
    await ada.says(QUESTION)
    await ada.says("Do you breed alpacas in the mountains?")
    redis, keys = ground.connection.commands, ground.keys
    old = await ground.index.passage(ENTRY)
    assert old
    for name in (keys.told(ada.conversation), keys.missed(ada.conversation), keys.told_text(ENTRY, old.version)):
        assert 0 < await redis.ttl(name) <= keys.kept_seconds + 3 * 24 * 3600, name
    tag = keys.tag(ada.conversation)
    stale = f"{ENTRY}\nv1 1000-0\ntest:forgotten"
    await redis.zadd(keys.tellings(tag), {stale: 0})
    await redis.zadd(keys.tellings_by_time(tag), {stale: 1})
    await redis.zadd(keys.unanswered(tag), {"test:forgotten": 1})
    assert "test:forgotten" not in {one.conversation for one in await ground.tellings.of(ENTRY)}
    await ground.customer().says(QUESTION)
    assert await redis.zscore(keys.tellings(tag), stale) is None
    assert await redis.zscore(keys.tellings_by_time(tag), stale) is None
    assert await redis.zscore(keys.unanswered(tag), "test:forgotten") is None


def searches(query: str, then: str) -> Script:
    """A model that looks the question up and then writes that."""
    return Script(
        (
            Rule(Reply(text=then), When(after="tool")),
            Rule(Reply(tool_calls=(Call("search_knowledge", {"query": query}),))),
        )
    )


async def test_what_a_model_cites_is_remembered_and_what_it_only_read_is_not(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    async with (
        scripted_model(searches(QUESTION, "Our help page says how long it takes [1].")) as url,
        care_ground(demo_data, redis_url, connection, Keys(), url) as ground,
    ):
        ada = ground.customer()
        assert (await ada.says(QUESTION)).sources == [ENTRY]
        told: dict[str, str] = await connection.commands.hgetall(ground.keys.told(ada.conversation))
        assert list(told) == [ENTRY]
        await ground.put(ENTRY, text=NEW)
        assert [one.telling.conversation for one in await ground.outdated("delivery-time")] == [ada.conversation]
        assert await UnansweredQuestions(connection, ground.keys).since(1e6) == []


async def test_what_a_model_looked_up_in_vain_is_an_unanswered_question(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    async with (
        scripted_model(searches("breed alpacas in the mountains", "That I do not know.")) as url,
        care_ground(demo_data, redis_url, connection, Keys(), url) as ground,
    ):
        await ground.customer().says("Do you breed alpacas in the mountains?")
        (one,) = await UnansweredQuestions(connection, ground.keys).since(1e6)
        assert one.question.text == "Do you breed alpacas in the mountains?" and one.question.how == "declined"


async def test_the_whole_way_by_commands(ground: Ground, tmp_path: Path) -> None:
    ada = ground.customer()
    await ada.says(QUESTION)
    assert "Nobody was told an older text of delivery-time." in await ground.command("affected", "delivery-time")
    entry = tmp_path / "mine" / "en" / "faq" / "shipping.md"
    entry.parent.mkdir(parents=True)
    entry.write_text(f"# Shipping\n\n## How long does delivery take? {{#delivery-time}}\n\n> delivery time\n\n{NEW}\n")
    await ground.command("put", str(tmp_path / "mine"))
    assert await ground.command("affected") == f"{ENTRY}  1 conversation\n"
    listed = await ground.command("affected", "delivery-time")
    assert ada.conversation in listed and f"now: {NEW}" in listed and "was: Standard delivery takes" in listed
    drafted = await ground.command("affected", "delivery-time", "--draft")
    assert "A correction from" in drafted
    assert await ground.from_staff(ada) == []
    sent = await ground.command("affected", "delivery-time", "--send")
    assert f"{ada.conversation}  sent" in sent
    assert "Nobody was told" in await ground.command("affected", "delivery-time", "--send")
    (told,) = await ground.from_staff(ada)
    assert NEW in told


async def test_staff_may_word_it_themselves_and_choose_who_gets_it(ground: Ground, tmp_path: Path) -> None:
    ada, ben = ground.customer(), ground.customer()
    await ada.says(QUESTION)
    await ben.says(QUESTION)
    await ground.put(ENTRY, text=NEW)
    own = tmp_path / "own.txt"
    own.write_text("Nine days it is. Your otters\n")
    await ground.command("affected", ENTRY, "--send", "--only", ada.conversation, "--text", str(own))
    assert await ground.from_staff(ada) == ["Nine days it is. Your otters"]
    assert await ground.from_staff(ben) == []
    assert [one.telling.conversation for one in await ground.outdated(ENTRY)] == [ben.conversation]


def say(language: str, name: str, **values: object) -> str:
    return f"{name}|{values.get('old', '')}|{values.get('new', '')}"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Return within 30 days.", "Return within 14 days.",
         "correction_changed|Return within 30 days.|Return within 14 days."),
        ("Return within 30 days.", "Return within 30 days. Bring the receipt.", "correction_added||Bring the receipt."),
        ("We ship free. We ship fast.", "We ship fast.", "correction_gone|We ship free.|"),
        ("30天内可退货。运费由我们承担。", "14天内可退货。运费由我们承担。",
         "correction_changed|30天内可退货。运费由我们承担。|14天内可退货。运费由我们承担。"),
        ("**Free** over [50 USD](/x).", "Free over 60 USD.", "correction_changed|Free over 50 USD.|Free over 60 USD."),
        ("Return within 30 days. " + "It is easy. " * 40, "Return within 14 days. " + "It is easy. " * 40,
         "correction_changed|Return within 30 days.|Return within 14 days."),
    ],
)  # fmt: skip
def test_a_correction_says_what_we_said_and_what_is_right(old: str, new: str, said: str) -> None:
    passage = Passage("faq:x:en", "faq", "en", "X", old, "/x", version="1")
    telling = Telling("faq:x:en", "1", "1-0", "test:a")
    changed = Outdated(telling, passage, msgspec.structs.replace(passage, text=new, version="2"))
    assert worded(changed, "en", say) == said
