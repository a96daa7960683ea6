"""What a process shows of itself to Prometheus: its own figures and those of the queues, as text."""

from prometheus_client import ProcessCollector, disable_created_metrics, generate_latest

from bot.observing import metrics
from bot.observing.queue_figures import QueueFigures


class ProcessFigures:
    """What bot/channels.py calls Figures."""

    def __init__(self, queues: QueueFigures) -> None:
        self._queues = queues
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a third of the lines, and nobody asks for them
        self._process = ProcessCollector(registry=None)

    async def text(self) -> bytes:
        """The text format 0.0.4 of Prometheus. Answers within seconds also where Redis is away."""
        await self._queues.refresh()
        return generate_latest(metrics.REGISTRY) + generate_latest(self._process)

    def sockets(self, more: int) -> None:
        metrics.sockets_open.inc(more)
