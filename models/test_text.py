"""python3 -m unittest discover models"""

import io
import json
import random
import tarfile
import tempfile
import unittest
from pathlib import Path

import prompts
import text

BEGIN = "Once there was a kind bear named Tom."
MIDDLE = (" He lived in a small house near the old forest. Every morning he went to the river and looked for fish."
          " One day he met a little duck who had lost her way home. \"I will help you,\" said Tom, and they walked along"
          " the water until they saw the pond.")


class Cleaned(unittest.TestCase):
    def test_keeps_a_whole_story(self):
        self.assertEqual(text.cleaned(BEGIN, MIDDLE), BEGIN + MIDDLE)

    def test_ends_with_the_last_whole_sentence(self):
        self.assertEqual(text.cleaned(BEGIN, MIDDLE + " Then the duck was so"), BEGIN + MIDDLE)

    def test_ends_before_a_sentence_comes_again(self):
        again = " Every morning he went to the river and looked for fish. They were happy."
        self.assertEqual(text.cleaned(BEGIN, MIDDLE + again), BEGIN + MIDDLE)

    def test_takes_back_a_quotation_that_was_cut(self):
        self.assertEqual(text.cleaned(BEGIN, MIDDLE + ' The duck said, "Thank you. I am'), BEGIN + MIDDLE)

    def test_refuses_what_is_too_short(self):
        self.assertIsNone(text.cleaned(BEGIN, " He was happy."))

    def test_refuses_what_speaks_of_itself(self):
        self.assertIsNone(text.cleaned(BEGIN, MIDDLE + " The moral of it is that one should help."))

    def test_refuses_other_letters(self):
        self.assertIsNone(text.cleaned(BEGIN, MIDDLE + " The duck said \u4f60\u597d to him."))

    def test_refuses_what_goes_round_in_circles(self):
        circles = " ".join(f"He looked for the big red ball in the garden {word}." for word in "a b c d e f g".split())
        self.assertIsNone(text.cleaned(BEGIN, " " + circles))

    def test_writes_marks_plainly(self):
        self.assertIn("It's here", text.cleaned(BEGIN, MIDDLE + " It\u2019s here\u2026 They laughed."))


class Stories(unittest.TestCase):
    def test_drops_those_that_are_nearly_the_same(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "000000.jsonl"
            other = MIDDLE.replace("duck", "hen").replace("Every morning", "Each evening")
            lines = [{"begin": BEGIN, "text": each} for each in (MIDDLE, other, MIDDLE)]
            file.write_text("".join(json.dumps(line) + "\n" for line in lines))
            kept, written = text.stories([file])
            self.assertEqual((kept, written), ([BEGIN + MIDDLE], 3))


class Write(unittest.TestCase):
    def test_holds_back_stories_that_are_nowhere_else(self):
        stories = [f"Story {i}. " + "x" * 100 for i in range(100)]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "text.jsonl"
            part = text.write(file, stories, ["a book"] * 10, times=3, held_back=0.1)
            first = file.read_bytes()
            documents = [json.loads(line)["text"] for line in file.read_text().splitlines()]
            text.write(file, stories, ["a book"] * 10, times=3, held_back=0.1)
            self.assertEqual(file.read_bytes(), first)
        self.assertEqual(len(documents), 10 + 90 * 3 + 10)
        self.assertFalse(set(documents[-10:]) & set(documents[:-10]))
        held = sum(map(len, documents[-10:])) / sum(map(len, documents))
        self.assertLess(part, held)
        self.assertAlmostEqual(part, 0.9 * held)


class Books(unittest.TestCase):
    def test_reads_pieces_of_whole_sentences(self):
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "books.tgz"
            with tarfile.open(archive, "w:gz") as tar:
                for name, body in (("data/chapter_1.json", "One two. " * 20), ("data/data.js", "x"), ("README.md", "x")):
                    data = json.dumps({"text": body}).encode()
                    info = tarfile.TarInfo("package/" + name)
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
            pieces = text.books([archive], longest=50)
        self.assertEqual(" ".join(pieces), ("One two. " * 20).strip())
        self.assertTrue(all(piece.endswith(".") and len(piece) < 70 for piece in pieces))

    def test_takes_a_part_from_everywhere(self):
        self.assertEqual(text.some(list(range(8)), 0.25), [3, 7])
        self.assertEqual(text.some(list(range(8)), 1), list(range(8)))
        self.assertEqual(text.some(list(range(8)), 0), [])


class Prompts(unittest.TestCase):
    def test_are_the_same_for_a_seed_and_differ_between_seeds(self):
        first = [prompts.prompt(seed) for seed in range(2000)]
        self.assertEqual(first, [prompts.prompt(seed) for seed in range(2000)])
        self.assertGreater(len({begin for _, begin in first}), 1980)

    def test_end_with_the_beginning_of_the_story(self):
        for seed in range(200):
            whole, begin = prompts.prompt(seed)
            self.assertTrue(whole.endswith("<|im_start|>assistant\n" + begin))
            self.assertRegex(begin, r"^[A-Z].*[.?!]$")
            self.assertRegex(begin, text.PLAIN)

    def test_articles(self):
        self.assertEqual([prompts.article(word) for word in ("owl", "ball")], ["an owl", "a ball"])

    def test_names_are_not_given_twice(self):
        self.assertEqual(len(prompts.NAMES), len(set(prompts.NAMES)))
        for seed in range(300):
            _, begin = prompts.story(random.Random(seed))
            self.assertFalse(any(f"{name}'s birthday, and {name} " in begin for name in prompts.NAMES))


if __name__ == "__main__":
    unittest.main()
