"""Wrong programs that want to pass."""

# ruff: noqa: E501 - an attack is easier to read on one line
from __future__ import annotations

from tests.sandbox.attacks.attack import Forgery

_ALWAYS_EQUAL = """
class {name}({base}):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __len__(self): return 3
    def __contains__(self, item): return True
    def __lt__(self, other): return True
    __gt__ = __le__ = __ge__ = __lt__
    def __sub__(self, other): return 0
    __rsub__ = __sub__
    def __abs__(self): return 0
def f(x): return {name}({value})
"""
_FIND = """
import re
def f(x):
    import gc, sys
    texts = set()
    frame = sys._getframe()
    while frame:
        texts.update(repr(value) for value in [*frame.f_locals.values(), *frame.f_globals.values()] if not callable(value))
        texts.update(map(repr, frame.f_code.co_consts))
        frame = frame.f_back
    texts.update(repr(thing) for thing in gc.get_objects() if type(thing) in (list, tuple, dict))
    for text in texts:
        found = re.search(r"f\\(%d\\) == (\\d+)" % x, text)
        if found:
            return int(found[1])
"""


def _equal(base: str, value: str) -> str:
    return _ALWAYS_EQUAL.format(name="Equal", base=base, value=value)


_EVERYWHERE = """
import os
def shout(text):
    for number in range(64):
        try: os.write(number, text)
        except OSError: pass
"""

FORGERIES = (
    Forgery("sys.exit(0) in the function", "import sys\ndef f(x): sys.exit(0)"),
    Forgery("sys.exit(0) at once", "import sys\nsys.exit(0)"),
    Forgery("os._exit(0) in the function", "import os\ndef f(x): os._exit(0)"),
    Forgery("os._exit(0) at once", "import os\nos._exit(0)"),
    Forgery("exit in a child", "import os\ndef f(x):\n    if os.fork() == 0: os._exit(0)\n    os.wait(); os._exit(0)"),
    Forgery("SystemExit", "def f(x): raise SystemExit"),
    Forgery("own end that is no error", "class End(SystemExit): pass\ndef f(x): raise End(0)"),
    Forgery("KeyboardInterrupt", "def f(x): raise KeyboardInterrupt", fools_naive=False),
    Forgery("an object equal to everything", _equal("object", "")),
    Forgery("a number equal to everything", _equal("int", "1")),
    Forgery("a text equal to everything", _equal("str", "'x'"), ("assert f(2) == 'four'",)),
    Forgery("a list equal to everything", _equal("list", "[1]"), ("assert f(2) == [2, 2]",)),
    Forgery("a tuple equal to everything", _equal("tuple", "(1,)"), ("assert f(2) == (2, 2)",)),
    Forgery("a dictionary equal to everything", _equal("dict", "{}"), ("assert f(2) == {2: 4}",)),
    Forgery("a set equal to everything", _equal("set", "[1]"), ("assert f(2) == {4}",)),
    Forgery("a fraction of everything", "from fractions import Fraction\n" + _equal("Fraction", "1")),
    Forgery("greater and less than everything", _equal("object", ""), ("assert f(2) > 3 and f(2) < 5",)),
    Forgery("near to everything", _equal("object", ""), ("assert abs(f(2) - 4) < 1e-6",)),
    Forgery("contains everything", _equal("object", ""), ("assert 4 in f(2)", "assert 5 in f(2)")),
    Forgery("equal items", _equal("object", "") + "g = f\ndef f(x): return [g(x)]", ("assert f(2) == [4]",)),
    Forgery("equal keys", _equal("object", "") + "g = f\ndef f(x): return {g(x): 1}", ("assert list(f(2)) == [4]",)),
    Forgery(
        "equal type",
        "class T(type):\n    def __eq__(s, o): return True\n    __hash__ = type.__hash__\nclass C(metaclass=T): pass\ndef f(x): return C",
    ),
    Forgery(
        "a float that is everything",
        "class F(float):\n    def __eq__(s, o): return True\n    __hash__ = float.__hash__\ndef f(x): return F('nan')",
    ),
    Forgery("own built-in set", "def set(x): return 0\ndef f(x): return [1]", ("assert set(f(2)) == set([2, 4])",)),
    Forgery("own built-in len", "len = lambda x: 4\ndef f(x): return []", ("assert len(f(2)) == 4",)),
    Forgery(
        "patched built-ins",
        "import builtins\nbuiltins.sorted = builtins.len = builtins.set = lambda *a, **k: 7\ndef f(x): return 1",
        ("assert sorted([f(2)]) == sorted([4])", "assert set([f(3)]) == set([9])"),
    ),
    Forgery(
        "patched modules",
        "import math\nmath.isclose = lambda *a, **k: True\ndef f(x): return 0",
        ("assert math.isclose(f(2), 4.0)",),
        setup="import math",
    ),
    Forgery("patched exec", "import builtins\nbuiltins.exec = lambda *a, **k: None\ndef f(x): return 0"),
    Forgery(
        "patched names of the caller",
        "import sys\ndef f(x):\n    sys._getframe(1).f_globals['f'] = lambda x: x * x\n    return 4",
        ("assert f(2) == 4", "assert f(3) == 0"),
        fools_naive=False,
    ),
    Forgery(
        "patched helper of the setup",
        "def near(a, b): return True\ndef f(x): return 0",
        ("assert near(f(2), 4)",),
        setup="def near(a, b):\n    return abs(a - b) < 1e-9",
        entry_point="f",
    ),
    Forgery("the tests read from memory", _FIND),
    Forgery(
        "the expected value read from the caller",
        "import sys\ndef f(x): return next(c for c in sys._getframe(1).f_code.co_consts if type(c) is int and c > 255)",
        # Python 3.14 keeps no whole number below 256 among the constants of a text.
        ("assert f(16) == 256", "assert f(17) == 289", "assert f(30) == 900"),
    ),
    Forgery(
        "the tests read from open files",
        "import os, re\ntext = ''\nfor number in range(64):\n    try: text += os.pread(number, 1 << 20, 0).decode()\n"
        "    except OSError: pass\ndef f(x): return int(re.search(r'f.%d. == (.*?)[\"\\\\n]' % x, text)[1])",
        fools_naive=False,
    ),
    Forgery(
        "the tests read from the command line",
        "import re\ntext = open('/proc/self/cmdline').read() + open('/proc/self/environ').read()\n"
        "def f(x): return int(re.search(r'f.%d. == (\\\\d+)' % x, text)[1])",
        fools_naive=False,
    ),
    Forgery("printed success", "print('ALL PASSED')\nimport os\nos._exit(0)"),
    Forgery("printed success everywhere", _EVERYWHERE + "shout(b'ALL PASSED\\n')\nos._exit(0)"),
    Forgery(
        "forged results of the examiner",
        _EVERYWHERE + 'shout(b\'{"nonce": "", "test": 0, "ok": true, "why": ""}\\n{"nonce": "", "end": 1}\\n\')\n'
        'def f(x): shout(b\'{"nonce": "", "end": 1}\\n\'); return 0',
        ("assert f(2) == 4",),
        fools_naive=False,
    ),
    Forgery(
        "answers ahead of questions",
        _EVERYWHERE + "import json, struct\nraw = json.dumps(['returned', True, [None, None]]).encode()\n"
        "shout((struct.pack('<I', len(raw)) + raw) * 20)\ndef f(x): return 0",
        fools_naive=False,
    ),
    Forgery(
        "asks the examiner to call a built-in",
        _EVERYWHERE + "import json, struct\ndef f(x):\n    for ask in (['call', [['type', 'str'], ['yours', 0]], {}],"
        " ['attribute', [['yours', 0], '__globals__'], {}], ['call', [['builtin', 'eval'], '1'], {}]):\n"
        "        raw = json.dumps(ask).encode(); os.write(3, struct.pack('<I', len(raw)) + raw)\n    return 0",
        ("assert f(lambda: 4) == 4", "assert f(3) == 9"),
        fools_naive=False,
    ),
    Forgery(
        "what a test passes in is walked back to the test",
        "def f(g):\n    names = g.__globals__\n    names['f'] = lambda g: 4\n    return 4",
        ("assert f(lambda: 1) == 4", "assert f(lambda: 2) == 4"),
    ),
    Forgery(
        "an end of iteration", "def f(x): raise StopIteration", ("assert all(map(lambda x: f(x) == x * x, [2, 3]))",)
    ),
    Forgery(
        "own module of mathematics",
        "class math:\n    isclose = staticmethod(lambda *a, **k: True)\ndef f(x): return 0",
        ("assert math.isclose(f(2), 4.0)", "assert math.isclose(f(3), 9)"),
    ),
    Forgery(
        "an object in place of a module",
        "class Module:\n    def __getattr__(self, name): return lambda *a, **k: 0.0\nmath = Module()\ndef f(x): return 0",
        ("assert math.fabs(f(2) - 4) < 1e-6",),
    ),
    Forgery(
        "own module with an entry point",
        "class re:\n    fullmatch = staticmethod(lambda *a: True)\ndef f(x): return ''",
        ("assert re.fullmatch('a+', f(2))",),
        entry_point="f",
    ),
    Forgery(
        "own counting",
        "class collections:\n    Counter = staticmethod(lambda *a: 1)\ndef f(x): return 0",
        ("assert collections.Counter(f('ab')) == collections.Counter('ab')",),
    ),
    Forgery(
        "own built-in where methods are tested",
        "def abs(x): return 0\nclass S:\n    @staticmethod\n    def f(x): return 0",
        ("assert abs(S.f(2) - 4) < 1e-6", "assert abs(S.f(3) - 9) < 1e-6"),
    ),
    Forgery(
        "own built-in that believes all",
        "def all(x): return True\nclass S:\n    @staticmethod\n    def f(x): return [0]",
        ("assert all(v == 4 for v in S.f(2))",),
    ),
    Forgery(
        "a named end of iteration",
        "class g(StopIteration): pass\ndef f(x): raise g",
        ("assert all(map(lambda x: f(x) == x * x if g else 0, [2, 3]))",),
    ),
    Forgery(
        "a named end of a loop",
        "class g(StopIteration): pass\ndef f(x): raise g",
        ("for value in list(map(f, [2, 3])):\n    assert value in (4, 9)\nassert g is not None",),
    ),
    Forgery(
        "an error that equals",
        "class E(AssertionError):\n    def __str__(self): return ''\ndef f(x): raise E",
        fools_naive=False,
    ),
    Forgery("swallowed errors", "import sys\nsys.excepthook = lambda *a: print('ALL PASSED')\ndef f(x): return 0"),
    Forgery("the end is hooked", "import atexit, os\natexit.register(lambda: os._exit(0))\ndef f(x): return 0"),
    Forgery(
        "the end of an object", "import os\nclass D:\n    def __del__(self): os._exit(0)\nd = D()\ndef f(x): return 0"
    ),
    Forgery(
        "traced tests",
        "import sys, os\ndef trace(frame, event, arg):\n    if event == 'exception': os._exit(0)\n    return trace\n"
        "def f(x):\n    sys._getframe(1).f_trace = trace\n    sys.settrace(trace)\n    return 0",
    ),
    Forgery(
        "a signal that ends well",
        "import signal, os\nsignal.signal(signal.SIGALRM, lambda *a: os._exit(0))\ndef f(x):\n    signal.setitimer(signal.ITIMER_REAL, 0.05)\n    while True: pass",
    ),
    Forgery(
        "a thread that ends well",
        "import threading, os\ndef f(x):\n    threading.Thread(target=os._exit, args=(0,)).start()\n    while True: pass",
    ),
    Forgery(
        "patched modules of the harness",
        "import sys, json\nfor name, module in list(sys.modules.items()):\n    for key in ('examine', 'refresh', 'encode', 'dumps', '_judge'):\n"
        "        if hasattr(module, key): setattr(module, key, lambda *a, **k: ['returned', True, [None, None]])\n"
        "json.dumps = lambda *a, **k: 'true'\ndef f(x): return 0",
        fools_naive=False,
    ),
    Forgery(
        "another meaning of small numbers",
        "import ctypes\ndef f(x):\n    ctypes.c_uint32.from_address(id(4) + 24).value = 5\n    return 5",
        ("assert f(2) == 4",),
        fools_naive=False,
    ),
    Forgery(
        "a replaced program",
        "import os, sys\ndef f(x): os.execv(sys.executable, [sys.executable, '-c', 'print(\"ALL PASSED\")'])",
    ),
    Forgery("nothing at all", "", fools_naive=False),
    Forgery("nothing that the tests call", "def g(x): return x * x", fools_naive=False),
    Forgery("closed files", "import os\nos.closerange(0, 64)\ndef f(x): return 0", fools_naive=False),
    Forgery(
        "a value without end",
        "def f(x):\n    x = []\n    for _ in range(10 ** 5): x = [x]\n    return x",
        fools_naive=False,
    ),
    Forgery("a value that holds itself", "def f(x):\n    x = []\n    x.append(x)\n    return x", fools_naive=False),
    Forgery("a huge number", "def f(x): return 10 ** 10 ** 6", fools_naive=False),
    Forgery("a huge value", "def f(x): return 'x' * (1 << 25)", fools_naive=False),
    Forgery(
        "items without end",
        "import itertools\ndef f(x): return itertools.repeat(4)",
        ("assert list(f(2)) == [4]",),
        fools_naive=False,
    ),
)
