package dev.loupe.kernels;

/**
 * Where blocks keep the 16-bit floats and the small integers that their scales and offsets are the
 * products of. {@link Blocks} multiplies them; a {@link Weight} keeps them apart. Throughout, a
 * block begins at {@code raw[at]}, and {@code offsets} asks for offsets instead of scales.
 */
final class ScaleBlocks {
    private ScaleBlocks() {}

    /** Whether the groups of a block share a float and have a multiple each. */
    static boolean shared(TensorType type) {
        return type.blockSize() > type.groupSize();
    }

    /** Whether the floats are bfloat16; elsewhere they have half precision. */
    static boolean brain(TensorType type) {
        return type == TensorType.MXFP4;
    }

    /** The scales or offsets of a block, one for each group. */
    static void unpack(
            TensorType type, byte[] raw, int at, boolean offsets, float[] out, int group) {
        float f = Scales.widen(brain(type), half(type, raw, at, offsets));
        for (int g = 0; g < type.blockSize() / type.groupSize(); g++) {
            out[group + g] = shared(type) ? f * multiple(type, raw, at, offsets, g) : f;
        }
    }

    /** The float that a block's scales or offsets are made of. */
    static short half(TensorType type, byte[] raw, int at, boolean offsets) {
        return switch (type) {
            case Q4_0, Q5_0, Q8_0, IQ4_NL, IQ4_XS -> half(raw, at);
            case Q4_1, Q5_1 -> half(raw, at + (offsets ? 2 : 0));
            // the file has what is subtracted
            case Q4_K, Q5_K -> offsets ? negative(half(raw, at + 2)) : half(raw, at);
            case Q2_K -> offsets ? negative(half(raw, at + 82)) : half(raw, at + 80);
            case Q3_K -> half(raw, at + 108);
            case Q6_K -> half(raw, at + 208);
            case TQ1_0 -> half(raw, at + 52);
            case TQ2_0 -> half(raw, at + 64);
            // a power of two is its own upper half
            case MXFP4 -> {
                float scale = TableBlocks.halfPowerOfTwo(raw[at] & 0xFF);
                yield (short) (Float.floatToRawIntBits(scale) >>> 16);
            }
            case F32, F16, BF16 -> throw new IllegalArgumentException(type + " has no scales");
        };
    }

    /** The sixteen bits at {@code raw[at]}. */
    static short half(byte[] raw, int at) {
        return (short) ((raw[at] & 0xFF) | (raw[at + 1] << 8));
    }

    private static short negative(short half) {
        return (short) (half ^ 0x8000);
    }

    /** What the float of a block is multiplied by for its group {@code g}. */
    static int multiple(TensorType type, byte[] raw, int at, boolean offsets, int g) {
        return switch (type) {
            case Q4_K, Q5_K -> sixBits(raw, at + 4, offsets ? 1 : 0, g);
            case Q2_K -> Blocks.bits(raw[at + g], offsets ? 4 : 0, 4);
            case Q3_K -> {
                int low = Blocks.bits(raw[at + 96 + g % 8], g / 8 * 4, 4);
                int high = Blocks.bits(raw[at + 104 + g % 4], g / 4 * 2, 2);
                yield low + 16 * high - 32;
            }
            case Q6_K -> raw[at + 192 + g];
            case IQ4_XS -> {
                int low = Blocks.bits(raw[at + 4 + g / 2], g % 2 * 4, 4);
                int high = Blocks.bits(raw[at + 2 + g / 4], g % 4 * 2, 2);
                yield low + 16 * high - 32;
            }
            case TQ1_0, TQ2_0 -> 1;
            case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4, F32, F16, BF16 ->
                    throw new IllegalArgumentException(type + " has no multiples");
        };
    }

    /**
     * Four multiples from group {@code g} on, a byte each, the first one lowest. Those of the types
     * that most models have are not taken apart.
     */
    static int fourMultiples(TensorType type, byte[] raw, int at, boolean offsets, int g) {
        return switch (type) {
            case Q4_K, Q5_K -> fourSixBits(raw, at + 4, offsets ? 1 : 0, g);
            case Q6_K -> fourBytes(raw, at + 192 + g);
            default -> {
                int four = 0;
                for (int i = 0; i < 4; i++) {
                    four |= (multiple(type, raw, at, offsets, g + i) & 0xFF) << (8 * i);
                }
                yield four;
            }
        };
    }

    private static int fourBytes(byte[] raw, int at) {
        return pair(half(raw, at), half(raw, at + 2));
    }

    /** Two times sixteen bits side by side. */
    static int pair(short low, short high) {
        return (low & 0xFFFF) | (high << 16);
    }

    /** Scale (or offset, {@code kind} 1) of one of the 8 groups: six bits. */
    static int sixBits(byte[] raw, int at, int kind, int g) {
        return fourSixBits(raw, at, kind, g / 4 * 4) >>> (8 * (g % 4)) & 0xFF;
    }

    /**
     * {@link #sixBits} of the groups from {@code g} on: the first four, or the last, whose bits are
     * split over two bytes.
     */
    private static int fourSixBits(byte[] raw, int at, int kind, int g) {
        int first = fourBytes(raw, at + kind * 4);
        if (g < 4) {
            return first & 0x3F3F3F3F;
        }
        int low = fourBytes(raw, at + 8) >>> (kind * 4) & 0x0F0F0F0F;
        return low | (first >>> 2 & 0x30303030);
    }
}
