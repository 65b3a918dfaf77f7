package dev.loupe.files;

import dev.loupe.kernels.Blocks;
import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.TensorType;
import dev.loupe.model.StoredTensor;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Stores a model's numbers as other types: GGUF in, GGUF out. Memory is bounded: each worker holds
 * one piece of a tensor at a time.
 */
public final class Quantizer {
    /** Numbers per task, or one row where that has more. */
    private static final int PIECE = 1 << 16;

    /** Pieces that are encoded before they are written. */
    private static final int PIECES = 32;

    private Quantizer() {}

    /** Hears of each tensor when it is its turn to be written. */
    @FunctionalInterface
    public interface Progress {
        /**
         * A tensor is about to be written.
         *
         * @param index from 0 to {@code count - 1}
         */
        void writing(int index, int count, String tensor, TensorType from, TensorType to);
    }

    /**
     * Writes a model with the types of a mix. A tensor that has its type already is copied as it
     * is, and metadata is kept.
     *
     * @throws ModelFileException if the model cannot be read, has a number that the type cannot
     *     hold, or the file cannot be written
     */
    public static void quantize(Path in, Path out, Mix mix, int threads, Progress progress) {
        try (Gguf model = Gguf.open(in);
                ExecutorService workers = Executors.newFixedThreadPool(threads)) {
            GgufWriter writer =
                    new GgufWriter()
                            .metadataOf(model)
                            .integer("general.file_type", mix.fileType())
                            .integer("general.quantization_version", 2);
            SequencedMap<String, TensorType> types = mix.types(model);
            int index = 0;
            for (String name : model.names()) {
                StoredTensor tensor = model.tensor(name);
                TensorType type = types.getOrDefault(name, tensor.type());
                NewTensor stored = stored(in, tensor, model.shape(name), type, workers);
                int at = index++;
                NewTensor.Contents contents =
                        channel -> {
                            progress.writing(at, types.size(), name, tensor.type(), type);
                            stored.contents().writeTo(channel);
                        };
                writer.tensor(new NewTensor(name, type, stored.shape(), contents));
            }
            writer.write(out);
        }
    }

    /**
     * A tensor as another type, encoded when it is written; as it is where it has that type.
     *
     * @param file what errors name
     * @param shape the outermost dimension first; its numbers are those of the tensor
     * @param workers encode pieces side by side
     */
    public static NewTensor stored(
            Path file,
            StoredTensor tensor,
            List<Long> shape,
            TensorType type,
            ExecutorService workers) {
        return new NewTensor(
                tensor.name(), type, shape, out -> write(file, tensor, type, workers, out));
    }

    /** Writes the rows of a tensor as another type, or as they are where they have that type. */
    static void write(
            Path file,
            StoredRows tensor,
            TensorType type,
            ExecutorService workers,
            WritableByteChannel out)
            throws IOException {
        if (tensor.type() == type && tensor instanceof StoredTensor whole) {
            NewTensor.write(out, whole.data());
            return;
        }
        int rows = Math.max(1, PIECE / tensor.cols());
        for (long start = 0; start < tensor.rows(); start += (long) rows * PIECES) {
            List<Future<byte[]>> pieces = new ArrayList<>();
            long end = Math.min(tensor.rows(), start + (long) rows * PIECES);
            for (long from = start; from < end; from += rows) {
                int at = (int) from;
                int count = (int) Math.min(rows, end - from);
                pieces.add(workers.submit(() -> piece(file, tensor, type, at, count)));
            }
            for (Future<byte[]> piece : pieces) {
                NewFile.writeFully(out, ByteBuffer.wrap(finished(piece)));
            }
        }
    }

    private static byte[] piece(Path file, StoredRows tensor, TensorType type, int row, int count) {
        int rowBytes = Math.toIntExact(type.bytes(tensor.cols()));
        byte[] bytes = new byte[Math.multiplyExact(count, rowBytes)];
        MemorySegment to = MemorySegment.ofArray(bytes);
        float[] numbers = new float[tensor.type() == type ? 0 : tensor.cols()];
        for (int r = 0; r < count; r++) {
            MemorySegment from = tensor.row(row + r);
            if (tensor.type() == type) {
                MemorySegment.copy(from, 0, to, (long) r * rowBytes, rowBytes);
                continue;
            }
            Blocks.decode(tensor.type(), from, 0, numbers.length, numbers, 0);
            try {
                Blocks.encode(type, numbers, 0, numbers.length, to, (long) r * rowBytes);
            } catch (IllegalArgumentException e) {
                throw new ModelFileException(
                        file,
                        "tensor '%s' as %s, row %d: %s"
                                .formatted(tensor.name(), type, row + r, e.getMessage()));
            }
        }
        return bytes;
    }

    private static byte[] finished(Future<byte[]> piece) throws IOException {
        try {
            return piece.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
