"""What is said to a customer who waits for staff: when somebody is there, how long it took lately, what happens then.

Every time that is named is one that a clock keeps.
"""

from datetime import datetime

from bot.answering.ground import Ground
from bot.answering.intents import HUMAN
from bot.desk.clocks import next_word
from bot.desk.hours import OpeningHours
from bot.desk.saying_when import clock_time, said_wait, said_when
from bot.desks import Handoff
from bot.manners.commands import CALL_BACK, LEAVE_EMAIL, LEAVE_LINE
from bot.messages import Button, Buttons
from bot.sessions import Waits
from bot.shop.records import in_language

AGAIN = "clock_come_back"  # comes several times, and does not say everything again


class WaitingWords:
    def __init__(self, ground: Ground, mails: bool) -> None:
        self._prompts, self._profile, self._desk = ground.prompts, ground.profile, ground.profile.desk
        self._hours, self._mails = OpeningHours(self._desk), mails

    def joined(self, language: str, handoff: Handoff, left: Waits, now: datetime, already: bool) -> str:
        """To who joins the line, or is in it already."""
        if already:
            since = self._when(language, datetime.fromtimestamp(handoff.since, now.tzinfo), now, zone=False)
            first = self.say(language, "wait_already", since=since)
        else:
            first = self.say(language, "wait_joined", reason=handoff.reason)
        here = _together(language, first, self._desk_is(language, handoff, now), self.next_word(language, handoff, now))
        return f"{here}\n\n{self._meanwhile(language, handoff, left)}"

    def stands(self, language: str, name: str, handoff: Handoff, left: Waits, now: datetime) -> str:
        """How it stands: a sentence of the clock, then what happens next."""
        sentences = [
            self.say(language, name, reminders=handoff.alerts),
            self.next_word(language, handoff, now, zone=True) or self.say(language, "wait_last"),
            "" if name == AGAIN else self._contact(language, handoff, left),
        ]
        if handoff.overdue:
            sentences.append(self._reach(language))
        return _together(language, *sentences)

    def next_word(self, language: str, handoff: Handoff, now: datetime, zone: bool | None = None) -> str:
        """When the desk comes back by itself; "" where it does not any more."""
        comes_back = next_word(handoff, self._desk, self._hours, now)
        if comes_back is None:
            return ""
        when = self._when(language, comes_back, now, zone=self._hours.always if zone is None else zone)
        return self.say(language, "wait_comes_back", when=when)

    def buttons(self, language: str, handoff: Handoff, left: Waits) -> tuple[Buttons, ...]:
        """None where others read along."""
        if handoff.public:
            return ()
        offered = [] if left.contact else [(LEAVE_EMAIL, "button_leave_email")]
        if self._desk.calls_back and not left.contact:
            offered.append((CALL_BACK, "button_call_back"))
        offered.append((LEAVE_LINE, "button_leave_line"))
        return (Buttons(tuple(Button(press, self.say(language, label), lasting=True) for press, label in offered)),)

    def human(self, language: str) -> Buttons:
        return Buttons((Button(HUMAN, self.say(language, "button_human"), lasting=True),))

    def hours_in_words(self, language: str) -> str:
        return in_language(self._profile.hours, language)

    def say(self, language: str, name: str, **values: object) -> str:
        return self._prompts.say(language, name, **values)

    def _desk_is(self, language: str, handoff: Handoff, now: datetime) -> str:
        """Whether somebody is there, and how long it took lately."""
        opens, closes = self._hours.opens_at(now), self._hours.closes_at(now)
        usual = self.say(language, "wait_usual", wait=said_wait(self._prompts, language, handoff.expected))
        usual = usual if handoff.expected else ""
        if self._hours.always or opens is None:
            return _together(language, self.say(language, "wait_here", hours=self.hours_in_words(language)), usual)
        if opens > now:
            return self.say(language, "wait_closed", opens=self._when(language, opens, now, zone=True))
        if closes is None or closes.astimezone(self._hours.zone).date() != now.astimezone(self._hours.zone).date():
            return _together(language, self.say(language, "wait_here", hours=""), usual)
        until = clock_time(closes, self._hours.zone)
        answered = self._hours.after_open_seconds(now, handoff.expected)
        if answered and answered > closes and (again := self._hours.opens_at(closes)):
            return self.say(language, "wait_late", closes=until, opens=self._when(language, again, now, zone=False))
        return _together(language, self.say(language, "wait_open", closes=until), usual)

    def _meanwhile(self, language: str, handoff: Handoff, left: Waits) -> str:
        helps = "" if handoff.public else self.say(language, "wait_helps", order=left.order)
        return _together(language, helps, self._contact(language, handoff, left), self._reach(language))

    def _reach(self, language: str) -> str:
        """The ways to the shop that need no desk."""
        return self.say(language, "wait_reach", email=self._profile.email, phone=self._profile.phone)

    def _contact(self, language: str, handoff: Handoff, left: Waits) -> str:
        if handoff.public:
            return ""
        if left.contact:
            return self.say(language, "wait_contact_left", contact=left.contact)
        return self.say(language, "wait_contact", calls=self._desk.calls_back, mail=self._mails)

    def _when(self, language: str, moment: datetime, now: datetime, zone: bool) -> str:
        return said_when(self._prompts, language, moment, now, self._hours.zone, zone)


def _together(language: str, *sentences: str) -> str:
    """Those that there are; Chinese puts nothing between them."""
    return ("" if language == "zh" else " ").join(filter(None, sentences))
