package dev.loupe.generate;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** What penalties look at: which tokens a sequence has, and how often each was drawn. */
final class History {
    private final Set<Integer> seen = new HashSet<>();
    private final Map<Integer, Integer> drawn = new HashMap<>();

    History(int[] prompt) {
        for (int id : prompt) {
            seen.add(id);
        }
    }

    void add(int id) {
        seen.add(id);
        drawn.merge(id, 1, Integer::sum);
    }

    /** Tokens of the prompt and drawn ones. */
    Set<Integer> seen() {
        return seen;
    }

    /** How often each drawn token was drawn. */
    Map<Integer, Integer> drawn() {
        return drawn;
    }
}
