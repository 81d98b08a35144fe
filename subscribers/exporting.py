"""What a person may ask for: everything that is kept about them."""

from subscribers.models import Subscriber

TOPIC = ("name", "text", "note", "cadence", "settled", "revisions", "cap", "threshold", "weight", "boosts")


def export(person: Subscriber) -> dict[str, object]:
    """Everything we keep about a person, as plain data."""
    columns = ("email", "state", "zone", "times", "days", "length", "empty_too", "consent", "asked_from",
               "confirmed_from")  # fmt: skip
    times = ("asked_at", "confirmed_at", "left_at", "paused_until", "due")
    return {
        **{name: getattr(person, name) for name in columns},
        **{name: getattr(person, name) and getattr(person, name).isoformat() for name in times},
        "topics": list(person.topics.order_by("id").values(*TOPIC)),
        "letters": [
            {
                "message_id": letter.message_id,
                "state": letter.state,
                "decided_at": letter.decided_at and letter.decided_at.isoformat(),
                "content": letter.content,
            }
            for letter in person.letters.order_by("id")
        ],
        "events": [{"at": e.at.isoformat(), "kind": e.kind, "data": e.data} for e in person.events.order_by("id")],
    }
