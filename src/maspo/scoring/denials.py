"""What speaks against a letter that an output names: whose choice it is not, what is wrong with it, what is taken back.

Pure. Each table below says one thing, in lower case, because a search in any case is slow. A space stands for spaces.
"""

from __future__ import annotations

import re

from maspo.core.late import late
from maspo.scoring.languages import WRONG_ABROAD
from maspo.scoring.options import options_of, stem_of


def _spaced(pattern: str) -> re.Pattern[str]:
    return late(pattern.replace(" ", "[ \t]+"))


_OTHERS = (
    r"(?:students?|people|others|everyone|everybody|someone|somebody|anyone|anybody|they|some|many"
    r"|most (?:people|students|of|would)"
    r"|beginners?"
    r"|novices?|critics|candidates|learners|readers|one (?:could|might|may)|you (?:could|might|may|would)"
    r"|(?:he|she)(?:['’]d| would)|i (?:was|first|initially|originally|wrongly)|nobody|no one"
    r"|(?<!with\sthe\s)(?<!with\smy\s)(?:solver|agent|assistant|critic|reviewer|verifier|proposer|friend|teacher"
    r"|colleague|classmate)"
    r"(?: (?:\d|[a-z])(?![a-z]))?)"
)
"""Whose choice is not the reply's own."""
_WRONG = (
    r"(?:wrong|incorrect|trap|false|bad|worst|weakest|poorest|least \w+|second(?:-| )best|tempting|naive|invalid"
    r"|distractor|rejected|eliminated|excluded|discarded|dismissed|initial|first|original|previous|earlier|former|draft|tentative)"
)
"""What an answer is called that is none."""
_IF = (
    r"(?:if(?! (?:i )?(?:am |was )?(?:forced|had|have|must|pressed|asked))|whether|suppos\w+|assum\w+|imagine|pretend)"
)
_NOT_THAT = (
    r"(?:doubt|disagree(?: with (?:the |my )?\w+(?: \d)?)?|(?:false|untrue|wrong|incorrect|impossible|unlikely"
    r"|not true|not the case|a mistake|an error|mistaken)"
    r" (?:to \w+ )?that|deny)(?: that)? (?:the )?"
)
_BEFORE = _spaced(
    r"(?:"
    # "according to the critic, the"
    r"\baccording to (?:the |my |an? )?(?:agent|solver|critic|student|teacher|friend|reviewer|assistant|others?"
    r"|some)\b[^,.!?\n]{0,20}, (?:the )?|"
    # "many students say that", "someone who forgets the factor would"
    rf"\b{_OTHERS} [^.!?,\n:;]{{0,24}}"
    r"|\b(?:someone|anyone|anybody|those|people|students?|one) (?:who|that) [^.!?\n:;]{0,60}"
    # "a naive reader would"
    r"|\b(?:an?|the|any|every) (?:[\w-]+ ){1,2}(?:would|might|may|could) (?:\w+ly |often )?"
    # "I doubt that", "it is not true that the"
    rf"|\b{_NOT_THAT}"
    # "every option except"
    r"|\b(?:every|all|each|any)\w* [^.!?,\n:;]{0,30}?(?:except(?: for)?|but|besides|other than|apart from) "
    r"(?:option )?"
    # "the wrong", "the solver's proposed"
    rf"|\b(?:{_WRONG}|your|their|his|her|(?<!\bit)['’]s) (?:final |suggested |proposed )?"
    # "I would not", "if it were", "the mistake is to"
    rf"|(?:\b(?:not|never|cannot|without|{_IF}|tempted to|(?:mistake|tempting|easy|error) (?:is )?to"
    r"|instead of|rather than)|n['’]t)"
    r" (?:(?!(?:so|but|hence|thus|therefore|then)\b)[\w'’]{2,} ){0,2}"
    # "there is no reason to"
    r"|\b(?:no|little|hardly any|scant) (?:\w+ )?(?:reason|grounds?|basis|need|point|evidence|justification|case"
    r"|argument|support|way)\b(?: \w+){0,3} "
    # "Say the answer is"
    r"|\A\W*(?:let(?:['’]s| us) )?say (?:that )?(?:the )?"
    # "if so, ", "if that is so, ", "if C is wrong, "
    r"|\bif (?:so|(?:that|this|it|[a-j]) (?:is|were|was|holds|turns out) ?"
    r"(?:so|true|right|the case|wrong|false|correct|incorrect)?),"
    r" (?:then )?(?:only )?"
    # "better than", "the distractor is", "statement"
    r"|\b(?:over|than|versus|vs\.?|against|beats) "
    r"|\b(?:wrong|incorrect|false|worst|trap|mistake|error|distractor)(?: \w+)? (?:is|was) $"
    # "ce n'est pas la"
    r"|(?:\bn['’]est pas|\bno es|\bnão é|\bnon è|\bnicht|\bkeine?|\bне|\binte|\bikke|\bniet|\bnie jest|不是)"
    r" ?(?:(?:la|le|el|die|der|o|a|il) )?"
    r"|\b(?:no creo|não (?:acho|creio)|non credo|(?:pense|crois) pas|glaube nicht|bezweifle|nie (?:sądzę|wiem)"
    r"|czy|ob)\b[^.!?,;\n]*,?(?: (?:que|dass|che|że)\b)?[^.!?,;\n]*"
    r"|\b(?:statement|assertion|premise|hypothesis|event|set|each|every) )$"
)
"""How the words before a claim end that make it none."""
_BEHIND = late(
    r"\s?\?|[.…\s]{1,5}or\s+is\s+it\b|\W{0,3}(?:ではな|ではあり|じゃな|でない|でも|以外|[가이은는]\s?아|不(?!是?\s?[A-J])|错|錯)"
    r"|\W{0,3}(?:that|which)\s+(?i:is|was|would\s+be)\s+(?i:wrong|incorrect|false|not)|\W{0,3}(?i:is"
    r"|was)\s+(?i:the|a)\s+(?i:distractor|trap|mistake|wrong)"
    r"|\s+only\s+if\b|[)\]]{0,2},?\s(?:if|unless)\s(?:\w+\s){1,3}(?i:were|had|was)\b"
    r"|(?!\W{0,3}(?:nicht|pas|不是?)\s?(?:(?:die|la|le)\s)?\(?[A-J]\b)\W{0,3}(?:(?:ist|est|es|è|é|is|är|er|jest|—|是"
    r"|は|が|가|이|은|는|เป็น)\s*)?(?:la\s+)?"
    r"(?:falsch|nicht|pas\b|faux|fausse|incorrec"
    r"|errad|sbagliat|fel\b|błędn|yanlış|salah|sai\b|неверн|неправ|невер|错|錯|間違|誤|틀|오답|아니)"
    r"|[^\w\n]{0,3}[❌✗✘🚫⛔👎]|\W{0,3}\((?:\w+\s)?(?i:incorrect|wrong|no|false|eliminated|ruled\s+out)\b"
    r"|\s+to\s+(?:a\s+different|another|the\s+(?:wrong|previous|other))\b"
    r"|\W{0,3}to\s+(?i:see|continue|proceed|skip|start)\b"
    r"|\W{0,3}(?i:is|are|was)\s+(?i:not|wrong|incorrect|false|impossible|out\b(?!\s+of)|excluded|eliminated)|\W{0,3}(?i:isn't|can't|cannot)"
    r"|\W{0,3}but\s+(?i:that|this|it|they)\s*(?i:is|was|would\s+be|are|['’]s)\s+(?i:mistaken|wrong|incorrect|not"
    r"|false|a\s+(?:mistake|trap))"
)
"""How the words right behind a claim begin that make it none."""
_WOULD = late(r"(?i:\b(?:would|could|might|may)\b)")
_CASE = late(r"\b(?i:if|unless|had|were|otherwise|suppose|assuming|without|in that case)\b[^.!?\n]*$")
_UNREAL = late(
    r"(?<!ask )(?<!asks )(?<!asked )(?<!asking )(?<!decide )(?<!decides )(?<!decided )(?<!deciding )(?<!unclear )"
    r"(?<!sure )(?<!certain )(?<!know )(?<!see )(?<!wonder )(?<!check )(?<!determine )(?<!matter )(?<!even )"
    r"\b[Ii]f\s+(?!(?:I|i|we)\s)(?:\w+\s+){1,5}(?:were|was|had)\b[^.!?\n]*\Z"
)
"""A case that is not so, before a claim of it: "if the sample were larger, I'd say D"."""
_OWN_CHOICE = late(r"(?:\A|[.!?\n]\s*)(?i:my)\s+(?:(?:final|best)\s+)?\Z")
_BESIDE_IT = late(
    r"[)\].]?,?\s+but\s+\(?[A-J]\)?\s+(?i:is|seems)\s+(?i:also\s+)?(?i:plausible|possible|close)(?=[.!]?\s*(?:\n|$))"
)
"""What stands around "answer would be C, but B is also plausible": politeness, and no case."""
_CASE_AFTER = late(r"[)\].]?,?\s+(?:only\s+)?(?i:if|unless|were|had|provided|but)\b")
_RETRACTED = late(
    r"(?:(?:^|[.!?\n—–*]\s{0,3})(?:(?:but|wait|hmm+|oh|no|oops|actually|hold on|sorry|upon (?:review|reflection)"
    r"|on (?:reflection|second thoughts?|closer look|review))[\s,.:!…—-]{1,5}){0,3}|\bbut )"
    r"(?:(?:that|this|it)(?:['’]s| is| was| must be| would be) (?:\w+ly )?"
    r"(?:wrong|incorrect|false|mistaken|a mistake|an error"
    r"|not (?:right|correct|true|possible|it)\b)"
    r"|(?:that|this|it) (?:cannot|can['’]t|can not|isn['’]t|wasn['’]t|doesn['’]t|does not|couldn['’]t)(?: be)? "
    r"(?:right|correct|true|it|work|fit|hold)\b"
    r"|(?:that|this) (?:ignores|neglects|forgets|violates|contradicts|fails|overlooks|misses)\b"
    r"|scratch that|never ?mind|disregard (?:that|this)|i take (?:that|it) back|that was (?:a )?(?:wrong|mistake))"
    r"|\bso (?:i )?(?:discard|eliminate|reject|exclude|rule out|discount) (?:it|that|this)\b"
)
"""How a reply takes back what it has just said, and says nothing in its place."""
_BUT_NONE = late(
    r"\bbut none (?:of (?:them|these|those|the (?:options|choices|answers)) )?"
    r"(?:is|are|fits?|works?|match(?:es)?)(?: right| correct)?\b(?! (?:as|better|so)\b)"
)
"""How it takes back any option, unless the one that it has chosen says just that."""
_NONE_OF_THEM = late(r"\b(?:none|neither|no (?:correct|right|such))\b")
_SHORTEST_RETRACTION = 8
_LONGEST_RETRACTION = 240
"""Characters behind a letter in which it is taken back."""
_ELIMINATED = late(
    r"\b(?:discard|eliminat|reject|rul(?:e|ed|ing) (?:it |this |that )?out|cross(?:ed)? (?:it )?out|exclud"
    r"|can be ignored"
    r"|too (?:small|large|big|low|high|short|long|few|many|weak|strong|fast|slow|early|late)\b)"
)
_OF_OTHERS = late(r"\b(?:rest|others?|remaining|alternatives|all else)\b")
_LETTER = late(r"(?<![A-Za-z0-9])[A-J](?![A-Za-z0-9'’])")
_NO_CLAUSE = late(
    r"\b(?:if|unless|suppos\w+|assum\w+|were|had|would|could|might|may|according|students?|people|some|many|agents?"
    r"|solvers?|others|now|next|consider\w*|check\w*|as for|regarding"
    r"|not|wrong|incorrect|except|either|neither|whether|hypothetically|theoretically|initially"
    r"|first|guess|example|instance|niet|nicht|geen|keine?|não|nie|inte|ikke)\b|n['’]t\b"
)
"""Words in a sentence, in lower case, after which a last clause is not what the reply chooses."""
_ASKS_FOR_WRONG = late(
    r"(?i:\b(?:not|except|incorrect\w*|false|wrong|untrue|least|exception|excluded|rejected|eliminated)\b|n['’]t\b)|"
    + WRONG_ABROAD
)
_SET_ASIDE = late(
    r"\b(?:contrary to|unlike|instead of|in contrast to|compared (?:to|with)) (?:option )?\(?[a-j]\)?"
    r"|\b(?:between|of|out of) \(?[a-j]\)? (?:and|or) \(?[a-j]\)?"
)
"""Letters with which another one is only compared."""
_ATTRIBUTED = late(
    r"\A\W*(?:my|the|our|his|her|your|[\w-]+) ?(?:[\w-]+ ){0,2}"
    r"(?:thinks?|says?|said|answer(?:ed|s)|chose|chooses|vote[ds]|picked|picks|suggest(?:ed|s)|claim(?:ed|s)"
    r"|prefer(?:red|s))"
    r" (?:option |for )?\(?[a-j]\)?[\s,;:.]*\Z"
)
"""What another one says, and nothing else."""
_TURN = late(
    r".*\b(?:but|however|yet|still)\b"
    r"|\b(?:after|upon|on) (?:\w+ly )?(?:re-?)?(?:check|consider|review|verif|comput)\w*",
    re.DOTALL,
)
_SMALL_LETTER = late(r"(?<![a-z0-9])[b-j](?![a-z0-9'’])|(?<![a-z0-9])a(?=[\s]*[,.;:)])")
BEFORE = 80
"""Characters before a claim that are looked at."""
_NEAR = 48


def asks_for_wrong(question: str) -> bool:
    """Whether a question asks for the option that is not so: "Which statement is incorrect?", "下列说法错误的是"."""
    return _ASKS_FOR_WRONG.search(stem_of(question)) is not None


def without_denials(text: str) -> str:
    """Return a text without the words by which a question asks for the option that is not so."""
    return _ASKS_FOR_WRONG.sub(" ", text)


def is_denied_before(plain: str, start: int) -> bool:
    """Whether the begin of the sentence of a claim denies it: a denial in another sentence is none of it."""
    before = plain[max(0, start - BEFORE) : start]
    before = before[max(map(before.rfind, ".!?\n")) + 1 :] if before else before
    return before != "" and _BEFORE.search(before.lower()) is not None


def is_denied_behind(plain: str, end: int) -> bool:
    """Whether what follows a claim at once denies it."""
    return _BEHIND.match(plain, end) is not None


def is_supposed(plain: str, claim: re.Match[str]) -> bool:
    """Whether a claim says what would be so in another case: "if it were heavier, the answer would be C"."""
    if "d" in claim[0] and _UNREAL.search(plain, max(0, claim.start() - BEFORE), claim.start()) is not None:
        return True
    if _WOULD.search(claim[0]) is None:
        return False
    if _OWN_CHOICE.search(plain, max(0, claim.start() - _NEAR), claim.start()) and _BESIDE_IT.match(plain, claim.end()):
        return False
    before = plain[max(0, claim.start() - BEFORE) : claim.start()]
    return _CASE.search(before) is not None or _CASE_AFTER.match(plain[claim.end() : claim.end() + _NEAR]) is not None


def is_eliminated(said: str) -> bool:
    """Whether what is said of an option rules it out: "too small", "so discard it"."""
    return _ELIMINATED.search(said.lower()) is not None and not _OF_OTHERS.search(said.lower())


def is_taken_back(text: str, letter: str, question: str = "") -> bool:
    """Whether a text, after it names a letter last, takes it back and names no other."""
    end = text.rfind(letter) + 1
    if len(text) - end < _SHORTEST_RETRACTION or _LETTER.search(text, end) is not None:
        return False
    behind = text[end : end + _LONGEST_RETRACTION].lower()
    if _RETRACTED.search(behind) is not None:
        return True
    return "none" in behind and _BUT_NONE.search(behind) is not None and not _says_none(letter, question)


def _says_none(letter: str, question: str) -> bool:
    """Whether an option says that no other one is right: "None of the above"."""
    return _NONE_OF_THEM.search(options_of(question).get(letter, "").lower()) is not None


def lets_conclude(before: str, letter: str) -> bool:
    """Whether a clause after these words may conclude with a letter: "given the data, …", "… might be A, but …"."""
    said = _SET_ASIDE.sub("", _TURN.sub("", before.lower()))
    if _ATTRIBUTED.match(said):
        return True
    others = {found[0] for found in _SMALL_LETTER.finditer(said)} - {letter.lower()}
    return not others and _NO_CLAUSE.search(said) is None
