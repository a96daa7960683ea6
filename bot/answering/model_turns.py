"""How many turns of an hour a customer may have from the model; the ones after that are answered without it."""

from datetime import UTC, datetime, timedelta

from bot.answering.failures import OverTheLimit
from bot.answering.turn import Turn
from bot.limits import Limits
from bot.sessions import ModelTurns

AN_HOUR = timedelta(hours=1)


class ModelTurnLimit:
    """Counted from the first turn of an hour on: for a customer of the shop over all their conversations (seldom a trip
    to Redis), for a guest in the session, which is read and saved anyway."""

    def __init__(self, an_hour: int = 0, limits: Limits | None = None) -> None:
        self._at_most, self._limits = an_hour, limits

    async def count(self, turn: Turn) -> None:
        """Raises OverTheLimit, and NotCounted where Redis is away."""
        if not self._at_most:
            return
        customer = turn.session.customer
        if customer and self._limits is not None:
            wait = await self._limits.allow_use("model-turns", customer, self._at_most, int(AN_HOUR.total_seconds()))
            over = wait > 0
        else:
            over = self._is_over_in_session(turn, datetime.now(UTC))
        if over:
            raise OverTheLimit(f"more than {self._at_most} turns with the model in an hour")

    def _is_over_in_session(self, turn: Turn, now: datetime) -> bool:
        counted = turn.session.model_turns
        if counted is None or now - counted.since >= AN_HOUR:
            counted = ModelTurns(now)
        turn.session.model_turns = ModelTurns(counted.since, counted.count + 1)
        return counted.count >= self._at_most
