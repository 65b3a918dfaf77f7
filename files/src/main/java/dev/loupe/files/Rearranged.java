package dev.loupe.files;

import dev.loupe.kernels.Blocks;
import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.TensorType;
import dev.loupe.model.StoredTensor;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.function.IntUnaryOperator;
import java.util.function.Supplier;

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
        return vector(
                source,
                () -> {
                    float[] from = decoded(source);
                    float[] to = new float[from.length];
                    for (int i = 0; i < to.length; i++) {
                        to[i] = from[order.applyAsInt(i)];
                    }
                    return to;
                });
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
        return vector(
                source,
                () -> {
                    float[] numbers = decoded(source);
                    for (int i = 0; i < numbers.length; i++) {
                        numbers[i] += change;
                    }
                    return numbers;
                });
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
        int bytes = size(file, source, Float.BYTES);
        MemorySegment data = MemorySegment.ofArray(new byte[bytes]);
        float[] row = new float[cols];
        for (int r = 0; r < source.rows(); r++) {
            Blocks.decode(source.type(), source.row(r), 0, cols, row, 0);
            MemorySegment.copy(row, 0, data, FLOAT, (long) r * cols * Float.BYTES, cols);
        }
        return new StoredTensor(source.name(), TensorType.F32, source.rows(), cols, data);
    }

    private static StoredRows vector(StoredRows source, Supplier<float[]> numbers) {
        return new Made(
                source.name(),
                TensorType.F32,
                1,
                source.cols(),
                () -> {
                    byte[] bytes = new byte[Math.multiplyExact(Float.BYTES, source.cols())];
                    MemorySegment data = MemorySegment.ofArray(bytes);
                    MemorySegment.copy(numbers.get(), 0, data, FLOAT, 0, source.cols());
                    return data;
                });
    }

    /** {@code [in, out]} as {@code [out, in]}; float types only. */
    static StoredRows transposed(Path file, StoredTensor source) {
        return new Made(
                source.name(),
                source.type(),
                source.cols(),
                source.rows(),
                () -> turned(file, source));
    }

    private static MemorySegment turned(Path file, StoredTensor source) {
        int bytes = source.type().blockBytes();
        int rows = source.cols();
        int cols = source.rows();
        byte[] to = new byte[size(file, source, bytes)];
        byte[] from = new byte[rows * bytes];
        for (int c = 0; c < cols; c++) {
            MemorySegment.copy(source.row(c), ValueLayout.JAVA_BYTE, 0, from, 0, from.length);
            for (int r = 0; r < rows; r++) {
                System.arraycopy(from, r * bytes, to, (r * cols + c) * bytes, bytes);
            }
        }
        return MemorySegment.ofArray(to);
    }

    /** How many bytes a copy takes, which is an array of Java's. */
    private static int size(Path file, StoredRows source, int each) {
        long bytes = (long) source.rows() * source.cols() * each;
        if (bytes > Integer.MAX_VALUE - 8) {
            throw new ModelFileException(
                    file, "tensor '" + source.name() + "'", bytes + " bytes", "less than 2 GB");
        }
        return (int) bytes;
    }

    /**
     * Rows that are made when the first is asked for: a file may claim any shape, and until then
     * somebody has compared it with the configuration.
     */
    private static final class Made implements StoredRows {
        private final String name;
        private final TensorType type;
        private final int rows;
        private final int cols;
        private final Supplier<MemorySegment> make;
        private @Nullable MemorySegment data;

        Made(String name, TensorType type, int rows, int cols, Supplier<MemorySegment> make) {
            this.name = name;
            this.type = type;
            this.rows = rows;
            this.cols = cols;
            this.make = make;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public TensorType type() {
            return type;
        }

        @Override
        public int rows() {
            return rows;
        }

        @Override
        public int cols() {
            return cols;
        }

        /** Several threads pack the rows of one matrix. */
        @Override
        public synchronized MemorySegment row(int row) {
            if (data == null) {
                data = make.get();
            }
            long bytes = type.bytes(cols);
            return data.asSlice(row * bytes, bytes);
        }
    }
}
