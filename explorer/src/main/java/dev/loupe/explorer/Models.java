package dev.loupe.explorer;

import dev.loupe.files.LocalModel;
import dev.loupe.files.ModelFileException;
import dev.loupe.inside.CapturedRun;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.Ops;
import dev.loupe.model.Site;
import dev.loupe.model.Taps;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The models that pages may look into. They are loaded when somebody does, few at a time. */
final class Models implements AutoCloseable {
    /** How many are in memory together. */
    private static final int LOADED = 2;

    /** What captured arrays of one run may take. */
    static final long RUN_BYTES = 256L << 20;

    private final Map<String, Path> paths = new LinkedHashMap<>();
    private final int threads;
    private final LinkedHashMap<String, Open> open = new LinkedHashMap<>(8, 0.75f, true);

    /** A model that is loaded, and the run that was looked into last. */
    static final class Open {
        private final LocalModel model;
        private int[] ids = {};
        private Engine.Wanted wanted = new Engine.Wanted();
        private CapturedRun run;

        Open(LocalModel model) {
            this.model = model;
            run = fresh(ids);
        }

        LocalModel model() {
            return model;
        }

        /**
         * The run of a prompt, with what was captured of it before.
         *
         * @param by whoever waits for it
         */
        CapturedRun run(int[] prompt, Engine.Wanted by) {
            wanted = by;
            if (!Arrays.equals(ids, prompt)) {
                ids = prompt.clone();
                run = fresh(ids);
            }
            return run;
        }

        private CapturedRun fresh(int[] of) {
            return new CapturedRun(model.gpt(), model.processor(), of, stopping(), RUN_BYTES);
        }

        /** Ends a run that nobody waits for any more, between two blocks. */
        private Taps stopping() {
            return new Taps() {
                @Override
                public boolean wants(Site site, int layer) {
                    return site == Site.RESID_PRE;
                }

                @Override
                public Tensor at(Site site, int layer, Tensor x, Ops ops) {
                    wanted.check();
                    return x;
                }
            };
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
