package dev.loupe.explorer;

import dev.loupe.files.LocalModel;
import dev.loupe.files.ModelFileException;
import dev.loupe.inside.CapturedRun;
import dev.loupe.inside.Embeddings;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.Ops;
import dev.loupe.model.Site;
import dev.loupe.model.Taps;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** The models that pages may look into. They are loaded when somebody does, few at a time. */
final class Models implements AutoCloseable {
    /** How many are in memory together. */
    private static final int LOADED = 2;

    /** What captured arrays of one run may take. */
    static final long RUN_BYTES = 256L << 20;

    private final Map<String, Path> paths = new LinkedHashMap<>();
    private final int threads;
    private final LinkedHashMap<String, Open> open = new LinkedHashMap<>(8, 0.75f, true);

    /** How many runs of a model are kept: as it is, and as it is changed. */
    private static final int RUNS = 2;

    /** A model that is loaded, and the runs that were looked into last. */
    static final class Open {
        private final LocalModel model;
        private final LinkedHashMap<String, CapturedRun> runs = new LinkedHashMap<>(4, 0.75f, true);
        private @Nullable Asker asker;
        private @Nullable Embeddings embedding;
        private @Nullable Embeddings unembedding;

        Open(LocalModel model) {
            this.model = model;
        }

        LocalModel model() {
            return model;
        }

        /** The vectors of its tokens; their lengths are measured the first time. */
        Embeddings embedding() {
            if (embedding == null) {
                embedding = Embeddings.of(model.gpt(), model.processor());
            }
            return embedding;
        }

        /** Those of the unembedding: in a tied model the same. */
        Embeddings unembedding() {
            if (model.gpt().config().embedding().tied()) {
                return embedding();
            }
            if (unembedding == null) {
                unembedding = Embeddings.ofUnembedding(model.gpt(), model.processor());
            }
            return unembedding;
        }

        /**
         * The run of a prompt, with what was captured of it before.
         *
         * @param changes what is changed in it, in words that are the same for the same changes
         * @param by whoever waits for it
         * @param made makes what changes it
         */
        CapturedRun run(int[] prompt, String changes, Asker by, Supplier<Taps> made) {
            asker = by;
            String key = Arrays.toString(prompt) + changes;
            CapturedRun found = runs.get(key);
            if (found == null) {
                Taps taps = made.get().then(new Stopping());
                found = new CapturedRun(model.gpt(), model.processor(), prompt, taps, RUN_BYTES);
                while (runs.size() >= RUNS) {
                    runs.pollFirstEntry();
                }
                runs.put(key, found);
            }
            return found;
        }

        /** Ends a run that nobody waits for any more: whoever asks now, not who asked first. */
        private final class Stopping implements Taps {
            @Override
            public boolean wants(Site site, int layer) {
                return asker != null && asker.wants(site, layer);
            }

            @Override
            public Tensor at(Site site, int layer, Tensor x, Ops ops) {
                return x;
            }
        }
    }

    Models(List<Path> given, int threads) {
        this.threads = threads;
        for (Path path : given) {
            Path name = path.getFileName();
            String key = name == null ? path.toString() : name.toString();
            for (int i = 2; paths.containsKey(key); i++) {
                key = name + " (" + i + ")";
            }
            paths.put(key, path);
        }
    }

    /** Where each is, by its key. */
    Map<String, Path> paths() {
        return paths;
    }

    boolean loaded(String key) {
        return open.containsKey(key);
    }

    String first() {
        return paths.keySet().iterator().next();
    }

    /** A model, loaded if it is not yet. */
    Open get(String key) {
        Path path = paths.get(key);
        if (path == null) {
            throw new ApiException(404, "there is no model called " + key + " here");
        }
        Open found = open.get(key);
        if (found != null) {
            return found;
        }
        while (open.size() >= LOADED) {
            open.pollFirstEntry().getValue().model.close();
        }
        try {
            Open loaded = new Open(LocalModel.load(path, threads));
            open.put(key, loaded);
            return loaded;
        } catch (ModelFileException e) {
            throw new ApiException(422, String.valueOf(e.getMessage()));
        }
    }

    @Override
    public void close() {
        open.values().forEach(one -> one.model.close());
        open.clear();
    }
}
