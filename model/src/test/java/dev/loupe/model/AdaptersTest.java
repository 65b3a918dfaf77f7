package dev.loupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Targets;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.TensorType;
import dev.loupe.kernels.Weight;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

class AdaptersTest {
    private static final Processor PROCESSOR = Processor.of(2);

    @AfterAll
    static void close() {
        PROCESSOR.close();
    }

    private static Gpt gpt(RandomGpt.Shape shape, TensorType type) {
        return RandomGpt.of(shape, type, PROCESSOR.threads());
    }

    private static Weight matrix(int rows, int cols, Random random) {
        float[][] panels = new float[(rows + Weight.PANEL - 1) / Weight.PANEL][];
        for (int p = 0; p < panels.length; p++) {
            panels[p] = new float[Weight.PANEL * cols];
            for (int i = 0; i < panels[p].length; i++) {
                boolean row = p * Weight.PANEL + i % Weight.PANEL < rows;
                panels[p][i] = row ? 0.1f * (float) random.nextGaussian() : 0;
            }
        }
        return new Weight.Floats(rows, cols, panels);
    }

    /** An adapter at every place, with random numbers. */
    private static Gpt adapted(Gpt gpt, boolean joined) {
        Random random = new Random(7);
        Map<String, Lora> adapters = new LinkedHashMap<>();
        for (Adapters.Place place : Adapters.places(gpt, joined)) {
            Weight a = matrix(3, place.inputs(), random);
            Weight b = matrix(place.outputs(), 3, random);
            adapters.put(place.name(), new Lora(a, b, 0.7f, place.first()));
        }
        return Adapters.with(gpt, adapters);
    }

    private static Batch batch(int... lengths) {
        List<Batch.Part> parts = new ArrayList<>();
        for (int n : lengths) {
            int[] ids = new Random(n).ints(n, 0, RandomGpt.VOCAB).toArray();
            parts.add(new Batch.Part(KvCache.none(), false, ids));
        }
        return new Batch(parts);
    }

    private static Targets targets(Batch batch) {
        return Targets.mean(new Random(1).ints(batch.rows(), 0, RandomGpt.VOCAB).toArray());
    }

    private static Tensor logits(Gpt gpt) {
        Batch batch = batch(30, 7);
        return gpt.logits(new Inference(PROCESSOR), batch, batch.allRows());
    }

    @ParameterizedTest
    @EnumSource(names = {"GPT2", "NEOX", "LLAMA", "GEMMA", "ODD"})
    void mergedIntoTheWeightsAdaptersComputeTheSame(RandomGpt.Shape shape) {
        Gpt gpt = gpt(shape, TensorType.F32);
        for (boolean joined : new boolean[] {false, true}) {
            Gpt adapted = adapted(gpt, joined);
            Gpt merged =
                    GptLoader.load(
                            gpt.config(), new GptTensors(adapted, joined), PROCESSOR.threads());
            Tensor plain = logits(gpt);
            Tensor apart = logits(adapted);
            Tensor together = logits(merged);
            double moved = 0;
            for (int r = 0; r < apart.rows(); r++) {
                for (int c = 0; c < apart.cols(); c++) {
                    moved = Math.max(moved, Math.abs(apart.at(r, c) - plain.at(r, c)));
                    assertThat(together.at(r, c)).isCloseTo(apart.at(r, c), within(1e-5f));
                }
            }
            assertThat(moved).as("what adapters change").isGreaterThan(1e-2);
        }
    }

    @Test
    void whatWasAddedIsFoundByItsName() {
        Gpt adapted = adapted(gpt(RandomGpt.Shape.LLAMA, TensorType.F32), false);
        Map<String, Lora> found = Adapters.of(adapted, false);
        assertThat(found.keySet())
                .containsExactlyElementsOf(
                        Adapters.places(adapted, false).stream()
                                .map(Adapters.Place::name)
                                .toList());
        List<Lora> both = adapted.blocks().getFirst().mlp().up().adapters();
        assertThat(found)
                .containsEntry("blk.0.ffn_gate", both.get(0))
                .containsEntry("blk.0.ffn_up", both.get(1));
        assertThat(both.get(1).first()).isEqualTo(both.get(0).b().rows());
        assertThat(Adapters.of(Adapters.with(adapted, Map.of()), false)).isEmpty();
    }

    @Test
    void aMatrixThatIsNotThereIsRefused() {
        Gpt gpt = gpt(RandomGpt.Shape.LLAMA, TensorType.F32);
        Lora lora = adapted(gpt, false).blocks().getFirst().attn().qkv().adapters().getFirst();
        assertThatThrownBy(() -> Adapters.with(gpt, Map.of("blk.99.attn_q", lora)))
                .hasMessage("adapter of blk.99.attn_q: the model has no such matrix");
        assertThatThrownBy(() -> Adapters.with(gpt, Map.of("blk.0.ffn_down", lora)))
                .hasMessageContaining("does not fit");
    }

    private static float[][][] gradients(Gpt gpt, Tape.Blocks blocks, float rate, int... rows) {
        Gradients gradients = new Gradients(Parameters.ofAdapters(gpt));
        Tape tape = new Tape(PROCESSOR, gradients, blocks, Taps.NONE);
        tape.adapterDropout(rate, 3);
        for (int most : rows) {
            tape.mostRows(most);
            gradients.clear(PROCESSOR);
            Batch batch = batch(20, 1, 9);
            tape.backward(gpt.loss(tape, batch, targets(batch)));
        }
        return gradients.parameters().stream().map(gradients::of).toArray(float[][][]::new);
    }

    @Test
    void theirDropoutIsTheSameWhenBlocksAreComputedAgain() {
        Gpt gpt = adapted(gpt(RandomGpt.Shape.LLAMA, TensorType.F32), false);
        float[][][] kept = gradients(gpt, Tape.Blocks.KEEP, 0.3f, 0);
        assertThat(gradients(gpt, Tape.Blocks.RECOMPUTE, 0.3f, 0)).isDeepEqualTo(kept);
        assertThat(gradients(gpt, Tape.Blocks.KEEP, 0, 0)[0][0]).isNotEqualTo(kept[0][0]);
    }

    @Test
    void theirDropoutLeavesWhatIsFrozenAlone() {
        Gpt gpt = adapted(gpt(RandomGpt.Shape.LLAMA, TensorType.F32), false);
        Batch batch = batch(20);
        Tape tape = new Tape(PROCESSOR, new Gradients(List.of()));
        tape.adapterDropout(0.5f, 3);
        Tensor loss = gpt.loss(tape, batch, targets(batch));
        Tensor expected = gpt.loss(new Inference(PROCESSOR), batch, targets(batch));
        for (int r = 0; r < loss.rows(); r++) {
            assertThat(loss.at(r, 0)).isEqualTo(expected.at(r, 0));
        }
    }

    @Test
    void theirGradientsBehindDropoutAreThoseOfTheLoss() {
        Gpt gpt = adapted(gpt(RandomGpt.Shape.SMALL, TensorType.Q8_0), false);
        Gradients gradients = new Gradients(Parameters.ofAdapters(gpt));
        Tape tape = new Tape(PROCESSOR, gradients);
        tape.adapterDropout(0.3f, 5);
        Batch batch = batch(20, 11);
        double before = sum(gpt.loss(tape, batch, targets(batch)));
        tape.clear();
        tape.backward(gpt.loss(tape, batch, targets(batch)));
        double squares = 0;
        for (Parameter parameter : gradients.parameters()) {
            for (float[] numbers : gradients.of(parameter)) {
                for (float x : numbers) {
                    squares += (double) x * x;
                }
            }
        }
        double step = 1e-2 / Math.sqrt(squares);
        for (Parameter parameter : gradients.parameters()) {
            float[][] by = gradients.of(parameter);
            for (int i = 0; i < by.length; i++) {
                for (int k = 0; k < by[i].length; k++) {
                    parameter.data()[i][k] -= (float) (step * by[i][k]);
                }
            }
        }
        double after = sum(gpt.loss(tape, batch, targets(batch)));
        assertThat((before - after) / (step * squares)).isCloseTo(1, within(0.1));
    }

    @ParameterizedTest
    @EnumSource(names = {"GPT2", "LLAMA", "ODD"})
    void aTapeAddsThemWithoutLosingABitOfInference(RandomGpt.Shape shape) {
        Gpt gpt = adapted(gpt(shape, TensorType.F32), false);
        Batch batch = batch(20, 11);
        Tape tape = new Tape(PROCESSOR, new Gradients(Parameters.ofAdapters(gpt)));
        Tensor trained = gpt.loss(tape, batch, targets(batch));
        Tensor used = gpt.loss(new Inference(PROCESSOR), batch, targets(batch));
        for (int r = 0; r < used.rows(); r++) {
            assertThat(trained.at(r, 0)).isEqualTo(used.at(r, 0));
        }
    }

    private static double sum(Tensor losses) {
        double sum = 0;
        for (int t = 0; t < losses.rows(); t++) {
            sum += losses.at(t, 0);
        }
        return sum;
    }

    @Test
    void roomForMoreRowsChangesNoBit() {
        Gpt gpt = adapted(gpt(RandomGpt.Shape.GPT2, TensorType.F32), false);
        float[][][] tight = gradients(gpt, Tape.Blocks.KEEP, 0, 0);
        assertThat(gradients(gpt, Tape.Blocks.KEEP, 0, 100, 100, 30)).isDeepEqualTo(tight);
        assertThat(gradients(gpt, Tape.Blocks.RECOMPUTE, 0, 100, 100)).isDeepEqualTo(tight);
    }
}
