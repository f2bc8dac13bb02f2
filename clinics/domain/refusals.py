"""How a refusal is said: a code for programs, words for people, and the field it stands beside."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something may not be done. ``message`` is shown as it is; ``field`` is empty for the whole form."""

    code: str
    message: str
    field: str = ""


class Refused(Exception):
    """Raised by an action, so that its transaction is undone; carries every reason and, if any, alternatives."""

    def __init__(self, *reasons: Refusal, alternatives: tuple = ()) -> None:
        self.reasons = reasons
        self.alternatives = alternatives
        super().__init__("; ".join(reason.message for reason in reasons))

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(reason.code for reason in self.reasons)
