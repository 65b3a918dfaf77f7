package dev.loupe.files.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loupe.files.store.FakeHub.Request;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

@Timeout(60)
class PullTest {
    private static final String REPO = "some/model-GGUF";
    private static final String FILE = "model-Q8_0.gguf";
    private static final byte[] BYTES = bytes(300_000);

    @TempDir Path home;
    private FakeHub hub;
    private ModelStore store;

    @BeforeEach
    void start() throws IOException {
        hub = new FakeHub();
        store = store(1);
    }

    @AfterEach
    void stop() {
        hub.close();
    }

    private ModelStore store(int attempts) {
        return new ModelStore(
                new Settings(
                        home.resolve("models"),
                        hub.endpoint(),
                        "hf_secret",
                        Duration.ofMillis(700),
                        attempts,
                        false));
    }

    private StoredModel pull(String name) {
        return store.pull(name, (file, done, total) -> {});
    }

    private void assertRefused(String name, String... words) {
        assertThatThrownBy(() -> pull(name))
                .isInstanceOf(StoreException.class)
                .hasMessageContainingAll(words)
                .hasMessageNotContaining("\n");
        assertThat(store.list()).isEmpty();
    }

    @Test
    void fetchesTheFileOfAQuantisation() throws IOException {
        hub.publish(REPO, Map.of(FILE, BYTES, "model-Q4_K_M.gguf", bytes(10)));
        StoredModel model = pull(REPO + ":q8_0");
        assertThat(model.name()).isEqualTo(REPO + ":Q8_0");
        assertThat(model.format()).isEqualTo("GGUF Q8_0");
        assertThat(Files.readAllBytes(model.path())).isEqualTo(BYTES);
        assertThat(store.list()).containsExactly(model);
        assertThat(store.resolve(REPO + ":Q8_0")).contains(model.path());
        assertThat(store.resolve(REPO)).contains(model.path());
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void fetchesWhatAFolderNeedsAndNothingElse() {
        hub.publish(
                "openai-community/gpt2",
                Map.of(
                        "config.json", bytes(20),
                        "tokenizer.json", bytes(30),
                        "model.safetensors", BYTES,
                        "pytorch_model.bin", bytes(40),
                        "onnx/model.safetensors", bytes(50)));
        StoredModel model = pull("gpt2");
        assertThat(model.name()).isEqualTo("gpt2");
        assertThat(model.path()).isDirectory();
        assertThat(model.bytes()).isEqualTo(300_050);
        assertThat(hub.downloads()).hasSize(3);
        assertThat(store.resolve("openai-community/gpt2")).contains(model.path());
    }

    @Test
    void aFolderOfTwoVersionsIsNoModel() {
        byte[] config = bytes(20);
        hub.publish(
                REPO,
                Map.of(
                        "config.json",
                        config,
                        "tokenizer.json",
                        config,
                        "model.safetensors",
                        BYTES));
        pull(REPO);
        byte[] next = bytes(21);
        hub.publish(
                REPO,
                Map.of("config.json", next, "tokenizer.json", config, "model.safetensors", next));
        hub.onFile(REPO, "model.safetensors", FakeHub.status(500));
        assertRefused(REPO, "HTTP 500");
    }

    @Test
    void fetchesAnAddressAndFindsItByTheSameAddress() {
        hub.on("/files/tiny.gguf", FakeHub.text("GGUF and more"));
        String address = "http://localhost:" + hub.port() + "/files/tiny.gguf";
        StoredModel model = pull(address);
        assertThat(model.path()).hasContent("GGUF and more");
        assertThat(store.resolve(address)).contains(model.path());
        assertThat(hub.downloads()).allMatch(request -> request.authorization() == null);
    }

    @Test
    void takesNoPageForAModel() throws IOException {
        hub.on("/files/tiny.gguf", FakeHub.text("<html>sign in</html>"));
        assertRefused("http://localhost:" + hub.port() + "/files/tiny.gguf", "begin with GGUF");
        assertThat(filesBelow(home)).isEmpty();
    }

    @Test
    void fetchesNothingThatIsThere() {
        hub.publish(REPO, Map.of(FILE, BYTES));
        pull(REPO);
        pull(REPO);
        assertThat(hub.downloads()).hasSize(1);
    }

    @Test
    void goesOnWhereAConnectionBrokeOff() throws IOException {
        hub.publish(REPO, Map.of(FILE, BYTES));
        hub.onFile(REPO, FILE, FakeHub.cut(BYTES, 100_000));
        assertRefused(REPO, FILE, "broke off", "kept");
        hub.onFile(REPO, FILE, FakeHub.file(BYTES));

        StoredModel model = pull(REPO);

        long had = Long.parseLong(String.valueOf(last().range()).replaceAll("\\D", ""), 10);
        assertThat(had).isBetween(1L, 100_000L);
        assertThat(last().ifRange()).isEqualTo("\"" + FakeHub.sha256(BYTES) + "\"");
        assertThat(Files.readAllBytes(model.path())).isEqualTo(BYTES);
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void goesOnByItselfAfterAnInterruption() throws IOException {
        hub.publish(REPO, Map.of(FILE, BYTES));
        hub.onFile(
                REPO,
                FILE,
                exchange -> {
                    hub.onFile(REPO, FILE, FakeHub.file(BYTES));
                    FakeHub.cut(BYTES, 200_000).handle(exchange);
                });
        store = store(2);
        assertThat(Files.readAllBytes(pull(REPO).path())).isEqualTo(BYTES);
        assertThat(hub.downloads()).hasSize(2);
        assertThat(last().range()).isNotNull();
    }

    @Test
    void waitsForABusyHub() {
        hub.publish(REPO, Map.of(FILE, BYTES));
        hub.onList(
                REPO,
                exchange -> {
                    hub.onList(REPO, FakeHub.text(FakeHub.listing(Map.of(FILE, BYTES))));
                    FakeHub.status(429, "Retry-After", "1").handle(exchange);
                });
        store = store(2);
        long start = System.nanoTime();
        assertThat(pull(REPO).bytes()).isEqualTo(BYTES.length);
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .isGreaterThan(Duration.ofMillis(950));
    }

    @Test
    void saysThatTheStoreCannotBeWritten() throws IOException {
        hub.publish(REPO, Map.of(FILE, BYTES));
        Files.createDirectories(
                home.resolve("models/some/model-GGUF/model-Q8_0/" + FILE + ".part"));
        store = store(4);
        assertRefused(REPO, FILE + ".part", "directory");
    }

    @Test
    void startsAgainWhenTheFileIsAnotherNow() throws IOException {
        hub.publish(REPO, Map.of(FILE, BYTES));
        hub.onFile(REPO, FILE, FakeHub.cut(BYTES, 100_000));
        assertRefused(REPO, "kept");
        byte[] other = bytes(300_001);
        hub.publish(REPO, Map.of(FILE, other));
        assertThat(Files.readAllBytes(pull(REPO).path())).isEqualTo(other);
        assertThat(last().range()).isNull();
    }

    @Test
    void doesNotTrustAPartThatWasChanged() throws IOException {
        hub.publish(REPO, Map.of(FILE, BYTES));
        hub.onFile(REPO, FILE, FakeHub.cut(BYTES, 100_000));
        assertRefused(REPO, "kept");
        Path part = leftover(".part");
        byte[] changed = Files.readAllBytes(part);
        changed[0] ^= 1;
        Files.write(part, changed);
        hub.onFile(REPO, FILE, FakeHub.file(BYTES));
        assertRefused(REPO, "checksum", "deleted");
        assertThat(Files.readAllBytes(pull(REPO).path())).isEqualTo(BYTES);
    }

    @Test
    void refusesAnotherChecksum() throws IOException {
        hub.publish(REPO, Map.of(FILE, BYTES));
        byte[] wrong = BYTES.clone();
        wrong[299_999] ^= 1;
        hub.onFile(REPO, FILE, FakeHub.file(wrong));
        assertRefused(REPO, FILE, FakeHub.sha256(wrong), FakeHub.sha256(BYTES));
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void checksSmallFilesAsGitNamesThem() {
        String entry =
                "{\"type\":\"file\",\"path\":\""
                        + FILE
                        + "\",\"size\":6,\"oid\":\"ce013625030ba8dba906f756967f9e9ca394464a\"}";
        hub.onList(REPO, FakeHub.text("[" + entry + "]"));
        // `printf 'hello\n' | git hash-object --stdin` is ce0136...
        hub.onFile(REPO, FILE, FakeHub.text("hellO\n"));
        assertRefused(REPO, "checksum", "git blob ce013625");
        hub.onFile(REPO, FILE, FakeHub.text("hello\n"));
        assertThat(pull(REPO).bytes()).isEqualTo(6);
    }

    @Test
    void refusesALengthThatIsNotTheListed() {
        hub.publish(REPO, Map.of(FILE, BYTES));
        hub.onFile(REPO, FILE, FakeHub.file(bytes(299_999)));
        assertRefused(REPO, "299999", "expected 300000");
    }

    @Test
    void stopsReadingAfterTheListedLength() throws IOException {
        hub.publish(REPO, Map.of(FILE, BYTES));
        hub.onFile(
                REPO,
                FILE,
                exchange -> {
                    exchange.sendResponseHeaders(200, 0);
                    byte[] more = new byte[1 << 16];
                    for (int i = 0; i < 100_000; i++) {
                        exchange.getResponseBody().write(more);
                    }
                });
        assertRefused(REPO, "more than the 300000 bytes");
        assertThat(leftovers()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "bytes 5-299999/300000, another version",
        "bytes 100000-299999/400000, another version",
        "nonsense, another version"
    })
    void refusesAPartThatDoesNotContinue(String range, String problem) throws IOException {
        hub.publish(REPO, Map.of(FILE, BYTES));
        hub.onFile(REPO, FILE, FakeHub.cut(BYTES, 100_000));
        assertRefused(REPO, "kept");
        hub.onFile(REPO, FILE, FakeHub.status(206, "Content-Range", range));
        assertRefused(REPO, problem);
        hub.onFile(REPO, FILE, FakeHub.file(BYTES));
        assertThat(Files.readAllBytes(pull(REPO).path())).isEqualTo(BYTES);
    }

    @Test
    void neverSendsTheTokenToAnotherHost() {
        hub.publish(REPO, Map.of(FILE, BYTES));
        hub.onFile(REPO, FILE, FakeHub.redirect("http://localhost:" + hub.port() + "/cdn"));
        hub.on("/cdn", FakeHub.file(BYTES));
        pull(REPO);
        assertThat(hub.requests())
                .filteredOn(request -> request.host().startsWith("127.0.0.1"))
                .hasSize(2)
                .allMatch(request -> "Bearer hf_secret".equals(request.authorization()));
        assertThat(hub.requests())
                .filteredOn(request -> request.host().startsWith("localhost"))
                .hasSize(1)
                .allMatch(request -> request.authorization() == null);
    }

    @Test
    void neverSendsTheTokenToAnotherPort() throws IOException {
        try (FakeHub cdn = new FakeHub()) {
            cdn.on("/cdn", FakeHub.file(BYTES));
            hub.publish(REPO, Map.of(FILE, BYTES));
            hub.onFile(REPO, FILE, FakeHub.redirect(cdn.endpoint() + "/cdn"));
            pull(REPO);
            assertThat(cdn.requests()).hasSize(1);
            assertThat(cdn.requests().getFirst().authorization()).isNull();
        }
    }

    @Test
    void givesUpOnARedirectLoop() {
        hub.publish(REPO, Map.of(FILE, BYTES));
        hub.onFile(REPO, FILE, FakeHub.redirect("/" + REPO + "/resolve/main/" + FILE));
        assertRefused(REPO, "more than 5 redirects");
        assertThat(hub.downloads()).hasSize(6);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "file:///etc/passwd",
                "ftp://127.0.0.1/x",
                "http://user:word@127.0.0.1/x",
                "http:///x",
                "http://[bad/x",
                "jar:file:///x!/y"
            })
    void refusesRedirectsThatLeaveTheWeb(String location) {
        hub.publish(REPO, Map.of(FILE, BYTES));
        hub.onFile(REPO, FILE, FakeHub.redirect(location));
        assertRefused(REPO, "redirect to");
    }

    @Test
    void refusesToGoOnUnencrypted() {
        assertThatThrownBy(() ->
                        Http.redirected(
                                URI.create("https://hub.example/a"), "http://hub.example/a"))
                .hasMessageContaining("not encrypted");
        assertThat(Http.redirected(URI.create("https://hub.example/a/b"), "../c"))
                .isEqualTo(URI.create("https://hub.example/c"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../model.safetensors",
                "/model-Q8_0.gguf",
                "a/../../model-Q8_0.gguf",
                "..\\\\model-Q8_0.gguf",
                ".hidden-Q8_0.gguf",
                "a\\u0000b-Q8_0.gguf",
                "a\\u001b[2J-Q8_0.gguf",
                "C:model-Q8_0.gguf",
                "con.Q8_0.gguf",
                "\\u202emodel-Q8_0.gguf"
            })
    void writesNoFileWithANameThatLeadsElsewhere(String name) throws IOException {
        hub.onList(REPO, FakeHub.text("[" + FakeHub.entry(name, 10, "a".repeat(64)) + "]"));
        assertRefused(REPO, "nothing is written");
        assertThat(hub.downloads()).isEmpty();
        assertThat(filesBelow(home)).isEmpty();
    }

    @Test
    void writesNoNameThatIsTooLong() throws IOException {
        String name = "x".repeat(250) + "-Q8_0.gguf";
        hub.onList(REPO, FakeHub.text("[" + FakeHub.entry(name, 10, "a".repeat(64)) + "]"));
        assertRefused(REPO, "longer than 200 bytes");
        assertThat(filesBelow(home)).isEmpty();
    }

    @Test
    void endsWhenTheServerFallsSilent() {
        hub.publish(REPO, Map.of(FILE, BYTES));
        hub.onFile(
                REPO,
                FILE,
                exchange -> {
                    exchange.sendResponseHeaders(200, BYTES.length);
                    exchange.getResponseBody().write(BYTES, 0, 1000);
                    exchange.getResponseBody().flush();
                    sleep(20_000);
                });
        long start = System.nanoTime();
        assertRefused(REPO, "sent nothing", "0.7 s");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(8));
    }

    @Test
    void endsWhenTheServerNeverAnswers() {
        hub.publish(REPO, Map.of(FILE, BYTES));
        hub.onFile(REPO, FILE, exchange -> sleep(20_000));
        assertRefused(REPO, "did not answer in 0.7 s");
    }

    @Test
    void endsWhenAFileDrips() {
        hub.publish(REPO, Map.of(FILE, BYTES));
        hub.onFile(REPO, FILE, FakeHub.drip(BYTES.length, 20));
        assertRefused(REPO, "next to nothing");
    }

    @Test
    void endsWhenAListDrips() {
        hub.onList(REPO, FakeHub.drip(1 << 20, 20));
        assertRefused(REPO, "next to nothing");
    }

    @ParameterizedTest
    @CsvSource({
        "401, gives no access",
        "403, gives no access",
        "404, check the name",
        "410, HTTP 410",
        "429, asks to wait",
        "500, in trouble",
        "503, in trouble"
    })
    void saysWhatAStatusMeans(int status, String words) {
        hub.publish(REPO, Map.of(FILE, BYTES));
        hub.onFile(REPO, FILE, FakeHub.status(status));
        assertRefused(REPO, words, String.valueOf(status));
        hub.onList(REPO, FakeHub.status(status));
        assertRefused(REPO, words, String.valueOf(status));
    }

    @Test
    void saysHowToGetAtAGatedModel() {
        hub.onList(REPO, FakeHub.status(401, "X-Error-Code", "GatedRepo"));
        store =
                new ModelStore(
                        new Settings(home, hub.endpoint(), null, Duration.ofSeconds(5), 1, false));
        assertRefused(REPO, "ask for access", "/settings/tokens", "HF_TOKEN");
    }

    @Test
    void refusesAListWithoutEnd() {
        hub.onList(
                REPO,
                exchange -> {
                    exchange.sendResponseHeaders(200, 0);
                    exchange.getResponseBody().write('[');
                    byte[] spaces =
                            " ".repeat(1 << 16).getBytes(java.nio.charset.StandardCharsets.UTF_8);
                    for (int i = 0; i < 100_000; i++) {
                        exchange.getResponseBody().write(spaces);
                    }
                });
        assertRefused(REPO, "longer than");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "{}",
                "{\"error\":\"x\"}",
                "[1]",
                "[{",
                "[{\"type\":\"file\"}]",
                "[{\"type\":\"file\",\"path\":\"a.gguf\",\"size\":-1}]",
                "[{\"type\":\"file\",\"path\":\"a.gguf\",\"size\":99999999999999999999999}]",
                "[{\"type\":\"file\",\"path\":\"a.gguf\",\"size\":1,\"lfs\":{\"oid\":\"../x\"}}]",
                "[{\"type\":\"file\",\"path\":\"a.gguf\",\"size\":1,\"oid\":\"zz\"}]",
                "<html>sign in</html>"
            })
    void refusesAnAnswerThatIsNoList(String answer) throws IOException {
        hub.onList(REPO, FakeHub.text(answer));
        assertRefused(REPO, "model-GGUF");
        assertThat(filesBelow(home)).isEmpty();
    }

    @Test
    void refusesDeepNesting() {
        hub.onList(REPO, FakeHub.text("[{\"x\":" + "[".repeat(1_000_000)));
        assertRefused(REPO, "not the list of files");
    }

    @Test
    void readsListsOfSeveralPagesOfThisHubAlone() {
        String next = "/api/models/" + REPO + "/tree/main?recursive=true&cursor=2";
        hub.onFile(REPO, FILE, FakeHub.file(BYTES));
        hub.on(next, FakeHub.text(FakeHub.listing(Map.of(FILE, BYTES))));
        hub.onList(REPO, page("<" + hub.endpoint() + next + ">; rel=\"next\""));
        assertThat(pull(REPO).bytes()).isEqualTo(BYTES.length);
        store.remove(REPO);
        hub.onList(REPO, page("<http://localhost:" + hub.port() + next + ">; rel=\"next\""));
        assertRefused(REPO, "elsewhere");
    }

    @Test
    void refusesPagesWithoutEnd() {
        String self = "/api/models/" + REPO + "/tree/main?recursive=true";
        hub.onList(REPO, page("<" + self + ">; rel=\"next\""));
        assertRefused(REPO, "more than 50000 files");
    }

    @Test
    void refusesPartsOfAGguf() {
        hub.publish(REPO, Map.of("big-Q8_0-00001-of-00003.gguf", BYTES));
        assertRefused(REPO + ":Q8_0", "one of 3 parts");
        assertThat(hub.downloads()).isEmpty();
    }

    @Test
    void saysWhichFilesThereAre() {
        hub.publish(REPO, Map.of("model-Q4_0.gguf", BYTES));
        assertRefused(REPO + ":Q8_0", "'Q8_0'", "model-Q4_0.gguf");
    }

    @Test
    void saysHowToConvertPickledWeights() {
        hub.publish(REPO, Map.of("config.json", BYTES, "pytorch_model.bin", BYTES));
        assertRefused(REPO, "safe_serialization=True");
    }

    @Test
    void refusesASecondPullOfTheSameFile() throws IOException {
        hub.publish(REPO, Map.of(FILE, BYTES));
        hub.onFile(REPO, FILE, FakeHub.cut(BYTES, 100_000));
        assertRefused(REPO, "kept");
        try (FileChannel other = FileChannel.open(leftover(".part"), StandardOpenOption.WRITE);
                FileLock lock = other.lock()) {
            assertThat(lock.isValid()).isTrue();
            assertRefused(REPO, "is being pulled");
        }
    }

    @Test
    void doesNotWriteThroughASymbolicLink() throws IOException {
        hub.publish(REPO, Map.of(FILE, BYTES));
        Path outside = Files.createDirectory(home.resolve("outside"));
        Files.createDirectories(home.resolve("models"));
        Files.createSymbolicLink(home.resolve("models/some"), outside);
        assertRefused(REPO, "no plain folder");
        assertThat(filesBelow(outside)).isEmpty();
    }

    @Test
    void removesWhatAnInterruptedPullLeft() throws IOException {
        hub.publish(REPO, Map.of(FILE, BYTES));
        hub.onFile(REPO, FILE, FakeHub.cut(BYTES, 100_000));
        assertRefused(REPO, "kept");
        assertThat(store.remove(REPO)).isPositive();
        assertThat(filesBelow(home)).isEmpty();
    }

    @Test
    void fetchesNothingOffline() {
        ModelStore offline =
                new ModelStore(
                        new Settings(home, hub.endpoint(), null, Duration.ofSeconds(5), 1, true));
        assertThatThrownBy(() -> offline.pull("gpt2", (file, done, total) -> {}))
                .hasMessageContaining("--offline");
        assertThat(hub.requests()).isEmpty();
    }

    private static com.sun.net.httpserver.HttpHandler page(String link) {
        return exchange -> {
            exchange.getResponseHeaders().add("Link", link);
            FakeHub.text("[]").handle(exchange);
        };
    }

    private Request last() {
        return hub.downloads().getLast();
    }

    private Stream<Path> parts() throws IOException {
        return filesBelow(home).filter(path -> path.toString().contains(".part"));
    }

    private java.util.List<Path> leftovers() throws IOException {
        return parts().toList();
    }

    private Path leftover(String ending) throws IOException {
        return parts().filter(path -> path.toString().endsWith(ending)).findFirst().orElseThrow();
    }

    private static Stream<Path> filesBelow(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).toList().stream();
        }
    }

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
