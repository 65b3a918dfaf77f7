package dev.loupe.tokens;

import java.nio.charset.StandardCharsets;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.RandomAccess;

/**
 * Many short texts in UTF-8, side by side in one array: a vocabulary as its file writes it. A text
 * becomes a {@link String} when it is asked for, each time anew; what is not UTF-8 in it becomes
 * U+FFFD there. A program that has just started reads a vocabulary several times faster in this
 * form than as strings.
 */
public final class Texts extends AbstractList<String> implements RandomAccess {
    private final byte[] bytes;
    private final int[] starts;
    private final int[] ends;

    private Texts(byte[] bytes, int[] starts, int[] ends) {
        this.bytes = bytes;
        this.starts = starts;
        this.ends = ends;
    }

    /** The same texts; half a surrogate pair, which no UTF-8 can express, becomes a {@code ?}. */
    public static Texts of(List<String> texts) {
        if (texts instanceof Texts already) {
            return already;
        }
        Builder builder = new Builder(texts.size());
        for (String text : texts) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            builder.add(utf8, 0, utf8.length);
        }
        return builder.build();
    }

    @Override
    public String get(int index) {
        int start = starts[index];
        return new String(bytes, start, ends[index] - start, StandardCharsets.UTF_8);
    }

    @Override
    public int size() {
        return starts.length;
    }

    /** The bytes of a text. */
    public int length(int index) {
        return ends[index] - starts[index];
    }

    /** Where a byte comes first in a text, not before an offset; -1 if it does not. */
    public int indexOf(int index, int wanted, int from) {
        int start = starts[index];
        for (int i = start + from; i < ends[index]; i++) {
            if (bytes[i] == wanted) {
                return i - start;
            }
        }
        return -1;
    }

    /**
     * Twice as many texts: of each its first bytes, and what stands behind the byte that follows
     * them.
     *
     * @param lengths how many bytes the first half of each has, fewer than the text
     */
    public Texts halves(int[] lengths) {
        int[] from = new int[2 * size()];
        int[] to = new int[from.length];
        for (int i = 0; i < lengths.length; i++) {
            from[2 * i] = starts[i];
            to[2 * i] = starts[i] + lengths[i];
            from[2 * i + 1] = to[2 * i] + 1;
            to[2 * i + 1] = ends[i];
        }
        return new Texts(bytes, from, to);
    }

    /** The array that {@link #start} and {@link #end} give places of. */
    byte[] bytes() {
        return bytes;
    }

    int start(int index) {
        return starts[index];
    }

    int end(int index) {
        return ends[index];
    }

    /** Adds texts one after another. */
    public static final class Builder {
        private final int[] starts;
        private final int[] ends;
        private byte[] bytes;
        private int count;
        private int used;

        /** Room for as many texts as will be added. */
        public Builder(int count) {
            starts = new int[count];
            ends = new int[count];
            bytes = new byte[Math.max(64, 8 * count)];
        }

        /** Adds the text whose bytes are {@code from[start, start + length)}. */
        public void add(byte[] from, int start, int length) {
            if (length > bytes.length - used) {
                bytes = Arrays.copyOf(bytes, Math.max(used + length, 2 * bytes.length));
            }
            System.arraycopy(from, start, bytes, used, length);
            starts[count] = used;
            used += length;
            ends[count++] = used;
        }

        /** The texts that were added, which are as many as there is room for. */
        public Texts build() {
            if (count < starts.length) {
                throw new IllegalStateException(count + " of " + starts.length + " texts");
            }
            return new Texts(Arrays.copyOf(bytes, used), starts, ends);
        }
    }
}
