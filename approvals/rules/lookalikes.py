"""
Words that are not what they look like: letters of two scripts, or of another one.

After Unicode Technical Standard #39. A letter's script is read from its name, which the
standard library knows; which scripts may meet in one word are those that it calls highly
restrictive; which letters look Latin is from its confusables.txt, version 17.0.0.
"""

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

# Accents and joiners stay inside a word, or they would hide a mixture by cutting it.
WORD = re.compile("(?:[^\\W_]|[\u0300-\u036f\u200b-\u200d\u2060])+")
MIXABLE = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
LATIN = frozenset({"LATIN"})
NO_SCRIPT: frozenset[str] = frozenset()
LETTERS = ("Lu", "Ll", "Lt", "Lo", "Mc")
# Letters that stand in any text as symbols: the ordinals 1ª and nº, the units µm and kΩ.
SYMBOLS = frozenset("\u00aa\u00ba\u00b5\u03bc\u2126\u03a9")

LOOKALIKES = {
    script: {pair[0]: pair[1] for pair in pairs.split()}
    for script, pairs in {
        "CYRILLIC": "аa сc ԁd еe ҽe һh іi ꙇi јj ӏl оo рp ԛq ѕs ѵv ѡw ԝw хx уy үy "
        "АA ВB СC ЕE ԌG НH ІI ЈJ КK ӀI МM ОO РP ЅS ТT ѴV ԜW ХX УY ҮY",
        "GREEK": "αa ϲc ιi ϳj οo σo ρp υu νv γy ΑA ΒB ϹC ΕE ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΧX ΥY ΖZ",
        "ARMENIAN": "ցg հh ոn օo զq սu ՕO ՏS ՍU",
        "CHEROKEE": "ᎪA ᏴB ᏟC ᎠD ᎬE ᏀG ᎻH ᎫJ ᏦK ᏞL ᎷM ᏢP ᎡR ᏚS ᎢT ᏙV ᎳW ᎩY ᏃZ",
    }.items()
}

Word = tuple[str, frozenset[str]]  # and the scripts of its letters


class Mixture(NamedTuple):
    """A word in several scripts; `strangers` are its letters outside the main one."""

    word: str
    scripts: tuple[str, ...]
    strangers: str


class Double(NamedTuple):
    """A word that can be read as `latin` but has other letters, of `script`."""

    word: str
    script: str
    latin: str


def words_of(text: str) -> list[Word]:
    """The words of a text with their scripts; none if it is all ASCII and so no riddle."""
    if text.isascii():
        return []
    return [(word, _scripts(word)) for word in WORD.findall(text)]


def mixtures(words: list[Word]) -> list[Mixture]:
    """The words that mix scripts which no orthography mixes."""
    return [
        _mixture(word)
        for word, scripts in words
        if len(scripts) > 1 and not any(scripts <= allowed for allowed in MIXABLE)
    ]


def doubles(words: list[Word]) -> list[Double]:
    """
    The words of one script that can be read as Latin ones, letter by letter.

    Any Cyrillic text has short words that can be. So they count only where the text is
    not plainly written in their script: where the words that cannot be misread in it do
    not outnumber the Latin ones.
    """
    plainly: Counter[str] = Counter()
    found = []
    for word, scripts in words:
        if len(scripts) != 1:
            continue
        (script,) = scripts
        if latin := _latin_reading(word, script):
            found.append(Double(word, script, latin))
        else:
            plainly[script] += 1
    return [
        double
        for double in found
        if double.script == "LATIN" or plainly[double.script] <= plainly["LATIN"]
    ]


@lru_cache(maxsize=4096)
def script_of(character: str) -> str:
    """The script of a letter or vowel sign, such as "CYRILLIC"; "" for what has none."""
    if unicodedata.category(character) not in LETTERS or character in SYMBOLS:
        return ""
    return unicodedata.name(_plain(character)[0], "").partition(" ")[0]


def _scripts(word: str) -> frozenset[str]:
    if word.isascii():
        return LATIN if not word.isdigit() else NO_SCRIPT
    return frozenset(map(script_of, word)) - {""}


def _mixture(word: str) -> Mixture:
    counts = Counter(filter(None, map(script_of, word)))
    # In a tie the Latin letters are the ones that a reader takes for granted.
    main = max(counts, key=lambda script: (counts[script], script == "LATIN"))
    strangers = "".join(letter for letter in word if script_of(letter) not in ("", main))
    return Mixture(word, tuple(sorted(counts)), strangers)


def _latin_reading(word: str, script: str) -> str:
    """What a word reads as in plain Latin letters; "" if as nothing, or if it is that."""
    if len(word) < 2 or word.isascii():
        return ""
    if script == "LATIN":
        return "".join(map(_plain, word)) if any(map(_is_styled, word)) else ""
    table = LOOKALIKES.get(script, {})
    letters = [table.get(letter) for letter in word if letter.isalpha()]
    return "" if None in letters else "".join(map(str, letters))


def _is_styled(letter: str) -> bool:
    """Bold, script, double-struck and such. Full-width letters are odd to nobody's eye."""
    if letter.isascii() or not script_of(letter):
        return False
    plain = _plain(letter)
    return plain.isascii() and len(plain) == 1 and not "\uff21" <= letter <= "\uff5a"


def _plain(character: str) -> str:
    return unicodedata.normalize("NFKC", character)
