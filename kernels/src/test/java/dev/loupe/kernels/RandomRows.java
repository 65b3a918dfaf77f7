package dev.loupe.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** A matrix of random stored numbers of any type, as a file might hold it. */
record RandomRows(String name, TensorType type, int rows, int cols, MemorySegment data)
        implements StoredRows {
    /** Numbers of either sign and many sizes, all below 1000. */
    static RandomRows of(TensorType type, int rows, int cols, long seed) {
        Random random = new Random(seed);
        byte[] raw = new byte[Math.toIntExact(rows * type.bytes(cols))];
        float[] decoded = new float[type.blockSize()];
        byte[] block = new byte[type.blockBytes()];
        for (int at = 0; at < raw.length; at += block.length) {
            do {
                random.nextBytes(block);
                Blocks.decode(type, MemorySegment.ofArray(block), 0, type.blockSize(), decoded, 0);
            } while (!moderate(decoded));
            System.arraycopy(block, 0, raw, at, block.length);
        }
        return new RandomRows(type + ".weight", type, rows, cols, MemorySegment.ofArray(raw));
    }

    private static boolean moderate(float[] numbers) {
        for (float number : numbers) {
            if (!(Math.abs(number) < 1000)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public MemorySegment row(int row) {
        long bytes = type.bytes(cols);
        return data.asSlice(row * bytes, bytes);
    }

    float[] decoded(int row) {
        float[] numbers = new float[cols];
        Blocks.decode(type, row(row), 0, cols, numbers, 0);
        return numbers;
    }

    /**
     * How large the parts are that a product adds up instead of each number of a row: scale times
     * code and offset. Rounding is relative to these.
     */
    double[] parts(int row) {
        double[] parts = new double[cols];
        if (!type.quantised()) {
            float[] numbers = decoded(row);
            for (int k = 0; k < cols; k++) {
                parts[k] = Math.abs(numbers[k]);
            }
            return parts;
        }
        int size = type.groupSize();
        byte[] codes = new byte[cols];
        float[] scales = new float[cols / size];
        float[] offsets = new float[cols / size];
        Blocks.unpack(type, row(row), 0, cols, codes, scales, offsets);
        // Q4_0 is packed as codes from 0 with an offset of eight scales
        int moved = type == TensorType.Q4_0 ? 8 : 0;
        for (int k = 0; k < cols; k++) {
            double scale = Math.abs(scales[k / size]);
            double offset = Math.abs(offsets[k / size]) + moved * scale;
            parts[k] = scale * Math.abs(codes[k] + moved) + offset;
        }
        return parts;
    }

    /** Overwrites the first four bytes of a row. */
    void spoil(int row, int bits) {
        row(row).set(ValueLayout.JAVA_INT_UNALIGNED, 0, bits);
    }
}
