"""The figures of one process for Prometheus: each by name, with what it means. A label never names a customer.

What every value of a label may be stands here too, so that nothing grows with the number of conversations.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bot.desks import REASONS

REGISTRY = CollectorRegistry(auto_describe=True)

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120)

COMMITTED = ("finished", "more", "stepped_back", "parked")  # how a turn ends; the others are void and begin again
ENDINGS = (*COMMITTED, "taken_over", "staff_changed", "interrupted", "failed", "handed_over")
ANSWERERS = ("model", "extractive", "code", "staff", "nobody")
STAGES = ("wait", "answer", "commit", "whole")
REFUSALS = ("messages", "unanswered", "line", "not_stored")
MODEL_OUTCOMES = ("answered", "unavailable", "overloaded", "too_slow", "garbled", "refused", "abandoned")
FALLBACKS = ("unavailable", "overloaded", "too_slow", "garbled", "refused", "ungrounded", "over_the_limit")
BLOCKED = (
    "money", "date", "time", "duration", "percent", "quantity", "identifier", "free", "stock", "delivery", "promise",
    "prompt",
)  # fmt: skip
THEN = ("rewritten", "extractive", "handoff", "left_out")
HANDOFFS = REASONS
MISSED = ("overdue", "quiet")
DELIVERIES = ("delivered", "again", "left", "failed")
UNANSWERED = ("declined", "offered")

turns_total = Counter(
    "shopdesk_turns_total",
    "Turns that ended, by how, and by what answered: model, extractive, code (buttons, cards, codes) or staff.",
    ("ended", "answered_by"),
    registry=REGISTRY,
)
turn_seconds = Histogram(
    "shopdesk_turn_seconds",
    "Seconds of a committed turn by stage. wait: from acceptance to a worker; whole: from acceptance to the commit.",
    ("stage",),
    buckets=_SECONDS,
    registry=REGISTRY,
)
first_text_seconds = Histogram(
    "shopdesk_first_text_seconds",
    "Seconds from the acceptance of the first message of a turn to the first text of its answer.",
    buckets=_SECONDS,
    registry=REGISTRY,
)
accepted_total = Counter(
    "shopdesk_accepted_total",
    "Messages stored, by the channel they came on; one that came again is counted again.",
    ("channel",),
    registry=REGISTRY,
)
refused_total = Counter(
    "shopdesk_refused_total",
    "Messages not stored: too many in a minute, too many unanswered, the line is full, or Redis did not store it.",
    ("what",),
    registry=REGISTRY,
)

queue_conversations = Gauge(
    "shopdesk_queue_conversations",
    "Conversations of the whole desk that have mail, those being answered included. Every process says the same.",
    registry=REGISTRY,
)
queue_oldest_seconds = Gauge(
    "shopdesk_queue_oldest_seconds",
    "Seconds that the first of them has been in the line. Every process says the same.",
    registry=REGISTRY,
)
parked_messages = Gauge(
    "shopdesk_parked_messages",
    "Messages that are set aside after three tries. Every process says the same.",
    registry=REGISTRY,
)
waiting_for_staff = Gauge(
    "shopdesk_waiting_for_staff",
    "Conversations that wait for a person. Every process says the same.",
    registry=REGISTRY,
)
outbox_conversations = Gauge(
    "shopdesk_outbox_conversations",
    "Conversations in which something is still to be brought to the customer. Every process says the same.",
    registry=REGISTRY,
)
facts_waiting = Gauge(
    "shopdesk_facts_waiting",
    "Turns and deeds of staff that are still to be written into the database. Every process says the same.",
    registry=REGISTRY,
)
redis_up = Gauge("shopdesk_redis_up", "1 where Redis answered this scrape, 0 where it did not.", registry=REGISTRY)

model_calls_total = Counter(
    "shopdesk_model_calls_total",
    "Calls to the model by replica and outcome. abandoned: the customer wrote meanwhile, or left.",
    ("replica", "outcome"),
    registry=REGISTRY,
)
model_first_token_seconds = Histogram(
    "shopdesk_model_first_token_seconds",
    "Seconds from a model request to its first token.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30),
    registry=REGISTRY,
)
model_in_flight = Gauge(
    "shopdesk_model_in_flight", "Model calls of this process going on now.", ("replica",), registry=REGISTRY
)
model_waiting = Gauge(
    "shopdesk_model_waiting", "Turns of this process that wait for a place at the model.", registry=REGISTRY
)
model_breaker_open = Gauge(
    "shopdesk_model_breaker_open",
    "1 while this process leaves a replica alone, after too many errors.",
    ("replica",),
    registry=REGISTRY,
)

fallbacks_total = Counter(
    "shopdesk_fallbacks_total",
    "Answers that came without the model although there is one, by what was wrong with its reply.",
    ("why",),
    registry=REGISTRY,
)
blocked_total = Counter(
    "shopdesk_blocked_total",
    "Sentences of the model that were not shown, by what in them had not been read, and by what took their place.",
    ("kind", "then"),
    registry=REGISTRY,
)
handoffs_total = Counter(
    "shopdesk_handoffs_total",
    "Conversations put into the line for staff: why, is one of bot.desks.REASONS.",
    ("why",),
    registry=REGISTRY,
)
missed_total = Counter(
    "shopdesk_missed_total",
    "Customers to whom staff did not come in time (overdue), or whom who had them did not answer (quiet).",
    ("how",),
    registry=REGISTRY,
)
unanswered_total = Counter(
    "shopdesk_unanswered_total",
    "Questions without an answer: the desk declined, or was not sure and offered topics to choose from.",
    ("kind",),
    registry=REGISTRY,
)
parked_total = Counter("shopdesk_parked_total", "Turns set aside after three tries.", registry=REGISTRY)
redis_errors_total = Counter(
    "shopdesk_redis_errors_total", "Errors and silences of Redis that this process met.", registry=REGISTRY
)
ends_not_shown_total = Counter(
    "shopdesk_ends_not_shown_total",
    "Handoffs that are over, which could not be shown in a group of staff however often it was tried.",
    registry=REGISTRY,
)
facts_dropped_total = Counter(
    "shopdesk_facts_dropped_total",
    "Turns and deeds of staff that were never written into the database: it was away for too long.",
    registry=REGISTRY,
)
deliveries_total = Counter(
    "shopdesk_deliveries_total",
    "Ends of deliveries, by channel. delivered; again: the platform was in trouble, it is tried again; left: the "
    "customer cannot be reached any more; failed: given up after too many errors of ours.",
    ("channel", "result"),
    registry=REGISTRY,
)
sockets_open = Gauge("shopdesk_sockets_open", "WebSockets open in this process.", registry=REGISTRY)

# What the way of a message observes, found once: looking a label up costs more than counting.
waited, answered, committed, whole = (turn_seconds.labels(stage) for stage in STAGES)
for _what in REFUSALS:
    refused_total.labels(_what)
for _why in FALLBACKS:
    fallbacks_total.labels(_why)
for _kind in BLOCKED:
    for _then in THEN:
        blocked_total.labels(_kind, _then)
for _why in HANDOFFS:
    handoffs_total.labels(_why)
for _how in MISSED:
    missed_total.labels(_how)
for _kind in UNANSWERED:
    unanswered_total.labels(_kind)
