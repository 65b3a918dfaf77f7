package dev.loupe.files;

import dev.loupe.kernels.TensorType;
import dev.loupe.model.StoredTensor;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.util.List;

/**
 * A tensor to be written. Its bytes are asked for when it is its turn, so that a model larger than
 * memory can be converted tensor by tensor.
 *
 * @param shape the outermost dimension first
 */
public record NewTensor(String name, TensorType type, List<Long> shape, Contents contents) {
    private static final long SEGMENT = 1 << 26;

    /** Puts exactly the tensor's bytes. */
    @FunctionalInterface
    public interface Contents {
        void writeTo(WritableByteChannel out) throws IOException;
    }

    public NewTensor {
        shape = List.copyOf(shape);
        for (long side : shape) {
            if (side < 1) {
                throw new IllegalArgumentException(
                        name + ": shape " + shape + " has an empty side");
            }
        }
        if (!shape.isEmpty() && shape.getLast() % type.blockSize() != 0) {
            throw new IllegalArgumentException(
                    name + ": rows of " + shape.getLast() + " are not whole " + type + " blocks");
        }
    }

    /** A tensor as another file has it. */
    public static NewTensor copyOf(StoredTensor stored, List<Long> shape) {
        return new NewTensor(stored.name(), stored.type(), shape, out -> write(out, stored.data()));
    }

    /** How many bytes its contents are. */
    public long bytes() {
        long elements = 1;
        for (long side : shape) {
            elements = Math.multiplyExact(elements, side);
        }
        return type.bytes(elements);
    }

    /** Writes any number of bytes; a buffer ends at 2 GB. */
    static void write(WritableByteChannel out, MemorySegment data) throws IOException {
        for (long done = 0; done < data.byteSize(); done += SEGMENT) {
            long size = Math.min(SEGMENT, data.byteSize() - done);
            NewFile.writeFully(out, data.asSlice(done, size).asByteBuffer());
        }
    }

    /** Writes the contents and holds them to their promise. */
    void writeTo(WritableByteChannel out) throws IOException {
        CountingChannel counted = new CountingChannel(out);
        contents.writeTo(counted);
        if (counted.count() != bytes()) {
            throw new IllegalStateException(
                    name + ": " + counted.count() + " bytes were written, expected " + bytes());
        }
    }
}
