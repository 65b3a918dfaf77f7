package dev.loupe.kernels;

/**
 * Where blocks keep the 16-bit floats and the small integers that their scales and offsets are the
 * products of. {@link Blocks} multiplies them; a {@link Weight} keeps them apart.
 */
final class ScaleBlocks {
    private ScaleBlocks() {}

    /** Whether the groups of a block share a float and have a multiple each. */
    static boolean shared(TensorType type) {
        return type.blockSize() > type.groupSize();
    }

    /** The float of a block's scales or offsets; bfloat16 for MXFP4, else half precision. */
    static short half(CodeRows rows, boolean offsets, int block) {
        return switch (rows.type) {
            case Q4_0, Q5_0, Q8_0, IQ4_NL, IQ4_XS -> rows.half(block, 0);
            case Q4_1, Q5_1 -> rows.half(block, offsets ? 2 : 0);
            // the file has what is subtracted
            case Q4_K, Q5_K -> offsets ? negative(rows.half(block, 2)) : rows.half(block, 0);
            case Q2_K -> offsets ? negative(rows.half(block, 82)) : rows.half(block, 80);
            case Q3_K -> rows.half(block, 108);
            case Q6_K -> rows.half(block, 208);
            case TQ1_0 -> rows.half(block, 52);
            case TQ2_0 -> rows.half(block, 64);
            // a power of two is its own upper half
            case MXFP4 -> {
                float scale = TableBlocks.halfPowerOfTwo(rows.octet(block, 0));
                yield (short) (Float.floatToRawIntBits(scale) >>> 16);
            }
            case F32, F16, BF16 -> throw new IllegalArgumentException(rows.type + " has no scales");
        };
    }

    private static short negative(short half) {
        return (short) (half ^ 0x8000);
    }

    /** What the float of a block is multiplied by for its group {@code g}. */
    static int multiple(CodeRows rows, boolean offsets, int block, int g) {
        return switch (rows.type) {
            case Q4_K, Q5_K -> sixBits(rows, block, offsets ? 8 : 4, offsets, g);
            case Q2_K -> (rows.octet(block, g) >> (offsets ? 4 : 0)) & 0xF;
            case Q3_K -> {
                int low = (rows.octet(block, 96 + g % 8) >> (g / 8 * 4)) & 0xF;
                int high = (rows.octet(block, 104 + g % 4) >> (g / 4 * 2)) & 3;
                yield low + 16 * high - 32;
            }
            case Q6_K -> (byte) rows.octet(block, 192 + g);
            case IQ4_XS -> {
                int low = (rows.octet(block, 4 + g / 2) >> (g % 2 * 4)) & 0xF;
                int high = (rows.octet(block, 2 + g / 4) >> (g % 4 * 2)) & 3;
                yield low + 16 * high - 32;
            }
            case TQ1_0, TQ2_0 -> 1;
            case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4, F32, F16, BF16 ->
                    throw new IllegalArgumentException(rows.type + " has no multiples");
        };
    }

    /** Of the twelve bytes from 4 on: the first four groups have a byte's lower six bits. */
    private static int sixBits(CodeRows rows, int block, int own, boolean upper, int g) {
        if (g < 4) {
            return rows.octet(block, own + g) & 0x3F;
        }
        int low = (rows.octet(block, 8 + g) >> (upper ? 4 : 0)) & 0xF;
        int high = rows.octet(block, own + g - 4) >> 6;
        return low + 16 * high;
    }
}
