package dev.loupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.loupe.kernels.Kernels;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Targets;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.TensorType;
import dev.loupe.kernels.Threads;
import dev.loupe.kernels.Weight;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** What a tape promises besides right gradients. */
class TapeTest {
    private static final Processor PROCESSOR = Processor.of(2);
    private static final int[] LENGTHS = {70, 1, 65};

    @AfterAll
    static void close() {
        PROCESSOR.close();
    }

    private static int[] ids(int n, long seed) {
        return new Random(seed).ints(n, 0, RandomGpt.VOCAB).toArray();
    }

    private static Batch batch() {
        List<Batch.Part> parts = new ArrayList<>();
        for (int n : LENGTHS) {
            parts.add(new Batch.Part(KvCache.none(), false, ids(n, n)));
        }
        return new Batch(parts);
    }

    private static Targets targets() {
        int[] targets = ids(Arrays.stream(LENGTHS).sum(), 1);
        targets[5] = Targets.IGNORE;
        return Targets.mean(targets);
    }

    private static Gpt gpt(RandomGpt.Shape shape, TensorType type) {
        return RandomGpt.of(shape, type, PROCESSOR.threads());
    }

    private static float[][][] gradients(Gpt gpt, Processor processor, Tape.Blocks blocks) {
        Gradients gradients = new Gradients(Parameters.of(gpt));
        Tape tape = new Tape(processor, gradients, blocks, Taps.NONE);
        // twice: the second step finds the memory of the first
        for (int step = 0; step < 2; step++) {
            gradients.clear(processor);
            tape.dropout(0.1f, 3);
            tape.backward(gpt.loss(tape, batch(), targets()));
        }
        return gradients.parameters().stream().map(gradients::of).toArray(float[][][]::new);
    }

    @ParameterizedTest
    @EnumSource
    void losesNoBitOfInference(RandomGpt.Shape shape) {
        Gpt gpt = gpt(shape, TensorType.F32);
        Tape tape = new Tape(PROCESSOR, new Gradients(Parameters.of(gpt)));
        Tensor trained = gpt.loss(tape, batch(), targets());
        Tensor used = gpt.loss(new Inference(PROCESSOR), batch(), targets());
        for (int t = 0; t < used.rows(); t++) {
            assertThat(trained.at(t, 0)).isEqualTo(used.at(t, 0));
        }
    }

    @ParameterizedTest
    @EnumSource
    void gradientsHaveTheSameBitsOnAnyThreadsAndKernels(RandomGpt.Shape shape) {
        Gpt gpt = gpt(shape, TensorType.F32);
        float[][][] two = gradients(gpt, PROCESSOR, Tape.Blocks.KEEP);
        try (Processor one = Processor.of(1);
                Processor three = Processor.of(3);
                Processor scalar = new Processor(Kernels.scalar(), new Threads(2))) {
            assertThat(gradients(gpt, one, Tape.Blocks.KEEP)).isDeepEqualTo(two);
            assertThat(gradients(gpt, three, Tape.Blocks.KEEP)).isDeepEqualTo(two);
            assertThat(gradients(gpt, scalar, Tape.Blocks.KEEP)).isDeepEqualTo(two);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"GPT2", "NEOX", "GEMMA"})
    void blocksThatAreComputedAgainGiveTheSameBits(RandomGpt.Shape shape) {
        Gpt gpt = gpt(shape, TensorType.F32);
        assertThat(gradients(gpt, PROCESSOR, Tape.Blocks.RECOMPUTE))
                .isDeepEqualTo(gradients(gpt, PROCESSOR, Tape.Blocks.KEEP));
    }

    @Test
    void aFrozenQuantisedModelHandsGradientsToItsAdapters() {
        Gpt gpt = gpt(RandomGpt.Shape.WIDE, TensorType.Q4_K);
        List<Block> blocks = new ArrayList<>();
        for (Block block : gpt.blocks()) {
            Block.Attention attn = block.attn();
            Linear qkv = attn.qkv();
            Lora lora = new Lora(matrix(4, qkv.weight().cols(), 1), matrix(64, 4, 2), 0.5f, 64);
            blocks.add(
                    new Block(
                            block.layer(),
                            block.parallel(),
                            block.ln1(),
                            new Block.Attention(
                                    qkv.with(List.of(lora)),
                                    attn.out(),
                                    attn.qNorm(),
                                    attn.kNorm(),
                                    attn.rotation(),
                                    attn.heads(),
                                    attn.keyWidth(),
                                    attn.window()),
                            block.postAttn(),
                            block.ln2(),
                            block.mlp(),
                            block.postMlp()));
        }
        Gpt adapted =
                new Gpt(gpt.config(), gpt.wte(), gpt.wpe(), blocks, gpt.lnF(), gpt.unembedding());
        List<Parameter> adapters = Parameters.ofAdapters(adapted);
        assertThat(adapters).hasSize(2 * blocks.size());
        Gradients gradients = new Gradients(adapters);
        Tape tape = new Tape(PROCESSOR, gradients);
        double before = sum(adapted.loss(tape, batch(), targets()));
        tape.clear();
        gradients.clear(PROCESSOR);
        tape.backward(adapted.loss(tape, batch(), targets()));
        // down the gradient of each the loss falls as the gradient says
        for (Parameter adapter : adapters) {
            float[][] g = gradients.of(adapter);
            double squares = 0;
            for (float[] piece : g) {
                for (float x : piece) {
                    squares += (double) x * x;
                }
            }
            double step = 1e-2 / Math.sqrt(squares);
            move(adapter, g, -step);
            double after = sum(adapted.loss(new Inference(PROCESSOR), batch(), targets()));
            move(adapter, g, step);
            assertThat((before - after) / (step * squares)).isCloseTo(1, within(0.1));
        }
    }

    private static void move(Parameter parameter, float[][] by, double step) {
        for (int i = 0; i < by.length; i++) {
            for (int k = 0; k < by[i].length; k++) {
                parameter.data()[i][k] += (float) (step * by[i][k]);
            }
        }
    }

    private static Weight matrix(int rows, int cols, long seed) {
        Random random = new Random(seed);
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

    private static double sum(Tensor losses) {
        double sum = 0;
        for (int t = 0; t < losses.rows(); t++) {
            sum += losses.at(t, 0);
        }
        return sum;
    }

    @Test
    void tellsTheGradientOfWhatATapSaw() {
        Gpt gpt = gpt(RandomGpt.Shape.SMALL, TensorType.Q8_0);
        List<Tensor> seen = new ArrayList<>();
        Taps watch =
                new Taps() {
                    @Override
                    public boolean wants(Site site, int layer) {
                        return site == Site.PATTERN || site == Site.RESID_MID;
                    }

                    @Override
                    public Tensor at(Site site, int layer, Tensor x, Ops ops) {
                        if (site == Site.RESID_MID) {
                            seen.add(x);
                        }
                        return x;
                    }
                };
        Tape tape = new Tape(PROCESSOR, new Gradients(List.of()), Tape.Blocks.KEEP, watch);
        Tensor loss = gpt.loss(tape, batch(), targets());
        tape.backward(loss);
        assertThat(seen).hasSize(1);
        Tensor x = seen.getFirst();
        Tensor dx = tape.gradient(x);
        // moved along its gradient, the stream loses or gains what the gradient says
        float step = 1e-2f / length(dx);
        Taps push =
                new Taps() {
                    @Override
                    public boolean wants(Site site, int layer) {
                        return site == Site.RESID_MID && layer == 0;
                    }

                    @Override
                    public Tensor at(Site site, int layer, Tensor y, Ops ops) {
                        return ops.add(y, ops.scale(dx, step));
                    }
                };
        double above = sum(gpt.loss(new Inference(PROCESSOR, push), batch(), targets()));
        double expected = step * length(dx) * length(dx);
        assertThat((above - sum(loss)) / expected).isCloseTo(1, within(0.05));
    }

    private static float length(Tensor x) {
        double squares = 0;
        for (int r = 0; r < x.rows(); r++) {
            for (int c = 0; c < x.cols(); c++) {
                squares += (double) x.at(r, c) * x.at(r, c);
            }
        }
        return (float) Math.sqrt(squares);
    }

    @Test
    void refusesACacheAndGeneratedTokens() {
        Gpt gpt = gpt(RandomGpt.Shape.LLAMA, TensorType.F32);
        Tape tape = new Tape(PROCESSOR, new Gradients(Parameters.of(gpt)));
        Batch cached = new Batch(new Batch.Part(new KvCache(gpt.config()), false, 1, 2));
        assertThatThrownBy(() -> gpt.hidden(tape, cached))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("would get no gradient")
                .hasMessageContaining("KvCache.none()");
        Batch drawn = new Batch(new Batch.Part(KvCache.none(), true, 1));
        assertThatThrownBy(() -> gpt.hidden(tape, drawn))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("generated");
    }

    @Test
    void refusesTapsInBlocksThatAreComputedTwice() {
        Taps taps = Taps.NONE.then(Taps.NONE);
        assertThatThrownBy(() ->
                        new Tape(PROCESSOR, new Gradients(List.of()), Tape.Blocks.RECOMPUTE, taps))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("recomputation");
    }

    @Test
    void refusesTargetsThatDoNotFit() {
        Gpt gpt = gpt(RandomGpt.Shape.LLAMA, TensorType.F32);
        Tape tape = new Tape(PROCESSOR, new Gradients(Parameters.of(gpt)));
        Batch two = new Batch(new Batch.Part(KvCache.none(), false, 1, 2));
        assertThatThrownBy(() -> gpt.loss(tape, two, Targets.mean(1)))
                .hasMessage("targets: found 1, expected one for each of the 2 rows of the batch");
        assertThatThrownBy(() -> gpt.loss(tape, two, Targets.mean(1, 41)))
                .hasMessage("target: found 41, expected 0 to 40 or -1 for none");
    }

    @Test
    void aTiedTableHasOneGradient() {
        Gpt gpt = gpt(RandomGpt.Shape.GPT2, TensorType.F32);
        assertThat(Parameters.of(gpt).stream().map(Parameter::name))
                .contains("token_embd.weight", "blk.1.attn_qkv.bias")
                .doesNotContain("output.weight")
                .doesNotHaveDuplicates();
    }
}
