package dev.loupe.inside;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;

import dev.loupe.files.LocalModel;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What hooks see is what transformers computes at the same places. */
class CaptureOracleTest {
    private static final List<String> IN_BLOCKS =
            List.of(
                    "hook_resid_pre",
                    "attn.hook_q",
                    "attn.hook_k",
                    "attn.hook_v",
                    "attn.hook_z",
                    "hook_attn_out",
                    "mlp.hook_post",
                    "hook_mlp_out");

    @ParameterizedTest
    @MethodSource("dev.loupe.inside.Oracle#models")
    void hooksSeeWhatTransformersComputes(String name) {
        LocalModel model = Oracle.model(name);
        int[] ids = Oracle.ids(name);
        JsonNode expected = Oracle.of(name);
        int stride = expected.get("stride").intValue();
        List<Hook> hooks = Hooks.of(model.gpt()).all();
        Capture capture = new Capture(model.gpt(), hooks, ids.length, 1 << 30);
        new Reader(model.gpt(), model.processor(), capture).read(ids);

        int nLayer = model.gpt().config().nLayer();
        Map<String, Double> worst = new TreeMap<>();
        for (int layer = 0; layer < nLayer; layer++) {
            String block = "blocks." + layer + ".";
            for (String hook : IN_BLOCKS) {
                JsonNode wanted = expected.get(hook).get(layer);
                double apart = Oracle.difference(wanted, capture.get(block + hook), stride);
                worst.merge(hook, apart, Math::max);
            }
            JsonNode wanted = expected.get("attn.hook_pattern").get(layer);
            NamedArray pattern = capture.get(block + "attn.hook_pattern");
            worst.merge("attn.hook_pattern", pattern(wanted, pattern), Math::max);
        }
        NamedArray last = capture.get("blocks." + (nLayer - 1) + ".hook_resid_post");
        worst.put(
                "hook_resid_post",
                Oracle.difference(expected.get("last_resid_post"), last, stride));
        NamedArray normalized = capture.get("ln_final.hook_normalized");
        worst.put("ln_final", Oracle.difference(expected.get("ln_final"), normalized, stride));

        System.err.println("capture, " + name + ": " + worst);
        assertThat(worst.values()).allMatch(apart -> apart < 1e-4);
    }

    private static double pattern(JsonNode expected, NamedArray found) {
        double worst = 0;
        int[] shape = found.shape();
        for (int head = 0; head < shape[0]; head++) {
            for (int query = 0; query < shape[1]; query++) {
                for (int key = 0; key < shape[2]; key++) {
                    double wanted = expected.get(head).get(query).get(key).doubleValue();
                    worst = Math.max(worst, Math.abs(wanted - found.at(head, query, key)));
                }
            }
        }
        return worst;
    }
}
