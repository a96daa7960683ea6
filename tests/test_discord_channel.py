"""Discord end to end: discord.py and the whole desk against a server that speaks the protocol."""

from bot.assembly import ShopDesk
from tests.discord_fixtures import served
from tests.discord_server import FORUM, GENERAL, SUPPORT, DiscordServer, components
from tests.discord_world import PRIVATE, PRIVATE_THREADS, PUBLIC, PUBLIC_THREADS, Payload
from tests.members import member

QUESTION, ANSWER = "How long does delivery take?", "3 to 5 working days"
OTHER, OTHER_ANSWER = "Which payment methods do you accept?", "PayPigeon"
ORDER, EMAIL, TRACKING = "OT-20481931", "ada.holm@example.com", "OL757057600X"


def text(messages: list[Payload]) -> str:
    return "\n".join(one["content"] for one in messages)


async def answered(server: DiscordServer, channel: str, name: str = "", words: str = ANSWER) -> list[Payload]:
    return await server.until(lambda: [one for one in server.answers(channel, name) if words in one["content"]])


async def thread_of(server: DiscordServer, name: str, channel: str = SUPPORT) -> str:
    found = await server.until(lambda: [one for one in server.threads(channel, PUBLIC) if name.title() in one["name"]])
    return str(found[0]["id"])


async def test_a_direct_message_is_answered_there(on_discord: DiscordServer) -> None:
    await on_discord.writes_directly("ann", QUESTION)
    assert await answered(on_discord, on_discord.direct("ann"))


async def test_a_message_in_a_support_channel_opens_a_thread_and_is_answered_in_it(on_discord: DiscordServer) -> None:
    message = await on_discord.writes("ann", QUESTION)
    thread = await thread_of(on_discord, "ann")
    assert thread == message["id"]
    assert await answered(on_discord, thread)
    assert not on_discord.answers(SUPPORT)


async def test_each_customer_has_a_thread_of_their_own(on_discord: DiscordServer) -> None:
    await on_discord.writes("ann", QUESTION)
    await on_discord.writes("bob", "多久能送到？")
    ann, bob = await thread_of(on_discord, "ann"), await thread_of(on_discord, "bob")
    assert await answered(on_discord, ann)
    assert await answered(on_discord, bob, words="3 至 5")
    assert len(on_discord.threads(SUPPORT)) == 2


async def test_threads_are_named_in_the_language_of_their_customer(on_discord: DiscordServer) -> None:
    await on_discord.writes("lin", "多久能送到？我的订单号是 OT-20481931")
    await on_discord.until(lambda: on_discord.private_threads("lin"))
    assert [one["name"] for one in on_discord.threads()] == ["Lin 的咨询"] * 2
    await on_discord.until(lambda: on_discord.rest.commands)
    await on_discord.commands("yu", "help", locale="zh-CN")
    [private] = await on_discord.until(lambda: on_discord.private_threads("yu"))
    assert private["name"] == "Yu 的咨询"


async def test_who_goes_on_in_the_channel_is_answered_in_the_thread_they_have(on_discord: DiscordServer) -> None:
    await on_discord.writes("ann", QUESTION)
    thread = await thread_of(on_discord, "ann")
    await answered(on_discord, thread)
    await on_discord.writes("ann", OTHER)
    assert await answered(on_discord, thread, words=OTHER_ANSWER)
    assert await on_discord.until(lambda: f"<#{thread}>" in text(on_discord.answers(SUPPORT)))
    assert len(on_discord.threads(SUPPORT)) == 1


async def test_what_others_say_in_a_customers_thread_is_not_answered_unless_it_is_said_to_the_desk(
    on_discord: DiscordServer,
) -> None:
    await on_discord.writes("ann", QUESTION)
    thread = await thread_of(on_discord, "ann")
    before = len(await answered(on_discord, thread))
    await on_discord.writes("bob", OTHER, thread)
    await on_discord.writes("ann", "phone number?", thread)
    await answered(on_discord, thread, words="555 0142")
    assert OTHER_ANSWER not in text(on_discord.answers(thread)[before:])
    await on_discord.writes("bob", "<@100> " + OTHER, thread)
    assert await answered(on_discord, thread, words=OTHER_ANSWER)


async def test_in_any_other_channel_only_who_addresses_the_desk_is_answered(on_discord: DiscordServer) -> None:
    await on_discord.writes("ann", QUESTION, GENERAL)
    await on_discord.writes("bob", "<@100> " + QUESTION, GENERAL)
    assert await answered(on_discord, await thread_of(on_discord, "bob", GENERAL))
    assert len(on_discord.threads(GENERAL)) == 1


async def test_who_only_names_the_desk_is_greeted(on_discord: DiscordServer) -> None:
    await on_discord.writes("ann", "<@100>", GENERAL)
    assert await answered(on_discord, await thread_of(on_discord, "ann", GENERAL), words="Hello")


async def test_a_message_without_a_word_opens_nothing(on_discord: DiscordServer) -> None:
    await on_discord.writes("ann", "   ")
    await on_discord.writes("bob", QUESTION)
    await thread_of(on_discord, "bob")
    assert len(on_discord.threads(SUPPORT)) == 1


async def test_bots_and_webhooks_are_not_answered(on_discord: DiscordServer) -> None:
    on_discord.world.person("feed")["bot"] = True
    await on_discord.writes("feed", QUESTION)
    await on_discord.writes("ann", QUESTION, webhook_id="4711")
    await on_discord.writes("bob", QUESTION)
    await thread_of(on_discord, "bob")
    assert len(on_discord.threads(SUPPORT)) == 1


async def test_where_no_threads_are_allowed_the_answer_comes_in_the_channel(on_discord: DiscordServer) -> None:
    on_discord.world.forbidden[GENERAL] = PUBLIC_THREADS | PRIVATE_THREADS
    await on_discord.writes("ann", "<@100> " + QUESTION, GENERAL)
    assert await answered(on_discord, GENERAL)


async def test_a_locked_thread_is_left_alone_and_another_is_opened(on_discord: DiscordServer) -> None:
    await on_discord.writes("ann", QUESTION)
    first = await thread_of(on_discord, "ann")
    await answered(on_discord, first)
    on_discord.world.channels[first]["thread_metadata"].update(locked=True, archived=True)
    await on_discord.gateway.tell("THREAD_UPDATE", on_discord.world.channels[first])
    message = await on_discord.writes("ann", OTHER)
    assert await answered(on_discord, message["id"], words=OTHER_ANSWER)


async def test_what_is_personal_goes_on_in_a_private_thread(on_discord: DiscordServer) -> None:
    await on_discord.writes("ann", f"Where is my order {ORDER}?")
    thread = await thread_of(on_discord, "ann")
    private = (await on_discord.until(lambda: on_discord.private_threads("ann")))[0]
    assert private["type"] == PRIVATE
    assert private["thread_metadata"]["invitable"] is False
    assert await on_discord.until(lambda: on_discord.answers(private["id"]))
    assert await on_discord.until(lambda: private["id"] in str(on_discord.answers(thread)))


async def test_in_the_private_thread_it_goes_on_where_it_was_left(on_discord: DiscordServer) -> None:
    """What was handed in there and what the customer writes there are of one person, for the desk too."""
    await on_discord.writes("ann", "Where is my order?")
    private = (await on_discord.until(lambda: on_discord.private_threads("ann")))[0]["id"]
    await answered(on_discord, private, words="order number")
    await on_discord.writes("ann", ORDER, private)
    await answered(on_discord, private, words="Which e-mail address or postcode")
    await on_discord.writes("ann", EMAIL, private)
    assert await answered(on_discord, private, words=TRACKING)


async def test_in_a_private_thread_only_its_customer_is_served(on_discord: DiscordServer) -> None:
    await on_discord.writes("ann", f"Where is my order {ORDER}?")
    private = (await on_discord.until(lambda: on_discord.private_threads("ann")))[0]["id"]
    await on_discord.until(lambda: on_discord.answers(private))
    before = len(on_discord.answers(private))
    await on_discord.writes("eve", "And what is the address of it?", private)
    await on_discord.writes("ann", QUESTION, private)
    await answered(on_discord, private)
    conversations = [call.body for call in on_discord.asked("POST", f"{private}/messages")]
    assert len(conversations) == len(on_discord.answers(private)) > before
    assert "address" not in text(on_discord.answers(private)[before:]).split(ANSWER)[0]


async def test_a_button_is_marked_and_what_it_says_is_answered(on_discord: DiscordServer) -> None:
    channel = on_discord.direct("ann")
    await on_discord.writes_directly("ann", "I need a bigger one")
    shown = await on_discord.until(lambda: [one for one in on_discord.answers(channel) if components(one)])
    label = components(shown[0])[0]["label"]
    before = len(on_discord.answers(channel))
    asked = await on_discord.presses("ann", shown[0], label)
    await on_discord.until(lambda: asked.answers)
    assert asked.answers[0]["type"] == 7
    assert await on_discord.until(lambda: len(on_discord.answers(channel)) > before)


async def test_when_staff_close_it_the_customer_is_asked_how_it_was_and_thanked(
    on_discord: DiscordServer, desk: ShopDesk
) -> None:
    channel = on_discord.direct("ann")
    await on_discord.writes_directly("ann", QUESTION)
    await answered(on_discord, channel)
    await desk.staff.close(member("eve"), f"{on_discord.account}:{channel}")
    [asked] = await answered(on_discord, channel, words="How was it?")
    await on_discord.presses("ann", asked, components(asked)[-1]["label"])
    assert await answered(on_discord, channel, words="glad")


async def test_an_old_or_forged_button_is_answered_with_a_sentence_that_only_its_presser_sees(
    on_discord: DiscordServer,
) -> None:
    await on_discord.writes_directly("ann", QUESTION)
    shown = (await answered(on_discord, on_discord.direct("ann")))[0]
    for custom_id in ("1-0:0", "9999999999999-0:3", "nonsense", "order_form"):
        asked = await on_discord.presses_id("ann", shown, custom_id)
        await on_discord.until(lambda one=asked: one.answers)  # type: ignore[misc]
        assert asked.answers[0]["type"] == 4
        assert asked.answers[0]["data"]["flags"] & 64
        assert "over" in asked.answers[0]["data"]["content"]


async def test_the_commands_are_registered_in_both_languages(on_discord: DiscordServer) -> None:
    commands = {one["name"]: one for one in await on_discord.until(lambda: on_discord.rest.commands)}
    assert {"help", "human", "order"} <= commands.keys()
    assert all(one["description_localizations"]["zh-CN"] for one in commands.values())
    assert all(len(one["description"]) <= 100 for one in commands.values())


async def test_the_order_form_opens_the_order_in_private_though_it_is_asked_for_in_public(
    on_discord: DiscordServer,
) -> None:
    await on_discord.until(lambda: on_discord.rest.commands)
    form = await on_discord.commands("ann", "order")
    await on_discord.until(lambda: form.answers)
    assert form.answers[0]["type"] == 9
    sent = await on_discord.submits("ann", form, order=ORDER, email=EMAIL)
    await on_discord.until(lambda: sent.answers)
    private = (await on_discord.until(lambda: on_discord.private_threads("ann")))[0]["id"]
    assert sent.answers[0]["data"]["flags"] & 64
    assert private in str(sent.answers[0]["data"]["components"])
    assert await answered(on_discord, private, words=TRACKING)
    public = [one for one in on_discord.world.messages.values() if one["channel_id"] != private]
    assert EMAIL not in text(public)
    assert ORDER not in text(public)


async def test_a_command_whose_private_place_takes_long_is_answered_in_time(on_discord: DiscordServer) -> None:
    await on_discord.until(lambda: on_discord.rest.commands)
    on_discord.fails("POST", "/threads", 429, wait=2.0, retry_after=2.0)  # in three seconds Discord says that it failed
    asked = await on_discord.commands("ann", "help")
    await on_discord.until(lambda: asked.answers)
    assert (asked.answers[0]["type"], asked.answers[0]["data"]) == (5, {"flags": 64})
    [private] = await on_discord.until(lambda: on_discord.private_threads("ann"))
    told = await answered(on_discord, SUPPORT, "ann", "I have answered you in private")
    assert components(told[0])[0]["url"].endswith(private["id"])
    assert await answered(on_discord, private["id"], words="own words")
    assert not on_discord.answers(SUPPORT, "ben")


async def test_a_command_in_a_direct_message_is_answered_there(on_discord: DiscordServer) -> None:
    await on_discord.until(lambda: on_discord.rest.commands)
    await on_discord.writes_directly("ann", QUESTION)
    await answered(on_discord, on_discord.direct("ann"))
    asked = await on_discord.commands("ann", "human", on_discord.direct("ann"))
    await on_discord.until(lambda: asked.answers)
    assert asked.answers[0]["data"]["flags"] & 64
    assert await answered(on_discord, on_discord.direct("ann"), words="staff")


async def test_who_takes_no_direct_messages_and_may_have_no_private_thread_is_told_so(
    on_discord: DiscordServer,
) -> None:
    await on_discord.until(lambda: on_discord.rest.commands)
    on_discord.world.forbidden[SUPPORT] = PRIVATE_THREADS
    on_discord.world.closed.add(on_discord.world.person("ann")["id"])
    asked = await on_discord.commands("ann", "account")
    await on_discord.until(lambda: asked.answers)
    assert asked.answers[0]["data"]["flags"] & 64
    assert "private" in asked.answers[0]["data"]["content"]


async def test_without_private_threads_it_goes_on_in_direct_messages(on_discord: DiscordServer) -> None:
    on_discord.world.forbidden[SUPPORT] = PRIVATE_THREADS
    await on_discord.writes("ann", f"Where is my order {ORDER}?")
    await thread_of(on_discord, "ann")
    assert await on_discord.until(lambda: len(on_discord.answers(on_discord.direct("ann"))) >= 2)


async def test_a_forum_post_is_answered_in_its_thread(discord: DiscordServer, desk: ShopDesk) -> None:
    async with served(discord, desk.handles, FORUM):
        post = await discord.posts("ann", "Shipping", QUESTION)
        assert await answered(discord, post["channel_id"])


async def test_an_edited_question_is_answered_anew(on_discord: DiscordServer) -> None:
    message = await on_discord.writes_directly("ann", QUESTION)
    await answered(on_discord, on_discord.direct("ann"))
    await on_discord.edits(message, OTHER)
    assert await answered(on_discord, on_discord.direct("ann"), words=OTHER_ANSWER)


async def test_a_preview_that_discord_adds_is_no_edit(on_discord: DiscordServer) -> None:
    message = await on_discord.writes_directly("ann", QUESTION)
    await answered(on_discord, on_discord.direct("ann"))
    before = len(on_discord.answers(on_discord.direct("ann")))
    message["embeds"] = [{"type": "link"}]
    await on_discord.rest.tell("MESSAGE_UPDATE", message)
    await on_discord.writes_directly("ann", OTHER)
    await answered(on_discord, on_discord.direct("ann"), words=OTHER_ANSWER)
    assert len(on_discord.answers(on_discord.direct("ann"))) == before + 1


async def test_the_bots_own_permissions_are_told_at_start(discord: DiscordServer, desk: ShopDesk) -> None:
    discord.world.forbidden[SUPPORT] = PRIVATE_THREADS
    async with served(discord, desk.handles) as announced:
        assert any("Create Private Threads" in line and "support" in line for line in announced)


async def test_many_choices_are_a_list_and_what_is_chosen_from_it_is_done(on_discord: DiscordServer) -> None:
    direct = on_discord.direct("ann")
    await on_discord.writes_directly("ann", "exchange the jumper in OT-21045873")
    await answered(on_discord, direct, words="e-mail address")
    await on_discord.writes_directly("ann", "emma.tremblay@example.com")
    [asked] = await on_discord.until(
        lambda: [one for one in on_discord.answers(direct) if any(part["type"] == 3 for part in components(one))]
    )
    select, *beside = components(asked)
    labels = [one["label"] for one in select["options"]]
    assert len(labels) > 5 and select["placeholder"] == "Choose one…"
    assert [one["label"] for one in beside] == ["Talk to a person"], "that is no choice"
    chosen = await on_discord.chooses("ann", asked, labels[1])
    await on_discord.until(lambda: chosen.answers)
    select, human = components(asked)
    assert select["disabled"] and [one["label"] for one in select["options"] if one["default"]] == [labels[1]]
    assert "disabled" not in human
    done = await answered(on_discord, direct, words="Change items")
    assert labels[1].split(" ")[0] in text(done)
