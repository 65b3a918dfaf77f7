package dev.loupe.files.store;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Suggests names for one that was mistyped. */
final class CloseNames {
    private static final int LONGEST = 100;

    private CloseNames() {}

    /** A sentence's end that lists short names like this one, or all of them. */
    static String hint(String name) {
        List<String> all = KnownModel.ALL.stream().map(KnownModel::name).toList();
        List<String> close = to(name, all);
        return close.isEmpty()
                ? "short names are "
                        + String.join(", ", all)
                        + "; others are owner/repo, or an address"
                : "close to it: " + String.join(", ", close);
    }

    /** At most three of the names: those that begin alike or are a few typing errors away. */
    static List<String> to(String name, Collection<String> names) {
        String wanted = name.toLowerCase(Locale.ROOT);
        if (wanted.length() > LONGEST) {
            return List.of();
        }
        return names.stream()
                .filter(other ->
                        other.toLowerCase(Locale.ROOT).contains(wanted)
                                || distance(wanted, other) <= 1 + wanted.length() / 4)
                .sorted(Comparator.comparingInt(other -> distance(wanted, other)))
                .limit(3)
                .toList();
    }

    /** How many letters must be added, dropped or changed (Levenshtein 1966). */
    private static int distance(String a, String other) {
        String b = other.toLowerCase(Locale.ROOT);
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(change, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
