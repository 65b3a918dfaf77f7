package dev.loupe.inside;

import dev.loupe.model.Gpt;
import dev.loupe.model.GptConfig;
import dev.loupe.model.Site;

/**
 * Some of the numbers that pass a hook: of all positions or a range, all columns or a range. Made
 * by {@link #of} and narrowed by the other methods.
 */
public final class Place {
    private final GptConfig config;
    private final Hook hook;
    private final int width;
    private final int column;
    private final int columns;
    private final int from;
    private final int to;

    private Place(
            GptConfig config, Hook hook, int width, int column, int columns, int from, int to) {
        this.config = config;
        this.hook = hook;
        this.width = width;
        this.column = column;
        this.columns = columns;
        this.from = from;
        this.to = to;
    }

    /**
     * All that passes a hook of the residual stream, of queries, keys, values, mixed values, or
     * neurons.
     *
     * @throws HookException if there is no such hook, or its numbers are computed from others and
     *     so cannot be changed
     */
    public static Place of(Gpt gpt, String name) {
        Hook hook = Hooks.of(gpt).named(name);
        GptConfig config = gpt.config();
        int width =
                switch (hook.kind().layout()) {
                    case STREAM -> config.nEmbd();
                    case HEADS -> config.attention().queries();
                    case KEY_HEADS -> config.attention().keys();
                    case NEURONS -> config.mlp().nInner();
                    case SCALE, RESULTS, ATTENTION ->
                            throw new HookException(
                                    "hook "
                                            + name
                                            + " can be looked at, not changed; change hook_resid_*,"
                                            + " attn.hook_z or mlp.hook_post, or cut an edge of"
                                            + " attention");
                };
        return new Place(config, hook, width, 0, width, 0, Integer.MAX_VALUE);
    }

    /**
     * One head: what it mixed, before attention's output.
     *
     * @throws HookException if there is no such block or head
     */
    public static Place head(Gpt gpt, int layer, int head) {
        return of(gpt, "blocks." + layer + ".attn.hook_z").head(head);
    }

    /**
     * Neurons of a block: {@code [from, to)}.
     *
     * @throws HookException if there is no such block or neuron
     */
    public static Place neurons(Gpt gpt, int layer, int from, int to) {
        return of(gpt, "blocks." + layer + ".mlp.hook_post").columns(from, to);
    }

    /**
     * One head of a hook that has heads.
     *
     * @throws HookException if it has none, or not so many
     */
    public Place head(int head) {
        int headDim = config.attention().headDim();
        boolean heads =
                hook.kind().layout() == HookKind.Layout.HEADS
                        || hook.kind().layout() == HookKind.Layout.KEY_HEADS;
        if (!heads) {
            throw new HookException("hook " + hook + " has no heads");
        }
        if (head < 0 || head >= width / headDim) {
            throw new HookException(
                    "head of %s: found %d, expected 0 to %d"
                            .formatted(hook, head, width / headDim - 1));
        }
        return new Place(config, hook, width, head * headDim, headDim, from, to);
    }

    /**
     * Some columns, {@code [first, end)}.
     *
     * @throws HookException if they are none, or more than there are
     */
    public Place columns(int first, int end) {
        if (first < 0 || end > width || first >= end) {
            throw new HookException(
                    "columns of %s: found %d to %d, expected some of 0 to %d"
                            .formatted(hook, first, end, width));
        }
        return new Place(config, hook, width, first, end - first, from, to);
    }

    /** One position. */
    public Place at(int position) {
        return at(position, position + 1);
    }

    /**
     * Some positions, {@code [first, end)}.
     *
     * @throws IllegalArgumentException if they are none
     */
    public Place at(int first, int end) {
        if (first < 0 || first >= end) {
            throw new IllegalArgumentException(
                    "positions: found %d to %d, expected some from 0 on".formatted(first, end));
        }
        return new Place(config, hook, width, column, columns, first, end);
    }

    /** The hook. */
    public Hook hook() {
        return hook;
    }

    /** Whether its numbers are those of the residual stream, or of what reads or writes it. */
    public boolean inStream() {
        return hook.kind().layout() == HookKind.Layout.STREAM;
    }

    Site site() {
        return hook.site(config);
    }

    /** Numbers of a token at the hook. */
    public int width() {
        return width;
    }

    int column() {
        return column;
    }

    int columns() {
        return columns;
    }

    boolean has(int position) {
        return position >= from && position < to;
    }

    int from() {
        return from;
    }

    @Override
    public String toString() {
        return hook + (columns < width ? "[" + column + ":" + (column + columns) + "]" : "");
    }
}
