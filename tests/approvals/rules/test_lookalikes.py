"""Words in letters that are not the ones they seem to be."""

import pytest

from approvals.rules.lookalikes import Double, Mixture, doubles, mixtures, script_of, words_of


class TestScriptOf:
    @pytest.mark.parametrize(
        ("character", "script"),
        [
            ("a", "LATIN"),
            ("é", "LATIN"),
            ("а", "CYRILLIC"),
            ("ν", "GREEK"),
            ("株", "CJK"),
            ("テ", "KATAKANA"),
            ("ｶ", "KATAKANA"),
            ("Ａ", "LATIN"),
            ("𝐩", "LATIN"),
            ("한", "HANGUL"),
            ("1", ""),
            ("-", ""),
            ("😀", ""),
            ("\u0301", ""),
            ("µ", ""),
            ("º", ""),
            ("\U000f0000", ""),
        ],
    )
    def test_is_that_of_letters_only(self, character, script):
        assert script_of(character) == script


class TestMixtures:
    @pytest.mark.parametrize(
        ("text", "word", "scripts", "strangers"),
        [
            ("to p\u0430ypal.com", "p\u0430ypal", ("CYRILLIC", "LATIN"), "\u0430"),
            ("ра\u0443al", "ра\u0443al", ("CYRILLIC", "LATIN"), "al"),
            ("аb", "аb", ("CYRILLIC", "LATIN"), "а"),
            ("bαnk", "bαnk", ("GREEK", "LATIN"), "α"),
            ("ορаl", "ορаl", ("CYRILLIC", "GREEK", "LATIN"), "аl"),
            ("pay\u200bp\u0430l", "pay\u200bp\u0430l", ("CYRILLIC", "LATIN"), "\u0430"),
            ("p\u0301\u0430ypal", "p\u0301\u0430ypal", ("CYRILLIC", "LATIN"), "\u0430"),
        ],
    )
    def test_name_the_word_and_the_letters_that_do_not_belong(self, text, word, scripts, strangers):
        assert mixtures(words_of(text)) == [Mixture(word, scripts, strangers)]

    @pytest.mark.parametrize(
        "text",
        [
            "plain words",
            "café cafe\u0301 naïve Łódź",
            "Привет, Ada",
            "foo_бар and foo-бар",
            "株式会社ABCのテスト",
            "한국어ABC漢字",
            "10µm, 10μm, 5kΩ, 5kΩ, 1ª, nº",
            "ＡＢＣ株式会社",
        ],
    )
    def test_let_be_what_people_write(self, text):
        assert mixtures(words_of(text)) == []


class TestDoubles:
    @pytest.mark.parametrize(
        ("text", "word", "script", "latin"),
        [
            ("\u0430\u0440\u0440\u04cf\u0435", "аррӏе", "CYRILLIC", "apple"),
            ("Pay \u0430\u0440\u0440\u04cf\u0435 now", "аррӏе", "CYRILLIC", "apple"),
            ("send to ΤΟΡ", "ΤΟΡ", "GREEK", "TOP"),
            ("հօո, he said", "հօո", "ARMENIAN", "hon"),
            ("the ᎪᏢᏢ", "ᎪᏢᏢ", "CHEROKEE", "APP"),
            ("𝐩𝐚𝐲 me", "𝐩𝐚𝐲", "LATIN", "pay"),
            ("ℂlaude says", "ℂlaude", "LATIN", "Claude"),
            # One Russian word does not make a Latin text a Russian one.
            ("Pay the account аррӏе, спасибо", "аррӏе", "CYRILLIC", "apple"),
        ],
    )
    def test_name_the_word_its_script_and_what_it_reads_as(self, text, word, script, latin):
        assert doubles(words_of(text)) == [Double(word, script, latin)]

    @pytest.mark.parametrize(
        "text",
        [
            "apple",
            "Привет, я вижу хор, и оса жужжит",
            "Ο νους της Ελλάδας",
            "Москва",
            "ρΩο",
            "a а",
            "é ﬁle ＡＢＣ xⁿ",
            "café",
        ],
    )
    def test_let_be_words_of_their_own_language(self, text):
        assert doubles(words_of(text)) == []
