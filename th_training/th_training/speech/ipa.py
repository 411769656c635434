"""Which visemes a phone in IPA shows, one character at a time; also misaki's capitals for English diphthongs (Kokoro's
alphabet, which hibari speaks)."""

from __future__ import annotations

from th_common.errors import InputError

from .utterance import Phone

_ROWS = {
    "MM": "p b m ɓ ʙ",
    "FF": "f v ɱ ʋ ⱱ ɸ β",
    "TH": "θ ð",
    "LL": "l ɫ ɭ ʎ ɬ ɮ ʟ ɺ",
    "DD": "t d n ɾ ɳ ɖ ʈ ɲ ɗ ɽ T",
    "SS": "s z ʦ ʣ",
    "CH": "ʃ ʒ ʧ ʤ ɕ ʑ ʂ ʐ ʨ ʥ ç",
    "KK": "k ɡ g ŋ h x ʔ q ɣ χ ɦ ɴ c ɟ ɢ ħ ʕ ʝ",
    "RR": "ɹ r ɻ ʁ ʀ",
    "WW": "w ʍ ɥ",
    "EE": "i j",
    "IH": "ɪ ɨ ᵻ",
    "EH": "e ɛ ɘ",
    "AE": "æ",
    "AA": "a ɑ ʌ ɐ",
    "AH": "ə ɜ ɚ ɝ ᵊ ɞ ɵ ɤ",
    "OH": "ɔ ɒ o œ ɶ",
    "OO": "u ʊ ʉ y ʏ ø ɯ",
}
_TABLE: dict[str, tuple[str, ...]] = {symbol: (name,) for name, row in _ROWS.items() for symbol in row.split()}
_TABLE.update(
    A=("EH", "EE"), I=("AA", "IH"), O=("OH", "OO"), Q=("AH", "OO"), W=("AA", "OO"), Y=("OH", "IH")
)  # fmt: skip

_BEFORE = set("ˈˌ")  # stress: its time belongs to what follows
_AFTER = set("ːˑ\u0303\u0327\u032a\u032f\u0329ʰʲˤ˞")  # length, diacritics: to what precedes
_PAUSE = set(";:,.!?—…\"()“”-'^$#↓→↗↘")
_BREAK = 0.07  # s from which a space between words is a pause


def ipa_visemes(symbol: str) -> tuple[str, ...]:
    """Visemes of one IPA character, two for a misaki diphthong; `sil` for a pause. InputError for another character."""
    if symbol in ("sil", "", " ") or symbol in _PAUSE:
        return ("sil",)
    if symbol not in _TABLE:
        raise InputError(f"no viseme is known for the IPA character {symbol!r}")
    return _TABLE[symbol]


def merged(symbols: list[tuple[str, float]]) -> list[Phone]:
    """Timed phones of IPA characters with durations (s): marks give their time to the phone they mark, pauses become `sil`.

    A space counts as a pause from 0.07 s on; shorter, its time belongs to the phone before it.
    """
    phones: list[Phone] = []
    at = start = 0.0
    for symbol, duration in symbols:
        end = at + duration
        if symbol in _BEFORE:
            at = end
            continue
        if phones and (symbol in _AFTER or (symbol == " " and duration < _BREAK and phones[-1][2] != "sil")):
            phones[-1] = (phones[-1][0], end, phones[-1][2])
        elif symbol == " " or symbol in _PAUSE or symbol == "_":
            if phones and phones[-1][2] == "sil":
                phones[-1] = (phones[-1][0], end, "sil")
            else:
                phones.append((start, end, "sil"))
        else:
            phones.append((start, end, symbol))
        at = start = end
    return phones
