"""Parts of a prompt that hang on when it was made: found in any language, and ordinary words are not taken for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from maspo.apps.moments import moments_in

NOW = datetime(2026, 11, 28, 23, 41, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moments"),
    [
        ("Heute ist Samstag, der 28. November 2026.", ["Samstag, der 28. November 2026"]),
        ("Nous sommes le samedi 28 novembre 2026 à 23h41.", ["samedi 28 novembre 2026", "23h41"]),
        ("Hoy es sábado, 28 de noviembre de 2026.", ["sábado, 28 de noviembre de 2026"]),
        ("Hoje é 28 de novembro de 2026.", ["28 de novembro de 2026"]),
        ("Dziś jest 28 listopada 2026 r.", ["28 listopada 2026"]),
        ("Сегодня суббота, 28 ноября 2026 г.", ["суббота, 28 ноября 2026"]),
        ("Bugün 28 Kasım 2026.", ["28 Kasım 2026"]),
        ("आज २८ नवंबर २०२६ है", ["२८ नवंबर २०२६"]),
        ("今天是2026年11月28日 星期六，请回答。", ["2026年11月28日 星期六"]),
        ("今日は2026年11月28日（土）です。", ["2026年11月28日（土）"]),
        ("今日は2026/11/28です。", ["2026/11/28"]),
        ("오늘은 2026년 11월 28일 토요일입니다.", ["2026년 11월 28일 토요일"]),
        ("Am 28.11.2026 oder 28. 11. 2026 oder 28/11/26.", ["28. 11. 2026", "28.11.2026", "28/11/26"]),
        ("Run 20261128T234100Z of 28-Nov-2026.", ["20261128T234100Z", "28-Nov-2026"]),
        ("It began at 1795909260123.", ["1795909260123"]),
        ("The request is 3f9a1c7be02d.", ["3f9a1c7be02d"]),
        ("Trace 4bf92f3577b34da6a3ce929d0e0e4736.", ["4bf92f3577b34da6a3ce929d0e0e4736"]),
        ("You serve req_011CVabcD3fG7h8J9k2LmN.", ["req_011CVabcD3fG7h8J9k2LmN"]),
        ("Session 01ARZ3NDEKTSV4RRFFQ69G5FAV.", ["01ARZ3NDEKTSV4RRFFQ69G5FAV"]),
    ],
)
def test_what_tells_the_time_of_a_look_or_a_run_is_found(text: str, moments: list[str]) -> None:
    assert sorted(moments_in(text, NOW)) == sorted(moments)


@pytest.mark.parametrize(
    "text",
    [
        "Use llama3instruct70b, gpt4omini and text2sql; sign with sha256, as ISO9001 and RFC2119 say.",
        "A decade of effaced facades, defaced0badc0de feedfacecafe.",
        "Call 015112345678901, quote 1234567890123, and version 28.11.2.",
        "Mai plus march on; juli and mars are names, mayo is a sauce, marts sell it.",
        "Le 28 mars 2026, on 10.28.2024, am 28. Dezember 2026, 2026年12月28日, 11월 8일.",
        "Answer within 20261127 words or 5 minutes.".replace("20261127", "20261327"),
        "internationalisation_of_characterisation, ABCDEFGHIJKLMNOPQRSTUVWXYZ, aaaaaaaaaaaaaaaaaaaaaaa1",
    ],
)
def test_other_days_numbers_and_words_are_the_prompts_own(text: str) -> None:
    assert moments_in(text, NOW) == ()


def test_each_day_of_a_year_is_found_in_each_language_and_on_no_other_day() -> None:
    for shift in range(0, 365, 7):
        day = NOW + timedelta(days=shift)
        text = f"Es ist der {day.day}. {GERMAN[day.month - 1]} {day.year}, 第{day.year}年{day.month}月{day.day}日。"
        assert len(moments_in(text, day)) == 2
        assert moments_in(text, day + timedelta(days=3)) == ()


GERMAN = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()  # noqa: SIM905
