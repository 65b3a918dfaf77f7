package dev.loupe.inside;

import dev.loupe.inside.Attribution.Kind;
import dev.loupe.inside.Attribution.Part;
import dev.loupe.inside.Attribution.Target;
import dev.loupe.inside.LogitLens.Reading;
import dev.loupe.kernels.Processor;
import dev.loupe.model.Gpt;
import dev.loupe.model.Taps;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What happened inside between a prompt and its next token, from one run.
 *
 * @param ids the prompt
 * @param firstOfLens the position of the lens's first column; its last one is the prompt's last
 * @param lens what the residual stream says, stage by stage
 * @param output what the model says behind the last token
 * @param attribution who wrote the logit of the target
 * @param heads those with the largest shares in it, the largest first
 */
public record Explanation(
        int[] ids,
        int firstOfLens,
        LogitLens lens,
        Reading output,
        Attribution attribution,
        List<Head> heads) {
    /**
     * What is to be explained.
     *
     * @param ids the prompt
     * @param target whose logit is shared out; null: that of the most likely token
     * @param top how many tokens, heads and places each list has
     * @param positions how many positions the lens looks at, the last ones; at least 1
     * @param mostBytes how much memory may be taken for what passes through
     */
    public record Question(
            int[] ids, @Nullable Target target, int top, int positions, long mostBytes) {
        public Question {
            if (ids.length == 0 || top < 1 || positions < 1) {
                throw new IllegalArgumentException(
                        "explanation: found %d tokens, lists of %d and %d positions, expected at least 1 of each"
                                .formatted(ids.length, top, positions));
            }
        }
    }

    /**
     * What a head did at the last position.
     *
     * @param part its share in the logit
     * @param looks the tokens that it looked at, by how much it took from them
     */
    public record Head(Part part, List<Look> looks) {}

    /**
     * A token that a head looked at.
     *
     * @param position of the token
     * @param weight of the head's pattern, 0 to 1
     * @param moved the weight times the length of the vector that it brought
     */
    public record Look(int position, double weight, double moved) {}

    /**
     * Runs the model.
     *
     * @param changes what is changed on the way; {@link Taps#NONE} for nothing
     * @throws HookException if it takes more memory than is allowed
     * @throws IllegalArgumentException if there is no such token
     */
    public static Explanation of(Gpt gpt, Processor processor, Question question, Taps changes) {
        int[] ids = question.ids;
        int last = ids.length - 1;
        int from = Math.max(0, ids.length - question.positions);
        List<Hook> patternHooks = Hooks.of(gpt).matching(List.of("*.hook_pattern"));
        List<Hook> valueHooks = Hooks.of(gpt).matching(List.of("*.attn.hook_v"));
        long room = question.mostBytes;
        Capture values = new Capture(gpt, valueHooks, 0, ids.length, room);
        room -= Capture.bytes(gpt.config(), valueHooks, 0, ids.length);
        Capture patterns = new Capture(gpt, patternHooks, last, last + 1, room);
        room -= Capture.bytes(gpt.config(), patternHooks, last, last + 1);
        Capture written = new Capture(gpt, Attribution.hooks(gpt), last, last + 1, room);
        var streams = new LogitLens.Streams(gpt, from, ids.length, room);

        Taps watching = changes.then(streams.capture()).then(written).then(patterns).then(values);
        Reader reader = new Reader(gpt, processor, watching);
        // the last token alone, so that only its scores are made for those who look at patterns
        if (last > 0) {
            reader.fill(Arrays.copyOf(ids, last));
        }
        float[] logits = reader.read(ids[last]);

        Reading output = LogitLens.reading(logits, question.top);
        Target target = question.target == null ? Target.of(output.best().id()) : question.target;
        Attribution attribution = Attribution.of(gpt, written, logits, last, target);
        List<Head> heads = new ArrayList<>();
        for (Part part : attribution.largestHeads(question.top)) {
            int layer = part.layer();
            NamedArray pattern = patterns.get(patternHooks.get(layer));
            NamedArray moved =
                    AttentionWeights.normWeighted(
                            gpt.blocks().get(layer), pattern, values.get(valueHooks.get(layer)));
            heads.add(new Head(part, looks(pattern, moved, part.head(), question.top)));
        }
        LogitLens lens = LogitLens.of(gpt, processor, streams, question.top);
        return new Explanation(ids, from, lens, output, attribution, List.copyOf(heads));
    }

    private static List<Look> looks(NamedArray pattern, NamedArray moved, int head, int top) {
        return IntStream.range(0, pattern.shape()[2])
                .mapToObj(key -> new Look(key, pattern.at(head, 0, key), moved.at(head, 0, key)))
                .filter(look -> look.weight > 0)
                .sorted(Comparator.comparingDouble(look -> -look.moved))
                .limit(top)
                .toList();
    }

    /** The sums of all shares of a kind, for the kinds that the model has. */
    public double share(Kind kind) {
        return attribution.parts().stream()
                .filter(part -> part.kind() == kind)
                .mapToDouble(Part::value)
                .sum();
    }
}
