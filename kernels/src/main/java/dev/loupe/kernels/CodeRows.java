package dev.loupe.kernels;

import static dev.loupe.kernels.Weight.PANEL;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Stored rows on their way into a panel. The codes of the commonest types are moved eight or four
 * at a time; the others go by way of {@link Blocks}. Loading a model is little else than this, and
 * much of it runs before the JIT compiler has looked at it, so rows are copied to plain arrays
 * first.
 */
abstract sealed class CodeRows {
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    final TensorType type;
    final int cols;
    final int blocks;
    final byte[] raw;

    private CodeRows(TensorType type, int cols) {
        this.type = type;
        this.cols = cols;
        raw = new byte[Math.toIntExact(type.bytes(cols))];
        blocks = cols / type.blockSize();
    }

    static CodeRows of(TensorType type, int cols) {
        return switch (type) {
            case Q4_1, Q4_K -> new Ints(type, cols);
            case Q4_0, Q8_0, Q6_K -> new Shorts(type, cols);
            case Q5_0, Q5_1, Q2_K, Q3_K, Q5_K, IQ4_NL, IQ4_XS, TQ1_0, TQ2_0, MXFP4 ->
                    new Bytes(type, cols);
            case F32, F16, BF16 -> throw new IllegalArgumentException(type + " has no codes");
        };
    }

    /** Takes a row's bytes. */
    void read(MemorySegment row) {
        MemorySegment.copy(row, ValueLayout.JAVA_BYTE, 0, raw, 0, raw.length);
    }

    /** Puts the codes of the row into one lane. */
    abstract void placeCodes(int lane, int[] words);

    /**
     * Puts the floats that scales or offsets are made of into one lane of a panel.
     *
     * @param offsets true for offsets, false for scales
     */
    final void placeFloats(boolean offsets, int lane, int[] panel) {
        for (int block = 0; block < blocks; block++) {
            int half = ScaleBlocks.half(type, raw, block * type.blockBytes(), offsets) & 0xFFFF;
            panel[block / 2 * PANEL + lane] |= half << (block % 2 * 16);
        }
    }

    /** Puts the integers that these floats are multiplied by into one lane of a panel. */
    final void placeMultiples(boolean offsets, int lane, int[] panel) {
        int each = type.blockSize() / type.groupSize();
        for (int block = 0; block < blocks; block++) {
            int at = block * type.blockBytes();
            for (int g = 0; g < each; g += 4) {
                panel[(block * each + g) / 4 * PANEL + lane] =
                        ScaleBlocks.fourMultiples(type, raw, at, offsets, g);
            }
        }
    }

    /** The low four bits of eight bytes, side by side. */
    private static int nibbles(int first, int second) {
        return lowNibbles(first) | (lowNibbles(second) << 16);
    }

    private static int lowNibbles(int bytes) {
        int low = bytes & 0x0F0F0F0F;
        int pairs = (low | (low >>> 4)) & 0x00FF00FF;
        return (pairs | (pairs >>> 8)) & 0xFFFF;
    }

    /** Sixteen bytes hold 32 codes: the first sixteen in their low bits, the others above. */
    private static void block(int a, int b, int c, int d, int[] words, int at) {
        words[at] = nibbles(a, b);
        words[at + PANEL] = nibbles(c, d);
        words[at + 2 * PANEL] = nibbles(a >>> 4, b >>> 4);
        words[at + 3 * PANEL] = nibbles(c >>> 4, d >>> 4);
    }

    /**
     * Blocks of whole ints: five for Q4_1 (scale and offset first), 36 for Q4_K (four of scales).
     */
    private static final class Ints extends CodeRows {
        private final int[] ints;

        Ints(TensorType type, int cols) {
            super(type, cols);
            ints = new int[Math.toIntExact(type.bytes(cols) / 4)];
        }

        @Override
        void read(MemorySegment row) {
            super.read(row);
            MemorySegment.copy(row, INT, 0, ints, 0, ints.length);
        }

        @Override
        void placeCodes(int lane, int[] words) {
            if (type == TensorType.Q4_1) {
                for (int b = 0; b < blocks; b++) {
                    int r = 5 * b + 1;
                    int at = b * 4 * PANEL + lane;
                    block(ints[r], ints[r + 1], ints[r + 2], ints[r + 3], words, at);
                }
            } else {
                for (int b = 0; b < blocks; b++) {
                    placeK(36 * b + 4, b * 32 * PANEL + lane, words);
                }
            }
        }

        /** 64 codes in every eight ints: the low bits of 32 bytes, then the high ones. */
        private void placeK(int from, int to, int[] words) {
            for (int pair = 0; pair < 4; pair++) {
                int r = from + pair * 8;
                int at = to + pair * 8 * PANEL;
                for (int i = 0; i < 4; i++) {
                    int a = ints[r + 2 * i];
                    int b = ints[r + 2 * i + 1];
                    words[at + i * PANEL] = nibbles(a, b);
                    words[at + (i + 4) * PANEL] = nibbles(a >>> 4, b >>> 4);
                }
            }
        }
    }

    /** Four bytes of six bits side by side. */
    private static int sixes(int bytes) {
        int pairs = (bytes & 0x003F003F) | ((bytes >>> 2) & 0x0FC00FC0);
        return (pairs & 0xFFF) | ((pairs >>> 4) & 0xFFF000);
    }

    /** Blocks of whole shorts: a scale and eight or sixteen of codes, or those of Q6_K. */
    private static final class Shorts extends CodeRows {
        private final short[] shorts;
        private final int each;

        Shorts(TensorType type, int cols) {
            super(type, cols);
            shorts = new short[Math.toIntExact(type.bytes(cols) / 2)];
            each = type.blockBytes() / 2;
        }

        @Override
        void read(MemorySegment row) {
            super.read(row);
            MemorySegment.copy(row, SHORT, 0, shorts, 0, shorts.length);
        }

        @Override
        void placeCodes(int lane, int[] words) {
            for (int b = 0; b < blocks; b++) {
                switch (type) {
                    case Q4_0 -> placeFours(each * b + 1, b * 4 * PANEL + lane, words);
                    case Q8_0 -> placeEights(each * b + 1, b * 8 * PANEL + lane, words);
                    default -> placeK(each * b, b * 48 * PANEL + lane, words);
                }
            }
        }

        private int four(int r) {
            return ScaleBlocks.pair(shorts[r], shorts[r + 1]);
        }

        private void placeFours(int r, int at, int[] words) {
            block(four(r), four(r + 2), four(r + 4), four(r + 6), words, at);
        }

        private void placeEights(int r, int at, int[] words) {
            for (int i = 0; i < 8; i++) {
                // the other highest bit: from signed bytes to 128 and more
                words[at + i * PANEL] = four(r + 2 * i) ^ 0x80808080;
            }
        }

        /**
         * Twice 128 codes: quarters of 32 share 64 bytes of low bits, two nibbles to a byte, and 32
         * bytes of high ones, four pairs to a byte.
         */
        private void placeK(int r, int at, int[] words) {
            for (int run = 0; run < 16; run++) {
                int half = run / 8;
                int quarter = run % 8 / 2;
                int low = r + half * 32 + quarter % 2 * 16 + run % 2 * 8;
                int high = r + 64 + half * 16 + run % 2 * 8;
                int a = six(low, high, quarter);
                int b = six(low + 2, high + 2, quarter);
                int c = six(low + 4, high + 4, quarter);
                int d = six(low + 6, high + 6, quarter);
                int to = at + run * 3 * PANEL;
                // as SIX_BITS has it: the last four are spread over the upper ends
                words[to] = sixes(a) | ((d & 0x3F) << 24) | (d >>> 24 << 30);
                words[to + PANEL] = sixes(b) | ((d >>> 8 & 0x3F) << 24) | (d >>> 26 << 30);
                words[to + 2 * PANEL] = sixes(c) | ((d >>> 16 & 0x3F) << 24) | (d >>> 28 << 30);
            }
        }

        /** Four neighbours of a quarter, a byte each. */
        private int six(int low, int high, int quarter) {
            int nibbles = four(low) >>> (quarter / 2 * 4) & 0x0F0F0F0F;
            int pairs = four(high) >>> (quarter * 2) & 0x03030303;
            return nibbles | (pairs << 4);
        }
    }

    /** Any other type, a byte a code. */
    private static final class Bytes extends CodeRows {
        private final byte[] codes;
        private final Coding coding;
        private final int zero;

        Bytes(TensorType type, int cols) {
            super(type, cols);
            codes = new byte[cols];
            coding = Packing.coding(type);
            zero = Packing.zero(type);
        }

        @Override
        void read(MemorySegment row) {
            super.read(row);
            Blocks.unpackCodes(type, raw, cols, codes);
            if (zero != 0) {
                for (int k = 0; k < cols; k++) {
                    codes[k] += (byte) zero;
                }
            }
        }

        @Override
        void placeCodes(int lane, int[] words) {
            coding.put(words, lane, codes, cols);
        }
    }
}
