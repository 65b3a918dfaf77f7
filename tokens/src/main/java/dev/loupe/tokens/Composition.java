package dev.loupe.tokens;

import java.text.Normalizer;
import java.text.Normalizer.Form;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Normalization form C that keeps places. The text is cut in front of characters that never join
 * with what is before them; each part is normalized by itself and stands for its part as a whole.
 */
final class Composition {
    /** Sorting marks by the JDK takes quadratic time; beyond this many they are sorted here. */
    private static final int MANY_MARKS = 32;

    private Composition() {}

    static AlignedText compose(AlignedText text) {
        AlignedBuilder out = new AlignedBuilder(text.to() - text.from());
        for (int start = text.from(); start < text.to(); ) {
            int end = Words.after(text.chars(), start, text.to());
            while (end < text.to() && joins(Character.codePointAt(text.chars(), end, text.to()))) {
                end = Words.after(text.chars(), end, text.to());
            }
            String part = new String(text.chars(), start, end - start);
            String sorted = end - start > MANY_MARKS ? sortMarks(part) : part;
            out.add(Normalizer.normalize(sorted, Form.NFC), text.start(start), text.end(end - 1));
            start = end;
        }
        return out.build();
    }

    /** Whether a character may join with the one before, or change places with it. */
    private static boolean joins(int c) {
        return (Characters.of(c) & Characters.MARK) != 0
                || (c >= 0x1160 && c <= 0x11FF) // vowels and finals of Hangul
                || (c >= 0x16D63 && c <= 0x16D6A); // vowels of Kirat Rai, which are letters
    }

    /**
     * The canonical order of marks: by combining class, and else as they came. The JDK has no
     * public table of these classes, but shows by normalizing a pair whether the two change places.
     */
    private static String sortMarks(String part) {
        StringBuilder sorted = new StringBuilder(part.length());
        List<Integer> marks = new ArrayList<>();
        String decomposed = decomposeEach(part);
        decomposed
                .codePoints()
                .forEach(c -> {
                    if (reorders(c)) {
                        marks.add(c);
                    } else {
                        flush(marks, sorted);
                        sorted.appendCodePoint(c);
                    }
                });
        flush(marks, sorted);
        return sorted.toString();
    }

    private static String decomposeEach(String part) {
        StringBuilder out = new StringBuilder(part.length());
        part.codePoints()
                .forEach(c -> out.append(Normalizer.normalize(Character.toString(c), Form.NFD)));
        return out.toString();
    }

    private static void flush(List<Integer> marks, StringBuilder sorted) {
        List<List<Integer>> byClass = new ArrayList<>();
        Map<Integer, List<Integer>> known = new HashMap<>();
        for (int mark : marks) {
            known.computeIfAbsent(mark, m -> classOf(m, byClass)).add(mark);
        }
        byClass.forEach(same -> same.forEach(sorted::appendCodePoint));
        marks.clear();
    }

    /** The list of the marks of this class; there are at most some 60 classes. */
    private static List<Integer> classOf(int mark, List<List<Integer>> byClass) {
        int at = 0;
        while (at < byClass.size()) {
            // a class is listed when its first mark is about to be added, so none is empty
            int other = byClass.get(at).getFirst();
            if (swaps(other, mark)) {
                break;
            }
            if (!swaps(mark, other)) {
                return byClass.get(at);
            }
            at++;
        }
        List<Integer> fresh = new ArrayList<>();
        byClass.add(at, fresh);
        return fresh;
    }

    /** Whether {@code second} goes in front of {@code first}. */
    private static boolean swaps(int first, int second) {
        String pair = Character.toString(first) + Character.toString(second);
        return !Normalizer.isNormalized(pair, Form.NFD);
    }

    /**
     * Whether a decomposed character has a combining class: it moves in front of class 240 or
     * U+0334.
     */
    private static boolean reorders(int c) {
        return swaps(0x0345, c) || swaps(c, 0x0334) || c == 0x0345 || c == 0x0334;
    }
}
