package dev.loupe.files;

import static dev.loupe.files.GgufBytes.int64;
import static dev.loupe.files.GgufBytes.join;
import static dev.loupe.files.GgufBytes.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.sun.management.ThreadMXBean;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;

/**
 * Files made to break a reader: each is refused with one line that names the file and what is
 * wrong, within two seconds, and without allocating more than 128 MB in all.
 */
class HostileFilesTest {
    private static final int F32 = 0;
    private static final int Q8_0 = 8;
    private static final long MOST = Long.MAX_VALUE;

    @TempDir Path folder;

    /** Makes something in a folder and says where. */
    private interface Maker {
        Path in(Path folder) throws IOException, InterruptedException;
    }

    /** What is made, and what the message says of it. */
    record Hostile(String kind, Maker maker, String message) {
        @Override
        public String toString() {
            return kind;
        }
    }

    @ParameterizedTest
    @MethodSource({"places", "headers", "keys", "tensors", "safetensors", "indexes"})
    void isRefusedInOneLineAndCheaply(Hostile hostile) throws Exception {
        Path file = hostile.maker().in(folder);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long allocated = threads.getCurrentThreadAllocatedBytes();
        long start = System.nanoTime();
        Throwable thrown = catchThrowable(() -> TensorFile.open(file).close());
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        allocated = threads.getCurrentThreadAllocatedBytes() - allocated;
        System.err.printf(
                "MEASURED: %s: %d ms, %d kB: %s%n",
                hostile.kind(),
                took.toMillis(),
                allocated / 1024,
                String.valueOf(thrown).replace(folder + "/", ""));
        assertThat(thrown)
                .isInstanceOf(ModelFileException.class)
                .hasMessageStartingWith(folder.toString())
                .hasMessageContaining(hostile.message());
        assertThat(String.valueOf(thrown)).hasSizeLessThan(800).matches("\\P{Cntrl}*");
        assertThat(took).isLessThan(Duration.ofSeconds(2));
        assertThat(allocated).isLessThan(128 << 20);
    }

    static Stream<Hostile> places() {
        return Stream.of(
                new Hostile("a missing file", f -> f.resolve("none"), "no such file"),
                new Hostile("an empty folder", f -> f, "has neither model.safetensors nor"),
                new Hostile("a named pipe", HostileFilesTest::pipe, "is not a regular file"),
                first("an empty file", "", "is empty"),
                first("a zip, as torch.save writes", "PK\3\4", "save_pretrained"),
                first("a pickle", "\u0080\2}q", "save_pretrained"),
                new Hostile(
                        "a folder with a pickle alone",
                        f -> {
                            Files.writeString(f.resolve("pytorch_model.bin"), "PK\3\4");
                            return f;
                        },
                        "save_pretrained(DIR, safe_serialization=True)"),
                first("a web page", "<!DOCTYPE html>", "is a web page"),
                first("a Git LFS pointer", "version https://git-lfs.github.com", "git lfs pull"),
                first("an old GGML file", "tjgg\1\0\0\0", "get the model as GGUF"),
                first("a GGUF magic of swapped bytes", "FUGG", "expected GGUF"),
                first("noise", "noise and more", "expected a GGUF or safetensors model"));
    }

    static Stream<Hostile> headers() {
        return Stream.of(
                first("a magic alone", "GGUF", "version: found the end of the file"),
                gguf("version 1", new GgufBytes().version(1), "found 1, expected 2 or 3"),
                gguf("version 99", new GgufBytes().version(99), "found 99"),
                gguf("big-endian", new GgufBytes().version(3 << 24), "big-endian"),
                gguf("2^63-1 tensors", new GgufBytes().claiming(0, MOST), "tensor count: found 9"),
                gguf("2^63 tensors", new GgufBytes().claiming(0, -1L << 63), "tensor count"),
                gguf("2^63-1 keys", new GgufBytes().claiming(MOST, 0), "metadata count"),
                gguf(
                        "a key more than there is",
                        new GgufBytes().claiming(1, 0).tensor("a", F32, 8),
                        "name of tensor 0"),
                gguf("a cut header", new GgufBytes().everyType().cut(40), "cut short"));
    }

    static Stream<Hostile> keys() {
        return Stream.of(
                gguf(
                        "a key of 2^63-1 bytes",
                        new GgufBytes().key(int64(MOST), 0, new byte[64]),
                        "length of metadata key: found 9223372036854775807"),
                gguf("an empty key", new GgufBytes().key("", 0, new byte[1]), "an empty name"),
                gguf(
                        "a key of no UTF-8",
                        new GgufBytes().key(join(int64(1), new byte[] {-1}), 0, new byte[1]),
                        "expected UTF-8"),
                gguf("a key twice", bytes().key("k", 0, b(1)).key("k", 0, b(2)), "it twice"),
                gguf("an escape in a key", bytes().key("\33[2Jk", 7, b(7)), "\uFFFD[2Jk: found 7"),
                gguf("a type of no value", bytes().key("k", 13, b(1)), "type of k: found 13"),
                gguf("a boolean 2", bytes().key("k", 7, b(2)), "k: found 2, expected a boolean"),
                gguf("a large integer", bytes().key("k", 10, int64(-1)), "18446744073709551615"),
                gguf("a string of 2^62 bytes", bytes().key("k", 8, int64(1L << 62)), "length of k"),
                gguf("2^63-1 bytes", bytes().array("k", 0, MOST), "length of array k"),
                gguf("2^61 strings", bytes().array("k", 8, 1L << 61), "length of array k"),
                gguf("an array of arrays", bytes().array("k", 9, 1), "an array of arrays"),
                gguf("a type of no element", bytes().array("k", 99, 1), "found 99"),
                gguf(
                        "2 million empty strings",
                        bytes().array("k", 8, 2_000_000, new byte[16_000_000]),
                        "at most 1000000 strings"),
                gguf(
                        "a string of 20 MB",
                        bytes().key("k", 8, int64(20_000_000), new byte[20_000_000]),
                        "k: found more text"),
                gguf(
                        "5 million numbers",
                        bytes().array("k", 0, 5_000_000, new byte[5_000_000]),
                        "length of array k: found 5000000, expected at most 4000000"),
                gguf(
                        "numbers in many arrays",
                        bytes().array("k", 0, 3_000_000, new byte[3_000_000])
                                .array("l", 0, 3_000_000, new byte[3_000_000]),
                        "l: found more numbers"),
                gguf(
                        "as many strings as are allowed",
                        bytes().array("k", 8, 999_000, new byte[8 * 999_000]).key("l", 7, b(2)),
                        "l: found 2"));
    }

    static Stream<Hostile> tensors() {
        return Stream.of(
                gguf("alignment 0", bytes().alignment(0), "general.alignment: found 0"),
                gguf("alignment 24", bytes().alignment(24), "general.alignment: found 24"),
                gguf("alignment 2^30", bytes().alignment(1 << 30), "found 1073741824"),
                gguf(
                        "alignment as text",
                        bytes().key("general.alignment", 8, text("32")),
                        "found String, expected a power of two"),
                gguf(
                        "a part of a model",
                        bytes().key("split.count", 2, new byte[] {3, 0}),
                        "one of 3 parts"),
                gguf("a tensor twice", bytes().tensor("a", F32, 8).tensor("a", F32, 8), "it twice"),
                gguf("an empty name", bytes().tensor("", F32, 8), "an empty name"),
                gguf("no dimensions", bytes().tensor("a", F32), "0 dimensions"),
                gguf("5 dimensions", bytes().tensor("a", F32, 1, 1, 1, 1, 8), "5 dimensions"),
                gguf("a side of 0", bytes().tensor("a", F32, 0, 8), "shape [8, 0]"),
                gguf("a side of -1", bytes().tensorAt("a", F32, 0, 8, -1), "shape [-1, 8]"),
                gguf("a side of 2^62", bytes().tensorAt("a", F32, 0, 8, 1L << 62), "expected side"),
                gguf(
                        "sides whose product overflows",
                        bytes().tensorAt("a", F32, 0, 1 << 30, 1 << 30, 1 << 30, 1 << 30),
                        "rows"),
                gguf(
                        "sides of 2^31-1",
                        bytes().tensorAt("a", F32, 0, Integer.MAX_VALUE, Integer.MAX_VALUE),
                        "expected a tensor that fits a file"),
                gguf("a type of no tensor", bytes().tensor("a", 99, 8), "type 99, expected one of"),
                gguf("a block cut", bytes().tensor("a", Q8_0, 33), "rows of 33"),
                gguf("an offset askew", bytes().tensorAt("a", F32, 4, 8), "offset 4"),
                gguf("an offset below 0", bytes().tensorAt("a", F32, -32, 8), "offset 1844674407"),
                gguf("an offset of 2^62", bytes().tensorAt("a", F32, 1L << 62, 8), "no more than"),
                gguf(
                        "an offset at the end",
                        bytes().tensor("a", F32, 8).tensorAt("b", F32, 32, 8),
                        "tensor 'b': found 32 bytes at offset 32"),
                gguf("a cut tensor", bytes().tensor("a", F32, 8).cut(1), "found 32 bytes"),
                gguf(
                        "tensors that overlap",
                        bytes().tensor("a", F32, 16).tensorAt("b", F32, 32, 8),
                        "tensor 'b': found offset 32, expected at least 64"));
    }

    static Stream<Hostile> safetensors() {
        String a = "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";
        String entry = "{\"a\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}}";
        return Stream.of(
                file("a header of 2^63-1", join(int64(MOST), b('{'), b('}')), "header length"),
                file("a header of -1", join(int64(-1), b('{'), b('}')), "18446744073709551615"),
                new Hostile("a header of 100 MB", HostileFilesTest::large, "at most 16777216"),
                header("a cut header", "{\"a\":{\"dtype\":\"F3", "broken JSON at character"),
                header("more after the header", a + "}{}", "more after its end"),
                header("an array as header", "[]", "expected a GGUF or safetensors model"),
                header("nesting of 100,000", "{\"a\":" + "[".repeat(100_000), "found START_ARRAY"),
                header(
                        "nesting where nothing is read",
                        "{\"__metadata__\":" + "[".repeat(100_000),
                        "broken JSON"),
                header("a name twice", a + a.replace('{', ',').replace(":,", ":{") + "}", "twice"),
                header("a tensor that is text", "{\"a\":\"b\"}", "expected an object"),
                file(
                        "a header in UTF-32",
                        join(int64(12), b('{'), new byte[11], new byte[4]),
                        "broken JSON"),
                header("no dtype", "{\"a\":{\"shape\":[],\"data_offsets\":[0,4]}}", "no dtype"),
                header("a dtype 4", "{\"a\":{\"dtype\":4}}", "dtype: found VALUE_NUMBER_INT"),
                header("a shape 1.5", entry.formatted("F32", "[1.5]", "[0,4]"), "VALUE_NUMBER_FLO"),
                header(
                        "a shape of 2^70",
                        entry.formatted("F32", "[" + "9".repeat(22) + "]", "[]"),
                        "broken JSON"),
                header("a shape of -1", entry.formatted("F32", "[-1]", "[0,4]"), "shape: found"),
                header(
                        "a shape that overflows",
                        entry.formatted("F32", "[4294967296,4294967296]", "[0,4]"),
                        "expected a tensor that fits"),
                header(
                        "9 dimensions",
                        entry.formatted("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"),
                        "at most 8"),
                header("offsets reversed", entry.formatted("F32", "[1]", "[4,0]"), "[4, 0]"),
                header("one offset", entry.formatted("F32", "[1]", "[0]"), "data_offsets: found"),
                header(
                        "an offset outside",
                        entry.formatted("F32", "[4]", "[0,16]"),
                        "within the 4"),
                header("a size that differs", entry.formatted("F32", "[2]", "[0,4]"), "expected 8"),
                header(
                        "tensors that overlap",
                        a + ",\"b\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[2,4]}}",
                        "expected from 4 on"),
                header("a name of 100,000", "{\"" + "n".repeat(100_000) + "\":1}", "broken JSON"));
    }

    static Stream<Hostile> indexes() {
        return Stream.of(
                index("no weight_map", "{}", "weight_map: found nothing"),
                index("a weight_map that is a list", "{\"weight_map\":[]}", "expected an object"),
                shard("a shard above the folder", "../a.safetensors"),
                shard("a shard in the root", "/etc/passwd.safetensors"),
                shard("a shard on a drive", "C:a.safetensors"),
                shard("a shard behind a backslash", "x\\\\a.safetensors"),
                shard("a shard of another kind", "pytorch_model.bin"),
                index(
                        "a shard that is missing",
                        "{\"weight_map\":{\"a\":\"b.safetensors\"}}",
                        "b.safetensors: no such file"),
                new Hostile(
                        "a tensor that its shard lacks",
                        f -> {
                            write(f.resolve("b.safetensors"), join(int64(2), b('{'), b('}')));
                            return Files.writeString(
                                    f.resolve("index.json"),
                                    "{\"weight_map\":{\"a\":\"b.safetensors\"}}");
                        },
                        "tensor 'a' is not in b.safetensors"));
    }

    private static GgufBytes bytes() {
        return new GgufBytes();
    }

    private static byte[] b(int value) {
        return new byte[] {(byte) value};
    }

    private static Hostile gguf(String kind, GgufBytes bytes, String message) {
        return new Hostile(kind, bytes::in, message);
    }

    private static Hostile first(String kind, String text, String message) {
        return file(kind, text.getBytes(StandardCharsets.ISO_8859_1), message);
    }

    private static Hostile file(String kind, byte[] bytes, String message) {
        return new Hostile(kind, f -> write(f.resolve("file.bin"), bytes), message);
    }

    /** A safetensors file of this header and four bytes of data. */
    private static Hostile header(String kind, String json, String message) {
        byte[] header = json.getBytes(StandardCharsets.UTF_8);
        return file(kind, join(int64(header.length), header, new byte[4]), message);
    }

    private static Hostile index(String kind, String json, String message) {
        return new Hostile(kind, f -> Files.writeString(f.resolve("index.json"), json), message);
    }

    private static Hostile shard(String kind, String name) {
        return index(
                kind,
                "{\"weight_map\":{\"a\":\"" + name + "\"}}",
                "expected the name of a .safetensors file beside the index");
    }

    private static Path write(Path file, byte[] bytes) {
        return GgufBytes.write(file, bytes);
    }

    private static Path large(Path folder) throws IOException {
        Path file = write(folder.resolve("file.bin"), join(int64(100_000_000), b('{')));
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(100_000_008);
        }
        return file;
    }

    private static Path pipe(Path folder) throws IOException, InterruptedException {
        Path pipe = folder.resolve("pipe");
        int status = new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor();
        assertThat(status).as("mkfifo").isZero();
        return pipe;
    }
}
