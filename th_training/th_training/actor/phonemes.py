"""Which visemes a phoneme shows: espeak-ng's mnemonics and ARPAbet (CMU, pocketsphinx)."""

from __future__ import annotations

from th_common.errors import InputError

_DIPHTHONGS = {
    "aI": ("AA", "IH"), "eI": ("EH", "EE"), "OI": ("OH", "IH"), "aU": ("AA", "OO"),
    "oU": ("OH", "OO"), "@U": ("AH", "OO"), "VI": ("AA", "IH"),
}  # fmt: skip

_ESPEAK = {
    "MM": "p b m m- b# p#",
    "FF": "f v pF",
    "TH": "T D",
    "LL": "l l^ l# @L l-",
    "DD": "t d n t# d# n^ n- t2 t. d. n.",
    "SS": "s z ts dz",
    "CH": "S Z tS dZ S; Z; tS; dZ; s. z.",
    "KK": "k g N h x C Q ? k^ g^ x^ H",
    "RR": "r r- R r. * R2 R3 r/ @r",
    "WW": "w w# B",
    "EE": "i i: j i# I: i2",
    "IH": "I I2 I# i@ i@3 I@ y",
    "EH": "E e e: e@ e@3 E: E# E2 e# Y",
    "AE": "a aa a# & {",
    "AA": "A A: A@ A# V V# a: aI@ aI3 aU@ A~",
    "AH": "@ @2 @5 @- 3 3: @# @: V3 8 3r",
    "OH": "0 O O: O@ 0# o o: o@ O2 02 O# o# O~",
    "OO": "U u u: U@ u# U# u2 W y: Y:",
}
_TABLE: dict[str, tuple[str, ...]] = {phoneme: (name,) for name, row in _ESPEAK.items() for phoneme in row.split()}
_TABLE.update({"aI@": ("AA", "IH"), "aI3": ("AA", "IH"), "aU@": ("AA", "OO"), **_DIPHTHONGS})

_ARPABET = {
    "MM": "P B M EM",
    "FF": "F V",
    "TH": "TH DH",
    "LL": "L EL",
    "DD": "T D N DX EN NX",
    "SS": "S Z",
    "CH": "SH ZH CH JH",
    "KK": "K G NG HH Q",
    "RR": "R",
    "WW": "W WH",
    "EE": "IY Y",
    "IH": "IH IX",
    "EH": "EH",
    "AE": "AE",
    "AA": "AA AH",
    "AH": "AX AXR ER UX",
    "OH": "AO",
    "OO": "UW UH",
}
_ARPABET_TABLE: dict[str, tuple[str, ...]] = {phone: (name,) for name, row in _ARPABET.items() for phone in row.split()}
_ARPABET_TABLE.update(
    AY=("AA", "IH"), EY=("EH", "EE"), OY=("OH", "IH"), AW=("AA", "OO"), OW=("OH", "OO")
)  # fmt: skip
_ARPABET_SILENCE = {"", "SIL", "SP", "SPN", "NSN", "PAU", "<SIL>", "+NSN+", "+SPN+", "[SIL]"}


def espeak_visemes(mnemonic: str) -> tuple[str, ...]:
    """Visemes of an espeak-ng phoneme mnemonic, two for a diphthong, `sil` for a pause.

    Stress marks are ignored; of a mnemonic that is not listed (other languages have hundreds) the
    longest beginning that is listed counts. Raises InputError where nothing is.
    """
    name = mnemonic.strip().lstrip("'`,%=|")
    if not name or name.startswith(("_", "(", ":", ";")):
        return ("sil",)
    for end in range(len(name), 0, -1):
        for key in (name[:end], name[:end].lower()):
            if key in _TABLE:
                return _TABLE[key]
    raise InputError(f"no viseme is known for espeak-ng's phoneme '{mnemonic}'")


def arpabet_visemes(phone: str) -> tuple[str, ...]:
    """Visemes of an ARPAbet phone, with or without stress digit; `sil` for a pause.

    Raises InputError for a phone that is none.
    """
    name = phone.strip().upper().rstrip("012")
    if name in _ARPABET_SILENCE:
        return ("sil",)
    if name not in _ARPABET_TABLE:
        raise InputError(f"no viseme is known for the ARPAbet phone '{phone}'")
    return _ARPABET_TABLE[name]
