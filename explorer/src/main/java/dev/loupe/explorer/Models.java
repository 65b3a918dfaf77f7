package dev.loupe.explorer;

import dev.loupe.files.LocalModel;
import dev.loupe.files.ModelFileException;
import dev.loupe.files.store.StoredModel;
import dev.loupe.inside.CapturedRun;
import dev.loupe.inside.Embeddings;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.Ops;
import dev.loupe.model.Site;
import dev.loupe.model.Taps;
import dev.loupe.train.DataException;
import dev.loupe.train.SavedCheckpoint;
import dev.loupe.train.Settings;
import dev.loupe.train.TuneSettings;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
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

    /**
     * A model that may be chosen.
     *
     * @param key what pages call it
     * @param path its file or folder
     * @param checkpoint of the run in that folder, null for the model as it stands there
     */
    record Entry(String key, Path path, @Nullable SavedCheckpoint checkpoint) {
        private LocalModel load(int threads, LocalModel.Watcher watcher) {
            return checkpoint == null
                    ? LocalModel.load(path, threads, watcher)
                    : checkpoint.load(threads, watcher);
        }

        /** The folder of the training that it comes from, if it comes from one. */
        Optional<Path> run() {
            boolean trained = Settings.present(path) || TuneSettings.present(path);
            return trained ? Optional.of(path) : Optional.empty();
        }

        /** How many bytes its file has, if it has one. */
        OptionalLong bytes() {
            Path file = checkpoint == null ? path : checkpoint.file();
            try {
                return Files.isRegularFile(file)
                        ? OptionalLong.of(Files.size(file))
                        : OptionalLong.empty();
            } catch (IOException e) {
                return OptionalLong.empty();
            }
        }
    }

    /**
     * @param given are offered first, in this order
     * @param stored are offered behind them, as they are called in the store
     */
    Models(List<Path> given, List<StoredModel> stored, int threads) {
        this.threads = threads;
        for (Path path : given) {
            Path name = path.toAbsolutePath().normalize().getFileName();
            offer(name == null ? path.toString() : name.toString(), path);
        }
        for (StoredModel model : stored) {
            if (paths.values().stream().noneMatch(path -> same(path, model.path()))) {
                offer(model.name(), model.path());
            }
        }
    }

    private void offer(String name, Path path) {
        String key = name;
        for (int i = 2; paths.containsKey(key); i++) {
            key = name + " (" + i + ")";
        }
        paths.put(key, path);
    }

    private static boolean same(Path a, Path b) {
        try {
            return Files.isSameFile(a, b);
        } catch (IOException e) {
            return false;
        }
    }

    /** All there are now: a run that goes on gets new checkpoints, and drops old ones. */
    List<Entry> entries() {
        List<Entry> all = new ArrayList<>();
        paths.forEach((key, path) -> {
            all.add(new Entry(key, path, null));
            checkpoints(path).forEach(saved -> all.add(new Entry(key(key, saved), path, saved)));
        });
        return all;
    }

    private static List<SavedCheckpoint> checkpoints(Path path) {
        try {
            return SavedCheckpoint.of(path);
        } catch (DataException e) {
            throw new ApiException(422, String.valueOf(e.getMessage()));
        }
    }

    private static String key(String run, SavedCheckpoint checkpoint) {
        return run + ", step " + checkpoint.step();
    }

    boolean loaded(String key) {
        return open.containsKey(key);
    }

    String first() {
        return paths.keySet().iterator().next();
    }

    /** What is known of a model before it is loaded. */
    Entry entry(String key) {
        return entries().stream()
                .filter(entry -> entry.key().equals(key))
                .findFirst()
                .orElseThrow(
                        () -> new ApiException(404, "there is no model called " + key + " here"));
    }

    /** A model, loaded if it is not yet; nobody is told of it. */
    Open get(String key) {
        return get(key, (done, total) -> {});
    }

    /**
     * A model, loaded if it is not yet. The one that was asked for longest ago makes room.
     *
     * @param watcher told how far loading is; what it throws ends that
     */
    Open get(String key, LocalModel.Watcher watcher) {
        Open found = open.get(key);
        if (found != null) {
            return found;
        }
        Entry entry = entry(key);
        while (open.size() >= LOADED) {
            open.pollFirstEntry().getValue().model.close();
        }
        try {
            Open loaded = new Open(entry.load(threads, watcher));
            open.put(key, loaded);
            return loaded;
        } catch (ModelFileException | DataException e) {
            throw new ApiException(422, String.valueOf(e.getMessage()));
        }
    }

    @Override
    public void close() {
        open.values().forEach(one -> one.model.close());
        open.clear();
    }
}
