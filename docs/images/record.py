#!/usr/bin/env python3
"""Records a terminal session as an SVG: docs/images/record.py > docs/images/session.svg

Runs the commands below in a pseudo-terminal, so that what is drawn is what a person sees, and draws
the text. Start it at the root of the repository, with the model that `./loupe list` calls smollm2 or
with LOUPE_RECORD_MODEL=FILE. Needs Python 3.9 and nothing else.
"""

import html
import os
import pty
import re
import sys

MODEL = os.environ.get("LOUPE_RECORD_MODEL", "smollm2")
COMMANDS = [
    (["generate", "The capital of France is", "-n", "2", "-m", MODEL], ["generate", '"The capital of France is"', "-n", "2", "-m", "smollm2"]),
    (["next", "The capital of France is", "--top", "5"], ["next", '"The capital of France is"', "--top", "5"]),
    (["tokenize", "Tokens are pieces of text."], ["tokenize", '"Tokens are pieces of text."']),
]
SIZE, LINE, PADDING = 14, 20, 16
WIDTH = 8.43 * 78 + 2 * PADDING


def run(arguments):
    """What a command writes to its terminal, without what moves the cursor."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv("./loupe", ["./loupe", *arguments])
    chunks = []
    try:
        while data := os.read(terminal, 4096):
            chunks.append(data)
    except OSError:
        pass  # how Linux says that the other end is closed
    if os.waitpid(child, 0)[1]:
        sys.exit(f"loupe {' '.join(arguments)} failed")
    text = b"".join(chunks).decode().replace("\r\n", "\n")
    return re.sub(r"[^\n]*\r|\x1b\[[0-9;?]*[A-Za-z]", "", text).rstrip("\n")


def lines():
    for i, (arguments, shown) in enumerate(COMMANDS):
        if i:
            yield "output", ""
        yield "command", "$ ./loupe " + " ".join(shown)
        for line in run(arguments).split("\n"):
            yield "output", line


def svg(session):
    height = len(session) * LINE + 2 * PADDING
    # a dark window of its own reads well on light and on dark pages
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:.0f}" height="{height}"'
        f' viewBox="0 0 {WIDTH:.0f} {height}" role="img" aria-label="A terminal session with Loupe">',
        "<style>text { font: %dpx ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;"
        " white-space: pre; fill: #d7dce2 } .command { fill: #8fd0ff }</style>" % SIZE,
        f'<rect width="{WIDTH:.0f}" height="{height}" rx="8" fill="#16191d" stroke="#59616b"/>',
    ]
    for i, (kind, line) in enumerate(session):
        y = PADDING + LINE * i + SIZE
        out.append(f'<text class="{kind}" x="{PADDING}" y="{y}" xml:space="preserve">{html.escape(line)}</text>')
    return "\n".join(out + ["</svg>"])


if __name__ == "__main__":
    print(svg(list(lines())))
