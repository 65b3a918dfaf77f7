package dev.loupe.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.loupe.generate.Generation.FinishReason;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.Batch;
import dev.loupe.model.Gpt;
import dev.loupe.model.Inference;
import dev.loupe.model.KvCache;
import dev.loupe.model.TinyGpt;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Texts continue as if each were alone, and end when they should. */
@Timeout(60)
class GeneratorTest {
    private static final int[] PROMPT = {3, 1, 4, 1, 5};

    private final Processor processor = Processor.of(2);
    private final Gpt gpt = TinyGpt.of(1, processor.threads());

    @AfterEach
    void close() {
        processor.close();
    }

    private Generator generator(Integer... end) {
        return new Generator(gpt, null, Set.of(end), processor);
    }

    private static Request drawn(int[] prompt, int n, long seed) {
        return Request.greedy(prompt, n).withSampling(Sampling.PLAIN.withTemperature(1.3), seed);
    }

    private Generation alone(Request request) {
        return generator().generate(request, token -> {});
    }

    private static List<List<Integer>> ids(List<Generation> generations) {
        return generations.stream().map(GeneratorTest::ids).toList();
    }

    private static List<Integer> ids(Generation generation) {
        List<Integer> ids = new ArrayList<>();
        for (int id : generation.ids()) {
            ids.add(id);
        }
        return ids;
    }

    @Test
    void greedyTokensAreTheLargestLogitsOfTheModel() {
        Generation found = alone(Request.greedy(PROMPT, 20));
        Inference ops = new Inference(processor);
        KvCache cache = new KvCache(gpt.config());
        Batch batch = new Batch(new Batch.Part(cache, false, PROMPT));
        for (int id : found.ids()) {
            Tensor logits = gpt.logits(ops, batch, batch.lastRows());
            int best = 0;
            for (int i = 1; i < logits.cols(); i++) {
                best = logits.at(0, i) > logits.at(0, best) ? i : best;
            }
            assertThat(id).isEqualTo(best);
            batch = new Batch(new Batch.Part(cache, true, id));
        }
        assertThat(found.ids()).hasSize(20);
        assertThat(found.prompt()).isEqualTo(PROMPT);
        assertThat(found.logprobs()).hasSize(20).allMatch(p -> p == 0);
        assertThat(found.timings().promptTokens()).isEqualTo(5);
        assertThat(found.timings().predictedTokens()).isEqualTo(20);
    }

    @Test
    void samplesOfOneBatchAreThoseDrawnOneByOne() {
        List<Request> requests = new ArrayList<>();
        for (long seed = 0; seed < 6; seed++) {
            requests.add(drawn(PROMPT, 25, seed));
        }
        List<List<Integer>> oneByOne = ids(requests.stream().map(this::alone).toList());
        assertThat(ids(generator().generate(requests, 6, token -> {}))).isEqualTo(oneByOne);
        assertThat(Set.copyOf(oneByOne)).as("other seeds, other texts").hasSize(6);
        assertThat(ids(alone(drawn(PROMPT, 25, 3)))).isEqualTo(oneByOne.get(3));
    }

    @Test
    void whatATokenWasDrawnFromStaysWhatItWas() {
        List<Token> tokens = new ArrayList<>();
        Generation found = generator().generate(drawn(PROMPT, 12, 1), tokens::add);
        Inference ops = new Inference(processor);
        Batch batch = new Batch(new Batch.Part(new KvCache(gpt.config()), false, PROMPT));
        Tensor logits = gpt.logits(ops, batch, batch.lastRows());
        assertThat(tokens).hasSize(12);
        assertThat(tokens.getFirst().distribution().top(TinyGpt.VOCAB))
                .hasSize(TinyGpt.VOCAB)
                .allSatisfy(each -> assertThat(each.logit()).isEqualTo(logits.at(0, each.id())));
        for (int i = 0; i < tokens.size(); i++) {
            assertThat(tokens.get(i).distribution().probability(found.ids()[i]))
                    .isEqualTo(Math.exp(found.logprobs().get(i)), within(1e-9));
        }
    }

    /** Prompts of 1 to 40 tokens that ask for 0 to 30 more. */
    private static List<Request> ragged() {
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < 70; i++) {
            int[] prompt = new int[1 + 13 * i % 40];
            for (int t = 0; t < prompt.length; t++) {
                prompt[t] = (7 * t + 5 * i) % TinyGpt.VOCAB;
            }
            requests.add(drawn(prompt, 11 * i % 31, i));
        }
        return requests;
    }

    @Test
    void raggedBatchesGiveTheSameIdsHoweverManyRunAtOnce() {
        List<List<Integer>> alone = ids(ragged().stream().map(this::alone).toList());
        for (int atOnce : new int[] {1, 3, 8, 100}) {
            List<Generation> found = generator().generate(ragged(), atOnce, token -> {});
            assertThat(ids(found)).as("%d at once", atOnce).isEqualTo(alone);
            for (int i = 0; i < found.size(); i++) {
                assertThat(found.get(i).prompt()).isEqualTo(ragged().get(i).prompt());
                assertThat(found.get(i).reason()).isEqualTo(FinishReason.LENGTH);
            }
        }
        try (Processor one = Processor.of(1)) {
            Generator other = new Generator(gpt, null, Set.of(), one);
            assertThat(ids(other.generate(ragged(), 3, token -> {}))).isEqualTo(alone);
        }
    }

    @Test
    void listenersSeeEachTokenOfTheirSequenceAsItIsDrawn() {
        List<List<Integer>> seen = new ArrayList<>();
        List<Double> logprobs = new ArrayList<>();
        ragged().forEach(request -> seen.add(new ArrayList<>()));
        List<Generation> found =
                generator()
                        .generate(
                                ragged(),
                                4,
                                token -> {
                                    seen.get(token.sequence()).add(token.id());
                                    double p = token.distribution().probability(token.id());
                                    assertThat(Math.log(p)).isEqualTo(token.logprob());
                                    if (token.sequence() == 2) {
                                        logprobs.add(token.logprob());
                                    }
                                });
        assertThat(seen).isEqualTo(ids(found));
        assertThat(logprobs).isEqualTo(found.get(2).logprobs());
    }

    @Test
    void anEndTokenStopsAndIsNotPartOfTheResult() {
        int[] free = alone(Request.greedy(PROMPT, 20)).ids();
        int end = free[7];
        int first = 0;
        while (free[first] != end) {
            first++;
        }
        List<Integer> seen = new ArrayList<>();
        Generation found =
                generator(end).generate(Request.greedy(PROMPT, 20), token -> seen.add(token.id()));
        assertThat(found.ids()).isEqualTo(java.util.Arrays.copyOf(free, first));
        assertThat(found.reason()).isEqualTo(FinishReason.STOP);
        assertThat(found.logprobs()).hasSize(first);
        assertThat(found.timings().predictedTokens()).isEqualTo(first + 1);
        assertThat(seen).hasSize(first + 1).last().isEqualTo(end);
    }

    @Test
    void anIgnoredEndTokenIsNeverDrawn() {
        int end = alone(Request.greedy(PROMPT, 3)).ids()[0];
        for (long seed = 0; seed < 20; seed++) {
            Request request = new Request(PROMPT, Sampling.PLAIN, 40, List.of(), true, seed);
            Generation found = generator(end).generate(request, token -> {});
            assertThat(found.ids()).hasSize(40).doesNotContain(end);
            assertThat(found.reason()).isEqualTo(FinishReason.LENGTH);
        }
    }

    @Test
    void noTokensAreDrawnWhenNoneAreAskedFor() {
        Generation found = alone(Request.greedy(PROMPT, 0));
        assertThat(found.ids()).isEmpty();
        assertThat(found.reason()).isEqualTo(FinishReason.LENGTH);
    }

    @Test
    void theEndOfTheContextEndsAText() {
        // the last token that is drawn need not be read, so it may stand past the context
        Generation found = alone(Request.greedy(PROMPT, 1000));
        assertThat(found.ids()).hasSize(TinyGpt.CONTEXT - PROMPT.length + 1);
        assertThat(found.reason()).isEqualTo(FinishReason.LENGTH);
        Generation full = alone(Request.greedy(new int[TinyGpt.CONTEXT], 1000));
        assertThat(full.ids()).hasSize(1);
        assertThat(full.reason()).isEqualTo(FinishReason.LENGTH);
    }

    @Test
    void aPromptThatDoesNotFitIsRefusedWithBothNumbersBeforeAnythingRuns() {
        List<Request> requests = List.of(Request.greedy(PROMPT, 5), Request.greedy(new int[49], 5));
        assertThatThrownBy(() -> generator().generate(requests, 2, token -> notReached()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the prompt has 49 tokens, and the model's context holds 48");
        assertThatThrownBy(() -> alone(Request.greedy(new int[] {3, 40}, 5)))
                .hasMessage("token id: found 40, expected 0 to 39");
        assertThatThrownBy(() -> Request.greedy(new int[0], 5)).hasMessageContaining("empty");
        assertThatThrownBy(() -> Request.greedy(PROMPT, -1)).hasMessageContaining("-1");
    }

    private static void notReached() {
        throw new AssertionError("a token was drawn");
    }

    @Test
    void atLeastOneTextRunsAtOnce() {
        assertThatThrownBy(() -> generator().generate(ragged(), 0, token -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("at once: found 0, expected 1 or more");
    }

    @Test
    void cancellingEndsEveryTextAfterTheTokenThatIsDrawn() {
        Generator generator = generator();
        List<Request> requests =
                List.of(drawn(PROMPT, 30, 1), drawn(PROMPT, 30, 2), drawn(PROMPT, 30, 3));
        int[] count = new int[1];
        List<Generation> found =
                generator.generate(
                        requests,
                        2,
                        token -> {
                            if (++count[0] == 8) {
                                generator.cancel();
                            }
                        });
        assertThat(count[0]).isEqualTo(8);
        assertThat(found).extracting(Generation::reason).containsOnly(FinishReason.CANCELLED);
        assertThat(found.get(0).ids()).hasSize(4);
        assertThat(found.get(1).ids()).hasSize(4);
        assertThat(found.get(2).ids()).isEmpty();
        // and the generator can be used again
        assertThat(generator.generate(requests.getFirst(), token -> {}).ids()).hasSize(30);
    }

    @Test
    void cancellingBeforeARunEndsThatRunBeforeItsFirstToken() {
        Generator generator = generator();
        generator.cancel();
        Generation found = generator.generate(drawn(PROMPT, 30, 1), token -> notReached());
        assertThat(found.ids()).isEmpty();
        assertThat(found.reason()).isEqualTo(FinishReason.CANCELLED);
        assertThat(generator.generate(drawn(PROMPT, 30, 1), token -> {}).ids()).hasSize(30);
    }
}
