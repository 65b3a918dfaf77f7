package dev.loupe.train;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * A file of numbers that TensorBoard shows. It is a TFRecord file: each record is its length (8
 * bytes), a masked CRC-32C of the length, the bytes, and a masked CRC-32C of the bytes,
 * little-endian. The bytes are an {@code Event} of TensorFlow's event.proto, written field by field
 * here: {@code wall_time = 1}, {@code step = 2}, {@code file_version = 3}, {@code summary = 5},
 * {@code session_log = 7}.
 *
 * <p>A file is only ever added to. One that was begun at a later step tells TensorBoard to forget
 * what older files have from that step on.
 */
final class EventFile implements AutoCloseable {
    /** Added to sums, so that the sum of data with a sum inside is nothing special. */
    private static final int MASK = 0xA282EAD8;

    /** Types of a field on the wire. */
    private static final int VARINT = 0;

    private static final int EIGHT_BYTES = 1;
    private static final int BYTES = 2;
    private static final int FOUR_BYTES = 5;

    private final Path file;
    private final FileChannel out;

    /**
     * Begins a file in a folder.
     *
     * @param step what TensorBoard knows of later steps is of no worth any more
     */
    EventFile(Path folder, long step) throws IOException {
        file = unused(folder);
        out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        Message version = new Message().number(1, now()).text(3, "brain.Event:2");
        write(version);
        forgetFrom(step + 1);
    }

    /** TensorBoard reads files in the order of their names. */
    private static Path unused(Path folder) {
        long seconds = System.currentTimeMillis() / 1000;
        for (int i = 0; ; i++) {
            Path file = folder.resolve("events.out.tfevents.%d.loupe.%d".formatted(seconds, i));
            if (Files.notExists(file)) {
                return file;
            }
        }
    }

    /** From here on steps are counted from an earlier one again. */
    void forgetFrom(long step) throws IOException {
        // a SessionLog whose status is START
        Message start = new Message().integer(1, 1);
        write(new Message().number(1, now()).integer(2, step).message(7, start));
    }

    /** The numbers of a step, each with its name. */
    void add(long step, Map<String, Double> numbers) throws IOException {
        Message summary = new Message();
        numbers.forEach((name, value) ->
                summary.message(1, new Message().text(1, name).number(2, (float) (double) value)));
        write(new Message().number(1, now()).integer(2, step).message(5, summary));
    }

    private static double now() {
        return System.currentTimeMillis() / 1e3;
    }

    private void write(Message message) throws IOException {
        ByteBuffer event = message.bytes();
        ByteBuffer record =
                ByteBuffer.allocate(event.remaining() + 16).order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(event.remaining());
        record.putInt(masked(record.duplicate().flip()));
        record.put(event.duplicate()).putInt(masked(event)).flip();
        while (record.hasRemaining()) {
            out.write(record);
        }
    }

    private static int masked(ByteBuffer bytes) {
        CRC32C sum = new CRC32C();
        sum.update(bytes);
        return Integer.rotateRight((int) sum.getValue(), 15) + MASK;
    }

    /** For errors. */
    Path file() {
        return file;
    }

    void sync() throws IOException {
        out.force(false);
    }

    @Override
    public void close() throws IOException {
        out.close();
    }

    /** A message of Protocol Buffers: fields, each with its number and type before it. */
    private static final class Message {
        private ByteBuffer bytes = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);

        Message number(int field, double value) {
            tag(field, EIGHT_BYTES);
            room(8).putDouble(value);
            return this;
        }

        Message number(int field, float value) {
            tag(field, FOUR_BYTES);
            room(4).putFloat(value);
            return this;
        }

        Message integer(int field, long value) {
            tag(field, VARINT);
            varint(value);
            return this;
        }

        Message text(int field, String value) {
            return bytes(field, ByteBuffer.wrap(value.getBytes(StandardCharsets.UTF_8)));
        }

        Message message(int field, Message value) {
            return bytes(field, value.bytes());
        }

        private Message bytes(int field, ByteBuffer value) {
            tag(field, BYTES);
            varint(value.remaining());
            room(value.remaining()).put(value);
            return this;
        }

        private void tag(int field, int type) {
            varint(((long) field << 3) | type);
        }

        private void varint(long value) {
            long left = value;
            while ((left & ~0x7FL) != 0) {
                room(1).put((byte) ((left & 0x7F) | 0x80));
                left >>>= 7;
            }
            room(1).put((byte) left);
        }

        private ByteBuffer room(int n) {
            if (bytes.remaining() < n) {
                bytes =
                        ByteBuffer.allocate(2 * (bytes.capacity() + n))
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .put(bytes.flip());
            }
            return bytes;
        }

        ByteBuffer bytes() {
            return bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).flip();
        }
    }
}
