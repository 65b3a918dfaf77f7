package dev.loupe.files;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a Hugging Face folder calls the tensors of a GGUF file. */
final class FolderNames {
    private static final Pattern BLOCK = Pattern.compile("^blk\\.(\\d{1,9})\\.");

    private final Family family;
    private final Map<String, Family.Name> names;

    FolderNames(Family family) {
        this.family = family;
        this.names = family.names();
    }

    /** The full name, and how the numbers lie there; empty for a tensor that the family has not. */
    Optional<Family.Name> of(String tensor) {
        Matcher block = BLOCK.matcher(tensor);
        String number = block.find() ? block.group(1) : "";
        String general = number.isEmpty() ? tensor : block.replaceFirst("blk.N.");
        int dot = general.lastIndexOf('.');
        if (dot < 0) {
            return Optional.empty();
        }
        String stem = general.substring(0, dot);
        String prefix = stem.equals("output") ? "" : family.prefix();
        return Optional.ofNullable(names.get(stem))
                .map(name ->
                        new Family.Name(
                                prefix
                                        + name.name().replace(".N.", "." + number + ".")
                                        + general.substring(dot),
                                name.layout()));
    }
}
