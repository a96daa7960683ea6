"""What is missing for Discord, each in one sentence: for `shopdesk doctor`, and for whoever starts the desk."""

from adapters.discord.permissions import AT_DESK
from adapters.discord.portal import Bot, Portal, SupportChannel, TokenRefused
from adapters.discord.settings import DiscordSettings
from bot.channels import Finding

TOKEN_REFUSED = (
    "Discord does not accept SHOPDESK_DISCORD_TOKEN: make a new one in the developer portal (Bot, Reset Token) and set "
    "that one."
)
INTENT_MISSING = (
    'The bot may not read messages: switch on "Message Content Intent" in the developer portal (Bot, Privileged '
    "Gateway Intents)."
)


async def check(settings: DiscordSettings) -> list[Finding]:
    if not settings.token:
        return [
            Finding("discord", True, "not set: nobody is served there", "Set SHOPDESK_DISCORD_TOKEN (docs/discord.md).")
        ]
    try:
        async with Portal(settings) as portal:
            bot = await portal.bot()
            return [_bot(bot), _intent(bot), await _servers(portal, bot), *await channels(portal, bot, settings)]
    except TokenRefused:
        return [Finding("discord", False, "the token is refused", TOKEN_REFUSED)]
    except ConnectionError as problem:
        return [Finding("discord", False, str(problem), "Look at SHOPDESK_DISCORD_API, and at this machine's way out.")]


async def channels(portal: Portal, bot: Bot, settings: DiscordSettings) -> list[Finding]:
    """One for each support channel, and one for that of staff."""
    found = [_channel(await portal.channel(number, bot.application), bot) for number in settings.channels]
    if not settings.channels:
        advice = "Set SHOPDESK_DISCORD_CHANNELS to open a thread for everybody who writes in a channel."
        found = [Finding("discord channels", True, "none: direct messages and mentions are answered", advice)]
    if settings.desk:
        found.append(_desk(await portal.channel(settings.desk, bot.application, AT_DESK), bot))
    return found


def _bot(bot: Bot) -> Finding:
    return Finding("discord", True, f"{bot.name}, application {bot.application}")


def _intent(bot: Bot) -> Finding:
    found = "may read messages" if bot.content else "may not read messages"
    return Finding("discord intents", bot.content, found, "" if bot.content else INTENT_MISSING)


async def _servers(portal: Portal, bot: Bot) -> Finding:
    names = await portal.servers()
    if names:
        return Finding("discord servers", True, ", ".join(names[:5]) + (" and others" if len(names) > 5 else ""))
    return Finding("discord servers", False, "in none", f"Open {bot.invitation} and let the bot into your server.")


def _channel(channel: SupportChannel, bot: Bot) -> Finding:
    name = f"discord channel {channel.name or channel.id}"
    if not channel.found:
        advice = f"Take {channel.id} out of SHOPDESK_DISCORD_CHANNELS, or let the bot see it: {bot.invitation}"
        return Finding(name, False, f"the bot cannot see channel {channel.id}", advice)
    if not channel.threads:
        advice = "Name a text channel or a forum in SHOPDESK_DISCORD_CHANNELS."
        return Finding(name, False, "is of a kind that has no threads", advice)
    return _permissions(name, channel)


def _desk(channel: SupportChannel, bot: Bot) -> Finding:
    name = f"discord desk {channel.name or channel.id}"
    if not channel.found:
        advice = f"Let the bot into channel {channel.id}, or name another in SHOPDESK_DISCORD_DESK: {bot.invitation}"
        return Finding(name, False, f"the bot cannot see channel {channel.id}", advice)
    if not channel.text:
        return Finding(name, False, "is no text channel", "Name a text channel in SHOPDESK_DISCORD_DESK.")
    if channel.open_to_all:
        advice = "Make it a private channel: what customers write stands there. Let in your staff and the bot."
        return Finding(name, False, "everybody on the server can read it", advice)
    return _permissions(name, channel)


def _permissions(name: str, channel: SupportChannel) -> Finding:
    if channel.missing:
        lacks = ", ".join(channel.missing)
        advice = "Allow it to the bot's role in the settings of the channel or the server."
        return Finding(name, False, f"the bot lacks the permission {lacks}", advice)
    return Finding(name, True, "the bot may do there what it needs")
