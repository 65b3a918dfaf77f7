package dev.loupe.app;

import dev.loupe.files.LocalModel;
import dev.loupe.kernels.KvType;
import dev.loupe.tokens.Tokenizer;

import picocli.CommandLine.Option;

import java.nio.file.Path;

/** Which model, and how it runs; part of every command that runs one. */
final class ModelOptions extends ModelChoice {
    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Threads that compute. Default: the processors of this machine.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--kv-type",
            paramLabel = "TYPE",
            description =
                    "Keep the keys and values of attention as f32, or as f16 in half the memory."
                            + " Default: f32.")
    private KvType kvType = KvType.F32;

    KvType kvType() {
        return kvType;
    }

    int threads() {
        return threads;
    }

    static void checkThreads(int threads) {
        if (threads < 1 || threads > 1024) {
            throw new WrongUsage("--threads: found " + threads + ", expected 1 to 1024");
        }
    }

    /** Loads the model; the caller closes it. */
    LocalModel load() {
        checkThreads(threads);
        Path path = path();
        LocalModel loaded = LocalModel.load(path, threads);
        if (loaded.processor().kernels().name().equals("scalar")) {
            System.err.println(
                    "loupe: WARNING: no vector module, so this is many times slower than it could"
                            + " be; start with ./loupe, or add --add-modules jdk.incubator.vector");
        }
        remember(path);
        return loaded;
    }

    /** The tokenizer, where text needs one. */
    static Tokenizer tokenizer(LocalModel model) {
        return model.tokenizer()
                .orElseThrow(() ->
                        new UserException(
                                model.path()
                                        + " has no tokenizer (tokenizer.json), so it takes and"
                                        + " gives ids alone: --ids 1,2,3 --json"));
    }
}
