package dev.loupe.inside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.Attribution.Target;
import dev.loupe.inside.Intervention.Cut;
import dev.loupe.inside.Intervention.Fill;
import dev.loupe.inside.Intervention.Patch;
import dev.loupe.inside.Intervention.Scale;
import dev.loupe.inside.Intervention.Steer;
import dev.loupe.inside.Intervention.Zero;
import dev.loupe.inside.PatchingMap.Prompts;
import dev.loupe.inside.PatchingMap.Sweep;
import dev.loupe.model.Gpt;
import dev.loupe.model.Taps;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/** Changes do in Loupe what they do in transformers; no change changes nothing. */
class InterventionsTest {
    private static NamedArray seen(LocalModel model, int[] ids, String hook) {
        List<Hook> hooks = Hooks.of(model.gpt()).matching(List.of(hook));
        Capture capture = new Capture(model.gpt(), hooks, ids.length, 1 << 30);
        new Reader(model.gpt(), model.processor(), capture).read(ids);
        return capture.get(hook);
    }

    private static float[] mean(NamedArray array) {
        int tokens = array.shape()[0];
        float[] mean = new float[array.values().length / tokens];
        for (int i = 0; i < array.values().length; i++) {
            mean[i % mean.length] += array.values()[i] / tokens;
        }
        return mean;
    }

    private static float[] direction(int n) {
        float[] direction = new float[n];
        for (int i = 0; i < n; i++) {
            direction[i] = (float) ((i * 7 % 13 - 6) / 6.0);
        }
        return direction;
    }

    private static int[] reversed(int[] ids) {
        int[] reversed = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            reversed[i] = ids[ids.length - 1 - i];
        }
        return reversed;
    }

    @ParameterizedTest
    @MethodSource("dev.loupe.inside.Oracle#models")
    void logitsBecomeThoseOfTransformersAfterTheSameChange(String name) {
        LocalModel model = Oracle.model(name);
        Gpt gpt = model.gpt();
        int[] ids = Oracle.ids(name);
        Place head = Place.head(gpt, 1, 2);
        Place stream = Place.of(gpt, "blocks.1.hook_resid_pre");
        NamedArray other = seen(model, reversed(ids), "blocks.1.hook_resid_pre");
        Map<String, Intervention> changes =
                Map.of(
                        "zero_head", new Zero(head),
                        "mean_head", new Fill(head, mean(seen(model, ids, "blocks.1.attn.hook_z"))),
                        "half_neurons", new Scale(Place.neurons(gpt, 1, 3, 20), 0.5f),
                        "steer", new Steer(stream.at(3), direction(gpt.config().nEmbd()), 2),
                        "patch", new Patch(stream.at(4), other),
                        "edge", new Cut(1, -1, ids.length - 1, ids.length - 2));
        JsonNode expected = Oracle.of(name).get("interventions");
        assertThat(expected).hasSameSizeAs(changes.keySet());
        Map<String, String> worst = new TreeMap<>();
        changes.forEach((what, change) -> {
            Effect effect = Effect.of(gpt, model.processor(), ids, List.of(change), 10);
            double divergence = expected.get(what).get("kl").doubleValue();
            JsonNode logits = expected.get(what).get("logits");
            double largest = 1;
            double apart = 0;
            for (int i = 0; i < logits.size(); i++) {
                double wanted = logits.get(i).doubleValue();
                largest = Math.max(largest, Math.abs(wanted));
                apart = Math.max(apart, Math.abs(wanted - effect.logitsAfter()[i * 16]));
            }
            worst.put(
                    what,
                    "%.1e %.1e"
                            .formatted(
                                    apart / largest, Math.abs(effect.divergence() - divergence)));
            assertThat(apart / largest).as(what).isLessThan(1e-4);
            assertThat(effect.divergence()).as(what).isCloseTo(divergence, within(1e-4));
            assertThat(effect.logitsAfter()).isNotEqualTo(effect.logitsBefore());
        });
        System.err.println("interventions, " + name + ": " + worst);
    }

    @ParameterizedTest
    @MethodSource("dev.loupe.inside.Oracle#models")
    void changesThatChangeNothingChangeNoBit(String name) {
        LocalModel model = Oracle.model(name);
        Gpt gpt = model.gpt();
        int[] ids = Oracle.ids(name);
        Place stream = Place.of(gpt, "blocks.1.hook_resid_post");
        List<Intervention> nothing =
                List.of(
                        new Scale(Place.head(gpt, 0, 1), 1),
                        new Steer(stream, direction(gpt.config().nEmbd()), 0),
                        new Patch(stream, seen(model, ids, "blocks.1.hook_resid_post")),
                        new Zero(stream.at(ids.length, ids.length + 3)),
                        new Cut(1, 0, ids.length, 2));
        Effect effect = Effect.of(gpt, model.processor(), ids, nothing, 10);
        assertThat(effect.logitsAfter()).isEqualTo(effect.logitsBefore());
        assertThat(effect.divergence()).isZero();
        assertThat(effect.after()).isEqualTo(effect.before());
    }

    @Test
    void aChangeHoldsWhereverThePromptIsCut() {
        LocalModel model = Oracle.model("qwen3");
        Gpt gpt = model.gpt();
        int[] ids = Oracle.ids("qwen3");
        Place late = Place.of(gpt, "blocks.0.hook_mlp_out").at(5);
        List<Intervention> changes = List.of(new Zero(late), new Cut(1, 2, 5, 1));
        float[] whole =
                new Reader(gpt, model.processor(), new Interventions(gpt, changes)).read(ids);
        Reader reader = new Reader(gpt, model.processor(), new Interventions(gpt, changes));
        reader.read(Arrays.copyOf(ids, 4));
        assertThat(reader.read(Arrays.copyOfRange(ids, 4, ids.length))).isEqualTo(whole);
    }

    @Test
    void anEdgeThatIsCutHasNoWeightAndItsNeighboursShareIt() {
        LocalModel model = Oracle.model("gpt2");
        Gpt gpt = model.gpt();
        int[] ids = Oracle.ids("gpt2");
        Taps cut = new Interventions(gpt, List.of(new Cut(0, 3, 5, 2)));
        List<Hook> hooks = Hooks.of(gpt).matching(List.of("blocks.0.attn.hook_pattern"));
        Capture capture = new Capture(gpt, hooks, ids.length, 1 << 30);
        new Reader(gpt, model.processor(), cut.then(capture)).read(ids);
        NamedArray pattern = capture.get(hooks.getFirst());
        NamedArray before = seen(model, ids, "blocks.0.attn.hook_pattern");
        assertThat(pattern.at(3, 5, 2)).isZero();
        assertThat(pattern.at(3, 5, 1))
                .isCloseTo(before.at(3, 5, 1) / (1 - before.at(3, 5, 2)), within(1e-6f));
        assertThat(pattern.at(2, 5, 2)).isEqualTo(before.at(2, 5, 2));
    }

    @Test
    void patchingTheFirstStreamWhereThePromptsDifferBringsAllBack() {
        LocalModel model = Oracle.model("llama-tied");
        int[] clean = Oracle.ids("llama-tied");
        int[] corrupted = clean.clone();
        corrupted[2] = 17;
        Target target = new Target(40, OptionalInt.of(90));
        List<Integer> told = new ArrayList<>();
        PatchingMap map =
                PatchingMap.of(
                        model.gpt(),
                        model.processor(),
                        new Prompts(clean, corrupted, target),
                        Sweep.RESID_PRE,
                        Taps.NONE,
                        told::add);
        assertThat(told).hasSize(3 * clean.length).endsWith(3 * clean.length);
        assertThat(map.restored(0, 2)).isEqualTo(1);
        // nothing comes before the place where they differ, and all has passed it at the end
        assertThat(map.restored(2, 1)).isZero();
        assertThat(map.restored(0, 4)).isZero();
        assertThatThrownBy(() -> new Prompts(clean, new int[] {3}, target))
                .hasMessageContaining("found 7 and 1 tokens");
    }

    @ParameterizedTest
    @MethodSource("dev.loupe.inside.Oracle#models")
    void gradientsForesaySmallPatches(String name) {
        LocalModel model = Oracle.model(name);
        Gpt gpt = model.gpt();
        int[] ids = Oracle.ids(name);
        int[] other = ids.clone();
        other[1] = 40;
        Target target = new Target(7, OptionalInt.of(200));
        PatchingMap guess =
                PatchingMap.byGradient(
                        gpt,
                        model.processor(),
                        new Prompts(other, ids, target),
                        Sweep.MLP_OUT,
                        Taps.NONE);
        // one thousandth of the way, what the gradient says is what happens
        String hook = "blocks.0.hook_mlp_out";
        NamedArray from = seen(model, ids, hook);
        NamedArray to = seen(model, other, hook);
        float step = 1e-2f;
        float[] way = new float[gpt.config().nEmbd()];
        for (int c = 0; c < way.length; c++) {
            way[c] = to.at(1, c) - from.at(1, c);
        }
        List<Intervention> changes = List.of(new Steer(Place.of(gpt, hook).at(1), way, step));
        Effect effect = Effect.of(gpt, model.processor(), ids, changes, 3);
        double moved = (effect.after(target) - effect.before(target)) / step;
        double said = guess.values()[0][1] - guess.corrupted();
        assertThat(guess.corrupted()).isCloseTo(effect.before(target), within(1e-4));
        assertThat(moved).isCloseTo(said, within(0.05 * Math.abs(said) + 0.02));
    }

    @Test
    void placesThatAreNotThereAreExplained() {
        Gpt gpt = Oracle.model("llama-mqa-bias").gpt();
        assertThatThrownBy(() -> Place.head(gpt, 1, 6))
                .hasMessage("head of blocks.1.attn.hook_z: found 6, expected 0 to 5");
        assertThatThrownBy(() -> Place.head(gpt, 9, 0)).hasMessageContaining("found block 9");
        assertThatThrownBy(() -> Place.neurons(gpt, 1, 5, 1000))
                .hasMessageContaining("found 5 to 1000, expected some of 0 to 160");
        assertThatThrownBy(() -> Place.of(gpt, "blocks.0.attn.hook_pattern"))
                .hasMessageContaining("can be looked at, not changed");
        assertThatThrownBy(() -> Place.of(gpt, "hook_embed").head(1))
                .hasMessage("hook hook_embed has no heads");
        assertThatThrownBy(() -> Place.of(gpt, "hook_embed").at(3, 3))
                .hasMessageContaining("positions: found 3 to 3");
        assertThatThrownBy(() -> new Interventions(gpt, List.of(new Cut(3, 0, 2, 1))))
                .hasMessageContaining("found block 3 and head 0, expected at most 2 and 5");
        assertThatThrownBy(() -> new Cut(0, 0, 0, 0)).hasMessageContaining("must stay");
        assertThatThrownBy(() -> new Cut(0, 0, 1, 2)).hasMessageContaining("can see");
        assertThatThrownBy(() -> new Fill(Place.of(gpt, "hook_embed"), new float[3]))
                .hasMessage("hook_embed: found 3 numbers, expected 96");
    }
}
