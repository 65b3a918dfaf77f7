package dev.loupe.files.store;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * How models lie on disk: each in {@code OWNER/REPO/VARIANT/} below the root, with a {@code
 * pulled.json} that is written last. The variant is a GGUF file's name without its ending, or
 * {@code safetensors}. Whatever is not such a folder, or leads out of the root by a symbolic link,
 * is not seen.
 */
final class Shelves {
    private final Path root;

    Shelves(Path root) {
        this.root = root;
    }

    /** Makes the folder of a model, one step at a time, through no symbolic link. */
    Path folder(String... names) throws IOException {
        Files.createDirectories(root);
        Path folder = root.toRealPath();
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

    /** Every folder that may hold a model, whole or not. */
    List<Path> folders() {
        List<Path> level = new ArrayList<>();
        if (Files.isDirectory(root)) {
            level.add(root);
        }
        for (int depth = 0; depth < 3; depth++) {
            List<Path> next = new ArrayList<>();
            for (Path folder : level) {
                try (DirectoryStream<Path> inside = Files.newDirectoryStream(folder)) {
                    for (Path path : inside) {
                        String name = String.valueOf(path.getFileName());
                        if (FileNames.isPlain(name)
                                && Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                            next.add(path);
                        }
                    }
                } catch (IOException e) {
                    throw new StoreException("cannot read " + StoreException.reason(e), e);
                }
            }
            level = next;
        }
        return level;
    }

    /** The model in a folder; empty if it is not whole. */
    Optional<StoredModel> model(Path folder) {
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
                path = name.toLowerCase(Locale.ROOT).endsWith(".gguf") ? file : path;
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

    /** True if the folder holds what this source names. */
    static boolean isOf(Path folder, Source source) {
        Source.Hub stored = source(folder);
        String file = folder.getFileName() + ".gguf";
        return switch (source) {
            case Source.Address address ->
                    stored.owner().equals(address.owner()) && file.equals(address.file());
            case Source.Hub hub ->
                    isInRepository(folder, hub)
                            && (hub.which().equalsIgnoreCase(stored.which())
                                    || Choice.isCalled(file, hub.which()));
        };
    }

    /** True if the folder holds something of that repository. */
    static boolean isInRepository(Path folder, Source.Hub hub) {
        Source.Hub stored = source(folder);
        return stored.owner().equalsIgnoreCase(hub.owner())
                && stored.repo().equalsIgnoreCase(hub.repo());
    }

    /** The short name where there is one, else {@code owner/repo[:which]}. */
    private static String name(Path folder) {
        Source.Hub source = source(folder);
        return KnownModel.ALL.stream()
                .filter(known -> known.source().toString().equalsIgnoreCase(source.toString()))
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

    /** Deletes a model's folder and those above that it leaves empty; follows no links. */
    long delete(Path folder) throws IOException {
        long freed = 0;
        // Without the manifest it is no model any more, should the rest be interrupted.
        Files.deleteIfExists(folder.resolve(Manifest.NAME));
        try (DirectoryStream<Path> inside = Files.newDirectoryStream(folder)) {
            for (Path file : inside) {
                freed +=
                        Files.readAttributes(
                                        file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                                .size();
                Files.delete(file);
            }
        }
        Files.delete(folder);
        for (Path above : List.of(parent(folder), parent(parent(folder)))) {
            try {
                Files.delete(above);
            } catch (DirectoryNotEmptyException e) {
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
