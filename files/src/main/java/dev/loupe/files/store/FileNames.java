package dev.loupe.files.store;

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;

/**
 * Which names from a server may become names on this disk: those that mean one plain file in the
 * folder they are put in, on every system.
 */
final class FileNames {
    private static final int LONGEST = 200;
    private static final String FORBIDDEN = "/\\:*?\"<>|";
    private static final Set<String> DEVICES =
            Set.of("con", "prn", "aux", "nul", "conin$", "conout$");

    private FileNames() {}

    /**
     * Gives the name back.
     *
     * @param what says where the name came from, for the error
     * @throws StoreException if the name could mean anything but a file of that name
     */
    static String check(String name, String what) {
        String fault = fault(name);
        if (fault != null) {
            throw new StoreException(
                    what + ": the name '" + name + "' " + fault + ", so nothing is written");
        }
        return name;
    }

    /** True if {@link #check} would give the name back. */
    static boolean isPlain(String name) {
        return fault(name) == null;
    }

    private static @Nullable String fault(String name) {
        if (name.isEmpty()) {
            return "is empty";
        }
        if (name.getBytes(StandardCharsets.UTF_8).length > LONGEST) {
            return "is longer than " + LONGEST + " bytes";
        }
        if (name.startsWith(".")) {
            return "begins with a dot";
        }
        if (name.endsWith(".") || name.endsWith(" ") || name.startsWith(" ")) {
            return "begins or ends with a space, or ends with a dot";
        }
        if (name.codePoints().anyMatch(FileNames::unprintable)) {
            return "has a character that does not print";
        }
        if (name.chars().anyMatch(c -> FORBIDDEN.indexOf(c) >= 0)) {
            return "has one of " + FORBIDDEN;
        }
        String stem = name.toLowerCase(Locale.ROOT);
        stem = stem.contains(".") ? stem.substring(0, stem.indexOf('.')) : stem;
        if (DEVICES.contains(stem) || stem.matches("(com|lpt)[0-9¹²³]")) {
            return "is a device's on Windows";
        }
        return null;
    }

    private static boolean unprintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR ->
                    true;
            default -> false;
        };
    }
}
