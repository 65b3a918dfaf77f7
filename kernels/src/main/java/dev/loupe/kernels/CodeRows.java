package dev.loupe.kernels;

import static dev.loupe.kernels.Weight.PANEL;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Stored rows on their way into a panel. Most rows of a model are of four types, whose codes can be
 * moved eight or four at a time; the others go by way of {@link Blocks#unpack}. Loading a model is
 * little else than this, and much of it runs before the JIT compiler has looked at it, so rows are
 * copied to plain arrays first.
 */
abstract sealed class CodeRows {
    final int cols;
    final float[] scales;
    final float[] offsets;

    private CodeRows(TensorType type, int cols) {
        this.cols = cols;
        scales = new float[cols / type.groupSize()];
        offsets = new float[scales.length];
    }

    static CodeRows of(TensorType type, int cols) {
        return switch (type) {
            case Q4_1 -> new Q41(cols);
            case Q4_0 -> new Q40(cols);
            case Q4_K -> new Q4K(cols);
            case Q8_0 -> new Q80(cols);
            case Q5_0, Q5_1, Q2_K, Q3_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, TQ1_0, TQ2_0, MXFP4 ->
                    new AnyBytes(type, cols);
            case F32, F16, BF16 -> throw new IllegalArgumentException(type + " has no codes");
        };
    }

    /** Takes a row's bytes. */
    abstract void read(MemorySegment row);

    /** Puts the codes of the row into one lane. */
    abstract void placeCodes(int lane, int[] words);

    /** Puts all of the row into one lane of a panel; a panel without offsets has an empty array. */
    final void place(int lane, int[] words, float[] panelScales, float[] panelOffsets) {
        placeCodes(lane, words);
        for (int g = 0; g < scales.length; g++) {
            panelScales[g * PANEL + lane] = scales[g];
        }
        if (panelOffsets.length > 0) {
            for (int g = 0; g < scales.length; g++) {
                panelOffsets[g * PANEL + lane] = offsets[g];
            }
        }
    }

    /** Refuses scales that are not finite. */
    final void check(String name, int row) {
        NonFiniteException.check(scales, scales.length, name, row);
        NonFiniteException.check(offsets, offsets.length, name, row);
    }

    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static int[] ints(TensorType type, int cols) {
        return new int[Math.toIntExact(type.bytes(cols) / 4)];
    }

    private static short[] shorts(TensorType type, int cols) {
        return new short[Math.toIntExact(type.bytes(cols) / 2)];
    }

    private static void copy(MemorySegment row, int[] raw) {
        MemorySegment.copy(row, INT, 0, raw, 0, raw.length);
    }

    private static void copy(MemorySegment row, short[] raw) {
        MemorySegment.copy(row, SHORT, 0, raw, 0, raw.length);
    }

    private static int pair(short low, short high) {
        return (low & 0xFFFF) | (high << 16);
    }

    /** The low four bits of eight bytes, side by side. */
    private static int nibbles(int first, int second) {
        return half(first) | (half(second) << 16);
    }

    private static int half(int bytes) {
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

    /** Five ints a block: scale and offset as halves, and 32 codes. */
    private static final class Q41 extends CodeRows {
        private final int[] raw;

        Q41(int cols) {
            super(TensorType.Q4_1, cols);
            raw = ints(TensorType.Q4_1, cols);
        }

        @Override
        void read(MemorySegment row) {
            copy(row, raw);
            for (int g = 0; g < scales.length; g++) {
                int both = raw[5 * g];
                scales[g] = Float.float16ToFloat((short) both);
                offsets[g] = Float.float16ToFloat((short) (both >> 16));
            }
        }

        @Override
        void placeCodes(int lane, int[] words) {
            for (int g = 0; g < scales.length; g++) {
                int r = 5 * g + 1;
                int at = g * 4 * PANEL + lane;
                block(raw[r], raw[r + 1], raw[r + 2], raw[r + 3], words, at);
            }
        }
    }

    /** Nine shorts a block: the scale, and 32 codes that stand for -8 .. 7. */
    private static final class Q40 extends CodeRows {
        private final short[] raw;

        Q40(int cols) {
            super(TensorType.Q4_0, cols);
            raw = shorts(TensorType.Q4_0, cols);
        }

        @Override
        void read(MemorySegment row) {
            copy(row, raw);
            for (int g = 0; g < scales.length; g++) {
                scales[g] = Float.float16ToFloat(raw[9 * g]);
                // exact: eight times a half is a float
                offsets[g] = -8 * scales[g];
            }
        }

        @Override
        void placeCodes(int lane, int[] words) {
            for (int g = 0; g < scales.length; g++) {
                int r = 9 * g + 1;
                block(
                        pair(raw[r], raw[r + 1]),
                        pair(raw[r + 2], raw[r + 3]),
                        pair(raw[r + 4], raw[r + 5]),
                        pair(raw[r + 6], raw[r + 7]),
                        words,
                        g * 4 * PANEL + lane);
            }
        }
    }

    /** Four ints of scales, then 32 ints: 64 codes in every eight. */
    private static final class Q4K extends CodeRows {
        private static final int INTS = 36;
        private final int[] raw;
        private final byte[] unused;

        Q4K(int cols) {
            super(TensorType.Q4_K, cols);
            raw = ints(TensorType.Q4_K, cols);
            unused = new byte[cols];
        }

        @Override
        void read(MemorySegment row) {
            copy(row, raw);
            Blocks.unpack(TensorType.Q4_K, row, 0, cols, unused, scales, offsets);
        }

        @Override
        void placeCodes(int lane, int[] words) {
            for (int pair = 0; pair < scales.length / 2; pair++) {
                int r = pair / 4 * INTS + 4 + pair % 4 * 8;
                int at = pair * 8 * PANEL + lane;
                for (int i = 0; i < 4; i++) {
                    int a = raw[r + 2 * i];
                    int b = raw[r + 2 * i + 1];
                    words[at + i * PANEL] = nibbles(a, b);
                    words[at + (i + 4) * PANEL] = nibbles(a >>> 4, b >>> 4);
                }
            }
        }
    }

    /** Seventeen shorts a block: the scale, and 32 signed bytes. */
    private static final class Q80 extends CodeRows {
        private final short[] raw;

        Q80(int cols) {
            super(TensorType.Q8_0, cols);
            raw = shorts(TensorType.Q8_0, cols);
        }

        @Override
        void read(MemorySegment row) {
            copy(row, raw);
            for (int g = 0; g < scales.length; g++) {
                scales[g] = Float.float16ToFloat(raw[17 * g]);
            }
        }

        @Override
        void placeCodes(int lane, int[] words) {
            for (int g = 0; g < scales.length; g++) {
                for (int i = 0; i < 8; i++) {
                    int r = 17 * g + 1 + 2 * i;
                    words[(g * 8 + i) * PANEL + lane] = pair(raw[r], raw[r + 1]);
                }
            }
        }
    }

    /** Any other type, a byte a code. */
    private static final class AnyBytes extends CodeRows {
        private final TensorType type;
        private final byte[] codes;

        AnyBytes(TensorType type, int cols) {
            super(type, cols);
            this.type = type;
            codes = new byte[cols];
        }

        @Override
        void read(MemorySegment row) {
            Blocks.unpack(type, row, 0, cols, codes, scales, offsets);
        }

        @Override
        void placeCodes(int lane, int[] words) {
            for (int k = 0; k < cols; k += 4) {
                words[k / 4 * PANEL + lane] =
                        (codes[k] & 0xFF)
                                | ((codes[k + 1] & 0xFF) << 8)
                                | ((codes[k + 2] & 0xFF) << 16)
                                | (codes[k + 3] << 24);
            }
        }
    }
}
