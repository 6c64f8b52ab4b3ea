"""A model behind an endpoint of this machine: careful only where its prompt says so; its judge and its proposer."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

RULE = "Check every step."
"""What a prompt has to say for its agent to be careful."""
CAREFUL = "checked"


@dataclass
class Model:
    """Answers, and keeps what it was asked."""

    url: str = ""
    asked: list[list[dict[str, Any]]] = field(default_factory=list)
    refuses: int = 0
    """Requests to come that get HTTP 429."""

    def reply(self, messages: list[dict[str, Any]]) -> str:
        """Return what the model says."""
        texts = [str(one["content"]) for one in messages]
        text = "\n".join(texts)
        outputs = [re.findall(rf"<output_{n}[^>]*>(.*?)</output_{n}", text, re.DOTALL) for n in (1, 2)]
        if all(outputs):
            first, second = (found[-1].count(CAREFUL) for found in outputs)
            better = first - second
            return f"<verdict>{'tie' if not better else 1 if better > 0 else 2}</verdict>"
        if "<current_prompt" in text:
            parent = re.findall(r"<current_prompt[^>]*>\n?(.*?)\n?</current_prompt", text, re.DOTALL)[-1]
            return f"<prompt>\n{parent}\n{RULE}\n</prompt>"
        system = texts[0] if messages[0]["role"] == "system" else text
        said = f"case {len(texts[-1]) % 89} {CAREFUL if RULE in system else 'guessed'}; {text.count(CAREFUL)} before"
        _, _, wanted = texts[-1].rpartition("Respond with the corresponding output fields")
        framed = re.findall(r"`\[\[ ## (\w+) ## \]\]", wanted)  # DSPy asks for its fields by name
        return "\n\n".join([*(f"[[ ## {name} ## ]]\n{said}" for name in framed if name != "completed")]) or said


@contextmanager
def served() -> Iterator[Model]:
    """Serve a model on a port of its own."""
    model = Model()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if model.refuses > 0:
                model.refuses -= 1
                return self.send({"error": {"message": "slow down", "type": "rate_limit"}}, 429)
            model.asked.append(body["messages"])
            said = {"role": "assistant", "content": model.reply(body["messages"])}
            usage = {"prompt_tokens": 20, "completion_tokens": 9, "total_tokens": 29}
            choice = {"index": 0, "finish_reason": "stop", "message": said}
            head = {"id": "c", "object": "chat.completion", "created": 0, "model": "m"}
            return self.send({**head, "choices": [choice], "usage": usage}, 200)

        def send(self, value: object, status: int) -> None:
            raw = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    model.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
