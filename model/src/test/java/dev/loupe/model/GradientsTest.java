package dev.loupe.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.stream.Stream;

/** Each backward against finite differences of its forward, both in double precision. */
class GradientsTest {
    private static DoubleSources doubles;

    @BeforeAll
    static void compile() {
        doubles = new DoubleSources();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "matmul",
                "matmul with a frozen stack",
                "one weight used twice",
                "adapters",
                "embed",
                "layer norm",
                "rms norm",
                "norm of heads",
                "rope",
                "rope of a part",
                "attention",
                "attention of shared heads",
                "attention with a window",
                "scores, softmax and mix",
                "choose",
                "SILU",
                "GELU",
                "GELU_TANH",
                "neurons",
                "gated neurons",
                "multiply",
                "add",
                "residual",
                "addColumns",
                "scale",
                "rows",
                "columns",
                "dropout",
                "crossEntropy"
            })
    void everyOperationsGradientIsItsSlope(String operation) {
        assertThat(doubles.worst(operation)).isLessThan(1e-6);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt gpt2", "gpt neox", "gpt llama", "gpt gemma"})
    void everyParametersGradientIsTheSlopeOfTheLoss(String model) {
        assertThat(doubles.worst(model)).isLessThan(1e-6);
    }

    /** A class, a piece of its backward, the same with another sign, and the case that sees it. */
    static Stream<Arguments> mutants() {
        return Stream.of(
                mutant("ScalarKernels", "column[k] = x.", "column[k] = -x.", "attention"),
                mutant("ScalarKernels", "column[t] = x.", "column[t] = -x.", "matmul"),
                mutant("Kernels", "sums[offset + c] +=", "-=", "matmul"),
                mutant(
                        "ProductBackward",
                        "? panel[from + k * PANEL + lane] : 0",
                        "? -panel[from + k * PANEL + lane] : 0",
                        "matmul with a frozen stack"),
                mutant("Embedding", "panel[i * PANEL + lane] +=", "-=", "embed"),
                mutant("Kernels", "- mean - h[i] * slope", "+ mean - h[i] * slope", LAYER),
                mutant("Kernels", "- h[i] * slope", "+ h[i] * slope", "rms norm"),
                mutant("Normalization", "dweight[i] +=", "-=", "norm of heads"),
                mutant("Normalization", "dbias[i] +=", "-=", LAYER),
                mutant(
                        "Rotation",
                        "* cos + d[i + f + n] * sin",
                        "* cos - d[i + f + n] * sin",
                        "rope"),
                mutant("Rotation", "* cos - d[i + f] * sin", "* cos + d[i + f] * sin", "rope"),
                mutant("Rotation", "out[o + e] +=", "-=", "rope of a part"),
                mutant("SelfAttention", "highest()[row] + (", "highest()[row] - (", "attention"),
                mutant("Kernels", "- inner[", "+ inner[", "attention"),
                mutant("Kernels", "i] - y[", "i] + y[", "attention"),
                mutant("AttentionBackward", "addScaled(scale", "addScaled(-scale", "attention"),
                mutant("AttentionBackward", "put(pass.dz", "put(pass.z", WINDOW),
                mutant("SelfAttention", "- inner)", "+ inner)", PARTS),
                mutant("SelfAttention", "float d = heads", "float d = -heads", PARTS),
                mutant("SelfAttention", "value, p, dz", "value, -p, dz", PARTS),
                mutant("Slope", "(1f + x * (1f - s));", "(1f + x * (1f + s));", "SILU"),
                mutant("Slope", "1f + 3f * TANH", "1f - 3f * TANH", "GELU_TANH"),
                mutant("Slope", "below + x", "below - x", "GELU"),
                mutant(
                        "Elementwise",
                        "slope(f, x.data(), x.row(r)",
                        "slope(f, dy.data(), dy.row(r)",
                        "SILU"),
                mutant("Kernels", "+= a[aOffset + i] * b", "-= a[aOffset + i] * b", "multiply"),
                mutant("Kernels", "] = a[aOffset + i] * b", "] = -a[aOffset + i] * b", "gpt gpt2"),
                mutant("Kernels", "+= s * x[", "-= s * x[", "scale"),
                mutant("Elementwise", "addScaled(s, g", "addScaled(-s, g", "add"),
                mutant("Tape", "accumulate(processor, gradient, 1", "-1", "residual"),
                mutant("Tape", "(processor, gate, gated, dy", "(processor, gated, gate, dy", GATED),
                mutant("Elementwise", "? db : da", "? da : db", "choose"),
                mutant("Elementwise", "accumulate(processor, dy.rows(t, 1), 1", "-1", "rows"),
                mutant("Tape", "dy.columns(column, b.cols()), 1", "-1", "addColumns"),
                mutant("Tape", "(processor, dlow, lora", "(processor, dlow, -lora", "adapters"),
                mutant(
                        "Tape",
                        "() -> random.add(",
                        "() -> new Dropout(dropout, place + 1).add(",
                        "dropout"),
                mutant(
                        "CrossEntropy",
                        "s[target] -= weight",
                        "s[target] += weight",
                        "crossEntropy"),
                mutant("CrossEntropy", "= weight / sum", "= -weight / sum", "crossEntropy"));
    }

    private static final String GATED = "gated neurons";
    private static final String LAYER = "layer norm";
    private static final String WINDOW = "attention with a window";
    private static final String PARTS = "scores, softmax and mix";

    /** An operator alone takes the place of the last one in what is found. */
    private static Arguments mutant(String file, String found, String instead, String seen) {
        String whole = instead;
        if (instead.length() == 2 && instead.endsWith("=")) {
            whole = found.replaceAll("[+-]=", instead);
        } else if (instead.equals("-1")) {
            whole = found.substring(0, found.length() - 1) + "-1";
        }
        return Arguments.of(file, found, whole, seen);
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void anotherSignInAnyBackwardIsSeen(String file, String found, String instead, String seen) {
        String number = "(\\d)f\\b";
        double worst =
                doubles.worstWith(
                        file,
                        found.replace("float", "double").replaceAll(number, "$1d"),
                        instead.replace("float", "double").replaceAll(number, "$1d"),
                        seen);
        assertThat(worst).isGreaterThan(1e-3);
    }
}
