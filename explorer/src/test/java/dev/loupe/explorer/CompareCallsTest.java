package dev.loupe.explorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;

import dev.loupe.files.Converter;
import dev.loupe.files.LocalModel;
import dev.loupe.files.Mix;
import dev.loupe.files.store.StoredModel;
import dev.loupe.inside.Capture;
import dev.loupe.inside.Hooks;
import dev.loupe.inside.Reader;
import dev.loupe.kernels.Processor;
import dev.loupe.model.Taps;
import dev.loupe.train.Architecture;
import dev.loupe.train.Metrics;
import dev.loupe.train.Recipe;
import dev.loupe.train.Run;
import dev.loupe.train.Schedule;
import dev.loupe.train.Settings;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/** What two sides differ by is what differs between the models themselves. */
class CompareCallsTest {
    private static final int[] IDS = {3, 1, 4, 1, 5, 9, 2, 6};
    private static final int CONTEXT = 16;

    @TempDir private static Path folder;

    private static Asking asking;

    @BeforeAll
    static void start() throws IOException {
        Path gpt2 = Outside.fixture("families/gpt2");
        Path q8 = folder.resolve("q8.gguf");
        Path f16 = folder.resolve("f16.gguf");
        Converter.toGguf(gpt2, q8, Optional.of(Mix.Q8_0), 1, (index, count, tensor) -> {});
        Converter.toGguf(gpt2, f16, Optional.of(Mix.F16), 1, (index, count, tensor) -> {});
        Path letters = run("letters", "characters");
        Path pieces = run("pieces", "bpe");
        Instant now = Instant.now();
        List<StoredModel> stored =
                List.of(
                        new StoredModel("the same", folder.resolve("./q8.gguf"), "GGUF", 1, now),
                        new StoredModel("letters", f16, "GGUF F16", 1, now));
        Explorer explorer = Explorer.start(List.of(gpt2, q8, letters, pieces), stored, 2, 0);
        asking = new Asking(explorer, HttpClient.newHttpClient());
    }

    @AfterAll
    static void end() {
        asking.close();
    }

    /** A run of six steps with checkpoints at 2, 4 and 6. */
    private static Path run(String name, String tokenizer) throws IOException {
        Path text = folder.resolve("text.txt");
        Files.writeString(text, "the quick brown fox jumps over the lazy dog. ".repeat(40));
        Settings settings =
                new Settings(
                        List.of(text.toString()),
                        false,
                        tokenizer,
                        280,
                        new Architecture(Architecture.Style.LLAMA, 3, 2, 1, 16, 32, CONTEXT),
                        new Recipe(
                                new Schedule(Schedule.Kind.CONSTANT, 1e-3, 1e-3, 0, 6),
                                2,
                                1,
                                0.9f,
                                0.95f,
                                0.1f,
                                1,
                                0,
                                1,
                                false,
                                0),
                        0.1,
                        2,
                        4,
                        6,
                        "the",
                        2,
                        3,
                        false);
        Path run = folder.resolve(name);
        settings.write(run);
        try (Processor processor = Processor.of(2);
                Run training = new Run(run, settings, processor, (what, done, total) -> {});
                Metrics metrics = new Metrics(run, 0)) {
            while (!training.trainer().finished()) {
                var report = training.trainer().next();
                boolean second = report.step() % 2 == 0;
                metrics.add(
                        report,
                        second ? OptionalDouble.of(training.validate()) : OptionalDouble.empty(),
                        1);
                if (second) {
                    training.checkpoints().save(training.trainer());
                }
            }
            training.saveModel();
        }
        return run;
    }

    /** The answer behind the lines that tell progress. */
    private static JsonNode ask(String call, String body) throws IOException, InterruptedException {
        HttpResponse<byte[]> response = asking.send(asking.asking(call, body));
        String text = new String(response.body(), StandardCharsets.UTF_8).strip();
        JsonNode last = Asking.MAPPER.readTree(text.substring(text.lastIndexOf('\n') + 1));
        assertThat(last.has("error")).as(text).isFalse();
        return last.has("result") ? last.get("result") : last;
    }

    private static String side(String model, int... ids) {
        return "\"model\":\"%s\",\"ids\":%s".formatted(model, Asking.MAPPER.valueToTree(ids));
    }

    private static String both(String a, String b) {
        return "{" + a + ",\"other\":{" + b + "}}";
    }

    private static LocalModel load(String name) {
        Path path = name.equals("gpt2") ? Outside.fixture("families/gpt2") : folder.resolve(name);
        return LocalModel.load(path, 1);
    }

    private static float[] logits(LocalModel model, int... ids) {
        return new Reader(model.gpt(), model.processor(), Taps.NONE).read(ids);
    }

    private static double[] softmax(float[] logits) {
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit);
        }
        double[] probabilities = new double[logits.length];
        for (int i = 0; i < logits.length; i++) {
            probabilities[i] = Math.exp(logits[i]) / sum;
        }
        return probabilities;
    }

    private static double bits(double[] p, double[] q) {
        return IntStream.range(0, p.length)
                .mapToDouble(i -> p[i] * Math.log(p[i] / q[i]) / Math.log(2))
                .sum();
    }

    @Test
    void nextTokensOfTwoQuantisationsAreThoseOfTheModels()
            throws IOException, InterruptedException {
        JsonNode answer =
                ask("compare", both(side("gpt2", IDS) + ",\"top\":7", side("q8.gguf", IDS)));
        try (LocalModel a = load("gpt2");
                LocalModel b = load("q8.gguf")) {
            double[] p = softmax(logits(a, IDS));
            double[] q = softmax(logits(b, IDS));
            assertThat(bits(p, q)).as("the quantisation changes something").isGreaterThan(1e-9);
            JsonNode kl = answer.get("kl");
            assertThat(kl.get("a_b").doubleValue()).isCloseTo(bits(p, q), within(1e-7));
            assertThat(kl.get("b_a").doubleValue()).isCloseTo(bits(q, p), within(1e-7));
            List<Integer> all = new ArrayList<>();
            for (JsonNode row : answer.get("rows")) {
                int id = row.get("a").get("id").intValue();
                all.add(id);
                assertThat(row.get("b").get("id").intValue()).isEqualTo(id);
                check(row.get("a"), p);
                check(row.get("b"), q);
            }
            assertThat(all).doesNotHaveDuplicates().containsAll(top(p, 7)).containsAll(top(q, 7));
        }
    }

    private static void check(JsonNode place, double[] p) {
        int id = place.get("id").intValue();
        assertThat(place.get("probability").doubleValue()).isCloseTo(p[id], within(1e-6));
        long before = Arrays.stream(p).filter(other -> other > p[id]).count();
        assertThat(place.get("rank").intValue()).isEqualTo((int) before + 1);
    }

    private static List<Integer> top(double[] p, int n) {
        return IntStream.range(0, p.length)
                .boxed()
                .sorted((i, j) -> Double.compare(p[j], p[i]))
                .limit(n)
                .toList();
    }

    @Test
    void positionsAreThoseThatWereAskedFor() throws IOException, InterruptedException {
        String a = side("gpt2", IDS) + ",\"position\":2";
        JsonNode answer = ask("compare", both(a, side("gpt2", IDS) + ",\"position\":4"));
        try (LocalModel model = load("gpt2")) {
            double[] p = softmax(logits(model, Arrays.copyOf(IDS, 3)));
            double[] q = softmax(logits(model, Arrays.copyOf(IDS, 5)));
            JsonNode kl = answer.get("kl");
            assertThat(kl.get("a_b").doubleValue()).isCloseTo(bits(p, q), within(1e-5));
        }
        JsonNode same = ask("compare", both(a, a));
        assertThat(same.get("kl").get("a_b").doubleValue()).isZero();
    }

    @Test
    void aTextIsScoredTokenByToken() throws IOException, InterruptedException {
        String text = "the quick fox";
        try (LocalModel model = load("letters")) {
            int[] ids = model.tokenizer().orElseThrow().encode(text);
            JsonNode score = ask("score", "{" + side("letters", ids) + "}");
            assertThat(score.get("bits")).hasSize(ids.length);
            assertThat(score.get("bits").get(0).isNull()).isTrue();
            int bytes = 0;
            for (int i = 0; i < ids.length; i++) {
                bytes += score.get("bytes").get(i).intValue();
                if (i > 0) {
                    double p = softmax(logits(model, Arrays.copyOf(ids, i)))[ids[i]];
                    assertThat(score.get("bits").get(i).doubleValue())
                            .isCloseTo(-Math.log(p) / Math.log(2), within(1e-5));
                }
            }
            assertThat(bytes).isEqualTo(text.length());
        }
        // without a tokenizer there are no bytes; one token has no score
        JsonNode one = ask("score", "{" + side("gpt2", 3) + "}");
        assertThat(one.has("bytes")).isFalse();
        assertThat(one.get("bits")).hasSize(1);
    }

    @Test
    void aLongTextIsScoredInPieces() throws IOException, InterruptedException {
        int[] ids = IntStream.range(0, 40).map(i -> i * 7 % 300).toArray();
        try (LocalModel model = load("gpt2")) {
            JsonNode bits = ask("score", "{" + side("gpt2", ids) + "}").get("bits");
            assertThat(bits).hasSize(40);
            for (int i : new int[] {1, 32, 33, 39}) {
                double p = softmax(logits(model, Arrays.copyOf(ids, i)))[ids[i]];
                assertThat(bits.get(i).doubleValue())
                        .isCloseTo(-Math.log(p) / Math.log(2), within(1e-4));
            }
        }
    }

    @Test
    void streamsAreThoseOfEachStage() throws IOException, InterruptedException {
        String body =
                both(
                        side("gpt2", IDS) + ",\"position\":5",
                        side("q8.gguf", IDS) + ",\"position\":6");
        Asking.Tensors got = asking.tensors("streams", body);
        List<float[]> expected = new ArrayList<>();
        for (String name : List.of("gpt2", "q8.gguf")) {
            try (LocalModel model = load(name)) {
                expected.add(stream(model, name.equals("gpt2") ? 5 : 6));
            }
        }
        for (float[] side : expected) {
            for (float value : side) {
                assertThat(got.numbers().getFloat()).isEqualTo(value);
            }
        }
        assertThat(got.numbers().hasRemaining()).isFalse();
        assertThat(got.header().get("arrays").get(1).get("name").asText()).isEqualTo("b");
        String npz = body.substring(0, body.length() - 1) + ",\"format\":\"npz\"}";
        byte[] zip = asking.send(asking.asking("streams", npz)).body();
        assertThat(new String(zip, 0, 2, StandardCharsets.US_ASCII)).isEqualTo("PK");
    }

    private static float[] stream(LocalModel model, int position) {
        List<String> globs = List.of("blocks.0.hook_resid_pre", "*.hook_resid_post");
        Capture capture =
                new Capture(
                        model.gpt(), Hooks.of(model.gpt()).matching(globs), IDS.length, 1 << 20);
        new Reader(model.gpt(), model.processor(), capture).read(IDS);
        int n = model.gpt().config().nEmbd();
        float[] all = new float[(model.gpt().config().nLayer() + 1) * n];
        for (int stage = 0; stage * n < all.length; stage++) {
            String hook =
                    stage == 0 ? globs.getFirst() : "blocks." + (stage - 1) + ".hook_resid_post";
            float[] values = capture.get(hook).values();
            System.arraycopy(values, position * n, all, stage * n, n);
        }
        return all;
    }

    @Test
    void guessesAreThoseOfTheLens() throws IOException, InterruptedException {
        String body = "{" + side("gpt2", IDS) + ",\"top\":2,\"positions\":[6,1]}";
        JsonNode some = ask("guesses", body).get("readings");
        JsonNode all = ask("lens", "{" + side("gpt2", IDS) + ",\"top\":2}").get("readings");
        assertThat(some).hasSize(all.size());
        for (int stage = 0; stage < all.size(); stage++) {
            assertThat(some.get(stage)).hasSize(2);
            for (int i = 0; i < 2; i++) {
                JsonNode guess = some.get(stage).get(i).get("top").get(1);
                JsonNode of = all.get(stage).get(i == 0 ? 6 : 1).get("top").get(1);
                assertThat(guess.get("id")).isEqualTo(of.get("id"));
                assertThat(guess.get("probability").doubleValue())
                        .isCloseTo(of.get("probability").doubleValue(), within(1e-9));
                assertThat(guess.get("text").asText()).isEqualTo("#" + of.get("id"));
            }
        }
    }

    @Test
    void modelsAreThoseGivenTheirCheckpointsAndTheStored()
            throws IOException, InterruptedException {
        List<String> keys = new ArrayList<>();
        for (JsonNode model : ask("models", "{}").get("models")) {
            keys.add(model.get("key").asText());
            if (model.has("step")) {
                String name = model.get("run").asText() + ", step " + model.get("step");
                assertThat(model.get("key").asText()).isEqualTo(name);
            }
        }
        assertThat(keys)
                .containsExactly(
                        "gpt2",
                        "q8.gguf",
                        "letters",
                        "letters, step 2",
                        "letters, step 4",
                        "letters, step 6",
                        "pieces",
                        "pieces, step 2",
                        "pieces, step 4",
                        "pieces, step 6",
                        "letters (2)");
    }

    @Test
    void sideAStaysWhenSideBIsAnother() throws IOException {
        List<Path> paths = List.of(folder.resolve("q8.gguf"), folder.resolve("letters"));
        try (Models models = new Models(paths, List.of(), 1)) {
            Calls calls = new Calls(models);
            Models.Open a = models.get("q8.gguf");
            for (String b : List.of("letters, step 2", "letters, step 4", "letters")) {
                String other = "\"model\":\"%s\",\"text\":\"the\"".formatted(b);
                String body = both(side("q8.gguf", IDS), other);
                calls.answer("pair", Asking.MAPPER.readTree(body), new Patient());
                assertThat(models.loaded(b)).isTrue();
                // what a page asks last is about B, and still A may not go
                models.get(b);
                assertThat(models.loaded("letters, step 2")).isEqualTo(b.endsWith("step 2"));
            }
            assertThat(models.get("q8.gguf")).isSameAs(a);
        }
    }

    /** Somebody who waits, and is told nothing. */
    private static final class Patient extends Asker {
        @Override
        void progress(double share, String note) {}
    }

    @Test
    void theLastCheckpointIsTheModelOfTheRun() throws IOException, InterruptedException {
        String last = side("letters, step 6", 1, 2, 3);
        JsonNode same = ask("compare", both(side("letters", 1, 2, 3), last));
        assertThat(same.get("kl").get("a_b").doubleValue()).isZero();
        JsonNode other = ask("compare", both(side("letters, step 2", 1, 2, 3), last));
        assertThat(other.get("kl").get("a_b").doubleValue()).isPositive();
    }

    @Test
    void theCurveIsWhatTheRunMeasured() throws IOException, InterruptedException {
        for (String key : List.of("letters", "letters, step 4")) {
            JsonNode curve = ask("curve", "{\"model\":\"" + key + "\"}");
            List<Metrics.Point> points = Metrics.read(folder.resolve("letters"));
            assertThat(curve.get("train")).hasSize(6);
            assertThat(curve.get("train").get(5).get("loss").doubleValue())
                    .isEqualTo(points.get(5).loss());
            assertThat(curve.get("validation")).hasSize(3);
            assertThat(curve.get("validation").get(0).get("step").intValue()).isEqualTo(2);
            assertThat(curve.get("checkpoints").findValuesAsText("key"))
                    .containsExactly("letters, step 2", "letters, step 4", "letters, step 6");
        }
    }

    @Test
    void sideBReadsTheTextOfSideAWithItsOwnTokenizer() throws IOException, InterruptedException {
        try (LocalModel letters = load("letters");
                LocalModel pieces = load("pieces")) {
            int[] ids = letters.tokenizer().orElseThrow().encode("the quick fox");
            int[] expected = pieces.tokenizer().orElseThrow().encode("the quick fox");
            assertThat(expected.length).isLessThan(ids.length);
            JsonNode pair = ask("pair", both(side("letters", ids), "\"model\":\"pieces\""));
            assertThat(pair.get("ids")).isEqualTo(Asking.MAPPER.valueToTree(expected));
            assertThat(pair.get("same_vocabulary").booleanValue()).isFalse();
            JsonNode answer = ask("compare", both(side("letters", ids), side("pieces", expected)));
            assertThat(answer.has("kl")).isFalse();
            for (JsonNode row : answer.get("rows")) {
                if (row.has("a") && row.has("b")) {
                    int a = row.get("a").get("id").intValue();
                    int b = row.get("b").get("id").intValue();
                    assertThat(letters.tokenizer().orElseThrow().text(a))
                            .isEqualTo(pieces.tokenizer().orElseThrow().text(b));
                }
            }
            assertThat(answer.get("rows").findValues("a")).hasSizeGreaterThanOrEqualTo(10);
        }
    }

    @Test
    void sideBWithTheSameVocabularyReadsTheSameTokens() throws IOException, InterruptedException {
        JsonNode pair = ask("pair", both(side("gpt2", IDS), "\"model\":\"q8.gguf\""));
        assertThat(pair.get("ids")).isEqualTo(Asking.MAPPER.valueToTree(IDS));
        assertThat(pair.get("same_vocabulary").booleanValue()).isTrue();
        assertThat(pair.get("tokens").get(0).get("text").asText()).isEqualTo("#3");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "pair|{\"model\":\"gpt2\",\"ids\":[1]}|400|other: expected an object",
                "pair|{\"model\":\"gpt2\",\"ids\":[1],\"other\":{\"model\":\"no\"}}|404|no model"
                        + " called no",
                "pair|{\"model\":\"gpt2\",\"ids\":[1],\"other\":{\"text\":\"a\"}}|422|has no"
                        + " tokenizer",
                "pair|{\"model\":\"gpt2\",\"ids\":[1],\"other\":{\"model\":\"letters\"}}|422|this"
                        + " model has no tokenizer",
                "pair|{\"model\":\"letters\",\"ids\":[1],\"other\":{\"model\":\"pieces\",\"text\":\"0123456789012345678\"}}|413|pieces"
                    + " reads at most 16 tokens, and the text has 19",
                "pair|{\"model\":\"letters\",\"ids\":[1],\"other\":{\"model\":\"letters\",\"text\":\"\"}}|422|has"
                    + " no tokens",
                "compare|{\"model\":\"gpt2\",\"ids\":[1],\"other\":{\"ids\":[1],\"position\":1}}|400|position:"
                    + " found 1",
                "compare|{\"model\":\"gpt2\",\"ids\":[1],\"other\":{\"ids\":[]}}|400|expected at"
                        + " least one",
                "compare|{\"model\":\"gpt2\",\"ids\":[1],\"top\":101,\"other\":{\"ids\":[1]}}|400|top:"
                    + " found 101",
                "guesses|{\"model\":\"gpt2\",\"ids\":[1],\"positions\":[1]}|400|expected numbers"
                        + " from 0 to 0",
                "streams|{\"model\":\"gpt2\",\"ids\":[1],\"other\":[]}|400|other: expected an"
                        + " object",
                "curve|{\"model\":\"gpt2\"}|422|comes from no training"
            })
    void whatIsWrongIsSaid(String call, String body, int status, String says)
            throws IOException, InterruptedException {
        // loaded, so that the status tells, and no line of progress
        ask("model", "{\"model\":\"gpt2\"}");
        for (String name : List.of("letters", "pieces")) {
            if (body.contains(name)) {
                ask("model", "{\"model\":\"" + name + "\"}");
            }
        }
        HttpResponse<byte[]> response = asking.send(asking.asking(call, body));
        String text = new String(response.body(), StandardCharsets.UTF_8).strip();
        JsonNode last = Asking.MAPPER.readTree(text.substring(text.lastIndexOf('\n') + 1));
        assertThat(last.path("error").asText()).as(text).contains(says);
        assertThat(response.statusCode()).as(text).isIn(status, 200);
        assertThat(response.statusCode() == 200).isEqualTo(text.startsWith("{\"progress\""));
    }

    @Test
    void aDamagedCheckpointIsSaid() throws IOException, InterruptedException {
        Path file = folder.resolve("pieces/checkpoints/step-00000002.checkpoint");
        byte[] bytes = Files.readAllBytes(file);
        byte[] damaged = bytes.clone();
        damaged[damaged.length / 2] ^= 1;
        Files.write(file, damaged);
        try {
            HttpResponse<byte[]> response =
                    asking.send(asking.asking("model", "{\"model\":\"pieces, step 2\"}"));
            assertThat(new String(response.body(), StandardCharsets.UTF_8))
                    .contains("step-00000002.checkpoint")
                    .contains("is damaged");
        } finally {
            Files.write(file, bytes);
        }
    }
}
