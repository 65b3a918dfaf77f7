package dev.loupe.files;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import dev.loupe.kernels.Tensor;
import dev.loupe.model.Batch;
import dev.loupe.model.Inference;
import dev.loupe.model.KvCache;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.io.IOException;

/**
 * SmolLM2-135M-Instruct in Q4_1 against transformers with the same weights, decoded. Largest
 * differences when this was written: logits 1.4e-4, log-probabilities 3.4e-5.
 */
class RealModelTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static JsonNode expected = MAPPER.nullNode();
    private static LocalModel model;

    @BeforeAll
    static void load() throws IOException {
        expected = MAPPER.readTree(Outside.fixture("smollm2-135m-instruct.q4_1.json").toFile());
        model = LocalModel.load(Outside.realModel(), 2);
    }

    @AfterAll
    static void close() {
        if (model != null) {
            model.close();
        }
    }

    private static int[] ids(JsonNode node) {
        return MAPPER.convertValue(node, int[].class);
    }

    private static Tensor next(KvCache cache, boolean generated, int... ids) {
        Batch batch = new Batch(new Batch.Part(cache, generated, ids));
        return model.gpt().logits(new Inference(model.processor()), batch, batch.lastRows());
    }

    private static double logSumExp(Tensor logits, int row) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < logits.cols(); i++) {
            max = Math.max(max, logits.at(row, i));
        }
        double sum = 0;
        for (int i = 0; i < logits.cols(); i++) {
            sum += Math.exp(logits.at(row, i) - max);
        }
        return max + Math.log(sum);
    }

    @Test
    void idsAreThoseOfTransformers() {
        for (JsonNode c : expected.get("cases")) {
            String prompt = c.get("prompt").textValue();
            assertThat(model.tokenizer().orElseThrow().encode(prompt))
                    .as(prompt)
                    .isEqualTo(ids(c.get("ids")));
        }
    }

    @Test
    void theFortyLargestLogitsAndTheirSumAreThoseOfTransformers() {
        double worst = 0;
        double worstSum = 0;
        for (JsonNode c : expected.get("cases")) {
            Tensor logits = next(new KvCache(model.gpt().config()), false, ids(c.get("ids")));
            for (JsonNode pair : c.get("top")) {
                double found = logits.at(0, pair.get(0).intValue());
                worst = Math.max(worst, Math.abs(found - pair.get(1).doubleValue()));
            }
            double sum = c.get("logsumexp").doubleValue();
            worstSum = Math.max(worstSum, Math.abs(logSumExp(logits, 0) - sum));
        }
        System.err.printf(
                "real model: logits differ by %.2g, their sums by %.2g%n", worst, worstSum);
        assertThat(worst).isLessThan(2e-3);
        assertThat(worstSum).isLessThan(2e-3);
    }

    /** Where the runner-up is closer than a thousandth, either may win, and texts part. */
    @Test
    void greedyTokensAreThoseOfTransformers() {
        int compared = 0;
        for (JsonNode c : expected.get("cases")) {
            int[] greedy = ids(c.get("greedy"));
            double[] gaps = MAPPER.convertValue(c.get("gaps"), double[].class);
            KvCache cache = new KvCache(model.gpt().config());
            Tensor logits = next(cache, false, ids(c.get("ids")));
            for (int i = 0; i < greedy.length; i++, compared++) {
                int found = largest(logits);
                if (found != greedy[i]) {
                    assertThat(gaps[i])
                            .as("'%s' token %d: %d or %d", c.get("prompt"), i, found, greedy[i])
                            .isLessThan(1e-3);
                }
                // goes on as transformers did, so that every token is compared
                logits = next(cache, true, greedy[i]);
            }
            if (c.get("ended").booleanValue()) {
                assertThat(model.endOfGeneration()).contains(largest(logits));
            }
        }
        assertThat(compared).isGreaterThan(100);
    }

    private static int largest(Tensor logits) {
        int best = 0;
        for (int i = 1; i < logits.cols(); i++) {
            best = logits.at(0, i) > logits.at(0, best) ? i : best;
        }
        return best;
    }

    @Test
    void logProbabilitiesOfATextAreThoseOfTransformers() {
        JsonNode score = expected.get("score");
        int[] ids = model.tokenizer().orElseThrow().encode(score.get("text").textValue());
        assertThat(ids).hasSize(score.get("tokens").intValue());
        Batch batch = new Batch(new Batch.Part(new KvCache(model.gpt().config()), false, ids));
        Inference ops = new Inference(model.processor());
        Tensor logits = model.gpt().logits(ops, batch, batch.allRows());
        double worst = 0;
        double mean = 0;
        for (int t = 0; t + 1 < ids.length; t++) {
            double found = logits.at(t, ids[t + 1]) - logSumExp(logits, t);
            worst = Math.max(worst, Math.abs(found - score.get("logprobs").get(t).doubleValue()));
            mean -= found / (ids.length - 1);
        }
        double difference = Math.abs(mean - score.get("mean_nll").doubleValue());
        System.err.printf(
                "real model: log-probabilities differ by %.2g, mean by %.2g%n", worst, difference);
        assertThat(worst).isLessThan(2e-3);
        assertThat(difference).isLessThan(1e-4);
    }
}
