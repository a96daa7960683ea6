"""Random histories of a mailbox on a real Redis: customers, staff, workers that stall and die; each step is checked."""

import copy
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.batches import Ended, Token
from bot.channels import TooMuch
from bot.keys import GROUP, LEASE_SECONDS
from bot.messages import DONE, WAITING_FOR_STAFF, Incoming, TextDelta
from bot.turns import TurnQueue
from tests.mailbox_checks import check_conversation, check_it_is_done, check_notes, message_of, text_of
from tests.mailbox_ground import CONVERSATIONS, Ground
from tests.mailbox_model import BOUNDS, PER_MINUTE, Expected
from tests.mailbox_players import Turn, Worker

WORKERS = 2
DRAIN_ROUNDS = 20
pick = st.integers(0, 10_000)
where = st.sampled_from(CONVERSATIONS)
who = st.integers(0, WORKERS - 1)
likely, seldom = st.sampled_from((True, True, True, False)), st.sampled_from((False, False, True))


class MailboxMachine(RuleBasedStateMachine):
    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.ground, self.keys = ground, ground.keys
        self.expected = {name: Expected(name) for name in CONVERSATIONS}
        self.hired = self.said = 0
        self.turns: list[Turn] = []  # not committed yet, as far as their workers know
        self.committed: list[Turn] = []
        self.undelivered: dict[str, list[str]] = {tag: [] for tag in ground.tags}
        self.line: dict[str, int] = dict.fromkeys(ground.tags, 0)
        ground.run(ground.empty())
        self.workers = [self._hire() for _ in range(WORKERS)]

    # What customers and staff do.

    @rule(where=where, count=st.sampled_from((1, 1, 1, 1, 1, 1, 2, 3, 23)))
    def customer_writes(self, where: str, count: int) -> None:
        self.ground.run(self._write(where, count))

    @precondition(lambda self: any(one.events for one in self.expected.values()))
    @rule(which=pick)
    def channel_delivers_again(self, which: int) -> None:
        known = [(where, *pair) for where, one in self.expected.items() for pair in one.events.items()]
        where, message, event = known[which % len(known)]
        assert self.ground.run(self._accept(where, message)) == event

    @precondition(lambda self: self.turns or any(one.staff for one in self.expected.values()))
    @rule(where=where)
    def staff_come_or_go(self, where: str) -> None:
        comes = not self.expected[where].staff
        self.expected[where].staff = "Mia" if comes else ""
        key = self.keys.staff(where)
        self.ground.run(self.ground.redis.set(key, "Mia") if comes else self.ground.redis.delete(key))

    @precondition(lambda self: self.said % 3 == 2)
    @rule(where=where)
    def conversation_is_erased(self, where: str) -> None:
        self.expected[where].erase()
        self.ground.run(self.ground.mailbox.erase(where))

    @precondition(lambda self: any(expected.parked for expected in self.expected.values()))
    @rule(which=pick, drop=st.booleans())
    def staff_look_into_what_is_parked(self, which: int, drop: bool) -> None:
        parked = self.ground.run(self.ground.parking.parked())
        one = parked[which % len(parked)]
        expected = self.expected[one.conversation]
        if drop:
            assert self.ground.run(self.ground.parking.drop(one))
            expected.parked.remove(one.message.message)
        else:
            assert self.ground.run(self.ground.parking.retry(one))
            expected.retry(one.message.message)
        assert not self.ground.run(self.ground.parking.retry(one)), "it is retried twice"

    # What workers do.

    @precondition(lambda self: any(self.undelivered.values()))
    @rule(who=who, which=pick, at_most=st.integers(1, 3), takes=likely, meanwhile=seldom)
    def worker_hears_of_mail(self, who: int, which: int, at_most: int, takes: bool, meanwhile: bool) -> None:
        tags = [tag for tag, entries in self.undelivered.items() if entries]
        tag, worker = tags[which % len(tags)], self.workers[who]
        tokens = self.ground.run(worker.queue.wait(tag, at_most))
        assert [token.id for token in tokens] == self.undelivered[tag][:at_most]
        self._give(worker, tokens, takes, meanwhile)

    @precondition(lambda self: self._in_hand())
    @rule(which=pick, again=st.booleans(), meanwhile=seldom)
    def worker_takes(self, which: int, again: bool, meanwhile: bool) -> None:
        worker, token = self._chosen(which)
        self._take(worker, token, again=again, meanwhile=meanwhile)

    @precondition(lambda self: self.turns)
    @rule(which=pick)
    def worker_emits(self, which: int) -> None:
        turn = self.turns[which % len(self.turns)]
        self.ground.run(turn.worker.queue.emit(turn.batch, TextDelta("a piece ")))

    @precondition(lambda self: self.turns)
    @rule(which=pick, interruptible=st.booleans(), step_back=st.booleans(), hands_over=st.booleans())
    def worker_commits(self, which: int, interruptible: bool, step_back: bool, hands_over: bool) -> None:
        turn = self.turns[which % len(self.turns)]
        turn.interruptible, turn.step_back, turn.park = interruptible, step_back, False
        turn.make(hands_over)
        self._commit(turn)

    @precondition(lambda self: self.turns)
    @rule(which=pick)
    def worker_parks(self, which: int) -> None:
        turn = self.turns[which % len(self.turns)]
        turn.interruptible, turn.step_back, turn.park = False, False, True
        turn.make(hands_over=True)
        self._commit(turn)

    @precondition(lambda self: self.committed)
    @rule(which=pick)
    def worker_commits_again_whose_answer_was_lost(self, which: int) -> None:
        turn = self.committed[-1 - which % len(self.committed)]
        newest = turn.number == self.expected[turn.batch.token.conversation].fence
        ended = self.ground.run(turn.end())
        assert ended is turn.ended or (ended is Ended.TAKEN_OVER and not newest)

    @precondition(lambda self: self._in_hand())
    @rule(which=pick)
    def worker_releases(self, which: int) -> None:
        worker, token = self._chosen(which)
        self.expected[token.conversation].release((worker.name, token.id))
        self.ground.run(worker.queue.release(token))
        self._forget(worker, token)

    @precondition(lambda self: self._in_hand())
    @rule(which=pick)
    def worker_keeps(self, which: int) -> None:
        worker, _ = self._chosen(which)
        self.ground.run(worker.queue.keep(worker.tokens))

    @precondition(lambda self: any(self.line.values()))
    @rule(where=where, who=who, takes=likely, grown_old=st.booleans(), meanwhile=seldom)
    def worker_claims_what_is_abandoned(
        self, where: str, who: int, takes: bool, grown_old: bool, meanwhile: bool
    ) -> None:
        worker = self.workers[who]
        if grown_old:
            self.ground.run(self._expire(where))
            self.ground.run(self._age(self.keys.tag(where)))
        tokens = self.ground.run(worker.queue.abandoned(self.keys.tag(where), LEASE_SECONDS, 100))
        mine = {token.conversation for token in worker.tokens}
        self._give(worker, [token for token in tokens if token.conversation not in mine], takes, meanwhile)

    # What goes wrong.

    @precondition(lambda self: self._in_hand())
    @rule(who=who)
    def worker_dies(self, who: int) -> None:
        self._bury(who)

    @precondition(lambda self: any(expected.lease for expected in self.expected.values()))
    @rule(where=where)
    def lease_expires(self, where: str) -> None:
        self.ground.run(self._expire(where))

    @precondition(lambda self: any(self.line.values()))
    @rule(where=where)
    def tokens_grow_old(self, where: str) -> None:
        self.ground.run(self._age(self.keys.tag(where)))

    @precondition(lambda self: any(self.line.values()) and self.said % 4 == 1)
    @rule()
    def all_workers_die_and_one_starts_alone(self) -> None:
        """What it finds was left by the dead: it need not wait for their leases."""
        for who in range(WORKERS):
            self._bury(who)
        alone = self.workers[0]
        for tag in self.ground.tags:
            for token in self.ground.run(alone.queue.abandoned(tag, 0, 1000)):
                alone.tokens.append(token)
                self._take(alone, token, steal=True)

    # What must hold.

    @invariant()
    def redis_is_as_the_model_says(self) -> None:
        self.ground.run(self._check())

    def teardown(self) -> None:
        self.ground.run(self._drain())

    # How it is done.

    async def _write(self, where: str, count: int) -> None:
        for _ in range(count):
            await self._accept_new(where)

    async def _accept_new(self, where: str) -> None:
        self.said += 1
        tag, expected, message = self.keys.tag(where), self.expected[where], f"m{self.said}"
        refused = expected.refuses(self.line[tag])
        try:
            event = await self._accept(where, message)
        except TooMuch as refusal:
            assert refusal.what == refused and refusal.wait > 0, (refusal, refused)
            return
        assert not refused, refused
        if not expected.mail:
            expected.something_passes |= len(self.undelivered[tag]) >= BOUNDS.told
            self.line[tag] += 1
        expected.accept(message, event)

    async def _accept(self, where: str, message: str) -> str:
        incoming = Incoming(channel="test", conversation=where, message=message, text=f"text of {message}")
        return await self.ground.mailbox.accept(incoming, PER_MINUTE)

    def _hire(self) -> Worker:
        self.hired += 1
        name = f"worker-{self.hired}"
        return Worker(TurnQueue(self.ground.connection, self.keys, name), name)

    def _bury(self, who: int) -> None:
        dead = self.workers[who]
        self.turns = [turn for turn in self.turns if turn.worker is not dead]
        self.committed = [turn for turn in self.committed if turn.worker is not dead]
        self.workers[who] = self._hire()

    def _in_hand(self) -> list[tuple[Worker, Token]]:
        return [(worker, token) for worker in self.workers for token in worker.tokens]

    def _chosen(self, which: int) -> tuple[Worker, Token]:
        in_hand = self._in_hand()
        return in_hand[which % len(in_hand)]

    def _give(self, worker: Worker, tokens: list[Token], takes: bool, meanwhile: bool) -> None:
        worker.tokens += [token for token in tokens if token not in worker.tokens]
        for token in tokens if takes else ():
            self._take(worker, token, meanwhile=meanwhile)
            self.ground.run(self._check())

    def _forget(self, worker: Worker, token: Token) -> None:
        worker.tokens = [one for one in worker.tokens if one != token]
        self.turns = [turn for turn in self.turns if (turn.worker, turn.batch.token) != (worker, token)]

    def _take(
        self, worker: Worker, token: Token, steal: bool = False, again: bool = False, meanwhile: bool = False
    ) -> None:
        expected = self.expected[token.conversation]
        gets_it = expected.take((worker.name, token.id), steal, again)
        at_that_time = copy.deepcopy(expected)
        if meanwhile:
            self.ground.scripts.meanwhile = lambda: self._accept_new(token.conversation)
        batch = self.ground.run(worker.queue.take(token, steal, again))
        self.ground.scripts.meanwhile = None
        assert (batch is not None) == gets_it, (batch, expected)
        if batch is None:
            self._forget(worker, token)
            return
        at_that_time.is_right(batch)
        self.turns.append(Turn(worker, batch, expected.fence))

    def _commit(self, turn: Turn) -> None:
        expected = self.expected[turn.batch.token.conversation]
        should = self._committed(expected, turn)
        ended = self.ground.run(turn.end())
        assert ended is should, (ended, should)
        turn.ended = ended
        if ended.value >= 0:
            self.turns.remove(turn)
            self.committed.append(turn)
        if ended in (Ended.FINISHED, Ended.STEPPED_BACK, Ended.TAKEN_OVER):
            self._forget(turn.worker, turn.batch.token)

    def _committed(self, expected: Expected, turn: Turn) -> Ended:
        void = expected.voided(turn.batch, turn.number, turn.interruptible)
        if void:
            return void
        told = [text_of(part) for part in (*turn.parts, DONE)]
        expected.waits_for_staff |= WAITING_FOR_STAFF in turn.parts and not turn.batch.staff
        if turn.noted and not turn.park:
            expected.note(turn.noted)
        return expected.commit(turn.batch, turn.session, told, turn.step_back, turn.park)

    async def _expire(self, where: str) -> None:
        self.expected[where].lease = None
        await self.ground.redis.delete(self.keys.lease(where))

    async def _age(self, tag: str) -> None:
        """Makes every token that somebody holds look as old as an abandoned one, and leaves it where it is."""
        ready, milliseconds = self.keys.ready(tag), int(LEASE_SECONDS * 1000)
        for entry in await self.ground.redis.xpending_range(ready, GROUP, "-", "+", 1000):
            token, holder = entry["message_id"], entry["consumer"]
            await self.ground.redis.xclaim(ready, GROUP, holder, 0, [token], idle=milliseconds, justid=True)

    async def _check(self) -> None:
        for tag in self.ground.tags:
            names = [name for name in CONVERSATIONS if self.keys.tag(name) == tag]
            await self._check_shard(tag, [self.expected[name] for name in names])

    async def _check_shard(self, tag: str, expected: list[Expected]) -> None:
        keys = self.keys
        named = (keys.mailbox, keys.session, keys.lease, keys.events)
        found: Any = await self.ground.look(
            keys=[
                keys.ready(tag),
                keys.parked(tag),
                *(key(one.name) for one in expected for key in named),
                keys.waiting(tag),
            ],
            args=[GROUP, *(one.name for one in expected)],
        )
        tokens, pending, parked, *conversations = found
        held = {entry[0] for entry in pending}
        self.undelivered[tag] = [entry for entry, _ in tokens if entry not in held]
        self.line[tag] = len(tokens)
        assert len(held) + len(self.undelivered[tag]) == len(tokens), "a token is gone and still pending"
        put_aside = sorted(message_of(value.partition("\n")[2]) for value in parked[1::2])
        assert put_aside == sorted(message for one in expected for message in one.parked)
        await self._check_notes(tag, expected)
        served = {fields[1] for _, fields in tokens}
        for one, state in zip(expected, conversations, strict=True):
            assert not one.mail or one.name in served, f"{one.name} has mail and no token"
            check_conversation(one, *state)

    async def _check_notes(self, tag: str, expected: list[Expected]) -> None:
        found: Any = await self.ground.look_at_notes(
            keys=[
                self.keys.tellings(tag),
                self.keys.tellings_by_time(tag),
                self.keys.unanswered(tag),
                *(key(one.name) for one in expected for key in (self.keys.told, self.keys.missed)),
            ],
            args=[],
        )
        check_notes(expected, *found)

    async def _drain(self) -> None:
        """Everybody dies; a healthy worker serves what is left, and then nothing remains."""
        for who in range(WORKERS):
            self._bury(who)
        healthy, rounds = self.workers[0], 0
        while any(self.line.values()) and (rounds := rounds + 1) < DRAIN_ROUNDS:
            for name in CONVERSATIONS:
                await self._expire(name)
            for tag in self.ground.tags:
                await self._age(tag)
                tokens = await healthy.queue.abandoned(tag, LEASE_SECONDS, 1000)
                tokens += await healthy.queue.wait(tag, 1000) if self.undelivered[tag] else []
                for token in tokens:
                    await self._serve(healthy, token)
            await self._check()
        assert not any(self.line.values()), "a token stays for ever"
        for expected in self.expected.values():
            check_it_is_done(expected)

    async def _serve(self, worker: Worker, token: Token) -> None:
        expected = self.expected[token.conversation]
        ended: Ended | None = Ended.MORE
        while ended is Ended.MORE:
            expected.take((worker.name, token.id), False, False)
            batch = await worker.queue.take(token)
            if batch is None:
                return
            turn = Turn(worker, batch, expected.fence)
            turn.make(hands_over=False)
            should, ended = self._committed(expected, turn), await turn.end()
            assert ended is should
