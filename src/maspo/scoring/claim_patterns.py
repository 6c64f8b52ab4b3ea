"""How replies claim in words which option is right: the patterns of such claims, a table for each kind. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

from maspo.core.late import late
from maspo.scoring.languages import ANSWER, FIRSTS, FIRSTS_ELSEWHERE, NO, NO_ELSEWHERE, RIGHT_ABROAD


def _words(*texts: str) -> str:
    """Return a pattern for any of these, in any case; a space is any white space.

    A set of characters stands first, so that anything else fails at once.
    """
    return (
        "(?:" + "|".join(rf"[{text[0]}{text[0].upper()}](?i:{text[1:]})" for text in texts).replace(" ", r"\s+") + ")"
    )


_L = (
    r"[(\[]?(?!I\s+(?!(?:is|because|since|as|or|and|with|for)\b)[a-z])([A-J])"
    r"(?![A-Za-z0-9_\u00c0-\u024f₀-₉⁰¹²³⁴-⁹#♭♯⁺⁻|^ᵀ]|['’](?!d[ıi]r)|\(\w{1,3}[,)]|\+|/\d|/[a-z]{2}|\.(?:[A-Z]\b"
    r"|Sc\b|Ed\b|Eng\b)|\[[A-Za-z0]|\s?[→⇒↔]\s?[A-J]\b|-\w|\s?[∪∩×÷∖⊂⊕]|\s?[<>≤≥≠≈]=?\s?-?\d|\s[+*]\s\w"
    r"|\s?=(?!\s?(?:\d|\w{4}|[\"'(])))[)\]]?"
)
"""A letter of an option: no pronoun, and no begin of a name (C++, D-glucose) or a formula (A ∪ B, E = mc^2)."""
_ENDS = (
    r"(?=(?:\s*\([^()\n]{1,60}\))?\s*[.!。]?\s*(?:\n|$)|[.!]\s+\([^()\n]{1,80}\)\s*$"
    r"|,?\s+(?:since|because)\b|\s+[—–]\s)"
)
NAMED = rf"\(?(?:{_words('option', 'choice', 'answer', 'letter', 'response')}\s*)?{_L}"
_OPTION_NAMED = rf"\(?{_words('option', 'choice', 'answer choice', 'statement', 'answer', 'response')}\s*{_L}"
_BE = (
    r"(?:should|must|would|has\s+to|needs\s+to|ought\s+to|can\s+only|turns?\s+out\s+to|turned\s+out\s+to|seems\s+to"
    r"|appears\s+to|happens\s+to)\s+be"
)
_IS = (
    rf"(?:[:=是为為は→⇒]|->|应该是|應該是|应为|應為|就是|['’]s\b|(?i:is|are|was|{_BE}|becomes|remains|stays"
    r"|changes\s+to|ist|est|es|é)\b)"
)
_ADVERB = (
    r"(?i:therefore|thus|clearly|indeed|actually|probably|most\s+likely|likely|either|simply"
    r"|la|el|option|letra|opção|opción|(?:only|in\s+fact|still|surely|definitely|certainly|obviously|simply|again"
    r"|now|also"
    r"|just|thus|hence)|,\s*(?:then|therefore|thus|I\s+(?:think|believe|guess|would\s+say)|in\s+fact|of\s+course),)"
)
_TO_WHAT = r"(?:\s+to\s+(?:the|this|your)\s+(?:question|problem))?"
_ASKED = _words(f"answer{_TO_WHAT}", "ans", "choice", "option")
_NOUN = _words(
    rf"answer{_TO_WHAT}(?:\s+(?:that"
    rf"|which)\s+\w{{2,12}}(?:\s+\w{{2,12}}){{0,2}}|\s+you(?:['’]re\s+looking\s+for|\s+want|\s+need))?",
    "choice", "option", "solution", "conclusion", "response", "guess", "pick",
    "correct one", "right one", "best one", "correct (?:letter|statement)",
    "winner", "consensus", "verdict", "majority", "preference", "final vote", "decision",
    "antwort", "richtig", "réponse", "respuesta", "opción", "resposta", "ответ",
)  # fmt: skip
_RIGHT = (
    r"(?i:correct|right|true|more\s+(?:accurate|likely|plausible|appropriate)"
    r"|(?:the|my)\s+(?:(?:best|better|stronger|correct|right|final)\s+)?(?:answer|option|choice|one|fit|match)"
    r"|the\s+(?:odd\s+one\s+out|only\s+(?:(?:correct|right|true|valid|possible|plausible|viable"
    r"|remaining)\s+)?(?:one|option"
    r"|statement|choice|claim|candidate)\s+(?:left|remaining|that\s+(?:fits|works|remains|is\s+(?:correct|right"
    r"|true))))"
    r"(?=[.!]?\s*(?:\n|$)))"
)
_SURELY = r"(?i:clearly|indeed|therefore|definitely)\s+"
_CHOOSE = _words(
    "choose", "choosing", "pick", "select", "go with", "go for", "i keep", "stick with", "insist on", "going with",
    "prefer", "mark", "lock in", "circle", "tick", "submit", "i maintain", "i now say", "now i say", "i side with",
    "lean(?:ing)? towards?", "agree with", "vote for", "i meant?", "i['’]d say", "settle on", "opt for",
    "i['’]m inclined to say", "i am inclined to say",
    r"chang(?:e|ing) (?:(?:it|(?:my|the) answer) )?to", "switch(?:ing)? (?:(?:it|my answer) )?to",
    "revis(?:e|ing) (?:it|my answer) to", "correct(?:ing)? (?:it|my answer|that|this) to",
)  # fmt: skip
_HENCE = _words("so", "thus", "hence", "therefore", r"i\.e\.")
_LEFT = _words(
    "leaves", "leaving", "left with", "answer choice", "definitely", "clearly"
)  # fmt: skip
_CORRECTS = _words(
    "wait", "actually", "edit", "corrected", "revised", "correction", "sorry", "on reflection",
    r"on (?:a )?second (?:thoughts?|look|glance|reading)", "on closer (?:look|inspection)", "reconsidering",
    "scratch that", "make that",
)  # fmt: skip
_DENIED_FIRST = (
    r"(?:(?:[Nn](?i:ot)|[Ii](?i:sn['’]t))\s+(?i:option\s+)?\(?[A-Ja-h]\)?\s*[,;]?\s*(?i:but|rather)\s*,?\s+"
    r"(?i:rather\s+|instead\s+)?(?i:it\s+is\s+)?(?i:option\s+)?)"
)
"""The denied half of "not B but C"."""
_LETTERS = "([abcdefghij"
"""How an option begins by which a claim may begin."""
PATTERNS: tuple[tuple[str, str], ...] = (
    # "the answer is (not) C", "the best choice would be option (C)", "answer_letter: C"
    (
        "acosrgpbwvmfdeо答选正",
        rf"(?:{_NOUN}|答案|选项|正解|答え)(?:[\s_](?i:letter|option|choice|key"
        rf"|corr\w{{2,7}}))?\s*{_IS}\s*{_ADVERB}?[\s:,]*{_DENIED_FIRST}?((?i:not|neither)\s+)?{NAMED}",
    ),
    # "it is not B but C"
    ("ni", rf"{_DENIED_FIRST}(){NAMED}(?=[\s.,;:!)]|$)"),
    # "Not D. A.", two sentences
    ("n", rf"{_words('not')}\s+\(?[A-J]\)?\s*[.;:—–]\s+(){_L}(?=[.!]?\s*(?:\n|$))"),
    # "… which shows that F fits."
    (
        "simcpf",
        rf"{_words('shows', 'implies', 'means', 'conclude', 'proves', 'confirms', 'follows')}\s+(?i:that)\s+(){NAMED}"
        r"\s+(?i:fits|works|holds|matches)(?=[.!]?\s*(?:\n|$))",
    ),
    # "so the false statement is D"
    (
        "sthi",
        rf"{_HENCE},?\s+(?i:the)\s+(?i:false|incorrect|untrue|wrong|odd)\s+(?i:one|statement|option"
        rf"|claim)\s+(?i:is)\s+()"
        rf"{NAMED}(?=[.!]?\s*(?:\n|$))",
    ),
    # "the exception is B"
    ("eo", rf"(?<=[Tt]he ){_words('exception', 'odd one out')}\s+(?i:is)\s+(){NAMED}(?=[.!]?\s*(?:\n|$))"),
    # "I change my answer from A to B"
    ("f", rf"{_words('from')}\s+[A-J]\s+to\s+(){_L}"),
    # "Answer - C", "Answer: (C)", "[ANSWER] C"
    (
        "afcrl",
        rf"{_words('answer', 'ans', 'final', 'correct(?:ion)?', 'right', 'letter')}\s*[:.|\]-]?\s*(){_L}(?=\s*(?:$"
        rf"|[).,:;|\[\n]))",
    ),
    # "After verification: D."
    (
        "vr",
        rf"{_words('verification', 'verified', 're-?check(?:ed|ing)?', 'review', 'revision', 'reconsideration')}"
        rf"\s*[:=→]\s*(){NAMED}(?=[.!]?\s*(?:\n|$))",
    ),
    # "everything except B is wrong", "all options other than B are false"
    (
        "ae",
        rf"{_words('all', 'every', 'everything', 'any')}\s+(?:\w+\s+)?(?i:except(?:\s+for)?|other\s+than|but|besides)"
        rf"\s+(){NAMED}\s+(?i:is|are|can\s+be)\s+(?i:wrong|false|incorrect|out\b|eliminated|ruled\s+out|excluded"
        rf"|impossible)",
    ),
    # "Eliminate A, C, D → B"
    (
        "erc",
        rf"{_words('eliminat(?:e|ed|ing)', 'rul(?:e|ed|ing) out', 'cross(?:ed|ing)? out', 'exclud(?:e|ed|ing)')}"
        rf"[^\n.]{{1,40}}?\s(?:→|⇒|->|=>)\s(){NAMED}(?=[.!]?\s*(?:\n|$))",
    ),
    # "I change my mind: B.", "I take that back: B.", "answer changed to B", "I agree with the critic: B"
    (
        "citma",
        rf"(?:{_words('changed? my mind', 'tak(?:e|en) (?:that|it) back')}\s*[:;,.—–-]\s*"
        rf"|{_words('agree', 'concur')}(?:\s+with\s+(?:the\s+)?[a-z]+(?:\s+\d)?)?\s*[:;,.—–-]\s*"
        rf"|{_words('answer (?:is |was )?changed to')}\s+)(?:(?i:it\s+is|it's|the\s+answer\s+is)\s+)?"
        rf"(){NAMED}(?=[.!]?\s*(?:\n|$))",
    ),
    # "If I have to guess, B.", "Initially A, finally B."
    (
        "if",
        rf"(?:{_words('if')}\s+I\s+(?i:have\s+to|had\s+to|must|am\s+forced\s+to)"
        rf"(?:\s+(?i:guess|choose|pick|answer|say|decide|select|commit|bet))?\s*[,:]"
        rf"|{_words('initially', 'first')}\s+[A-J],\s+(?i:but\s+|and\s+|then\s+)?(?i:finally),?)\s+(){NAMED}"
        r"(?=[.!]?\s*(?:\n|$))",
    ),
    # "After a long calculation I get D.", "a quick check confirms D"
    (
        "iwc",
        rf"{_words('i get', 'i got', 'we get', 'i obtain', 'i find', 'i arrive at', 'confirms')}\s+(){_L}"
        r"(?=[.!]?\s*(?:\n|$))",
    ),
    # "final: c", "I pick c", lines of their own
    (
        "fipcsmg",
        rf"(?<![^\n])(?:{_words('final', 'pick', 'choice', 'my (?:answer|choice|pick)', 'guess', 'selection')}\s*:"
        rf"|{_words('it.s', 'i (?:pick|choose|select|say)', 'i.d (?:pick|choose|say)', 'i.ll go with')})\s+"
        r"()\(?([a-h])\)?"
        r"(?=[.!]?\s*(?:\n|$))",
    ),
    # "the answer is b", at the end of a line only
    ("aco", rf"{_ASKED}\s*{_IS}?[\s:]*()\(?([a-h])\)?(?=[.!]?\s*(?:\n|$))"),
    # "I go with C"
    ("cpsgmltaviorn", rf"{_CHOOSE}[\s,:]+((?i:not)\s+)?{NAMED}(?=\W|$)"),
    # "Wait, C.", "actually (C)", "On reflection, D is better"; not "on reflection, D is worse"
    (
        "waecrsomn",
        rf"(?:{_CORRECTS}|{_words('no')}(?=\s?[,:.—–-]))"
        rf"[\s,:.—–-]{{1,4}}(){_L}(?=\s*(?:[.!)\n]|$)|,\s+(?i:not|since|because|as)\b"
        rf"|\s+(?i:fits|satisfies|matches|works|remains)\b|\s+(?i:is|must\s+be|looks|seems|it\s+is)"
        rf"(?:\s+(?i:the\s+)?(?i:better|best|right|correct|answer)|\s*[.!\n]|$))",
    ),
    # "c is correct", a line of its own
    ("abcdefgh", r"(?<![^\n])([a-h])\)?\s+(?i:is)\s+()(?i:correct|right|the\s+answer)\b"),
    # "C is (not) the right one"
    (_LETTERS + "olr", rf"(?<!_){NAMED}\s*(?i:is|must\s+be)\s+((?i:not|never|in)\s*)?(?:{_SURELY})?{_RIGHT}"),
    # "which matches option C", "so we get option C"
    (
        "sthicmwpfa",
        rf"(?:{_HENCE}|{_words('correct', 'corresponds to', 'match(?:es|ing)?', 'which is', 'supports?', 'points to')}"
        rf"|{_words('favou?rs', 'confirms', 'indicates', 'suggests', 'is consistent with', 'agrees with')})\W{{1,3}}"
        rf"(?i:it\s+is\s+|it's\s+|we\s+get\s+|we\s+have\s+)?()(?i:with\s+)?{_OPTION_NAMED}",
    ),
    # "✔ Option C"
    ("✅✔✓☑", rf"[✅✔✓☑][ *]*(){NAMED}"),
    # "; this is option C"
    (
        "ti",
        rf"{_words('this is', 'that is', 'it is', 'that.s')}\s+()(?i:option|choice|answer\s+choice)\s+{_L}"
        r"(?=[.!]?\s*(?:\n|$))",
    ),
    # "D beats C", "C can't be it, D must be"
    (_LETTERS, rf"{_L}\s+(?i:beats|outperforms|is\s+(?:better|stronger)\s+than)\s+()(?i:option\s+)?(?=\(?[A-J]\b)"),
    (_LETTERS, rf"(?<=[,;]\s)(){_L}\s+(?i:must\s+be|has\s+to\s+be)(?:\s+it)?(?=[.!]?\s*(?:\n|$))"),
    ("n", rf"(?<=,\s){_words('now')}\s+(){_L}(?=[.!]?\s*(?:\n|$))"),
    # "so (C)", "it is (C)", "it is C." at the end of a line
    (
        "sthiw",
        rf"(?:{_HENCE}|{_words('it is', 'it.s', 'which is')}|{_words('it', 'that', 'this')}\s+(?i:{_BE}))[\s,:]+()"
        r"(?:(?i:(?:more|most)\s+likely|probably)\s+)?"
        rf"(?:\((?=.\))|(?=[A-HJ]{_ENDS}))([A-J])(?=[\s.,!)]|$)",
    ),
    # "only B remains", "so B works", "that leaves B"
    (
        "sthio",
        rf"(?:{_HENCE}|{_words('only', 'i think', 'i believe')})[\s,]+()(?:{NAMED})(?:\s+\([^()\n]{{1,60}}\))?"
        r"(?=\s+(?i:remains|is\s+left|satisf|works|fits|match|holds|survives|qualifies|passes|agrees|stands"
        r"|is\s+(?:consistent"
        r"|possible|valid|correct|right|true|plausible)))",
    ),
    ("ladc", rf"{_LEFT}\s+(?:(?i:us\s+with|only)\s+)?(){_L}{_ENDS}"),
    # "C, because the others are ruled out", at the begin of a line; "the evidence points to D", "not sure, but A"
    (_LETTERS + "olr", rf"(?<![^\n])(){NAMED},?\s+(?i:because|since)\b"),
    ("spfi", rf"{_words('supports?', 'points to', 'favou?rs', 'indicates', 'suggests')}\s+(){_L}(?=[.!]?\s*(?:\n|$))"),
    ("b", rf"(?<=[Ss]ure, ){_words('but')}\s+(){_L}(?=[.!]?\s*(?:\n|$))"),
    (_LETTERS, rf"(?<![^\n])(){_L}\s+(?i:fits|matches|works)\s+(?i:best|perfectly|well)\b"),
    # "between C and D, C is stronger"
    (
        "b",
        rf"{_words('between')}\s+\(?[A-J]\)?\s+and\s+\(?[A-J]\)?,\s+(){_L}\s+(?i:is|seems|looks)\s+"
        r"(?i:(?:clearly\s+)?(?:the\s+)?(?:stronger|better|preferable|best|more\s+(?:accurate|likely|plausible"
        r"|appropriate)))"
        r"(?=[.!]?\s*(?:\n|$))",
    ),
    # "so B it is"
    (_LETTERS, rf"(){_L}\s+it\s+is(?=[.!]?\s*(?:\n|$))"),
    # "Probably B, although D is not impossible", at the begin of a sentence
    (
        "pmv",
        rf"(?:(?<![^\n])|(?<=[.!?]\s)){_words('probably', 'most likely', 'very likely')}[\s,:]+(){NAMED}"
        r"(?=[.,!]|\s*(?:\n|$))",
    ),
    # "Statement B must be the answer", "Response A is better", "majority B"
    (
        "srca",
        rf"{_words('statement', 'response', 'candidate', 'alternative', 'assistant')}\s+{_L}\s+(?i:is|must\s+be|wins)\b"
        rf"\s*((?i:not|never)\s*)?(?:{_SURELY})?(?i:(?:the|my)\s+(?:(?:best|correct|right|final)\s+)?(?:answer"
        rf"|option|choice"
        r"|one|winner)|(?:much\s+|slightly\s+|clearly\s+)?(?:better|stronger|preferred|preferable|best)|$)",
    ),
    ("mc", rf"{_words('majority', 'consensus')}\s+(?:(?i:is|for|on)\s+)?(){NAMED}(?=[.,!]|\s*(?:\n|$))"),
)
"""How each may begin, in lower case, and the claim. It has two groups, in any order: a negation (empty when there is
none), and the letter."""

_PATTERNS_IN_SMALL = (
    # "not (a) but (b)"
    rf"{_DENIED_FIRST}()\(?([a-h])\)(?=[\s.,;:!]|$)",
    # "the answer is (b), because", "I'd go with (b) here", "actually, no: (d)"
    rf"(?:(?:{_NOUN}|答案|正解|答え|{_words('correct', 'right')})\s*{_IS}|{_CHOOSE}"
    rf"|{_words('wait', 'actually', 'correction')}[\s,:.]{{1,4}}(?i:no))[\s,:]{{0,4}}"
    r"(?:(?i:option|choice|answer|letter)\s+)?()\(?([a-h])\)(?=[\s.,;:!。でだ]|$)",
    # "(b) is (not) correct", "it must be (b)." and "therefore (b)." at the end of a line
    r"(?:^|(?<=[.!?]\s)|(?<=\n)|(?<=think\s)|(?<=believe\s)|(?<=that\s)|(?<=option\s)|(?<=choice\s)|(?<=[sS]o\s))"
    rf"\(([a-h])\)\s*(?i:is|must\s+be)\s+((?i:not|never)\s*)?(?:{_SURELY})?{_RIGHT}",
    rf"(?:{_HENCE}|{_words('it is', 'it.s', 'which is')}|[iI](?i:t)\s+(?i:{_BE}))[\s,:]+()\(([a-h])\)"
    r"(?=,\s+(?i:not)\s|[.!]?\s*(?:\n|$))",
)

_PATTERNS_ABROAD = (
    # "La réponse est donc (C).", "Đáp án: C", "정답은 C입니다", "الإجابة الصحيحة هي C"
    rf"{ANSWER}(?:(?:(?!(?<![^\W_]){NO_ELSEWHERE}(?![^\W_])|ไม่)[^A-Za-z\n.。不]){{0,30}}?|(?:,?\s+(?!{NO}\b"
    rf"|{NO_ELSEWHERE})[^\W\d_]{{1,14}},?){{0,5}}?)"
    rf"[\s:：=-]{{0,4}}(?:(?<![^\W\d_])|(?<![不非]是)(?<=[是为為はが는은え案답])|(?<=選択肢)|(?<=选项)|(?<=選項))(?![(（]?[A-J][)）]?(?:では"
    rf"|[가이]\s?아니))(){_L}(?!\s+(?!{RIGHT_ABROAD})[a-z])",
    # "La opción correcta es la d)"
    rf"{ANSWER}(?:(?!(?<![^\W_]){NO}\b)[^\d\n.。()]){{0,30}}?\s()\(?([a-h])\)(?=\W|$)",
    # "nicht A, sondern C", "pas A mais C", "不是A，而是C", "AではなくC"
    rf"(?:(?<![^\W_])(?i:nicht|pas|no\s+es|não\s+é|non\s+è|niet|inte|nie|не|ليس|ليست)\s+(?i:la\s+|die\s+|de\s+)?"
    rf"|不是\s*)\(?[A-Ja-h]\)?\s*[,，]?\s*(?:(?i:sondern|mais|sino|mas|ma|maar|utan|lecz|а|بل)"
    rf"(?=\W)|而是)\s*(?i:la\s+|die\s+|de\s+)?()(?:{_L}|\(([a-h])\))",
    rf"[A-J](?:ではなく(?:て)?|[가이]\s?아니라)[、,]?\s*(){_L}",
    # "Ich wähle (c)"
    rf"(?<![^\W_])(?i:ich\s+(?:wähle|nehme|entscheide\s+mich\s+für)|je\s+choisis|elijo|escojo|scelgo|escolho)\s+"
    r"(?i:(?:la|el|die|den|l['’])\s*)?(?i:(?:opción|opzione|opção|option|antwort|réponse|alternativa|letra|lettre)\s+)?"
    rf"()(?:{_L}|\(([a-h])\))(?=\W|$)",
    # "B가 정답입니다", "C'est la B", "Chọn B"
    r"(?<![不非])正[确確]的?(?:选项|選項|答案)?是\s*()" + _L,
    rf"{_L}\s*(?:选项|選項|项|項)()是?(?:正确|正確)",
    rf"{_L}번()(?:입니다|이다)?(?=[.!]?\s*(?:\n|$))",
    rf"{_L}\s*(?:가|이|은|는|が|は|是)\s*()(?:정답|답이|正解|正しい|正确|正確|答え|答案)",
    rf"(?<![^\W_])(?:(?i:c['’]est|es\s+ist|het\s+is|det\s+är)\s+(?i:(?:la|le)\s+)?"
    rf"|(?<!no\s)(?<!non\s)(?<!No\s)(?<!Non\s)(?<!incorrecta\s)(?<!errata\s)(?<!sbagliata\s)(?<!falsa\s)(?<!peor\s)(?i:es|è)\s+(?i:la)\s+|(?:(?<![^\n])|(?<=[.;!]\s))[Éé]\s+(?:a\s+|o\s+)?|(?i:quindi|donc|also|luego|portanto|logo)\s+(?i:la|le|die|a|o)\s+)()(?:(?i:réponse|letra|lettera|antwort)\s+)?{_L}"
    r"(?=[.!]?\s*(?:\n|$)|,\s+(?i:pas|nicht|no|não|non|niet|inte)\s+(?i:(?:la|le|die|de|a)\s+)?[(]?[A-J]\b)",
    rf"(?<![^\W_])(?i:chọn|wybieram|kies|väljer|выбираю|я\s+выбираю)\s+(){_L}(?=\W|$)",
    # "B ist richtig", "D şıkkı doğrudur"
    rf"(?<![^\W_]){_L}\s+(?:(?:şıkkı|seçeneği|cevabı)\s+)?()(?!correct|exact){RIGHT_ABROAD}",
    # "Nur B trifft zu", "Solo la B es correcta"
    rf"(?<![^\W_])(?i:nur|seule?|solo|sólo|solamente|apenas|somente|alleen|endast|bara|tylko|только|sadece"
    rf"|chỉ)\s+(?i:la\s+)?"
    rf"(?i:(?:option|opción|opção|opzione|antwort|réponse)\s+)?(){_L}\s+(?!(?i:nicht|ne|no|non|não|не|niet|inte"
    rf"|nie)\b)(?=[^\W\d_])",
    # "la correcta es la B", "a certa é a B", "die richtige ist B"
    rf"(?:(?<![^\n])|(?<=[.;:!]\s))(?i:(?:la|le|o|a|die|das|der|de|den)\s+(?:correcta|correta|certa|bonne|juste"
    rf"|richtige|corretta|giusta|esatta"
    rf"|juiste|goede|rätta)\s+(?:es|é|est|è|ist|is|är)\s+(?:(?:la|le|a|o|die)\s+)?)(){_L}(?=[.!]?\s*(?:\n|$))",
    # "La bonne option est la (b)"
    rf"(?<![^\W_])(?i:bonne|meilleure|correcta|correta)\s+(?i:option|opción|opção)\s+(?i:est|es|é)\s+(?i:la"
    rf"|a)?\s*()(?:{_L}|\(([a-h])\))",
    # "故选：C", "選C"
    rf"(?<!不)(?<!不[能应應可])(?<![别勿])[选選][择擇]?\s*[:：]?\s*()(?:{_L}|\(([a-h])\))",
)


def bounded(patterns: Sequence[str]) -> str:
    """Return a pattern for any of some; white space is bounded, because free runs side by side are quadratic."""
    return "|".join(patterns).replace(r"\s*", r"\s{0,20}").replace(r"\s+", r"\s{1,20}").replace("]*", "]{0,20}")


_BEGINS = {
    "a": "ns|nt|gr|ct|lt|ss|l[l ]|ny", "b": "est|etw|ut", "c": "ho|on|or|ha|le|an|ir|ro", "d": "ef|ec",
    "e": "di|ver|li|xc", "f": "in|ro|av|ol|irst", "g": "ue|o", "h": "en",
    "i": r"['’.\s]|n[ci]|[TtMmAa]|sn|s[ ]|nd|mp|f[ ]",
    "l": "et|ea|ef|oc", "m": "at|us|aj|os|ar|ea|ak", "n": r"ot?[\s,:.]|ow", "o": "pt|pc|pç|nl|n[ ][rs]",
    "p": "ic|re|ro|oi", "r": "ig|ic|ép|esp|e-?c|ev|ul", "s": "ol|el|et|o|ay|u|t|w|ho|cr", "t": "hu|here|ha|hi|ic|ake",
    "v": "er", "w": "hi|ai|e|in",
}  # fmt: skip
"""How the words begin that a claim can begin with: trying every pattern at every word is slow."""
_BEGIN = late(
    r"[(\[A-Ja-jL-PR-TVWl-pr-tvw答正选О✅✔✓☑](?<![A-Za-z0-9].)(?:(?<![A-Za-z])|(?<=[A-Ja-j])(?![A-Za-z])|"
    + "|".join(rf"(?<=[{first}{first.upper()}])(?=(?i:{rest}))" for first, rest in _BEGINS.items())
    + ")",
    re.DOTALL,
)
"""Where a claim may begin. A set of characters stands first, because only then is the search for it fast."""


@cache
def claims_from(sign: str) -> re.Pattern[str]:
    """Return the pattern of the claims that begin with a sign: at each place most of them cannot stand at all.

    It is made at its first use, since that takes longer than importing a module.
    """
    own = [claim for firsts, claim in PATTERNS if sign.lower() in firsts]
    return re.compile(bounded(own) if own else "(?!)")


def claims(plain: str, begin: int, end: int) -> list[re.Match[str]]:
    """Return the claims in English that a text holds between two places, in their order."""
    return _claims_at(_BEGIN, claims_from, plain, begin, end)


def _claims_at(
    begins: re.Pattern[str], claims_from: Callable[[str], re.Pattern[str]], plain: str, begin: int, end: int
) -> list[re.Match[str]]:
    """Return the claims that do not overlap, tried only where they may begin."""
    found, reached = [], begin
    for place in begins.finditer(plain, begin, end):
        start = place.start()
        claim = claims_from(plain[start]).match(plain, start, end) if start >= reached else None
        if claim is not None:
            found.append(claim)
            reached = claim.end()
    return found


@cache
def claims_in_small() -> re.Pattern[str]:
    """Return the pattern of a claim of a small letter in brackets, which most texts do not hold."""
    return re.compile(rf"(?<![A-Za-z0-9])(?:{bounded(_PATTERNS_IN_SMALL)})")


_BEGIN_ABROAD = late(
    rf"[(\[A-J{FIRSTS}{FIRSTS_ELSEWHERE}nNpPiIjJeEèÈésScCqQdDaAlLwWkKvVвВяЯнНل不选選]"
    rf"(?:(?<![^\W_].)|(?<=[A-J{FIRSTS_ELSEWHERE}不选選]))",
    re.DOTALL,
)


@cache
def _claims_abroad() -> re.Pattern[str]:
    return re.compile(bounded(_PATTERNS_ABROAD))


def claims_abroad(plain: str, begin: int, end: int) -> list[re.Match[str]]:
    """Return the claims in other languages than English that a text holds between two places, in their order."""
    return _claims_at(_BEGIN_ABROAD, lambda _: _claims_abroad(), plain, begin, end)
