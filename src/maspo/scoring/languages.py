"""How languages say "the answer is": words that stand before an answer. Plain data, and patterns made of them.

Models answer in the language of the prompt, or slip into another one; the words for "answer" are few everywhere.
"""

from __future__ import annotations

import re

_LATIN = """
réponse reponse respuesta resposta risposta resultado résultat risultato solución solução soluzione opción opção
opzione optie keuze valg alternativa antwort lösung ergebnis antwoord uitkomst svar svaret vastaus
odpowiedź wynik odpověď odpoveď
cevap yanıt sonuç jawaban jawabannya jawapan sagot jibu válasz megoldás răspuns răspunsul odgovor vastus atbilde
atsakymas eredmény letra lettre buchstabe
správně správná rätt riktig poprawna correcta corretta doğru helyes
верно правильно gabarito pilihan seçenek opcja lösungsbuchstabe cavab javob përgjigja erantzuna ateb rezultat jawab
"""
_OTHERS = """
ответ вариант відповідь отговор одговор απάντηση σωστό σωστή 答案 答え 正解 解答 选项 選項 選択肢 答 정답 답안 답
الإجابة الجواب إجابة جواب
التשובה תשובה התשובה पاسخ उत्तर विकल्प उत्तर: জবাব উত্তর பதில் సమాధానం คำตอบ ตอบ پاسخ
جواب گزینه जवाब জবাব উত্তর விடை જવાબ ਜਵਾਬ ಉತ್ತರ ഉത്തരം պատասխան პასუხი жауап ចម្លើយ ข้อ ตัวเลือก 선택지 보기 الخيار
"""
_TWO_WORDS = ("đáp án", "đáp số", "kết quả", "bonne réponse", "lựa chọn", "trả lời", "phương án")


def _any_of(words: list[str]) -> str:
    """Return a pattern for any of some words; the first letters stand in front, so that other text fails at once."""
    firsts = "".join(sorted({sign for word in words for sign in (word[0], word[0].upper())}))
    return rf"(?=[{firsts}])(?i:{'|'.join(re.escape(word) for word in sorted(words, key=len, reverse=True))})"


FIRSTS = "".join(sorted({sign for word in (*_LATIN.split(), *_TWO_WORDS) for sign in (word[0], word[0].upper())}))
"""How the words for "answer" begin that need the edge of a word."""
FIRSTS_ELSEWHERE = "".join(sorted({sign for word in _OTHERS.split() for sign in (word[0], word[0].upper())}))
"""How the others begin."""
NO = (
    r"(?i:no|non|não|nao|pas|nicht|kein|weder|noch|ni|né|ani|nie"
    r"|niet|geen|inte|ikke|ei|değil|bukan|không|nem|nu|не|нет)"
)
"""Words that deny in some of these languages."""
NO_ELSEWHERE = r"(?:не|нет|δεν|ليس|ليست|לא|नहीं)"
"""The same of those that are not written in Latin letters and part their words."""
ANSWER = rf"(?:(?<![^\W_]){_any_of([*_LATIN.split(), *_TWO_WORDS])}(?![^\W\d_])|{_any_of(_OTHERS.split())})"
"""The word for "answer" in languages other than English; scripts without spaces need no edge of a word."""
WRONG_ABROAD = (
    r"(?<![^\W_])(?i:pior|peor|pire|peggiore|errad[ao]|incorret[ao]|incorrect[ao]|incorrecte|fals[aoe]|faux|fausse|mauvaise?"
    r"|falsch\w*|schlechtest\w*|sbagliat\w*|foute?|verkeerde?|onjuiste?|minst|geen|keine?|aucune?|ningun[ao]?|nenhuma?|nessuna?|inget|ingen"
    r"|volgens\s+(?:hem|haar|hen)|laut\s+(?:ihm|ihr|ihnen)|selon\s+(?:lui|elle|eux)|según\s+(?:él|ella|ellos)|secondo\s+l(?:ui|ei)|fel|felaktig\w*|forkert\w*|galt?|väärä|rossz|hibás|yanlış|salah"
    r"|sai|mali|błędn\w*|niepoprawn\w*|nieprawidłow\w*|nesprávn\w*|chybn\w*|špatn\w*|greșit\w*|pogrešn\w*|netačn\w*"
    r"|napačn\w*|неправил\w*|неверн\w*|невірн\w*|погрешн\w*|грешн\w*|λάθος|λανθασμέν\w*)(?![^\W_])"
    r"|错误|錯誤|不正[确確]|不对|不對|間違|誤|不正解|틀린|오답|잘못|خاطئ|خطأ|غلط|שגוי|गलत|ভুল|ผิด|తప్పు|தவற"
    r"|(?<![^\W_])ли(?![^\W_])|并非|并不|看似|若(?!干)|最差|最悪|不合适|不合適|不適切|제외|아닌|지울|적절하지|ไม่ตอบ|ห้ามตอบ"
)
"""How other languages call an answer wrong, the worst or none, or suppose or ask that it is right."""
RIGHT_ABROAD = (
    r"(?i:(?:ist|est|es|è|é|is|är|er|jest|je)?\s*(?:(?:la|le|die|das|de|den)\s+)?(?:richtig|korrekt|correct|exact|juste|bonne"
    r"|corrett|esatt|cert|juist|goed|rätt|riktig|korrekt|poprawn|prawidłow|správn|doğru|benar|đúng|helyes))"
)
"""How what follows a letter says that it is right."""
_CHOICE = (
    "c'est quindi donc also luego portanto logo chọn wybieram kies väljer sondern mais sino mas ma nehme wähle"
    " entscheide choisis elijo escojo scelgo escolho"
    " richtig richtige korrekt korrekte correcte exacte correcta correta certa corretta giusta juiste goede prawidłowa"
    " jest é doğrudur şıkkı seçeneği nur seul seule solo sólo solamente apenas somente"
    " alleen endast bara tylko sadece chỉ bonne meilleure es è maar lecz utan"
)
"""Words of claims that do without the word for "answer"."""
_IN_LATIN = frozenset(" ".join((_LATIN, *_TWO_WORDS, _CHOICE)).replace("ı", "i").split())
_IN_ASCII = frozenset(word for word in (*_LATIN.split(), *_CHOICE.split()) if word.isascii()) - {"ma"}
_OF_OTHER_SCRIPTS = re.compile("[^\x00-\u024f\u2000-\u2bff]")
"""Signs besides Latin letters, and marks, arrows and ticks."""
_SIGNS = str.maketrans(":*.,", "    ")
_WORD = re.compile(r"[^\W\d_]+")


def may_be_abroad(text: str) -> bool:
    """Whether a text can hold one of these words: a fast look, since most texts hold none."""
    if text.isascii():
        return not _IN_ASCII.isdisjoint(text.lower().translate(_SIGNS).split())
    if _OF_OTHER_SCRIPTS.search(text):
        return True
    return not _IN_LATIN.isdisjoint(_WORD.findall(text.lower().replace("\u0307", "").replace("ı", "i")))
