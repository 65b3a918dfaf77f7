package dev.loupe.tokens;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/** Turns one piece of text into tokens by merging. It holds scratch space: one thread at a time. */
final class PieceEncoder {
    /** What is the same for all threads. */
    static final class Model {
        private final Vocabulary vocabulary;
        private final Merges merges;
        private final Alphabet alphabet;
        private final WholePieces whole;
        private final boolean fuseUnknown;
        private final int unknown;
        private final int[] bytes = new int[256];
        private final int[] basic = new int[1 << 16];
        private final boolean[] joined = new boolean[1 << 16];
        private final boolean fallback;

        Model(
                Vocabulary vocabulary,
                Merges merges,
                Alphabet alphabet,
                WholePieces whole,
                boolean byteFallback,
                boolean fuseUnknown,
                int unknown) {
            this.vocabulary = vocabulary;
            this.merges = merges;
            this.alphabet = alphabet;
            this.whole = whole;
            this.fallback = byteFallback;
            this.fuseUnknown = fuseUnknown;
            this.unknown = unknown;
            for (int b = 0; b < 256; b++) {
                bytes[b] =
                        vocabulary.find(
                                alphabet == Alphabet.BYTES
                                        ? String.valueOf(VisibleBytes.of(b))
                                        : String.format("<0x%02X>", b));
            }
            if (alphabet == Alphabet.BYTES) {
                merges.joins(joined);
            } else {
                characters();
            }
        }

        /** Notes the tokens that are one character. */
        private void characters() {
            Arrays.fill(basic, -1);
            Texts texts = vocabulary.texts();
            for (int id = 0; id < vocabulary.size(); id++) {
                int from = texts.start(id);
                int to = texts.end(id);
                if (from < to && Utf8.after(texts.bytes(), from, to) == to && isText(id)) {
                    int codePoint = Utf8.at(texts.bytes(), from, to);
                    if (codePoint < basic.length) {
                        basic[codePoint] = id;
                    }
                }
            }
        }

        /** The symbol of a character, or -1. */
        int symbol(int codePoint) {
            int id =
                    codePoint < basic.length
                            ? basic[codePoint]
                            : find(Character.toString(codePoint));
            return id >= 0 ? id : merges.loneCharacter(codePoint);
        }

        boolean isToken(int symbol) {
            return symbol >= 0 && symbol < vocabulary.size();
        }

        /** A token that text may become. */
        private int find(String text) {
            int id = vocabulary.find(text);
            return id >= 0 && isText(id) ? id : -1;
        }

        private boolean isText(int id) {
            TokenKind kind = vocabulary.kind(id);
            return !kind.control() && kind != TokenKind.BYTE;
        }

        private int findWhole(char[] text, int from, int to) {
            if (whole == WholePieces.NEVER || to - from > vocabulary.longest()) {
                return -1;
            }
            String piece = new String(text, from, to - from);
            if (whole == WholePieces.LINE_FEEDS && !piece.chars().allMatch(c -> c == '\n')) {
                return -1;
            }
            return find(alphabet == Alphabet.BYTES ? VisibleBytes.encode(piece) : piece);
        }
    }

    private final Model model;
    private final PairMerger merger;
    private final PieceCache cache = new PieceCache();
    private final TokenSink tokens = new TokenSink();

    PieceEncoder(Model model) {
        this.model = model;
        this.merger = new PairMerger(model.merges);
    }

    boolean bloated() {
        return merger.bloated();
    }

    long lookups() {
        return merger.lookups;
    }

    /** Adds the tokens of a piece to a list. */
    void encode(AlignedText text, int from, int to, TokenSink out) {
        boolean cached = to - from <= PieceCache.LONGEST;
        @Nullable Encoding known = cached ? cache.get(text.chars(), from, to) : null;
        if (known != null) {
            int[] ids = known.ids();
            for (int i = 0; i < ids.length; i++) {
                add(text, from, ids[i], known.starts()[i], known.ends()[i], out);
            }
            return;
        }
        tokens.clear();
        encode(text.chars(), from, to);
        for (int i = 0; i < tokens.size; i++) {
            add(text, from, tokens.ids[i], tokens.starts[i], tokens.ends[i], out);
        }
        if (cached) {
            cache.put(text.chars(), from, to, tokens);
        }
        if (tokens.size > 1 << 16) {
            tokens.shrink();
        }
    }

    private static void add(AlignedText text, int from, int id, int start, int end, TokenSink out) {
        out.add(id, text.start(from + start), text.end(from + end - 1));
    }

    private void encode(char[] text, int from, int to) {
        int whole = model.findWhole(text, from, to);
        if (whole >= 0) {
            tokens.add(whole, 0, to - from);
            return;
        }
        merger.clear(to - from);
        if (model.alphabet == Alphabet.BYTES) {
            int skipped = fillBytes(text, from, to);
            merger.merge();
            readBytes(text, from, to, skipped);
        } else {
            fillCharacters(text, from, to);
            merger.merge();
            readCharacters(text, from);
        }
    }

    private void fillCharacters(char[] text, int from, int to) {
        int before = -1;
        for (int i = from; i < to; ) {
            int next = Words.after(text, i, to);
            int c = Character.codePointAt(text, i, to);
            if (to - from > PairMerger.SHORT && before >= 0 && !model.merges.joins(before, c)) {
                merger.merge();
            }
            merger.add(model.symbol(c), next - i);
            before = c;
            i = next;
        }
    }

    /** Returns how many bytes in front have no token. */
    private int fillBytes(char[] text, int from, int to) {
        // in a word, looking for seams costs more than it saves
        boolean cuts = to - from > PairMerger.SHORT;
        int skipped = 0;
        int before = 0;
        for (int i = from; i < to; ) {
            int c = Character.codePointAt(text, i, to);
            int length = utf8Length(c);
            for (int k = 0; k < length; k++) {
                int b = utf8Byte(c, k, length);
                int symbol = model.bytes[b];
                if (symbol >= 0 || model.unknown >= 0) {
                    if (cuts && merger.count > 0 && !model.joined[before << 8 | b]) {
                        merger.merge();
                    }
                    merger.add(symbol, 1);
                    before = b;
                } else if (merger.count > 0) {
                    // what has no token and no unknown token either is left out before merging
                    merger.lengths[merger.count - 1]++;
                } else {
                    skipped++;
                }
            }
            i += Character.charCount(c);
        }
        return skipped;
    }

    /** Walks tokens and characters side by side: a token covers each character it has a byte of. */
    private void readBytes(char[] text, int from, int to, int skipped) {
        int at = from;
        int firstByte = 0;
        int tokenByte = skipped;
        for (int i = 0; i < merger.count; i++) {
            int tokenEnd = tokenByte + merger.lengths[i];
            int length = utf8Length(Character.codePointAt(text, at, to));
            while (firstByte + length <= tokenByte) {
                firstByte += length;
                at = Words.after(text, at, to);
                length = utf8Length(Character.codePointAt(text, at, to));
            }
            int start = at;
            while (firstByte + length < tokenEnd) {
                firstByte += length;
                at = Words.after(text, at, to);
                length = utf8Length(Character.codePointAt(text, at, to));
            }
            addOrUnknown(merger.symbols[i], start - from, Words.after(text, at, to) - from);
            tokenByte = tokenEnd;
        }
    }

    private void readCharacters(char[] text, int from) {
        int at = 0;
        for (int i = 0; i < merger.count; i++) {
            int end = at + merger.lengths[i];
            if (model.isToken(merger.symbols[i])) {
                tokens.add(merger.symbols[i], at, end);
            } else {
                fallBack(Character.codePointAt(text, from + at), at, end);
            }
            at = end;
        }
    }

    private void fallBack(int c, int start, int end) {
        int length = utf8Length(c);
        boolean all = model.fallback;
        for (int k = 0; k < length; k++) {
            all &= model.bytes[utf8Byte(c, k, length)] >= 0;
        }
        if (!all) {
            addOrUnknown(-1, start, end);
            return;
        }
        for (int k = 0; k < length; k++) {
            tokens.add(model.bytes[utf8Byte(c, k, length)], start, end);
        }
    }

    private void addOrUnknown(int id, int start, int end) {
        if (id >= 0) {
            tokens.add(id, start, end);
            return;
        }
        if (model.unknown < 0) {
            return;
        }
        int last = tokens.size - 1;
        if (model.fuseUnknown && last >= 0 && tokens.ids[last] == model.unknown) {
            tokens.ends[last] = end;
        } else {
            tokens.add(model.unknown, start, end);
        }
    }

    private static int utf8Length(int c) {
        return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    }

    private static int utf8Byte(int c, int k, int length) {
        if (length == 1) {
            return c;
        }
        int bits = c >> (6 * (length - 1 - k));
        if (k > 0) {
            return 0x80 | (bits & 0x3F);
        }
        return (0xF00 >> length & 0xFF) | bits;
    }
}
