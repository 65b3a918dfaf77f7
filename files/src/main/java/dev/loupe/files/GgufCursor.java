package dev.loupe.files;

import dev.loupe.tokens.Texts;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Reads a GGUF header from front to back. No read goes beyond the file, and nothing is allocated
 * for a length before the file was seen to be that long and the header's budget to allow it.
 */
final class GgufCursor {
    /** Gemma's vocabulary of 262,144 has about 0.8 million strings where merges are listed. */
    static final int MAX_STRINGS = 1_000_000;

    /** Bytes of text; a vocabulary of 262,144 tokens has about 10 million with its merges. */
    static final int MAX_TEXT = 16_000_000;

    static final int MAX_NUMBERS = 4_000_000;

    /** Bytes that are copied out of the file at a time. */
    private static final int WINDOW = 1 << 16;

    private final Path file;
    private final MemorySegment bytes;

    /**
     * The bytes around the position. Before it is compiled, code reads an array many times faster
     * than mapped memory, and a header is read once, at the start of a program.
     */
    private final byte[] window;

    private long windowStart;
    private int windowLength;
    private long position;
    private int stringsLeft = MAX_STRINGS;
    private int textLeft = MAX_TEXT;
    private int numbersLeft = MAX_NUMBERS;

    GgufCursor(Path file, MemorySegment bytes) {
        this.file = file;
        this.bytes = bytes;
        this.window = new byte[(int) Math.min(WINDOW, bytes.byteSize())];
    }

    long position() {
        return position;
    }

    long remaining() {
        return bytes.byteSize() - position;
    }

    byte int8(String field) {
        return window[near(1, field)];
    }

    private int int16(String field) {
        int at = near(2, field);
        return (window[at] & 0xFF) | (window[at + 1] & 0xFF) << 8;
    }

    int int32(String field) {
        return int32(near(4, field));
    }

    long int64(String field) {
        int at = near(8, field);
        return Integer.toUnsignedLong(int32(at)) | (long) int32(at + 4) << 32;
    }

    private int int32(int at) {
        return (window[at] & 0xFF)
                | (window[at + 1] & 0xFF) << 8
                | (window[at + 2] & 0xFF) << 16
                | window[at + 3] << 24;
    }

    /** A count of things that take at least {@code leastBytes} each; more than fit are refused. */
    int count(String field, int leastBytes, int most) {
        long count = int64(field);
        if (count < 0 || count > remaining() / leastBytes) {
            throw tooMany(field, count, leastBytes);
        }
        if (count > most) {
            throw new ModelFileException(file, field, count, "at most " + most);
        }
        return (int) count;
    }

    private ModelFileException tooMany(String field, long count, int leastBytes) {
        return new ModelFileException(
                file,
                field,
                Long.toUnsignedString(count),
                "at most the " + remaining() / leastBytes + " that the rest of the file can hold");
    }

    /** A string as it is; what is not UTF-8 in it becomes U+FFFD. */
    String text(String field) {
        int length = length(field);
        return length <= window.length
                ? new String(window, near(length, field), length, StandardCharsets.UTF_8)
                : new String(copied(length, field), StandardCharsets.UTF_8);
    }

    /** The bytes of a string, after its length, which is allowed, was read. */
    private int length(String field) {
        long length = int64(field);
        if (length < 0 || length > remaining()) {
            throw tooMany("length of " + field, length, 1);
        }
        stringsLeft--;
        textLeft -= (int) Math.min(length, MAX_TEXT + 1);
        if (textLeft < 0 || stringsLeft < 0) {
            throw new ModelFileException(
                    file,
                    field,
                    textLeft < 0 ? "more text" : "more strings",
                    "metadata of at most " + MAX_STRINGS + " strings and " + MAX_TEXT + " bytes");
        }
        return (int) length;
    }

    private byte[] copied(int length, String field) {
        return bytes.asSlice(take(length, field), length).toArray(ValueLayout.JAVA_BYTE);
    }

    /** A string that names something: not empty, not long, valid UTF-8. */
    String name(String field, int most) {
        String name = text(field);
        if (name.isEmpty() || name.length() > most || name.indexOf('\uFFFD') >= 0) {
            throw new ModelFileException(
                    file,
                    field,
                    name.isEmpty() ? "an empty name" : "'" + shortened(name) + "'",
                    "UTF-8 text of 1 to " + most + " characters");
        }
        return name;
    }

    /** One value, of one of the types that {@link Metadata} promises. */
    Object value(GgufType type, String key) {
        return switch (type) {
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> integer(type, key);
            case FLOAT32 -> (double) Float.intBitsToFloat(int32(key));
            case FLOAT64 -> Double.longBitsToDouble(int64(key));
            case BOOL -> flag(key);
            case STRING -> text(key);
        };
    }

    private long integer(GgufType type, String key) {
        return switch (type) {
            case UINT8 -> int8(key) & 0xFF;
            case INT8 -> int8(key);
            case UINT16 -> int16(key);
            case INT16 -> (short) int16(key);
            case UINT32 -> Integer.toUnsignedLong(int32(key));
            case INT32 -> int32(key);
            case UINT64 -> unsigned(int64(key), key);
            case INT64 -> int64(key);
            case FLOAT32, FLOAT64, BOOL, STRING ->
                    throw new IllegalArgumentException(type + " is no integer");
        };
    }

    /** An array of values, after its element type was read. */
    Object array(GgufType type, String key) {
        int count = count("length of array " + key, type.leastBytes(), MAX_NUMBERS);
        return switch (type) {
            case STRING -> strings(count, key);
            case BOOL -> {
                spendNumbers(count, key);
                boolean[] flags = new boolean[count];
                for (int i = 0; i < count; i++) {
                    flags[i] = flag(key);
                }
                yield flags;
            }
            case FLOAT32, FLOAT64 -> {
                spendNumbers(count, key);
                double[] numbers = new double[count];
                for (int i = 0; i < count; i++) {
                    numbers[i] =
                            type == GgufType.FLOAT32
                                    ? Float.intBitsToFloat(int32(key))
                                    : Double.longBitsToDouble(int64(key));
                }
                yield numbers;
            }
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> {
                spendNumbers(count, key);
                long[] numbers = new long[count];
                for (int i = 0; i < count; i++) {
                    numbers[i] = integer(type, key);
                }
                yield numbers;
            }
        };
    }

    private Texts strings(int count, String key) {
        if (count > stringsLeft) {
            throw new ModelFileException(
                    file, "length of array " + key, count, "at most " + MAX_STRINGS + " strings");
        }
        Texts.Builder texts = new Texts.Builder(count);
        for (int i = 0; i < count; i++) {
            int length = length(key);
            if (length <= window.length) {
                texts.add(window, near(length, key), length);
            } else {
                texts.add(copied(length, key), 0, length);
            }
        }
        return texts.build();
    }

    private void spendNumbers(int count, String key) {
        numbersLeft -= count;
        if (numbersLeft < 0) {
            throw new ModelFileException(
                    file, key, "more numbers", "at most " + MAX_NUMBERS + " in all arrays");
        }
    }

    private boolean flag(String key) {
        byte value = int8(key);
        if (value != 0 && value != 1) {
            throw new ModelFileException(file, key, value, "a boolean, 0 or 1");
        }
        return value == 1;
    }

    private long unsigned(long value, String key) {
        if (value < 0) {
            throw new ModelFileException(
                    file, key, Long.toUnsignedString(value), "at most " + Long.MAX_VALUE);
        }
        return value;
    }

    private long take(int length, String field) {
        if (length > remaining()) {
            throw new ModelFileException(
                    file,
                    field,
                    "the end of the file at byte " + bytes.byteSize(),
                    "at least " + (position + length) + " bytes; the file is cut short");
        }
        long at = position;
        position += length;
        return at;
    }

    /** Where in the window the next bytes are, no more than it has room for. */
    private int near(int length, String field) {
        long at = take(length, field);
        if (at < windowStart || at + length > windowStart + windowLength) {
            windowStart = at;
            windowLength = (int) Math.min(window.length, bytes.byteSize() - at);
            MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, at, window, 0, windowLength);
        }
        return (int) (at - windowStart);
    }

    static String shortened(String name) {
        return name.length() <= 80 ? name : name.substring(0, 80) + "...";
    }
}
