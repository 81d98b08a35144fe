"""What has become of letters and is not recorded yet: what each outcome means for its letter, and for the channel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from subscribers.models import Event
from subscribers.outbox import channel, turns
from subscribers.outbox.hand import Hand
from subscribers.outbox.policy import LONGEST, TOO_MANY, Expired, Outcome, Refusal, about_mailbox, enhanced, retry_after
from subscribers.outbox.queue import Owed
from subscribers.outbox.turns import Dot, Record
from subscribers.outbox.wire import text


class Verdicts:
    """Outcomes of one run, of letters that its hand has claimed."""

    def __init__(self, hand: Hand, clock: Callable[[], datetime]) -> None:
        self.counts: Counter[str] = Counter()
        self.revived: set[int] = set()  # letters whose end was taken back
        self.resting = False  # trouble of our own: nothing more goes out
        self._hand, self._clock = hand, clock
        self._records: list[Record] = []
        self._disliked: tuple[int | None, str] | None = None  # what this server says to everybody
        self._doubtful = True  # the channel had trouble or refusals since the last accepted letter

    def __len__(self) -> int:
        return len(self._records)

    def record(self, dots: Sequence[Dot] = ()) -> set[int]:
        """Record what was answered, and mark these dots; which of them may leave.

        What raises is told once more when the run ends: a reply counts once, however often it is told.
        """
        granted = turns.turn(self._records, dots, self._clock(), self.revived)
        self._hand.recorded(record.letter for record in self._records)
        self._records = []
        return granted

    def settle(self, letter: Owed, outcome: Outcome) -> None:
        """Note an outcome for the next turn. Trouble of our own stops the run and blames nobody."""
        kind = outcome.kind
        if kind == "accepted" and not self._doubtful:  # nearly all
            self._note(Record(self._hand.claim_of[letter.pk], letter.pk, kind, _reply(outcome)))
        elif kind == "channel":
            self._hand.recorded([letter.pk])
            self.rest(outcome)
        else:
            self._judge(letter, outcome, self._clock())

    def _judge(self, letter: Owed, outcome: Outcome, now: datetime) -> None:
        if outcome.kind == "refused" and self._disliked == (outcome.code, enhanced(outcome.reply)):
            outcome = outcome._replace(kind="deferred")
        self._note(self._record(letter, outcome, now))
        if outcome.kind == "refused":
            self._doubtful = True
            if not about_mailbox(outcome.code, outcome.reply):
                self._suspect(letter, outcome)
        elif outcome.kind == "accepted":
            channel.note(outcome, letter.pk, now)
            self._doubtful = False

    def _note(self, record: Record) -> None:
        self._records.append(record)
        self.counts[record.state] += 1

    def rest(self, outcome: Outcome) -> None:
        """All connections that are at it meet the same trouble: it is one. No trouble is a server that wants no more
        connections while other senders are at work: they go on."""
        if not self.resting and not (outcome.code == TOO_MANY and self._hand.is_done_by_others()):
            channel.trouble(outcome, self._clock())
        self.resting = True
        self._hand.drop()

    def no_mail(self, letter: Owed, error: Exception) -> None:
        """One letter that can't be composed stops only itself: cancelled, carried by the next digest, one alert.

        One whose address no server can be told is refused; one that has expired is not worth a word.
        """
        if isinstance(error, Refusal):
            self.settle(letter, error.outcome)
            return
        if isinstance(error, Expired):
            self._note(Record(self._hand.claim_of[letter.pk], letter.pk, "cancelled", reason="expired"))
            return
        said = text(f"{type(error).__name__}: {error}")[:300]
        self._records.append(
            Record(self._hand.claim_of[letter.pk], letter.pk, "cancelled", said, reason="unrenderable")
        )
        self.counts["cancelled"] += 1
        data = {"what": "a letter can't be composed", "message_id": letter.message_id, "error": said}
        Event.objects.create(
            kind="alert", at=self._clock(), letter_id=letter.pk, subscriber_id=letter.subscriber_id, data=data
        )

    def _suspect(self, letter: Owed, outcome: Outcome) -> None:
        """Record a refusal at once: with the four before it, it may turn out to be trouble of our own."""
        self.record()
        again = channel.note(outcome, letter.pk, self._clock())
        if again:
            self.resting, self._disliked = True, (outcome.code, enhanced(outcome.reply))
            self.counts["refused"] -= len(again)
            self.counts["deferred"] += len(again)
            self.revived.update(again)

    def _record(self, letter: Owed, outcome: Outcome, now: datetime) -> Record:
        claimed = self._hand.claim_of[letter.pk]
        reply = _reply(outcome)
        if outcome.kind != "deferred":
            return Record(claimed, letter.pk, outcome.kind, reply, letter.email)
        delay = retry_after(letter.kind, letter.attempts + 1, now - letter.posted_at)
        if delay is None:
            return Record(claimed, letter.pk, "cancelled", reply, letter.email, reason="expired")
        delay = max(delay, min(timedelta(seconds=outcome.wait), LONGEST))
        return Record(claimed, letter.pk, "deferred", reply, letter.email, retry_at=now + delay)


def _reply(outcome: Outcome) -> str:
    return f"{outcome.code or ''} {outcome.reply}".strip()
