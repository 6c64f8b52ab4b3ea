r"""Reading the mathematical answer of a reply: tags, boxes, JSON, "the answer is …", the end of the last line. Pure.

What is surely meant comes first: a mark, then a claim in words, then a displayed formula, then what the last line says.
"""

from __future__ import annotations

import re

from maspo.scoring.closing import before_a_break, without_closing
from maspo.scoring.corrections import corrected
from maspo.scoring.languages import ANSWER, NO, WRONG_ABROAD, may_be_abroad
from maspo.scoring.marked import LONGEST_BOX, boxes, json_answer, tagged_answer
from maspo.scoring.mathematics.calculator import formula
from maspo.scoring.mathematics.formulas import TooLarge
from maspo.scoring.mathematics.numerals import number_in_words, runs_of_words
from maspo.scoring.readable import last_found, last_line
from maspo.scoring.reply import parts_of, texts_of
from maspo.scoring.wrappers import handed_in

_BE = (
    r"(?:is|are|equals?|was|were|becomes?|isn['’]t|wasn['’]t|aren['’]t|comes?\s+(?:out\s+)?to|turns\s+out\s+to\s+be"
    r"|(?:must|should|would|will|has\s+to)\s+be)"
)
_CLAIM = re.compile(
    r"(?=[aAfFcC#])(?i:(?:final\s+|correct\s+)?answers?(?:\s+\w+){0,4}?,?\s+(?:"
    + _BE
    + r")(?:\s+(?:given\s+by|equal\s+to|thus|therefore))?"
    r"|answers?\s*\**\s*(?:[:=]>?|->|→)|answers?[* ]*\|(?=[* ]*[-−\d$\\][^|\n]*\|[ \t]*(?:\n|$))"
    r"|####(?![ \t]*[A-Z][a-z][^\n]*\n))[ \t:*]*"
)
_HEADING = re.compile(
    # "The solutions are:" before a list
    r"(?i:\b(?:solutions?|roots?|zeros|values|answers?|results?)(?:\s+\w+){0,4}?(?:\s+(?:is"
    r"|are))?)\s*(?::|(?<=\sare))\**(?=\s*\n\s*(?:[-*•]\s|\d[.)]\s|\([a-z\d]\)\s))"
    # "result: 81", a line of its own
    r"|(?:(?<=\n)|^)(?i:(?:final[_ ])?(?:result|ans|solution|tl;?dr))[ \t]*[:=][ \t]*(?=[-−\d$\\])"
    # "**Answer**", "Final result:", a line of its own that says nothing else
    r"|(?:(?<=\n)|^)[#*_ \t]*(?i:(?:final\s+)?(?:answer|result|solution)s?)[*_ \t]*[:=]?[*_ \t]*(?=\n(?!\s*\|))"
)
_CLAIM_ABROAD = re.compile(
    # "La réponse est", "答案：", "답은 $18$", "الجواب هو": the word for answer, and soon after it a value or a colon.
    rf"{ANSWER}[^\d\n.,;:：。=$\\(\[{{]{{0,30}}?"
    r"(?:[ \t*]*[:：=][ \t*]*|(?=\*{0,2}[-−+±]?[\d$\\(\[{√π]|[a-z]\s?=))"
)
_NO = re.compile(rf"(?<![^\W_]){NO}(?![^\W_])")
_WRONG_ANSWER = re.compile(WRONG_ABROAD)
_CLAUSE = re.compile(r"[.,;:!?\n，。；：、]")
_DENIED_ABROAD = re.compile(
    r"\b(?:no es|n['’]est pas|ne sont pas|ist (?:es |das )?nicht|não é|non è"
    r"|niet|inte|ikke|nije|nie jest|není|не|bukan|değil)\b"
    r"|不是|ليس|では(?:な|あり)|じゃな|でない|아니|아닙|नहीं|ไม่ใช่"
)
_DENIED_BEHIND = re.compile(
    r"[^\n.。]{0,20}?(?:では(?:な|あり)|じゃな|でない|아니|아닙|değil|नहीं|ไม่ใช่|ليس|不是|不对|不對)"
)
"""How languages that deny behind a value do so."""
_ASIDE = re.compile(
    r"(?i:,?\s*(?:I\s+(?:think|believe|guess)|in\s+fact|then|therefore|thus|indeed|simply|again|of\s+course),\s*)"
)
_BULLET = re.compile(r"\s*\n\s*(?:(?:[-*•·>→⇒]|=>|->)\s+|\d{1,2}[.)]\s+)?")
"""What parts a claim from an answer on the next line, which may be an item of a list."""
_ITEMS = re.compile(r"(?:\s*\n\s*(?:[-*•·]|\d{1,2}[.)]|\([a-z\d]\))[ \t]+[^\n]{1,80}(?=\n|$)){2,12}")
_ITEM = re.compile(r"\n\s*(?:[-*•·]|\d{1,2}[.)]|\([a-z\d]\))[ \t]+([^\n]+)")
"""An answer of several values, one a line."""
_DENIAL = re.compile(r"(?i)\s*(?:not\b|n['’]t\b)")
_INSTEAD = re.compile(
    r"(?i:\bbut(?:\s+rather)?\s+|\binstead,?\s+(?:it\s+is\s+)?|\bit(?:['’]s|\s+is|\s+was)\s+(?!not\b))"
)
_EITHER_BOX = re.compile(
    r"\\boxed\s*\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}\$?,?(?:\s|\\q?quad|\\[ ,;])*"
    r"(?:(?<=\s)|\\text\{\s*)(or)(?:\s*\})?(?:\s|\\q?quad|\\[ ,;])*"
    r"\$?\\boxed\s*\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}\$?\.?\s*$"
)
"""Two boxes at the end of a text, of which neither is said to be the answer alone."""
_BOXES_IN_A_ROW = re.compile(r"\}\$?\s*,\s*\$?\\boxed\s*\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}\$?\.?\s*$")
"""Two boxes at the end of a text with nothing but a comma between: both are the answer."""
_BOXES_OF_CASES = re.compile(
    r"(?:^|\n)[-*•\s]{0,6}(?i:case|solution|root|possibility|zero)\s?(?:\d|[IiVv]{1,3}|[a-e])?\W{1,6}(?:[^\n.]{0,60}[\s$])?\$?(?=\\boxed)"
)
"""A box for each of several cases: all of them are the answer."""
_INSTEAD_ABROAD = re.compile(
    r"[,;]?\s*\b(?:sondern|sino(?:\s+que\s+es)?|mais(?:\s+plutôt)?|bensì|maar|utan|mas\s+sim|lecz|ale|nýbrž|hanem|а)\s+"
    r"|而是"
)
"""What stands between what is denied and what is said in its place."""
_LETTERS_OF_EUROPE = re.compile(r"(?i)(?!answer|final|correct|solution|root|result)[a-zà-žа-я]")
_AND_ABROAD = re.compile(r"(?<=\d)\s+(?:et|und|y|e|och|og|en|и)\s+(?=[-−]?\d)")
_DECIMAL_COMMA = re.compile(r"^([^\d,]*\d{1,3}),(\d{1,2})(?![\d,])(?=[^\d]*$)")
"""A comma in a number alone that parts no thousands."""
_THOUSANDS_POINT = re.compile(r"(?<![\d.,])([1-9]\d{0,2})\.(\d\d0)(?:,0+)?(?![\d.,])")
"""A point in a number where it parts thousands; decimals that are written out do not end in a zero."""
_PARTED_ABROAD = re.compile(r"(?<![\d.,])(\d{1,3}(?:[. ]\d{3})+),(\d{1,2})(?![\d.,]*\d)")
"""A number with both its thousands and its decimals parted as in most of Europe."""
_AMOUNT_OF_WORDS = re.compile(r"([-−]?\d[\d ,]*)\s+(?![Mm]il|милл)[^\W\d_]{2,}(?:\s+[^\W\d_]{2,})+")
"""A number and what there is so much of, in several words."""
_EURO_COMMA = re.compile(r"(€\s?\d+),(\d\d)(?!\d)|(?<![\d.,])(\d+),(\d\d)(?=\s?€)")
_NOT_BUT = re.compile(
    r"(?i)\b(?:(?:is|was|are|were)(?:n['’]t|\s+not)|(?:can|could)(?:not|\s+not|n?['’]t)\s+be)\s+[^,.;]{1,40}?,?\s+but\s+"
    r"(?:rather\s+)?(?=[-−\d$\\])"
)
_CANNOT_BE = re.compile(
    r"(?i)\b(?:(?:can|could|must|may|should|will|would)(?:not|\s+not|n?['’]t)\s+(?:possibly\s+)?(?:be|equal|exceed|reach|surpass)|(?:is|was|are)(?:\s+not|n['’]t))"
    r"\s+(?=[-−+\d$\\(√π])"
    r"(?!.*(?:;|\b(?:but|so|therefore|hence|thus)\b|,\s*it(?:['’]s|\s+is)\b))"
)
"""A value that is ruled out, and none said in its place."""
_NOTHING_FOR = (
    r"no\s+(?:way|reason|evidence|indication|proof)(?:\s+(?:that|why))?(?=\s+(?:the|it|x|this|my|our)\b)|hardly\s+(?:possible|likely|true)\s+that"
    r"|out\s+of\s+the\s+question\s+that|refuse\s+to\s+(?:believe|accept|say)|nothing\s+(?:shows|suggests|proves|says|implies)"
    r"|no\s+(?:evidence|proof)\s+(?:supports|shows|suggests)|(?:can(?:not|\s+not|['’]t)|could(?:\s+not|n['’]t))\s+be(?:\s+(?:true|right|the\s+case))?\s+that"
    r"|makes?\s+no\s+sense\s+that|(?:no(?:body|\s+one)|none)\b(?:\s+\w+){0,2}\s+(?:is|was|are)\s+(?:convinced|persuaded|sure|certain)"
)
"""That nothing speaks for what a sentence goes on to say."""
_VALUE_DENIED = re.compile(
    r"(?i)^\$?[-−]?[\d.,/]+\$?\s+(?:(?:is|was|are)(?:\s+not(?!\s+only)|n['’]t)|(?:cannot|can['’]t)\s+be"
    r"|(?:would|could|might|can|may)\s+(?:not\s+be|be\s+(?:wrong|incorrect|false|too\s+\w+|a\s+mistake))"
    r"|(?:could|might)\s+be\s+(?:right|correct|(?:the|an|my)\s+(?:answer|result|solution))"
    r"|(?:is|was|are|seems?|looks?|appears?)\s+(?:wrong|incorrect|false|impossible|off|too\s+\w+)"
    r"|(?:(?:does|did|will|would)(?:\s+not|n['’]t)|hardly|never|barely|scarcely)\s+(?:fits?|works?|holds?|do|satisf(?:y|ies)|match(?:es)?)|fails)\b(?!.*(?:;|\b(?:but|so|therefore|hence|thus)\b))"
    r"|^\W*(?:I\s+doubt|I\s+(?:don['’]t|do\s+not)\s+(?:think|believe)|I(?:\s+am|\s+remain|['’]m)\s+(?:not\s+(?:convinced|persuaded|confident)|unconvinced|s[kc]eptical)|I\s+disagree|(?:any|every)thing\s+but|all\s+(?:but|except)"
    rf"|(?:there(?:\s+is|['’]s)\s+|it(?:(?:\s+is|['’]s)?\s+)|I\s+(?:see\s+)?)?(?:{_NOTHING_FOR})"
    r"|by\s+no\s+means|(?:in\s+)?no\s+(?:case|way)\s+(?:is|was|are|can|could)|under\s+no\s+circumstances|(?:certainly|definitely|surely|clearly)?\s*not)"
    r"\b(?!.*(?:;|\b(?:but|so|therefore|hence|thus)\b))[^.\d]*\d[\d.,]*[^\d]*$"
    r"|^\W*(?:you|one|some|someone|people|many|students?|others|nobody|no\s+one)\b[^.\d]{0,30}\b(?:say|think|believe|guess|claim|answer)s?\b(?!.*(?:;|\b(?:but|so|therefore|hence|thus)\b))"
    r"|^\W*[❌✗✘🚫⛔👎]|^[^,;]*[❌✗✘🚫⛔👎]\W*$|[→⇒]\s*(?:no|wrong|false|incorrect)\b\W*$"
)
"""A value that a sentence says is none: "12 is not the answer", "I doubt that it is 12", "12 ✗"."""
_DENIED_WITHIN = re.compile(
    r"(?i)(?:\b(?:not|never|neither|nowhere|cannot|fails?|no)\b|n['’]t\b)(?![^.;]*\b(?:but|so|therefore|hence|thus)\b)(?:(?!\band\b)[^.;:,=])*?"
    r"\b(?:on|in|to|over|within)\s+(?:the\s+(?:open\s+|closed\s+)?interval\s+)?\$?\\?(?:left)?[(\[{][^a-z]*$"
)
"""An interval in which something is not so: "f is not increasing on (0, 1)"."""
_NOT_KNOWN = re.compile(
    r"(?i)\b(?:cannot|can\s+not|could\s+not|do(?:es)?\s+not|did\s+not|unable\s+to|(?:im|not\s+)possible\s+to|no\s+(?:way|reason)\s+to"
    r"|fail(?:s|ed)?\s+to|(?:ca|could|do|does|did)n['’]t)\s+(?:\w+\s+){0,2}(?:conclude|say|know|determine|infer|show|prove|claim|assume"
    r"|tell|deduce|decide|verify|confirm|guarantee|believe|think|expect|imply|follow)\b(?!.*(?:;|\b(?:but|so|therefore|hence|thus)\b))"
)
"""What a sentence does not state."""
_DOES_NOT_DO = re.compile(
    r"(?i)(?<![a-z])[a-z]\s*=\s*[^\s,;]+\s+(?:fails|(?:does|did|will|would)(?:\s+not|n['’]t)\s+(?:work|fit|hold|do)|is\s+impossible)\W*$"
)
"""A value that was tried and is none: "n = 5 fails"."""
_CHANCE = re.compile(
    r"(?i)(?<![\w.,])(\d+(?:\.\d+)?\s?(?:\\?%|percent)|\d+(?:\s|-)(?:in|out\s+of)(?:\s|-)\d+|\d+/\d+)[\s-]+(?:chance|probability|likelihood)\b"
)
"""How likely a sentence says something is: "a 30 percent chance"."""
_TURKISH_ENDING = re.compile(r"(?<=[\d}$])['’][td][ıiuü]r(?!\w)")
_UNABLE_TO_TELL = (
    r"(?:(?:can|could)(?:not|\s+not|n?['’]t)|(?:unable|(?:not|n['’]t)\s+able|(?:im|not\s+)possible|no\s+way|fail(?:s|ed)?)\s+to)"
    r"\s+(?:\w+\s+){0,2}(?:give|provide|find|compute|calculate|determine|derive|state|produce|obtain|reach|infer)"
)
_ANY = r"(?:(?:an?|the|any)\s+)?(?:(?:final|definite|numerical)\s+)?"
"""What stands before an answer that is no other, larger or simpler one."""
_NOT_SAID = re.compile(
    r"(?i)\b(?:whether|doubt|unsure|uncertain|unclear|unconvinced|s[kc]eptical"
    r"|(?:not|n['’]t)\s+(?:\w+\s+){0,2}(?:know|sure|certain|convinced|persuaded|confident|think|believe|say|claim|mean|conclude|true|clear|follow)"
    r"|(?:false|untrue|wrong|incorrect|impossible|unlikely|mistaken)\s+(?:to\s+\w+\s+)?that"
    r"|(?:students?|people|others|many|some|someone|nobody|(?:one|you)\s+(?:might|may|could))\s+(?:\w+\s+){0,2}"
    r"(?:say|think|claim|answer|guess|believe)s?"
    rf"|(?:{_UNABLE_TO_TELL}|not?)(?=\s+{_ANY}$)"
    rf"|(?:{_NOTHING_FOR})(?=[^:]*$))"
    r"\b(?![^.!?\n;]*\bbut\b)[^.!?\n;,]*$"
)
"""Words before a claim in its sentence that make it none of the reply's own."""
_DOUBTED = re.compile(
    r"\b(?:no|not|never|nor|neither|none|nobody|nothing|nowhere|cannot|hardly|barely|scarcely|rarely|seldom|without|fail\w*"
    r"|false\w*|wrong\w*|incorrect\w*|untrue|mistak\w*|impossible|unlikely|undefined|except|outside|unless|if|whether|than"
    r"|rather|instead|maybe|perhaps|possibly|might|may|could|would|should|doubt\w*|den(?:y|ies|ied)|refut\w*|disprov\w*"
    r"|assum\w*|suppos\w*|claim\w*|guess\w*|seem\w*|appear\w*|that|sa(?:y|ys|id)|predict\w*|hope[sd]?|reject\w*"
    r"|or|but|however|once|before|first|some|others?|myth|trap"
    r"|avoid\w*|prevent\w*|lack\w*|miss\w*|far|nearly|almost|actually|so)\b|n['’]t\b",
    re.IGNORECASE,
)
"""Words in a sentence that may make what it says none: a denial, a failure, a doubt, a case, another in its place."""
_WRONG = r"(?:wrong|tempting|naive|incorrect|false|mistaken|extraneous|spurious|invalid|rejected|discarded)"
_CALLED_SO = re.compile(rf"(?i)\b{_WRONG}\s+(?:\w+\s+)?$")
"""What stands before an answer that is called none: "wrong answers: 1 and 2"."""
_NAMED_WRONG = re.compile(
    rf"(?i)(?:not\s+(?:the|an?|my|our)|(?:the\s+|my\s+|an?\s+|one\s+)?(?:{_WRONG}|(?:common|typical|frequent|usual|easy"
    rf"|classic)(?=\s+(?:mistake|error|trap|misconception|pitfall|slip|guess)\b)))(?:\s+(?!(?:is|are|was|were)\b)(?P<what>[a-z]+)){{0,3}}\s*(?:[:=]|\b(?:is|are|was|were)\b)"
    r"(?!(?<=[^s]s:)\s*[\d.,]*\W*$)"
)
"""How a sentence begins whose value is called none: "Extraneous root: 5"; so many of them may have been asked for."""
_SUPPOSED = re.compile(r"(?i)\b(?:if|had|suppose|supposing)\b[^.!?\n]*\b(?:were|had|did|instead|you)\b[^.!?\n]*$")
"""What stands before an answer that would be one if something else were so."""
_VALUE_ALONE = re.compile(r"[-−+]?[\d$\\(]\S{0,30}")
"""A value in the place of one that is taken back: "20, no, 24"."""
_SUPPOSED_BEHIND = re.compile(r"(?i)[^.;!?\n]*\b(?:if|had|were)\b")
"""The case in which a value would be the answer, behind it."""
_GIVES_UP = re.compile(
    r"(?i)\bI\s+(?:was|am|have\s+been)\s+(?:unable|not\s+able)\b|\bI['’]m\s+(?:unable|not\s+able)\b"
    r"|\b(?:have|has|there\s+is|got|with)\s+no\s+(?:final\s+|definite\s+)?(?:answer|solution|result)\b(?!s)"
    r"|\bI\s+(?:cannot|can\s?not|could\s?n[o'’]t|ca\s?n['’]t|did\s+not|didn['’]t)\s+(?:\w+\s+)?(?:solve|answer|finish|determine)\b"
    rf"|\b{_UNABLE_TO_TELL}\s+{_ANY}(?:answer|solution|result)(?=\s*[:(.]|\s+(?:because|since)\b|$)(?!.*[.;!?]\s)"
)
"""A reply that says it has no answer; the numbers beside that are none. Without a number, that is its answer."""
_NO_SOLUTION = re.compile(
    r"(?i)(?<!\bI )(?<!\bwe )(?:(?:^|\b(?:has|have|there\s+(?:is|are|exists?))\s+)"
    r"(no\s+(?:(?:real\s+|integer\s+|possible\s+)?(?:solutions?|roots?)|such\s+(?:[a-z]|values?|numbers?)))(?:\s+exists?)?"
    r"|\blimit\s+(does\s+not\s+exist|doesn['’]t\s+exist))[\s.!]*$"
)
"""A sentence whose answer is that there is none."""
_SAID_BESIDE = re.compile(
    r"(?i)(?<=[\w\d,)}$] )(?:since|because|as)\b|\b(?:for|when|where|which|whose|if|unless|while|whereas|other|rest"
    r"|remaining|first|second|factor|(?:false|untrue|wrong|incorrect|not\s+true|not\s+the\s+case|doubt|deny|denies)\s+that)\b|;"
)
"""What tells that another equation than the one that was asked about has no solution, or under what condition."""
_SENTENCE_APART = re.compile(r"(?<=[.!?])\s+")
_ALL_THE_SAME = re.compile(r"(?i)\b(?:but|however|still)\b,?\s+")
"""What stands before an answer that is given in spite of that."""
_DIGIT = re.compile(r"\d")
_WOULD_BE = re.compile(r"(?i)(?:if|had)\b[^.!?]*\b(?:were|had|did|instead)\b[^.!?]*\bwould\b")
_CALLED_WRONG = re.compile(
    r"(?i)(?:therefore\s+|clearly\s+|also\s+)?(?:incorrect|wrong|not\s+(?:correct|right)|mistaken|off\b|too\s+(?:high|low|large"
    r"|small|big|many|few))"
)
"""What is said of an answer that is none: "my first answer of 12 was incorrect"."""
_CALLED_RIGHT = re.compile(
    r"(?i)\s+(?:is|are)\s+(?:the|our|my)\s+(?:(?:final|correct|required|desired)\s+)?(?:answer|solution|result)s?[.!]*$"
)
"""How a sentence ends that begins with its answer: "so 23 is the answer"."""
_CHECK = re.compile(
    r"(?i)\W*(?:(?:(?:quick|sanity|double)\s+)?(?:check(?:ing)?|verification|verifying|proof|probe)\b[^:.]{0,20}:"
    r"|(?:(?:let(?:['’]s|\s+us|\s+me)|we(?:\s+can)?|to)\s+)?(?:quickly\s+|now\s+|also\s+)?(?:double[- ]?)?"
    r"(?:check|verify|confirm)\b"
    r"|indeed,?\s+(?=[-−\d(])|(?:plugging|substituting)\s)"
)
"""How a sentence begins that tries an answer out and states none."""
_RETRACTED = re.compile(
    r"(?i:\bwait\b|\bhold\s+on\b|\bactually\b|\bcorrection\b|\boops\b|\bhmm\b|\bsorry\b|\bmistake\b|\bmiscounted\b|\blet(?:['’]s|\s+(?:me|us))\s+re-?(?:check|count|comput|calculat|consider)\w*\b(?=[^\n]*\d)(?![^\n]*(?:confirm|\b(?:holds?|same|yes|checks?\s+out|verified)\b|[✓✔✅]))|\bthat(?:['’]s"
    r"|\s+is|\s+was)\s+(?:wrong|incorrect|not\s+right)"
    r"|\bedit(?:ed)?\s*:|\bupdated?\s*:|(?<=[.!?\n] )No[,:]|(?<=\n)No[,:])"
)
_IN_ITS_PLACE = re.compile(
    r"(?i)\b(?:wait|no|actually|sorry|correction|edit(?:ed)?|updated?|rather)[,:]\s+(?=[-−\d$\\])"
)
"""What stands before the value that takes the place of one taken back: "9... wait, no, 8"."""
_END_OF_TEXT = 250
"""Characters at the end of a reply in which its last claim mostly stands."""
_TENTATIVE = re.compile(
    r"(?i:first\s+(?:sight|glance|thought|answer|guess|attempt|try|result|impression|idea)|seems?|appears?|tempt\w+|might\s+think|guess\w*|initial\w*|naive\w*"
    r"|would\s+think)"
)
_AT_FIRST = re.compile(
    r"(?i)[^\s,;.]{1,30}\s+(?:in|at|on|by|after)\s+(?:my|the|a|our)\s+(?:first|initial|earlier|previous)\s+(?:attempt|try|guess|count"
    r"|calculation|pass|draft|solution|version|run)\b"
)
"""What stands behind a value that was the answer once: "18 in my first attempt, but …"."""
_OVER = re.compile(r"[.!?…](?=\s|$)|\n")
_TURN = re.compile(r"(?i:\bhowever\b|\bbut\b|\bafter\b|\bon\s+(?:reflection|checking)\b)")
_BEFORE_A_CLAIM = 60
"""Characters before a claim in which a word can make it a first guess only."""
_IS_ABROAD = (
    r"\b(?:é|è|est|ist|es|sind|sont|são|sono|son|beträgt|betragen|ergibt|lautet|kostet|kosten|macht|vaut|valent|fait|donne|coûte"
    r"|vale|valgono|mide|cuesta|resulta|costa|mede|equivale\s+a|asciende\s+a|bedraagt|bedragen|kost|blir|är|er|utgör"
    r"|wynosi|równa\s+się|kosztuje|(?<=[a-z]\s)to|jest|je|là|bằng|adalah|ialah|este|on|равна|равно|равен|составляет|стоит"
    r"|дорівнює|становить|είναι|ισούται\s+με)\b(?:\s+(?:de|di|da|von|a|por)\b)?"
)
"""How other languages say that something is or costs an amount."""
_STATED = re.compile(
    r"(?:(?i:\b(?:is|are|was|were|be|being|equals?|gets?|gives?|obtains?|finds?|reach(?:es)?|arrives?\s+at|ends?\s+up\s+with|have|has|needs?|takes?|yields?|costs?|totals?"
    r"|leaves?|(?<=total )of)\b"
    r"|(?:^|\bbut\s+)I['’](?:d|ll)\s+go\s+with(?=\s+\S{1,12}$)|^\$?[a-z]\$?\s+lies\s+(?:with)?in\b"
    r"|\b(?:it|that|this|he|she|there)['’]s\b|(?:^|\bor\s+|\bis,?\s+|,\s+)in\s+(?:interval|set|set-builder)\s+notation(?:[,:]|,?\s+as)?(?=\s+[(\[{\\$])"
    r"|(?<=[a-z]):(?=\s)|(?<=[a-z])\s?(?:=>|->|→)(?=\s))"
    rf"|(?P<abroad>{_IS_ABROAD})|(?:等于|是|为|為|共有|共))"
    r"(?i:\s+(?:at|about|exactly|only|just|approximately|precisely|thus|therefore|now|then))?\s*"
    r"(?=<(?=[^<>]*,[^<>]*>)|[-−‑+±(\[{|$§€£₹¥₩√π∅⟨ℝℤℕℂ∞\\\d]|Rs\.?\s?\d|[A-Za-z]\s*(?:[=≠≤≥<>∈]|\\(?:ne|le|ge|in)))"
)
"""What stands before a conclusion that begins as mathematics does."""
_WHERE = re.compile(
    r"^(?i:the(?:\s+\w+){1,2}\s+(?:meet|intersect|cross)\s+(?:(?:each\s+other|one\s+another)\s+)?at\s+(?:the\s+)?(?:points?\s+)?"
    r"|(?:the\s+)?(?:point|vertex|cent(?:er|re)|midpoint)(?:\s+[a-z])?\s+has\s+(?:the\s+)?coordinates\s+)([(\[{⟨<][^()\[\]{}⟨⟩<>]*,[^()\[\]{}⟨⟩<>]*[)\]}⟩>])\.?$"
)
"""What a sentence ends with that states no value in another way: "the lines meet at the point (4, 5)"."""
_REWRITTEN = re.compile(
    r"(?i)\b(?:factors?|factori[sz](?:es|ation)|factored|written|rewritten|expressed|simplif(?:ies|ied)|expands?|reduces|evaluates"
    r"|integrates|comes(?:\s+out)?|works\s+out)\s+(?:as|to|into)\s+(?=[^\s.]*[\d^(+*/=\\√π])"
)
"""What stands before a formula that is another one, or its value: "which factors to a(b + c)"."""
_BOLD = re.compile(r"(?<!\*)\*\*(\$?[-−]?(?:\\?\$)?[\d\\√][^*\n]{0,60})\*\*(?!\*)")
"""A value that a sentence sets in bold."""
_DATE = re.compile(
    r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\s+\d{1,2}(?:st|nd|rd|th)?\b"
    r"(?:,?\s+\d{4}\b)?"
)
_ALL_THAT = re.compile(
    r"(?i)(?:^|\b(?:is|are|be)\s+)((?:the\s+)?(?:set\s+of\s+)?(?:all|any|every)\s+(?:the\s+)?(?:real|reals|integers?|positive|negative"
    r"|non-?(?:positive|negative)|complex|natural|rational|[a-z]\s+(?:with|where|such\s+that|satisfying))\b"
    r"(?:(?!,\s*[(\[])[^.])*)(?:,\s*[(\[].*)?\.?$"
)
"""A set in words: "is all real numbers except 0"."""
_LEAST_AROUND = 3
"""Characters around a bold value in its sentence."""
_TRAILING = re.compile(r"[\s.!]+$")
_DENIED_JUST_BEFORE = re.compile(
    r"(?i)(?:\b(?:not|never|than|least|most|to|or|between|about|from|of)|n['’]t|<|>|≤|≥)\s*(?:\w+\s+)?$"
)
_LETTERS = re.compile(
    r"\b(?:is|are|be)\s+((?:[A-Z],?\s+){1,12}(?:(?:and|then)\s+)?[A-Z]|[A-Z](?:\s?(?:[<>→-]|->)\s?[A-Z]){1,12})\.?$"
)
"""Points or statements by their letters: "the order is B, A, C"."""
_WEEKDAY = re.compile(r"(?i)\bbe\s+((?:mon|tues|wednes|thurs|fri|satur|sun)day)\.?$")
_NAMED = re.compile(
    r"(?i)(?:\b(?:is|are|was|were)\s+(?:an?\s+|the\s+|on\s+)?|\b(?:falls?|lands?|fell|landed)\s+on\s+(?:an?\s+)?|\bit['’]s\s+(?:an?|on)\s+|\bbe\s+(?:an?|the|on)\s+)([\w-]+(?:\s+[\w-]+)?)$"
)
_THINGS_FIRST = re.compile(r"\d[\d.,]*\s+(?!is\b|are\b|was\b|were\b)[a-z]{2,}")
"""How a sentence begins that says what becomes of so many things: "3 boxes are left over"."""
_OPENER = re.compile(
    r"(?i)^(?:(?:therefore|thus|hence|so|then|finally|consequently|accordingly|altogether|overall|in\s+(?:total|all|sum)|all\s+in\s+all"
    r"|as\s+a\s+result|insgesamt|somit|also|daher|donc|au\s+total|en\s+total|por\s+(?:lo\s+)?tanto|portanto|in\s+totale|quindi"
    r"|toplam|totalt|w\s+sumie|razem|entonces|luego|logo|então|assim|así|alors|ainsi|allora|dunque|dus|folglich|demnach"
    r"|следовательно|значит|итак|таким\s+образом|∴|⇒|\\therefore)(?!\w),?:?\s*"
    r"|(?:因此|所以|于是|從而|从而|故|综上|よって|したがって|ゆえに|따라서|그러므로)[,，、]?\s*)+"
)
_SENTENCE = re.compile(r"(?<=[^\s.][.!?])(?<!\bi\.e\.)(?<!\be\.g\.)\s+(?=[A-Z$\\])|\s+so\s+(?!that\b)|(?<=[。！？])")
_REMARK = re.compile(
    r"(?<=\S),\s+(?:since|because|of\s+which|of\s+whom|including|compared\s+(?:to|with)|(?:reached|attained|achieved)\s+(?:when|at|for|if)"
    r"|and\s+(?:indeed|(?:we|you|one)\s+(?:can|may)\s+(?:check|verify|see)|it\s+checks)"
    r"|which(?!\s+(?:is\s+(?:wrong|incorrect|not)|gives?|implies|means|leads|leaves|simplifies|equals|has|is\s+[$\d])))\s"
)
"""What follows a conclusion in its sentence; "which gives …" is the conclusion."""
_TOLD_APART = re.compile(
    r"(?:(?:,|\s[—–-])\s+(?:and\s+)?not\s+(?!equal|necessarily)|,?\s+(?:rather\s+than|instead\s+of|as\s+opposed\s+to)\s+)"
)
"""What an answer is told apart from: "14, not 7"."""
_ASIDE_AFTER = re.compile(
    r"(?<=[\w\d})%$²³!*∅])[.,;]?\s+\(\s*(?!or\s+[-−]?\d+\s*\))(?:"
    r"(?i:or|i\.?e\.?|e\.?g\.?|about|approx\w*|roughly|rounded|check\w*|since|because|as|to|in|not|verified|from"
    r"|using|the|after|which|that|where|see)\b|[≈=]|\\approx"
    r"|[^()\\\n]{0,60}(?<![A-Za-z\\])[a-z]{5,}[^()\n]{0,60}\)|[A-Za-z]{2,}[:\s]|an?\s+[a-z]{2,}|[A-Za-z-]{3,}\)|[\d.,]+\s?(?:[a-z]{2,}[^()\n]{0,100}|[hs])\))[^\n]{0,200}$"
    r"|(?<=[\d%$²³])\.?\s+[\[{]\s*(?:[=≈]|[a-z]{2,}|[\d.]+\s*[=+*/×·÷^−-])[^\]\n]{0,100}\]?\.?$"
    r"|(?<=[\d%$²³*])\s*(?:[✓✔✅]|\\checkmark)(?:.{0,20}|\s*\([^()\n]{0,120}\)\.?)$"
    r"|(?<=[\d%$²³])\.?\s+\([\d.\s]+[=+*/×·÷−-][\d.\s=+*/×·÷−-]*[✓✔✅]?\)[^\n]{0,200}$"
    r"|(?<=\S)[,;]\s+(?:(?i:as\s+an?\s+(?:decimal|percentage|percent|mixed\s+number)|in\s+decimal|numerically))\b[^\n]{0,100}$"
    r"|(?<=\S),?\s+(?:(?i:i\.e\.,?|that\s+is,|namely)|[—–→](?=\s+[a-z]{2})|or\s+(?:about|approximately|roughly)"
    r"|(?:which|that)\s+is\s+(?:about|approximately|roughly))\s[^\n]{0,200}$"
)
"""A remark after an answer: "18 (9 + 9)", "12 cm (rounded)", "3/4, i.e. 75 %". A bracket that is a factor stays."""
_CALCULATED = re.compile(
    r"(?<![\d.,])(\d[\d,]{0,30}(?:\.\d{1,30})?)((?:\s+[a-zA-Z²³°/]{1,20}){1,3})\s+"
    r"\(([\d.\s]{1,30}(?:[a-z]{1,7}\s)?[=+*/×·÷−-][\d.\s=+*/×·÷−-]{0,60})(?:[a-z]{1,7})?\)\.?$"
)
"""An amount, and in brackets behind its unit how it comes to be so: "36 euros (12 × 3)"."""
_ASIDE_WITHIN = re.compile(r"(?<=[\w\d%])\s+\((?=[^()\n]*[A-Za-z]{2})[^()\\$\n]{2,60}\)(?=\s+[a-z]{2})")
"""A remark in brackets between the words of a sentence: "45 minutes (3/4 of an hour) to fill"."""
_DISPLAYED = r"(?:align|aligned|gather|gathered|equation|eqnarray|split)\*?\}(?:\s*\{[^{}]*\})?"
_DISPLAY_END = re.compile(rf"(?:\s*(?:\\\]|\$\$|\\end\{{{_DISPLAYED}))+\.?$")
_ROW_BEGINS = re.compile(rf"\\\\(?!(?:(?!\\begin).)*\\end)|\\\[|\$\$|\\begin\{{{_DISPLAYED}", re.DOTALL)
"""Where a row of a displayed formula begins; rows of a matrix are none."""
_OF_ONE_LETTER = re.compile(r"[a-z]\s*=\s*[-−]?[\d./\\{}a-z]{1,40}")
"""A row that says what a letter is: two of them are one answer."""
_LONGEST_ROW = 1000
_INLINE = re.compile(
    r"\$\$(.+?)\$\$|(?<!\\)\$((?:\\\$|[^$\n])+?)(?<!\\)\$(?!\d)|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL
)
_SENTENCE_END = re.compile(
    r"(?<=[^\s\d.])(?<!\bRs)(?<!\bNo)(?<!\bapprox)\.(?:\s|$)|(?<=\d)\.(?:\s+[A-Z\\]|\s*$)|\n|[。！？।]|(?<=[\d*])(?:입니다|이다|です|である|है)"
    r"|(?<=[\w)}$])[,;]?\s+(?i:which(?!\s+(?:is|was)\s+(?:wrong|incorrect|not|false)\b)|because|since|so|where|as)\s"
    r"|(?<=[\w)}$%*]),\s+(?i:I\s+(?:think|believe|guess|suppose|reckon)[.!]*$|I['’]m\s+(?:(?:pretty|quite|fairly)\s+)?"
    r"(?:sure|certain|confident)[.!]*$|(?:al)?though\s+I(?:['’]d\s+(?:double[- ]?)?check\b|(?:['’]m|\s+am)\s+not\s+"
    r"(?:(?:\w+ly|quite)\s+)?(?:sure|certain)\b)[^\d,;:]*$|if\s+I\s+(?:counted|(?:did\s+\w+|computed|calculated|remember)"
    r"(?:\s+\w+)?)\s+(?:right|rightly|correctly)[.!]*$)"
)
_MULTI = re.compile(r"\s*(?:,|and\b|or\b|\\%|%|[a-z]|\*(?!\*)|[+/=<>^-])")
"""What goes on with an answer after a formula in dollars: a list, a unit, an operation."""
_SPEAKS = re.compile(r"(?i:I|we|you|sorry|unfortunately|thanks?)(?:['’]\w+)?,?\s[^\d]*$")
"""A model that speaks of itself or to its reader, without a number: no answer."""
_SHORT = 80
_MOST_WORDS = 3
_PROSE = re.compile(r"[A-Za-z]{2,}\s+[A-Za-z]{2,}\s+[A-Za-z]{2,}|^[A-Za-z][a-z']+\s+(?!and|or)[a-z]+\s+\$?\d")
_OF_SOMETHING = re.compile(r"\s+(?!(?:and|or|to|which|so)\b)[a-z]{2,}")
_WORD = re.compile(r"\b(?!and\b|or\b)[^\W\d_]{2,}")
_WORDS_BEFORE_A_NUMBER = re.compile(
    r"(?:[EOY]\s)?[^\W\d_]{2,}[^\d$\\=]*\s[^\d$\\=]*\$?\d|[\u0400-\u1fff\u2e80-\u9fff\uac00-\ud7a3][^\d=]*\d"
)
_UNIT = (
    r"(?:years?|months?|weeks?|days?|hours?|hrs?|minutes?|mins?|seconds?|secs?|dollars?|euros?|pounds?|cents?|pence"
    r"|miles?|yards?|feet|foot"
    r"|inch(?:es)?|ounces?|kilomet(?:er|re)s?|met(?:er|re)s?|centimet(?:er|re)s?|kilograms?|grams?|lit(?:er|re)s?"
    r"|degrees?|h|min|s|m|cm|kg|g|lb|oz|ft)"
)
_REMARK_ON_AMOUNT = re.compile(
    r"(?<=[\w%)]),\s+(?i:(?:up|down)\s+from\s+[$\d.,]*\d%?(?:\s[a-z]+)?)[.!]?(?:\s*$|\s+(?=[A-Z]))"
)
"""What is said of an amount behind it: "75 points, up from 70"; nothing that may bring another amount."""
_AMOUNTS = re.compile(
    r"(?<![\w.,])\d+\s?(?:ft|feet|foot)\.?\s+\d+\s?(?:in|inches)\b|"
    rf"(?<![\w.,])\d+(?:\.\d+)?\s?{_UNIT}(?:,?\s+(?:and\s+)?\d+(?:\.\d+)?\s?{_UNIT})+\b"
)
"""One amount in two units: "3 hours and 45 minutes"."""
_CLOCK = re.compile(r"(?<![\d:.,])\d{1,2}:[0-5]\d(?:\s?[AaPp](?:[Mm]\b|\.\s?[Mm]\.))?(?![\d:])")
"""A time of day."""
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9√^_\\.,/])(\b(?i:exceeds?|exceeding|surpass(?:es)?|below|above|beyond|about|the|these|other|his|its|their|all|for|in|per|at|on|to|from|with|than"
    r"|least|most|by|after|every|each|of|over|under|not|step|case)\s+"
    r"|\b(?:January|February|March|April|May|June|July|August|September|October|November|December|Day|Year|Week|Part|Problem"
    r"|Question|Figure|Table|Equation|Method|Option|Room|Page|Grade|Level|Chapter|Theorem|Row|Column|Number|Box|Team|Group"
    r"|Player|Line|Class)\s+)?"
    r"([-−‑]?(?:\\?[§$]|€|£)?\d+(?:,\d{3})*(?:\.\d+)?(?:/\d+)?(?:\\?%)?"
    r"(?:\s(?:hundred|thousand|million|billion|trillion|dozen)\b)?)(?![A-Za-z0-9_√^*\\(]|[.,/]\d|\s+of\b)"
)
"""A number, and the word before it that says it is not what a sentence is about."""
_CHANGE = re.compile(
    r"(?i)(?:\b(?:makes|forms|has|is|was|were)\s+an?\s+(?:angle|increase|decrease|rise|fall|drop|gain|loss|discount)\s+of"
    r"|^(?:it|(?:the|its|his|her|their)(?:\s+\w+){1,2})\s+(?:increases|increased|decreases|decreased|rises|rose|falls|fell|drops"
    r"|dropped|grows|grew|shrinks|shrank)\s+by)\s+[-−$\d.,]+(?:\s?(?:\\?%|[a-z]+)|\W*$)"
)
"""Words before a number that the amount asked for follows: "an angle of 45 degrees", "it falls by 20 %"."""
_OFFERED = re.compile(
    r"(?<![\w.,/])[-−]?\d+(?:[.,/]\d+)?(?:,\s*[-−]?\d+(?:[./]\d+)?)*,?\s+or\s+[-−]?\d+(?:[.,/]\d+)?(?![\w/])"
)
"""Several values of which the sentence says no more than that it is one of them: "either 10 or 12"."""
_DECIMAL_WITH_COMMA = re.compile(r"(?<![\w.,])[-−]?(?:\d{1,3}(?:[. ]\d{3})+|\d+),\d{1,2}(?![\w]|[.,]\d)")
_COMPARED = re.compile(
    r"(?i:(?:for\s+(?:all|every)\s+)?(?<![A-Za-z])(\$?[a-z]\$?)\s+((?:is\s+)?(?:greater|less|more|at\s+least|at\s+most|no\s+more"
    r"|no\s+less)\b[^.]*)$)"
)
"""A condition in words: "holds for all x greater than 3"."""
_IN_TOTAL = re.compile(
    r"(?i)(?<=[\w€$%}])\s+(?:in\s+total|in\s+all|altogether|overall|au\s+total|en\s+total|insgesamt|in\s+totale|no\s+total|ao\s+todo|tall|long|wide|high"
    r"|deep|thick|old|away|apart)"
    r"\W*$"
)
_TEXT_ONLY = re.compile(r"\\(?:text|textbf|mathrm|mbox)\s*\{([^{}]*)\}\.?")
_JSON_LIST = re.compile(r"^\[([^\[\]]*)\]$")
_NO_SIGN = re.compile(r"[\d$\\=]")
_COUNTS = re.compile(
    r"(?i)\b(?:there\s+(?:are|were|will\s+be)|total\s+of|exactly|needs?|has|have|gets?|leaves?|takes?|makes?|gives?|are|is|was"
    r"|equals?|ate|eats?|costs?|spent|spends?|bought|buys?|sold|sells?|walked|earns?|earned)\s+(?:exactly\s+|only\s+)?$"
)
"""What stands before a number that counts something: "there are fifteen such pairs"."""
_BEFORE_A_NUMBER = 40
_COUNTS_NOTHING = re.compile(r"(?i)\b(?:the|these|those|both|other|all|of|step|case|any|each|every|than)\s+$")
_HOUR = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_CLOCK_IN_WORDS = re.compile(
    rf"(?i)\b(?:(?:a\s+)?quarter|half|five|ten|twenty(?:-five)?)\s+(?:past|to)\s+(?:{_HOUR}|\d{{1,2}})(?![\w:])"
)
_FRACTION_WORDS = re.compile(
    r"(?i)\b(?:is|are|was|be)\s+((?:an?\s+|minus\s+|negative\s+)?(?:half|third|quarter|dozen)|[a-z]+[ -](?:half"
    r"|halves|thirds?|quarters?|fourths?|fifths?"
    r"|sixths?|sevenths?|eighths?|ninths?|tenths?))\.?$"
)
_SIGNS_OF_STEPS = str.maketrans("×·÷−", "**/-")
_CHANCE_IN_WORDS = re.compile(
    r"(?i)\b(?:probability|chances?|odds|likelihood|proportion|fraction|share)\b.{0,200}\b(?:is|are|was)\s+(?:a\s+)?([a-z]+(?:\s|-)(?:in|out\s+of)(?:\s|-)(?:every\s+)?[a-z]+(?:-[a-z]+)?)(?:\s+chance)?\.?$"
)
"""How likely something is, in words alone: "the probability is one in four"."""
_NO_CHANCE = re.compile(
    r"(?i)\b(?:complement\w*|doubt\w*|refuse|(?:false|wrong|incorrect|untrue)\s+(?:to|that)"
    r"|(?:cannot|n['’]t|not)\s+(?:\w+\s+){0,2}(?:think|believe|say|sure|certain|convinced|agree|true|follow))\b"
)
"""Words before it that make it none, or another one: "I doubt that the probability is one in four"."""


_IN_AN_ELEMENT = re.compile(
    r"(?i)(?:^|\n)\s*<(solution|output|response|reply|value)>\s*([^<>\n]{1,200}?)\s*</\1>\s*\.?\s*$"
)
"""A reply that ends with its answer in an element of another name."""
_BARE = re.compile(r"\$?[-−+]?\d[\d.,/]{0,30}\$?\.?")
"""A reply that is a number and nothing else."""


def read_math(output: str) -> str | None:
    """Return the final mathematical answer of a reply as it is written there; None when there is none to read."""
    found = [answer for text in texts_of(output) if (answer := _answer_of(text))]
    # "Answer: as boxed": what stands there may only point to what was thought before.
    return next((answer for answer in found if _NO_SIGN.search(answer)), found[0] if found else None)


def _answer_of(text: str) -> str | None:
    own, *whole = parts_of(text)
    found = _sure(own)
    if found is None and whole and _BARE.fullmatch(own.strip()):
        return own.strip()
    if found is None and whole:
        # Before the question there may be nothing but a greeting: the question is then the one that was asked.
        found = _sure(whole[0]) or _unsure(whole[0])
    return (found if found is not None or whole else _unsure(own)) or None


def label_of(gold: str) -> str:
    """Return the answer of a gold, which may come with its working: in a box, after ####, after "the answer is"."""
    inner = boxes(gold)
    if inner:
        return inner[-1]
    if "####" not in gold and "nswer" not in gold:
        return gold
    return _claimed(gold) or gold


def _sure(text: str) -> str | None:
    """Return the answer that is marked or claimed."""
    tagged = tagged_answer(text)
    if tagged is None and "</" in text and (whole := _IN_AN_ELEMENT.search(text[-_END_OF_TEXT:])) is not None:
        tagged = whole[2]
    if tagged is not None:
        if tagged.startswith("{") and (said := json_answer(tagged)) is not None:
            tagged = said
        inner = boxes(tagged)
        return (inner[-1] if inner else _in_words(tagged)) or None
    found = boxes(text)
    if len(found) > 1 and (offered := _EITHER_BOX.search(text[-_END_OF_TEXT:])) is not None:
        return f"{found[-2]} {offered[1]} {found[-1]}"
    if len(found) > 1 and _BOXES_IN_A_ROW.search(text[-_END_OF_TEXT:]) is not None:
        return f"{found[-2]}, {found[-1]}"
    if len(found) > 1 and len(cases := _BOXES_OF_CASES.findall(text[-_END_OF_TEXT:])) > 1:
        return ", ".join(found[-len(cases) :])
    if found:
        return _in_words(found[-1]) or None
    said = json_answer(text)
    if said is not None:
        said = _JSON_LIST.sub(lambda found: found[1].replace('"', ""), said) if said.startswith("[") else said
        inner = boxes(said)
        return (inner[-1] if inner else _in_words(said)) or None
    return handed_in(text) or _claimed(text)


def _unsure(text: str) -> str | None:
    r"""Return the answer of a last formula or line; of an output that was cut off in a box, none."""
    text = without_closing(text)
    line = before_a_break(last_line(text))
    if line is None:
        return None
    end = line[-_SHORT:]
    none = _NO_SOLUTION.search(end) if "no" in end or "No " in end or "n't" in end or "n’t" in end else None
    if none is not None and _SAID_BESIDE.search(_SENTENCE_APART.split(end[: none.start()])[-1]) is None:
        return none[1] or none[2]
    given_up = last_found(_GIVES_UP, line)
    if given_up is not None and _DIGIT.search(line) is not None:
        but = _ALL_THE_SAME.search(line, given_up.end())
        if but is None:
            return None
        line = line[but.end() :]
    instead = corrected(line)
    return _displayed(text) or _concluded(instead if instead is not None and _NO_SIGN.search(instead) else line)


def _in_words(marked: str) -> str:
    """Return the answer of a mark that holds a sentence: "There are 30 ways.", "The answer is 12"."""
    whole = _TEXT_ONLY.fullmatch(marked.strip())
    said = whole[1] if whole is not None else marked
    if len(said) > _SHORT * 4 or not _PROSE.search(re.sub(r"\\[A-Za-z]+", "", said)):
        return marked
    found = _claimed(said)
    if found is None and re.search(r"\d", said) and whole is not None:
        found = _concluded(said)
    return found or marked


def _claimed(text: str) -> str | None:
    """Return what follows the last "the answer is" that is not denied, or what is said in its place."""
    # Claims stand at the end, and a search through all of a long text is slow.
    end = text[-_END_OF_TEXT:]
    return _last_claim(end) or (_last_claim(text) if len(end) < len(text) else None)


def _last_claim(text: str) -> str | None:
    for claim in reversed(_claims(text)):
        rest = text[claim.end() : claim.end() + 2 * LONGEST_BOX]
        if claim[0].rstrip(" *").endswith("|"):
            return rest.partition("|")[0].strip(" *") or None
        items = _ITEMS.match(rest)
        if items is not None and (found := _listed(items[0])) is not None:
            return found
        between = _ASIDE.match(rest) or _BULLET.match(rest)
        rest = (rest[between.end() :] if between is not None else rest).lstrip()
        near = max(0, claim.start() - _BEFORE_A_CLAIM)
        # Nothing before the claim's own clause makes it another's.
        clause = max(near, 1 + max(text.rfind(sign, near, claim.start()) for sign in ".!?\n;,"))
        if _NOT_SAID.search(text, clause, claim.start()) or _CALLED_SO.search(text, clause, claim.start()):
            continue
        if _SUPPOSED_BEHIND.match(rest) and "would" in claim[0]:
            continue
        if _CALLED_WRONG.match(rest) or (
            "would" in claim[0]
            and _SUPPOSED.search(text, max(0, claim.start() - _BEFORE_A_CLAIM), claim.start()) is not None
        ):
            continue
        denied = _DENIAL.match(rest) or claim[0].rstrip().lower().endswith(("n't", "n’t"))
        if claim.re is _CLAIM_ABROAD and _WRONG_ANSWER.search(_CLAUSE.split(text[near : claim.start()])[-1] + claim[0]):
            continue
        if _NO.search(claim[0]) or _DENIED_ABROAD.search(claim[0]):
            instead = _INSTEAD_ABROAD.search(rest, 0, 2 * _SHORT)
            if instead is None:
                continue
            rest = rest[instead.end() :]
            denied = False
        elif not rest.isascii() and _DENIED_BEHIND.match(rest):
            continue
        if denied:
            instead = _INSTEAD.search(rest, 0, 2 * _SHORT)
            if instead is None:
                continue
            rest = rest[instead.end() :]
        elif _taken_back(text, claim, rest):
            line = last_line(without_closing(text))
            instead = last_found(_IN_ITS_PLACE, line)
            return _concluded(line[instead.end() :] if instead is not None else line)
        value = corrected(rest.partition("\n")[0]) if ", " in rest or "; " in rest else None
        if value is not None and _VALUE_ALONE.fullmatch(value):
            return _trimmed(value)
        found = _begun(rest)
        if found is not None:
            return _with_decimal_point(found) if _LETTERS_OF_EUROPE.match(claim[0]) else found
    return None


def _with_decimal_point(found: str) -> str:
    """Return an answer in a language that writes decimals with a comma with a point, and its "and" as a comma."""
    found = _AND_ABROAD.sub(", ", found, count=1)
    parted = _PARTED_ABROAD.search(found)
    if parted is not None:
        return found.replace(parted[0], parted[1].replace(".", "").replace(" ", "") + "." + parted[2])
    if "." in found:
        return _THOUSANDS_POINT.sub(r"\1\2", found, count=1)
    amount = _AMOUNT_OF_WORDS.fullmatch(found)
    return _DECIMAL_COMMA.sub(r"\1.\2", found if amount is None else amount[1], count=1)


def _claims(text: str) -> list[re.Match[str]]:
    """Return where a text says that the answer follows, in order; cheap looks spare most texts most patterns."""
    found = list(_CLAIM.finditer(text)) if "nswer" in text or "NSWER" in text or "####" in text else []
    if "\n" in text:
        found += _HEADING.finditer(text)
    if may_be_abroad(text):
        found += _CLAIM_ABROAD.finditer(text)
    return sorted(found, key=lambda claim: claim.end())


def _listed(text: str) -> str | None:
    """Return the items of a list as one answer; None when they are sentences."""
    items = [item.strip().rstrip(".;,") for item in _ITEM.findall(text)]
    values = [(_INLINE.fullmatch(item) and item.strip("$")) or item for item in items]
    short = all(
        len(_WORD.findall(re.sub(r"\\[A-Za-z]+", "", value))) <= 1 and re.search(r"[\d\\]|^\w$", value)
        for value in values
    )
    return ", ".join(values) if short else None


def listed_at_the_end(text: str) -> str | None:
    """Return the items of the list that a reply ends with as one answer; None where it ends in none."""
    lines = f"\n{without_closing(text)}"
    items = last_found(_ITEMS, lines) if lines.count("\n") > 1 else None
    return _listed(items[0]) if items is not None and items.end() == len(lines) else None


def _taken_back(text: str, claim: re.Match[str], rest: str) -> bool:
    """Whether what follows a claim says that it was wrong, or that it was a first guess."""
    end = _OVER.search(rest)
    if end is not None and _RETRACTED.search(rest, end.start()) is not None:
        return True
    before = text[max(0, claim.start() - _BEFORE_A_CLAIM) : claim.end()]
    is_first = _TENTATIVE.search(before) is not None or _AT_FIRST.match(rest) is not None
    return is_first and _TURN.search(rest) is not None


def _begun(rest: str) -> str | None:
    """Return the answer that a text begins with, up to the end of its sentence."""
    formula = _INLINE.match(rest)
    if formula is not None and not _MULTI.match(rest, formula.end()):
        return _inside(formula)
    rest = _ASIDE_AFTER.sub("", _without_calculation(rest.partition("\n")[0]))
    sentence = _SENTENCE_END.search(rest)
    claim = rest[: sentence.start()] if sentence else rest
    remark = _REMARK_ON_AMOUNT.search(rest) if ", " in claim else None
    if remark is not None and _DIGIT.search(rest, 0, remark.start()) is not None:
        claim = claim[: remark.start()]
    claim = _IN_TOTAL.sub("", _told_apart(claim))
    if _WORDS_BEFORE_A_NUMBER.match(claim.lstrip("*")) and not _MULTI.match(claim):
        return _concluded(claim) or _trimmed(claim)
    return _trimmed(claim)


def _without_calculation(sentence: str) -> str:
    """Return a sentence without the calculation behind its amount, where it comes to that: "12 times (3 + 4)" stays."""
    found = _CALCULATED.search(sentence) if sentence[-1:] == ")" or sentence[-2:] == ")." else None
    if found is None:
        return sentence
    steps = re.sub(r"[a-z]", "", found[3].partition("=")[0]).translate(_SIGNS_OF_STEPS)
    try:
        values = [formula(text) for text in (found[1].replace(",", ""), steps)]
    except TooLarge:
        return sentence
    amount, made = (value and value.rational for value in values)
    return sentence[: found.end(2)] if amount is not None and amount == made else sentence


def _without_aside(sentence: str) -> str:
    """Return a sentence without the remark behind its answer; what holds its only value is no remark."""
    said = _ASIDE_AFTER.sub("", _without_calculation(sentence))
    return said if len(said) == len(sentence) or _NO_SIGN.search(said) or not _NO_SIGN.search(sentence) else sentence


def _told_apart(text: str) -> str:
    """Return a text without what its answer is told apart from: "14, not 7"."""
    if "not " not in text and " of " not in text and "than " not in text and "to " not in text:
        return text
    found = _TOLD_APART.search(text)
    return text[: found.start()] if found is not None and _NO_SIGN.search(text, 0, found.start()) else text


def _displayed(text: str) -> str | None:
    """Return the last row of the displayed formula that a text ends with."""
    text = text[-_LONGEST_ROW:]
    end = _DISPLAY_END.search(text)
    if end is None or r"\boxed" in text:
        return None
    rows = _ROW_BEGINS.split(text[: end.start()])
    values = [row.replace("&", "").strip(" ,") for row in rows if row and row.strip()]
    if (
        len(values) > 1
        and all(map(_OF_ONE_LETTER.fullmatch, values))
        and len({row[0] for row in values}) == len(values)
    ):
        return ", ".join(values)
    return _trimmed(rows[-1].replace("&", " " if "\\begin" not in text else "&"))


def _concluded(line: str) -> str | None:
    """Return the answer of a last line: the line itself when it is no sentence, what its last sentence states else."""
    if r"\boxed" in line or len(line) > LONGEST_BOX:
        # A box that never closes: the output was cut off.
        return None
    bold = _BOLD.findall(line) if "**" in line else []
    line = re.sub(r"^(?:#+|[-*>•])\s+", "", line).replace("**", "" if line.count("**") % 2 == 0 else "**").strip()
    sentences = [part for part in _SENTENCE.split(line) if part.strip()]
    while len(sentences) > 1 and _CHECK.match(sentences[-1]):
        sentences.pop()
    sentence = _OPENER.sub("", sentences[-1] if line else "").strip()
    if (
        sentence.endswith("?")
        or _DENIED_ABROAD.search(sentence)
        or _CANNOT_BE.search(sentence)
        or _NOT_KNOWN.search(sentence)
        or _WOULD_BE.match(sentence)
        or _NAMED_WRONG.match(sentence)
        or _VALUE_DENIED.search(sentence)
        or _DENIED_WITHIN.search(sentence)
    ):
        return None
    before = _REMARK.split(sentence)[0]
    if _DOES_NOT_DO.search(before) is not None:
        return None
    sentence = before if re.search(r"[\d$\\]", before) else sentence
    sentence = _without_aside(sentence)
    sentence = _told_apart(_NOT_BUT.sub("is ", sentence) if "but" in sentence else sentence)
    called = _CALLED_RIGHT.search(sentence) if sentence[-1:] in "rntsr.!" else None
    if called is not None and (found := _of_plain(sentence[: called.start()])) is not None:
        return found
    sentence = _ASIDE_WITHIN.sub("", sentence) if ") " in sentence else sentence
    if len(bold) == 1 and bold[0] in sentence and len(sentence) > len(bold[0]) + _LEAST_AROUND:
        sentence = _TRAILING.sub("", sentence)
        begin = sentence.rfind(bold[0])
        if begin >= 0 and not _DENIED_JUST_BEFORE.search(sentence, 0, begin) and "=" not in sentence[:begin]:
            return _trimmed(bold[0])
    every = _ALL_THAT.search(sentence) if "ll " in sentence or "ny " in sentence or "very " in sentence else None
    if every is not None:
        return every[1]
    compared = _COMPARED.search(sentence.rstrip("."))
    if compared is not None:
        return f"{compared[1].strip('$')} {compared[2]}"
    if len(sentence) <= _SHORT and sentence[:1].isalpha() and number_in_words(sentence.rstrip(".")) is not None:
        return sentence.rstrip(".")
    chance = _CHANCE.search(sentence)
    if chance is not None:
        return chance[1]
    in_words = _FRACTION_WORDS.search(sentence)
    if in_words is not None:
        return in_words[1]
    likely = (
        _CHANCE_IN_WORDS.search(sentence) if " in " in sentence or " of " in sentence or "-in-" in sentence else None
    )
    if likely is not None and number_in_words(likely[1]) is not None:
        before = sentence[: likely.start(1)]
        return None if _NO_CHANCE.search(before) or _NOT_SAID.search(before) else likely[1]
    if "past " in sentence or "quarter to " in sentence:
        said = _CLOCK_IN_WORDS.search(sentence)
        if said is not None:
            return said[0]
    if _NO_SIGN.search(sentence) is None and (counted := _counted(sentence)) is not None:
        return counted
    dates = _DATE.findall(sentence)
    if len(dates) == 1:
        return str(dates[0])
    clocks = _CLOCK.findall(sentence)
    if len(clocks) == 1:
        return str(clocks[0])
    amounts = _AMOUNTS.search(sentence)
    if amounts is not None:
        return amounts[0]
    rewritten = last_found(_REWRITTEN, sentence) if "to " in sentence or "as " in sentence else None
    stated = last_found(_STATED, sentence)
    if rewritten is not None and (stated is None or stated.start() < rewritten.start()):
        return _begun(sentence[rewritten.end() :])
    if stated is not None:
        found = _stated(sentence[stated.end() :])
        return _with_decimal_point(found) if found is not None and stated["abroad"] else found
    where = _WHERE.search(sentence) if sentence.endswith((")", "]", "}", "⟩", ">", ".")) else None
    if where is not None:
        return where[1] if _DOUBTED.search(sentence) is None else None
    formulas = list(_INLINE.finditer(sentence))
    if formulas:
        return _joined(sentence, formulas)
    return _of_plain(sentence)


def _counted(sentence: str) -> str | None:
    """Return the number that a sentence without digits says in words: its only one, or the only one that counts."""
    clock = _CLOCK_IN_WORDS.search(sentence)
    if clock is not None:
        return clock[0]
    said = [
        run
        for run in runs_of_words(sentence)
        if not _COUNTS_NOTHING.search(sentence, max(0, run.start() - _BEFORE_A_NUMBER), run.start())
    ]
    if len(said) > 1:
        said = [run for run in said if _COUNTS.search(sentence, max(0, run.start() - _BEFORE_A_NUMBER), run.start())]
    return said[0][0] if len(said) == 1 and said[0][0].lower() != "one" else None


def _joined(sentence: str, formulas: list[re.Match[str]]) -> str | None:
    """Return the last formula of a sentence; all of them when "or" and "and" are all that stands between."""
    last = formulas[-1]
    for one in reversed(formulas[:-1]):
        between = sentence[one.end() : last.start()]
        if not re.fullmatch(r"\s*(?:,?\s*(?:or|and)|,)\s*", between):
            break
        last = one
    if last is not formulas[-1]:
        return sentence[last.start() : formulas[-1].end()]
    return _inside(last) if _WORD.search(_INLINE.sub(" ", sentence)) else _trimmed(sentence)


def _of_plain(sentence: str) -> str | None:
    """Return the answer of a sentence without formulas: its name, all of it when it is short, its only number."""
    named = _LETTERS.search(sentence) or _WEEKDAY.search(sentence) or _NAMED.search(sentence.rstrip("."))
    if named is not None and not _THINGS_FIRST.match(sentence):
        return named[1]
    words = re.sub(r"\\[A-Za-z]+", "", sentence)
    if _SPEAKS.match(sentence):
        return None
    short = len(sentence) <= _SHORT and not _PROSE.search(words) and len(_WORD.findall(words)) <= _MOST_WORDS
    if short and not _WORDS_BEFORE_A_NUMBER.match(sentence):
        return _trimmed(sentence)
    if _OFFERED.search(sentence) is not None:
        return None
    said = list(_NUMBER.finditer(sentence.rpartition("=")[2]))
    # "an angle of 45 degrees", "it falls by 20 %": the only number is what the sentence is about.
    change = _CHANGE.search(sentence) if len(said) == 1 and said[0][1] else None
    numbers = [one[2] for one in said if not one[1] or (change is not None and _DOUBTED.search(sentence) is None)]
    if len(numbers) == 1:
        return numbers[0]
    commas = _DECIMAL_WITH_COMMA.findall(sentence) if not numbers and "," in sentence else []
    if len(commas) == 1:
        return _with_decimal_point(commas[0])
    return _trimmed(sentence) if short else None


def _stated(claim: str) -> str | None:
    """Return what a sentence states; of an amount of something, the amount."""
    formulas = list(_INLINE.finditer(claim))
    if formulas and formulas[0].start() == 0:
        if _OF_SOMETHING.match(claim, formulas[0].end()):
            return _inside(formulas[0])
        return _inside(formulas[-1]) if _WORD.search(_INLINE.sub(" ", claim)) else _begun(claim)
    return _begun(claim)


def _inside(found: re.Match[str]) -> str:
    return next(group for group in found.groups() if group is not None).strip()


def _trimmed(text: str) -> str | None:
    text = text.strip()
    if text.startswith("**") or text.endswith("**") or "**" not in text:
        text = text.strip("*")
    text = _EURO_COMMA.sub(r"\1\3.\2\4", text).strip() if "€" in text else text.strip()
    text = _TURKISH_ENDING.sub("", text) if text.endswith(("r", "r.")) else text
    text = (
        text if text.endswith("..") else text.removesuffix(".").removesuffix("。").strip()
    )  # digits that go on end in dots
    # What ends in a question mark is asked, not stated.
    return None if text.endswith(("?", "？")) else text or None
