package dev.loupe.tokens;

/**
 * Cuts text into the pieces inside of which tokens may form. Each is the equal of a regular
 * expression in the model's files, written by hand so that its time is linear and its stack flat.
 */
public sealed interface Splitter {
    /**
     * The end of the piece that starts at {@code start}; more than {@code start}, at most {@code
     * limit}. What lies outside of {@code [start, limit)} is not looked at.
     */
    int end(char[] text, int start, int limit);

    /**
     * GPT-2: words, numbers and other marks, each with a space in front, and runs of white space.
     *
     * <p>{@code 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+}
     */
    record Gpt2Words() implements Splitter {
        private static final int CLASSES = Characters.LETTER | Characters.NUMBER | Characters.SPACE;

        @Override
        public int end(char[] text, int start, int limit) {
            int end = Words.contraction(text, start, limit, false);
            if (end > start) {
                return end;
            }
            int first = text[start] == ' ' && start + 1 < limit ? start + 1 : start;
            int kind = Characters.at(text, first, limit) & CLASSES;
            if (kind == Characters.SPACE) {
                return Words.spaces(text, start, limit);
            }
            return Words.run(text, first, limit, CLASSES, kind);
        }
    }

    /**
     * Llama 3 and Qwen: a word takes any one mark in front, numbers are cut into groups, line
     * breaks stay together.
     *
     * <p>{@code (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
     * ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+}
     *
     * @param maxDigits the most digits in a group
     * @param marks whether combining marks count as letters
     */
    record GroupedWords(int maxDigits, boolean marks) implements Splitter {
        @Override
        public int end(char[] text, int start, int limit) {
            int contraction = Words.contraction(text, start, limit, true);
            if (contraction > start) {
                return contraction;
            }
            int letters = Characters.LETTER | (marks ? Characters.MARK : 0);
            int kind = Characters.at(text, start, limit);
            if ((kind & letters) != 0) {
                return Words.runOfAny(text, start, limit, letters);
            }
            if ((kind & Characters.NUMBER) != 0) {
                return Words.runOfAny(text, start, limit, Characters.NUMBER, maxDigits);
            }
            int second = Words.after(text, start, limit);
            boolean lineBreak = CharClass.LINE_BREAK.has(text[start]);
            if (!lineBreak && (Characters.at(text, second, limit) & letters) != 0) {
                return Words.runOfAny(text, second, limit, letters);
            }
            int word = letters | Characters.NUMBER | Characters.SPACE;
            int first = text[start] == ' ' ? second : start;
            if (first < limit && (Characters.at(text, first, limit) & word) == 0) {
                int end = Words.run(text, first, limit, word, 0);
                while (end < limit && CharClass.LINE_BREAK.has(text[end])) {
                    end++;
                }
                return end;
            }
            return Words.spacesWithLineBreaks(text, start, limit);
        }
    }

    /**
     * Sets runs of a class apart, each of at most {@code max} characters; the rest stays between
     * them.
     */
    record Runs(CharClass of, int max) implements Splitter {
        public Runs {
            if (max < 1) {
                throw new IllegalArgumentException("a run has at least 1 character, not " + max);
            }
        }

        @Override
        public int end(char[] text, int start, int limit) {
            int end = start;
            int count = 0;
            boolean inside = of.has(Character.codePointAt(text, start, limit));
            while (end < limit
                    && (!inside || count < max)
                    && of.has(Character.codePointAt(text, end, limit)) == inside) {
                end = Words.after(text, end, limit);
                count++;
            }
            return end;
        }
    }

    /** Sets groups of exactly {@code count} characters of a class apart. */
    record Groups(CharClass of, int count) implements Splitter {
        @Override
        public int end(char[] text, int start, int limit) {
            int found = 0;
            int[] begins = new int[count];
            for (int i = start; i < limit; ) {
                int next = Words.after(text, i, limit);
                found = of.has(Character.codePointAt(text, i, limit)) ? found + 1 : 0;
                if (found > 0) {
                    begins[found - 1] = i;
                }
                if (found == count) {
                    return begins[0] == start ? next : begins[0];
                }
                i = next;
            }
            return limit;
        }
    }

    /** Sets runs of a class apart, each with one white space in front: {@code \s?\p{L}+}. */
    record SpacedRuns(CharClass of) implements Splitter {
        @Override
        public int end(char[] text, int start, int limit) {
            int run = runStart(text, start, limit);
            if (run >= 0) {
                int end = run;
                while (end < limit && of.has(Character.codePointAt(text, end, limit))) {
                    end = Words.after(text, end, limit);
                }
                return end;
            }
            int end = start;
            while (end < limit && runStart(text, end, limit) < 0) {
                end = Words.after(text, end, limit);
            }
            return end;
        }

        /** Where the run begins that is at {@code at} or one white space behind it; or -1. */
        private int runStart(char[] text, int at, int limit) {
            if (of.has(Character.codePointAt(text, at, limit))) {
                return at;
            }
            return Characters.isSpace(text[at])
                            && at + 1 < limit
                            && of.has(Character.codePointAt(text, at + 1, limit))
                    ? at + 1
                    : -1;
        }
    }

    /** Sets the white space at the end apart: {@code \s+$}. */
    record TrailingSpaces() implements Splitter {
        @Override
        public int end(char[] text, int start, int limit) {
            int trailing = limit;
            while (trailing > start && Characters.isSpace(text[trailing - 1])) {
                trailing--;
            }
            return trailing == start ? limit : trailing;
        }
    }

    /** Ends a piece after each of a character. */
    record After(char mark) implements Splitter {
        @Override
        public int end(char[] text, int start, int limit) {
            int end = start;
            while (end < limit && text[end] != mark) {
                end++;
            }
            return Math.min(end + 1, limit);
        }
    }

    /**
     * Begins a piece before a character.
     *
     * @param each before each of them; else before the first of several in a row
     */
    record Before(char mark, boolean each) implements Splitter {
        @Override
        public int end(char[] text, int start, int limit) {
            int end = start + 1;
            while (end < limit && (text[end] != mark || (!each && text[end - 1] == mark))) {
                end++;
            }
            return end;
        }
    }
}
