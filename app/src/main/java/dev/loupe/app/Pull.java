package dev.loupe.app;

import dev.loupe.files.store.Bytes;
import dev.loupe.files.store.ModelStore;
import dev.loupe.files.store.Settings;
import dev.loupe.files.store.StoredModel;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code loupe pull}: fetches a model into the store. */
@Command(
        name = "pull",
        description = "Fetches a model into the local store, or goes on with an interrupted pull.",
        footer = {
            "",
            "NAME is a short name (smollm2, gpt2, pythia-70m, qwen3-0.6b, ...), OWNER/REPO of the"
                + " Hugging Face hub, OWNER/REPO:Q4_K_M or OWNER/REPO:file.gguf to choose one of"
                + " its files, or the address of a .gguf file.",
            "It becomes the model used last, which commands take that are given none.",
            "Environment: HF_ENDPOINT, HF_TOKEN, LOUPE_HOME."
        })
final class Pull implements Runnable {
    @Parameters(paramLabel = "NAME", description = "What to fetch.")
    private String name = "";

    @Option(names = "--offline", description = "Refuse to use the network.")
    private boolean offline;

    @Override
    public void run() {
        Settings settings = Settings.of(System.getenv());
        ModelStore store = new ModelStore(offline ? settings.withoutNetwork() : settings);
        StoredModel model;
        try (ProgressBar bar = ProgressBar.onStderr()) {
            model = store.pull(name, bar);
        }
        ModelChoice.makeLast(model.path());
        System.out.println(model.name() + "  " + model.format() + "  " + Bytes.text(model.bytes()));
    }
}
