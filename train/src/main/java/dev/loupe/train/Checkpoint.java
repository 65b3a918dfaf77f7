package dev.loupe.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * All that training goes on from: its progress, and the numbers of model and optimiser.
 *
 * <p>In a file: {@code "loupe-cp"}, the length of a header as an int, the header as JSON, the
 * numbers as floats, array after array, and a CRC-32C of everything; little-endian. Moments may be
 * bfloat16 there, as the header says; weights never are, for an update is often smaller than what a
 * bfloat16 can tell apart.
 *
 * @param exact weights, and their average; reading writes into them
 * @param moments the optimiser's; likewise
 */
record Checkpoint(Progress progress, List<float[]> exact, List<float[]> moments) {
    private static final long MAGIC = 0x70632d6570756f6cL;
    private static final int MOST_HEADER = 1 << 20;
    private static final String MOMENTS = "moments";
    private static final String BRIEF = "BF16";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** A file that is no checkpoint, or not a whole one. */
    static final class Damaged extends IOException {
        private static final long serialVersionUID = 1;

        Damaged(String message) {
            super(message);
        }
    }

    /** How many floats there are. */
    private long size() {
        return Stream.concat(exact.stream(), moments.stream()).mapToLong(a -> a.length).sum();
    }

    /**
     * Writes a file beside its place, to the disk, and then renames it: it is there as a whole or
     * not at all.
     *
     * @param brief whether moments become bfloat16
     */
    void write(Path file, boolean brief) throws IOException {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            try (FileChannel out =
                    FileChannel.open(
                            part,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.TRUNCATE_EXISTING,
                            StandardOpenOption.WRITE)) {
                writeTo(new Summed(out), brief);
                out.force(true);
            }
            Files.move(
                    part,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
            try (FileChannel names = FileChannel.open(file.toAbsolutePath().getParent())) {
                names.force(true);
            }
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private void writeTo(Summed out, boolean brief) throws IOException {
        byte[] header = header(brief).toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer start = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
        out.put(start.putLong(MAGIC).putInt(header.length).flip());
        out.put(ByteBuffer.wrap(header));
        for (float[] numbers : exact) {
            out.put(numbers, false);
        }
        for (float[] numbers : moments) {
            out.put(numbers, brief);
        }
        out.putSum();
    }

    private ObjectNode header(boolean brief) {
        ObjectNode json = JSON.createObjectNode();
        json.put("step", progress.step())
                .put("updates", progress.updates())
                .put("windows", progress.windows())
                .put("tokens", progress.tokens())
                .put("seconds", progress.seconds())
                .put("slowdown", progress.slowdown())
                .put("skippedInARow", progress.skippedInARow())
                .put("floats", size())
                .put(MOMENTS, brief ? BRIEF : "F32");
        json.putObject("guard")
                .put("steps", progress.guard().steps())
                .put("mean", progress.guard().mean())
                .put("variance", progress.guard().variance());
        return json;
    }

    /**
     * Reads a file into the arrays, which keep what they had unless the file is whole.
     *
     * @throws Damaged if it is not, or is of a model of another size
     */
    Progress read(Path file) throws IOException {
        check(file, read -> {});
        try (FileChannel in = FileChannel.open(file)) {
            JsonNode header = readHeader(in, size());
            for (float[] numbers : exact) {
                read(in, numbers, false);
            }
            boolean brief = header.path(MOMENTS).asText().equals(BRIEF);
            for (float[] numbers : moments) {
                read(in, numbers, brief);
            }
            return progress(header);
        }
    }

    /**
     * Reads the weights of a file alone, for a model that is not trained on.
     *
     * @param weights where they go
     * @param averaged whether the file has their average too, which is read instead
     * @param bytes told how many were read so far; the file is read once for its sum first
     * @throws Damaged if it is not whole, or is of a model of another size
     */
    static void readWeights(Path file, List<float[]> weights, boolean averaged, LongConsumer bytes)
            throws IOException {
        check(file, bytes);
        long size = weights.stream().mapToLong(a -> a.length).sum();
        try (FileChannel in = FileChannel.open(file)) {
            // the moments are two numbers for each weight
            readHeader(in, (averaged ? 4 : 3) * size);
            if (averaged) {
                in.position(in.position() + Float.BYTES * size);
            }
            long read = in.size();
            for (float[] numbers : weights) {
                read(in, numbers, false);
                read += (long) Float.BYTES * numbers.length;
                bytes.accept(read);
            }
        }
    }

    private static void read(FileChannel in, float[] numbers, boolean brief) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
        int size = brief ? Short.BYTES : Float.BYTES;
        for (int i = 0; i < numbers.length; ) {
            int n = Math.min(buffer.capacity() / size, numbers.length - i);
            fill(in, buffer.clear().limit(n * size));
            if (brief) {
                for (int k = 0; k < n; k++) {
                    numbers[i + k] = Float.intBitsToFloat(buffer.getShort() << 16);
                }
            } else {
                buffer.asFloatBuffer().get(numbers, i, n);
            }
            i += n;
        }
    }

    /** Reads a file once for its sum, before a number is taken from it. */
    private static void check(Path file, LongConsumer bytes) throws IOException {
        try (FileChannel in = FileChannel.open(file)) {
            long left = in.size() - Integer.BYTES;
            CRC32C sum = new CRC32C();
            ByteBuffer buffer = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
            while (left > 0) {
                fill(in, buffer.clear().limit((int) Math.min(left, buffer.capacity())));
                left -= buffer.remaining();
                sum.update(buffer);
                bytes.accept(in.position());
            }
            if (left < 0) {
                throw new Damaged("is cut off");
            }
            fill(in, buffer.clear().limit(Integer.BYTES));
            if (buffer.getInt() != (int) sum.getValue()) {
                throw new Damaged("is damaged: its sum does not fit");
            }
        }
    }

    private static JsonNode readHeader(FileChannel in, long size) throws IOException {
        ByteBuffer start = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
        fill(in, start);
        int length = start.getLong(0) == MAGIC ? start.getInt(8) : -1;
        if (length < 0 || length > MOST_HEADER) {
            throw new Damaged("is no checkpoint");
        }
        ByteBuffer header = ByteBuffer.allocate(length);
        fill(in, header);
        JsonNode json = JSON.readTree(header.array());
        if (json.path("floats").asLong() != size) {
            throw new Damaged(
                    "is of another model: found %d numbers, expected %d"
                            .formatted(json.path("floats").asLong(), size));
        }
        return json;
    }

    private static Progress progress(JsonNode json) {
        JsonNode guard = json.path("guard");
        return new Progress(
                json.path("step").asLong(),
                json.path("updates").asInt(),
                json.path("windows").asLong(),
                json.path("tokens").asLong(),
                json.path("seconds").asDouble(),
                json.path("slowdown").asDouble(),
                json.path("skippedInARow").asInt(),
                new NormGuard(
                        guard.path("steps").asLong(),
                        guard.path("mean").asDouble(),
                        guard.path("variance").asDouble()));
    }

    private static void fill(FileChannel in, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (in.read(buffer) < 0) {
                throw new EOFException("is cut off");
            }
        }
        buffer.flip();
    }

    /** Writes, and sums up what was written. */
    private static final class Summed {
        private final FileChannel out;
        private final CRC32C sum = new CRC32C();
        private final ByteBuffer buffer =
                ByteBuffer.allocateDirect(1 << 16).order(ByteOrder.LITTLE_ENDIAN);

        Summed(FileChannel out) {
            this.out = out;
        }

        void put(ByteBuffer bytes) throws IOException {
            sum.update(bytes.duplicate());
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
        }

        void put(float[] numbers, boolean brief) throws IOException {
            int size = brief ? Short.BYTES : Float.BYTES;
            for (int i = 0; i < numbers.length; ) {
                int n = Math.min(buffer.capacity() / size, numbers.length - i);
                buffer.clear();
                if (brief) {
                    for (int k = 0; k < n; k++) {
                        buffer.putShort(brainFloat(numbers[i + k]));
                    }
                } else {
                    buffer.asFloatBuffer().put(numbers, i, n);
                }
                put(buffer.position(0).limit(n * size));
                i += n;
            }
        }

        /** The nearest bfloat16, of two equally near ones the even one. */
        private static short brainFloat(float x) {
            int bits = Float.floatToRawIntBits(x);
            return (short) ((bits + 0x7FFF + (bits >>> 16 & 1)) >>> 16);
        }

        void putSum() throws IOException {
            buffer.clear();
            out.write(buffer.putInt((int) sum.getValue()).flip());
        }
    }
}
