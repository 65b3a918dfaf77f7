package dev.loupe.files.store;

import com.fasterxml.jackson.databind.ObjectMapper;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Fetches one file. It grows as {@code NAME.part}, beside a note of where it comes from, so that a
 * later try asks only for the rest; it gets its name when its size and checksum are right.
 */
final class Download {
    private static final long SPARE = 16L << 20;
    private static final int CHUNK = 1 << 18;
    private static final int LONGEST_NOTE = 1 << 16;
    private static final Pattern CONTENT_RANGE =
            Pattern.compile("bytes (\\d{1,18})-\\d+/(\\d{1,18}|\\*)");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Http http;
    private final Settings settings;
    private final URI uri;
    private final Path target;
    private final @Nullable Checksum checksum;
    private final Progress progress;
    private final Path part;
    private final Path note;
    private long size;

    /**
     * @param size what the hub lists, or -1 where only the server's answer will say
     */
    Download(
            Http http,
            Settings settings,
            URI uri,
            Path target,
            long size,
            @Nullable Checksum checksum,
            Progress progress) {
        this.http = http;
        this.settings = settings;
        this.uri = uri;
        this.target = target;
        this.size = size;
        this.checksum = checksum;
        this.progress = progress;
        this.part = target.resolveSibling(target.getFileName() + ".part");
        this.note = target.resolveSibling(target.getFileName() + ".part.json");
    }

    /**
     * What a part is the beginning of.
     *
     * @param etag the server's name for that version, or empty
     * @param size -1 if unknown
     * @param checksum empty if unknown
     */
    record Note(String uri, String etag, long size, String checksum) {}

    /** A path of a repository as part of an address. */
    static String encoded(String path) {
        return URLEncoder.encode(path, StandardCharsets.UTF_8)
                .replace("+", "%20")
                .replace("%2F", "/");
    }

    /**
     * Fetches the file, unless it is there already, and goes on by itself a few times after an
     * interruption.
     *
     * @return bytes of the file
     * @throws StoreException if it cannot be had; what came so far is kept unless it is wrong
     */
    long run() {
        try {
            return Attempts.of(settings.attempts(), IOException.class, this::attempt);
        } catch (IOException e) {
            throw new StoreException(target.getFileName() + ": " + e.getMessage() + kept(), e);
        }
    }

    private long attempt() throws IOException {
        try {
            if (!isThere()) {
                fetch();
            }
            return Files.size(target);
        } catch (FileSystemException e) {
            // Such failures, unlike those of a connection, stay.
            throw new StoreException(StoreException.reason(e) + kept(), e);
        } catch (IOException e) {
            if (String.valueOf(e.getMessage()).contains("No space left")) {
                throw new StoreException(full("the disk is full"), e);
            }
            throw e;
        }
    }

    private boolean isThere() throws IOException {
        if (!Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)
                || Files.size(target) != size
                || checksum == null) {
            return false;
        }
        MessageDigest digest = checksum.begin();
        try (FileChannel in = FileChannel.open(target, StandardOpenOption.READ)) {
            take(in, digest);
        }
        return Checksum.hex(digest).equals(checksum.hex());
    }

    private void fetch() throws IOException {
        try (FileChannel out =
                        FileChannel.open(
                                part,
                                Set.of(
                                        StandardOpenOption.CREATE,
                                        StandardOpenOption.READ,
                                        StandardOpenOption.WRITE,
                                        LinkOption.NOFOLLOW_LINKS));
                FileLock lock = lock(out)) {
            Objects.requireNonNull(lock);
            if (!Files.exists(part, LinkOption.NOFOLLOW_LINKS)) {
                // what was opened was renamed or deleted before the lock was ours
                throw new IOException("another program was pulling it just now");
            }
            Note known = readNote();
            long have = goesOn(known) ? out.size() : 0;
            if (size >= 0 && have > size) {
                have = 0;
            }
            boolean whole = have > 0 && have == size;
            if (!whole) {
                have = fetchFrom(have, known, out);
            }
            out.truncate(have);
            out.force(true);
            finish(out);
        }
    }

    /** Gives the size in the end. */
    private long fetchFrom(long start, @Nullable Note known, FileChannel out) throws IOException {
        long have = start;
        Map<String, String> headers = Map.of();
        if (have > 0 && known != null) {
            String range = "bytes=" + have + "-";
            // A weak or missing ETag cannot be a condition; then the checksum judges the whole.
            headers =
                    known.etag().startsWith("\"")
                            ? Map.of("Range", range, "If-Range", known.etag())
                            : Map.of("Range", range);
        }
        try (Http.Answer answer = http.get(uri, headers)) {
            if (answer.status() == 416 || (answer.status() == 206 && !continues(answer, have))) {
                Files.deleteIfExists(note);
                throw new IOException("the server has another version now");
            }
            have = answer.status() == 206 ? have : 0;
            if (have == 0 && answer.status() == 206) {
                throw new StoreException(
                        uri + ": answered with a part, but the whole was asked for");
            }
            checkLength(answer, have);
            checkSpace(have);
            out.truncate(have);
            writeNote(answer);
            return copy(answer, out, have);
        }
    }

    private long copy(Http.Answer answer, FileChannel out, long start) throws IOException {
        long have = start;
        byte[] bytes = new byte[CHUNK];
        out.position(have);
        progress.at(name(), have, size);
        int n;
        while ((n = answer.body().read(bytes, 0, bytes.length)) >= 0) {
            have += n;
            if (size >= 0 && have > size) {
                discard();
                throw new StoreException(
                        uri + ": more than the " + size + " bytes that were announced");
            }
            ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, n);
            while (buffer.hasRemaining()) {
                out.write(buffer);
            }
            progress.at(name(), have, size);
        }
        if (size >= 0 && have < size) {
            throw new IOException("the connection ended after " + have + " of " + size + " bytes");
        }
        return have;
    }

    /** While the lock is held: nobody else writes to what gets the name. */
    private void finish(FileChannel out) throws IOException {
        long found = out.size();
        if (checksum != null) {
            MessageDigest digest = checksum.begin();
            take(out.position(0), digest);
            String hex = Checksum.hex(digest);
            if (!hex.equals(checksum.hex())) {
                discard();
                throw new StoreException(
                        name()
                                + ": found checksum "
                                + hex
                                + ", expected "
                                + checksum
                                + "; what came was deleted, pull it again");
            }
        }
        if (size >= 0 && found != size) {
            discard();
            throw new StoreException(name() + ": found " + found + " bytes, expected " + size);
        }
        // until the pull ends, the folder may have files of two versions
        Files.deleteIfExists(target.resolveSibling(Manifest.NAME));
        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
        Files.deleteIfExists(note);
    }

    private void checkLength(Http.Answer answer, long have) {
        String length = answer.header("Content-Length");
        if (length == null || !length.matches("\\d{1,18}")) {
            return;
        }
        long whole = Math.addExact(have, Long.parseLong(length, 10));
        if (size >= 0 && whole != size) {
            throw new StoreException(
                    uri + ": the server announces " + whole + " bytes, expected " + size);
        }
        size = whole;
    }

    private void checkSpace(long have) throws IOException {
        long free = Files.getFileStore(part).getUsableSpace();
        long needed = Math.max(0, size - have) + SPARE;
        if (free < needed) {
            throw new StoreException(
                    full(
                            "needs "
                                    + Bytes.text(needed)
                                    + " with some to spare, and "
                                    + Bytes.text(free)
                                    + " are free"));
        }
    }

    private String full(String problem) {
        return target + ": " + problem + "; make room or set LOUPE_HOME to another disk" + kept();
    }

    private String kept() {
        try {
            long have = Files.size(part);
            return have == 0
                    ? ""
                    : "; "
                            + Bytes.text(have)
                            + (size < 0 ? "" : " of " + Bytes.text(size))
                            + " are kept, and the next pull goes on from there";
        } catch (IOException e) {
            return "";
        }
    }

    private boolean continues(Http.Answer answer, long have) {
        Matcher range = CONTENT_RANGE.matcher(String.valueOf(answer.header("Content-Range")));
        if (!range.matches() || Long.parseLong(range.group(1), 10) != have) {
            return false;
        }
        return size < 0 || range.group(2).equals("*") || Long.parseLong(range.group(2), 10) == size;
    }

    /** True if what is there is the beginning of what is to come. */
    private boolean goesOn(@Nullable Note known) {
        if (known == null || !known.uri().equals(uri.toString())) {
            return false;
        }
        if (size < 0) {
            size = known.size();
        }
        return known.size() == size
                && known.checksum().equals(String.valueOf(checksum))
                && (checksum != null || known.etag().startsWith("\""));
    }

    private @Nullable Note readNote() {
        try {
            if (Files.isRegularFile(note, LinkOption.NOFOLLOW_LINKS)
                    && Files.size(note) <= LONGEST_NOTE) {
                return JSON.readValue(Files.readAllBytes(note), Note.class);
            }
        } catch (IOException e) {
            // A note that cannot be read says nothing: the file is fetched from the start.
            return null;
        }
        return null;
    }

    private void writeNote(Http.Answer answer) throws IOException {
        String etag = answer.header("ETag");
        Note now =
                new Note(uri.toString(), etag == null ? "" : etag, size, String.valueOf(checksum));
        Files.deleteIfExists(note);
        Files.write(note, JSON.writeValueAsBytes(now), StandardOpenOption.CREATE_NEW);
    }

    private FileLock lock(FileChannel out) throws IOException {
        try {
            FileLock lock = out.tryLock();
            if (lock != null) {
                return lock;
            }
        } catch (OverlappingFileLockException e) {
            throw new StoreException(name() + ": is being pulled by this program", e);
        }
        throw new StoreException(name() + ": is being pulled by another program; wait for it");
    }

    private void discard() throws IOException {
        Files.deleteIfExists(part);
        Files.deleteIfExists(note);
    }

    private String name() {
        return String.valueOf(target.getFileName());
    }

    private static void take(FileChannel in, MessageDigest digest) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
        while (in.read(buffer) >= 0) {
            digest.update(buffer.flip());
            buffer.clear();
        }
    }
}
