package dev.loupe.files;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes several NumPy arrays to one file, as {@code numpy.savez} does: a zip archive, not
 * compressed, with a {@code .npy} for each. {@code numpy.load} finds them by name.
 */
public final class Npz {
    /** Numbers that are made bytes at a time. */
    private static final int CHUNK = 1 << 16;

    private Npz() {}

    /** An array of the file. */
    public sealed interface Array {
        /** What {@code numpy.load} finds it by. */
        String name();

        /** How long each axis is; the last one runs fastest. */
        int[] shape();
    }

    /** An array of float32. */
    public record Floats(String name, int[] shape, float[] values) implements Array {}

    /** An array of int32. */
    public record Ints(String name, int[] shape, int[] values) implements Array {}

    /**
     * Writes the file, whole or not at all.
     *
     * @throws IllegalArgumentException if two arrays have the same name, or one has another number
     *     of numbers than its shape says
     * @throws ModelFileException if the file cannot be written
     */
    public static void write(Path file, List<Array> arrays) {
        Set<String> names = arrays.stream().map(Array::name).collect(Collectors.toSet());
        if (names.size() < arrays.size()) {
            throw new IllegalArgumentException("two arrays have the same name");
        }
        arrays.forEach(Npz::check);
        NewFile.write(
                file,
                channel -> {
                    // closing the archive would close the channel, which is synced after this
                    ZipOutputStream zip = new ZipOutputStream(Channels.newOutputStream(channel));
                    zip.setLevel(Deflater.NO_COMPRESSION);
                    for (Array array : arrays) {
                        ZipEntry entry = new ZipEntry(array.name() + ".npy");
                        // the same numbers make the same file, at any time
                        entry.setTime(0);
                        zip.putNextEntry(entry);
                        write(zip, array);
                        zip.closeEntry();
                    }
                    zip.finish();
                    zip.flush();
                });
    }

    private static int length(Array array) {
        return switch (array) {
            case Floats floats -> floats.values.length;
            case Ints ints -> ints.values.length;
        };
    }

    private static void check(Array array) {
        long size = 1;
        for (int n : array.shape()) {
            size = Math.multiplyExact(size, n);
        }
        if (size != length(array)) {
            throw new IllegalArgumentException(
                    "%s: %d numbers are not %d".formatted(array.name(), length(array), size));
        }
    }

    private static void write(OutputStream out, Array array) throws IOException {
        String type =
                switch (array) {
                    case Floats floats -> "<f4";
                    case Ints ints -> "<i4";
                };
        out.write(Npy.header(type, array.shape()));
        ByteBuffer bytes = ByteBuffer.allocate(4 * CHUNK).order(ByteOrder.LITTLE_ENDIAN);
        int length = length(array);
        for (int at = 0; at < length; at += CHUNK) {
            int n = Math.min(CHUNK, length - at);
            bytes.clear();
            switch (array) {
                case Floats floats -> bytes.asFloatBuffer().put(floats.values, at, n);
                case Ints ints -> bytes.asIntBuffer().put(ints.values, at, n);
            }
            out.write(bytes.array(), 0, 4 * n);
        }
    }
}
