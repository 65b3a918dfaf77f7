package dev.loupe.files;

import dev.loupe.kernels.Blocks;
import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.TensorType;
import dev.loupe.model.StoredTensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.IntUnaryOperator;

/**
 * A stored matrix with its rows in another order; nothing is copied.
 *
 * @param order where row {@code r} is in the source
 */
record Rearranged(StoredRows source, IntUnaryOperator order) implements StoredRows {
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
        float[] numbers = decoded(source);
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] += 1;
        }
        return vector(source.name(), numbers);
    }

    private static float[] decoded(StoredRows source) {
        float[] numbers = new float[source.cols()];
        Blocks.decode(source.type(), source.row(0), 0, numbers.length, numbers, 0);
        return numbers;
    }

    private static StoredRows vector(String name, float[] numbers) {
        MemorySegment data = MemorySegment.ofArray(new byte[4 * numbers.length]);
        ValueLayout.OfFloat layout =
                ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
        MemorySegment.copy(numbers, 0, data, layout, 0, numbers.length);
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
