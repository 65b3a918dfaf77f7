package dev.loupe.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** How much memory a run may take. */
final class FreeMemory {
    private static final Path LINUX = Path.of("/proc/meminfo");

    private FreeMemory() {}

    /** In bytes: what Java may take, or what is free if that is less. */
    static long bytes() {
        long java = Runtime.getRuntime().maxMemory();
        return Math.min(java, available().orElse(java));
    }

    /** What Linux could hand out without swapping; other systems do not say. */
    private static OptionalLong available() {
        if (!Files.isReadable(LINUX)) {
            return OptionalLong.empty();
        }
        try {
            return Files.readAllLines(LINUX).stream()
                    .filter(line -> line.startsWith("MemAvailable:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .findFirst();
        } catch (IOException | NumberFormatException e) {
            return OptionalLong.empty();
        }
    }
}
