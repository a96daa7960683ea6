"""Sends the spans of a process to a collector (OTLP over HTTP). Found by entry point: loaded only where one is set."""

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

LONGEST_SEND_SECONDS = 5.0
DELAY_SECONDS = 1.0
MOST_HELD = 8192  # spans; more than a collector takes are thrown away
LAST_SECONDS = 2.0  # for what is left when the process ends


@asynccontextmanager
async def open_tracing(url: str) -> AsyncIterator[None]:
    """`url` is the collector's own address, or with its path. A collector that is away holds nothing up.

    OpenTelemetry's own variables (OTEL_EXPORTER_OTLP_HEADERS, OTEL_TRACES_SAMPLER) are heeded by its SDK.
    """
    base = url.rstrip("/")
    endpoint = base if base.endswith("/v1/traces") else f"{base}/v1/traces"
    here = Resource.create({"service.name": "shopdesk", "service.instance.id": f"{socket.gethostname()}-{os.getpid()}"})
    provider = TracerProvider(resource=here, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=endpoint, timeout=LONGEST_SEND_SECONDS)
    provider.add_span_processor(
        BatchSpanProcessor(exporter, max_queue_size=MOST_HELD, schedule_delay_millis=DELAY_SECONDS * 1000)
    )
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        # its own thread, which dies with the process: shutdown() waits half a minute for a collector that is away
        last = threading.Thread(target=provider.shutdown, daemon=True)
        last.start()
        await asyncio.to_thread(last.join, LAST_SECONDS)
