package dev.loupe.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Targets;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.Batch;
import dev.loupe.model.Gpt;
import dev.loupe.model.GptConfig;
import dev.loupe.model.GptLoader;
import dev.loupe.model.Gradients;
import dev.loupe.model.KvCache;
import dev.loupe.model.Parameters;
import dev.loupe.model.Tape;
import dev.loupe.model.Taps;
import dev.loupe.train.Architecture.Style;

import org.junit.jupiter.api.Test;

import java.util.List;

class MemoryNeedTest {
    private static final int CONTEXT = 24;

    @Test
    void activationsAreWhatATapeTakes() {
        try (Processor processor = Processor.of(1)) {
            for (Style style : Style.values()) {
                for (boolean recompute : new boolean[] {false, true}) {
                    for (float dropout : new float[] {0, 0.1f}) {
                        GptConfig config = config(style, 64);
                        Recipe recipe = recipe(2, recompute, dropout);
                        MemoryNeed need = MemoryNeed.of(config, recipe, CONTEXT, processor);
                        assertThat(2 * need.perWindow())
                                .as("%s, recompute %s, dropout %s", style, recompute, dropout)
                                .isEqualTo(4 * taken(config, recipe, processor));
                    }
                }
            }
        }
    }

    /** Numbers that a tape has room for after a step of two windows. */
    private static long taken(GptConfig config, Recipe recipe, Processor processor) {
        Gpt gpt = GptLoader.load(config, new Initialization(config, 1), processor.threads());
        Tape.Blocks blocks = recipe.recompute() ? Tape.Blocks.RECOMPUTE : Tape.Blocks.KEEP;
        Tape tape = new Tape(processor, new Gradients(Parameters.of(gpt)), blocks, Taps.NONE);
        tape.dropout(recipe.dropout(), 1);
        Tensor loss =
                gpt.loss(
                        tape,
                        new Batch(List.of(part(), part())),
                        Targets.mean(new int[2 * CONTEXT]));
        tape.backward(loss);
        return tape.room();
    }

    private static Batch.Part part() {
        return new Batch.Part(KvCache.none(), false, new int[CONTEXT]);
    }

    @Test
    void whatDoesNotFitIsRefusedWithWhatWould() {
        try (Processor processor = Processor.of(1)) {
            GptConfig config = config(Style.GPT2, 256);
            Recipe recipe = recipe(64, false, 0);
            MemoryNeed need = MemoryNeed.of(config, recipe, CONTEXT, processor);
            need.check(config, recipe, CONTEXT, processor, need.total(64));
            refuses(need, config, recipe, need.total(20), "--batch 20 --accumulate 4 would fit");
            long one = need.total(1) - 1;
            refuses(need, config, recipe, one, "--recompute --batch ");
            refuses(need, config, recipe, need.total(0) - (1 << 20), "shorter --context");
            refuses(need, config, recipe, 100 << 20, "million parameters");
        }
    }

    private static void refuses(
            MemoryNeed need, GptConfig config, Recipe recipe, long available, String says) {
        try (Processor processor = Processor.of(1)) {
            assertThatThrownBy(() -> need.check(config, recipe, CONTEXT, processor, available))
                    .isInstanceOf(DataException.class)
                    .hasMessageContaining("takes %,d MB".formatted(need.total(64) >> 20))
                    .hasMessageContaining(says);
        }
    }

    private static GptConfig config(Style style, int width) {
        int kvHeads = style == Style.GPT2 ? 4 : 2;
        return new Architecture(style, 5, 4, kvHeads, width, 3 * width, CONTEXT).config(50);
    }

    private static Recipe recipe(int batch, boolean recompute, float dropout) {
        Schedule schedule = new Schedule(Schedule.Kind.CONSTANT, 1e-3, 1e-3, 0, 10);
        return new Recipe(schedule, batch, 1, 0.9f, 0.99f, 0, 1, dropout, 1, recompute, 0);
    }
}
