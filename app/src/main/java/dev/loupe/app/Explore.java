package dev.loupe.app;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.loupe.explorer.Explorer;
import dev.loupe.files.store.ModelStore;
import dev.loupe.files.store.StoredModel;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** {@code loupe explore}: pages that show what happens inside of a model. */
@Command(name = "explore", description = "Shows what happens inside of a model, in the browser.")
final class Explore implements Runnable {
    private static final int FIRST_PORT = 7777;
    private static final int TRIES = 20;

    @Parameters(arity = "0..1", paramLabel = "PROMPT", description = "What the page begins with.")
    private @Nullable String prompt;

    @Option(
            names = {"-m", "--model"},
            paramLabel = "MODEL",
            description =
                    "A .gguf file, a folder with config.json, or the name of a pulled model."
                            + " Repeatable. Default: the one used last.")
    private List<String> models = List.of();

    @Option(
            names = "--port",
            paramLabel = "N",
            description = "Where to listen. Default: 7777, or the next that is free.")
    private @Nullable Integer port;

    @Option(names = "--no-open", description = "Do not open the browser.")
    private boolean noOpen;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Threads that compute. Default: the processors of this machine.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Override
    public void run() {
        ModelOptions.checkThreads(threads);
        if (port != null && (port < 1 || port > 65_535)) {
            throw new WrongUsage("--port: found " + port + ", expected 1 to 65535");
        }
        try (Explorer explorer = start(paths())) {
            String address = "http://127.0.0.1:" + explorer.port() + "/";
            if (prompt != null) {
                address += "?prompt=" + URLEncoder.encode(prompt, UTF_8).replace("+", "%20");
            }
            System.out.println(address);
            System.out.flush();
            if (!noOpen && Boolean.getBoolean("loupe.stderr.terminal")) {
                open(address);
            }
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Map<String, Path> paths() {
        Map<String, Path> paths = new LinkedHashMap<>();
        if (models.isEmpty()) {
            Path path = ModelChoice.of(null);
            paths.put(String.valueOf(path.getFileName()), path);
        }
        for (String model : models) {
            paths.put(model, ModelChoice.of(model));
        }
        for (StoredModel stored : ModelStore.ofEnvironment().list()) {
            if (!paths.containsValue(stored.path())) {
                paths.putIfAbsent(stored.name(), stored.path());
            }
        }
        return paths;
    }

    private Explorer start(Map<String, Path> paths) {
        int first = port == null ? FIRST_PORT : port;
        for (int at = first; ; at++) {
            try {
                return Explorer.start(paths, threads, at);
            } catch (IOException e) {
                if (port != null || at == first + TRIES) {
                    throw new UserException(
                            "port " + at + " cannot be had; choose another with --port N", e);
                }
            }
        }
    }

    private static void open(String address) {
        boolean mac = System.getProperty("os.name", "").startsWith("Mac");
        try {
            new ProcessBuilder(mac ? "open" : "xdg-open", address)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            // the address stands above for whoever has no such program
            return;
        }
    }
}
