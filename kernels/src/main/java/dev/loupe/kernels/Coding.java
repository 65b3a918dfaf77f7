package dev.loupe.kernels;

import static dev.loupe.kernels.Weight.PANEL;

import java.util.Arrays;

/**
 * How codes without a sign lie in the ints of a panel, lane by lane. A code is used where it lies:
 * code {@code u} that stands {@code s} bits up is the integer {@code u * 2^s} once its neighbours
 * are masked out, and counts times an input that was divided by {@code 2^s}. So unpacking a vector
 * of weights takes two instructions, a mask and a conversion to float.
 *
 * <p>What stands highest is shifted down instead, since as an int its place is the sign's. Codes of
 * five and six bits do not fill an int; the two bits that each int has left over hold the last
 * codes of the run.
 */
public enum Coding {
    /** Eight codes in an int. */
    FOUR_BITS(4, 8) {
        @Override
        int at(int[] words, int first, int i) {
            return (words[first] >>> (4 * i)) & 0xF;
        }

        @Override
        int used(int i) {
            return i < 7 ? 4 * i : 0;
        }

        @Override
        void unpack(int[] words, int first, Steps steps, float[] out, int to) {
            int zero = steps.zero();
            float[] scales = steps.scales();
            float[] offsets = steps.offsets();
            for (int lane = 0; lane < PANEL; lane++) {
                int word = words[first + lane];
                float scale = scales[lane];
                float offset = offsets[lane];
                int at = to + lane;
                out[at] = scale * ((word & 0xF) - zero) + offset;
                out[at + PANEL] = scale * (((word >>> 4) & 0xF) - zero) + offset;
                out[at + 2 * PANEL] = scale * (((word >>> 8) & 0xF) - zero) + offset;
                out[at + 3 * PANEL] = scale * (((word >>> 12) & 0xF) - zero) + offset;
                out[at + 4 * PANEL] = scale * (((word >>> 16) & 0xF) - zero) + offset;
                out[at + 5 * PANEL] = scale * (((word >>> 20) & 0xF) - zero) + offset;
                out[at + 6 * PANEL] = scale * (((word >>> 24) & 0xF) - zero) + offset;
                out[at + 7 * PANEL] = scale * ((word >>> 28) - zero) + offset;
            }
        }

        @Override
        void putRun(int[] words, int first, byte[] codes, int from) {
            int word = 0;
            for (int i = 0; i < 8; i++) {
                word |= codes[from + i] << (4 * i);
            }
            words[first] = word;
        }
    },

    /**
     * Thirty-two codes in five ints: six in each, from bit {@code 5 i} up; the last two are made of
     * the bits 30 and 31 of the five, lowest first.
     */
    FIVE_BITS(5, 32) {
        @Override
        int at(int[] words, int first, int i) {
            return i < 30
                    ? (words[first + i / 6 * PANEL] >>> (5 * (i % 6))) & 0x1F
                    : (leftOver(words, first, 5) >>> (5 * (i - 30))) & 0x1F;
        }

        @Override
        int used(int i) {
            if (i == 31) {
                return 0;
            }
            // the ten bits that are left over are gathered at the top
            return i < 30 ? 5 * (i % 6) : 22;
        }

        @Override
        void unpack(int[] words, int first, Steps steps, float[] out, int to) {
            int zero = steps.zero();
            float[] scales = steps.scales();
            float[] offsets = steps.offsets();
            for (int w = 0; w < 5; w++) {
                for (int lane = 0; lane < PANEL; lane++) {
                    int word = words[first + w * PANEL + lane];
                    float scale = scales[lane];
                    float offset = offsets[lane];
                    int at = to + 6 * w * PANEL + lane;
                    out[at] = scale * ((word & 0x1F) - zero) + offset;
                    out[at + PANEL] = scale * (((word >>> 5) & 0x1F) - zero) + offset;
                    out[at + 2 * PANEL] = scale * (((word >>> 10) & 0x1F) - zero) + offset;
                    out[at + 3 * PANEL] = scale * (((word >>> 15) & 0x1F) - zero) + offset;
                    out[at + 4 * PANEL] = scale * (((word >>> 20) & 0x1F) - zero) + offset;
                    out[at + 5 * PANEL] = scale * (((word >>> 25) & 0x1F) - zero) + offset;
                }
            }
            for (int lane = 0; lane < PANEL; lane++) {
                int last = leftOver(words, first + lane, 5);
                float scale = scales[lane];
                float offset = offsets[lane];
                out[to + 30 * PANEL + lane] = scale * ((last & 0x1F) - zero) + offset;
                out[to + 31 * PANEL + lane] = scale * ((last >>> 5) - zero) + offset;
            }
        }

        @Override
        void putRun(int[] words, int first, byte[] codes, int from) {
            int last = codes[from + 30] | (codes[from + 31] << 5);
            for (int w = 0; w < 5; w++) {
                int c = from + 6 * w;
                words[first + w * PANEL] =
                        codes[c]
                                | (codes[c + 1] << 5)
                                | (codes[c + 2] << 10)
                                | (codes[c + 3] << 15)
                                | (codes[c + 4] << 20)
                                | (codes[c + 5] << 25)
                                | (last >>> (2 * w) << 30);
            }
        }
    },

    /**
     * Sixteen codes in three ints: four in each, from bit {@code 6 i} up; the next three are the
     * bits 24 to 29 of the three, and the last one is made of the bits 30 and 31, lowest first.
     */
    SIX_BITS(6, 16) {
        @Override
        int at(int[] words, int first, int i) {
            if (i == 15) {
                return leftOver(words, first, 3);
            }
            int word = i < 12 ? i / 4 : i - 12;
            int place = i < 12 ? i % 4 : 4;
            return (words[first + word * PANEL] >>> (6 * place)) & 0x3F;
        }

        @Override
        int used(int i) {
            if (i == 15) {
                return 0;
            }
            // what is above bit 23 is gathered, int after int, in the upper 24 bits of one
            return i < 12 ? 6 * (i % 4) : 8 * (i - 11);
        }

        @Override
        void unpack(int[] words, int first, Steps steps, float[] out, int to) {
            int zero = steps.zero();
            float[] scales = steps.scales();
            float[] offsets = steps.offsets();
            for (int w = 0; w < 3; w++) {
                for (int lane = 0; lane < PANEL; lane++) {
                    int word = words[first + w * PANEL + lane];
                    float scale = scales[lane];
                    float offset = offsets[lane];
                    int at = to + 4 * w * PANEL + lane;
                    out[at] = scale * ((word & 0x3F) - zero) + offset;
                    out[at + PANEL] = scale * (((word >>> 6) & 0x3F) - zero) + offset;
                    out[at + 2 * PANEL] = scale * (((word >>> 12) & 0x3F) - zero) + offset;
                    out[at + 3 * PANEL] = scale * (((word >>> 18) & 0x3F) - zero) + offset;
                    out[to + (12 + w) * PANEL + lane] =
                            scale * (((word >>> 24) & 0x3F) - zero) + offset;
                }
            }
            for (int lane = 0; lane < PANEL; lane++) {
                float scale = scales[lane];
                float offset = offsets[lane];
                out[to + 15 * PANEL + lane] =
                        scale * (leftOver(words, first + lane, 3) - zero) + offset;
            }
        }

        @Override
        void putRun(int[] words, int first, byte[] codes, int from) {
            int last = codes[from + 15];
            for (int w = 0; w < 3; w++) {
                int c = from + 4 * w;
                words[first + w * PANEL] =
                        codes[c]
                                | (codes[c + 1] << 6)
                                | (codes[c + 2] << 12)
                                | (codes[c + 3] << 18)
                                | (codes[from + 12 + w] << 24)
                                | (last >>> (2 * w) << 30);
            }
        }
    },

    /** Four codes in an int. */
    EIGHT_BITS(8, 4) {
        @Override
        int at(int[] words, int first, int i) {
            return (words[first] >>> (8 * i)) & 0xFF;
        }

        @Override
        int used(int i) {
            return i < 3 ? 8 * i : 0;
        }

        @Override
        void unpack(int[] words, int first, Steps steps, float[] out, int to) {
            int zero = steps.zero();
            float[] scales = steps.scales();
            float[] offsets = steps.offsets();
            for (int lane = 0; lane < PANEL; lane++) {
                int word = words[first + lane];
                float scale = scales[lane];
                float offset = offsets[lane];
                int at = to + lane;
                out[at] = scale * ((word & 0xFF) - zero) + offset;
                out[at + PANEL] = scale * (((word >>> 8) & 0xFF) - zero) + offset;
                out[at + 2 * PANEL] = scale * (((word >>> 16) & 0xFF) - zero) + offset;
                out[at + 3 * PANEL] = scale * ((word >>> 24) - zero) + offset;
            }
        }

        @Override
        void putRun(int[] words, int first, byte[] codes, int from) {
            words[first] =
                    (codes[from] & 0xFF)
                            | ((codes[from + 1] & 0xFF) << 8)
                            | ((codes[from + 2] & 0xFF) << 16)
                            | (codes[from + 3] << 24);
        }
    };

    private final int bits;
    private final int run;

    Coding(int bits, int run) {
        this.bits = bits;
        this.run = run;
    }

    /** How far up code {@code i} of a run stands when it is used. */
    abstract int used(int i);

    /** What {@code cols} inputs are multiplied by to make up for the places of their codes. */
    float[] inverses(int cols) {
        float[] inverses = new float[cols];
        for (int k = 0; k < cols; k++) {
            inverses[k] = (float) (1.0 / (1L << used(k % run)));
        }
        return inverses;
    }

    /** How many bits a code has. */
    public int bits() {
        return bits;
    }

    /** How many codes lie together, in {@code run * bits / 32} ints. */
    public int run() {
        return run;
    }

    /** Column {@code k} of a lane of a panel. */
    int code(int[] panel, int lane, int k) {
        return at(panel, k / run * (run * bits / 32) * PANEL + lane, k % run);
    }

    /** Puts {@code n} codes, whole runs, into a lane of a panel. */
    void put(int[] panel, int lane, byte[] codes, int n) {
        int words = run * bits / 32 * PANEL;
        for (int r = 0; r < n / run; r++) {
            putRun(panel, r * words + lane, codes, r * run);
        }
    }

    /**
     * What codes stand for: {@code scale * (code - zero) + offset}, with a scale and an offset for
     * each of 16 rows. Where a type has no offsets they are -0, the one number that changes no
     * other when it is added, 0 and -0 neither.
     */
    record Steps(int zero, float[] scales, float[] offsets) {
        /** Codes stand for themselves until there are other scales and offsets. */
        static Steps of(int zero) {
            float[] scales = new float[PANEL];
            float[] offsets = new float[PANEL];
            Arrays.fill(scales, 1f);
            Arrays.fill(offsets, -0f);
            return new Steps(zero, scales, offsets);
        }
    }

    /** The numbers of the run whose ints begin at {@code first}, {@code [run][16]}. */
    abstract void unpack(int[] words, int first, Steps steps, float[] out, int to);

    abstract int at(int[] words, int first, int i);

    abstract void putRun(int[] words, int first, byte[] codes, int from);

    private static int leftOver(int[] words, int first, int n) {
        int code = 0;
        for (int w = 0; w < n; w++) {
            code |= words[first + w * PANEL] >>> 30 << (2 * w);
        }
        return code;
    }
}
