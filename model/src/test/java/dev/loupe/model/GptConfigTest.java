package dev.loupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.Normalization;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

import java.util.Collections;
import java.util.List;

/** Impossible configurations are refused with field and value; frequencies are transformers'. */
class GptConfigTest {
    private static final GptConfig TINY = TinyGpt.config();

    private static void refused(ThrowingCallable making, String message) {
        assertThatThrownBy(making).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }

    private static GptConfig config(int nCtx, int vocabSize, int nEmbd, List<GptConfig.Layer> l) {
        return new GptConfig(
                "llama",
                nCtx,
                vocabSize,
                nEmbd,
                TINY.embedding(),
                TINY.norm(),
                false,
                TINY.attention(),
                TINY.mlp(),
                l);
    }

    @Test
    void sizesAreAtLeastOne() {
        List<GptConfig.Layer> layers = TINY.layers();
        refused(() -> config(0, 1, 1, layers), "nCtx: found 0, expected at least 1");
        refused(() -> config(1, -1, 1, layers), "vocabSize: found -1, expected at least 1");
        refused(() -> config(1, 1, 0, layers), "nEmbd: found 0, expected at least 1");
        refused(() -> config(1, 1, 1, List.of()), "nLayer: found 0, expected at least 1");
        List<GptConfig.Layer> many = Collections.nCopies(4097, layers.getFirst());
        refused(() -> config(1, 1, 1, many), "nLayer: found 4097, expected at most 4096");
        refused(
                () -> new GptConfig.Mlps(0, Activation.SILU, true, false),
                "nInner: found 0, expected at least 1");
        refused(
                () -> new GptConfig.Layer(-1, null),
                "sliding window: found -1, expected 0 or more");
    }

    @Test
    void headsFitEachOther() {
        refused(() -> heads(0, 1, 8, 1), "nHead: found 0, expected at least 1");
        refused(() -> heads(4, 0, 8, 1), "nKvHead: found 0, expected at least 1");
        refused(() -> heads(4, 4, 0, 1), "headDim: found 0, expected at least 1");
        refused(
                () -> heads(4, 3, 8, 1),
                "nHead: found 4, expected a multiple of the 3 heads of keys");
        refused(
                () -> heads(4, 4, 8, Float.NaN),
                "attention scale: found NaN, expected a finite number");
        refused(() -> heads(1 << 20, 1, 8, 1), "nHead: found 1048576, expected at most 65536");
        refused(() -> heads(1, 1, 1 << 20, 1), "headDim: found 1048576, expected at most 16384");
        refused(
                () -> new GptConfig.Norms(Normalization.Kind.RMS, Float.NaN, false, false),
                "norm epsilon: found NaN, expected 0 to 1");
    }

    private static GptConfig.Heads heads(int nHead, int nKvHead, int headDim, float scale) {
        return new GptConfig.Heads(nHead, nKvHead, headDim, scale, false, false, false);
    }

    @Test
    void rotationsFitAHead() {
        Rope wide = new Rope(10_000, 10, new Rope.Plain());
        refused(
                () -> config(1, 1, 1, List.of(new GptConfig.Layer(0, wide))),
                "rope dimensions: found 10, expected at most the 8 of a head");
        refused(
                () -> new Rope(10_000, 7, new Rope.Plain()),
                "rope dimensions: found 7, expected an even number");
        refused(
                () -> new Rope(0, 8, new Rope.Plain()),
                "rope theta: found 0.0, expected a positive number");
        refused(
                () -> new Rope(Double.NaN, 8, new Rope.Plain()),
                "rope theta: found NaN, expected a positive number");
        refused(() -> new Rope.Linear(0), "rope factor: found 0.0, expected a positive number");
        refused(
                () -> new Rope.Llama3(8, 4, 4, 8192),
                "rope high_freq_factor: found 4.0, expected more than the 4.0 of low_freq_factor");
        refused(
                () -> new Rope(10_000, 8, new Rope.Divided(new float[3])).frequencies(),
                "rope factors: found 3, expected 4");
    }

    /**
     * Made with transformers 5: {@code ROPE_INIT_FUNCTIONS["llama3"](LlamaConfig(head_dim=64,
     * rope_parameters=dict(rope_type="llama3", rope_theta=500000.0, factor=8.0,
     * low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192)),
     * "cpu")[0]}, to nine digits.
     */
    private static final double[] LLAMA3 = {
        1.0,
        0.663601279,
        0.440366626,
        0.292227834,
        0.193922758,
        0.128687382,
        0.0853971019,
        0.0566696189,
        0.0376060307,
        0.0249554086,
        0.0165604409,
        0.0109895291,
        0.00729266508,
        0.00483942125,
        0.00321144611,
        0.00137189368,
        0.000524846022,
        0.000178507791,
        7.78465546e-05,
        5.16590699e-05,
        3.42810235e-05,
        2.2748929e-05,
        1.50962178e-05,
        1.00178686e-05,
        6.64786967e-06,
        4.41153452e-06,
        2.92749974e-06,
        1.94269251e-06,
        1.28917316e-06,
        8.55496921e-07,
        5.6770881e-07,
        3.7673226e-07
    };

    @Test
    void frequenciesOfLlama3AreThoseOfTransformers() {
        float[] found = new Rope(500_000, 64, new Rope.Llama3(8, 1, 4, 8192)).frequencies();
        assertThat(found).hasSize(32);
        for (int i = 0; i < found.length; i++) {
            // two units in the last place: PyTorch's power is not Java's
            float expected = (float) LLAMA3[i];
            assertThat(found[i]).isCloseTo(expected, within(2 * Math.ulp(expected)));
        }
    }

    /**
     * The same with {@code rope_type="linear", rope_theta=10000.0, factor=4.0}; the first eight.
     */
    private static final double[] LINEAR = {
        0.25, 0.18747355, 0.140585333, 0.105424128,
        0.079056941, 0.0592843406, 0.0444569848, 0.0333380364
    };

    @Test
    void frequenciesOfLinearScalingAreThoseOfTransformers() {
        float[] found = new Rope(10_000, 64, new Rope.Linear(4)).frequencies();
        for (int i = 0; i < LINEAR.length; i++) {
            float expected = (float) LINEAR[i];
            assertThat(found[i]).isCloseTo(expected, within(2 * Math.ulp(expected)));
        }
    }

    @Test
    void factorsOfAFileDivideEachFrequency() {
        float[] plain = new Rope(10_000, 8, new Rope.Plain()).frequencies();
        float[] found =
                new Rope(10_000, 8, new Rope.Divided(new float[] {1, 2, 4, 8})).frequencies();
        assertThat(found).containsExactly(plain[0], plain[1] / 2, plain[2] / 4, plain[3] / 8);
    }
}
