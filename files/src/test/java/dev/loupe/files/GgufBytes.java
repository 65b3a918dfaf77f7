package dev.loupe.files;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Writes GGUF files byte by byte, right ones and wrong ones, without the code under test. Tensors
 * are placed one after the other, and the data section is the floats 1, 2, 3, ...
 */
final class GgufBytes {
    private final List<byte[]> keys = new ArrayList<>();
    private final List<byte[]> tensors = new ArrayList<>();
    private int version = 3;
    private int alignment = 32;
    private long keyCountMore;
    private long tensorCountMore;
    private long nextOffset;
    private int cut;
    private long dataBytes;

    GgufBytes version(int value) {
        version = value;
        return this;
    }

    GgufBytes alignment(int value) {
        alignment = value;
        return key("general.alignment", 4, int32(value));
    }

    /** Adds to the counts that the header claims. */
    GgufBytes claiming(long moreKeys, long moreTensors) {
        keyCountMore = moreKeys;
        tensorCountMore = moreTensors;
        return this;
    }

    /** Leaves the last bytes of the file out. */
    GgufBytes cut(int bytes) {
        cut = bytes;
        return this;
    }

    GgufBytes key(String name, int type, byte[]... value) {
        return key(text(name), type, value);
    }

    GgufBytes key(byte[] name, int type, byte[]... value) {
        keys.add(join(name, int32(type), join(value)));
        return this;
    }

    /** An array that claims a count, whatever bytes follow. */
    GgufBytes array(String name, int elementType, long count, byte[]... values) {
        return key(name, 9, int32(elementType), int64(count), join(values));
    }

    /** A tensor with dimensions as GGUF orders them: the innermost first. */
    GgufBytes tensor(String name, int type, long... dimensions) {
        long bytes = 4;
        for (long side : dimensions) {
            bytes *= side;
        }
        GgufBytes same = tensorAt(name, type, nextOffset, dimensions);
        dataBytes = nextOffset + bytes;
        nextOffset = (dataBytes + alignment - 1) / alignment * alignment;
        return same;
    }

    GgufBytes tensorAt(String name, int type, long offset, long... dimensions) {
        byte[] sides = new byte[0];
        for (long side : dimensions) {
            sides = join(sides, int64(side));
        }
        tensors.add(join(text(name), int32(dimensions.length), sides, int32(type), int64(offset)));
        return this;
    }

    GgufBytes everyType() {
        return key("u8", 0, new byte[] {-1})
                .key("i8", 1, new byte[] {-1})
                .key("u16", 2, new byte[] {-1, -1})
                .key("i16", 3, new byte[] {-1, -1})
                .key("u32", 4, int32(-1))
                .key("i32", 5, int32(-1))
                .key("f32", 6, int32(Float.floatToIntBits(0.1f)))
                .key("bool", 7, new byte[] {1})
                .key("string", 8, text("grüße\n"))
                .key("u64", 10, int64(Long.MAX_VALUE))
                .key("i64", 11, int64(Long.MIN_VALUE))
                .key("f64", 12, int64(Double.doubleToLongBits(0.1)))
                .array("strings", 8, 3, text("a"), text(""), text("ß"))
                .array("u8s", 0, 2, new byte[] {1, -1})
                .array("f32s", 6, 1, int32(Float.floatToIntBits(0.5f)))
                .array("bools", 7, 2, new byte[] {0, 1});
    }

    byte[] bytes() {
        byte[] header =
                join(
                        "GGUF".getBytes(StandardCharsets.US_ASCII),
                        int32(version),
                        int64(tensors.size() + tensorCountMore),
                        int64(keys.size() + keyCountMore),
                        join(keys.toArray(byte[][]::new)),
                        join(tensors.toArray(byte[][]::new)));
        int pad = alignment <= 0 ? 0 : Math.floorMod(-header.length, Math.min(alignment, 65536));
        ByteBuffer data =
                ByteBuffer.allocate((int) (dataBytes + 3) / 4 * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; data.hasRemaining(); i++) {
            data.putFloat(i + 1f);
        }
        byte[] all = join(header, new byte[pad], data.array());
        return Arrays.copyOf(all, all.length - cut);
    }

    Path in(Path folder) {
        return write(folder.resolve("test.gguf"), bytes());
    }

    static Path write(Path file, byte[] bytes) {
        try {
            return Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return join(int64(utf8.length), utf8);
    }

    static byte[] int32(int value) {
        return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
    }

    static byte[] int64(long value) {
        return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
