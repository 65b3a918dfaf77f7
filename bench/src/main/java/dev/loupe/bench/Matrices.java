package dev.loupe.bench;

import dev.loupe.kernels.Blocks;
import dev.loupe.kernels.Packing;
import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.TensorType;
import dev.loupe.kernels.Threads;
import dev.loupe.kernels.Weight;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SplittableRandom;

/** Random matrices of the shapes that models have. */
final class Matrices {
    private Matrices() {}

    /** Random weights of a type. */
    static Weight weight(TensorType type, int rows, int cols, Threads threads) {
        byte[] bytes = new byte[Math.toIntExact(type.bytes((long) rows * cols))];
        MemorySegment data = MemorySegment.ofArray(bytes);
        SplittableRandom random = new SplittableRandom(1);
        float[] row = new float[cols];
        for (int r = 0; r < rows; r++) {
            for (int k = 0; k < cols; k++) {
                row[k] = (float) (random.nextDouble() - 0.5);
            }
            Blocks.encode(type, row, 0, cols, data, r * type.bytes(cols));
        }
        return Packing.pack(threads, List.of(new Rows(type, rows, cols, data)));
    }

    private record Rows(TensorType type, int rows, int cols, MemorySegment data)
            implements StoredRows {
        @Override
        public String name() {
            return "random";
        }

        @Override
        public MemorySegment row(int row) {
            return data.asSlice(row * type.bytes(cols), type.bytes(cols));
        }
    }

    /** Random activations. */
    static Tensor tensor(int rows, int cols, int generated) {
        Tensor tensor = Tensor.of(rows, cols, generated);
        SplittableRandom random = new SplittableRandom(2);
        for (int i = 0; i < tensor.data().length; i++) {
            tensor.data()[i] = (float) (random.nextDouble() - 0.5);
        }
        return tensor;
    }
}
