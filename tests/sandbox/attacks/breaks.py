"""Programs that want to reach the machine, or to use it up."""

# ruff: noqa: E501 - an attack is easier to read on one line
from __future__ import annotations

from tests.sandbox.attacks.attack import Break

_IMPORTS = "import ctypes, os, signal, socket, struct, subprocess, sys, threading, time\n"
_CALL = """
libc = ctypes.CDLL(None, use_errno=True)
def call(*values):
    if libc.syscall(*values) < 0: raise OSError(ctypes.get_errno(), 'refused')
    return True
"""


def _body(lines: str) -> str:
    """Return a program whose ``attack`` has these lines; it returns True when none of them raises."""
    body = "".join(f"    {line}\n" for line in lines.strip().splitlines())
    return f"{_IMPORTS}{_CALL}\ndef attack(place):\n{body}    return True\n"


def _line(name: str, lines: str, harmless: bool = True) -> Break:
    return Break(name, _body(lines), harmless)


def _hangs(name: str, lines: str, harmless: bool = False) -> Break:
    return Break(name, _body(lines), harmless=harmless, hangs=True)


_FILES = (
    _line("read a file", "return open(place['canary']).read()"),
    _line("read the users", "return 'root:' in open('/etc/passwd').read()"),
    _line("read the source", "return len(open(place['source']).read()) > 0"),
    _line("read by a system call", "fd = libc.open(place['canary'].encode(), 0)\nreturn os.read(fd, 99).decode()"),
    _line("list a folder", "os.listdir(place['folder'])"),
    _line("list the root", "return 'etc' in os.listdir('/')"),
    _line("write a file", "open(place['folder'] + '/new', 'w').write('x')"),
    _line("write over a file", "open(place['canary'], 'r+').write('secret')"),
    _line("append to a file", "open(place['canary'], 'a')"),
    _line("cut a file", "os.truncate(place['canary'], 6)"),
    _line("remove a file", "os.unlink(place['canary'])", harmless=False),
    _line("rename a file", "os.rename(place['canary'], place['folder'] + '/x')", harmless=False),
    _line("make a folder", "os.mkdir(place['folder'] + '/d')"),
    _line("make a symbolic link", "os.symlink(place['canary'], place['folder'] + '/s')"),
    _line("make a hard link", "os.link(place['canary'], place['folder'] + '/h')"),
    _line("change permissions", "os.chmod(place['canary'], 0o644)"),
    _line("change times", "os.utime(place['canary'])"),
    _line(
        "write to a shared folder", "open(place['folder'] + '.new', 'w').close()\nos.unlink(place['folder'] + '.new')"
    ),
    _line("a file without a name", "os.open('/tmp', os.O_TMPFILE | os.O_RDWR)"),
    _line(
        "fill the disk",
        "f = open(place['folder'] + '/big', 'wb')\nfor _ in range(64): f.write(bytes(1 << 20))",
        harmless=False,
    ),
    _line(
        "shared memory by name",
        "os.open('/dev/shm/' + os.path.basename(place['folder']), os.O_CREAT | os.O_RDWR)\nos.unlink('/dev/shm/' + os.path.basename(place['folder']))",
    ),
    _line("leave the root", "os.chroot('.')", harmless=False),
    _line("change folder", "os.chdir(place['folder'])"),
)
_SECRETS = (
    _line("keys in the environment", "return any(place['variable'] in key for key in os.environ)", harmless=False),
    _line(
        "keys in the parent's environment",
        "return place['variable'] in open('/proc/%d/environ' % place['victim']).read()",
    ),
    _line(
        "keys in its own first environment",
        "return place['variable'] in open('/proc/self/environ').read()",
        harmless=False,
    ),
    _line("the list of processes", "return any(name.isdigit() for name in os.listdir('/proc'))"),
    _line("memory of another process", "return len(open('/proc/%d/mem' % place['victim'], 'rb', 0).name) > 0"),
    _line("trace another process", "call(101, 16, place['victim'], 0, 0)", harmless=False),
    _line(
        "read another process",
        "b = ctypes.create_string_buffer(8)\nv = (ctypes.c_size_t * 2)(ctypes.addressof(b), 8)\ncall(310, place['victim'], v, 1, v, 1, 0)",
        harmless=False,
    ),
    _line("files of another process", "fd = os.pidfd_open(place['victim'])\ncall(438, fd, 0, 0)", harmless=False),
)
_NETWORK = (
    _line("connect", "socket.create_connection(('127.0.0.1', place['port']), 1)"),
    _line(
        "send a datagram",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', place['datagrams']))",
    ),
    _line("listen", "socket.create_server(('127.0.0.1', 0))"),
    _line("a local socket", "socket.socket(socket.AF_UNIX).connect(place['local'])"),
    _line("an abstract socket", "socket.socket(socket.AF_UNIX).connect(chr(0) + place['abstract'])"),
    _line("a datagram from a pair", "a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)"),
    _line("a raw socket", "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)", harmless=False),
    _line("a netlink socket", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)"),
    _line("a packet socket", "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", harmless=False),
    _line("look up a name", "socket.getaddrinfo('localhost', 80)\nsocket.socket()"),
    _line("connect by a system call", "call(41, 2, 1, 0)"),
)
_PROCESSES = (
    _line("fork", "if os.fork() == 0: os._exit(0)"),
    _line("fork by a system call", "if libc.syscall(57) == 0: os._exit(0)\nreturn ctypes.get_errno() == 0"),
    _line("vfork and exec", "os.posix_spawn('/bin/true', ['true'], {})"),
    _line("a command", "subprocess.run(['/bin/true'], check=True)"),
    _line("a shell", "return os.system('true') == 0"),
    _line("exec", "os.execv('/bin/sh', ['sh', '-c', 'touch ' + place['folder'] + '/executed'])", harmless=False),
    _line(
        "a daemon",
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(0.2)\n        open(place['folder'] + '/daemon', 'w')\n    os._exit(0)",
    ),
    _line("a session of its own", "os.setsid()", harmless=False),
    _line("a thread", "threading.Thread(target=int).start()"),
    _line("a thread by a system call", "call(56, 0x50f00, 0, 0, 0, 0)", harmless=False),
    _line("a signal to a process", "os.kill(place['victim'], signal.SIGUSR1)", harmless=False),
    _line("a signal to the parent", "os.kill(os.getppid(), signal.SIGUSR1)", harmless=False),
    _line("a signal to the group", "os.kill(0, signal.SIGUSR1)", harmless=False),
    _line("a signal to everybody", "os.kill(-1, signal.SIGKILL)", harmless=False),
    _line("a signal by a queue", "call(129, place['victim'], 10, ctypes.create_string_buffer(128))", harmless=False),
    _line("a signal by a file", "import fcntl\nr, w = os.pipe()\nfcntl.fcntl(r, 8, place['victim'])", harmless=False),
    _line("a file in memory", "os.memfd_create('x')"),
    _line(
        "a file in memory that is run",
        "fd = os.memfd_create('x')\nos.write(fd, b'#!/bin/true')\nif os.fork() == 0: os.execv('/proc/self/fd/%d' % fd, ['x'])",
        harmless=False,
    ),
    _line("another priority", "os.nice(1)"),
    _line("other cores", "os.sched_setaffinity(0, os.sched_getaffinity(0))"),
)
_KERNEL = (
    _line("mount", "call(165, b'none', place['folder'].encode(), b'tmpfs', 0, 0)", harmless=False),
    _line("a new namespace", "call(272, 0x10000000)", harmless=False),
    _line("another user", "os.setuid(65534)", harmless=False),
    _line("io_uring", "call(425, 1, ctypes.create_string_buffer(120))", harmless=False),
    _line("keys of the kernel", "call(250, 0, -3, 1)", harmless=False),
    _line("a key of its own", "call(248, b'user', b'x', b'y', 1, -3)", harmless=False),
    _line("bpf", "call(321, 0, ctypes.create_string_buffer(128), 128)", harmless=False),
    _line("perf events", "call(298, ctypes.create_string_buffer(128), 0, -1, -1, 0)", harmless=False),
    _line("userfaultfd", "call(323, 1)", harmless=False),
    _line("shared memory", "call(29, 0, 4096, 0o1600)"),
    _line("a message queue", "call(68, 0, 0o1600)"),
    _line("higher limits", "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (-1, -1))", harmless=False),
    _line("a setting of the process", "call(157, 15, b'renamed')"),
    _line("a name of the machine", "socket.sethostname('owned')", harmless=False),
    _line("typing into a terminal", "import fcntl\nfcntl.ioctl(0, 0x5412, b'x')", harmless=False),
    Break(
        "32-bit system calls",
        _body(
            "import mmap\nif os.uname().machine != 'x86_64': return False\n"
            "code = mmap.mmap(-1, 4096, prot=7)\ncode.write(bytes.fromhex('53b814000000cd805bc3'))\n"
            "at = ctypes.addressof(ctypes.c_char.from_buffer(code))\nreturn ctypes.CFUNCTYPE(ctypes.c_int)(at)() > 0"
        ),
        harmless=False,
    ),
    _line("x32 system calls", "call(0x40000000 | 39)", harmless=False),
)
_USED_UP = (
    _line("memory", "x = bytearray(1 << 31)\nx[::4096] = b'x' * len(x[::4096])", harmless=False),
    _line("memory piece by piece", "x = [bytes(1 << 20) for _ in range(2048)]", harmless=False),
    _line("memory by mapping", "import mmap\nx = mmap.mmap(-1, 1 << 31)", harmless=False),
    _line("open files", "x = [os.dup(1) for _ in range(1000)]", harmless=False),
    _line(
        "a bomb of threads",
        "for _ in range(1000): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
        harmless=False,
    ),
    _line("a bomb of forks", "for _ in range(1000):\n    if os.fork() == 0: time.sleep(9)", harmless=False),
    _hangs("a loop without end", "while True: pass"),
    _hangs(
        "a loop that ignores signals",
        "for n in range(1, 64):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nwhile True: pass",
    ),
    _hangs("sleep", "time.sleep(1000)"),
    _hangs("a power without end", "return 9 ** 9 ** 9 > 0"),
    _hangs("a pattern without end", "import re\nre.match('(a+)+$', 'a' * 60 + 'b')"),
    _hangs("output without end", "while True: os.write(1, bytes(1 << 16)); os.write(2, bytes(1 << 16))"),
    _hangs("waiting for input of its examiner", "os.read(3, 1)"),
    _line("a crash", "ctypes.string_at(0)", harmless=False),
    _line("an end by itself", "os.abort()", harmless=False),
    _line("depth without end", "sys.setrecursionlimit(10 ** 9)\nf = lambda: [f() for _ in (1,)]\nf()", harmless=False),
)

BREAKS = (*_FILES, *_SECRETS, *_NETWORK, *_PROCESSES, *_KERNEL, *_USED_UP)
