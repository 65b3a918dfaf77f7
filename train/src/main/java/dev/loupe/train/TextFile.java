package dev.loupe.train;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A file of UTF-8, read in pieces of at most 65,536 characters. What is made of a piece of a
 * million is so large that the collector lets it lie, and a file of 1 GB took all memory there was.
 */
final class TextFile {
    private static final int BYTES = 1 << 16;
    private static final char BYTE_ORDER_MARK = '\uFEFF';

    private final Path file;
    private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    private final ByteBuffer bytes = ByteBuffer.allocate(BYTES);
    private final CharBuffer chars = CharBuffer.allocate(BYTES);

    /** How many bytes of the file came before those in the buffer. */
    private long before;

    TextFile(Path file) {
        this.file = file;
    }

    void read(Corpus.Reader reader, Corpus.Watcher watcher) throws IOException {
        try (FileChannel in = FileChannel.open(file)) {
            boolean end = false;
            boolean first = true;
            while (!end) {
                while (bytes.hasRemaining() && !end) {
                    end = in.read(bytes) < 0;
                }
                bytes.flip();
                if (first) {
                    checkMark();
                }
                int had = bytes.position();
                decode(end);
                before += bytes.position() - had;
                bytes.compact();
                hand(reader, first, end);
                first = false;
                watcher.at(before);
            }
        }
        reader.end();
    }

    private void decode(boolean end) {
        CoderResult result = decoder.decode(bytes, chars, end);
        if (result.isError()) {
            throw new DataException(
                    file,
                    "is not UTF-8: byte %d is 0x%02X; convert it, for example with iconv -f latin1 -t utf-8"
                            .formatted(before + bytes.position(), bytes.get(bytes.position())));
        }
    }

    /** What UTF-16 files begin with is an error with a better name. */
    private void checkMark() {
        if (bytes.limit() >= 2) {
            int mark = bytes.getShort(0) & 0xFFFF;
            if (mark == 0xFEFF || mark == 0xFFFE) {
                throw new DataException(
                        file, "is UTF-16; convert it, for example with iconv -f utf-16 -t utf-8");
            }
        }
    }

    /** Hands on what is decoded, but keeps what may be the first half of a word. */
    private void hand(Corpus.Reader reader, boolean first, boolean end) {
        chars.flip();
        if (first && chars.hasRemaining() && chars.get(0) == BYTE_ORDER_MARK) {
            chars.get();
        }
        int cut = end ? chars.limit() : lastWordStart();
        if (cut > chars.position()) {
            int n = cut - chars.position();
            char[] piece = new char[n];
            chars.get(piece);
            reader.text(new String(piece));
        }
        chars.compact();
    }

    /**
     * The last white space that follows something else: a token may have it in front. Where there
     * is none, a line without end, half of the buffer is enough to hand on.
     */
    private int lastWordStart() {
        for (int i = chars.limit() - 1; i > chars.position(); i--) {
            if (Character.isWhitespace(chars.get(i)) && !Character.isWhitespace(chars.get(i - 1))) {
                return i;
            }
        }
        int half = (chars.position() + chars.limit()) / 2;
        return half > chars.position() && Character.isHighSurrogate(chars.get(half - 1))
                ? half - 1
                : half;
    }
}
