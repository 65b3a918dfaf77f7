package dev.loupe.inside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.loupe.files.LocalModel;
import dev.loupe.model.Batch;
import dev.loupe.model.Gpt;
import dev.loupe.model.Inference;
import dev.loupe.model.KvCache;
import dev.loupe.model.Taps;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Arrays;
import java.util.List;

/** Capture changes nothing, is the same in pieces, and takes the memory that it was given. */
class CaptureTest {
    private static final String MODEL = "llama-mqa-bias";

    private static Capture all(Gpt gpt, int from, int to) {
        return new Capture(gpt, Hooks.of(gpt).all(), from, to, 1 << 30);
    }

    @ParameterizedTest
    @MethodSource("dev.loupe.inside.Oracle#models")
    void logitsHaveTheSameBitsWithAndWithoutIt(String name) {
        LocalModel model = Oracle.model(name);
        int[] ids = Oracle.ids(name);
        float[] plain = new Reader(model.gpt(), model.processor(), Taps.NONE).read(ids);
        Capture capture = all(model.gpt(), 0, ids.length);
        float[] watched = new Reader(model.gpt(), model.processor(), capture).read(ids);
        assertThat(watched).isEqualTo(plain);
    }

    @ParameterizedTest
    @MethodSource("dev.loupe.inside.Oracle#models")
    void generatingWithACacheSeesWhatTheWholePromptShows(String name) {
        LocalModel model = Oracle.model(name);
        int[] ids = Oracle.ids(name);
        Capture whole = all(model.gpt(), 0, ids.length);
        new Reader(model.gpt(), model.processor(), whole).read(ids);
        Capture grown = all(model.gpt(), 0, ids.length);
        Reader reader = new Reader(model.gpt(), model.processor(), grown);
        reader.read(Arrays.copyOf(ids, 2));
        for (int i = 2; i < ids.length; i++) {
            reader.readDrawn(ids[i]);
        }
        double worst = 0;
        for (Hook hook : whole.hooks()) {
            NamedArray a = whole.get(hook);
            NamedArray b = grown.get(hook);
            assertThat(b.shape()).isEqualTo(a.shape());
            double largest = 1;
            double apart = 0;
            for (int i = 0; i < a.values().length; i++) {
                if (a.values()[i] != b.values()[i]) {
                    largest = Math.max(largest, Math.abs(a.values()[i]));
                    apart = Math.max(apart, Math.abs(a.values()[i] - b.values()[i]));
                }
            }
            assertThat(apart / largest).as("%s", hook).isLessThan(1e-4);
            worst = Math.max(worst, apart / largest);
        }
        System.err.printf("cache against whole, %s: %.2g%n", name, worst);
    }

    @Test
    void somePositionsAreThoseOfTheWhole() {
        LocalModel model = Oracle.model(MODEL);
        int[] ids = Oracle.ids(MODEL);
        Capture whole = all(model.gpt(), 0, ids.length);
        Capture part = all(model.gpt(), 3, 5);
        new Reader(model.gpt(), model.processor(), whole.then(part)).read(ids);
        assertThat(part.tokens()).isEqualTo(2);
        NamedArray pattern = part.get("blocks.1.attn.hook_pattern");
        assertThat(pattern.shape()).containsExactly(6, 2, 5);
        NamedArray all = whole.get("blocks.1.attn.hook_pattern");
        assertThat(pattern.at(2, 1, 3)).isEqualTo(all.at(2, 4, 3));
        assertThat(part.get("blocks.0.attn.hook_q").at(1, 5, 7))
                .isEqualTo(whole.get("blocks.0.attn.hook_q").at(4, 5, 7));
    }

    @Test
    void fewerTokensThanThereIsRoomForGiveSmallerArrays() {
        LocalModel model = Oracle.model(MODEL);
        Capture capture = all(model.gpt(), 0, 50);
        new Reader(model.gpt(), model.processor(), capture).read(5, 6, 7);
        NamedArray pattern = capture.get("blocks.0.attn.hook_pattern");
        assertThat(pattern.shape()).containsExactly(6, 3, 3);
        for (int query = 0; query < 3; query++) {
            float sum = 0;
            for (int key = 0; key < 3; key++) {
                sum += pattern.at(1, query, key);
            }
            assertThat(sum).isCloseTo(1, within(1e-5f));
        }
        assertThat(capture.get("blocks.0.attn.hook_attn_scores").at(0, 0, 2))
                .isEqualTo(Float.NEGATIVE_INFINITY);
        assertThat(capture.get("hook_embed").shape()).containsExactly(3, 96);
    }

    @ParameterizedTest
    @MethodSource("dev.loupe.inside.Oracle#families")
    void derivedHooksFitTheOthers(String name) {
        LocalModel model = Oracle.model(name);
        Gpt gpt = model.gpt();
        int[] ids = Oracle.ids(name);
        Capture capture = all(gpt, 0, ids.length);
        new Reader(gpt, model.processor(), capture).read(ids);
        NamedArray scale = capture.get("ln_final.hook_scale");
        NamedArray in =
                capture.get("blocks.%d.hook_resid_post".formatted(gpt.config().nLayer() - 1));
        NamedArray out = capture.get("ln_final.hook_normalized");
        for (int t = 0; t < ids.length; t++) {
            double mean = Norms.mean(gpt.lnF(), in.values(), in.index(t, 0));
            float[] bias = gpt.lnF().bias();
            for (int i = 0; i < 96; i++) {
                double normalized =
                        (in.at(t, i) - mean) / scale.at(t, 0) * gpt.lnF().weight()[i]
                                + (bias == null ? 0 : bias[i]);
                assertThat(out.at(t, i)).isCloseTo((float) normalized, within(1e-4f));
            }
        }
        if (gpt.config().norm().after()) {
            return;
        }
        NamedArray results = capture.get("blocks.1.attn.hook_result");
        NamedArray written = capture.get("blocks.1.hook_attn_out");
        float[] bias = gpt.blocks().get(1).attn().out().bias();
        for (int t = 0; t < ids.length; t++) {
            for (int i = 0; i < 96; i++) {
                double sum = bias == null ? 0 : bias[i];
                for (int head = 0; head < 6; head++) {
                    sum += results.at(t, head, i);
                }
                assertThat(written.at(t, i)).isCloseTo((float) sum, within(1e-4f));
            }
        }
    }

    @Test
    void moreThanTheMemoryAllowsIsRefusedBeforeAnythingRuns() {
        Gpt gpt = Oracle.model(MODEL).gpt();
        List<Hook> patterns = Hooks.of(gpt).matching(List.of("*pattern"));
        assertThatThrownBy(() -> new Capture(gpt, patterns, 200, 1_000_000))
                .isInstanceOf(HookException.class)
                .hasMessage(
                        "200 tokens at 3 hooks take 2,880,000 bytes, and 1,000,000 are free for"
                                + " them; capture fewer hooks, or a shorter text");
        assertThatThrownBy(() -> new Capture(gpt, patterns, 1 << 20, Long.MAX_VALUE))
                .isInstanceOf(HookException.class)
                .hasMessageContaining("more than an array holds");
    }

    @Test
    void aBatchOfSeveralSequencesIsRefused() {
        LocalModel model = Oracle.model(MODEL);
        Gpt gpt = model.gpt();
        Inference ops = new Inference(model.processor(), all(gpt, 0, 4));
        Batch batch =
                new Batch(
                        new Batch.Part(new KvCache(gpt.config()), false, 3),
                        new Batch.Part(new KvCache(gpt.config()), false, 4));
        assertThatThrownBy(() -> gpt.hidden(ops, batch))
                .hasMessage("capture: found a batch of 2 sequences, expected 1");
    }

    @Test
    void whatWasNotCapturedIsNotThere() {
        Gpt gpt = Oracle.model(MODEL).gpt();
        Capture capture = new Capture(gpt, List.of(), 4, 10);
        assertThatThrownBy(() -> capture.get("hook_embed"))
                .hasMessage("hook hook_embed was not captured");
    }
}
