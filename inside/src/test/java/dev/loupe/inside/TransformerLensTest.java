package dev.loupe.inside;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;

import dev.loupe.files.LocalModel;
import dev.loupe.kernels.Normalization;
import dev.loupe.model.Gpt;
import dev.loupe.model.Norm;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** Every hook of TransformerLens has its name, its shape and its numbers here. */
class TransformerLensTest {
    private static JsonNode expected(String name) throws IOException {
        try (InputStream in =
                TransformerLensTest.class.getResourceAsStream("/oracle/transformer_lens.json")) {
            return Oracle.JSON.readTree(in).get(name);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "gpt-neox", "llama-tied"})
    void everyHookOfTransformerLensIsThereAndSeesTheSame(String name) throws IOException {
        LocalModel model = Oracle.model(name);
        Gpt gpt = model.gpt();
        JsonNode expected = expected(name);
        int[] ids = Oracle.JSON.convertValue(expected.get("ids"), int[].class);
        int stride = expected.get("stride").intValue();
        List<Hook> all = Hooks.of(gpt).all();
        Capture capture = new Capture(gpt, all, ids.length, 1 << 30);
        new Reader(gpt, model.processor(), capture).read(ids);
        double worst = 0;
        int hooks = 0;
        for (var entry : expected.get("hooks").properties()) {
            NamedArray found = capture.get(entry.getKey());
            JsonNode wanted = entry.getValue();
            assertThat(found.shape())
                    .as(entry.getKey())
                    .isEqualTo(Oracle.JSON.convertValue(wanted.get("shape"), int[].class));
            Norm norm = weightOutside(gpt, entry.getKey());
            worst = Math.max(worst, difference(wanted.get("values"), found, stride, norm));
            hooks++;
        }
        System.err.printf("TransformerLens, %s: %d hooks, %.2g%n", name, hooks, worst);
        assertThat(hooks).isGreaterThanOrEqualTo(58);
        assertThat(worst).isLessThan(1e-5);
    }

    /** An RMS norm's weight, which TransformerLens applies behind its hook and Loupe before. */
    private static @Nullable Norm weightOutside(Gpt gpt, String hook) {
        if (gpt.lnF().kind() != Normalization.Kind.RMS || !hook.endsWith("hook_normalized")) {
            return null;
        }
        if (hook.startsWith("ln_final")) {
            return gpt.lnF();
        }
        var block = gpt.blocks().get(Integer.parseInt(hook.split("\\.", -1)[1]));
        return hook.contains(".ln1.") ? block.ln1() : block.ln2();
    }

    private static double difference(
            JsonNode wanted, NamedArray found, int stride, @Nullable Norm norm) {
        assertThat(wanted).hasSize((found.values().length + stride - 1) / stride);
        double largest = 1;
        double worst = 0;
        for (int i = 0; i < wanted.size(); i++) {
            float value = found.values()[i * stride];
            if (wanted.get(i).isNull()) {
                assertThat(value).as("%s %d", found.name(), i).isEqualTo(Float.NEGATIVE_INFINITY);
                continue;
            }
            double weight = norm == null ? 1 : norm.weight()[i * stride % norm.weight().length];
            double number = wanted.get(i).doubleValue() * weight;
            largest = Math.max(largest, Math.abs(number));
            worst = Math.max(worst, Math.abs(number - value));
        }
        return worst / largest;
    }
}
