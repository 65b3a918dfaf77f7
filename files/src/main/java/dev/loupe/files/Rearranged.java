package dev.loupe.files;

import dev.loupe.kernels.Blocks;
import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.TensorType;
import dev.loupe.model.StoredTensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.function.IntUnaryOperator;

/**
 * A stored matrix with its rows in another order; nothing is copied.
 *
 * @param order where row {@code r} is in the source
 */
record Rearranged(StoredRows source, IntUnaryOperator order) implements StoredRows {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @Override
    public String name() {
        return source.name();
    }

    @Override
    public TensorType type() {
        return source.type();
    }

    @Override
    public int rows() {
        return source.rows();
    }

    @Override
    public int cols() {
        return source.cols();
    }

    @Override
    public MemorySegment row(int row) {
        return source.row(order.applyAsInt(row));
    }

    /**
     * Outputs in another order: the rows of a matrix, the numbers of a vector.
     *
     * @param vector true if the tensor is a bias
     */
    static StoredRows outputs(StoredRows source, boolean vector, IntUnaryOperator order) {
        if (!vector) {
            return new Rearranged(source, order);
        }
        float[] from = decoded(source);
        float[] to = new float[from.length];
        for (int i = 0; i < to.length; i++) {
            to[i] = from[order.applyAsInt(i)];
        }
        return vector(source.name(), to);
    }

    /** The same vector, one more in every place. */
    static StoredRows plusOne(StoredRows source) {
        return plus(source, 1);
    }

    /** The same vector, one less in every place. */
    static StoredRows minusOne(StoredRows source) {
        return plus(source, -1);
    }

    private static StoredRows plus(StoredRows source, float change) {
        float[] numbers = decoded(source);
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] += change;
        }
        return vector(source.name(), numbers);
    }

    private static float[] decoded(StoredRows source) {
        float[] numbers = new float[source.cols()];
        Blocks.decode(source.type(), source.row(0), 0, numbers.length, numbers, 0);
        return numbers;
    }

    /** The same tensor in memory, as floats; one of a float type is as it is. */
    static StoredTensor decoded(Path file, StoredRows source) {
        if (source instanceof StoredTensor stored && !stored.type().quantised()) {
            return stored;
        }
        int cols = source.cols();
        long bytes = (long) source.rows() * cols * Float.BYTES;
        if (bytes > Integer.MAX_VALUE - 8) {
            throw new ModelFileException(
                    file, "tensor '" + source.name() + "'", bytes + " bytes", "less than 2 GB");
        }
        MemorySegment data = MemorySegment.ofArray(new byte[(int) bytes]);
        float[] row = new float[cols];
        for (int r = 0; r < source.rows(); r++) {
            Blocks.decode(source.type(), source.row(r), 0, cols, row, 0);
            MemorySegment.copy(row, 0, data, FLOAT, (long) r * cols * Float.BYTES, cols);
        }
        return new StoredTensor(source.name(), TensorType.F32, source.rows(), cols, data);
    }

    private static StoredRows vector(String name, float[] numbers) {
        MemorySegment data = MemorySegment.ofArray(new byte[4 * numbers.length]);
        MemorySegment.copy(numbers, 0, data, FLOAT, 0, numbers.length);
        return new StoredTensor(name, TensorType.F32, 1, numbers.length, data);
    }

    /** {@code [in, out]} as {@code [out, in]}; float types only. */
    static StoredRows transposed(StoredTensor source) {
        int bytes = source.type().blockBytes();
        int rows = source.cols();
        int cols = source.rows();
        byte[] to = new byte[Math.toIntExact(source.data().byteSize())];
        byte[] from = new byte[rows * bytes];
        for (int c = 0; c < cols; c++) {
            MemorySegment.copy(source.row(c), ValueLayout.JAVA_BYTE, 0, from, 0, from.length);
            for (int r = 0; r < rows; r++) {
                System.arraycopy(from, r * bytes, to, (r * cols + c) * bytes, bytes);
            }
        }
        return new StoredTensor(
                source.name(), source.type(), rows, cols, MemorySegment.ofArray(to));
    }
}
