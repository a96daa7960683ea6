"""What happens in a conversation reaches people on Telegram: the real library against a server that refuses as the
real one does, the pace kept in a real Redis."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from telegram import Bot

from adapters.telegram.bots import open_bot
from adapters.telegram.delivering import Deliveries
from adapters.telegram.outgoing import Outgoing
from adapters.telegram.paces import BOT
from adapters.telegram.places import Place
from bot.assembly import ShopDesk
from bot.channels import Handles, NotNow, Unreachable
from bot.messages import (
    DONE,
    RESTARTED,
    STAFF_TYPING,
    THINKING,
    WITH_STAFF,
    Attachment,
    Busy,
    Button,
    Buttons,
    Card,
    Event,
    FinalText,
    Happening,
    Incoming,
    InPrivate,
    Said,
    TextDelta,
)
from bot.opening.front import open_front
from bot.redis.connection import Connection
from bot.settings import Settings
from tests.photos import photo
from tests.telegram_server import NO_LIMITS, Limits, TelegramServer, open_telegram
from tests.telegram_world import Person, hears, until

HOME = "https://shop.example"
LONG = "三至五个工作日。" * 1200  # three messages


@dataclass
class Told:
    """A Delivery of what a test tells; keeps what is noted, as the outbox does, over deliveries that are broken off."""

    conversation: str
    happenings: Sequence[Happening | Callable[[], Awaitable[None]]]
    answers: str = ""
    noted: str = ""
    upto: int = 0
    notes: list[str] = field(default_factory=list)

    async def events(self) -> AsyncIterator[Event]:
        for number, what in enumerate(self.happenings, 1):
            if callable(what):
                await what()
            elif number > self.upto:
                yield Event(f"{number}-0", what, self.answers)

    async def note(self, how_far: str) -> None:
        self.noted = how_far
        self.notes.append(how_far)

    async def delivered(self, event: str) -> None:
        self.upto, self.noted = int(event.partition("-")[0]), ""

    @property
    def is_through(self) -> bool:
        return self.upto == len(self.happenings)


@dataclass
class Ground:
    telegram: TelegramServer
    bot: Bot
    handles: Handles
    deliveries: Deliveries

    def ann(self) -> Person:
        """Somebody who has opened the private chat."""
        person = self.telegram.person("Ann")
        person.starts()
        return person

    def told(self, person: Person, *what: Happening | Callable[[], Awaitable[None]], thread: int = 0) -> Told:
        return Told(Place(self.bot.id, person.id, thread).conversation, what)

    async def bring(self, told: Told) -> None:
        """As the outbox does it."""
        while True:
            try:
                await self.deliveries.each(told)
                return
            except NotNow as later:
                await asyncio.sleep(later.seconds)


@asynccontextmanager
async def ground_of(telegram: TelegramServer, handles: Handles) -> AsyncIterator[Ground]:
    async with open_bot(telegram.bot.token, telegram.url, print) as opened:
        deliveries = Deliveries(opened.bot, opened.name, handles, HOME)
        yield Ground(telegram, opened.bot, handles, deliveries)


@pytest_asyncio.fixture
async def handles(demo_data: Path, redis_url: str, connection: Connection) -> AsyncIterator[Handles]:
    """The front of a desk that nobody works at."""
    async with open_front(Settings(data_dir=demo_data, redis_url=redis_url), print) as opened:
        yield opened


@pytest_asyncio.fixture
async def ground(handles: Handles) -> AsyncIterator[Ground]:
    async with open_telegram(NO_LIMITS) as telegram, ground_of(telegram, handles) as opened:
        yield opened


def texts(person: Person) -> list[str]:
    return [one.text for one in person.private.said]


async def test_a_reply_is_one_message_with_entities_buttons_and_no_preview(ground: Ground) -> None:
    ann = ground.ann()
    buttons = Buttons((Button("yes:1", "Confirm", "primary"), Button("no:1", "Leave it")))
    told = ground.told(ann, FinalText(f"**Look** at {HOME}/a"), Card("Cancel", (("Back", "$5"),)), buttons, DONE)
    await ground.bring(told)
    (message,) = ann.private.said
    assert message.text == f"Look at {HOME}/a\n\nCancel\nBack: $5"
    assert [one["type"] for one in message.entities] == ["bold", "text_link", "bold"]
    assert message.button("Confirm")["callback_data"] == "3-0:0"
    assert not message.preview
    assert told.is_through
    assert all("parse_mode" not in call.parameters for call in ground.telegram.made("sendMessage"))


async def test_a_reply_is_seen_while_it_is_written_and_then_stands_there_once(ground: Ground) -> None:
    ann = ground.ann()
    seen = list[str]()

    async def frame(text: str) -> None:
        await until(lambda: ann.private.draft == text, f"the draft {text!r} instead of {ann.private.draft!r}")
        seen.append(ann.private.draft)

    told = ground.told(
        ann,
        THINKING,
        TextDelta("It **ta"),
        lambda: frame("It ta"),
        TextDelta("kes** 3"),
        TextDelta(" days."),
        lambda: frame("It takes 3 days."),
        FinalText("It **takes** 3 days."),
        DONE,
    )
    await ground.bring(told)
    assert seen == ["It ta", "It takes 3 days."]
    assert texts(ann) == ["It takes 3 days."]
    assert ann.private.draft == ""
    frames = ground.telegram.made("sendMessageDraft")
    assert len({call.parameters["draft_id"] for call in frames}) == 1, "one draft that grows"
    assert all(later.at - earlier.at >= 0.95 for earlier, later in itertools.pairwise(frames))


async def test_a_restart_takes_the_draft_back(ground: Ground) -> None:
    ann = ground.ann()

    async def shown(text: str) -> None:
        await until(lambda: ann.private.draft == text, f"the draft {text!r}")

    told = ground.told(
        ann, TextDelta("Wrong"), lambda: shown("Wrong"), RESTARTED, lambda: shown(""), FinalText("Right"), DONE
    )
    await ground.bring(told)
    assert texts(ann) == ["Right"]


async def test_in_a_group_typing_is_shown_and_the_reply_answers_the_message(ground: Ground) -> None:
    ann, group = ground.ann(), ground.telegram.group("Otters")
    asked = ann.writes("@otter_shop_bot how long?", to=group)
    where = Place(ground.bot.id, group.id, 0, ann.id).conversation
    event = await ground.handles.postbox.accept(Incoming("telegram", where, str(asked.id), "how long?"))

    async def typing() -> None:
        await until(lambda: group.typing_until > 0, "typing")

    told = Told(where, (THINKING, TextDelta("3"), typing, FinalText("3 days"), DONE), answers=event)
    await ground.bring(told)
    (message,) = group.said
    assert message.text == "3 days"
    assert message.reply_to is asked
    assert not ground.telegram.made("sendMessageDraft")


async def test_a_message_that_was_deleted_meanwhile_is_answered_all_the_same(ground: Ground) -> None:
    ann, group = ground.ann(), ground.telegram.group("Otters")
    where = Place(ground.bot.id, group.id, 0, ann.id).conversation
    event = await ground.handles.postbox.accept(Incoming("telegram", where, "999", "how long?"))
    await ground.bring(Told(where, (FinalText("3 days"), DONE), answers=event))
    assert [(one.text, one.reply_to) for one in group.said] == [("3 days", None)]


async def test_nobody_is_called_in_a_group_by_what_we_repeat(ground: Ground) -> None:
    ann, group = ground.ann(), ground.telegram.group("Otters")
    where = Place(ground.bot.id, group.id, 0, ann.id).conversation
    await ground.bring(Told(where, (FinalText("@boss_of_all, write to ada@example.com"), DONE)))
    await ground.bring(ground.told(ann, FinalText("@boss_of_all"), DONE))
    assert group.said[0].text == "@\u2060boss_of_all, write to ada@example.com"
    assert texts(ann) == ["@boss_of_all"]


async def test_a_topic_is_answered_in_the_topic(ground: Ground) -> None:
    ann, forum = ground.ann(), ground.telegram.group("Otters", forum=True)
    ann.writes("@otter_shop_bot hi", to=forum, thread=5)
    where = Place(ground.bot.id, forum.id, 5, ann.id).conversation
    await ground.bring(Told(where, (THINKING, FinalText("Hello"), DONE)))
    assert [(one.text, one.thread) for one in forum.said] == [("Hello", 5)]


async def test_a_topic_that_was_closed_or_deleted_cannot_be_reached(ground: Ground) -> None:
    ann, forum = ground.ann(), ground.telegram.group("Otters", forum=True)
    where = Place(ground.bot.id, forum.id, 6, ann.id).conversation
    with pytest.raises(Unreachable, match="thread"):
        await ground.bring(Told(where, (FinalText("Hello"), DONE)))


async def test_words_of_staff_are_shown_as_theirs_at_once_and_without_markup(ground: Ground) -> None:
    ann = ground.ann()
    told = ground.told(ann, Said("staff", "s1", "I am **Bo**: https://post.example/t?x=1"), Said("staff", "s2", ""))
    await ground.bring(told)
    (message,) = ann.private.said
    assert message.text == "Our staff\nI am **Bo**: https://post.example/t?x=1"
    assert [one["type"] for one in message.entities] == ["bold", "text_link"]
    assert told.is_through


async def test_photos_and_files_of_staff_follow_their_words_and_none_holds_up_the_next(ground: Ground) -> None:
    ann, keep = ground.ann(), ground.handles.attachments.keep
    told = ground.told(ann)
    picture = await keep(told.conversation, "", "image/jpeg", photo())
    label = await keep(told.conversation, "label.pdf", "application/pdf", b"%PDF")
    odd = await keep(told.conversation, "odd.jpg", "image/jpeg", b"no picture at all")
    attached = (
        Attachment("photo", kept=picture),
        Attachment("file", "label.pdf", kept=label),
        Attachment("photo", "odd.jpg", kept=odd),
        Attachment("photo", kept="gone/1"),
        Attachment("photo"),
    )
    told.happenings = (Said("staff", "s1", "Like this", attached, name="Olivia"), Said("staff", "s2", "ok?"))
    ground.telegram.trouble("sendDocument", 429, retry_after=1, times=1)
    await ground.bring(told)
    words, shown, file, as_file, last = ann.private.said
    assert words.text == "Olivia\nLike this" and "photo" in shown.content
    assert [one.content["document"]["file_name"] for one in (file, as_file)] == ["label.pdf", "odd.jpg"]
    assert last.text == "Our staff\nok?" and told.is_through


async def test_that_staff_write_is_no_reply_and_is_shown_only_where_the_bot_is(ground: Ground) -> None:
    ann = ground.ann()
    told = ground.told(ann, STAFF_TYPING, Said("staff", "s1", "Good morning"), STAFF_TYPING)
    await ground.bring(told)
    assert not ground.telegram.made("sendChatAction", ann.id) and texts(ann) == ["Our staff\nGood morning"]
    await ground.deliveries.staff_type(told.conversation)
    assert len(ground.telegram.made("sendChatAction", ann.id)) == 1
    ground.telegram.trouble("sendChatAction", 400, description="Bad Request: trouble", times=1)
    for conversation in (told.conversation, "discord:1:2", f"telegram:1:{ann.id}"):
        await ground.deliveries.staff_type(conversation)
    assert len(ground.telegram.made("sendChatAction", ann.id)) == 1


async def test_that_staff_have_the_conversation_is_said_once_until_we_answer_again(ground: Ground) -> None:
    ann = ground.ann()
    ground.telegram.trouble("sendMessage", 429, retry_after=1, chat=ann.id)  # what was not said is still to be said
    await ground.bring(ground.told(ann, WITH_STAFF, DONE))
    await ground.bring(ground.told(ann, WITH_STAFF, DONE))
    await ground.bring(ground.told(ann, FinalText("Hello"), DONE))
    await ground.bring(ground.told(ann, WITH_STAFF, DONE))
    notice = "One of our staff reads this conversation and answers you here."
    assert texts(ann) == [notice, "Hello", notice]


async def test_a_place_in_the_line_is_told_in_the_customers_language(ground: Ground) -> None:
    ann = ground.ann()
    told = ground.told(ann, Busy(12))
    said = Incoming("telegram", told.conversation, "5", "多久能送到？")
    told.answers = await ground.handles.postbox.accept(said)
    await ground.bring(told)
    (text,) = texts(ann)
    assert "12" in text
    assert "客户" in text or "顾客" in text


async def test_a_reply_that_is_broken_off_goes_on_where_it_was(ground: Ground) -> None:
    ann = ground.ann()
    told = ground.told(ann, FinalText(LONG), DONE)
    ground.telegram.trouble("sendMessage", 0, times=1)  # the first is never answered
    with pytest.raises(NotNow):
        await ground.deliveries.each(told)
    assert told.noted == "2-0:0"
    await ground.deliveries.each(told)
    assert "".join(texts(ann)) == LONG
    assert told.notes == ["2-0:0", "2-0:0", "2-0:1", "2-0:2"]


async def test_a_piece_that_went_out_is_not_sent_again(ground: Ground) -> None:
    ann = ground.ann()
    told = ground.told(ann, FinalText(LONG), DONE)
    told.noted = "2-0:1"
    await ground.bring(told)
    assert LONG.endswith("".join(texts(ann)))
    assert len(texts(ann)) == 2


async def test_a_chat_that_is_flooded_is_left_alone_as_long_as_telegram_says(ground: Ground) -> None:
    ann, bob = ground.ann(), ground.ann()
    ground.telegram.trouble("sendMessage", 429, retry_after=4, times=1, chat=ann.id)
    told, other = ground.told(ann, FinalText("Hello"), DONE), ground.told(bob, FinalText("Hello"), DONE)
    waiting = asyncio.create_task(ground.bring(told))
    await until(lambda: ground.telegram.made("sendMessage", ann.id, answered=429), "the refusal")
    await asyncio.wait_for(ground.bring(other), 3.5)  # nobody else waits
    await waiting
    (refused,) = ground.telegram.made("sendMessage", ann.id, answered=429)
    (sent,) = ground.telegram.made("sendMessage", ann.id)
    assert sent.at - refused.at >= 4.0
    assert (texts(ann), texts(bob)) == (["Hello"], ["Hello"])


async def test_a_refused_draft_is_left_out_and_keeps_its_chat_quiet(ground: Ground) -> None:
    ann = ground.ann()
    ground.telegram.trouble("sendMessageDraft", 429, retry_after=1, times=1)

    async def refused() -> None:
        await until(lambda: ground.telegram.made("sendMessageDraft", answered=429), "the refusal")

    await ground.bring(ground.told(ann, TextDelta("a"), refused, FinalText("ab"), DONE))
    (frame,) = ground.telegram.made("sendMessageDraft", answered=429)
    (sent,) = ground.telegram.made("sendMessage")
    assert sent.at - frame.at >= 1.0
    assert texts(ann) == ["ab"]


@pytest.mark.parametrize("status", [502, 500, 0])
async def test_trouble_on_the_way_is_met_by_trying_again(ground: Ground, status: int) -> None:
    ann = ground.ann()
    ground.telegram.trouble("sendMessage", status, times=2)
    told = ground.told(ann, FinalText("Hello"), DONE)
    await ground.bring(told)
    assert texts(ann) == ["Hello"]
    assert told.is_through


async def test_formatting_that_telegram_does_not_take_is_left_out(ground: Ground) -> None:
    ann = ground.ann()
    ground.telegram.trouble("sendMessage", 400, description="Bad Request: can't parse entities: unsupported", times=1)
    await ground.bring(ground.told(ann, FinalText("**Hello**"), Buttons((Button("a", "A"),)), DONE))
    (message,) = ann.private.said
    assert (message.text, message.entities, message.labels) == ("Hello", [], ["A"])


async def test_a_message_that_is_never_taken_does_not_keep_the_next_ones_waiting(ground: Ground) -> None:
    ann = ground.ann()
    ground.telegram.trouble("sendMessage", 400, description="Bad Request: something new", times=3)
    told = ground.told(ann, FinalText("Hello"), DONE, FinalText("Hello again"), DONE)
    await ground.bring(told)
    assert texts(ann) == ["Hello again"]
    assert told.is_through


async def test_who_has_blocked_the_bot_or_left_is_unreachable(ground: Ground) -> None:
    ann, group = ground.ann(), ground.telegram.group("Otters")
    ann.blocks()
    with pytest.raises(Unreachable, match="blocked"):
        await ground.bring(ground.told(ann, FinalText("Hello"), DONE))
    ann.removes_bot(group)
    with pytest.raises(Unreachable, match="kicked"):
        await ground.bring(Told(Place(ground.bot.id, group.id, 0, ann.id).conversation, (FinalText("Hello"), DONE)))
    with pytest.raises(Unreachable, match="not found"):
        await ground.bring(Told(Place(ground.bot.id, 4711).conversation, (FinalText("Hello"), DONE)))


async def test_a_group_that_became_a_supergroup_is_followed(ground: Ground) -> None:
    ann, group = ground.ann(), ground.telegram.group("Otters")
    old = Place(ground.bot.id, -4711, 0, ann.id).conversation
    ground.telegram.moved[-4711] = group.id
    await ground.bring(Told(old, (FinalText("Hello"), DONE, FinalText("Again"), DONE)))
    assert [one.text for one in group.said] == ["Hello", "Again"]


async def test_a_draft_that_hangs_does_not_keep_the_reply_waiting_for_long(ground: Ground) -> None:
    ann, never = ground.ann(), asyncio.Event()
    hanging = ground.telegram.trouble("sendMessageDraft", wait=never)

    async def met() -> None:
        await until(lambda: hanging.met, "the draft")

    await asyncio.wait_for(ground.bring(ground.told(ann, TextDelta("a"), met, FinalText("ab"), DONE)), 20)
    assert texts(ann) == ["ab"]
    never.set()


async def test_what_is_personal_goes_on_in_the_private_chat(ground: Ground) -> None:
    ann, group = ground.ann(), ground.telegram.group("Otters")
    where = Place(ground.bot.id, group.id, 0, ann.id).conversation
    private = Place(ground.bot.id, ann.id).conversation
    told = Told(where, (FinalText("That is between us."), InPrivate("Where is OT-20481931?"), DONE))
    await ground.bring(told)
    (message,) = group.said
    assert message.text == "That is between us."
    assert message.button("Open")["url"] == "https://t.me/otter_shop_bot"
    happened = [one.what for one in await ground.handles.postbox.transcript(private)]
    assert [one.text for one in happened if isinstance(one, Said)] == ["Where is OT-20481931?"]


async def test_who_has_no_private_chat_with_us_is_asked_to_open_it(ground: Ground) -> None:
    ann, group = ground.telegram.person("Ann"), ground.telegram.group("Otters")
    where = Place(ground.bot.id, group.id, 0, ann.id).conversation
    await ground.bring(Told(where, (FinalText("请私下继续。"), InPrivate("我的订单"), DONE)))
    (message,) = group.said
    assert "我的订单" not in message.text
    payload = message.keyboard[0][0]["url"].removeprefix("https://t.me/otter_shop_bot?start=")
    assert payload.startswith("q_")
    assert len(payload) <= 64
    assert ann.sees == []
    assert await ground.handles.postbox.transcript(Place(ground.bot.id, ann.id).conversation) == []


async def test_a_question_is_handed_into_the_private_chat_once(ground: Ground) -> None:
    ann, group = ground.ann(), ground.telegram.group("Otters")
    where = Place(ground.bot.id, group.id, 0, ann.id).conversation
    told = Told(where, (InPrivate("", press="orders"), DONE))
    ground.telegram.trouble("sendMessage", 0, times=2, chat=group.id)
    await ground.bring(told)
    private = Place(ground.bot.id, ann.id).conversation
    happened = [one.what for one in await ground.handles.postbox.transcript(private)]
    assert len([one for one in happened if isinstance(one, Said)]) == 1
    assert len(group.said) == 1


async def test_thirty_replies_at_once_stay_within_what_a_bot_may_and_all_of_them_arrive(handles: Handles) -> None:
    async with open_telegram() as telegram, ground_of(telegram, handles) as ground:
        people = [ground.ann() for _ in range(30)]

        async def told(person: Person) -> None:
            pieces: list[Happening | Callable[[], Awaitable[None]]] = [THINKING]
            for number in range(20):
                pieces += [TextDelta(f"{number} "), lambda: asyncio.sleep(0.2)]
            await ground.bring(ground.told(person, *pieces, FinalText("Done."), DONE))

        await asyncio.gather(*map(told, people))
        assert [texts(one) for one in people] == [["Done."]] * 30
        assert not [call for call in telegram.calls if call.status == 429]
        assert len(telegram.made("sendMessageDraft")) > 30
        times = sorted(call.at for call in telegram.calls if call.method.startswith("send"))
        assert all(later - earlier >= 1.0 for earlier, later in zip(times, times[30:], strict=False))


async def test_when_the_whole_bot_is_refused_it_is_quiet_for_as_long_as_telegram_says(handles: Handles) -> None:
    limits = Limits(bot_per_second=8)  # less than Telegram's FAQ says: nobody promises that figure
    async with open_telegram(limits) as telegram, ground_of(telegram, handles) as ground:
        people = [ground.ann() for _ in range(24)]
        await asyncio.gather(*(ground.bring(ground.told(one, FinalText("Hello"), DONE)) for one in people))
        assert [texts(one) for one in people] == [["Hello"]] * 24
        refused = [call for call in telegram.calls if call.status == 429]
        assert len(refused) < len(people), "not each of them finds it out for itself"


async def test_when_there_is_much_to_send_drafts_are_left_out_first_then_typing_and_never_a_reply(
    ground: Ground,
) -> None:
    ann, posting = ground.ann(), ground.deliveries.posting
    place = Place(ground.bot.id, ann.id)
    while not await ground.handles.pace.take(place.account, [BOT]):
        pass
    draft = await posting.draft(place, 1, Outgoing("a"))
    typing = await posting.typing(place)
    assert draft > typing > 0
    await ground.bring(ground.told(ann, FinalText("Hello"), DONE))
    assert texts(ann) == ["Hello"]


async def test_what_the_desk_answers_arrives_over_its_outbox(desk: ShopDesk) -> None:
    async with open_telegram() as telegram, ground_of(telegram, desk.handles) as ground:
        ann, account = ground.ann(), f"telegram:{ground.bot.id}"
        delivering = asyncio.create_task(desk.handles.outbox.deliver(account, ground.deliveries.each))
        try:
            asked = Incoming("telegram", f"{account}:{ann.id}", "1", "How long does delivery take?")
            await desk.handles.postbox.accept(asked, deliver=True)
            (message,) = await hears(ann.private, 1, seconds=20)
            assert "3 to 5 working days" in message.text
            assert "\nSources\n" in message.text
        finally:
            delivering.cancel()
            with suppress(asyncio.CancelledError):
                await delivering


async def test_no_token_stands_in_what_is_raised_or_logged(ground: Ground, caplog: pytest.LogCaptureFixture) -> None:
    ann = ground.ann()
    token = ground.telegram.bot.token
    caplog.set_level("DEBUG", logger="adapters")
    for status in (0, 401, 404, 500, 400):
        ground.telegram.trouble("sendMessage", status, times=1)
        problem: BaseException | None = None
        try:
            await ground.deliveries.each(ground.told(ann, FinalText("Hello"), DONE))
        except ConnectionError as raised:
            problem = raised
        while problem:
            assert token not in str(problem)
            assert problem.__suppress_context__ or problem.__context__ is None
            problem = problem.__cause__
    assert token not in caplog.text
