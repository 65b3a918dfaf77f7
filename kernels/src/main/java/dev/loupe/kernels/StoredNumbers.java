package dev.loupe.kernels;

import java.util.Arrays;

/** The keys of a block, or its values, in the type in which they are kept. */
sealed interface StoredNumbers {
    static StoredNumbers zeros(KvType type, int n) {
        return switch (type) {
            case F32 -> new Floats(new float[n]);
            case F16 -> new Halves(new short[n]);
        };
    }

    /** Makes all of them zero. */
    void clear();

    /** Stores {@code n} neighbours of {@code x} at {@code at}, {@code at + step} and so on. */
    void put(float[] x, int from, int n, int at, int step);

    /** What {@link #put} stored. */
    void get(int at, int step, float[] y, int to, int n);

    /**
     * {@code n} neighbours from {@code at} on, as floats.
     *
     * @param room may receive them
     */
    Panels panels(int at, int n, float[] room);

    /** Panels for {@link Kernels}. */
    record Panels(float[] data, int from) {}

    record Floats(float[] data) implements StoredNumbers {
        @Override
        public void clear() {
            Arrays.fill(data, 0);
        }

        @Override
        public void put(float[] x, int from, int n, int at, int step) {
            for (int i = 0; i < n; i++) {
                data[at + i * step] = x[from + i];
            }
        }

        @Override
        public void get(int at, int step, float[] y, int to, int n) {
            for (int i = 0; i < n; i++) {
                y[to + i] = data[at + i * step];
            }
        }

        @Override
        public Panels panels(int at, int n, float[] room) {
            return new Panels(data, at);
        }
    }

    record Halves(short[] data) implements StoredNumbers {
        private static final float LARGEST = 65_504f;

        @Override
        public void clear() {
            Arrays.fill(data, (short) 0);
        }

        @Override
        public void put(float[] x, int from, int n, int at, int step) {
            for (int i = 0; i < n; i++) {
                float clamped = Math.max(-LARGEST, Math.min(LARGEST, x[from + i]));
                data[at + i * step] = Float.floatToFloat16(clamped);
            }
        }

        @Override
        public void get(int at, int step, float[] y, int to, int n) {
            for (int i = 0; i < n; i++) {
                y[to + i] = Float.float16ToFloat(data[at + i * step]);
            }
        }

        @Override
        public Panels panels(int at, int n, float[] room) {
            widen(data, at, room, n);
            return new Panels(room, 0);
        }

        /** By itself, so that the JIT sees nothing but a loop that vectors can run. */
        private static void widen(short[] x, int from, float[] y, int n) {
            for (int i = 0; i < n; i++) {
                y[i] = Float.float16ToFloat(x[from + i]);
            }
        }
    }
}
