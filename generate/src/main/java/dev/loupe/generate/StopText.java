package dev.loupe.generate;

import java.util.List;

/**
 * Lets text through until a stop string comes, and never lets out the start of one: what may yet
 * become a stop string is held back until it does or cannot. Of several stop strings the one counts
 * that is complete first, and the longest of those that end there, so that it does not matter in
 * which pieces a text comes.
 */
final class StopText {
    private final List<String> stops;
    private final StringBuilder held = new StringBuilder();
    private boolean stopped;

    StopText(List<String> stops) {
        this.stops = List.copyOf(stops);
        if (stops.stream().anyMatch(String::isEmpty)) {
            throw new IllegalArgumentException("stop: found an empty text, expected some");
        }
    }

    boolean stopped() {
        return stopped;
    }

    /** Takes more text, and gives what is certainly before any stop string. */
    String push(String text) {
        if (stops.isEmpty() || stopped) {
            return stopped ? "" : text;
        }
        held.append(text);
        int first = -1;
        int firstEnd = Integer.MAX_VALUE;
        for (String stop : stops) {
            int at = held.indexOf(stop);
            int end = at + stop.length();
            if (at >= 0 && (end < firstEnd || (end == firstEnd && at < first))) {
                first = at;
                firstEnd = end;
            }
        }
        if (first >= 0) {
            stopped = true;
            return take(first);
        }
        return take(held.length() - longestStart());
    }

    /** What was held back, once no more text can come. */
    String finish() {
        return stopped ? "" : take(held.length());
    }

    private String take(int n) {
        String text = held.substring(0, n);
        held.delete(0, n);
        return text;
    }

    /** How much of the end may be the start of a stop string. */
    private int longestStart() {
        int longest = 0;
        for (String stop : stops) {
            for (int n = Math.min(stop.length() - 1, held.length()); n > longest; n--) {
                if (stop.startsWith(held.substring(held.length() - n))) {
                    longest = n;
                }
            }
        }
        return longest;
    }
}
