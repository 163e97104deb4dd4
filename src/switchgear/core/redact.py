"""Owns what must never be kept: masks secrets, makes text harmless; sinks decide where it goes."""

from __future__ import annotations

import re
import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "***"

TEXT_CHARS_MAX = 16_384
"""Text is cut here before anything looks at it, so that no text costs more time than this one."""

ERROR_CHARS_MAX = 300
"""The length of an error's text, when nothing else is asked for."""

MESSAGE_CHARS_MAX = 4 * ERROR_CHARS_MAX
"""The length of an error's message before secrets are masked, which shortens it."""

SECRET_CHARS_MIN = 6
"""A shorter secret is not registered: it would be found inside ordinary words."""

SECRET_CHARS_MAX = 8_192
SECRETS_MAX = 256
"""When one more is registered, the oldest is forgotten."""

PASSING_CHARS_MIN = 20
"""A shorter signature or session is not remembered: what it is called masks it."""

NAME_CHARS_MAX = 60
"""The length of a name that a user adds."""

_PASSING_MAX = 256
_JUDGED_MAX = 1_024
_UNREADABLE = "(its message cannot be read)"
_TAIL_CHARS_MIN = 4
_BASE64_CHARS_MIN = 8

# One of these must be in a text before any pattern can fit; most texts hold none, and cost no more.
_HINTS = (
    *("sig", "ey", "secret", "token", "pass", "pwd", "auth", "credential", "cookie"),
    *("access", "bearer", "basic", "private", "hmac", "jwt", "://"),
)

# Every repeat below is bounded or possessive and none stands in another, so the search never goes
# back over a long stretch of text: the time grows with its length alone.
_PEM = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]{0,40}-----|\Z)"
)
_JWT = re.compile(r"(?<![\w-])ey[\w-]{6,}+\.[\w-]{2,}+(?:\.[\w-]*+){0,3}", re.ASCII)
_USERINFO = re.compile(r"(?<=://)[^/\s:@]{0,128}:[^/\s@]{1,256}(?=@)")
_SCHEME = re.compile(r"\b(bearer|basic)(\s{1,8})[\w.~+/=-]{6,}+", re.IGNORECASE)
# What secrets are called, in query strings, headers, JSON and reprs.
_WORDS = (
    r"signature|api[-_ ]?key|secret|token|passw(?:or)?d|passphrase|credential"
    r"|listen[-_ ]?key|private[-_ ]?key|access[-_ ]?(?:key|sign)|cb-access-|hmac|jwt|api[-_ ]?sign"
)


def _name_pattern(more: str) -> re.Pattern[str]:
    """What finds the name of a secret and what stands between it and its value; more are names of users."""
    return re.compile(
        rf"(?:{_WORDS}{more}"
        r"|(?P<line>authorization|cookie)|(?:(?<![a-z0-9])|(?<=%26)|(?<=%3f))(?:pwd|sign?)\b"
        r"|(?:(?<=[?&])|(?<=%26)|(?<=%3f))key)[\w-]{0,40}+"
        # what stands between name and value: `=`, `":`, `%3D`, or `', '` in a list of pairs
        r"(?:(?:\\{0,3}[\"'])?\s{0,32}(?:=>|[:=]|%3[ad])"
        r"|\\{0,3}[\"']\s{0,8},\s{0,8}(?:[\"']value[\"']\s{0,8}:|(?=b?\\{0,3}[\"'])))\s{0,32}"
        # what stands before a quoted value: `SecretStr(`, `b`
        r"(?:[a-z_][\w.]{0,40}\(\s?(?=\w?[\"'])|(?=[bruf][\"']))?(?:[bruf](?=[\"']))?",
        re.IGNORECASE,
    )


def _alone_pattern(more: str) -> re.Pattern[str]:
    """What finds the word of a secret in a name that stands by itself."""
    return re.compile(
        rf"{_WORDS}{more}|authorization|cookie|(?<![a-z0-9])(?:pwd|sign?)(?![a-z0-9])",
        re.IGNORECASE,
    )


_NAME = _name_pattern("")
_ALONE = _alone_pattern("")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LONG = re.compile(r"[\w+/=%.-]{20}")
_VALUE = re.compile(
    r"\"(?s:[^\"\\]|\\.)*+(?:\"|\\?\Z)"
    r"|'(?s:[^'\\]|\\.)*+(?:'|\\?\Z)"
    r"|(?P<escaped>\\{1,7}[\"'])(?s:.*?)(?:(?<!\\)(?P=escaped)|\Z)"
    r"|(?P<nest>[\[{])|\((?=[\s\w]?[\"'])[^)]*+\)?"
    r"|[^\s&\"'<>]++"
)
_LINE = re.compile(r"[^\r\n\"'\\]++")
_NESTED = re.compile(r"[\[\]{}]|\"(?s:[^\"\\]|\\.)*+\"?|'(?s:[^'\\]|\\.)*+'?")


class Redactor:
    """
    Masks secrets in text: those registered wherever they stand, others by the name before them or
    their form.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._secrets: dict[str, tuple[str, ...]] = {}
        self._forms: tuple[str, ...] = ()
        self._passing: deque[str] = deque(maxlen=_PASSING_MAX)
        self.register_passing = self._passing.append
        """
        Mask a signature or a session that is good for one request or a few, for as long as it is among the newest.

        At once, without a check: it is done for each request that is signed. Those below PASSING_CHARS_MIN are not
        looked for.
        """
        self._names: frozenset[str] = frozenset()
        self._name, self._alone = _NAME, _ALONE
        self._hints: tuple[str, ...] = _HINTS
        self._judged: dict[str, bool] = {}
        """Names that were asked after, and whether they are secret: bodies have few, over and over."""

    def register(self, value: str) -> bool:
        """
        Mask this secret from now on wherever it stands, URL-quoted or escaped too; False when it
        cannot be.

        Args:
            value: SECRET_CHARS_MIN to SECRET_CHARS_MAX characters.
        """
        if not SECRET_CHARS_MIN <= len(value) <= SECRET_CHARS_MAX:
            return False
        forms = _forms_of(value)
        with self._lock:
            self._secrets.pop(value, None)
            self._secrets[value] = forms
            if len(self._secrets) > SECRETS_MAX:
                del self._secrets[next(iter(self._secrets))]
            every = {form for known in self._secrets.values() for form in known}
            # Longest first: a secret can be a part of another one.
            self._forms = tuple(sorted(every, key=len, reverse=True))
        return True

    def redact(self, text: str, chars_max: int = TEXT_CHARS_MAX) -> str:
        """
        The text with every secret masked, cut at chars_max characters before the search; never
        raises.

        More is masked rather than less: a secret that is cut off, or in quotes that never close,
        goes whole.
        """
        kept = text[:chars_max]
        for form in self._forms:
            kept = kept.replace(form, MASK)
        if len(text) > chars_max:
            kept = self._without_cut_off(kept)
        if self._passing and _LONG.search(kept):
            kept = self._without_passing(kept)
        if self.may_name_secret(kept):
            kept = _by_form_and_name(kept, self._name)
        return kept if len(text) <= chars_max else f"{kept}…"

    def add_names(self, names: Iterable[str]) -> None:
        """
        Mask what stands under these names too, in any case, with - or _ or nothing between their words.

        Args:
            names: Each 2 to NAME_CHARS_MAX characters; whoever gives them has checked that.
        """
        with self._lock:
            every = self._names.union(names)
            if every == self._names:
                return
            words = [
                re.split(r"[-_ ]+", _HUMP.sub("_", name).strip("-_ ")) for name in sorted(every)
            ]
            spelled = ["[-_ ]?".join(map(re.escape, each)) for each in words]
            more = f"|(?<![a-z0-9])(?:{'|'.join(spelled)})(?![a-z0-9])"
            self._name, self._alone = _name_pattern(more), _alone_pattern(more)
            self._judged = {}
            self._hints = (*_HINTS, *(max(each, key=len).lower() for each in words))
            self._names = every

    def is_secret_name(self, name: str) -> bool:
        """Whether what stands under a name, of a header or a field, is never kept."""
        judged = self._judged
        found = judged.get(name)
        if found is None:
            if len(judged) >= _JUDGED_MAX:
                judged.clear()  # whoever answers may make up names without end
            found = judged[name] = self._alone.search(name[:200]) is not None
        return found

    def may_name_secret(self, text: str) -> bool:
        """Whether some name of a secret can stand in the text; quick, and right when it says no."""
        lowered = text.lower()
        return any(hint in lowered for hint in self._hints)

    def _without_passing(self, text: str) -> str:
        for each in sorted(set(self._passing), key=len, reverse=True):
            if len(each) >= PASSING_CHARS_MIN and each in text:
                text = text.replace(each, MASK)
        return text

    def _without_cut_off(self, text: str) -> str:
        """The text without the beginning of a registered secret at its very end."""
        for form in self._forms:
            start = text.find(form[:_TAIL_CHARS_MIN], max(0, len(text) - len(form)))
            while start >= 0:
                if form.startswith(text[start:]):
                    return text[:start] + MASK
                start = text.find(form[:_TAIL_CHARS_MIN], start + 1)
        return text


_everywhere = Redactor()


def register_secret(value: str) -> bool:
    """Mask this secret in everything this process keeps or shows; see `Redactor.register`."""
    return _everywhere.register(value)


register_passing = _everywhere.register_passing
"""Mask this signature or session for a while; see `Redactor.register_passing`."""


def add_secret_names(names: Iterable[str]) -> None:
    """Mask what stands under these names in everything this process keeps; see `Redactor.add_names`."""
    _everywhere.add_names(names)


def is_secret_name(name: str) -> bool:
    """Whether what stands under a name is never kept; see `Redactor.is_secret_name`."""
    return _everywhere.is_secret_name(name)


def may_name_secret(text: str) -> bool:
    """Whether some name of a secret can stand in the text; see `Redactor.may_name_secret`."""
    return _everywhere.may_name_secret(text)


def redact_text(text: str, chars_max: int = TEXT_CHARS_MAX) -> str:
    """The text with every secret masked, cut at chars_max characters; see `Redactor.redact`."""
    return _everywhere.redact(text, chars_max)


def error_text(error: BaseException, chars_max: int = ERROR_CHARS_MAX) -> str:
    """
    The class and message of an error, redacted, in visible characters, at most chars_max of them.

    Never raises, not even where the error's own `__str__` does.
    """
    return safe_words(words_of(type(error), message_of(error, 4 * chars_max)), chars_max)


def safe_words(words: str, chars_max: int = ERROR_CHARS_MAX) -> str:
    """Words of an error as they may be kept: redacted, visible, at most chars_max characters."""
    # Masking shortens, so more is looked at than is kept; a few times more is enough for what
    # people read.
    safe = visible(redact_text(words, 4 * chars_max))
    return safe if len(safe) <= chars_max else safe[: chars_max - 1] + "…"


def visible(text: str) -> str:
    r"""The text with every control, direction or half character written out: `\n`, `\x1b`."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def message_of(error: BaseException, chars_max: int = MESSAGE_CHARS_MAX) -> str:
    """
    The message of an error as it is, for `safe_words` to make harmless before it is kept or shown.

    Never raises. One character more than chars_max tells `safe_words` that something was cut.
    """
    try:
        message = str(error)
    except Exception:
        return _UNREADABLE
    return message if len(message) <= chars_max else message[: chars_max + 1]


def words_of(kind: type[BaseException], message: str) -> str:
    """The class and message of an error; as harmless as the message is."""
    return f"{kind.__name__}: {message}" if message else kind.__name__


class Words:
    """The words of an error, redacted when they are asked for: most failures need none."""

    __slots__ = ("_error",)

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __str__(self) -> str:
        return error_text(self._error)


def _by_form_and_name(text: str, name: re.Pattern[str]) -> str:
    text = _PEM.sub(MASK, text)
    text = _JWT.sub(MASK, text)
    text = _USERINFO.sub(MASK, text)
    text = _SCHEME.sub(rf"\1\2{MASK}", text)
    return _by_name(text, name)


def _by_name(text: str, name: re.Pattern[str]) -> str:
    kept: list[str] = []
    done = 0
    while found := name.search(text, done):
        value = (_LINE if found["line"] else _VALUE).match(text, found.end())
        value = value or _VALUE.match(text, found.end())
        kept.append(text[done : found.end()])
        done = found.end()
        if value:
            kept.append(_masked(value))
            done = _nest_end(text, done) if value.groupdict().get("nest") else value.end()
    kept.append(text[done:])
    return "".join(kept)


def _nest_end(text: str, start: int) -> int:
    """Where the list or the object that begins at start ends: the end of the text, where it never does."""
    depth = 0
    for found in _NESTED.finditer(text, start):
        if found[0] in "[{":
            depth += 1
        elif found[0] in "]}":
            depth -= 1
            if not depth:
                return found.end()
    return len(text)


def _masked(value: re.Match[str]) -> str:
    """The mask, in the quotes that the value stood in, so that JSON stays JSON."""
    quote = value.groupdict().get("escaped") or value[0][:1]
    return f"{quote}{MASK}{quote}" if quote[-1:] in {'"', "'"} else MASK


def _forms_of(value: str) -> tuple[str, ...]:
    """How a secret looks in text: as it is, URL-quoted, escaped as in JSON or a repr, in base64 and in hex."""
    import json  # here, like the next: a program that registers nothing needs neither
    from urllib.parse import quote, quote_plus

    quoted = {quote(value, safe="", errors="replace"), quote_plus(value, errors="replace")}
    quoted.add(quote(value, errors="replace"))
    lowered = {re.sub("%[0-9A-F]{2}", _lowered, each) for each in quoted}
    escaped = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    escaped = {form for each in escaped for form in (each, *_as_others_write(each))}
    data = value.encode(errors="replace")
    coded = {data.hex(), data.hex().upper(), *_base64_forms(data)}
    return tuple({value, repr(value)[1:-1], *quoted, *lowered, *escaped, *coded})


def _as_others_write(escaped: str) -> set[str]:
    """What other writers of JSON make of base64: PHP escapes the slash, .NET the plus sign, some all signs."""
    codes = {ord(sign): f"\\u{ord(sign):04X}" for sign in "+/=&<>'"}
    coded = {escaped.translate(codes), escaped.replace("+", codes[ord("+")])}
    lower = {re.sub(r"\\u00[0-9A-F]{2}", _lowered, each) for each in coded}
    return {escaped.replace("/", "\\/"), *coded, *lower}


def _lowered(found: re.Match[str]) -> str:
    return found[0].lower()


def _base64_forms(data: bytes) -> set[str]:
    """What of its base64 is the same whatever stands before and behind it, as in `user:secret`."""
    from base64 import b64encode, urlsafe_b64encode  # as above

    forms = {b64encode(data).decode(), urlsafe_b64encode(data).decode()}
    for before in range(3):
        text = b64encode(bytes(before) + data).decode()
        whole = 4 * ((before + len(data)) // 3)
        core = text[-(-8 * before // 6) : whole]
        if len(core) >= _BASE64_CHARS_MIN:
            forms |= {core, core.replace("+", "-").replace("/", "_")}
    return forms
