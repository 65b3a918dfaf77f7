package dev.loupe.app;

import dev.loupe.explorer.Explorer;
import dev.loupe.files.ModelSummary;
import dev.loupe.files.store.ModelStore;
import dev.loupe.files.store.StoreException;
import dev.loupe.files.store.StoredModel;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;

/** {@code loupe explore}: the explorer in the browser. */
@Command(
        name = "explore",
        description = "Opens the explorer: a model's insides, in the browser.",
        footer = {
            "",
            "It listens on this machine alone, needs no network, and runs until it is interrupted."
        })
final class Explore implements Runnable {
    private static final int PORT = 7777;

    /** How many ports are tried where none was named. */
    private static final int PORTS = 20;

    @Parameters(arity = "0..1", paramLabel = "PROMPT", description = "The text to begin with.")
    private @Nullable String prompt;

    @Option(
            names = {"-m", "--model"},
            paramLabel = "MODEL",
            description =
                    "A .gguf file, a folder with config.json, such as that of a run, or the name of"
                            + " a pulled model; may be given several times. Default: the one used"
                            + " last, or else loupe-story, which came with Loupe.")
    private List<String> models = List.of();

    @Option(
            names = "--port",
            paramLabel = "N",
            description = "Where to listen. Default: 7777, or the next one that is free.")
    private @Nullable Integer port;

    @Option(names = "--no-open", description = "Open no browser.")
    private boolean noOpen;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "How many threads compute. Default: one for each processor.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Override
    public void run() {
        ModelOptions.checkThreads(threads);
        if (port != null && (port < 1 || port > 65_535)) {
            throw new WrongUsage("--port: found " + port + ", expected 1 to 65535");
        }
        List<Path> paths = new ArrayList<>();
        for (String model : models) {
            paths.add(ModelChoice.of(model));
        }
        // what is no model is said here, not on the first page
        paths.forEach(ModelSummary::of);
        if (paths.isEmpty()) {
            paths.add(ModelChoice.of(null));
        } else {
            ModelChoice.makeLast(paths.getFirst());
        }
        try (Explorer explorer = start(paths)) {
            String address = explorer.address().toString();
            String begin = prompt != null ? prompt : beginning(paths.getFirst());
            if (begin != null) {
                address += "#prompt=" + URLEncoder.encode(begin, StandardCharsets.UTF_8);
            }
            System.out.println(address);
            System.out.flush();
            if (!noOpen && Terminal.stderrIsWatched()) {
                open(address);
                System.err.println("open this address in a browser; Ctrl-C ends it");
            }
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A text for a model that has read one kind of text; the pages have one for all others. */
    private static @Nullable String beginning(Path model) {
        return OwnModel.path().filter(model::equals).map(own -> OwnModel.BEGINNING).orElse(null);
    }

    private Explorer start(List<Path> paths) {
        int first = port == null ? PORT : port;
        int last = port == null ? PORT + PORTS - 1 : port;
        for (int at = first; ; at++) {
            try {
                return Explorer.start(paths, stored(), threads, at);
            } catch (IOException e) {
                if (at == last) {
                    throw new UserException(
                            port == null
                                    ? "the ports %d to %d are all taken; name another with --port"
                                            .formatted(first, last)
                                    : "port " + port + " is taken; name another with --port",
                            e);
                }
            }
        }
    }

    /**
     * The models of the local store, which a page may choose too, and the one that came with Loupe;
     * a store that is broken has none.
     */
    private static List<StoredModel> stored() {
        List<StoredModel> pulled = List.of();
        try {
            pulled = ModelStore.ofEnvironment().list();
        } catch (StoreException e) {
            System.err.println("loupe: the local store is left out: " + e.getMessage());
        }
        return OwnModel.after(pulled);
    }

    private static void open(String address) {
        String os = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        List<String> command =
                os.contains("win")
                        ? List.of("rundll32", "url.dll,FileProtocolHandler", address)
                        : List.of(os.contains("mac") ? "open" : "xdg-open", address);
        try {
            new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            // the address is on the terminal: a person can open it
            return;
        }
    }
}
