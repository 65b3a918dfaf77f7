package dev.loupe.inside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loupe.files.LocalModel;
import dev.loupe.model.Taps;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Random;

/** A number that is derived from others is the one that the model computed. */
class DerivationTest {
    private static CapturedRun run(String name) {
        LocalModel model = Oracle.model(name);
        return new CapturedRun(
                model.gpt(), model.processor(), Oracle.ids(name), Taps.NONE, 1L << 30);
    }

    @ParameterizedTest
    @MethodSource("dev.loupe.inside.Oracle#models")
    void everyHookIsDerived(String name) {
        CapturedRun run = run(name);
        Random random = new Random(5);
        double worst = 0;
        for (Hook hook : Hooks.of(run.gpt()).all()) {
            if (hook.layer() > 2 && hook.layer() < run.gpt().config().nLayer() - 1) {
                continue;
            }
            int[] shape = run.get(hook).shape();
            for (int i = 0; i < 4; i++) {
                int[] index = new int[shape.length];
                for (int axis = 0; axis < index.length; axis++) {
                    index[axis] = random.nextInt(shape[axis]);
                }
                worst = Math.max(worst, apart(Derivation.of(run, hook.name(), index)));
            }
        }
        int vocabSize = run.gpt().config().vocabSize();
        for (int i = 0; i < 4; i++) {
            int t = random.nextInt(run.ids().length);
            worst =
                    Math.max(
                            worst,
                            apart(Derivation.of(run, "logits", t, random.nextInt(vocabSize))));
        }
        System.err.println("derived, " + name + ": " + worst);
    }

    /** Beside the largest number of the sum. */
    private static double apart(Derivation derived) {
        if (derived.result() == derived.captured()) {
            return 0;
        }
        double largest =
                derived.terms().stream().mapToDouble(t -> Math.abs(t.product())).max().orElse(0);
        largest = Math.max(largest, Math.abs(derived.result()));
        double apart = Math.abs(derived.result() - derived.captured()) / largest;
        assertThat(apart).as(derived.name()).isLessThan(1e-5);
        return apart;
    }

    @Test
    void termsSumToTheResult() {
        Derivation derived = Derivation.of(run("gpt2"), "blocks.1.attn.hook_q", 2, 1, 3);
        double sum = derived.terms().stream().mapToDouble(Derivation.Term::product).sum();
        double bias = derived.bias() == null ? 0 : derived.bias();
        assertThat(sum + bias)
                .isCloseTo(derived.result(), org.assertj.core.data.Offset.offset(1e-12));
    }

    @Test
    void placesThatAreNoneAreSaid() {
        CapturedRun run = run("gpt2");
        assertThatThrownBy(() -> Derivation.of(run, "blocks.0.attn.hook_q", 0, 99, 0))
                .isInstanceOf(HookException.class)
                .hasMessageContaining("expected a place in an array of");
        assertThatThrownBy(() -> Derivation.of(run, "blocks.1000000000.hook_resid_pre", 0, 0))
                .isInstanceOf(HookException.class)
                .hasMessageContaining("expected 0 to");
        assertThatThrownBy(() -> Derivation.of(run, "logits", 0, -1))
                .isInstanceOf(HookException.class);
    }
}
