package dev.loupe.files;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import dev.loupe.kernels.Kernels;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.Threads;
import dev.loupe.model.Batch;
import dev.loupe.model.Gpt;
import dev.loupe.model.Inference;
import dev.loupe.model.KvCache;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A tiny checkpoint of each family against the numbers that transformers computed from it. */
class FamiliesTest {
    private static final int END = 2;
    private static final Map<String, LocalModel> MODELS = new HashMap<>();

    /** Every fixture, by the name of its folder. */
    static Stream<String> families() {
        return Stream.of(
                "gpt2",
                "gpt-neox",
                "gpt-neox-sequential",
                "llama-tied",
                "llama-3-rope",
                "llama-mqa-bias",
                "mistral-sliding",
                "qwen2",
                "qwen3",
                "gemma3");
    }

    private static LocalModel model(String family) {
        Path folder = Outside.fixture("families/" + family);
        return MODELS.computeIfAbsent(family, f -> LocalModel.load(folder, 2));
    }

    @AfterAll
    static void close() {
        MODELS.values().forEach(LocalModel::close);
        MODELS.clear();
    }

    private record Case(int[] ids, int[] greedy, float[][] logits) {}

    private static List<Case> cases(String family) throws IOException {
        Path file = Outside.fixture("families/" + family).resolve("expected.json");
        ObjectMapper mapper = new ObjectMapper();
        List<Case> cases = new ArrayList<>();
        for (JsonNode node : mapper.readTree(file.toFile()).get("cases")) {
            cases.add(
                    new Case(
                            mapper.convertValue(node.get("ids"), int[].class),
                            mapper.convertValue(node.get("greedy"), int[].class),
                            mapper.convertValue(node.get("logits"), float[][].class)));
        }
        return cases;
    }

    private static Tensor logits(Gpt gpt, Inference ops, Batch batch) {
        return gpt.logits(ops, batch, batch.allRows());
    }

    @ParameterizedTest
    @MethodSource("families")
    void everyLogitIsThatOfTransformers(String family) throws IOException {
        LocalModel model = model(family);
        for (Case c : cases(family)) {
            Inference ops = new Inference(model.processor());
            KvCache cache = new KvCache(model.gpt().config());
            Batch batch = new Batch(new Batch.Part(cache, false, c.ids));
            assertClose(logits(model.gpt(), ops, batch), c.logits);
        }
    }

    private static void assertClose(Tensor found, float[][] expected) {
        float largest = 1;
        for (float[] row : expected) {
            for (float logit : row) {
                largest = Math.max(largest, Math.abs(logit));
            }
        }
        double worst = 0;
        for (int t = 0; t < expected.length; t++) {
            for (int i = 0; i < expected[t].length; i++) {
                worst = Math.max(worst, Math.abs(found.at(t, i) - expected[t][i]));
            }
        }
        assertThat(worst / largest).as("largest difference").isLessThan(1e-5);
    }

    @ParameterizedTest
    @MethodSource("families")
    void greedyContinuationsAreThoseOfTransformers(String family) throws IOException {
        LocalModel model = model(family);
        for (Case c : cases(family)) {
            Inference ops = new Inference(model.processor());
            KvCache cache = new KvCache(model.gpt().config());
            int[] next = c.ids;
            boolean generated = false;
            int[] drawn = new int[c.greedy.length];
            for (int i = 0; i < drawn.length; i++) {
                Batch batch = new Batch(new Batch.Part(cache, generated, next));
                Tensor logits = model.gpt().logits(ops, batch, batch.lastRows());
                drawn[i] = largest(logits);
                next = new int[] {drawn[i]};
                generated = true;
            }
            assertThat(drawn).isEqualTo(c.greedy);
        }
    }

    /** The most likely token of the only row; the end token is never drawn. */
    private static int largest(Tensor logits) {
        int best = 0;
        for (int i = 0; i < logits.cols(); i++) {
            if (i != END && logits.at(0, i) > logits.at(0, best)) {
                best = i;
            }
        }
        return best;
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "gpt-neox", "llama-mqa-bias", "mistral-sliding", "gemma3"})
    void bitsDoNotDependOnChunksNeighboursOrThreads(String family) throws IOException {
        LocalModel model = model(family);
        Gpt gpt = model.gpt();
        List<Case> cases = cases(family);
        int[] ids = cases.get(2).ids;
        float[][] whole = rows(inChunks(gpt, model.processor(), ids, ids.length));
        assertThat(rows(inChunks(gpt, model.processor(), ids, 1))).isDeepEqualTo(whole);
        assertThat(rows(inChunks(gpt, model.processor(), ids, 5))).isDeepEqualTo(whole);
        assertThat(amongOthers(gpt, model.processor(), cases)).isDeepEqualTo(whole);
        try (Processor one = Processor.of(1);
                Processor four = Processor.of(4);
                Processor scalar = new Processor(Kernels.scalar(), new Threads(2))) {
            assertThat(rows(inChunks(gpt, one, ids, ids.length))).isDeepEqualTo(whole);
            assertThat(rows(inChunks(gpt, four, ids, 7))).isDeepEqualTo(whole);
            assertThat(rows(inChunks(gpt, scalar, ids, ids.length))).isDeepEqualTo(whole);
        }
    }

    private static List<Tensor> inChunks(Gpt gpt, Processor processor, int[] ids, int size) {
        Inference ops = new Inference(processor);
        KvCache cache = new KvCache(gpt.config());
        List<Tensor> logits = new ArrayList<>();
        for (int from = 0; from < ids.length; from += size) {
            int[] chunk = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + size));
            logits.add(logits(gpt, ops, new Batch(new Batch.Part(cache, false, chunk))));
        }
        return logits;
    }

    /** The last case's logits, computed in one batch with the others and with generated tokens. */
    private static float[][] amongOthers(Gpt gpt, Processor processor, List<Case> cases) {
        Inference ops = new Inference(processor);
        KvCache drawing = new KvCache(gpt.config());
        logits(gpt, ops, new Batch(new Batch.Part(drawing, false, cases.get(1).ids)));
        Batch batch =
                new Batch(
                        new Batch.Part(new KvCache(gpt.config()), false, cases.get(0).ids),
                        new Batch.Part(new KvCache(gpt.config()), false, cases.get(2).ids),
                        new Batch.Part(drawing, true, 7));
        Tensor logits = logits(gpt, ops, batch);
        int start = batch.start(2);
        return rows(List.of(logits.rows(start, cases.get(2).ids.length)));
    }

    private static float[][] rows(List<Tensor> tensors) {
        List<float[]> rows = new ArrayList<>();
        for (Tensor tensor : tensors) {
            for (int t = 0; t < tensor.rows(); t++) {
                int from = tensor.row(t);
                rows.add(Arrays.copyOfRange(tensor.data(), from, from + tensor.cols()));
            }
        }
        return rows.toArray(float[][]::new);
    }
}
