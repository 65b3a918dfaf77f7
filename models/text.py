"""From what was written and fetched to what is learned: cleaned, deduplicated, mixed."""

import json
import random
import re
import tarfile

FEWEST_WORDS, MOST_WORDS = 40, 220

# What speaks of the story, or of who writes it, does not belong into it.
META = re.compile(r"\b(this story|the story|the end\b.*\bstory|short story|title|moral|narrator|assistant|language model|"
                  r"as an ai|chapter|paragraph|user|prompt|here is|here's a)\b|[*#_<>\[\]{}|=\\/@]|https?:", re.IGNORECASE)

# Letters, digits and marks of plain English.
PLAIN = re.compile(r"[A-Za-z0-9 .,;:!?'\"()\-\n]*")

MARKS = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-",
                       "\u2026": "...", "\u00a0": " ", "\t": " "})

SENTENCE = re.compile(r"[^.!?]*[.!?]+[\"')]*")


def sentences(paragraph):
    return [sentence.strip() for sentence in SENTENCE.findall(paragraph)]


def key(text):
    return re.sub(r"[^a-z]+", " ", text.lower()).strip()


def without_repeats(text):
    """The text as far as its last whole sentence, and no farther than where a sentence comes again."""
    seen, paragraphs = set(), []
    for paragraph in text.translate(MARKS).split("\n"):
        kept = []
        for sentence in sentences(paragraph):
            if key(sentence) in seen and len(key(sentence).split()) > 2:
                break
            seen.add(key(sentence))
            kept.append(sentence)
        # a quotation that was cut in two is taken back
        while kept and " ".join(kept).count('"') % 2:
            kept.pop()
        if kept:
            paragraphs.append(" ".join(kept))
        if "".join(kept).replace(" ", "") != paragraph.replace(" ", ""):
            break
    return "\n".join(paragraphs)


def windows(words, length):
    return [tuple(words[i : i + length]) for i in range(len(words) - length + 1)]


def cleaned(begin, text):
    """A story that can be learned from, or None."""
    whole = without_repeats(f"{begin} {text.strip()}" if not text.startswith("\n") else f"{begin}\n{text.strip()}")
    words = key(whole).split()
    if not FEWEST_WORDS <= len(words) <= MOST_WORDS or not whole.startswith(begin):
        return None
    if META.search(whole) or not PLAIN.fullmatch(whole):
        return None
    fours = windows(words, 4)
    if len(set(fours)) < 0.9 * len(fours):
        return None
    return whole


def stories(files):
    """All stories that pass, in the order in which they were written, none much like another."""
    seen, kept, written = set(), [], 0
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            written += 1
            told = json.loads(line)
            text = cleaned(told["begin"], told["text"])
            if text is None:
                continue
            own = set(windows(key(text[len(told["begin"]) :]).split(), 5))
            if not own or len(own & seen) > 0.3 * len(own):
                continue
            seen |= own
            kept.append(text)
    return kept, written


def books(archives, longest=4000):
    """The texts of the packages, in pieces that end with a sentence; a little more than the longest is possible."""
    pieces = []
    for archive in archives:
        with tarfile.open(archive) as tar:
            for member in sorted(tar.getmembers(), key=lambda member: member.name):
                if re.fullmatch(r"package/data/(chapter_|\d{4}_).*\.json", member.name):
                    text = json.loads(tar.extractfile(member).read())["text"].translate(MARKS)
                    piece = ""
                    for sentence in sentences(re.sub(r"\s+", " ", text)):
                        piece = f"{piece} {sentence}".strip()
                        if len(piece) > longest:
                            pieces.append(piece)
                            piece = ""
                    if piece:
                        pieces.append(piece)
    return pieces


def some(pieces, part):
    """A part of the pieces, from everywhere in them."""
    return [piece for i, piece in enumerate(pieces) if int((i + 1) * part) > int(i * part)]


def write(file, stories, books, times, held_back, seed=1):
    """
    Books, and stories several times, shuffled; at the end stories that come nowhere else.

    Returns which part of the characters is held back. It is a little less than what stands at the end, since tokens are
    counted and not characters: no window of the validation may reach into what is learned from.
    """
    order = random.Random(seed)
    stories = list(stories)
    order.shuffle(stories)
    count = max(1, round(len(stories) * held_back))
    learned = books + stories[count:] * times
    order.shuffle(learned)
    documents = learned + stories[:count]
    part = file.with_suffix(".part")
    with part.open("w", encoding="utf-8") as out:
        for text in documents:
            out.write(json.dumps({"text": text}) + "\n")
    part.rename(file)
    held = sum(map(len, stories[:count]))
    return 0.9 * held / sum(map(len, documents))
