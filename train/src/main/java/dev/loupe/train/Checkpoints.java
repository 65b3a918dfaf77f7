package dev.loupe.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The checkpoints of a run: {@code step-00000500.checkpoint}, the last good ones of them. */
public final class Checkpoints {
    /** So that one is left when the last one turns out to be damaged. */
    static final int KEPT = 2;

    private static final Pattern NAME = Pattern.compile("step-\\d{8,}\\.checkpoint");

    private final Path folder;
    private final boolean brief;
    private final int kept;

    /** The last two of them. */
    public Checkpoints(Path folder, boolean brief) {
        this(folder, brief, KEPT);
    }

    /**
     * @param brief whether the optimiser's moments are kept as bfloat16: a third less on the disk,
     *     and what is resumed is no longer the same to the bit
     * @param kept how many are, the last ones
     */
    public Checkpoints(Path folder, boolean brief, int kept) {
        this.folder = folder;
        this.brief = brief;
        this.kept = kept;
    }

    /**
     * Saves where training stands, and removes old checkpoints.
     *
     * @throws DataException if it cannot be written; those that were there stay
     */
    public void save(Trainer trainer) {
        Path file = file(folder, trainer.step());
        try {
            Files.createDirectories(folder);
            trainer.checkpoint().write(file, brief);
            List<Path> there = newestFirst(folder);
            for (Path old : there.subList(Math.min(kept, there.size()), there.size())) {
                Files.deleteIfExists(old);
            }
        } catch (IOException e) {
            throw new DataException(
                    file,
                    "cannot be written: %s; %s"
                            .formatted(
                                    reason(e),
                                    newest().map(last -> last.getFileName() + " is intact")
                                            .orElse("there is no checkpoint yet")));
        }
    }

    private static String reason(IOException e) {
        return String.valueOf(e.getMessage());
    }

    private Optional<Path> newest() {
        try {
            return newestFirst(folder).stream().findFirst();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Whether there is something to go on from. */
    public boolean exist() {
        return newest().isPresent();
    }

    /**
     * Goes on from the newest checkpoint that is whole.
     *
     * @param damaged told of those that are not
     * @return whether there was one
     */
    public boolean resume(Trainer trainer, Consumer<String> damaged) {
        Optional<Progress> found = load(trainer, damaged);
        found.ifPresent(trainer::goOnFrom);
        return found.isPresent();
    }

    /**
     * Goes back to the newest checkpoint, and on with half the learning rate.
     *
     * @return whether there was one
     */
    public boolean goBack(Trainer trainer, Consumer<String> damaged) {
        long used = trainer.windowsUsed();
        Optional<Progress> found = load(trainer, damaged);
        found.ifPresent(there -> trainer.slowDown(there, used));
        return found.isPresent();
    }

    private Optional<Progress> load(Trainer trainer, Consumer<String> damaged) {
        try {
            for (Path file : newestFirst(folder)) {
                try {
                    return Optional.of(trainer.checkpoint().read(file));
                } catch (IOException e) {
                    damaged.accept(file + " " + e.getMessage());
                }
            }
            return Optional.empty();
        } catch (IOException e) {
            throw new DataException(folder, "cannot be read: " + e.getMessage());
        }
    }

    /** The steps whose checkpoints are there, the earliest first. */
    static List<Long> steps(Path folder) throws IOException {
        return newestFirst(folder).reversed().stream()
                .map(file -> file.getFileName().toString().replaceAll("\\D", ""))
                .map(Long::valueOf)
                .toList();
    }

    static Path file(Path folder, long step) {
        return folder.resolve("step-%08d.checkpoint".formatted(step));
    }

    private static List<Path> newestFirst(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> NAME.matcher(f.getFileName().toString()).matches())
                    .sorted(Comparator.reverseOrder())
                    .toList();
        }
    }
}
