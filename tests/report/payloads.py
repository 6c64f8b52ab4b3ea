"""Texts that try to act where they are shown: in a page, and on a terminal."""

from __future__ import annotations

from itertools import islice, product

_ACT = "document.documentElement.setAttribute('data-acted',{n});window.acted={n};document.title='acted';hit({n})"
"""What a payload does when it runs; ``hit`` is what the test's server counts."""
_CODE = _ACT.replace("hit({n})", "new Image().src='/hit/{n}'")
_HTML = (
    "<script>{code}</script>",
    "<ScRiPt >{code}</sCrIpT >",
    "<script src=/hit/{n}></script>",
    "<script type=module>{code}</script>",
    "<img src=x onerror={code}>",
    '<img src=/hit/{n} onload="{code}">',
    "<svg onload={code}>",
    "<svg/onload={code}//",
    "<svg><script>{code}</script></svg>",
    '<svg><a xlink:href="javascript:{code}"><text x=20 y=20>x</text></a></svg>',
    "<svg><animate onbegin={code} attributeName=x dur=1s></svg>",
    '<svg><use href="/hit/{n}#x"></use></svg>',
    '<math><mtext><img src=x onerror="{code}"></mtext></math>',
    "<body onload={code}>",
    "<iframe src=/hit/{n}></iframe>",
    '<iframe srcdoc="<script>parent.{code}</script>"></iframe>',
    "<object data=/hit/{n}></object>",
    "<embed src=/hit/{n}>",
    "<link rel=stylesheet href=/hit/{n}>",
    "<link rel=prefetch href=/hit/{n}>",
    "<style>@import '/hit/{n}';</style>",
    "<style>body{{background:url(/hit/{n})}}</style>",
    "<style>*{{display:none}}</style><p data-acted={n}>",
    '<div style="background:url(/hit/{n})">x</div>',
    '<div onmouseover="{code}" onclick="{code}">hover</div>',
    '<a href="javascript:{code}">click</a>',
    '<a href="/hit/{n}">click</a>',
    '<a href="data:text/html,<script>{code}</script>">click</a>',
    "<details open ontoggle={code}><summary>x</summary></details>",
    "<input autofocus onfocus={code}>",
    "<button onclick={code}>press</button>",
    '<form action=/hit/{n}><button id="press">press</button></form>',
    "<video><source onerror={code} src=/hit/{n}></video>",
    "<audio src=/hit/{n} onerror={code}>",
    "<meta http-equiv=refresh content='0;url=/hit/{n}'>",
    "<base href=/hit/{n}/>",
    "<template><script>{code}</script></template><script>{code}</script>",
    "<noscript><p title='</noscript><img src=x onerror={code}>'>",
    "<textarea></textarea><img src=x onerror={code}>",
    "<table background=/hit/{n}><tr><td background=/hit/{n}>x",
)
_BEFORE = (
    "",
    "\"'>",
    "</pre></details></section>",
    "</style></title></script></textarea>-->",
    "]]>\x00&lt;",
)
HTML_PAYLOADS: tuple[str, ...] = tuple(
    before + template.format(n=number, code=_CODE.format(n=number))
    for number, (before, template) in enumerate(islice(product(_BEFORE, _HTML), 200))
)

_ESC, _BEL, _ST, _CSI, _OSC, _DCS = "\x1b", "\x07", "\x1b\\", "\x9b", "\x9d", "\x90"
_TERMINAL = (
    *(f"{_ESC}[{code}" for code in ("2J", "H", "31m", "0;0H", "?1049h", "6n", "5i", "s", "u", "!p", "3J", "1A", "2K")),
    *(f"{_CSI}{code}" for code in ("2J", "31m", "6n", "1A", "?25l", "H")),
    *(f"{_ESC}]{code}{end}" for code in ("0;title", "2;title", "8;;https://x.test") for end in (_BEL, _ST)),
    *(f"{_ESC}]{code}{end}" for code in ("52;c;YWNlZA==", "7;file:///x", "1337;File=:AAAA") for end in (_BEL, _ST)),
    *(f"{_OSC}{code}\x9c" for code in ("0;title", "52;c;YWNlZA==", "8;;https://x.test")),
    *(f"{start}q1;1{end}" for start in (_DCS, f"{_ESC}P") for end in ("\x9c", _ST)),
    *(f"{_ESC}{one}" for one in "cDEHMNOVWXZ\\^_=>78n"),
    *(chr(code) for code in (*range(0x00, 0x09), 0x0B, 0x0C, 0x0D, *range(0x0E, 0x20), *range(0x7F, 0xA0))),
    *(chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)),
    *(chr(code) for code in (0x200B, 0x2060, 0x2061, 0xFEFF, 0x00AD, 0x180E, 0x2028, 0x2029, 0xFFF9, 0xE0041, 0xE000)),
    *("\b" * 20, "safe\roverwritten", "\x1b\x1b[31m", "a\x1b[0;31;5mb", "\ud800", "\udfff\ud800"),
    *("[bold]loud[/bold]", "[link=https://x.test]x[/link]", "[red]", "[/]", "[blink]x", "\\[bold]", "[@click=x]y[/]"),
    *(":warning: [conceal]x", "[on red]x", "{x}[bold", "[[bold]]", "[#ff0000]x", "[not bold]x[/not bold]"),
)
TERMINAL_PAYLOADS: tuple[str, ...] = tuple(islice((a + b for a, b in product(("", "x ", "\n"), _TERMINAL)), 300))
