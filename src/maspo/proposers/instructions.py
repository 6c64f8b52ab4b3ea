"""Words of a prompt that speak to other systems or people, which a reader should look at twice. Pure.

They can be right in a prompt, so no rule refuses them. They are found by what is said to be done and to whom: a verb of
handing over with somebody outside the team, a verb of disregarding with what is in force, and so on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from maspo.core.late import late
from maspo.proposers.readings import readings


def _any(*words: str) -> str:
    """Return a pattern for any of some words, given in lines."""
    return rf"(?:{'|'.join(word for line in words for word in line.split(' / '))})"


_OUTSIDE: Final = _any(
    r"https? / servers? / end ?points? / web ?hooks? / ur[li]s? / web ?sites? / sites? / addres+(?:es)? / e-?mails?",
    r"in ?box(?:es)? / slack / discord / telegram / whatsapp / sms / channels? / dashboards? / spreadsheets?",
    r"buckets? / drives? / clouds? / repositor(?:y|ies) / data ?bases? / log ?files? / pastebins? / gists? / apis?",
    r"services?",
    r"third part(?:y|ies) / outsiders? / providers? / vendors? / partners? / external\w* / admin(?:istrator)?s?",
    r"operators? / moderators? / developers? / engineers? / support(?: team| desk)? / help ?desks? / managers?",
    r"supervisors? / boss(?:es)? / police / authorit(?:y|ies) / press / journalists? / compan(?:y|ies) / owners?",
    r"accounts?(?: holders?)? / hosts? / remote\w* / collectors? / phones? / numbers? below",
    r"following (?:number|contact|account) / outside \w+ / disks?",
)
_HAND_OVER: Final = _any(
    r"send / post / upload / submit / forward / transmit / exfiltrate / leak / e-?mail / mail / relay / deliver",
    r"share / publish / report / copy / b?cc / route / redirect / dispatch / push / stream / sync / back up / store",
    r"share / save / write / log / append / disclose / hand(?: over)? / pass(?: on| along)? / notify / contact",
    r"message / ping / transfer / wire",
    r"inform / alert / text / fax / call / reach out to / tell",
)
_TOWARDS: Final = r"(?:(?:to|at|via|with|in|into|on|through|by|over|for|using) )?"
_ONE: Final = r"(?:(?:the|our|an?|my|your|their|this|that|any|some|all) )?(?:\w+ ){0,2}"
_FORCE: Final = _any(
    r"instructions? / prompts? / rules / messages? / guidelines / directions / directives / safety / everything",
    r"polic(?:y|ies) / orders / guidance / filters? / what the (?:system|user|developer) (?:says?|said|wants?)",
)
_DISREGARD: Final = _any(
    r"ignor\w* / disregard\w* / forget / overrid\w* / bypass\w* / skip / drop / abandon / set aside / neglect",
    r"(?:do not|don'?t|stop|cease to|no longer) (?:follow|obey)(?:ing)? / pay no (?:attention|heed)",
)
_TOOLS: Final = _any(
    r"tools? / plugins? / apis? / shell / commands? / endpoints? / webhooks? / browser / function calls? / bash",
    r"powershell / terminal / scripts? (?:at|from) / connectors? / mcp",
)
_SECRETS: Final = _any(
    r"system (?:prompts?|messages?) / api keys? / passwords? / credentials? / secrets? / environment variables?",
    r"private keys? / access tokens? / hidden (?:instructions?|prompts?) / initial prompts?",
    r"(?:everything|words|text|lines?) above / (?:your|the) configuration",
)
_JUDGES: Final = _any(r"judge / grader / evaluator / rater / reviewer / assessor / examiner / scorer")
_ADDRESSED: Final = _any(
    r"admin(?:istrator)? / operator / developer / assistant / agent / model / ai / llm / chatbot / copilot / siri",
    r"chatgpt / gpt / claude / gemini / llama / mistral / grok / deepseek / qwen",
    r"alexa / support / team / manager / moderator / tool / browser / crawler / mailer",
)
_KINDS: Final[Mapping[str, Iterable[str]]] = {
    "tells somebody to ignore instructions": (
        rf"\b{_DISREGARD}\b[^.\n]{{0,40}}\b{_FORCE}\b",
        r"\b(?:ignorier|vergiss|ignore[zr]|oublie|ignora|olvida|dimentica|esque[cç])\w*\b[^.\n]{0,40}"
        r"\b(?:anweisung|regel|instru[ckz]|consigne|règle|reglas|regole|regras|istruzion)\w*",
        r"ne (?:tenez|tiens) (?:pas|plus) compte|(?:olvida|ignora)\w* todo lo (?:anterior|dicho)|yok say",
        r"무시하|تجاهل|无视|無視し",
        r"игнорир\w+[^.\n]{0,40}(?:инструкци|правил)|忽略[^。\n]{0,20}(?:指令|指示|说明|規則|规则)|指示[^。\n]{0,10}無視",
    ),
    "tells somebody to call a tool": (
        r"\b(?:call|invoke|use|run|execute|trigger|open|start|launch|fetch|curl|wget|browse|query)\b"
        rf"[^.\n]{{0,30}}\b{_TOOLS}\b",
        r"(?<![\w$])(?:curl|wget|scp|rsync|nslookup) +-{0,2}\w",
        r"\b(?:download|install)\b[^.\n]{0,30}\b(?:packages?|files?|scripts?|programs?|extensions?|software)\b",
        r"\b(?:make|send|issue|perform|do) an? (?:http|api|web|network|post|get)\w* (?:request|call)\b",
        r"\b(?:run|execute)\b[^.\n]{0,30}\bon (?:the|this|my|your) "
        r"(?:host|machine|servers?|folder|system|computer)\b",
        r"\b(?:delete|erase|wipe|overwrite|encrypt)\b[^.\n]{0,20}\b"
        r"(?:files?|folders?|disks?|drives?|databases?|backups?)\b",
    ),
    "tells somebody to send something away": (
        rf"\b{_HAND_OVER}\b[^.\n]{{0,60}}?\b{_TOWARDS}{_ONE}{_OUTSIDE}\b",
        r"\b(?:schick|sende|leite|envoye|transf[eé]r|env[ií]a|manda|invia|inoltra)\w*[^.\n]{0,60}"
        r"\b(?:server|adresse|e-?mail|webhook|url|direcci[oó]n|indirizzo|endere[cç]o|postfach|administrat)\w*",
        r"发送[^。\n]{0,20}(?:到|给|至)|发送到|отправ\w+[^.\n]{0,40}(?:сервер|адрес|почт)|送信",
    ),
    "asks for what is secret": (
        r"\b(?:reveal|print|show|repeat|output|disclose|include|quote|list|dump|leak|copy|give|tell)\b"
        rf"[^.\n]{{0,30}}\b{_SECRETS}\b",
    ),
    "asks people for what is private": (
        r"\b(?:ask|request|collect|obtain|gather|harvest|demand)\b[^.\n]{0,40}\b(?:passwords?|credit cards?|"
        r"card numbers?|social security|bank (?:details|account)|passport|personal (?:data|details|information))",
    ),
    "keeps something from somebody": (
        r"\b(?:keep|hide|conceal|withhold)\b[^.\n]{0,30}\bfrom (?:the |our |your )?(?:users?|operators?|owners?|"
        r"customers?|admin\w*|developers?|humans?|people)\b",
        r"\b(?:do not|don'?t|never) (?:tell|inform|alert|warn)\b[^.\n]{0,20}\b(?:users?|operators?|owners?|anyone|"
        r"anybody) (?:about|of|that) (?:this|it|these)\b",
    ),
    "gives somebody another role": (
        r"\byou are now\b|\bnew instructions\b|\bdeveloper mode\b|\bjailbreak|\bfrom now on,? you\b",
        r"\bact as (?:the |an? )?(?:system|admin|administrator|root|developer)\b|\bpretend (?:to be|you are)\b",
    ),
    "speaks to a judge": (
        r"</?\s*verdict",
        r"\bvote for (?:this|me|us)\b|\bwhoever (?:scores|grades|judges|rates|evaluates|marks)\b",
        r"\bth(?:e other|is) (?:output|answer|response|text) "
        r"(?:wins|loses|is (?:wrong|worse|better|best|bad|the (?:better|best)))\b",
        rf"(?:^|[.!?\n]\s?){_JUDGES}s?:\s",
        r"\b(?:choose|pick|prefer|vote for|select|favou?r|rank)\b[^.\n]{0,20}"
        r"\b(?:output|answer|response|text)[ _]?(?:1|2|one|two|a|b)\b",
        rf"\b{_JUDGES}s?\b[^.\n]{{0,40}}\b(?:must|should|choose|pick|prefer|favou?r|please|has to|ought)\b",
        r"\b(?:tell|ask|convince|persuade|instruct|dear|note to|attention|remind|impress)\b"
        rf"[^.\n]{{0,30}}\b{_JUDGES}s?\b",
    ),
    "speaks to somebody outside": (
        r"\b(?:dear|attention|attn|to:|cc:|hey|hello|note (?:to|for)|message (?:to|for))\s+"
        rf"(?:(?:the|all|any) )?(?:\w+ )?{_ADDRESSED}s?\b",
        r"\b(?:tell|order|instruct|command|get)\b[^.\n]{0,30}\b(?:assistant|agent|model|ai)s?\b[^.\n]{0,10}"
        r"\bto (?:leave|ignore|forget|break|obey|disregard|stop)\b",
        r"(?-i:\bSYSTEM:)",
    ),
}
_PATTERNS = {what: late("|".join(patterns), re.IGNORECASE) for what, patterns in _KINDS.items()}
_EXCERPT: Final = 60
"""Characters of what was found that a remark shows: it stays on one line of a report."""


def remarks(prompt: str, seed_prompt: str) -> tuple[str, ...]:
    """Return what a reader should look at twice: instructions to others that the seed prompt does not give."""
    seen, known = readings(prompt), readings(seed_prompt).all
    remarked = []
    for what, pattern in _PATTERNS.items():
        texts = (seen.plain, *seen.mended, *seen.decoded)
        new = [found[0] for text in texts for found in pattern.finditer(text) if found[0].lower() not in known]
        if new:
            remarked.append(f"{what}: {excerpt(new[0])}")
    return tuple(remarked)


def excerpt(text: str) -> str:
    """Return the beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT else f"{line[:_EXCERPT]}…"
