package dev.loupe.inside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loupe.files.LocalModel;
import dev.loupe.model.Taps;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.SplittableRandom;

class DerivationTest {
    private static final int[] IDS = {3, 17, 42, 5, 99, 17};

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gemma3",
                "gpt-neox",
                "gpt-neox-sequential",
                "gpt2",
                "llama-3-rope",
                "llama-mqa-bias",
                "llama-tied",
                "mistral-sliding",
                "qwen2",
                "qwen3"
            })
    void everyNumberIsWhatItIsDerivedFrom(String family) {
        try (LocalModel model = LocalModel.load(Outside.fixture("families/" + family), 1)) {
            SplittableRandom random = new SplittableRandom(1);
            for (Hook hook : Hooks.of(model.gpt()).all()) {
                int[] shape = hook.shape(model.gpt().config(), IDS.length, IDS.length);
                for (int i = 0; i < 3; i++) {
                    int[] at = new int[shape.length];
                    for (int axis = 0; axis < at.length; axis++) {
                        at[axis] = random.nextInt(shape[axis]);
                    }
                    check(derive(model, hook.name(), at));
                }
            }
            check(derive(model, Derivation.LOGITS, 2, 11));
        }
    }

    private static Derivation derive(LocalModel model, String hook, int... at) {
        return Derivation.of(model.gpt(), model.processor(), IDS, Taps.NONE, hook, at, 1 << 26);
    }

    private static void check(Derivation d) {
        if (Double.isInfinite(d.captured())) {
            assertThat(d.result()).as(d.name()).isEqualTo(d.captured());
            return;
        }
        assertThat(Math.abs(d.result() - d.captured()))
                .as("%s: %s beside %s", d.name(), d.result(), d.captured())
                .isLessThanOrEqualTo(1e-5 * d.magnitude());
        assertThat(d.formula()).isNotEmpty();
    }

    @Test
    void anIndexOutsideIsRefused() {
        try (LocalModel model = LocalModel.load(Outside.fixture("families/gpt2"), 1)) {
            assertThatThrownBy(() -> derive(model, "blocks.0.attn.hook_q", 6, 0, 0))
                    .isInstanceOf(HookException.class)
                    .hasMessageContaining("index of blocks.0.attn.hook_q");
        }
    }
}
