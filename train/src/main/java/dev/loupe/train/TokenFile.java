package dev.loupe.train;

import dev.loupe.tokens.Tokenizer;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.OptionalInt;

/**
 * A corpus as token ids, in a file that is mapped and not read: there may be more tokens than
 * memory. A header of 32 bytes, {@code "loupe-tk"}, how many bytes an id has (2 or 4), the size of
 * the vocabulary, how many ids there are, and the key of what they were made from; then the ids,
 * all big-endian.
 */
public final class TokenFile implements AutoCloseable {
    private static final long MAGIC = 0x6c6f7570652d746bL;
    private static final int HEADER = 32;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private final Arena arena;
    private final MemorySegment ids;
    private final int width;
    private final long size;
    private final long key;

    @SuppressWarnings("MustBeClosed") // it is closed with this
    private TokenFile(Path file) throws IOException {
        arena = Arena.ofShared();
        try (FileChannel in = FileChannel.open(file)) {
            MemorySegment all = in.map(FileChannel.MapMode.READ_ONLY, 0, in.size(), arena);
            if (all.byteSize() < HEADER || all.get(LONG, 0) != MAGIC) {
                throw new DataException(file, "is no file of tokens; remove it");
            }
            width = all.get(INT, 8);
            size = all.get(LONG, 16);
            key = all.get(LONG, 24);
            if ((width != 2 && width != 4) || all.byteSize() - HEADER != size * width) {
                throw new DataException(file, "is damaged; remove it");
            }
            ids = all.asSlice(HEADER);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /** Opens a file that {@link #write} made. */
    public static TokenFile open(Path file) {
        try {
            return new TokenFile(file);
        } catch (IOException e) {
            throw new DataException(file, "cannot be read: " + e.getMessage());
        }
    }

    /** Opens a file that was made from the same; else makes it. As {@link #write}. */
    static TokenFile prepare(
            Path file,
            Corpus corpus,
            Tokenizer tokenizer,
            OptionalInt end,
            long key,
            Corpus.Watcher watcher) {
        if (Files.exists(file)) {
            TokenFile there = open(file);
            if (there.key() == key) {
                return there;
            }
            there.close();
        }
        return write(file, corpus, tokenizer, end, key, watcher);
    }

    /**
     * Tokenises a corpus. The file appears when it is whole.
     *
     * @param end is put behind each document, if there is one
     * @param key what to know again the corpus and the tokenizer by
     */
    public static TokenFile write(
            Path file,
            Corpus corpus,
            Tokenizer tokenizer,
            OptionalInt end,
            long key,
            Corpus.Watcher watcher) {
        int width = tokenizer.vocabSize() <= 1 << 16 ? 2 : 4;
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            long[] size = {0};
            try (OutputStream raw = Files.newOutputStream(part);
                    DataOutputStream out =
                            new DataOutputStream(new BufferedOutputStream(raw, 1 << 16))) {
                out.write(new byte[HEADER]);
                corpus.read(new Writing(out, tokenizer, end, width, size), watcher);
            } catch (FullDisk e) {
                throw e.reason;
            }
            try (FileChannel out = FileChannel.open(part, StandardOpenOption.WRITE)) {
                ByteBuffer header = ByteBuffer.allocate(HEADER);
                header.putLong(MAGIC).putInt(width).putInt(tokenizer.vocabSize());
                header.putLong(size[0]).putLong(key).flip();
                out.write(header, 0);
                out.force(true);
            }
            Files.move(
                    part,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new DataException(file, "cannot be written: " + e.getMessage());
        } finally {
            part.toFile().delete();
        }
        return open(file);
    }

    /** Writes ids; a full disk comes out of the reading as an exception without a check. */
    private record Writing(
            DataOutputStream out, Tokenizer tokenizer, OptionalInt behind, int width, long[] size)
            implements Corpus.Reader {
        @Override
        public void text(String piece) {
            for (int id : tokenizer.encode(piece)) {
                put(id);
            }
        }

        @Override
        public void end() {
            behind.ifPresent(this::put);
        }

        private void put(int id) {
            try {
                if (width == 2) {
                    out.writeShort(id);
                } else {
                    out.writeInt(id);
                }
                size[0]++;
            } catch (IOException e) {
                throw new FullDisk(e);
            }
        }
    }

    private static final class FullDisk extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final transient IOException reason;

        FullDisk(IOException reason) {
            super(reason);
            this.reason = reason;
        }
    }

    /** How many ids there are. */
    public long size() {
        return size;
    }

    /** What it was made from, as given to {@link #write}. */
    public long key() {
        return key;
    }

    /** Reads {@code n} ids from {@code from} on. */
    public void read(long from, int[] out, int to, int n) {
        for (int i = 0; i < n; i++) {
            out[to + i] =
                    width == 2
                            ? ids.get(SHORT, 2 * (from + i)) & 0xFFFF
                            : ids.get(INT, 4 * (from + i));
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
