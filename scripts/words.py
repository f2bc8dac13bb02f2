"""Every word a patient reads, and its Spanish: ``make words`` collects the words and compiles the translation.

Only what a patient can meet is collected: the portal, its door, the messages, and the words that are held as data.
Staff's pages stay English. What the collection finds is compared with ``locale/es`` by a test.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from infusion.portal.domain.education import PAGES
from monitoring.domain.health_check import CHOICES

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "locale/es/LC_MESSAGES/django.po"
MO = PO.with_suffix(".mo")

TEMPLATES = (
    "portal.html",
    "public.html",
    "4*.html",
    "portal/**/*.html",
    "account/request_login_code.html",
    "account/confirm_login_code.html",
    "account/locked.html",
    "account/logout.html",
    "account/account_inactive.html",
    "account/email/login_code_*.txt",
    "reminders/*.txt",
    "reminders/*.html",
    "ledger/stop*.html",
    "components/messages.html",
    "components/error_summary.html",
    "components/sign_out.html",
    "components/start.html",
    "components/languages.html",
    "components/status/visit.html",
    "components/status/offer.html",
    "bootstrap5/**/*.html",
)
STAFF = frozenset(
    f"templates/{name}"
    for name in (
        "portal/review.html",
        "reminders/_messages.html",
        "reminders/digest.html",
        "reminders/digest.txt",
        "reminders/letter.html",
        "reminders/message.html",
        "reminders/patient.html",
    )
)
"""Beside them, what colleagues read."""
CODE = (
    "infusion/portal/**/*.py",
    "infusion/reminders/words/**/*.py",
    "infusion/reminders/wishes/**/*.py",
    "infusion/doors/forms.py",
    "infusion/doors/throttle.py",
)
REFUSALS = (
    "clinics/domain/text.py",
    "monitoring/actions/*.py",
    "monitoring/domain/*.py",
    "scheduling/actions/waiting.py",
    "scheduling/actions/answers.py",
    "patients/actions/carers.py",
    "patients/actions/messages.py",
)
"""Where refusals are worded that a page of the portal can show."""
DATA: dict[str, tuple[str, ...]] = {
    "evaluation/data/requirements.json": (r"patient(_\w+)?",),
    "monitoring/data/surveillance.json": (r"visits\.title",),
    "monitoring/data/side_effects.json": (r"groups", r"symptoms\.words"),
    "monitoring/data/health_check.json": (r"questions\.words",),
}
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
}


CALL = re.compile(
    r"""(?<!\w)(_|n?p?gettext)\(((?:\s*u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")\s*,?)+)[^()]*\)"""
)
TEXT = re.compile(r"""u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")""")
Found = tuple[str, str | tuple[str, ...], str | None]
"""Where a text stands, the text (with its plural, where it has one), and its context."""


def main() -> None:
    """Write the words that are new into the translation, drop those that have gone, and compile it."""
    found = collected()
    standing = translation()
    merged = Catalog(
        locale="es",
        domain="django",
        project="Infusion",
        header_comment=standing.header_comment,
        creation_date=standing.creation_date,
        revision_date=standing.revision_date,
        msgid_bugs_address="none",
        last_translator="Infusion",
        language_team="es",
        fuzzy=False,
    )
    missing = 0
    for message in sorted(found, key=_place):
        if not message.id:
            continue
        known = standing.get(message.id, context=message.context)
        merged.add(
            message.id,
            known.string if known else None,
            locations=message.locations,
            flags=message.flags,
            context=message.context,
        )
        missing += known is None
    with PO.open("wb") as file:
        write_po(file, merged, width=110, include_lineno=False, sort_output=False)
    MO.write_bytes(compiled())
    print(f"{len(merged)} texts, {missing} of them new: translate them in {PO.relative_to(ROOT)}")


def translation() -> Catalog:
    """The Spanish as it stands."""
    if not PO.exists():
        return Catalog(locale="es")
    with PO.open("rb") as file:
        return read_po(file, locale="es", domain="django")


def compiled() -> bytes:
    """What the program reads, made from what people write."""
    written = BytesIO()
    write_mo(written, translation())
    return written.getvalue()


def collected() -> Catalog:
    """Every text a patient can meet, with where it stands."""
    catalog = Catalog(locale="es", fuzzy=False)
    for name, words, context in (*_templates(), *_code(), *_lists(), *_refusals(), *_data()):
        catalog.add(words, locations=[(name, 0)], context=context)
    return catalog


def key(message: Message) -> tuple[str, str | None]:
    """What tells a text from every other: the text itself, and its context where it has one."""
    text = message.id if isinstance(message.id, str) else message.id[0]
    return text, message.context


def texts() -> Iterator[tuple[str, str]]:
    """Every template patients read, by its name."""
    for path in _paths("templates", TEMPLATES):
        yield _name(path), path.read_text()


def _place(message: Message) -> tuple[str, ...]:
    return tuple(str(name) for name, _line in message.locations[:1])


def _templates() -> Iterator[Found]:
    for name, source in texts():
        for call, given in CALL.findall(templatize(source, origin=name)):
            said = [ast.literal_eval(text) for text in TEXT.findall(given)]
            context = said.pop(0) if "p" in call else None
            yield name, said[0] if len(said) == 1 else tuple(said), context


def _code() -> Iterator[Found]:
    for path in _paths("", CODE):
        with path.open("rb") as file:
            for _line, words, _comments, context in extract("python", file, keywords=KEYWORDS):
                yield _name(path), words, context


def _paths(under: str, patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        yield from (path for path in sorted((ROOT / under).glob(pattern)) if _name(path) not in STAFF)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _lists() -> Iterator[Found]:
    for page in PAGES:
        yield "infusion/portal/domain/education.py", page.title, None
        yield "infusion/portal/domain/education.py", page.summary, None
    for _code, words in CHOICES:
        yield "monitoring/domain/health_check.py", words, None


def _refusals() -> Iterator[Found]:
    """The words of every refusal written out in these files, and of every sentence they give back as it is."""
    for path in _paths("", REFUSALS):
        for node in ast.walk(ast.parse(path.read_text())):
            words: object = None
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refusal":
                words = node.args[1].value if isinstance(node.args[1], ast.Constant) else None
            elif isinstance(node, ast.Return) and isinstance(node.value, ast.Constant):
                words = node.value.value
            if isinstance(words, str) and " " in words:
                yield _name(path), words, None


def _data() -> Iterator[Found]:
    for name, patterns in DATA.items():
        wanted = re.compile("|".join(rf"(?:.*\.)?(?:{pattern})" for pattern in patterns))
        for place, words in _leaves(json.loads((ROOT / name).read_text())):
            if wanted.fullmatch(place) and words:
                yield name, words, None


def _leaves(node: object, place: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a JSON document with the names that lead to it; of a pair in a list, the second is the words."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _leaves(value, f"{place}.{name}".lstrip("."))
    elif isinstance(node, list) and len(node) == 2 and all(isinstance(each, str) for each in node):
        yield place, node[1]
    elif isinstance(node, list):
        for value in node:
            yield from _leaves(value, place)
    elif isinstance(node, str):
        yield place, node


if __name__ == "__main__":
    main()
