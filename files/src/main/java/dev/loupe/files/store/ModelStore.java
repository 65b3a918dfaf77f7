package dev.loupe.files.store;

import dev.loupe.files.AdapterFolder;

import org.jspecify.annotations.Nullable;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The models on this machine: fetching, finding, listing and removing them. */
public final class ModelStore {
    private final Settings settings;
    private final Shelves shelves;

    public ModelStore(Settings settings) {
        this.settings = settings;
        this.shelves = new Shelves(settings.root());
    }

    /** The store that the environment variables ask for. */
    public static ModelStore ofEnvironment() {
        return new ModelStore(Settings.of(System.getenv()));
    }

    /**
     * Fetches a model, or what is missing of it.
     *
     * @param wanted a short name, {@code owner/repo[:file-or-quantisation]} or an address
     * @throws StoreException if it cannot be had
     */
    public StoredModel pull(String wanted, Progress progress) {
        Source source = Source.parse(wanted, settings.endpoint());
        if (settings.offline()) {
            throw new StoreException("pull fetches from the network, and --offline forbids it");
        }
        try (Http http = new Http(settings)) {
            return switch (source) {
                case Source.Hub hub -> pull(hub, http, progress);
                case Source.Address address -> pull(address, http, progress);
            };
        } catch (IOException e) {
            throw new StoreException(source + ": " + StoreException.reason(e), e);
        }
    }

    /** All models, by name. */
    public List<StoredModel> list() {
        return shelves.folders().stream()
                .map(shelves::model)
                .flatMap(Optional::stream)
                .sorted(Comparator.comparing(StoredModel::name))
                .toList();
    }

    /**
     * The model that {@code -m} means: a path that is one, or the name of a pulled one.
     *
     * @return a GGUF file, a folder with config.json, or one of an adapter; empty if there is none
     */
    public Optional<Path> resolve(String nameOrPath) {
        try {
            Path path = Path.of(nameOrPath);
            if (Files.exists(path)
                    && (!Files.isDirectory(path)
                            || Files.exists(path.resolve("config.json"))
                            || AdapterFolder.present(path))) {
                return Optional.of(path);
            }
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
        return find(nameOrPath).map(StoredModel::path);
    }

    /**
     * The same, where there must be one.
     *
     * @throws StoreException if there is none; it says what a pull would fetch
     */
    public Path require(String nameOrPath) {
        return resolve(nameOrPath).orElseThrow(() -> missing(nameOrPath));
    }

    /**
     * Removes a model, or what an interrupted pull left of it.
     *
     * @return bytes freed
     * @throws StoreException if there is no such model; it names those that are close
     */
    public long remove(String name) {
        Optional<Path> folder = among(shelves.folders(), name);
        if (folder.isEmpty()) {
            List<String> names = list().stream().map(StoredModel::name).toList();
            List<String> close = CloseNames.to(name, names);
            throw new StoreException(
                    "no model '"
                            + name
                            + "' here; "
                            + (names.isEmpty()
                                    ? "there are none"
                                    : close.isEmpty()
                                            ? "there are " + String.join(", ", names)
                                            : "close to it: " + String.join(", ", close)));
        }
        try {
            return shelves.delete(folder.get());
        } catch (IOException e) {
            throw new StoreException("cannot remove " + name + ": " + StoreException.reason(e), e);
        }
    }

    private StoredModel pull(Source.Hub source, Http http, Progress progress) throws IOException {
        HubListing hub = new HubListing(http, settings.endpoint());
        Choice choice =
                Choice.of(
                        source,
                        Attempts.of(settings.attempts(), Http.Busy.class, () -> hub.of(source)));
        Path folder = shelves.folder(source.owner(), source.repo(), choice.variant());
        for (HubFile file : choice.files()) {
            Path target = folder.resolve(FileNames.check(file.name(), source.toString()));
            URI uri =
                    URI.create(
                            settings.endpoint()
                                    + "/"
                                    + Download.encoded(source.owner() + "/" + source.repo())
                                    + "/resolve/main/"
                                    + Download.encoded(file.path()));
            new Download(http, settings, uri, target, file.size(), file.checksum(), progress).run();
        }
        return finish(folder, source, choice.files().stream().map(HubFile::name).toList());
    }

    private StoredModel pull(Source.Address source, Http http, Progress progress)
            throws IOException {
        String file = source.file();
        String stem = file.substring(0, file.length() - ".gguf".length());
        Path folder = shelves.folder(source.owner(), stem, stem);
        Path target = folder.resolve(file);
        new Download(http, settings, source.uri(), target, -1, null, progress).run();
        if (!isGguf(target)) {
            Files.delete(target);
            throw new StoreException(
                    source + ": what came does not begin with GGUF; is it a page to sign in?");
        }
        return finish(folder, source, List.of(file));
    }

    private static boolean isGguf(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return Arrays.equals(in.readNBytes(4), new byte[] {'G', 'G', 'U', 'F'});
        }
    }

    private StoredModel finish(Path folder, Source source, List<String> files) throws IOException {
        String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        new Manifest(source.toString(), files, now).write(folder);
        return shelves.model(folder)
                .orElseThrow(
                        () -> new StoreException(folder + ": was changed while it was pulled"));
    }

    private Optional<StoredModel> find(String name) {
        List<Path> whole =
                shelves.folders().stream().filter(at -> shelves.model(at).isPresent()).toList();
        return among(whole, name).flatMap(shelves::model);
    }

    /**
     * The folder that a name means: the one of that file or quantisation, or the only one of a
     * repository that was named without.
     */
    private Optional<Path> among(List<Path> folders, String name) {
        Source source = sourceOf(name);
        if (source == null) {
            return Optional.empty();
        }
        Optional<Path> exact =
                folders.stream().filter(folder -> Shelves.isOf(folder, source)).findFirst();
        if (exact.isPresent() || !(source instanceof Source.Hub hub) || !hub.which().isEmpty()) {
            return exact;
        }
        List<Path> such =
                folders.stream().filter(folder -> Shelves.isInRepository(folder, hub)).toList();
        return such.size() == 1 ? Optional.of(such.getFirst()) : Optional.empty();
    }

    private @Nullable Source sourceOf(String name) {
        try {
            return Source.parse(name, settings.endpoint());
        } catch (StoreException e) {
            return null;
        }
    }

    private StoreException missing(String name) {
        if (new File(name).isDirectory()) {
            return new StoreException(
                    name
                            + " is a folder without a config.json; a model is a .gguf file, or a"
                            + " folder with config.json and safetensors");
        }
        Optional<KnownModel> known = KnownModel.named(name);
        if (known.isPresent()) {
            return new StoreException(
                    "no model '"
                            + name
                            + "' here; `loupe pull "
                            + known.get().name()
                            + "` fetches "
                            + known.get().source()
                            + " ("
                            + Bytes.text(known.get().megabytes() * 1_000_000L)
                            + ")");
        }
        if (sourceOf(name) != null && !name.matches("[./~].*|.*\\.gguf")) {
            return new StoreException(
                    "no model '" + name + "' here; `loupe pull " + name + "` fetches it");
        }
        List<String> names = new ArrayList<>(list().stream().map(StoredModel::name).toList());
        List<String> close = CloseNames.to(name, names);
        return new StoreException(
                "no model and no file '"
                        + name
                        + "'; "
                        + (close.isEmpty()
                                ? CloseNames.hint(name)
                                : "close to it: " + String.join(", ", close)));
    }
}
