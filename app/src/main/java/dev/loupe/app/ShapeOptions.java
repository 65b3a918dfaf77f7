package dev.loupe.app;

import dev.loupe.train.Architecture;
import dev.loupe.train.Preset;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import java.util.Objects;
import java.util.stream.Stream;

/** The shape of a model; what is not said is the preset's. */
final class ShapeOptions {
    @Option(names = "--style", paramLabel = "STYLE", description = "gpt2 or llama.")
    private Architecture.@Nullable Style style;

    @Option(names = "--layers", paramLabel = "N", description = "Blocks.")
    private @Nullable Integer layers;

    @Option(names = "--heads", paramLabel = "N", description = "Heads of queries.")
    private @Nullable Integer heads;

    @Option(names = "--kv-heads", paramLabel = "N", description = "Heads of keys and values.")
    private @Nullable Integer kvHeads;

    @Option(names = "--width", paramLabel = "N", description = "Numbers in the residual stream.")
    private @Nullable Integer width;

    @Option(names = "--inner", paramLabel = "N", description = "Neurons of each MLP.")
    private @Nullable Integer inner;

    @Option(names = "--context", paramLabel = "N", description = "Tokens that the model sees.")
    private @Nullable Integer context;

    /** Whether anything was said. */
    boolean given() {
        return Stream.of(style, layers, heads, kvHeads, width, inner, context)
                .anyMatch(Objects::nonNull);
    }

    Architecture architecture(Preset base) {
        Architecture shape = base.architecture();
        Architecture.Style family = or(style, shape.style());
        int wide = or(width, shape.width());
        int queries = or(heads, shape.heads());
        boolean sameHeads = queries == shape.heads() && family == shape.style();
        return new Architecture(
                family,
                or(layers, shape.layers()),
                queries,
                or(kvHeads, sameHeads ? shape.kvHeads() : queries),
                wide,
                or(inner, Architecture.inner(family, wide)),
                or(context, shape.context()));
    }

    private static <T> T or(@Nullable T given, T otherwise) {
        return given == null ? otherwise : given;
    }
}
