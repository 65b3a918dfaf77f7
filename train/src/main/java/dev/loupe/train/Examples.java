package dev.loupe.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Examples as batches: each once in an epoch, in new orders. Short ones are packed side by side, as
 * parts of a batch that do not see each other, so that nothing is computed for padding.
 */
public final class Examples implements Material {
    private final List<Example> examples;
    private final List<Example> held;
    private final Recipe recipe;
    private final int together;

    /**
     * @param held what is not trained on
     * @param together how many tokens go through the model at once; a longer example goes alone
     */
    Examples(List<Example> examples, List<Example> held, Recipe recipe, int together) {
        this.examples = List.copyOf(examples);
        this.held = List.copyOf(held);
        this.recipe = recipe;
        this.together = together;
    }

    @Override
    public List<Lesson> step(long place) {
        List<Example> chosen = new ArrayList<>();
        for (int i = 0; i < perStep(); i++) {
            long which = Windows.inOrder(place + i, examples.size(), recipe.seed());
            chosen.add(examples.get((int) which));
        }
        return packed(chosen);
    }

    private int perStep() {
        return recipe.batch() * recipe.accumulation();
    }

    private List<Lesson> packed(List<Example> chosen) {
        List<Lesson> lessons = new ArrayList<>();
        List<Example> open = new ArrayList<>();
        int rows = 0;
        for (Example example : chosen) {
            if (!open.isEmpty() && rows + example.rows() > together) {
                lessons.add(Example.lesson(open));
                open.clear();
                rows = 0;
            }
            open.add(example);
            rows += example.rows();
        }
        if (!open.isEmpty()) {
            lessons.add(Example.lesson(open));
        }
        return lessons;
    }

    @Override
    public int mostRows() {
        List<Integer> longest =
                examples.stream().map(Example::rows).sorted((a, b) -> b - a).toList();
        long all = longest.stream().limit(perStep()).mapToLong(rows -> rows).sum();
        // an epoch may end within a step, so the longest may come twice
        long most = perStep() > examples.size() ? together : all;
        return (int) Math.max(longest.getFirst(), Math.min(together, most));
    }

    /** How many tokens a step trains on, as a mean. */
    long tokensOfStep() {
        double mean = examples.stream().mapToInt(Example::rows).average().orElse(0);
        return Math.round(mean * perStep());
    }

    /** For people: how much there is, and how often it is gone through. */
    String data() {
        long steps = recipe.schedule().steps();
        return String.format(
                Locale.ROOT,
                "data: %,d examples to train on, %,d held back; %,d steps of %,d are %.1f times"
                        + " through them",
                examples.size(),
                held.size(),
                steps,
                perStep(),
                (double) steps * perStep() / examples.size());
    }

    boolean validates() {
        return !held.isEmpty();
    }

    /** What is held back, the first ones of it. */
    List<Lesson> held(int most) {
        return packed(held.subList(0, Math.min(most, held.size())));
    }

    /** What samples answer: something that is not trained on, if there is such. */
    int[] samplePrompt() {
        return (held.isEmpty() ? examples : held).getFirst().prompt();
    }
}
