package dev.loupe.files.store;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.URI;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The models on this machine. A model lies in {@code OWNER/REPO/VARIANT/} below the root, with a
 * {@code pulled.json} that is written last; the variant is a GGUF file's name without its ending,
 * or {@code safetensors}. Whatever is not such a folder, or leads out of the root by a symbolic
 * link, is not seen.
 */
public final class ModelStore {
    private final Settings settings;

    public ModelStore(Settings settings) {
        this.settings = settings;
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
            throw new StoreException(source + ": " + e.getMessage(), e);
        }
    }

    /** All models, by name. */
    public List<StoredModel> list() {
        return folders().stream()
                .map(this::model)
                .flatMap(Optional::stream)
                .sorted(Comparator.comparing(StoredModel::name))
                .toList();
    }

    /**
     * The model that {@code -m} means: a path that is one, or the name of a pulled one.
     *
     * @return a GGUF file or a folder with config.json; empty if there is neither
     */
    public Optional<Path> resolve(String nameOrPath) {
        try {
            Path path = Path.of(nameOrPath);
            if (Files.exists(path)
                    && (!Files.isDirectory(path) || Files.exists(path.resolve("config.json")))) {
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
        Optional<Path> folder =
                find(name).map(this::folderOf).or(() -> unfinished(name).map(Path::normalize));
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
            return delete(folder.get());
        } catch (IOException e) {
            throw new StoreException("cannot remove " + name + ": " + e.getMessage(), e);
        }
    }

    private StoredModel pull(Source.Hub source, Http http, Progress progress) throws IOException {
        Choice choice = Choice.of(source, new HubListing(http, settings.endpoint()).of(source));
        Path folder = folder(source.owner(), source.repo(), choice.variant());
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
        Path folder = folder(source.owner(), stem, stem);
        Path target = folder.resolve(file);
        new Download(http, settings, source.uri(), target, -1, null, progress).run();
        return finish(folder, source, List.of(file));
    }

    private StoredModel finish(Path folder, Source source, List<String> files) throws IOException {
        String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        new Manifest(source.toString(), files, now).write(folder);
        return model(folder)
                .orElseThrow(
                        () -> new StoreException(folder + ": was changed while it was pulled"));
    }

    /** Makes the folder of a model, one step at a time, through no symbolic link. */
    private Path folder(String... names) throws IOException {
        Files.createDirectories(settings.root());
        Path folder = settings.root().toRealPath();
        for (String name : names) {
            folder = folder.resolve(FileNames.check(name, "model"));
            if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
                if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
                    throw new StoreException(folder + ": found no plain folder; remove it");
                }
                Files.createDirectory(folder);
            }
        }
        return folder;
    }

    private List<Path> folders() {
        List<Path> level = new ArrayList<>();
        if (Files.isDirectory(settings.root())) {
            level.add(settings.root());
        }
        for (int depth = 0; depth < 3; depth++) {
            List<Path> next = new ArrayList<>();
            for (Path folder : level) {
                try (DirectoryStream<Path> inside = Files.newDirectoryStream(folder)) {
                    for (Path path : inside) {
                        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                            next.add(path);
                        }
                    }
                } catch (IOException e) {
                    throw new StoreException("cannot read " + folder + ": " + e.getMessage(), e);
                }
            }
            level = next;
        }
        return level;
    }

    private Optional<StoredModel> model(Path folder) {
        Manifest manifest = Manifest.read(folder);
        if (manifest == null || manifest.files().isEmpty()) {
            return Optional.empty();
        }
        try {
            long bytes = 0;
            Path path = folder;
            for (String name : manifest.files()) {
                Path file = folder.resolve(FileNames.check(name, folder.toString()));
                if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                    return Optional.empty();
                }
                bytes += Files.size(file);
                path = name.toLowerCase(java.util.Locale.ROOT).endsWith(".gguf") ? file : path;
            }
            String variant = String.valueOf(folder.getFileName());
            String format =
                    path.equals(folder)
                            ? "safetensors"
                            : ("GGUF " + Choice.quantisation(variant).orElse("")).strip();
            Instant pulled = Instant.parse(manifest.pulled());
            return Optional.of(new StoredModel(name(folder), path, format, bytes, pulled));
        } catch (IOException | StoreException | DateTimeException e) {
            return Optional.empty();
        }
    }

    /** The short name where there is one, else {@code owner/repo[:which]}. */
    private static String name(Path folder) {
        Source.Hub source = source(folder);
        return KnownModel.ALL.stream()
                .filter(known -> sameModel(known.source(), source))
                .map(KnownModel::name)
                .findFirst()
                .orElse(source.toString());
    }

    private static Source.Hub source(Path folder) {
        Path repo = parent(folder);
        return new Source.Hub(
                String.valueOf(parent(repo).getFileName()),
                String.valueOf(repo.getFileName()),
                Choice.which(String.valueOf(folder.getFileName())));
    }

    private static boolean sameModel(Source.Hub a, Source.Hub b) {
        return a.toString().equalsIgnoreCase(b.toString());
    }

    private Optional<StoredModel> find(String name) {
        Source source = sourceOf(name);
        List<StoredModel> models = list();
        for (StoredModel model : models) {
            if (model.name().equalsIgnoreCase(name) || isFrom(folderOf(model), source)) {
                return Optional.of(model);
            }
        }
        // owner/repo without a colon means any model of that repository, if there is but one
        if (source instanceof Source.Hub hub && hub.which().isEmpty()) {
            List<StoredModel> such =
                    models.stream()
                            .filter(model -> source(folderOf(model)).owner().equals(hub.owner()))
                            .filter(model -> source(folderOf(model)).repo().equals(hub.repo()))
                            .toList();
            return such.size() == 1 ? Optional.of(such.getFirst()) : Optional.empty();
        }
        return Optional.empty();
    }

    private static boolean isFrom(Path folder, @Nullable Source source) {
        return switch (source) {
            case null -> false;
            case Source.Address address -> {
                Source.Hub stored = source(folder);
                yield stored.owner().equals(address.owner())
                        && address.file().equals(folder.getFileName() + ".gguf");
            }
            case Source.Hub hub -> {
                Source.Hub stored = source(folder);
                yield stored.owner().equalsIgnoreCase(hub.owner())
                        && stored.repo().equalsIgnoreCase(hub.repo())
                        && (hub.which().equalsIgnoreCase(stored.which())
                                || Choice.isCalled(folder.getFileName() + ".gguf", hub.which()));
            }
        };
    }

    private Optional<Path> unfinished(String name) {
        Source source = sourceOf(name);
        return folders().stream().filter(folder -> isFrom(folder, source)).findFirst();
    }

    private @Nullable Source sourceOf(String name) {
        try {
            return Source.parse(name, settings.endpoint());
        } catch (StoreException e) {
            return null;
        }
    }

    private Path folderOf(StoredModel model) {
        return model.format().equals("safetensors") ? model.path() : parent(model.path());
    }

    private StoreException missing(String name) {
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

    /** Deletes a model's folder and those above that it leaves empty; follows no links. */
    private long delete(Path folder) throws IOException {
        long freed = 0;
        // Without the manifest it is no model any more, should the rest be interrupted.
        Files.deleteIfExists(folder.resolve(Manifest.NAME));
        try (DirectoryStream<Path> inside = Files.newDirectoryStream(folder)) {
            for (Path file : inside) {
                freed +=
                        Files.readAttributes(
                                        file,
                                        java.nio.file.attribute.BasicFileAttributes.class,
                                        LinkOption.NOFOLLOW_LINKS)
                                .size();
                Files.delete(file);
            }
        }
        Files.delete(folder);
        for (Path above : List.of(parent(folder), parent(parent(folder)))) {
            try {
                Files.delete(above);
            } catch (java.nio.file.DirectoryNotEmptyException e) {
                break;
            }
        }
        return freed;
    }

    private static Path parent(Path path) {
        Path parent = path.getParent();
        if (parent == null) {
            throw new IllegalArgumentException(path + " is no folder of a model");
        }
        return parent;
    }
}
