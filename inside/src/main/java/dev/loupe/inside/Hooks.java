package dev.loupe.inside;

import dev.loupe.model.Gpt;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The hooks of a model, and how they are chosen by name. */
public final class Hooks {
    private static final Pattern BLOCK = Pattern.compile("blocks\\.(\\d+)\\..*");
    private static final int LONGEST = 200;

    private final Gpt gpt;
    private final List<Hook> all = new ArrayList<>();

    private Hooks(Gpt gpt) {
        this.gpt = gpt;
        List<HookKind> kinds =
                Arrays.stream(HookKind.values()).filter(kind -> kind.in(gpt)).toList();
        kinds.stream()
                .filter(kind -> !kind.inBlocks() && kind.compareTo(HookKind.RESID_PRE) < 0)
                .forEach(kind -> all.add(new Hook(kind, 0)));
        for (int layer = 0; layer < gpt.config().nLayer(); layer++) {
            for (HookKind kind : kinds) {
                if (kind.inBlocks()) {
                    all.add(new Hook(kind, layer));
                }
            }
        }
        kinds.stream()
                .filter(kind -> !kind.inBlocks() && kind.compareTo(HookKind.RESID_PRE) > 0)
                .forEach(kind -> all.add(new Hook(kind, 0)));
    }

    /** Those of a model. */
    public static Hooks of(Gpt gpt) {
        return new Hooks(gpt);
    }

    /** All, in the order of the data. */
    public List<Hook> all() {
        return List.copyOf(all);
    }

    /**
     * The hooks that any of the globs matches, in the order of the data. In a glob {@code *} stands
     * for any characters, dots too, and {@code ?} for one.
     *
     * @throws HookException if a glob matches none; the message says what is close to it
     */
    public List<Hook> matching(List<String> globs) {
        Set<Hook> found = new LinkedHashSet<>();
        for (String glob : globs) {
            if (glob.length() > LONGEST) {
                throw new HookException("a name of a hook has at most " + LONGEST + " characters");
            }
            Pattern pattern = pattern(glob);
            List<Hook> some =
                    all.stream().filter(hook -> pattern.matcher(hook.name()).matches()).toList();
            if (some.isEmpty()) {
                throw new HookException(unknown(glob));
            }
            found.addAll(some);
        }
        return all.stream().filter(found::contains).toList();
    }

    /** Whether a glob matches any. */
    public boolean known(String glob) {
        if (glob.length() > LONGEST) {
            return false;
        }
        Pattern pattern = pattern(glob);
        return all.stream().anyMatch(hook -> pattern.matcher(hook.name()).matches());
    }

    /**
     * The hook of this name.
     *
     * @throws HookException if there is none; the message says what is close to it
     */
    public Hook named(String name) {
        return all.stream()
                .filter(hook -> hook.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new HookException(unknown(name)));
    }

    private static Pattern pattern(String glob) {
        String expression =
                glob.chars()
                        .mapToObj(c ->
                                switch (c) {
                                    case '*' -> ".*";
                                    case '?' -> ".";
                                    default -> Pattern.quote(Character.toString(c));
                                })
                        .collect(Collectors.joining())
                        .replaceAll("(\\.\\*)+", ".*");
        return Pattern.compile(expression);
    }

    private String unknown(String glob) {
        Matcher block = BLOCK.matcher(glob);
        int nLayer = gpt.config().nLayer();
        if (block.matches() && !isBelow(block.group(1), nLayer)) {
            return "hook %s: found block %s, expected 0 to %d"
                    .formatted(glob, block.group(1), nLayer - 1);
        }
        for (HookKind kind : HookKind.values()) {
            boolean meant =
                    glob.replaceFirst("blocks\\.\\d+\\.", "blocks.N.").equals(kind.pattern());
            if (meant && !kind.in(gpt)) {
                return "hook %s: a model of the family %s has none"
                        .formatted(glob, gpt.config().family());
            }
        }
        List<String> close =
                all.stream()
                        .map(Hook::name)
                        .sorted(
                                Comparator.comparing((String name) -> !name.contains(glob))
                                        .thenComparingInt(name -> distance(bare(glob), bare(name))))
                        .limit(3)
                        .toList();
        return "no hook is called %s; close to it: %s".formatted(glob, String.join(", ", close));
    }

    /** Without what people leave out. */
    private static String bare(String name) {
        return name.replace("hook_", "");
    }

    private static boolean isBelow(String digits, int bound) {
        return digits.length() < 8 && Integer.parseInt(digits) < bound;
    }

    /** How many letters must be added, dropped or changed (Levenshtein 1966). */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        Arrays.setAll(row, j -> j);
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
