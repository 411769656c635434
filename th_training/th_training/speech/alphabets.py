"""Phones in the alphabets of their sources, as the 46 of `phones`: ARPAbet (CMU, flite, TIMIT, BEEP), espeak-ng's mnemonics, IPA.

What a source tells apart and English does not becomes the nearest English phone: flaps are t, glottal stops too (of which they are
allophones), vowels of other languages the English vowel nearest in tongue and lips. A mark without a sound of its own (palatalisation,
TIMIT's closure before its release) is the empty name: its time belongs to the phone beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from th_common.errors import InputError

from .phones import PHONES, SILENCE
from .utterance import Phone

_ARPABET = {name: name for name in PHONES} | {
    "AXR": "ER", "AX-H": "AX", "IX": "IH", "UX": "UW", "DX": "T", "NX": "N", "HV": "HH", "Q": "T", "EL": "L", "EM": "M", "EN": "N",
    "ENG": "NG", "WH": "W", "BCL": "B", "DCL": "D", "GCL": "G", "PCL": "P", "TCL": "T", "KCL": "K",
}  # fmt: skip
_SILENCES = {
    "",
    "H#",
    "PAU",
    "EPI",
    "SSIL",
    "SILENCE",
    "BREATH",
    "SPN",
    "NSN",
    "NOISE",
    "<SIL>",
    "[SIL]",
    "#",
    "_",
    "-",
}
CLOSURES = frozenset({"BCL", "DCL", "GCL", "PCL", "TCL", "KCL"})
"""TIMIT's names of a stop's closure."""

_ESPEAK = {
    "AA": "A: A@ A# A A~ a: a:~", "AE": "a a- aa & {", "AH": "V V# V3 V:", "AO": "O: O@ o@ O O# O~ o: o o~", "AW": "aU aU@ au VU",
    "AX": "@ @2 @5 @- @# a# 3 &~ 8 @:", "AY": "aI aI2 aI@ aI3 ai", "EA": "e@ e@3 E@", "EH": "E E# E2 E: E- E~ e e# e~",
    "ER": "3: 3r VR W W~ Y Y: Y~ @r", "EY": "eI e: ei EI", "IA": "i@ i@3", "IH": "I I2 I# i2 IR", "IY": "i i: i# I: i~",
    "OH": "0 0# O2 02", "OW": "oU @U ou", "OY": "OI oI oi Wy", "UA": "U@ uo", "UH": "U U2", "UW": "u u: u# u2 u- u~ y y: ui",
    "B": "b b#", "CH": "tS tS; ts; tC", "D": "d d# d.", "DH": "D", "F": "f pF", "G": "g g^ Q J", "HH": "h H C", "JH": "dZ dZ; dz;",
    "K": "k k^ x x^", "L": "l l^ l# @L l- L l.", "M": "m m- m;", "N": "n n^ n- n# n. n_ n;", "NG": "N", "P": "p p#",
    "R": "r r- R r. * ** R2 R3 r/ r` ", "S": "s ts s2 ss", "SH": "S S; s; s\\ s.", "T": "t t2 t# t. t; ?", "TH": "T",
    "V": "v v# B", "W": "w w# w2", "Y": "j", "Z": "z dz z2 z;", "ZH": "Z Z; z.",
}  # fmt: skip
_ESPEAK_TABLE = {mnemonic: phone.strip() for phone, row in _ESPEAK.items() for mnemonic in row.split()}

_IPA = {
    "AA": "ɑ a", "AE": "æ", "AH": "ʌ", "AO": "ɔ o", "AW": "aʊ W", "AX": "ə ɐ ᵊ", "AY": "aɪ I", "EA": "eə ɛə", "EH": "ɛ e ɘ",
    "ER": "ɜ ɚ ɝ ɜɹ ɞ ɵ ø œ ɶ ɤ", "EY": "eɪ A", "IA": "ɪə iə", "IH": "ɪ ᵻ ɨ", "IY": "i", "OH": "ɒ", "OW": "oʊ əʊ O Q", "OY": "ɔɪ Y",
    "UA": "ʊə", "UH": "ʊ", "UW": "u ʉ y ʏ ɯ",
    "B": "b ɓ ʙ", "CH": "ʧ ʨ tʃ", "D": "d ɖ ɗ", "DH": "ð", "F": "f ɸ ɱ", "G": "ɡ g ɣ ɢ", "HH": "h ɦ ħ ç", "JH": "ʤ ʥ dʒ",
    "K": "k q x χ c", "L": "l ɫ ɭ ʎ ɬ ɮ ʟ ɺ", "M": "m", "N": "n ɳ ɲ", "NG": "ŋ ɴ", "P": "p", "R": "ɹ r ɻ ʁ ʀ ɽ", "S": "s ʦ", "SH": "ʃ ɕ ʂ",
    "T": "t ɾ T ʔ ʈ", "TH": "θ", "V": "v β ʋ ⱱ", "W": "w ʍ ɥ", "Y": "j ʝ ɟ", "Z": "z ʣ", "ZH": "ʒ ʑ ʐ",
}  # fmt: skip
_IPA_TABLE = {symbol: phone for phone, row in _IPA.items() for symbol in row.split()}


def arpabet(name: str) -> str:
    """One of the 46 phones for an ARPAbet phone in any case, with or without stress digit: CMU's, flite's, TIMIT's 61, BEEP's 44, pauses.

    Raises InputError for a phone that is none.
    """
    plain = name.strip().upper().rstrip("012")
    if plain in _SILENCES:
        return SILENCE
    if plain not in _ARPABET:
        raise InputError(f"{name!r} is no ARPAbet phone")
    return _ARPABET[plain]


def espeak(mnemonic: str) -> str:
    """One of the 46 phones for espeak-ng's mnemonic in any of its languages, "" for a mark without a sound.

    Raises InputError for a mnemonic that is not known.
    """
    name = mnemonic.strip().lstrip("'`,%=|")
    if name.startswith((";", ":")):
        return ""
    if not name or name.startswith(("_", "(")):
        return SILENCE
    if name not in _ESPEAK_TABLE:
        raise InputError(f"{mnemonic!r} is none of espeak-ng's phonemes known here")
    return _ESPEAK_TABLE[name]


def ipa(symbol: str) -> str:
    """One of the 46 phones for an IPA letter or a pair of them (diphthong, affricate), or misaki's capital. InputError for another."""
    if symbol == "sil":
        return SILENCE
    if symbol not in _IPA_TABLE:
        raise InputError(f"{symbol!r} is no IPA letter known here")
    return _IPA_TABLE[symbol]


def paired(symbols: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """IPA letters with durations (s), diphthongs and affricates that a word writes in two letters (a, ɪ) as one symbol."""
    result: list[tuple[str, float]] = []
    for symbol, duration in symbols:
        if result and len(result[-1][0]) == 1 and result[-1][0] + symbol in _IPA_TABLE:
            result[-1] = (result[-1][0] + symbol, result[-1][1] + duration)
        else:
            result.append((symbol, duration))
    return result


def translated(phones: Iterable[Phone], table: Callable[[str], str], *, duration: float) -> tuple[Phone, ...]:
    """Timed phones of a source as the 46, cut to the sound's 0 .. duration; a mark's time goes to the phone before it.

    Raises:
        InputError: `table` does not know a phone.
    """
    result: list[Phone] = []
    for start, end, source in phones:
        start, end = max(start, 0.0), min(end, duration)
        if end <= start:
            continue
        name = table(source)
        if name:
            result.append((start, end, name))
        elif result:
            result[-1] = (result[-1][0], end, result[-1][2])
    return tuple(result)
