package dev.loupe.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Stored numbers, taken apart and put together. Every quantised type of ggml comes down to one
 * formula: a number is {@code scale * code + offset}, where the code is a small integer of its own
 * and 16 or 32 neighbours in a row ({@link TensorType#groupSize()}) share scale and offset. The
 * types differ in how many bits a code has and in how tightly scales and offsets are packed.
 *
 * <p>Layouts are those of the GGUF specification and ggml's {@code ggml-common.h}; all little
 * endian. A call reads or writes one run of whole blocks, a row say.
 */
public final class Blocks {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /**
     * Numbers that {@link #decode} takes apart at a time; a whole number of every type's blocks.
     */
    private static final int CHUNK = 256;

    private Blocks() {}

    /**
     * Takes quantised blocks apart into codes, scales and offsets, with {@code number[i] ==
     * scales[i / groupSize] * codes[i] + offsets[i / groupSize]} in float arithmetic. A type
     * without offsets ({@link TensorType#hasOffsets()}) gives zeros.
     *
     * @param source holds the blocks from {@code byteOffset} on
     * @param elements how many numbers, a whole number of blocks
     * @param codes receives {@code elements} codes; each type's codes fit a signed byte
     * @param scales receives {@code elements / type.groupSize()} scales
     * @param offsets receives as many offsets
     * @throws IllegalArgumentException if the type is not quantised, or elements do not fill blocks
     * @throws IndexOutOfBoundsException if the source or an array is too short
     */
    public static void unpack(
            TensorType type,
            MemorySegment source,
            long byteOffset,
            int elements,
            byte[] codes,
            float[] scales,
            float[] offsets) {
        if (!type.quantised()) {
            throw new IllegalArgumentException(type + " has no codes; decode it to floats");
        }
        byte[] raw = bytes(type, source, byteOffset, elements);
        unpackCodes(type, raw, elements, codes);
        int groupsPerBlock = type.blockSize() / type.groupSize();
        for (int block = 0; block < elements / type.blockSize(); block++) {
            int at = block * type.blockBytes();
            int group = block * groupsPerBlock;
            ScaleBlocks.unpack(type, raw, at, false, scales, group);
            if (type.hasOffsets()) {
                ScaleBlocks.unpack(type, raw, at, true, offsets, group);
            } else {
                Arrays.fill(offsets, group, group + groupsPerBlock, 0f);
            }
        }
    }

    /** The codes alone of quantised blocks, which begin at {@code raw[0]}. */
    static void unpackCodes(TensorType type, byte[] raw, int elements, byte[] codes) {
        for (int block = 0; block < elements / type.blockSize(); block++) {
            int at = block * type.blockBytes();
            int to = block * type.blockSize();
            switch (type) {
                case Q4_0 -> LegacyBlocks.q4x0(raw, at, codes, to);
                case Q4_1 -> LegacyBlocks.q4x1(raw, at, codes, to);
                case Q5_0 -> LegacyBlocks.q5x0(raw, at, codes, to);
                case Q5_1 -> LegacyBlocks.q5x1(raw, at, codes, to);
                case Q8_0 -> LegacyBlocks.q8x0(raw, at, codes, to);
                case Q2_K -> KBlocks.q2(raw, at, codes, to);
                case Q3_K -> KBlocks.q3(raw, at, codes, to);
                case Q4_K -> KBlocks.q4(raw, at, codes, to);
                case Q5_K -> KBlocks.q5(raw, at, codes, to);
                case Q6_K -> KBlocks.q6(raw, at, codes, to);
                case IQ4_NL -> TableBlocks.iq4nl(raw, at, codes, to);
                case IQ4_XS -> TableBlocks.iq4xs(raw, at, codes, to);
                case MXFP4 -> TableBlocks.mxfp4(raw, at, codes, to);
                case TQ1_0 -> TernaryBlocks.tq1(raw, at, codes, to);
                case TQ2_0 -> TernaryBlocks.tq2(raw, at, codes, to);
                case F32, F16, BF16 -> throw new AssertionError(type);
            }
        }
    }

    /**
     * Decodes stored numbers of any type to floats.
     *
     * @param source holds the numbers from {@code byteOffset} on
     * @param elements how many numbers, a whole number of blocks
     * @param out receives them from {@code outOffset} on
     * @throws IllegalArgumentException if elements do not fill blocks
     * @throws IndexOutOfBoundsException if the source or the array is too short
     */
    public static void decode(
            TensorType type,
            MemorySegment source,
            long byteOffset,
            int elements,
            float[] out,
            int outOffset) {
        long bytes = type.bytes(elements);
        switch (type) {
            case F32 -> MemorySegment.copy(source, FLOAT, byteOffset, out, outOffset, elements);
            case F16 -> {
                MemorySegment halves = source.asSlice(byteOffset, bytes);
                for (int i = 0; i < elements; i++) {
                    out[outOffset + i] = Float.float16ToFloat(halves.get(SHORT, 2L * i));
                }
            }
            case BF16 -> {
                MemorySegment tops = source.asSlice(byteOffset, bytes);
                for (int i = 0; i < elements; i++) {
                    out[outOffset + i] = Float.intBitsToFloat(tops.get(SHORT, 2L * i) << 16);
                }
            }
            case Q4_0,
                    Q4_1,
                    Q5_0,
                    Q5_1,
                    Q8_0,
                    Q2_K,
                    Q3_K,
                    Q4_K,
                    Q5_K,
                    Q6_K,
                    IQ4_NL,
                    IQ4_XS,
                    TQ1_0,
                    TQ2_0,
                    MXFP4 ->
                    decodeCodes(type, source, byteOffset, elements, out, outOffset);
        }
    }

    private static void decodeCodes(
            TensorType type, MemorySegment source, long from, int elements, float[] out, int to) {
        int size = type.groupSize();
        byte[] codes = new byte[CHUNK];
        float[] scales = new float[CHUNK / size];
        float[] offsets = new float[CHUNK / size];
        for (int done = 0; done < elements; done += CHUNK) {
            int count = Math.min(CHUNK, elements - done);
            unpack(type, source, from + type.bytes(done), count, codes, scales, offsets);
            for (int i = 0; i < count; i++) {
                float scaled = scales[i / size] * codes[i];
                // adding a zero would turn -0 into 0
                out[to + done + i] = type.hasOffsets() ? scaled + offsets[i / size] : scaled;
            }
        }
    }

    /** True for the types that {@link #encode} writes. */
    public static boolean encodes(TensorType type) {
        return switch (type) {
            case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K -> true;
            case Q2_K, Q3_K, IQ4_NL, IQ4_XS, TQ1_0, TQ2_0, MXFP4 -> false;
        };
    }

    /**
     * Stores floats as a type: rounds to the nearest float of fewer bits, or chooses scales and
     * codes that come close to the numbers ({@link LegacyEncoder}, {@link KEncoder}).
     *
     * @param row holds the numbers from {@code offset} on
     * @param elements how many numbers, a whole number of blocks
     * @param target receives {@code type.bytes(elements)} bytes from {@code byteOffset} on
     * @throws IllegalArgumentException if the type is not among those that {@link #encodes}, the
     *     elements do not fill blocks, or a number is not finite or too large for the type
     * @throws IndexOutOfBoundsException if the array or the target is too short
     */
    public static void encode(
            TensorType type,
            float[] row,
            int offset,
            int elements,
            MemorySegment target,
            long byteOffset) {
        MemorySegment stored = target.asSlice(byteOffset, type.bytes(elements));
        if (!encodes(type)) {
            throw new IllegalArgumentException(type + " can be read but not written");
        }
        if (type == TensorType.F32) {
            MemorySegment.copy(row, offset, stored, FLOAT, 0, elements);
            return;
        }
        requireFinite(row, offset, elements);
        byte[] raw = new byte[Math.toIntExact(stored.byteSize())];
        KEncoder ofK = new KEncoder();
        for (int block = 0; block < elements / type.blockSize(); block++) {
            int at = block * type.blockBytes();
            int from = offset + block * type.blockSize();
            switch (type) {
                case F16 -> putHalf(raw, at, row[from]);
                case BF16 -> putTopHalf(raw, at, row[from]);
                case Q4_0 -> LegacyEncoder.q4x0(row, from, raw, at);
                case Q4_1 -> LegacyEncoder.q4x1(row, from, raw, at);
                case Q5_0 -> LegacyEncoder.q5x0(row, from, raw, at);
                case Q5_1 -> LegacyEncoder.q5x1(row, from, raw, at);
                case Q8_0 -> LegacyEncoder.q8x0(row, from, raw, at);
                case Q4_K -> ofK.q4(row, from, raw, at);
                case Q5_K -> ofK.q5(row, from, raw, at);
                case Q6_K -> ofK.q6(row, from, raw, at);
                case F32, Q2_K, Q3_K, IQ4_NL, IQ4_XS, TQ1_0, TQ2_0, MXFP4 ->
                        throw new AssertionError(type);
            }
        }
        MemorySegment.copy(raw, 0, stored, ValueLayout.JAVA_BYTE, 0, raw.length);
    }

    private static void requireFinite(float[] row, int offset, int elements) {
        for (int i = 0; i < elements; i++) {
            if (!Float.isFinite(row[offset + i])) {
                throw new IllegalArgumentException("number " + i + " is " + row[offset + i]);
            }
        }
    }

    /**
     * Rounds to half precision.
     *
     * @throws IllegalArgumentException if the number is larger than 65,504, a half's limit
     */
    static void putHalf(byte[] raw, int at, float value) {
        short half = Float.floatToFloat16(value);
        if ((half & 0x7C00) == 0x7C00) {
            throw new IllegalArgumentException(
                    value + " is too large for a number of 16 bits (at most 65504)");
        }
        put16(raw, at, half);
    }

    /** The upper 16 bits of a float, rounded to nearest and ties to even. */
    private static void putTopHalf(byte[] raw, int at, float value) {
        int bits = Float.floatToRawIntBits(value);
        int rounded = (bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16;
        if ((rounded & 0x7F80) == 0x7F80) {
            throw new IllegalArgumentException(value + " is too large for BF16");
        }
        put16(raw, at, rounded);
    }

    private static void put16(byte[] raw, int at, int value) {
        raw[at] = (byte) value;
        raw[at + 1] = (byte) (value >> 8);
    }

    /** Sets bits that were zero, from bit {@code from} up. */
    static void putBits(byte[] raw, int at, int from, int value) {
        raw[at] |= (byte) (value << from);
    }

    /** The nearest integer, halves to even, within bounds. */
    static int code(float value, int least, int most) {
        return Math.clamp((int) Math.rint(value), least, most);
    }

    private static byte[] bytes(TensorType type, MemorySegment source, long from, int elements) {
        byte[] raw = new byte[Math.toIntExact(type.bytes(elements))];
        MemorySegment.copy(source, ValueLayout.JAVA_BYTE, from, raw, 0, raw.length);
        return raw;
    }

    /** {@code count} bits of a byte, from bit {@code from} up. */
    static int bits(byte value, int from, int count) {
        return (value >> from) & ((1 << count) - 1);
    }

    /** The half-precision number at {@code raw[at]}. */
    static float half(byte[] raw, int at) {
        return Float.float16ToFloat(ScaleBlocks.half(raw, at));
    }
}
